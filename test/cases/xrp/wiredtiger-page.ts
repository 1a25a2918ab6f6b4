/**
 * Pages of WiredTiger's row store as the application reads them after the chain: the child that an internal page names,
 * the keys and values of a leaf. A page is its 28 + 12 bytes of headers and then cells; layouts after the format's
 * description in the WiredTiger sources (cell.h, intpack.i). Cells that are not plain are not read: null.
 */
import { rootOf } from "../../../examples/wiredtiger/lookup.ts";

const HEADERS = 40;
const ENTRIES = 20;
const TYPE = 24;
const LEAF = 7;
/** Lengths that a one-byte descriptor cannot hold count from here. */
const LONG = 64;

interface Cell {
	readonly kind: "key" | "value" | "copy" | "address";
	/** Bytes taken over from the key before. */
	readonly prefix: number;
	readonly data: Uint8Array;
	/** Of a copy: how many bytes before this cell its value's cell begins. */
	readonly back: number;
	readonly end: number;
}

/** A packed unsigned integer and where it ends. */
function packed(page: Uint8Array, at: number): readonly [value: number, end: number] | null {
	const first = page[at];
	if (first >> 6 === 0b10) return [first & 0x3f, at + 1];
	if (first >> 5 === 0b110) return [(((first & 0x1f) << 8) | page[at + 1]) + 64, at + 2];
	if (first >> 4 !== 0b1110) return null;
	const bytes = first & 0xf;
	let value = 0;
	for (let i = 1; i <= bytes; i++) value = value * 256 + page[at + i];
	return [value + 8256, at + 1 + bytes];
}

/** Kinds by the upper four bits of a descriptor whose lower two are 0. */
const KINDS: Readonly<Record<number, Cell["kind"]>> = { 1: "address", 2: "address", 3: "address", 5: "key", 7: "key", 8: "value", 9: "copy" };
const SHORT_PREFIXED_KEY = 2;
const SHORT_VALUE = 3;
const PREFIXED_KEY = 7;

function cellAt(page: Uint8Array, at: number): Cell | null {
	const descriptor = page[at];
	const short = descriptor & 3;
	if (short !== 0) {
		const from = short === SHORT_PREFIXED_KEY ? at + 2 : at + 1;
		const end = from + (descriptor >> 2);
		return { kind: short === SHORT_VALUE ? "value" : "key", prefix: short === SHORT_PREFIXED_KEY ? page[at + 1] : 0, data: page.subarray(from, end), back: 0, end };
	}
	const kind = KINDS[descriptor >> 4];
	if (kind === undefined || (descriptor & 4) !== 0) return null;
	let next = at + 1;
	if ((descriptor & 8) !== 0 && kind !== "key" && page[next++] !== 0) return null;
	const prefix = descriptor >> 4 === PREFIXED_KEY ? page[next++] : 0;
	const number = packed(page, next);
	if (number === null) return null;
	const [value, from] = number;
	if (kind === "copy") return { kind, prefix: 0, data: page.subarray(0, 0), back: value, end: from };
	const end = from + value + (kind === "address" ? 0 : LONG);
	return { kind, prefix, data: page.subarray(from, end), back: 0, end };
}

export function isLeaf(page: Uint8Array): boolean {
	return page[TYPE] === LEAF;
}

/** File offset of the child with this index on an internal page, or null. */
export function childOf(page: Uint8Array, index: number): number | null {
	let at = HEADERS;
	for (let i = 0; ; i++) {
		const key = cellAt(page, at);
		const address = key?.kind === "key" ? cellAt(page, key.end) : null;
		if (address?.kind !== "address") return null;
		if (i === index) return rootOf(new Uint8Array([1, ...address.data])).offset;
		at = address.end;
	}
}

export interface Pair {
	readonly key: Uint8Array;
	readonly value: Uint8Array;
}

/** The pairs of a leaf in order, up to the first cell that is not plain. A key without a value cell has an empty value. */
export function pairsOf(page: Uint8Array): Pair[] {
	const pairs: Pair[] = [];
	const cells = new DataView(page.buffer, page.byteOffset).getUint32(ENTRIES, true);
	let at = HEADERS;
	for (let i = 0; i < cells; i++) {
		const cell = cellAt(page, at);
		if (cell === null || cell.kind === "address") break;
		const last = pairs.length - 1;
		if (cell.kind === "key") {
			const before = last < 0 ? new Uint8Array() : pairs[last].key;
			pairs.push({ key: new Uint8Array([...before.subarray(0, cell.prefix), ...cell.data]), value: new Uint8Array() });
		} else {
			const value = cell.kind === "copy" ? cellAt(page, at - cell.back)?.data : cell.data;
			if (value === undefined || last < 0) break;
			pairs[last] = { key: pairs[last].key, value };
		}
		at = cell.end;
	}
	return pairs;
}
