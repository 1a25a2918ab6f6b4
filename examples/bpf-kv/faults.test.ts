/** What a chain makes of storage that fails, shrinks or changes under it: an answer that is right, or an error that says why. */
import { appendFileSync, mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AsyncKvFile, type BlockDevice, bulkLoad, geometry, KvFile, type KvPrograms, lookupPath, memoryDevice, writeBlocks, XrpError, XrpRunner } from "ebpfcc";
import { createKvFile, type FileDevice, openFileDevice } from "ebpfcc/runtime/node";
import { compilePrograms } from "./programs.ts";

const LAYERS = 3;
const g = geometry(LAYERS);
const KEY = 12_345;
const folder = mkdtempSync(join(tmpdir(), "kv-faults-"));
const path = join(folder, "test.db");
let programs: KvPrograms;

beforeAll(async () => {
	programs = await compilePrograms();
});
beforeEach(async () => void (await createKvFile(path, LAYERS)));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A device that does something of the test's before each read. */
function watched<D extends BlockDevice>(device: D, before: (read: number, offset: number) => void): BlockDevice & { reads: number } {
	return {
		reads: 0,
		get size() {
			return device.size;
		},
		get version() {
			return device.version;
		},
		readSync(into, at, length, offset) {
			before(this.reads++, offset);
			return device.readSync(into, at, length, offset);
		},
		read: device.read,
		validate: () => device.validate?.(),
		close: () => device.close(),
	};
}

function failure(run: () => unknown): XrpError {
	try {
		run();
	} catch (error) {
		if (error instanceof XrpError) return error;
		throw error;
	}
	throw new Error("nothing failed");
}

describe("a file that changes under its chains", () => {
	let device: FileDevice;
	beforeEach(() => {
		device = openFileDevice(path, { validateEvery: 0 });
	});

	it("when it is cut off: no lookup beyond the cut is answered, the others are", () => {
		const kv = new KvFile(device, programs, { layers: LAYERS });
		truncateSync(path, g.logBase + 64 * 20_000);
		expect(kv.get(KEY)).toBe(String(KEY));
		expect(failure(() => kv.get(29_000)).result).toMatchObject({ ret: -95, cause: "address" });
		truncateSync(path, 512 * 40);
		expect(failure(() => kv.get(29_000)).message).toContain("lies outside the file's 20480 bytes");
		truncateSync(path, 0);
		expect(failure(() => kv.get(0)).result).toMatchObject({ ret: -22, hops: 0 });
		device.close();
	});

	it("when it grows in the middle of a chain: that chain is aborted, the next one succeeds", () => {
		let appended = 0;
		const growing = watched(device, (read) => {
			if (read === 2 || read === 5) {
				appendFileSync(path, Buffer.alloc(512));
				appended++;
			}
		});
		const kv = new KvFile(growing, programs, { layers: LAYERS });
		expect(kv.get(KEY)).toBe(String(KEY));
		expect(appended).toBe(2);
		expect(kv.retries).toBe(2);
		expect(kv.range({ begin: KEY, end: KEY + 100 }).map(({ key }) => key)).toEqual(Array.from({ length: 100 }, (_, i) => KEY + i));
		device.close();
	});

	it("when it grows without end: the error says what was tried", () => {
		const growing = watched(device, () => appendFileSync(path, Buffer.alloc(512)));
		const kv = new KvFile(growing, programs, { layers: LAYERS });
		expect(failure(() => kv.get(KEY)).result).toMatchObject({ ret: -95, cause: "mapping" });
		expect(kv.retries).toBe(3);
		expect(failure(() => kv.range({ begin: 0, end: 10 })).result.cause).toBe("mapping");
		expect(failure(() => kv.getMany([1, 2])).result.cause).toBe("mapping");
		expect(failure(() => kv.aggregate("sum", { begin: 0, end: 10 })).result.cause).toBe("mapping");
		device.close();
	});
});

describe("a block that changes under a running chain", () => {
	const file = new Uint8Array(g.fileSize);
	writeBlocks(g, 0, g.fileSize / 512, file);
	const way = lookupPath(g, KEY);

	it("shows the lookup the old block or the new one, never half of each", () => {
		const bytes = file.slice();
		const device = watched(memoryDevice(bytes), (read) => {
			// Just before the leaf is read, its entry comes to point at another value.
			if (read === 2) new DataView(bytes.buffer).setUint32(way[2] + 264 + 8 * (KEY % 31), g.logBase + 64 * 777, true);
		});
		expect(new KvFile(device, programs).get(KEY)).toBe("777");
	});

	it("ends a lookup that is led outside the file, and one that is led round in circles", () => {
		const outside = file.slice();
		outside.fill(0x7f, way[1] + 264, way[1] + 512);
		const kv = new KvFile(memoryDevice(outside), programs);
		expect(failure(() => kv.get(KEY)).result).toMatchObject({ ret: -95, hops: 2 });
		const circle = file.slice();
		const view = new DataView(circle.buffer);
		for (let i = 0; i < 31; i++) view.setBigUint64(way[1] + 264 + 8 * i, 1n << 63n, true);
		expect(failure(() => new KvFile(memoryDevice(circle), programs, { maxHops: 100 }).get(KEY)).result).toMatchObject({ ret: -40, cause: "hops", hops: 100 });
	});
});

describe("a tree that was not written to its end, or leads in circles", () => {
	const file = new Uint8Array(g.fileSize);
	writeBlocks(g, 0, g.fileSize / 512, file);
	const way = lookupPath(g, KEY);
	const all = (kv: KvFile) => [() => kv.get(KEY), () => kv.getMany([1, KEY]), () => kv.range({ begin: KEY, end: KEY + 10 }), () => kv.aggregate("sum", { begin: KEY, end: KEY + 10 })];

	it.each([1, 2])("names the hole at level %i, and does not go round in it", (level) => {
		const holed = file.slice();
		holed.fill(0, way[level], way[level] + 512);
		for (const run of all(new KvFile(memoryDevice(holed), programs))) {
			const { message, result, damage } = failure(run);
			expect(message).toContain(`the tree is damaged at ${way[level]}: all zeros: a node that was never written, or a hole in a sparse file`);
			expect(damage).toMatchObject({ offset: way[level] });
			// The zeros are read once; two keys take four more reads.
			expect(result).toMatchObject({ ret: -95, cause: "program" });
			expect(result.hops).toBeLessThanOrEqual(level + 1 + LAYERS + 1);
		}
		expect(new KvFile(memoryDevice(holed), programs).get(1)).toBe("1");
	});

	it("ends a descent that comes back to the root after 32 levels a key", () => {
		const circle = file.slice();
		const view = new DataView(circle.buffer);
		for (let i = 0; i < 31; i++) view.setBigUint64(way[1] + 264 + 8 * i, 1n << 63n, true);
		for (const run of all(new KvFile(memoryDevice(circle), programs))) {
			const { message, result } = failure(run);
			expect(message).toContain("more than 32 levels above key 12345: the tree has a loop");
			expect(result.hops).toBeLessThanOrEqual(66);
		}
	});

	it("ends a range along leaves that lead back", () => {
		const circle = file.slice();
		const leaf = way[2];
		new DataView(circle.buffer).setUint32(leaf, leaf - 512, true);
		const kv = new KvFile(memoryDevice(circle), programs);
		for (const run of [() => kv.range({ begin: KEY, end: KEY + 100 }), () => kv.aggregate("max", { begin: KEY, end: KEY + 100 })]) {
			const { message, result } = failure(run);
			expect(message).toContain("the program returned -3: a tree, or a row of leaves, that leads in circles");
			expect(result.hops).toBeLessThan(100);
		}
	});

	it("says the same when it is read without waiting", async () => {
		const holed = file.slice();
		holed.fill(0, way[1], way[1] + 512);
		const device = memoryDevice(holed);
		const { get, range, sum } = programs;
		const kv = new AsyncKvFile({ device, service: new XrpRunner({ device, programs: [[get], [range], [sum]] }) });
		await expect(kv.get(KEY)).rejects.toThrow(`the tree is damaged at ${way[1]}: all zeros`);
		await expect(kv.range({ begin: KEY, end: KEY + 10 })).rejects.toThrow("the program returned -2: a pointer that is not marked as a file offset");
		await expect(kv.aggregate("sum", { begin: KEY, end: KEY + 10 })).rejects.toThrow("the program returned -2");
	});

	it("takes a deleted key for deleted when plain reads answer as well", async () => {
		const parts: Uint8Array[] = [];
		let first = new Uint8Array();
		await bulkLoad([[1, new Uint8Array([65])], [2, null]], { append: (bytes) => void parts.push(bytes.slice()), writeFirstBlock: (bytes) => void (first = bytes.slice()) });
		const device = memoryDevice(new Uint8Array(Buffer.concat([first, ...parts.slice(1)])));
		const refusing = { ...programs.get, run: () => 1 };
		const kv = new AsyncKvFile({ device, service: new XrpRunner({ device, programs: [[refusing]] }) });
		expect((await kv.get(1))?.[0]).toBe(65);
		expect(await kv.get(2)).toBeNull();
		expect(await kv.get(3)).toBeNull();
		expect(kv.statistics.fallbacks).toBe(3);
	});
});

describe("a device that fails at every k-th read", () => {
	it.each([1, 2, 3, 4, 5, 7, 11])("k = %i", async (k) => {
		const bytes = new Uint8Array(g.fileSize);
		writeBlocks(g, 0, g.fileSize / 512, bytes);
		const device = watched(memoryDevice(bytes), (read) => {
			if ((read + 1) % k === 0) throw Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
		});
		const kv = new KvFile(device, programs, { layers: LAYERS });
		let answered = 0;
		let failed = 0;
		for (let i = 0; i < 40; i++) {
			const key = (i * 743) % g.keys;
			try {
				expect(kv.get(key)).toBe(String(key));
				answered++;
			} catch (error) {
				expect(error).toBeInstanceOf(XrpError);
				expect((error as XrpError).result).toMatchObject({ ret: -5, cause: "device" });
				expect((error as XrpError).message).toContain("EIO: i/o error");
				failed++;
			}
		}
		// Every k-th read fails, and each failure ends one lookup of at most four reads.
		expect(failed).toBe(Math.floor(device.reads / k));
		expect(answered).toBe(40 - failed);
		if (k > LAYERS + 1) expect(answered).toBeGreaterThan(0);
	});
});
