/**
 * Values that belong to an object: a socket, inode, task or cgroup (kernel/bpf/bpf_local_storage.c), and the older cgroup storage, which has one
 * value for the cgroup that a program is attached to. Objects are addresses of simulated memory, or whatever numbers user space uses.
 */
import { errno } from "../errno.ts";
import type { MapDef } from "../image.ts";
import type { Machine } from "../machine.ts";
import { BpfMap, roundUp8 } from "./map.ts";

/** BPF_LOCAL_STORAGE_GET_F_CREATE */
const create = 1;

export class LocalStorage extends BpfMap {
	readonly #values = new Map<number, number>();

	/** bpf_*_storage_get: the object's value, made from `initial` (0: zeroes) when asked to; 0 when there is none. */
	storage(object: number, initial: number, flags: number): number {
		const known = this.#values.get(object);
		if (known !== undefined) return known;
		if ((flags & create) === 0 || object === 0) return 0;
		const { memory } = this.machine;
		const value = memory.alloc(this.def.valueSize, 8, `value of map ${this.def.name}`);
		if (value === 0) return 0;
		if (initial !== 0) memory.u8.copyWithin(value, initial, initial + this.def.valueSize);
		this.clearSpecialFields(value);
		this.#values.set(object, value);
		return value;
	}

	remove(object: number): number {
		const value = this.#values.get(object);
		if (value === undefined) return -errno.ENOENT;
		this.#values.delete(object);
		this.machine.memory.free(value);
		return 0;
	}

	// User space names the object by a descriptor: a u32 key.

	override lookup(key: number): number {
		return this.#values.get(this.machine.memory.view.getUint32(key, true)) ?? 0;
	}

	override update(key: number, value: number, _flags: number): number {
		const at = this.storage(this.machine.memory.view.getUint32(key, true), value, create);
		if (at === 0) return -errno.ENOMEM;
		this.copyValue(at, value);
		return 0;
	}

	override delete(key: number): number {
		return this.remove(this.machine.memory.view.getUint32(key, true));
	}

	override *entries(): Iterable<readonly [key: number, value: number]> {
		const { memory } = this.machine;
		const key = memory.alloc(8, 8, `key of map ${this.def.name}`);
		for (const [object, value] of this.#values) {
			memory.view.setUint32(key, object, true);
			yield [key, value];
		}
		memory.free(key);
	}
}

/** BPF_MAP_TYPE_CGROUP_STORAGE and PERCPU_CGROUP_STORAGE: the value that bpf_get_local_storage gives, whatever the key. */
export class CgroupStorage extends BpfMap {
	readonly #base: number;
	readonly #stride: number;
	readonly #perCpu: boolean;

	constructor(machine: Machine, def: MapDef, perCpu: boolean) {
		super(machine, def);
		this.#perCpu = perCpu;
		this.#stride = roundUp8(def.valueSize);
		this.#base = machine.memory.alloc(this.#stride * (perCpu ? machine.cpus : 1), 8, `value of map ${def.name}`);
	}

	override get perCpu(): boolean {
		return this.#perCpu;
	}

	override get userValueSize(): number {
		return this.#perCpu ? this.#stride * this.machine.cpus : this.def.valueSize;
	}

	override lookup(_key: number): number {
		return this.#base + (this.#perCpu ? this.machine.environment.cpu * this.#stride : 0);
	}

	override lookupCpu(_key: number, cpu: number): number {
		return this.#base + (this.#perCpu ? cpu * this.#stride : 0);
	}

	override update(key: number, value: number): number {
		this.copyValue(this.lookup(key), value);
		return 0;
	}
}
