/**
 * One node of the tree as 512 bytes that can be edited. A file as created has full nodes only; one that was written to
 * has nodes with fewer keys, whose unused entries carry the greatest key, so that every search ends before them.
 */
import { BLOCK, FANOUT, NODE } from "./format.ts";

/** The key of an unused entry: 2^64 − 1, and so no key that a caller may use. */
const UNUSED_WORD = 0xffffffff;

/** A view of 512 bytes; changes go into them. */
export class KvNode {
	readonly bytes: Uint8Array;
	readonly #view: DataView;

	constructor(bytes: Uint8Array = emptyNode()) {
		this.bytes = bytes;
		this.#view = new DataView(bytes.buffer, bytes.byteOffset, BLOCK);
	}

	/** 0 internal, 1 leaf; anything else is damage. */
	get type(): number {
		return this.#u64(NODE.type);
	}

	set type(type: number) {
		this.#setU64(NODE.type, type);
	}

	get leaf(): boolean {
		return this.type === 1;
	}

	/** Byte offset of the right neighbour, 0 for the last. */
	get next(): number {
		return this.#u64(NODE.next);
	}

	set next(offset: number) {
		this.#setU64(NODE.next, offset);
	}

	/** Entries in use. */
	get count(): number {
		let n = FANOUT;
		while (n > 0 && this.#unused(n - 1)) n--;
		return n;
	}

	key(index: number): number {
		return this.#u64(NODE.keys + 8 * index);
	}

	/** Byte offset without the mark of bit 63. */
	pointer(index: number): number {
		const at = NODE.pointers + 8 * index;
		return this.#view.getUint32(at, true) + (this.#view.getUint32(at + 4, true) & 0x7fffffff) * 2 ** 32;
	}

	/** True when bit 63 says that the pointer is a file offset. */
	marked(index: number): boolean {
		return this.#view.getUint8(NODE.pointers + 8 * index + 7) >= 0x80;
	}

	setPointer(index: number, offset: number): void {
		const at = NODE.pointers + 8 * index;
		this.#setU64(at, offset);
		this.#view.setUint8(at + 7, 0x80);
	}

	/** Last entry whose key is not greater; 0 when all are. */
	search(key: number): number {
		let at = 0;
		while (at + 1 < FANOUT && !this.#unused(at + 1) && key >= this.key(at + 1)) at++;
		return at;
	}

	insert(index: number, key: number, offset: number): void {
		this.#move(index, index + 1, FANOUT - index - 1);
		this.#setU64(NODE.keys + 8 * index, key);
		this.setPointer(index, offset);
	}

	remove(index: number): void {
		this.#move(index + 1, index, FANOUT - index - 1);
		this.#clear(FANOUT - 1);
	}

	/** Moves the upper half into a new node and returns it; `next` of both is the caller's business. */
	split(): KvNode {
		const right = new KvNode();
		right.type = this.type;
		const half = FANOUT >> 1;
		for (let i = half; i < FANOUT; i++) {
			right.#setU64(NODE.keys + 8 * (i - half), this.key(i));
			right.setPointer(i - half, this.pointer(i));
		}
		for (let i = half; i < FANOUT; i++) this.#clear(i);
		return right;
	}

	#unused(index: number): boolean {
		const at = NODE.keys + 8 * index;
		return this.#view.getUint32(at, true) === UNUSED_WORD && this.#view.getUint32(at + 4, true) === UNUSED_WORD;
	}

	#clear(index: number): void {
		this.bytes.fill(0xff, NODE.keys + 8 * index, NODE.keys + 8 * index + 8);
		this.bytes.fill(0, NODE.pointers + 8 * index, NODE.pointers + 8 * index + 8);
	}

	#move(from: number, to: number, entries: number): void {
		for (const base of [NODE.keys, NODE.pointers]) this.bytes.copyWithin(base + 8 * to, base + 8 * from, base + 8 * (from + entries));
	}

	#u64(at: number): number {
		return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
	}

	#setU64(at: number, value: number): void {
		this.#view.setUint32(at, value % 2 ** 32, true);
		this.#view.setUint32(at + 4, value / 2 ** 32, true);
	}
}

function emptyNode(): Uint8Array {
	const bytes = new Uint8Array(BLOCK);
	bytes.fill(0xff, NODE.keys, NODE.keys + 8 * FANOUT);
	return bytes;
}
