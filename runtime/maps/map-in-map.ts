/**
 * BPF_MAP_TYPE_ARRAY_OF_MAPS and HASH_OF_MAPS (kernel/bpf/map_in_map.c): values are maps. A program's lookup gives the inner map itself,
 * so the stored value is the inner map's address and the lookup returns it.
 */
import { errno } from "../errno.ts";
import type { MapDef } from "../image.ts";
import type { Machine } from "../machine.ts";
import { ArrayMap } from "./array.ts";
import { HashMap } from "./hash.ts";
import type { BpfMap, MapLayout } from "./map.ts";

export class ArrayOfMaps extends ArrayMap {
	constructor(machine: Machine, def: MapDef) {
		super(machine, def, false);
	}

	override get layout(): MapLayout {
		return { kind: "opaque" };
	}

	override lookup(key: number): number {
		const at = super.lookup(key);
		return at === 0 ? 0 : this.machine.memory.view.getUint32(at, true);
	}

	/** Programs cannot change the outer map; user space does, by key. */
	override update(): number {
		return -errno.EINVAL;
	}

	/** Address of the inner map at a key; 0: none. */
	withInner(key: Uint8Array): number {
		return this.withKey(key, (k) => this.lookup(k));
	}

	setInner(key: Uint8Array, inner: BpfMap | null): number {
		const slot = this.withKey(key, (k) => super.lookup(k));
		if (slot === 0) return -errno.E2BIG;
		this.machine.memory.view.setUint32(slot, inner?.address ?? 0, true);
		return 0;
	}

	override *entries(): Iterable<readonly [key: number, value: number]> {
		for (const [key, value] of super.entries()) if (this.machine.memory.view.getUint32(value, true) !== 0) yield [key, value];
	}
}

export class HashOfMaps extends HashMap {
	constructor(machine: Machine, def: MapDef) {
		super(machine, def, { perCpu: false, lru: false });
	}

	override get layout(): MapLayout {
		return { kind: "opaque" };
	}

	override lookup(key: number): number {
		const at = super.lookup(key);
		return at === 0 ? 0 : this.machine.memory.view.getUint32(at, true);
	}

	override update(): number {
		return -errno.EINVAL;
	}

	override delete(): number {
		return -errno.EINVAL;
	}

	withInner(key: Uint8Array): number {
		return this.withKey(key, (k) => this.lookup(k));
	}

	setInner(key: Uint8Array, inner: BpfMap | null): number {
		if (inner === null) return this.withKey(key, (k) => super.delete(k));
		const value = new Uint8Array(4);
		new DataView(value.buffer).setUint32(0, inner.address, true);
		return this.withKeyValue(key, value, (k, v) => super.update(k, v, 0));
	}
}
