/**
 * A BPF-KV file to read and to write: puts go to the store's log, gets look at what was put, then at the objects asked
 * for last, then into the tree by one chain. Ranges and sums show what was put as well.
 */
import type { BlockDevice } from "../xrp/device.ts";
import { KvFile, type KvOptions, type KvPrograms, textOf } from "./client.ts";
import { VALUE_SIZE } from "./format.ts";
import { ObjectCache } from "./object-cache.ts";
import { overlaid } from "./overlay.ts";
import { type Aggregate, MAX_KEYS, type RangeBounds } from "./query.ts";
import type { KvStore } from "./store.ts";

export interface DatabaseOptions extends Omit<KvOptions, "retries"> {
	/** Keys whose values stay in memory after a get (0). */
	readonly cacheObjects?: number;
}

export interface DatabaseStatistics {
	/** Blocks that chains read. */
	readonly hops: number;
	/** Gets that needed no chain, because the object was put or asked for before. */
	readonly hits: number;
	readonly misses: number;
	/** Entries that no checkpoint has moved into the tree yet. */
	readonly pending: number;
}

/** @example const db = await openKvDatabase("db", programs); await db.put(5, bytes); db.get(5); await db.close(); */
export class KvDatabase {
	readonly #file: KvFile;
	readonly #store: KvStore;
	readonly #device: BlockDevice;
	readonly #objects: ObjectCache;
	#pendingHits = 0;

	/**
	 * @param device reads the file that `store` writes; it is closed with the database
	 * @throws Error when it is no BPF-KV file
	 */
	constructor(device: BlockDevice, store: KvStore, programs: KvPrograms, options: DatabaseOptions = {}) {
		this.#device = device;
		this.#store = store;
		this.#objects = new ObjectCache(options.cacheObjects ?? 0);
		// Checkpoints write block by block while chains run between two of their writes: chains see all of them or none.
		this.#file = new KvFile(overlaid(device, () => store.overlay), programs, options);
	}

	get layers(): number {
		return this.#file.layers;
	}

	get statistics(): DatabaseStatistics {
		return { hops: this.#file.hops, hits: this.#objects.hits + this.#pendingHits, misses: this.#objects.misses, pending: this.#store.pendingCount };
	}

	/** The value's 64 bytes, or null. */
	getBytes(key: number): Uint8Array | null {
		const pending = this.#store.pending(key);
		if (pending !== undefined) {
			this.#pendingHits++;
			return pending;
		}
		const kept = this.#objects.get(key);
		if (kept !== undefined) return kept;
		const value = this.#file.getBytes(key)?.slice() ?? null;
		this.#objects.set(key, value);
		return value;
	}

	/** The value as text without padding, or null. */
	get(key: number): string | null {
		const bytes = this.getBytes(key);
		return bytes && textOf(bytes);
	}

	/** As `get`, 32 keys to a chain. */
	getMany(keys: readonly number[]): (string | null)[] {
		const values = new Map<number, string | null>();
		const wanted: number[] = [];
		for (const key of keys) {
			const known = this.#store.pending(key) ?? (this.#store.pending(key) === null ? null : this.#objects.get(key));
			if (known === undefined) wanted.push(key);
			else values.set(key, known && textOf(known));
		}
		for (let from = 0; from < wanted.length; from += MAX_KEYS) {
			const part = wanted.slice(from, from + MAX_KEYS);
			for (const [i, value] of this.#file.getMany(part).entries()) values.set(part[i], value);
		}
		return keys.map((key) => values.get(key) ?? null);
	}

	/** Calls `take` for each pair in key order; the value's bytes are valid during the call. Returns how many there were. */
	forEachInRange(bounds: RangeBounds, take: (key: number, value: Uint8Array) => void): number {
		const pending = this.#store.pendingBetween(bounds);
		let next = 0;
		let count = 0;
		const give = (key: number, value: Uint8Array | null) => {
			if (value === null) return;
			take(key, value);
			count++;
		};
		this.#file.forEachInRange(bounds, (key, value) => {
			while (next < pending.length && pending[next][0] < key) give(...pending[next++]);
			if (next < pending.length && pending[next][0] === key) give(...pending[next++]);
			else give(key, value);
		});
		while (next < pending.length) give(...pending[next++]);
		return count;
	}

	range(bounds: RangeBounds): { key: number; value: string }[] {
		const pairs: { key: number; value: string }[] = [];
		this.forEachInRange(bounds, (key, value) => pairs.push({ key, value: textOf(value) }));
		return pairs;
	}

	/** As `KvFile.aggregate`: where the values are stored, unless some of the range were put since the last checkpoint. */
	aggregate(op: Aggregate, bounds: RangeBounds, options: { readonly decimal?: boolean } = {}): bigint | null {
		if (this.#store.pendingBetween(bounds).length === 0) return this.#file.aggregate(op, bounds, options);
		const numberOf = (options.decimal ?? true) ? decimalOf : rawOf;
		let result: bigint | null = op === "sum" || op === "count" ? 0n : null;
		this.forEachInRange(bounds, (_, value) => {
			result = fold(op, result, numberOf(value));
		});
		return result;
	}

	/** Resolves when the value is on the disk. At most 64 bytes. */
	async put(key: number, value: Uint8Array): Promise<void> {
		await this.#store.put(key, value);
		this.#objects.delete(key);
	}

	async delete(key: number): Promise<void> {
		await this.#store.delete(key);
		this.#objects.delete(key);
	}

	/** Moves what was put into the tree. */
	checkpoint(): Promise<void> {
		return this.#store.checkpoint();
	}

	/** For the store's `onCheckpoint`: the tree has changed. */
	treeChanged(): void {
		this.#file.clearCache();
		this.#objects.clear();
	}

	async close(): Promise<void> {
		try {
			await this.#store.close();
		} finally {
			this.#device.close();
		}
	}
}

/** As sum.bpf.c folds, in 64 bits. */
function fold(op: Aggregate, so: bigint | null, value: bigint): bigint {
	switch (op) {
		case "sum":
			return BigInt.asIntN(64, (so ?? 0n) + value);
		case "count":
			return (so ?? 0n) + 1n;
		case "min":
			return so === null || value < so ? value : so;
		case "max":
			return so === null || value > so ? value : so;
		default:
			return op satisfies never;
	}
}

function decimalOf(value: Uint8Array): bigint {
	let number = 0n;
	for (let i = 0; i < VALUE_SIZE; i++) {
		const digit = value[i] - 0x30;
		if (digit >= 0 && digit <= 9) number = BigInt.asIntN(64, 10n * number + BigInt(digit));
	}
	return number;
}

function rawOf(value: Uint8Array): bigint {
	return new DataView(value.buffer, value.byteOffset).getBigInt64(0, true);
}

