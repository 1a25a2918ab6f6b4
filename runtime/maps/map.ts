/**
 * What every map type has in common. The elements live in linear memory: programs get the addresses of values, JIT'd code
 * may look them up by itself where `layout` says how, and user space reads and writes the same bytes through `view.ts`.
 *
 * The address of a map, which is what programs hold as `struct bpf_map *`, is that of a header laid out like the kernel's struct of 6.18, because programs
 * with BTF may read it:
 *
 *     +64 map type   +68 key size   +72 value size   +76 max entries   +80 map_extra (u64)   +88 flags   +92 id   +136 name (16 bytes)
 *     +296 user_vm_start, +304 user_vm_end (u64, arenas)
 */
import type { MapDef } from "../image.ts";
import type { Machine } from "../machine.ts";
import type { LoadedProgram } from "../program.ts";
import { errno } from "../errno.ts";
import type { SpecialField } from "./special-fields.ts";

/** How JIT'd code may look a key up without a call; everything else goes through the helper. */
export type MapLayout =
	/** value(i) = base + i * stride for i < entries (unsigned); per CPU: plus cpu * entries * stride. */
	| { readonly kind: "array"; readonly base: number; readonly stride: number; readonly entries: number; readonly perCpu: boolean }
	/** See hash-table.ts for the table's shape and the hash function. */
	| {
			readonly kind: "hash";
			readonly slots: number;
			readonly mask: number;
			readonly entries: number;
			readonly entrySize: number;
			readonly keySize: number;
			readonly valueOffset: number;
			/** Bytes from one CPU's value to the next; 0: not per CPU. */
			readonly cpuStride: number;
			/** Offset in the entry of the u32 that a lookup sets to 1; −1: none (LRU maps have one). */
			readonly referenceOffset: number;
	  }
	| { readonly kind: "opaque" };

export type HashLayout = Extract<MapLayout, { kind: "hash" }>;

/** Longer keys are left to the helper: the code would be long, and the call no longer counts. */
export const LONGEST_INLINE_KEY = 64;

const headerSize = 400;

/** Offsets in the header. */
export const header = {
	type: 64,
	keySize: 68,
	valueSize: 72,
	maxEntries: 76,
	extra: 80,
	flags: 88,
	id: 92,
	name: 136,
	userStart: 296,
	userEnd: 304,
} as const;

/** BPF_ANY, BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK of BPF_MAP_UPDATE_ELEM. */
export const updateFlags = { any: 0, noExist: 1, exist: 2, lock: 4 } as const;

/** A map in the machine's memory. Keys and values are addresses there, results the kernel's: an address, 0, or −errno. `address` is the map's own, where programs see its header. */
export abstract class BpfMap {
	readonly machine: Machine;
	readonly def: MapDef;
	readonly address: number;

	constructor(machine: Machine, def: MapDef) {
		this.machine = machine;
		this.def = def;
		this.address = machine.memory.alloc(headerSize, 8, `map ${def.name}`, false);
		const { view, u8 } = machine.memory;
		view.setUint32(this.address + header.type, def.type, true);
		view.setUint32(this.address + header.keySize, def.keySize, true);
		view.setUint32(this.address + header.valueSize, def.valueSize, true);
		view.setUint32(this.address + header.maxEntries, def.maxEntries, true);
		view.setBigUint64(this.address + header.extra, def.extra, true);
		view.setUint32(this.address + header.flags, def.flags, true);
		view.setUint32(this.address + header.id, machine.maps.length + 1, true);
		u8.set(new TextEncoder().encode(def.name).subarray(0, 15), this.address + header.name);
	}

	get layout(): MapLayout {
		return { kind: "opaque" };
	}

	/** Bytes of a value as user space sees it: per-CPU maps have one per CPU, each rounded up to 8 bytes. */
	get userValueSize(): number {
		return this.def.valueSize;
	}

	/** True when each CPU has a value of its own. */
	get perCpu(): boolean {
		return false;
	}

	/** Address of the value of key 0, for `ld_imm64` of a map value; only arrays have one. */
	valueBase(): number {
		return 0;
	}

	// Programs' operations: keys and values are addresses; the results are addresses (0: none) or −errno.

	/** Address of the value, 0 when there is none: bpf_map_lookup_elem. */
	lookup(_key: number): number {
		return 0;
	}

	/** The value of another CPU than the current one. */
	lookupCpu(_key: number, _cpu: number): number {
		return 0;
	}

	/** bpf_map_update_elem. */
	update(_key: number, _value: number, _flags: number): number {
		return -errno.EOPNOTSUPP;
	}

	/** bpf_map_delete_elem. */
	delete(_key: number): number {
		return -errno.EOPNOTSUPP;
	}

	/** bpf_map_push_elem. */
	push(_value: number, _flags: number): number {
		return -errno.EOPNOTSUPP;
	}

	/** bpf_map_pop_elem. */
	pop(_value: number): number {
		return -errno.EOPNOTSUPP;
	}

	/** bpf_map_peek_elem. */
	peek(_value: number): number {
		return -errno.EOPNOTSUPP;
	}

	/** The program in a slot of a prog array. */
	programAt(_index: number): LoadedProgram | undefined {
		return undefined;
	}

	/** Addresses of keys and of values of the current CPU. Entries may be deleted while it goes on; a key may be another's at the next step. */
	*entries(): Iterable<readonly [key: number, value: number]> {}

	// User space's operations: bytes. A missing key gives null; failures are −errno.

	/** BPF_MAP_LOOKUP_ELEM: the value's bytes, null when there is none. */
	userLookup(key: Uint8Array): Uint8Array | null {
		const address = this.withKey(key, (k) => (this.perCpu ? this.lookupCpu(k, 0) : this.lookup(k)));
		if (address === 0) return null;
		const { u8 } = this.machine.memory;
		if (!this.perCpu) return u8.slice(address, address + this.def.valueSize);
		const stride = roundUp8(this.def.valueSize);
		const all = new Uint8Array(stride * this.machine.cpus);
		for (let cpu = 0; cpu < this.machine.cpus; cpu++) {
			const at = this.withKey(key, (k) => this.lookupCpu(k, cpu));
			all.set(u8.subarray(at, at + this.def.valueSize), cpu * stride);
		}
		return all;
	}

	/** BPF_MAP_UPDATE_ELEM. */
	userUpdate(key: Uint8Array, value: Uint8Array, flags: number): number {
		if (this.def.frozen) return -errno.EPERM;
		if (key.length !== this.def.keySize || value.length !== this.userValueSize) return -errno.EINVAL;
		if (!this.perCpu) return this.withKeyValue(key, value, (k, v) => this.update(k, v, flags));
		const { memory, cpus } = this.machine;
		const stride = roundUp8(this.def.valueSize);
		const result = this.withKeyValue(key, value.subarray(0, this.def.valueSize), (k, v) => this.update(k, v, flags));
		if (result < 0) return result;
		for (let cpu = 0; cpu < cpus; cpu++) {
			const at = this.withKey(key, (k) => this.lookupCpu(k, cpu));
			memory.u8.set(value.subarray(cpu * stride, cpu * stride + this.def.valueSize), at);
		}
		return 0;
	}

	/** BPF_MAP_DELETE_ELEM. */
	userDelete(key: Uint8Array): number {
		if (this.def.frozen) return -errno.EPERM;
		if (key.length !== this.def.keySize) return -errno.EINVAL;
		return this.withKey(key, (k) => this.delete(k));
	}

	*userKeys(): Iterable<Uint8Array> {
		const { memory } = this.machine;
		const keys: Uint8Array[] = [];
		for (const [key] of this.entries()) keys.push(memory.u8.slice(key, key + this.def.keySize));
		yield* keys;
	}

	/** Frees nothing by default: memory goes with the machine. */
	close(): void {
		this.machine.removeMap(this);
	}

	/**
	 * Locks, timers and kernel pointers inside values belong to the map: updates leave them alone
	 * (copy_map_value of include/linux/bpf.h). By offset; from the value's BTF.
	 */
	specialFields: readonly SpecialField[] = [];

	/** Updates ask for the value's lock (BPF_F_LOCK), and it has none. */
	protected lacksLock(flags: number): boolean {
		return (flags & updateFlags.lock) !== 0 && !this.specialFields.some(([, , name]) => name === "bpf_spin_lock");
	}

	/** Copies a value onto an existing one. */
	protected copyValue(to: number, from: number): void {
		const { u8 } = this.machine.memory;
		let at = 0;
		for (const [offset, size] of this.specialFields) {
			u8.copyWithin(to + at, from + at, from + offset);
			at = offset + size;
		}
		u8.copyWithin(to + at, from + at, from + this.def.valueSize);
	}

	protected clearSpecialFields(value: number): void {
		for (const [offset, size] of this.specialFields) this.machine.memory.u8.fill(0, value + offset, value + offset + size);
	}

	#scratch = 0;

	/** Puts bytes where programs' operations can read them. */
	protected withKey<T>(key: Uint8Array, use: (key: number) => T): T {
		return this.withKeyValue(key, new Uint8Array(0), use);
	}

	protected withKeyValue<T>(key: Uint8Array, value: Uint8Array, use: (key: number, value: number) => T): T {
		const { memory } = this.machine;
		const valueAt = roundUp8(this.def.keySize) + 8;
		if (this.#scratch === 0)
			this.#scratch = memory.alloc(valueAt + roundUp8(Math.max(this.def.valueSize, 8)), 8, `scratch of map ${this.def.name}`);
		memory.u8.set(key, this.#scratch);
		memory.u8.set(value, this.#scratch + valueAt);
		return use(this.#scratch, this.#scratch + valueAt);
	}
}

export function roundUp8(size: number): number {
	return (size + 7) & ~7;
}
