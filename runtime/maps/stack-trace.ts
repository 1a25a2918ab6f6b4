/** BPF_MAP_TYPE_STACK_TRACE (kernel/bpf/stackmap.c): call stacks by id; the id is a hash of the stack, values are u64 addresses padded with 0. */
import { errno } from "../errno.ts";
import type { MapDef } from "../image.ts";
import type { Machine } from "../machine.ts";
import { hashKey } from "./hash-table.ts";
import { BpfMap } from "./map.ts";

const flags = { skip: 0xffn, fastCompare: 1n << 9n, reuse: 1n << 10n } as const;

export class StackTrace extends BpfMap {
	readonly #stacks = new Map<number, number>();

	/** bpf_get_stackid: the id, or −EEXIST when another stack has it. */
	put(stack: readonly bigint[], options: bigint): number {
		const depth = this.def.valueSize / 8;
		const frames = stack.slice(Number(options & flags.skip)).slice(0, depth);
		if (frames.length === 0) return -errno.EFAULT;
		const { memory } = this.machine;
		const at = memory.alloc(this.def.valueSize, 8, `stack of map ${this.def.name}`);
		if (at === 0) return -errno.ENOMEM;
		for (const [i, address] of frames.entries()) memory.view.setBigUint64(at + 8 * i, BigInt.asUintN(64, address), true);
		const id = (hashKey(memory.view, at, frames.length * 8) >>> 0) % roundUpPowerOfTwo(this.def.maxEntries);
		const known = this.#stacks.get(id);
		if (known !== undefined) {
			const same = memory.u8.subarray(at, at + this.def.valueSize).every((byte, i) => byte === memory.u8[known + i]);
			if (same || (options & flags.reuse) === 0n) {
				memory.free(at);
				return same || (options & flags.fastCompare) !== 0n ? id : -errno.EEXIST;
			}
			memory.free(known);
		}
		this.#stacks.set(id, at);
		return id;
	}

	override lookup(key: number): number {
		return this.#stacks.get(this.machine.memory.view.getUint32(key, true)) ?? 0;
	}

	override delete(key: number): number {
		return this.#stacks.delete(this.machine.memory.view.getUint32(key, true)) ? 0 : -errno.ENOENT;
	}

	override *entries(): Iterable<readonly [key: number, value: number]> {
		const { memory } = this.machine;
		const key = memory.alloc(8, 8, `key of map ${this.def.name}`);
		for (const [id, value] of this.#stacks) {
			memory.view.setUint32(key, id, true);
			yield [key, value];
		}
		memory.free(key);
	}

	// A bucket number is the index; the kernel sizes its table the same way.
	static bytes(def: MapDef): number {
		return roundUpPowerOfTwo(def.maxEntries) * def.valueSize;
	}

	constructor(machine: Machine, def: MapDef) {
		super(machine, def);
		machine.memory.reserve(StackTrace.bytes(def));
	}
}

function roundUpPowerOfTwo(n: number): number {
	let power = 1;
	while (power < n) power *= 2;
	return power;
}
