/**
 * Writing to a BPF-KV file: puts go to a write-ahead log and a table in memory; a checkpoint moves them into the tree.
 * Reads look into the table, then into the tree by XRP. Nothing that was acknowledged is lost, whichever write a crash
 * interrupts:
 *
 *  1. put: append the record to the log, sync it, acknowledge. Puts that arrive meanwhile share the next sync.
 *  2. checkpoint: append new values and nodes behind the file's end (nothing points there yet), sync; log the images of
 *     the blocks that change in place and a commit record, sync; write them in place, from the root down, sync; empty
 *     the log. From the root down every moment's tree is sound, and a reader in this process sees all of the blocks at
 *     once, through `overlay`. A reader elsewhere may take a node from before and its child from after; the file's size
 *     tells it so (settled.ts): it is no multiple of a block while blocks change, and another one afterwards.
 *  3. open: with a commit record in the log, write its blocks again; without, put the logged records back into the table.
 */
import { BLOCK, VALUE_SIZE } from "./format.ts";
import type { RangeBounds } from "./query.ts";
import type { PendingWrites } from "./reader.ts";
import { sizeAfterChange, sizeWhileChanging } from "./settled.ts";
import { decodeRecords, encodeRecord, type WalRecord } from "./wal.ts";
import { TreeEdit, type WritableFile } from "./tree-edit.ts";

/** When to move the log into the tree, and whom to tell. */
export interface KvStoreOptions {
	/** Records that the table holds before a put starts a checkpoint (65,536). */
	readonly checkpointAfter?: number;
	/**
	 * Called when readers in this process see another tree than before: as a checkpoint begins to change blocks, which
	 * `overlay` shows at once, and when it has written them. What was kept of the tree is then out of date.
	 */
	readonly onCheckpoint?: () => void;
}

const TOMBSTONE = Symbol("deleted");

interface Entry {
	readonly bytes: Uint8Array;
	readonly key: number;
	readonly value: Uint8Array | typeof TOMBSTONE;
}

/** Greatest key: larger ones are not exact in a double. */
const MAX_KEY = Number.MAX_SAFE_INTEGER;

/** The writer of a file and its log. A failed write is the last: whoever puts after it is told the same error, until the store is opened anew. */
export class KvStore implements PendingWrites {
	readonly #file: WritableFile;
	readonly #log: WritableFile;
	readonly #options: KvStoreOptions;
	readonly #table = new Map<number, Uint8Array | typeof TOMBSTONE>();
	/** Blocks that are being written in place. */
	#overlay: ReadonlyMap<number, Uint8Array> | null = null;
	#logSize = 0;
	#batch: { entries: Entry[]; done: Promise<void> } | null = null;
	#working: Promise<void> = Promise.resolve();
	#failure: unknown = null;
	#closing: Promise<void> | null = null;

	private constructor(file: WritableFile, log: WritableFile, options: KvStoreOptions) {
		this.#file = file;
		this.#log = log;
		this.#options = options;
	}

	/** Opens a file and repairs it from its log. */
	static async open(file: WritableFile, log: WritableFile, options: KvStoreOptions = {}): Promise<KvStore> {
		const store = new KvStore(file, log, options);
		await store.#recover();
		return store;
	}

	/** The value not yet in the tree; null: deleted; undefined: the tree knows. */
	pending(key: number): Uint8Array | null | undefined {
		const entry = this.#table.get(key);
		return entry === TOMBSTONE ? null : entry;
	}

	/** Entries of a range that are not yet in the tree, by ascending key; null: deleted. */
	pendingBetween(bounds: RangeBounds): (readonly [key: number, value: Uint8Array | null])[] {
		const entries: (readonly [number, Uint8Array | null])[] = [];
		for (const [key, value] of this.#table) if (within(bounds, key)) entries.push([key, value === TOMBSTONE ? null : value]);
		return entries.sort(([a], [b]) => a - b);
	}

	/** While a checkpoint writes in place: what the blocks at these offsets will be. A reader takes them from here. */
	get overlay(): ReadonlyMap<number, Uint8Array> | null {
		return this.#overlay;
	}

	get pendingCount(): number {
		return this.#table.size;
	}

	/** Resolves when the value is safe. Values are at most 64 bytes; shorter ones are padded with NUL. */
	async put(key: number, value: Uint8Array): Promise<void> {
		checkKey(key);
		if (!(value instanceof Uint8Array)) throw new TypeError(`a value is a Uint8Array, not ${typeof value}`);
		if (value.length > VALUE_SIZE) throw new RangeError(`a value has at most ${VALUE_SIZE} bytes, not ${value.length}`);
		const padded = new Uint8Array(VALUE_SIZE);
		padded.set(value);
		await this.#append({ kind: "put", key, value: padded }, key, padded);
		if (this.#table.size >= (this.#options.checkpointAfter ?? 65536)) await this.checkpoint();
	}

	async delete(key: number): Promise<void> {
		checkKey(key);
		await this.#append({ kind: "delete", key }, key, TOMBSTONE);
	}

	/** Moves everything from the table into the tree. */
	checkpoint(): Promise<void> {
		return this.#inTurn(() => this.#checkpoint());
	}

	/** Moves everything into the tree. Both files are closed even if that fails; the log then still has it. */
	close(): Promise<void> {
		this.#closing ??= this.#close(() => this.checkpoint());
		return this.#closing;
	}

	/** Closes without a checkpoint: what was put stays in the log. */
	abandon(): Promise<void> {
		this.#closing ??= this.#close(() => this.#working);
		return this.#closing;
	}

	async #close(before: () => Promise<void>): Promise<void> {
		try {
			await before();
		} finally {
			this.#failure ??= new Error("the store is closed");
			await this.#log.close();
			await this.#file.close();
		}
	}

	/** Group commit: the first of a turn writes and syncs for all that arrive until then. */
	#append(record: WalRecord, key: number, value: Uint8Array | typeof TOMBSTONE): Promise<void> {
		const entry: Entry = { bytes: encodeRecord(record), key, value };
		if (this.#batch) {
			this.#batch.entries.push(entry);
			return this.#batch.done;
		}
		const entries = [entry];
		const done = this.#inTurn(async () => {
			this.#batch = null;
			const all = concat(entries.map(({ bytes }) => bytes));
			await this.#log.write(this.#logSize, all);
			await this.#log.sync();
			this.#logSize += all.length;
			// Within this turn: a checkpoint that empties the log must find in the table what the log held.
			for (const { key, value } of entries) this.#table.set(key, value);
		});
		this.#batch = { entries, done };
		return done;
	}

	/** One writer at a time. After a failed write nothing further is acknowledged: the file must be opened again. */
	#inTurn(work: () => Promise<void>): Promise<void> {
		const turn = this.#working.then(async () => {
			if (this.#failure !== null) throw this.#failure;
			try {
				await work();
			} catch (error) {
				this.#failure = error;
				throw error;
			}
		});
		this.#working = turn.catch(() => {});
		return turn;
	}

	async #checkpoint(): Promise<void> {
		if (this.#table.size === 0) return;
		const entries = [...this.#table];
		const edit = await TreeEdit.begin(this.#file);
		for (const [key, value] of entries) {
			if (value === TOMBSTONE) await edit.delete(key);
			else await edit.put(key, value);
		}
		await edit.writeAppended();
		await this.#file.sync();

		const records: WalRecord[] = edit.overwritten().map(({ offset, bytes }) => ({ kind: "block", offset, bytes }));
		records.push({ kind: "commit", fileSize: edit.size });
		const journal = concat(records.map(encodeRecord));
		await this.#log.write(this.#logSize, journal);
		await this.#log.sync();
		this.#logSize += journal.length;

		this.#overlay = new Map(edit.overwritten().map(({ offset, bytes }) => [offset, bytes]));
		try {
			this.#options.onCheckpoint?.();
			await this.#writeBlocks(records, edit.size);
			await this.#emptyLog();
			this.#table.clear();
		} finally {
			this.#overlay = null;
			this.#options.onCheckpoint?.();
		}
	}

	/** @param size of the file with everything appended */
	async #writeBlocks(records: readonly WalRecord[], size: number): Promise<void> {
		await this.#file.truncate(sizeWhileChanging(size));
		for (const record of records) if (record.kind === "block") await this.#file.write(record.offset, record.bytes);
		await this.#file.truncate(sizeAfterChange(size));
		await this.#file.sync();
	}

	async #emptyLog(): Promise<void> {
		await this.#log.truncate(0);
		this.#logSize = 0;
		await this.#log.sync();
	}

	async #recover(): Promise<void> {
		const { records, end } = decodeRecords(await this.#log.read(0, await this.#log.size()));
		this.#logSize = end;
		const commit = records.findLastIndex((record) => record.kind === "commit");
		const committed = records[commit];
		if (committed?.kind === "commit") await this.#writeBlocks(records.slice(0, commit), committed.fileSize);
		const later = records.slice(commit + 1);
		if (commit >= 0 && later.length === 0) await this.#emptyLog();
		else if (end < (await this.#log.size())) await this.#log.truncate(end);
		// Without a commit nothing was being changed: a part of a block is what a crash left of an append.
		const size = await this.#file.size();
		if (size % BLOCK !== 0) await this.#file.truncate(Math.ceil(size / BLOCK) * BLOCK);
		for (const record of later) {
			if (record.kind === "put") this.#table.set(record.key, record.value);
			if (record.kind === "delete") this.#table.set(record.key, TOMBSTONE);
		}
	}
}

export function within({ begin, end, beginExclusive, endInclusive }: RangeBounds, key: number): boolean {
	return (beginExclusive ? key > begin : key >= begin) && (endInclusive ? key <= end : key < end);
}

function checkKey(key: number): void {
	if (!Number.isSafeInteger(key) || key < 0) throw new RangeError(`a key is a whole number from 0 to ${MAX_KEY}, not ${key}`);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
	const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}
