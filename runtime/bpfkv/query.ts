/**
 * The scratch pages of the BPF-KV programs: what a caller writes before a chain and reads after it. The layouts are
 * the original's (`struct ScatterGatherQuery`, 2,368 bytes, and `struct RangeQuery`, 2,880), so that its programs and
 * ours take the same page.
 */
import { VALUE_SIZE } from "./format.ts";

/** Keys of one get, and pairs of one part of a range. */
export const MAX_KEYS = 32;

/** Offsets in the page of a get. */
const GET = { root: 0, valuePtr: 8, state: 16, current: 20, count: 24, keys: 32, values: 288, valueStride: 65, starts: 2368 } as const;
const GET_BYTES = 2368 + 8 * MAX_KEYS;

/** Offsets in the page of a range. */
const RANGE = {
	begin: 0,
	end: 8,
	flags: 16,
	aggregate: 20,
	length: 24,
	pairs: 32,
	pairStride: 72,
	aggregateValue: 2336,
	state: 2344,
	leafOffset: 2352,
	keyIndex: 2360,
} as const;
/** The original's 2,880, and behind them what our program counts levels and knows loops by. */
const RANGE_BYTES = 2896;

const BEGIN_EXCLUSIVE = 1;
const END_INCLUSIVE = 2;
const STATE_RESUME = 1;
const STATE_TRAVERSE = 2;

/** What a range may be summed up to, by the program's number for it. */
export const AGGREGATES = { sum: 1, min: 2, max: 3, count: 4 } as const;
/** What a range query may compute instead of giving the values. */
export type Aggregate = keyof typeof AGGREGATES;
const AGGREGATE_DECIMAL = 0x100;

/** From `begin`, included unless it says otherwise, to `end`, which is not. */
export interface RangeBounds {
	readonly begin: number;
	readonly end: number;
	readonly beginExclusive?: boolean;
	readonly endInclusive?: boolean;
}

/** A range that was read in part. */
export interface RangeRest extends RangeBounds {
	/** Where the leaf lies with which it goes on. */
	readonly leaf: number;
}

/** Keys have 64 bits; what is no such number would go on as another one. */
export function checkedKey(key: number): number {
	if (!(key >= 0 && key < 2 ** 64 && Math.floor(key) === key))
		throw new RangeError(`a key is a whole number from 0 to 2^64 − 1, not ${key}`);
	return key;
}

/** @throws RangeError for what is no aggregate */
export function checkedAggregate(op: Aggregate): Aggregate {
	if (!Object.hasOwn(AGGREGATES, op)) throw new RangeError(`an aggregate is one of ${Object.keys(AGGREGATES).join(", ")}, not ${op}`);
	return op;
}

function checkPage({ length }: Uint8Array, bytes: number, what: string): void {
	if (length < bytes) throw new RangeError(`the scratch page of a ${what} has at least ${bytes} bytes, not ${length}`);
}

/** A scratch page seen as a get of up to 32 keys. */
export class GetPage {
	readonly #view: DataView;
	readonly #bytes: Uint8Array;
	/** Of each key that was asked for: making a view costs as much as two hops of a chain. */
	readonly #values: Uint8Array[] = [];

	/** @throws RangeError when it is too small */
	constructor(page: Uint8Array) {
		checkPage(page, GET_BYTES, "get");
		this.#bytes = page;
		this.#view = new DataView(page.buffer, page.byteOffset, page.byteLength);
	}

	/**
	 * The first key starts where the chain does. The others start at `root`, or at their place in `starts`, which our own
	 * program knows and the original one does not.
	 */
	prepare(keys: ArrayLike<number>, root = 0, starts?: ArrayLike<number>): void {
		if (keys.length > MAX_KEYS) throw new RangeError(`one get serves at most ${MAX_KEYS} keys, not ${keys.length}`);
		this.#bytes.fill(0, 0, GET_BYTES);
		writeU64(this.#view, GET.root, root);
		this.#view.setInt32(GET.count, keys.length, true);
		for (let i = 0; i < keys.length; i++) writeU64(this.#view, GET.keys + 8 * i, checkedKey(keys[i]));
		if (starts) for (let i = 1; i < keys.length; i++) writeU64(this.#view, GET.starts + 8 * i, starts[i]);
	}

	/** The common case, without clearing what a get of one key does not read. */
	prepareOne(key: number, root = 0): void {
		const view = this.#view;
		writeU64(view, GET.root, root);
		writeU64(view, GET.valuePtr, 0);
		view.setInt32(GET.state, 0, true);
		view.setInt32(GET.current, 0, true);
		view.setInt32(GET.count, 1, true);
		writeU64(view, GET.keys, checkedKey(key));
		this.#bytes[GET.values] = 0;
	}

	found(index: number): boolean {
		return this.#bytes[GET.values + GET.valueStride * index] !== 0;
	}

	/** The 64 bytes of a found value, in place: copy them before the page is used again. */
	value(index: number): Uint8Array {
		let view = this.#values[index];
		if (view === undefined) {
			const at = GET.values + GET.valueStride * index + 1;
			this.#values[index] = view = this.#bytes.subarray(at, at + VALUE_SIZE);
		}
		return view;
	}
}

/** A scratch page seen as a key range, read in calls of up to 32 pairs, or folded into one number. */
export class RangePage {
	readonly #view: DataView;
	readonly #bytes: Uint8Array;

	/** @throws RangeError when it is too small */
	constructor(page: Uint8Array) {
		checkPage(page, RANGE_BYTES, "range");
		this.#bytes = page;
		this.#view = new DataView(page.buffer, page.byteOffset, page.byteLength);
	}

	prepare(bounds: RangeBounds, aggregate?: { readonly op: Aggregate; readonly decimal: boolean }): void {
		this.#bytes.fill(0, 0, RANGE_BYTES);
		writeU64(this.#view, RANGE.begin, checkedKey(bounds.begin));
		writeU64(this.#view, RANGE.end, checkedKey(bounds.end));
		const flags = (bounds.beginExclusive ? BEGIN_EXCLUSIVE : 0) | (bounds.endInclusive ? END_INCLUSIVE : 0);
		this.#view.setUint32(RANGE.flags, flags, true);
		if (aggregate)
			this.#view.setUint32(RANGE.aggregate, AGGREGATES[checkedAggregate(aggregate.op)] | (aggregate.decimal ? AGGREGATE_DECIMAL : 0), true);
		this.#view.setUint32(RANGE.state, STATE_TRAVERSE, true);
	}

	/** True when nothing is left, as the original's `empty_range` decides. */
	empty(): boolean {
		const begin = this.#view.getBigUint64(RANGE.begin, true);
		const end = this.#view.getBigUint64(RANGE.end, true);
		const flags = this.#view.getUint32(RANGE.flags, true);
		const exclusive = (flags & BEGIN_EXCLUSIVE) !== 0;
		const inclusive = (flags & END_INCLUSIVE) !== 0;
		if (begin > end) return true;
		if (begin === end) return exclusive || !inclusive;
		return begin + 1n === end && exclusive && !inclusive;
	}

	/** Makes the page ready for the next call of the same range; returns the offset where its chain starts. */
	resume(): number {
		this.#view.setInt32(RANGE.length, 0, true);
		this.#view.setUint32(RANGE.state, STATE_RESUME, true);
		return readU64(this.#view, RANGE.leafOffset);
	}

	/** What the next call of this range needs, when the page goes to somebody else in between; null when nothing is left. */
	rest(): RangeRest | null {
		if (this.empty()) return null;
		const flags = this.#view.getUint32(RANGE.flags, true);
		return {
			begin: readU64(this.#view, RANGE.begin),
			end: readU64(this.#view, RANGE.end),
			beginExclusive: (flags & BEGIN_EXCLUSIVE) !== 0,
			endInclusive: (flags & END_INCLUSIVE) !== 0,
			leaf: readU64(this.#view, RANGE.leafOffset),
		};
	}

	/** Makes the page ready for a call that starts at `rest.leaf`. */
	prepareRest(rest: RangeRest): void {
		this.prepare(rest);
		this.#view.setUint32(RANGE.state, STATE_RESUME, true);
	}

	get length(): number {
		return this.#view.getInt32(RANGE.length, true);
	}

	key(index: number): number {
		return readU64(this.#view, RANGE.pairs + RANGE.pairStride * index);
	}

	/** In place, like GetPage.value. */
	value(index: number): Uint8Array {
		const at = RANGE.pairs + RANGE.pairStride * index + 8;
		return this.#bytes.subarray(at, at + VALUE_SIZE);
	}

	get aggregateValue(): bigint {
		return this.#view.getBigInt64(RANGE.aggregateValue, true);
	}
}

function writeU64(view: DataView, at: number, value: number): void {
	view.setUint32(at, value % 2 ** 32, true);
	view.setUint32(at + 4, value / 2 ** 32, true);
}

function readU64(view: DataView, at: number): number {
	return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}
