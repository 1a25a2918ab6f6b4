/**
 * BPF_MAP_TYPE_ARENA (kernel/bpf/arena.c): up to max_entries pages that a program allocates itself. Both of its address spaces are the one memory here;
 * the pages are set aside at once (32,768 at most), and an allocation marks them.
 */
import { errno } from "../errno.ts";
import type { MapDef } from "../image.ts";
import type { Machine } from "../machine.ts";
import { BpfMap, header } from "./map.ts";

const pageSize = 4096;
/** An arena may span 4 GiB of addresses, which is all the memory there is: no more than this many of its pages can be had. */
const largest = 1 << 15;

export class Arena extends BpfMap {
	readonly base: number;
	readonly #used: Uint8Array;

	constructor(machine: Machine, def: MapDef) {
		super(machine, def);
		const pages = Math.min(def.maxEntries, largest);
		this.base = machine.memory.alloc(pages * pageSize, pageSize, `arena ${def.name}`);
		this.#used = new Uint8Array(pages);
		if (def.initial !== null) {
			// The object's own variables: user space touched their pages, so they are taken.
			const data = def.initial.subarray(0, pages * pageSize);
			machine.memory.u8.set(data, this.base);
			this.#used.fill(2, 0, Math.ceil(data.length / pageSize));
		}
		machine.memory.view.setBigUint64(this.address + header.userStart, BigInt(this.base), true);
		machine.memory.view.setBigUint64(this.address + header.userEnd, BigInt(this.base) + BigInt(def.maxEntries) * BigInt(pageSize), true);
	}

	override valueBase(): number {
		return this.base;
	}

	/** Address of `count` free pages in a row, at `wanted` when that is not 0; 0: there are none. */
	allocate(wanted: number, count: number): number {
		if (count === 0 || count > this.#used.length) return 0;
		const first = wanted === 0 ? this.#firstFit(count) : (wanted - this.base) / pageSize;
		if (
			!Number.isInteger(first) ||
			first < 0 ||
			first + count > this.#used.length ||
			this.#used.subarray(first, first + count).some((mark) => mark !== 0)
		)
			return 0;
		this.#used.fill(1, first, first + count);
		const at = this.base + first * pageSize;
		this.machine.memory.u8.fill(0, at, at + count * pageSize);
		return at;
	}

	/** Marks pages as taken for user space: allocation passes them over. 0, or −EBUSY, −EINVAL. */
	reserve(address: number, count: number): number {
		const first = (address - this.base) / pageSize;
		if (!Number.isInteger(first) || first < 0 || count > this.#used.length || first + count > this.#used.length) return -errno.EINVAL;
		if (this.#used.subarray(first, first + count).some((mark) => mark !== 0)) return -errno.EBUSY;
		this.#used.fill(2, first, first + count);
		return 0;
	}

	/** Freed pages read as zero: a program's access to a missing arena page does. Reserved ones stay. */
	release(address: number, count: number): void {
		const first = Math.floor((address - this.base) / pageSize);
		if (first < 0 || first + count > this.#used.length) return;
		for (let page = first; page < first + count; page++) {
			if (this.#used[page] !== 1) continue;
			this.#used[page] = 0;
			this.machine.memory.u8.fill(0, this.base + page * pageSize, this.base + (page + 1) * pageSize);
		}
	}

	#firstFit(count: number): number {
		let run = 0;
		for (let i = 0; i < this.#used.length; i++) {
			run = this.#used[i] === 0 ? run + 1 : 0;
			if (run === count) return i - count + 1;
		}
		return -1;
	}
}
