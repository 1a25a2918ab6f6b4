/**
 * BPF_MAP_TYPE_ARRAY and PERCPU_ARRAY: value i at base + i * stride, all present from the start (kernel/bpf/arraymap.c).
 * The global data sections are arrays of one value. Maps whose slots hold small numbers (devices, CPUs, sockets) build on it.
 */
import { errno } from "../errno.ts";
import type { MapDef } from "../image.ts";
import type { Machine } from "../machine.ts";
import type { MapLayout } from "./map.ts";
import { BpfMap, roundUp8, updateFlags } from "./map.ts";

export class ArrayMap extends BpfMap {
	readonly base: number;
	readonly stride: number;
	readonly #perCpu: boolean;

	constructor(machine: Machine, def: MapDef, perCpu: boolean) {
		super(machine, def);
		this.#perCpu = perCpu;
		this.stride = roundUp8(def.valueSize);
		const bytes = this.stride * def.maxEntries * (perCpu ? machine.cpus : 1);
		// Programs may not store to a read-only section even when nothing verified them.
		this.base = machine.memory.alloc(bytes, 8, `values of map ${def.name}`, !def.frozen);
		if (def.initial !== null) machine.memory.u8.set(def.initial, this.base);
	}

	override get layout(): MapLayout {
		return { kind: "array", base: this.base, stride: this.stride, entries: this.def.maxEntries, perCpu: this.#perCpu };
	}

	override get perCpu(): boolean {
		return this.#perCpu;
	}

	override get userValueSize(): number {
		return this.#perCpu ? this.stride * this.machine.cpus : this.def.valueSize;
	}

	override valueBase(): number {
		return this.base;
	}

	override lookup(key: number): number {
		return this.at(this.index(key), this.#perCpu ? this.machine.environment.cpu : 0);
	}

	override lookupCpu(key: number, cpu: number): number {
		return cpu < this.machine.cpus ? this.at(this.index(key), this.#perCpu ? cpu : 0) : 0;
	}

	override update(key: number, value: number, flags: number): number {
		const index = this.index(key);
		if ((flags & ~updateFlags.lock) >>> 0 > updateFlags.exist) return -errno.EINVAL;
		if (index >= this.def.maxEntries) return -errno.E2BIG;
		if (flags & updateFlags.noExist) return -errno.EEXIST;
		if (this.lacksLock(flags)) return -errno.EINVAL;
		const at = this.lookup(key);
		this.copyValue(at, value);
		return 0;
	}

	override delete(_key: number): number {
		return -errno.EINVAL;
	}

	override *entries(): Iterable<readonly [key: number, value: number]> {
		const { memory, environment } = this.machine;
		const key = memory.alloc(8, 8, `key of map ${this.def.name}`);
		try {
			for (let i = 0; i < this.def.maxEntries; i++) {
				memory.view.setUint32(key, i, true);
				yield [key, this.at(i, this.#perCpu ? environment.cpu : 0)];
			}
		} finally {
			memory.free(key);
		}
	}

	protected index(key: number): number {
		return this.machine.memory.view.getUint32(key, true);
	}

	protected at(index: number, cpu: number): number {
		return index < this.def.maxEntries ? this.base + (cpu * this.def.maxEntries + index) * this.stride : 0;
	}
}
