import { beforeAll, describe, expect, it } from "vitest";
import { createKv, geometry, KvDatabase, type KvPrograms, KvStore, memoryDevice, ObjectCache, valueText, type WritableFile } from "ebpfcc";
import { storageProgram } from "../../test/support/storage-programs.ts";

const LAYERS = 2;
const g = geometry(LAYERS);
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A file in memory that a device reads while a store writes to it; each write waits for `gate`. */
class SharedFile implements WritableFile {
	bytes = new Uint8Array(0);
	version = 0;
	gate: () => Promise<void> = async () => {};
	size = async () => this.bytes.length;
	read = async (offset: number, length: number) => this.bytes.slice(offset, offset + length);
	sync = async () => {};
	close = async () => {};

	async write(offset: number, data: Uint8Array): Promise<void> {
		await this.gate();
		if (offset + data.length > this.bytes.length) {
			const grown = new Uint8Array(offset + data.length);
			grown.set(this.bytes);
			this.bytes = grown;
			this.version++;
		}
		this.bytes.set(data, offset);
	}

	async truncate(size: number): Promise<void> {
		this.bytes = this.bytes.slice(0, size);
		this.version++;
	}

	/** @param looks whether the device notices by itself that the file has changed; a real one looks now and then */
	device(looks = true) {
		const of = () => memoryDevice(this.bytes);
		const file = this;
		return { get size() { return file.bytes.length; }, get version() { return looks ? file.version : 0; }, readSync: (...args: Parameters<ReturnType<typeof of>["readSync"]>) => of().readSync(...args), read: (...args: Parameters<ReturnType<typeof of>["read"]>) => of().read(...args), close: () => {} };
	}
}

describe("a database that is read and written", () => {
	let programs: KvPrograms;
	beforeAll(async () => {
		const [[get], [range], [sum]] = await Promise.all(["get", "range", "sum"].map((name) => storageProgram(name)));
		programs = { get, range, sum };
	});

	async function open(options: { cacheObjects?: number; cacheLevels?: number } = {}, looks = true) {
		const file = new SharedFile();
		await createKv(LAYERS, (chunk) => file.write(file.bytes.length, chunk.slice()));
		let changed = () => {};
		const store = await KvStore.open(file, new SharedFile(), { onCheckpoint: () => changed() });
		const db = new KvDatabase(file.device(looks), store, programs, options);
		changed = () => db.treeChanged();
		return { file, db };
	}

	it("shows what was put in gets, batches, ranges and sums, before and after it is in the tree", async () => {
		const { db } = await open({ cacheObjects: 10, cacheLevels: 1 });
		expect(db.get(5)).toBe("5");
		await db.put(5, bytesOf("1000000"));
		await db.put(2000, bytesOf("3"));
		await db.delete(7);
		for (const _ of ["pending", "in the tree"]) {
			expect(db.get(5)).toBe("1000000");
			expect(db.get(7)).toBeNull();
			expect(db.getMany([4, 5, 7, 2000, 3000])).toEqual(["4", "1000000", null, "3", null]);
			expect(db.range({ begin: 3, end: 9 }).map(({ key, value }) => [key, value])).toEqual([[3, "3"], [4, "4"], [5, "1000000"], [6, "6"], [8, "8"]]);
			expect(db.range({ begin: 959, end: 5000 }).map(({ key }) => key)).toEqual([959, 960, 2000]);
			expect(db.aggregate("sum", { begin: 3, end: 9 })).toBe(3n + 4n + 1000000n + 6n + 8n);
			expect(db.aggregate("count", { begin: 0, end: 3000 })).toBe(BigInt(g.keys));
			expect(db.aggregate("max", { begin: 0, end: 10 })).toBe(1000000n);
			expect(db.aggregate("min", { begin: 7, end: 8 })).toBeNull();
			expect(db.aggregate("sum", { begin: 2000, end: 2001 }, { decimal: false })).toBe(0x33n);
			await db.checkpoint();
			expect(db.statistics.pending).toBe(0);
		}
		await db.close();
	});

	it("keeps the objects that were asked for last, and forgets those that change", async () => {
		const { db } = await open({ cacheObjects: 3 });
		for (const key of [1, 2, 3, 1, 2, 3]) expect(db.get(key)).toBe(String(key));
		expect(db.statistics).toMatchObject({ hits: 3, misses: 3, hops: 3 * (LAYERS + 1) });
		expect(db.get(4)).toBe("4");
		expect(db.get(1)).toBe("1");
		expect(db.statistics).toMatchObject({ hits: 3, misses: 5 });
		await db.put(1, bytesOf("one"));
		expect(db.get(1)).toBe("one");
		await db.checkpoint();
		expect(db.get(1)).toBe("one");
		await db.close();
	});

	it.each([[{}], [{ cacheLevels: 2 }]])("reads a sound tree between any two writes of a checkpoint: %j", async (options) => {
		const { file, db } = await open(options, false);
		const expected = new Map(Array.from({ length: g.keys }, (_, key) => [key, valueText(key).trim()]));
		// Enough new keys to split leaves and the root.
		for (let i = 0; i < 400; i++) {
			const key = (i * 37) % 1500;
			expected.set(key, `v${i}`);
			await db.put(key, bytesOf(`v${i}`));
		}
		let looks = 0;
		file.gate = async () => {
			const key = (looks++ * 211) % 1500;
			expect(db.get(key)).toBe(expected.get(key) ?? null);
			expect(db.get((looks * 31) % 961)).toBe(expected.get((looks * 31) % 961));
			expect(db.range({ begin: key, end: key + 5 }).map(({ key, value }) => [key, value])).toEqual([0, 1, 2, 3, 4].flatMap((i) => (expected.has(key + i) ? [[key + i, expected.get(key + i)]] : [])));
		};
		await db.checkpoint();
		expect(looks).toBeGreaterThan(30);
		for (const [key, value] of expected) expect(db.get(key)).toBe(value);
		await db.close();
	});
});

describe("the objects kept in memory", () => {
	it("are those that were used last", () => {
		const cache = new ObjectCache(2);
		cache.set(1, bytesOf("a"));
		cache.set(2, null);
		expect(cache.get(1)).toEqual(bytesOf("a"));
		cache.set(3, bytesOf("c"));
		expect([cache.get(1), cache.get(2), cache.get(3)]).toEqual([bytesOf("a"), undefined, bytesOf("c")]);
		expect(cache).toMatchObject({ hits: 3, misses: 1, size: 2 });
		expect(() => new ObjectCache(-1)).toThrow(RangeError);
	});
});
