import { beforeAll, describe, expect, it } from "vitest";
import { BLOCK, type BlockDevice, type Geometry, geometry, GetPage, latencyDevice, lookupPath, readXrpAsync, readXrpSync, SimulatedClock, STORAGE_STACK, type StorageHook, writeBlocks, XrpRunner } from "ebpfcc";
import { storageProgram } from "../../test/support/storage-programs.ts";
import { XRP_CONTEXT } from "./context.ts";

/** A file of any size that is computed where it is read. */
function generated(g: Geometry): BlockDevice {
	const readSync = (into: Uint8Array, at: number, length: number, offset: number) => {
		writeBlocks(g, offset / BLOCK, length / BLOCK, into.subarray(at, at + length));
		return length;
	};
	return { size: g.fileSize, version: 0, readSync, read: async (...args) => readSync(...args), close: () => {} };
}

const whole = Object.values(STORAGE_STACK).reduce<number>((sum, ns) => sum + ns, 0);
const inDriver = STORAGE_STACK.driver + STORAGE_STACK.device;
const above = whole - inDriver;
const g = geometry(6);

describe("a latency model", () => {
	let get: StorageHook;
	beforeAll(async () => {
		[get] = await storageProgram("get");
	});

	it("comes to the paper's ratio of one read() a level and one chain, at each depth", () => {
		// Table 3: read() / XRP at depth 1 to 6.
		const paper = [1.25, 1.45, 1.52, 1.57, 1.63, 1.67];
		for (const [i, expected] of paper.entries()) {
			const geo = geometry(i + 1);
			const clock = new SimulatedClock();
			new GetPage(get.memory.u8.subarray(get.scratch, get.scratch + 4096)).prepareOne(geo.keys - 1);
			clock.advance(above);
			const { hops } = readXrpSync(latencyDevice(generated(geo), clock, { perRead: inDriver }), get, 0);
			expect(hops).toBe(i + 2);
			expect(clock.now).toBe(above + hops * inDriver);
			expect((hops * whole) / clock.now / expected).toBeGreaterThan(0.95);
			expect((hops * whole) / clock.now / expected).toBeLessThan(1.06);
		}
	});

	it("lets reads overlap as far as the device has channels, the same at every run", async () => {
		const run = async (channels?: number) => {
			const clock = new SimulatedClock();
			const device = latencyDevice(generated(geometry(1)), clock, { perRead: 1000, ...(channels ? { channels } : {}) });
			const ends = Array.from({ length: 8 }, async (_, i) => {
				await device.read(new Uint8Array(512), 0, 512, 512 * (i % 4));
				return clock.now;
			});
			return clock.run(Promise.all(ends));
		};
		expect(await run(1)).toEqual([1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000]);
		expect(await run(4)).toEqual([1000, 1000, 1000, 1000, 2000, 2000, 2000, 2000]);
		expect(await run()).toEqual(new Array(8).fill(1000));
	});

	it("answers many lookups right that share one program and one data page", async () => {
		const hooks = await storageProgram("get", 16);
		const clock = new SimulatedClock();
		const runner = new XrpRunner({ device: latencyDevice(generated(g), clock, { perRead: inDriver, channels: 3 }), programs: [hooks] });
		const keys = Array.from({ length: 50 }, (_, i) => (i * 7_919_777) % g.keys);
		const values = await clock.run(
			runner.readXrpMany(
				keys.map((key) => ({
					offset: 0,
					fill: (scratch: Uint8Array) => new GetPage(scratch).prepareOne(key),
					take: (_: unknown, scratch: Uint8Array) => Buffer.from(new GetPage(scratch).value(0)).toString("latin1").replace(/\0/, "").trim(),
				})),
			),
		);
		expect(values).toEqual(keys.map(String));
		expect(runner.statistics).toMatchObject({ chains: 50, hops: keys.reduce((sum, key) => sum + lookupPath(g, key).length, 0) });
		// 350 reads over three channels, and no channel idle for long.
		expect(clock.now).toBeGreaterThanOrEqual(Math.ceil(350 / 3) * inDriver);
		expect(clock.now).toBeLessThan(1.1 * (350 / 3) * inDriver);
		await runner.close();
		await expect(runner.readXrp({ offset: 0, fill: () => {}, take: () => 0 })).rejects.toThrow("closed");
	});

	it("overlaps the reads of one hop and runs the program in the order in which they were asked for", async () => {
		const clock = new SimulatedClock();
		const size = 512 * 20;
		const bytes = new Uint8Array(size);
		for (let i = 0; i < 20; i++) bytes[512 * i] = i;
		// The later a block, the sooner it comes.
		const device: BlockDevice = {
			size,
			version: 0,
			readSync: () => 0,
			async read(into, at, length, offset) {
				await clock.until(clock.now + 1000 * (20 - offset / 512));
				into.set(bytes.subarray(offset, offset + length), at);
				return length;
			},
			close: () => {},
		};
		const seen: number[] = [];
		const u8 = new Uint8Array(16384);
		const view = new DataView(u8.buffer);
		const hook: StorageHook = {
			name: "fan",
			instructions: 0,
			memory: { u8, view },
			context: 64,
			data: 4096,
			scratch: 8192,
			run: (at) => {
				seen.push(u8[4096]);
				if (u8[4096] === 0)
					for (let slot = 0; slot < 16; slot++) {
						view.setUint32(at + XRP_CONTEXT.nextAddr + 8 * slot, 512 * (slot + 1), true);
						view.setUint32(at + XRP_CONTEXT.size + 8 * slot, 512, true);
					}
				return 0;
			},
		};
		const result = await clock.run(readXrpAsync(device, hook, 0, { fanout: true }));
		expect(result).toMatchObject({ ret: 512, hops: 17, bytes: 17 * 512 });
		expect(seen).toEqual(Array.from({ length: 17 }, (_, i) => i));
		// The root, then the slowest of sixteen: not their sum.
		expect(clock.now).toBe(20_000 + 19_000);
		expect(await clock.run(readXrpAsync(device, hook, 0, { fanout: true, maxHops: 5 }))).toMatchObject({ ret: -40, hops: 5 });
		expect(await clock.run(readXrpAsync(device, hook, 0, { fanout: true, maxOutstanding: 8 }))).toMatchObject({ ret: -11 });
		expect(await clock.run(readXrpAsync(device, hook, 0))).toMatchObject({ ret: -95, cause: "address" });
	});

	it("says so when nothing on its clock can end the wait", async () => {
		await expect(new SimulatedClock().run(new Promise(() => {}))).rejects.toThrow("not on its clock");
	});
});
