/**
 * BPF_MAP_TYPE_LPM_TRIE (kernel/bpf/lpm_trie.c): keys are { u32 prefix length in bits, bytes }; a lookup finds the longest stored prefix of its key.
 * One table for each length that occurs, tried from the longest down: what counts here is being right, and stores are few.
 */
import { errno } from "../errno.ts";
import type { MapDef } from "../image.ts";
import type { Machine } from "../machine.ts";
import { HashTable } from "./hash-table.ts";
import { BpfMap, roundUp8, updateFlags } from "./map.ts";

export class LpmTrie extends BpfMap {
	/** Keys are stored with the bits behind the prefix cleared, prefix length included: one table for all lengths. */
	readonly #table: HashTable;
	/** How many keys of each length there are. */
	readonly #lengths = new Map<number, number>();
	readonly #probe: number;

	constructor(machine: Machine, def: MapDef) {
		super(machine, def);
		this.#table = new HashTable(
			machine.memory,
			{ keySize: def.keySize, payload: roundUp8(def.valueSize), entries: def.maxEntries },
			def.name,
		);
		this.#probe = machine.memory.alloc(def.keySize, 8, `probe of map ${def.name}`);
	}

	override lookup(key: number): number {
		const wanted = this.#length(key);
		for (const length of [...this.#lengths.keys()].filter((n) => n <= wanted).sort((a, b) => b - a)) {
			const entry = this.#table.find(this.#prefix(key, length));
			if (entry !== 0) return entry + this.#table.valueOffset;
		}
		return 0;
	}

	override update(key: number, value: number, flags: number): number {
		if (flags > updateFlags.exist) return -errno.EINVAL;
		const length = this.#length(key);
		if (length > this.#maxLength) return -errno.EINVAL;
		const probe = this.#prefix(key, length);
		let entry = this.#table.find(probe);
		if (entry !== 0 && flags === updateFlags.noExist) return -errno.EEXIST;
		if (entry === 0) {
			if (flags === updateFlags.exist) return -errno.ENOENT;
			entry = this.#table.insert(probe);
			if (entry === 0) return -errno.ENOSPC;
			this.#lengths.set(length, (this.#lengths.get(length) ?? 0) + 1);
		}
		this.machine.memory.u8.copyWithin(entry + this.#table.valueOffset, value, value + this.def.valueSize);
		return 0;
	}

	override delete(key: number): number {
		const length = this.#length(key);
		if (length > this.#maxLength) return -errno.EINVAL;
		if (!this.#table.remove(this.#prefix(key, length))) return -errno.ENOENT;
		const left = (this.#lengths.get(length) ?? 1) - 1;
		if (left === 0) this.#lengths.delete(length);
		else this.#lengths.set(length, left);
		return 0;
	}

	override *entries(): Iterable<readonly [key: number, value: number]> {
		for (const entry of this.#table) yield [entry, entry + this.#table.valueOffset];
	}

	get #maxLength(): number {
		return (this.def.keySize - 4) * 8;
	}

	#length(key: number): number {
		return this.machine.memory.view.getUint32(key, true);
	}

	/** Writes the first `length` bits of the key, and that length, where the table can read them. */
	#prefix(key: number, length: number): number {
		const { u8, view } = this.machine.memory;
		const bytes = this.def.keySize - 4;
		view.setUint32(this.#probe, length, true);
		for (let i = 0; i < bytes; i++) {
			const kept = Math.max(0, Math.min(8, length - 8 * i));
			u8[this.#probe + 4 + i] = u8[key + 4 + i] & (0xff00 >> kept) & 0xff;
		}
		return this.#probe;
	}
}
