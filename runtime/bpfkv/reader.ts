/**
 * Reading a BPF-KV file together with what was put and is in no tree yet: a get looks at that first, then at the objects
 * asked for last, then into the tree by one chain. Ranges and sums show what was put as well. Nothing is written.
 */
import type { BlockDevice } from "../xrp/device.ts";
import { KvFile, type KvOptions, type KvPair, type KvPrograms, pairsOf, textOf } from "./client.ts";
import { VALUE_SIZE } from "./format.ts";
import { ObjectCache } from "./object-cache.ts";
import { type Aggregate, checkedAggregate, MAX_KEYS, type RangeBounds } from "./query.ts";

/** How to read, and how much to keep. */
export interface ReaderOptions extends Omit<KvOptions, "retries"> {
	/** Keys whose values stay in memory after a get (0). */
	readonly cacheObjects?: number;
}

/** Sums since the reader was made. */
export interface ReaderStatistics {
	/** Blocks that chains read. */
	readonly hops: number;
	/** Gets that needed no chain, because the object was put or asked for before. */
	readonly hits: number;
	readonly misses: number;
	/** Entries that no checkpoint has moved into the tree yet. */
	readonly pending: number;
}

/** What was put and is not in the tree yet. */
export interface PendingWrites {
	/** The value's 64 bytes; null: deleted; undefined: the tree knows. */
	pending(key: number): Uint8Array | null | undefined;
	/** Entries of a range by ascending key; null: deleted. */
	pendingBetween(bounds: RangeBounds): (readonly [key: number, value: Uint8Array | null])[];
	readonly pendingCount: number;
}

/**
 * Reads on the calling thread what is in the tree and what was put since.
 * @example const kv = openKvReader("db", programs); kv.get(5); kv.close();
 */
export class KvReader {
	readonly #file: KvFile;
	readonly #pending: PendingWrites;
	readonly #device: BlockDevice;
	readonly #objects: ObjectCache;
	#pendingHits = 0;

	/**
	 * @param device is closed with the reader
	 * @param programs those that are used; a sum over what was put needs the range program as well
	 * @throws Error when it is no BPF-KV file
	 */
	constructor(device: BlockDevice, pending: PendingWrites, programs: Partial<KvPrograms>, options: ReaderOptions = {}) {
		this.#device = device;
		this.#pending = pending;
		this.#objects = new ObjectCache(options.cacheObjects ?? 0);
		this.#file = new KvFile(device, programs, options);
	}

	get layers(): number {
		return this.#file.layers;
	}

	get statistics(): ReaderStatistics {
		return {
			hops: this.#file.hops,
			hits: this.#objects.hits + this.#pendingHits,
			misses: this.#objects.misses,
			pending: this.#pending.pendingCount,
		};
	}

	/** The value's 64 bytes, or null. */
	getBytes(key: number): Uint8Array | null {
		const pending = this.#pending.pending(key);
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
			const pending = this.#pending.pending(key);
			const known = pending === undefined ? this.#objects.get(key) : pending;
			if (known === undefined) wanted.push(key);
			else values.set(key, known && textOf(known));
		}
		for (let from = 0; from < wanted.length; from += MAX_KEYS) {
			const part = wanted.slice(from, from + MAX_KEYS);
			for (const [i, value] of this.#file.getMany(part).entries()) values.set(part[i], value);
		}
		return keys.map((key) => values.get(key) ?? null);
	}

	/**
	 * Calls `take` for each pair in key order, until it returns false; the value's bytes are valid during the call.
	 * Returns how many there were.
	 */
	forEachInRange(bounds: RangeBounds, take: (key: number, value: Uint8Array) => unknown): number {
		const pending = this.#pending.pendingBetween(bounds);
		let next = 0;
		let count = 0;
		/** False: `take` has seen enough. */
		const give = (key: number, value: Uint8Array | null): boolean => {
			if (value === null) return true;
			count++;
			return take(key, value) !== false;
		};
		let more = true;
		this.#file.forEachInRange(bounds, (key, value) => {
			while (more && next < pending.length && pending[next][0] < key) more = give(...pending[next++]);
			if (more) more = next < pending.length && pending[next][0] === key ? give(...pending[next++]) : give(key, value);
			return more;
		});
		while (more && next < pending.length) more = give(...pending[next++]);
		return count;
	}

	range(bounds: RangeBounds): KvPair[] {
		return pairsOf(this, bounds);
	}

	/** As `KvFile.aggregate`: where the values are stored, unless some of the range were put since the last checkpoint. */
	aggregate(op: Aggregate, bounds: RangeBounds, options: { readonly decimal?: boolean } = {}): bigint | null {
		checkedAggregate(op);
		if (this.#pending.pendingBetween(bounds).length === 0) return this.#file.aggregate(op, bounds, options);
		const numberOf = (options.decimal ?? true) ? decimalOf : rawOf;
		let result: bigint | null = op === "sum" || op === "count" ? 0n : null;
		this.forEachInRange(bounds, (_, value) => {
			result = fold(op, result, numberOf(value));
		});
		return result;
	}

	/** The tree has changed: what was kept of it is out of date. */
	treeChanged(): void {
		this.#file.clearCache();
		this.#objects.clear();
	}

	close(): void {
		this.#device.close();
	}

	/** The value of this key has changed. */
	protected forget(key: number): void {
		this.#objects.delete(key);
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
