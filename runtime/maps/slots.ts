/**
 * Maps whose values name something outside: devices, CPUs, AF_XDP sockets, sockets, cgroups, perf counters. Programs redirect to a slot;
 * a slot whose first word is 0 is empty. The values are kept as user space set them; where a packet was sent is told by the run's result.
 */
import { errno } from "../errno.ts";
import type { MapDef } from "../image.ts";
import type { Machine } from "../machine.ts";
import { ArrayMap } from "./array.ts";
import { HashMap } from "./hash.ts";
import type { MapLayout } from "./map.ts";

export class SlotArray extends ArrayMap {
	constructor(machine: Machine, def: MapDef) {
		super(machine, def, false);
	}

	override get layout(): MapLayout {
		return { kind: "opaque" };
	}

	override lookup(key: number): number {
		const at = super.lookup(key);
		return at !== 0 && this.machine.memory.view.getUint32(at, true) !== 0 ? at : 0;
	}

	/** Slots are told apart from empty ones here, so an update writes to the place itself. */
	override update(key: number, value: number, flags: number): number {
		const index = this.index(key);
		if (flags > 2) return -errno.EINVAL;
		if (index >= this.def.maxEntries) return -errno.E2BIG;
		const at = this.at(index, 0);
		const empty = this.machine.memory.view.getUint32(at, true) === 0;
		if (flags === 1 && !empty) return -errno.EEXIST;
		if (flags === 2 && empty) return -errno.ENOENT;
		this.machine.memory.u8.copyWithin(at, value, value + this.def.valueSize);
		return 0;
	}

	override delete(key: number): number {
		const index = this.index(key);
		if (index >= this.def.maxEntries) return -errno.EINVAL;
		const at = this.at(index, 0);
		if (this.machine.memory.view.getUint32(at, true) === 0) return -errno.ENOENT;
		this.machine.memory.u8.fill(0, at, at + this.def.valueSize);
		return 0;
	}

	override *entries(): Iterable<readonly [key: number, value: number]> {
		for (const [key, value] of super.entries()) if (this.machine.memory.view.getUint32(value, true) !== 0) yield [key, value];
	}
}

/** DEVMAP_HASH and SOCKHASH: the same with keys. */
export class SlotHash extends HashMap {
	constructor(machine: Machine, def: MapDef) {
		super(machine, def, { perCpu: false, lru: false });
	}

	override get layout(): MapLayout {
		return { kind: "opaque" };
	}
}
