/**
 * BPF_MAP_TYPE_HASH, PERCPU_HASH, LRU_HASH, LRU_PERCPU_HASH (kernel/bpf/hashtab.c) over the table of hash-table.ts.
 * A full LRU map gives up an entry that was not looked up since it was last passed over: one hand goes round the entries and
 * spares each referenced one once. The kernel keeps lists per CPU and may evict a little earlier; only the victim differs.
 */
import { errno } from "../errno.ts";
import type { MapDef } from "../image.ts";
import type { Machine } from "../machine.ts";
import { HashTable } from "./hash-table.ts";
import type { MapLayout } from "./map.ts";
import { BpfMap, roundUp8, updateFlags } from "./map.ts";

export interface HashKind {
	readonly perCpu: boolean;
	readonly lru: boolean;
}

export class HashMap extends BpfMap {
	readonly table: HashTable;
	readonly #kind: HashKind;
	readonly #stride: number;
	#hand = 0;

	constructor(machine: Machine, def: MapDef, kind: HashKind) {
		super(machine, def);
		this.#kind = kind;
		this.#stride = roundUp8(def.valueSize);
		const values = this.#stride * (kind.perCpu ? machine.cpus : 1);
		this.table = new HashTable(
			machine.memory,
			{ keySize: def.keySize, payload: values + (kind.lru ? 8 : 0), entries: def.maxEntries },
			def.name,
		);
	}

	override get layout(): MapLayout {
		const { table, def } = this;
		return {
			kind: "hash",
			slots: table.slots,
			mask: table.mask,
			entries: table.base,
			entrySize: table.entrySize,
			keySize: def.keySize,
			valueOffset: table.valueOffset,
			cpuStride: this.#kind.perCpu ? this.#stride : 0,
			referenceOffset: this.#kind.lru ? this.#referenceOffset : -1,
		};
	}

	override get perCpu(): boolean {
		return this.#kind.perCpu;
	}

	override get userValueSize(): number {
		return this.#kind.perCpu ? this.#stride * this.machine.cpus : this.def.valueSize;
	}

	override lookup(key: number): number {
		return this.lookupCpu(key, this.machine.environment.cpu);
	}

	override lookupCpu(key: number, cpu: number): number {
		const entry = this.table.find(key);
		if (entry === 0 || cpu >= this.machine.cpus) return 0;
		if (this.#kind.lru) this.machine.memory.i32[(entry + this.#referenceOffset) >> 2] = 1;
		return this.#valueOf(entry, cpu);
	}

	override update(key: number, value: number, flags: number): number {
		const { lru, perCpu } = this.#kind;
		if ((lru || perCpu ? flags : flags & ~updateFlags.lock) >>> 0 > updateFlags.exist || this.lacksLock(flags)) return -errno.EINVAL;
		const { cpu } = this.machine.environment;
		const existing = this.table.find(key);
		if (existing !== 0) {
			if (flags & updateFlags.noExist) return -errno.EEXIST;
			this.copyValue(this.#valueOf(existing, cpu), value);
			return 0;
		}
		if (flags & updateFlags.exist) return -errno.ENOENT;
		let entry = this.table.insert(key);
		if (entry === 0 && this.#kind.lru) {
			this.#evict();
			entry = this.table.insert(key);
		}
		if (entry === 0) return -errno.E2BIG;
		const { u8 } = this.machine.memory;
		u8.fill(0, entry + this.table.valueOffset, entry + this.table.entrySize);
		u8.copyWithin(this.#valueOf(entry, cpu), value, value + this.def.valueSize);
		this.clearSpecialFields(this.#valueOf(entry, cpu));
		return 0;
	}

	override delete(key: number): number {
		return this.table.remove(key) ? 0 : -errno.ENOENT;
	}

	override *entries(): Iterable<readonly [key: number, value: number]> {
		for (const entry of this.table) yield [entry, this.#valueOf(entry, this.machine.environment.cpu)];
	}

	get #referenceOffset(): number {
		return this.table.entrySize - 8;
	}

	#valueOf(entry: number, cpu: number): number {
		return entry + this.table.valueOffset + (this.#kind.perCpu ? cpu * this.#stride : 0);
	}

	#evict(): void {
		const { i32 } = this.machine.memory;
		// Twice round at most: the first round clears the marks.
		for (let n = 0; n <= 2 * this.def.maxEntries; n++) {
			const entry = this.table.base + this.#hand * this.table.entrySize;
			this.#hand = (this.#hand + 1) % this.def.maxEntries;
			const mark = (entry + this.#referenceOffset) >> 2;
			if (i32[mark] === 0) {
				this.table.remove(entry);
				return;
			}
			i32[mark] = 0;
		}
	}
}
