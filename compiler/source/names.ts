/**
 * Interned identifiers. A name is a small number; its bytes lie in one pool, the hash table is an `Int32Array`, and a JS string is made
 * only when somebody wants to read it. `vmlinux.h` has 300,000 identifiers: no string per occurrence is what makes reading it cheap.
 */
export class Names {
	#table = new Int32Array(1 << 17).fill(-1);
	#mask = (1 << 17) - 1;
	#hash = new Int32Array(1 << 16);
	#offset = new Int32Array(1 << 16);
	#size = new Uint16Array(1 << 16);
	#pool = new Uint8Array(1 << 20);
	#poolEnd = 0;
	#text: (string | undefined)[] = [];
	count = 0;

	/** The identifier in `bytes[from, to)`, whose hash (`hashStep` over its bytes) the caller has made while reading it. */
	internBytes(bytes: Uint8Array, from: number, to: number, hash: number): number {
		const length = to - from;
		const table = this.#table;
		const mask = this.#mask;
		const pool = this.#pool;
		let slot = (hash ^ (hash >>> 15)) & mask;
		for (;;) {
			const id = table[slot];
			if (id < 0) break;
			if (this.#hash[id] === hash && this.#size[id] === length) {
				let p = this.#offset[id];
				let i = from;
				while (i < to && pool[p] === bytes[i]) {
					i++;
					p++;
				}
				if (i === to) return id;
			}
			slot = (slot + 1) & mask;
		}
		return this.#add(bytes, from, length, hash, slot);
	}

	intern(text: string): number {
		const bytes = encoder.encode(text);
		let hash = HASH_START;
		for (const byte of bytes) hash = hashStep(hash, byte);
		return this.internBytes(bytes, 0, bytes.length, hash);
	}

	text(id: number): string {
		const known = this.#text[id];
		if (known !== undefined) return known;
		const offset = this.#offset[id];
		const text = decoder.decode(this.#pool.subarray(offset, offset + this.#size[id]));
		this.#text[id] = text;
		return text;
	}

	#add(bytes: Uint8Array, from: number, length: number, hash: number, slot: number): number {
		const id = this.count++;
		if (id === this.#hash.length) this.#grow();
		if (this.#poolEnd + length > this.#pool.length) {
			const pool = new Uint8Array(Math.max(this.#pool.length * 2, this.#poolEnd + length));
			pool.set(this.#pool);
			this.#pool = pool;
		}
		for (let i = 0; i < length; i++) this.#pool[this.#poolEnd + i] = bytes[from + i];
		this.#hash[id] = hash;
		this.#offset[id] = this.#poolEnd;
		this.#size[id] = length;
		this.#poolEnd += length;
		if (this.#table[slot] >= 0 || this.count * 2 > this.#mask) this.#rehash(this.count * 2 > this.#mask);
		else this.#table[slot] = id;
		return id;
	}

	#grow(): void {
		const size = this.#hash.length * 2;
		const grown = (old: Int32Array): Int32Array<ArrayBuffer> => {
			const bigger = new Int32Array(size);
			bigger.set(old);
			return bigger;
		};
		this.#hash = grown(this.#hash);
		this.#offset = grown(this.#offset);
		const sizes = new Uint16Array(size);
		sizes.set(this.#size);
		this.#size = sizes;
	}

	#rehash(double: boolean): void {
		const slots = double ? (this.#mask + 1) * 2 : this.#mask + 1;
		this.#table = new Int32Array(slots).fill(-1);
		this.#mask = slots - 1;
		for (let id = 0; id < this.count; id++) {
			const hash = this.#hash[id];
			let slot = (hash ^ (hash >>> 15)) & this.#mask;
			while (this.#table[slot] >= 0) slot = (slot + 1) & this.#mask;
			this.#table[slot] = id;
		}
	}
}

/** Identifiers longer than this are refused (their length is kept in 16 bits). */
export const MAX_NAME_BYTES = 0xffff;

export const HASH_START = 0x811c9dc5 | 0;
/** FNV-1a, 32 bits. */
function hashStep(hash: number, byte: number): number {
	return Math.imul(hash ^ byte, 0x01000193);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
