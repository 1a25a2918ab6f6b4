/**
 * An open-addressing hash table in linear memory, made so that JIT'd code can look keys up without a call.
 *
 *     slots    (mask + 1) × { u32 hash, u32 entry }      entry is an address, 0: empty; linear probing from hash & mask
 *     entries  { key, padded to 8 bytes │ value, padded, one for each CPU │ u32 referenced (LRU only) }
 *
 * Entries never move while they are in the table, so programs may keep value addresses; only slots shift when a key goes
 * (Knuth, volume 3, 6.4 R), which needs no tombstones. The table is at most half full.
 *
 * Hash of a key, all in 32 bits, over its little-endian words, the last one zero-padded:
 *
 *     h = keySize
 *     for each word w:  h = imul(h ^ w, 0x9e3779b1); h ^= h >>> 15
 *     h = imul(h, 0x85ebca77); h ^= h >>> 13
 */
import type { LinearMemory } from "../memory.ts";

export interface HashShape {
	readonly keySize: number;
	/** Bytes of an entry behind the key. */
	readonly payload: number;
	readonly entries: number;
}

export class HashTable {
	readonly memory: LinearMemory;
	readonly shape: HashShape;
	readonly valueOffset: number;
	readonly entrySize: number;
	readonly mask: number;
	readonly slots: number;
	readonly base: number;
	size = 0;
	#fresh = 0;
	readonly #free: number[] = [];

	constructor(memory: LinearMemory, shape: HashShape, name: string) {
		this.memory = memory;
		this.shape = shape;
		this.valueOffset = (shape.keySize + 7) & ~7;
		this.entrySize = this.valueOffset + shape.payload;
		let capacity = 8;
		while (capacity < shape.entries * 2) capacity *= 2;
		this.mask = capacity - 1;
		this.slots = memory.alloc(capacity * 8, 8, `slots of map ${name}`, false);
		this.base = memory.alloc(this.entrySize * shape.entries, 8, `entries of map ${name}`);
	}

	/** Address of the entry; 0: the key is not there. */
	find(key: number): number {
		const slot = this.#slot(key, hashKey(this.memory.view, key, this.shape.keySize));
		return this.memory.i32[slot + 1] >>> 0;
	}

	/** A new entry, its payload as it was left by the one before; 0: the table is full. The key must not be in it. */
	insert(key: number): number {
		const entry = this.#free.pop() ?? (this.#fresh < this.shape.entries ? this.base + this.#fresh++ * this.entrySize : 0);
		if (entry === 0) return 0;
		const { i32, u8, view } = this.memory;
		const hash = hashKey(view, key, this.shape.keySize);
		const slot = this.#slot(key, hash);
		u8.copyWithin(entry, key, key + this.shape.keySize);
		i32[slot] = hash;
		i32[slot + 1] = entry;
		this.size++;
		return entry;
	}

	/** Whether the key was there. */
	remove(key: number): boolean {
		const { i32, view } = this.memory;
		const first = this.slots >> 2;
		let hole = this.#slot(key, hashKey(view, key, this.shape.keySize));
		const entry = i32[hole + 1] >>> 0;
		if (entry === 0) return false;
		this.#free.push(entry);
		this.size--;
		// Close the hole: move back each following slot whose home does not lie between the hole and it.
		let at = hole;
		for (;;) {
			at = at + 2 > first + 2 * this.mask + 1 ? first : at + 2;
			if (i32[at + 1] === 0) break;
			const home = i32[at] & this.mask;
			const holeIndex = (hole - first) >> 1;
			const index = (at - first) >> 1;
			if (((index - home) & this.mask) >= ((index - holeIndex) & this.mask)) {
				i32[hole] = i32[at];
				i32[hole + 1] = i32[at + 1];
				hole = at;
			}
		}
		i32[hole] = 0;
		i32[hole + 1] = 0;
		return true;
	}

	/** Addresses of the entries, in the order of their places. */
	*[Symbol.iterator](): Iterator<number> {
		const free = new Set(this.#free);
		for (let i = 0; i < this.#fresh; i++) {
			const entry = this.base + i * this.entrySize;
			if (!free.has(entry)) yield entry;
		}
	}

	/** Word index of the key's slot, or of the empty one where it would go. */
	#slot(key: number, hash: number): number {
		const { i32 } = this.memory;
		let index = hash & this.mask;
		for (;;) {
			const slot = (this.slots >> 2) + index * 2;
			const entry = i32[slot + 1] >>> 0;
			if (entry === 0 || (i32[slot] === hash && this.#equal(entry, key))) return slot;
			index = (index + 1) & this.mask;
		}
	}

	#equal(a: number, b: number): boolean {
		const { u8 } = this.memory;
		for (let i = 0; i < this.shape.keySize; i++) if (u8[a + i] !== u8[b + i]) return false;
		return true;
	}
}

/** What words are mixed in by, and what ends the hash; a multiplier and a shift each. */
export const HASH_WORD = { multiplier: 0x9e3779b1, shift: 15 } as const;
export const HASH_END = { multiplier: 0x85ebca77, shift: 13 } as const;

const mixed = (hash: number, { multiplier, shift }: { readonly multiplier: number; readonly shift: number }): number => {
	const product = Math.imul(hash, multiplier);
	return product ^ (product >>> shift);
};

/** As a signed 32-bit number. */
export function hashKey(view: DataView, key: number, size: number): number {
	let hash = size;
	let at = 0;
	for (; at + 4 <= size; at += 4) hash = mixed(hash ^ view.getInt32(key + at, true), HASH_WORD);
	if (at < size) {
		let word = 0;
		for (let shift = 0; at < size; at++, shift += 8) word |= view.getUint8(key + at) << shift;
		hash = mixed(hash ^ word, HASH_WORD);
	}
	return mixed(hash, HASH_END);
}
