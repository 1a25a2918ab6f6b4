/** BPF_MAP_TYPE_BLOOM_FILTER (kernel/bpf/bloom_filter.c): push adds a value, peek asks whether it may be there. map_extra's low 4 bits: hash functions. */
import { errno } from "../errno.ts";
import type { MapDef } from "../image.ts";
import type { Machine } from "../machine.ts";
import { hashKey } from "./hash-table.ts";
import { BpfMap } from "./map.ts";

const defaultHashes = 5;

export class BloomFilter extends BpfMap {
	readonly #bits: Uint32Array;
	readonly #hashes: number;

	constructor(machine: Machine, def: MapDef) {
		super(machine, def);
		this.#hashes = Number(def.extra & 0xfn) || defaultHashes;
		// Bits for the best rate at this many hashes: entries * hashes / ln 2, rounded up to a power of two.
		let bits = 32;
		while (bits < (def.maxEntries * this.#hashes * 7) / 5) bits *= 2;
		this.#bits = new Uint32Array(bits / 32);
	}

	override push(value: number, flags: number): number {
		if (flags !== 0) return -errno.EINVAL;
		for (const bit of this.#places(value)) this.#bits[bit >>> 5] |= 1 << (bit & 31);
		return 0;
	}

	override peek(value: number): number {
		for (const bit of this.#places(value)) if ((this.#bits[bit >>> 5] & (1 << (bit & 31))) === 0) return -errno.ENOENT;
		return 0;
	}

	override userUpdate(_key: Uint8Array, value: Uint8Array, flags: number): number {
		if (value.length !== this.def.valueSize) return -errno.EINVAL;
		return this.withKeyValue(new Uint8Array(0), value, (_k, v) => this.push(v, flags));
	}

	/** Whether the value may have been added. */
	userHas(value: Uint8Array): boolean {
		return this.withKeyValue(new Uint8Array(0), value, (_k, v) => this.peek(v)) === 0;
	}

	*#places(value: number): Iterable<number> {
		const first = hashKey(this.machine.memory.view, value, this.def.valueSize);
		const step = Math.imul(first, 0x9e3779b1) | 1;
		for (let i = 0; i < this.#hashes; i++) yield ((first + Math.imul(step, i)) >>> 0) % (this.#bits.length * 32);
	}
}
