import { beforeAll, describe, expect, it } from "vitest";
import { bulkLoad, createKv, geometry, KvFile, lookupPath, memoryDevice, readXrpSync, type StorageHook, XrpError } from "ebpfcc";
import { compileProgram, compilePrograms } from "./programs.ts";

const LAYERS = 3;
const g = geometry(LAYERS);
let file: Uint8Array;
let programs: Awaited<ReturnType<typeof compilePrograms>>;

beforeAll(async () => {
	file = new Uint8Array(g.fileSize);
	let at = 0;
	await createKv(LAYERS, (chunk) => {
		file.set(chunk, at);
		at += chunk.length;
	});
	programs = await compilePrograms();
});

describe("BPF-KV through storage functions", () => {
	it("finds what is there, along the path that the tree's shape gives, and nothing else", () => {
		const trace: number[] = [];
		const kv = new KvFile(memoryDevice(file), programs, { trace });
		for (const key of [0, 1, 30, 31, 960, 961, 12345, g.keys - 1]) {
			trace.length = 0;
			expect(kv.get(key)).toBe(String(key));
			expect(trace).toEqual(lookupPath(g, key));
		}
		for (const key of [g.keys, g.keys + 1, 2 ** 40]) expect(kv.get(key)).toBeNull();
	});

	it("starts below the levels that are kept in memory", () => {
		const trace: number[] = [];
		for (const cacheLevels of [1, 2, 9]) {
			const kv = new KvFile(memoryDevice(file), programs, { trace, cacheLevels });
			for (const key of [0, 31, 961, 12345, g.keys - 1, g.keys]) {
				trace.length = 0;
				expect(kv.get(key)).toBe(key < g.keys ? String(key) : null);
				expect(trace).toEqual(lookupPath(g, key).slice(Math.min(cacheLevels, LAYERS - 1)));
			}
			expect(kv.range({ begin: 950, end: 1050 }).map(({ key }) => key)).toEqual(Array.from({ length: 100 }, (_, i) => 950 + i));
		}
	});

	it("forgets what it kept when the file's mapping changes", () => {
		const bytes = file.slice();
		const device = memoryDevice(bytes);
		const kv = new KvFile(device, programs, { cacheLevels: 2 });
		expect(kv.get(5)).toBe("5");
		// The root's first two children change places: what a stale cache would not know.
		const root = new DataView(bytes.buffer);
		const [first, second] = [root.getBigUint64(264, true), root.getBigUint64(272, true)];
		root.setBigUint64(264, second, true);
		root.setBigUint64(272, first, true);
		expect(kv.get(5)).toBe("5");
		device.remap();
		expect(kv.get(5)).toBeNull();
	});

	it("serves 32 keys in one chain, misses among them", () => {
		const kv = new KvFile(memoryDevice(file), programs);
		const keys = Array.from({ length: 70 }, (_, i) => (i * 977) % (g.keys + 5000));
		expect(kv.getMany(keys)).toEqual(keys.map((key) => (key < g.keys ? String(key) : null)));
		expect(kv.getMany([])).toEqual([]);
	});

	it.each([
		[{ begin: 0, end: 1 }, 0, 1],
		[{ begin: 5, end: 5 }, 5, 0],
		[{ begin: 5, end: 5, endInclusive: true }, 5, 1],
		[{ begin: 10, end: 20, beginExclusive: true, endInclusive: true }, 11, 10],
		[{ begin: 25, end: 57 }, 25, 32],
		[{ begin: 0, end: 32 }, 0, 32],
		[{ begin: 100, end: 1000 }, 100, 900],
		[{ begin: g.keys - 40, end: g.keys + 1000 }, g.keys - 40, 40],
		[{ begin: g.keys - 32, end: 2 ** 50 }, g.keys - 32, 32],
		[{ begin: 20, end: 10 }, 20, 0],
		[{ begin: g.keys, end: g.keys + 10 }, 0, 0],
	])("returns the range %j", (bounds, first, count) => {
		const kv = new KvFile(memoryDevice(file), programs);
		const pairs = kv.range(bounds);
		expect(pairs).toEqual(Array.from({ length: count }, (_, i) => ({ key: first + i, value: String(first + i) })));
	});

	it("reuses a range page for another range without losing keys", () => {
		const kv = new KvFile(memoryDevice(file), programs);
		for (const begin of [17, 3, 900, 44]) expect(kv.range({ begin, end: begin + 96 }).map(({ key }) => key)).toEqual(Array.from({ length: 96 }, (_, i) => begin + i));
	});

	it("folds a range where it is stored", () => {
		const kv = new KvFile(memoryDevice(file), programs);
		const bounds = { begin: 10, end: 1010 };
		expect(kv.aggregate("sum", bounds)).toBe(BigInt((1000 * (10 + 1009)) / 2));
		expect(kv.aggregate("count", bounds)).toBe(1000n);
		expect(kv.aggregate("min", bounds)).toBe(10n);
		expect(kv.aggregate("max", bounds)).toBe(1009n);
		expect(kv.aggregate("min", { begin: 7, end: 7 })).toBeNull();
		// The original's sum takes the first eight bytes of a value for a number: eight spaces each.
		expect(kv.aggregate("sum", bounds, { decimal: false })).toBe(BigInt.asIntN(64, 1000n * 0x2020202020202020n));
	});

	it("takes a key without a value for one that is not there", async () => {
		const parts: Uint8Array[] = [];
		const value = new TextEncoder().encode("one");
		await bulkLoad([[1, value], [2, null], [3, value], [40, null]], { append: (bytes) => void parts.push(bytes.slice()), writeFirstBlock: (bytes) => parts[0].set(bytes) });
		const kv = new KvFile(memoryDevice(new Uint8Array(Buffer.concat(parts))), programs);
		expect(kv.getMany([1, 2, 3, 40])).toEqual(["one", null, "one", null]);
		expect(kv.range({ begin: 0, end: 100 }).map(({ key }) => key)).toEqual([1, 3]);
		expect(kv.aggregate("count", { begin: 2, end: 100 })).toBe(1n);
	});

	it("answers from no block that is not a node", () => {
		const bytes = file.slice();
		bytes[lookupPath(g, 12_345)[2] + 8] = 200;
		const kv = new KvFile(memoryDevice(bytes), programs);
		expect(() => kv.get(12_345)).toThrow("no node: its type is");
		// The range begins in a leaf before: only the program knows.
		expect(() => kv.range({ begin: 12_300, end: 12_400 })).toThrow("the program returned -1: a block that is no node");
		expect(kv.get(1)).toBe("1");
	});

	it("says what is wrong with a file that is none", () => {
		expect(() => new KvFile(memoryDevice(file.slice(0, 700)), programs)).toThrow("in the middle of a node");
		expect(() => new KvFile(memoryDevice(new Uint8Array(2000).fill(7)), programs)).toThrow("is no node");
		const cut = new KvFile(memoryDevice(file.slice(0, 512 * 40)), programs);
		expect(() => cut.get(29_000)).toThrow(XrpError);
		expect(() => cut.get(29_000)).toThrow("outside the file");
	});
});

describe("a lookup over several sorted files", () => {
	let hook: StorageHook;
	beforeAll(async () => {
		hook = await compileProgram("lsm-get");
	});

	/** Scratch: key u64 · files u32 · file u32 · status u32 · at_value u32 · value_ptr u64 · value. */
	function lookup(files: readonly Uint8Array[], key: number): { status: string; file: number; value: string } {
		const [newest, ...older] = files.map((bytes) => memoryDevice(bytes));
		const page = new DataView(hook.memory.u8.buffer, hook.scratch, 4096);
		hook.memory.u8.fill(0, hook.scratch, hook.scratch + 128);
		page.setBigUint64(0, BigInt(key), true);
		page.setUint32(8, files.length, true);
		expect(readXrpSync(newest, hook, 0, { files: older }).ret).toBe(512);
		const value = Buffer.from(hook.memory.u8.subarray(hook.scratch + 32, hook.scratch + 96)).toString("latin1").replace(/\0.*$/s, "");
		return { status: ["searching", "found", "not found", "deleted"][page.getUint32(16, true)], file: page.getUint32(12, true), value };
	}

	async function table(entries: Iterable<readonly [number, string | null]>): Promise<Uint8Array> {
		const parts: Uint8Array[] = [];
		const pairs = [...entries].map(([key, value]) => [key, value === null ? null : new TextEncoder().encode(value)] as const);
		await bulkLoad(pairs, { append: (bytes) => void parts.push(bytes.slice()), writeFirstBlock: (bytes) => parts[0].set(bytes) });
		return new Uint8Array(Buffer.concat(parts));
	}

	it("takes the newest version, and lets tombstones hide older ones", async () => {
		const oldest = await table(Array.from({ length: 5000 }, (_, i) => [i, `old ${i}`] as const));
		const middle = await table(Array.from({ length: 500 }, (_, i) => [10 * i, i % 7 === 0 ? null : `middle ${10 * i}`] as const));
		const newest = await table([[20, "new 20"], [70, "back again"], [6000, null]]);
		const files = [newest, middle, oldest];
		expect(lookup(files, 20)).toEqual({ status: "found", file: 0, value: "new 20" });
		expect(lookup(files, 30)).toEqual({ status: "found", file: 1, value: "middle 30" });
		expect(lookup(files, 33)).toEqual({ status: "found", file: 2, value: "old 33" });
		expect(lookup(files, 70)).toEqual({ status: "found", file: 0, value: "back again" });
		expect(lookup(files, 140)).toMatchObject({ status: "deleted", file: 1 });
		expect(lookup(files, 6000)).toMatchObject({ status: "deleted", file: 0 });
		expect(lookup(files, 7000)).toMatchObject({ status: "not found" });
	});
});
