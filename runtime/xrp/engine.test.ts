import { describe, expect, it } from "vitest";
import { readXrpAsync } from "./async.ts";
import type { StorageHook } from "./chain.ts";
import { XRP_CONTEXT } from "./context.ts";
import { memoryDevice } from "./device.ts";
import { readXrpSync } from "./engine.ts";
import { readXrpFanout } from "./fanout.ts";

/** A hook written in TypeScript: what the program of a chain sees and may set. */
function hook(step: (c: { block: DataView; scratch: Uint8Array; done(): void; next(address: number, size?: number, slot?: number): void; asked(): number }) => number | undefined): StorageHook {
	const u8 = new Uint8Array(16384);
	const view = new DataView(u8.buffer);
	return {
		name: "test",
		instructions: 0,
		memory: { u8, view },
		context: 64,
		data: 4096,
		scratch: 8192,
		run: (at) =>
			step({
				block: new DataView(u8.buffer, 4096, 4096),
				scratch: u8.subarray(8192, 12288),
				done: () => view.setInt32(at + XRP_CONTEXT.done, 1, true),
				asked: () => Number(view.getBigUint64(at + XRP_CONTEXT.nextAddr, true)),
				next: (address, size = 512, slot = 0) => {
					view.setBigUint64(at + XRP_CONTEXT.nextAddr + 8 * slot, BigInt(address), true);
					view.setBigUint64(at + XRP_CONTEXT.size + 8 * slot, BigInt(size), true);
				},
			}) ?? 0,
	};
}

/** Blocks whose first word is their number. */
function blocks(n: number): Uint8Array {
	const bytes = new Uint8Array(512 * n);
	for (let i = 0; i < n; i++) new DataView(bytes.buffer).setUint32(512 * i, i, true);
	return bytes;
}

describe("an XRP chain", () => {
	it("follows the program from block to block", () => {
		const trace: number[] = [];
		const h = hook((c) => (c.block.getUint32(0, true) === 3 ? c.done() : c.next(512 * (c.block.getUint32(0, true) + 1)), 0));
		expect(readXrpSync(memoryDevice(blocks(4)), h, 0, { trace })).toEqual({ ret: 512, hops: 4, bytes: 2048, programReturn: 0 });
		expect(trace).toEqual([0, 512, 1024, 1536]);
	});

	it("reads up to eight blocks at once, by the caller's count or by the program's size, with zeros behind the file's end", () => {
		const words = (c: { block: DataView }) => Array.from({ length: 8 }, (_, i) => c.block.getUint32(512 * i, true));
		const seen: number[][] = [];
		const h = hook((c) => {
			seen.push(words(c));
			const hop = c.scratch[0]++;
			if (hop === 0) c.next(512 * 2, 4096);
			else if (hop === 1) c.next(512 * 9, 1536);
			else if (hop === 2) c.next(512, 0);
			else c.done();
			return 0;
		});
		// Size 0 is the count again; what a shorter read leaves of a longer one stays in the page.
		expect(readXrpSync(memoryDevice(blocks(11)), h, 0, { count: 1024 })).toMatchObject({ ret: 1024, hops: 4, bytes: 1024 + 4096 + 1536 + 1024 });
		expect(seen).toEqual([
			[0, 1, 0, 0, 0, 0, 0, 0],
			[2, 3, 4, 5, 6, 7, 8, 9],
			[9, 10, 0, 5, 6, 7, 8, 9],
			[1, 2, 0, 5, 6, 7, 8, 9],
		]);
		for (const size of [513, 4608, 8192]) {
			const asking = hook((c) => (c.next(0, size), 0));
			expect(readXrpSync(memoryDevice(blocks(2)), asking, 0)).toMatchObject({ ret: -95, cause: "address", hops: 1 });
		}
	});

	it("zeroes the context before every hop and keeps the scratch page", () => {
		const h = hook((c) => {
			expect(c.asked()).toBe(0);
			if (++c.scratch[0] === 3) c.done();
			else c.next(512);
			return 0;
		});
		expect(readXrpSync(memoryDevice(blocks(2)), h, 0).hops).toBe(3);
		expect(h.memory.u8[h.scratch]).toBe(3);
	});

	it.each([
		["a non-zero return", () => 22, "returned 22", 95],
		["an odd address", (c: { next(a: number): void }) => (c.next(100), 0), "no multiple of 512", 95],
		["an address outside the file", (c: { next(a: number): void }) => (c.next(2 ** 40), 0), "outside the file", 95],
		["an address of a file that is not there", (c: { next(a: number): void }) => (c.next(2 ** 57), 0), "names file 2 of 1", 95],
		["a second address", (c: { next(a: number, s?: number, i?: number): void }) => (c.next(0), c.next(512, 512, 5), 0), "slot 5", 95],
		["a size over a page", (c: { next(a: number, s?: number): void }) => (c.next(0, 8192), 0), "size 8192", 95],
		["an endless program", (c: { next(a: number): void }) => (c.next(0), 0), "more than 4096 reads", 40],
	] as const)("is ended by %s", (_, step, reason, errno) => {
		const result = readXrpSync(memoryDevice(blocks(2)), hook(step), 0);
		expect(result.ret).toBe(-errno);
		expect(result.reason).toContain(reason);
	});

	it("is ended by a file whose mapping changes under it", () => {
		const device = memoryDevice(blocks(4));
		const h = hook((c) => {
			if (c.scratch[0]++ === 1) device.remap();
			c.next(512);
			return 0;
		});
		const result = readXrpSync(device, h, 0);
		expect(result).toMatchObject({ ret: -95, hops: 3, reason: "the file's mapping changed" });
	});

	it("takes a read that ends before the file does for a file that was cut off, and nothing else", async () => {
		const bytes = blocks(4);
		const cut = (to: number) => {
			const left = memoryDevice(bytes.slice(0, to));
			const device = { ...left, size: bytes.length, version: 0, looks: 0, lookNow: () => {
				device.looks++;
				device.size = to;
				device.version++;
			} };
			return device;
		};
		const h = hook((c) => (c.scratch[0]++ === 0 ? c.next(1536) : c.done(), 0));
		for (const to of [1536, 1700]) {
			h.memory.u8[h.scratch] = 0;
			expect(readXrpSync(cut(to), h, 0)).toMatchObject({ ret: -95, cause: "mapping", hops: 2 });
			h.memory.u8[h.scratch] = 0;
			expect(readXrpFanout(cut(to), h, 0)).toMatchObject({ ret: -95, cause: "mapping", hops: 2 });
			h.memory.u8[h.scratch] = 0;
			expect(await readXrpAsync(cut(to), h, 0)).toMatchObject({ ret: -95, cause: "mapping", hops: 2 });
		}
		// The last block of a file need not be whole.
		const odd = { ...cut(1700), size: 1700 };
		h.memory.u8[h.scratch] = 0;
		expect(readXrpSync(odd, h, 0)).toMatchObject({ ret: 512, hops: 2 });
		expect(odd.looks).toBe(0);
	});

	it("reports a device's failure at every read as EIO", () => {
		for (let k = 0; k < 4; k++) {
			const good = memoryDevice(blocks(4));
			let reads = 0;
			const device = { ...good, size: good.size, version: 0, readSync: (...args: Parameters<typeof good.readSync>) => {
				if (reads++ === k) throw Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
				return good.readSync(...args);
			} };
			const h = hook((c) => (c.block.getUint32(0, true) === 3 ? c.done() : c.next(512 * (c.block.getUint32(0, true) + 1)), 0));
			expect(readXrpSync(device, h, 0)).toMatchObject({ ret: -5, hops: k });
		}
	});

	it("can be cancelled, and refuses a first address that is wrong", () => {
		const h = hook((c) => (c.next(0), 0));
		let asked = 0;
		expect(readXrpSync(memoryDevice(blocks(1)), h, 0, { cancelled: () => ++asked > 5 })).toMatchObject({ ret: -125, hops: 5 });
		expect(readXrpSync(memoryDevice(blocks(1)), h, 7).ret).toBe(-22);
		expect(readXrpSync(memoryDevice(blocks(1)), h, 0, { count: 100 }).ret).toBe(-22);
	});

	it("goes on in another file of the chain", () => {
		const h = hook((c) => (c.scratch[0]++ === 0 ? c.next(2 ** 56 + 1024) : c.done(), 0));
		const files = [memoryDevice(blocks(3))];
		expect(readXrpSync(memoryDevice(blocks(1)), h, 0, { files }).hops).toBe(2);
		expect(new DataView(h.memory.u8.buffer).getUint32(h.data, true)).toBe(2);
	});
});

describe("a chain with fan-out", () => {
	it("reads what was asked for in order, and ends when nothing is left", () => {
		const trace: number[] = [];
		// A binary tree over the blocks: block i asks for 2i + 1 and 2i + 2.
		const h = hook((c) => {
			const i = c.block.getUint32(0, true);
			expect(c.asked()).toBe(512 * i);
			for (const [slot, child] of [2 * i + 1, 2 * i + 2].entries()) if (child < 15) c.next(512 * child, 512, slot);
			return 0;
		});
		expect(readXrpFanout(memoryDevice(blocks(15)), h, 0, { trace })).toMatchObject({ ret: 512, hops: 15 });
		expect(trace).toEqual(Array.from({ length: 15 }, (_, i) => 512 * i));
	});

	it("is bounded in reads and in reads that wait", () => {
		const h = hook((c) => {
			for (let slot = 0; slot < 16; slot++) c.next(512, 512, slot);
			return 0;
		});
		expect(readXrpFanout(memoryDevice(blocks(2)), h, 0, { maxOutstanding: 100 })).toMatchObject({ ret: -11 });
		expect(readXrpFanout(memoryDevice(blocks(2)), h, 0, { maxHops: 50 })).toMatchObject({ ret: -40, hops: 50 });
		// No number is no limit to fall back on: the chain does not begin.
		expect(readXrpFanout(memoryDevice(blocks(2)), h, 0, { maxHops: Number.NaN })).toMatchObject({ ret: -40, hops: 0 });
		expect(readXrpSync(memoryDevice(blocks(2)), h, 0, { maxHops: Number.NaN })).toMatchObject({ ret: -40, hops: 0 });
	});
});
