/** BPF_MAP_TYPE_QUEUE and STACK (kernel/bpf/queue_stack_maps.c): values without keys, first-in-first-out or last-in-first-out. */
import { errno } from "../errno.ts";
import type { MapDef } from "../image.ts";
import type { Machine } from "../machine.ts";
import { BpfMap } from "./map.ts";

/** BPF_EXIST on a push: a full map gives up its oldest value. */
const replaceOldest = 2;

export class QueueStack extends BpfMap {
	readonly #lifo: boolean;
	readonly #base: number;
	/** Index of the oldest value. */
	#tail = 0;
	#count = 0;

	constructor(machine: Machine, def: MapDef, lifo: boolean) {
		super(machine, def);
		this.#lifo = lifo;
		this.#base = machine.memory.alloc(def.valueSize * def.maxEntries, 8, `values of map ${def.name}`);
	}

	get size(): number {
		return this.#count;
	}

	override push(value: number, flags: number): number {
		if (flags !== 0 && flags !== replaceOldest) return -errno.EINVAL;
		if (this.#count === this.def.maxEntries) {
			if (flags !== replaceOldest) return -errno.E2BIG;
			this.#tail = (this.#tail + 1) % this.def.maxEntries;
			this.#count--;
		}
		this.machine.memory.u8.copyWithin(this.#at(this.#count), value, value + this.def.valueSize);
		this.#count++;
		return 0;
	}

	override peek(value: number): number {
		const { u8 } = this.machine.memory;
		if (this.#count === 0) {
			u8.fill(0, value, value + this.def.valueSize);
			return -errno.ENOENT;
		}
		const at = this.#at(this.#lifo ? this.#count - 1 : 0);
		u8.copyWithin(value, at, at + this.def.valueSize);
		return 0;
	}

	override pop(value: number): number {
		const result = this.peek(value);
		if (result !== 0) return result;
		if (!this.#lifo) this.#tail = (this.#tail + 1) % this.def.maxEntries;
		this.#count--;
		return 0;
	}

	/** User space updates without a key to push, looks up to peek and "looks up and deletes" to pop. */
	override userUpdate(_key: Uint8Array, value: Uint8Array, flags: number): number {
		if (value.length !== this.def.valueSize) return -errno.EINVAL;
		return this.withKeyValue(new Uint8Array(0), value, (_k, v) => this.push(v, flags));
	}

	override userLookup(): Uint8Array | null {
		return this.#take((v) => this.peek(v));
	}

	userPop(): Uint8Array | null {
		return this.#take((v) => this.pop(v));
	}

	#take(read: (value: number) => number): Uint8Array | null {
		return this.withKeyValue(new Uint8Array(0), new Uint8Array(this.def.valueSize), (_k, v) =>
			read(v) < 0 ? null : this.machine.memory.u8.slice(v, v + this.def.valueSize),
		);
	}

	/** Address of the n-th value from the oldest. */
	#at(n: number): number {
		return this.#base + ((this.#tail + n) % this.def.maxEntries) * this.def.valueSize;
	}
}
