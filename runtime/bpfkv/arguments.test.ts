/** What callers give by mistake: it is refused in words, and never taken for something else. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compilePrograms } from "../../examples/bpf-kv/programs.ts";
import { createKvFile, KvPoolClient, openFileDevice, openKvDatabase, XrpPool } from "ebpfcc/runtime/node";
import { type Aggregate, GetPage, KvFile, type KvPrograms, LsmPage, RangePage, readXrpAsync, readXrpFanout, readXrpSync, storageHooks, type XrpResult } from "ebpfcc";
import { storageObject, storageProgram } from "../../test/support/storage-programs.ts";
import { compileAndLoad } from "../../index.ts";

const folder = mkdtempSync(join(tmpdir(), "kv-arguments-"));
const path = join(folder, "test.db");
let programs: KvPrograms;
beforeAll(async () => {
	programs = await compilePrograms();
	await createKvFile(path, 2);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NO_KEYS = [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 64, undefined as unknown as number];

describe("a key that is none", () => {
	let waiting: KvPoolClient;
	beforeAll(async () => {
		waiting = await KvPoolClient.open({ path, get: { bytes: storageObject("get") }, range: { bytes: storageObject("range") } });
	});
	afterAll(() => waiting.close());

	it.each(NO_KEYS)("is refused by every reader: %s", async (key) => {
		const device = openFileDevice(path);
		const kv = new KvFile(device, programs);
		const words = `a key is a whole number from 0 to 2^64 − 1, not ${key}`;
		const calls = [
			() => kv.get(key),
			() => kv.getMany([1, key]),
			() => kv.range({ begin: key, end: 5 }),
			() => kv.range({ begin: 0, end: key }),
			() => kv.aggregate("sum", { begin: key, end: 5 }),
			() => new LsmPage(new Uint8Array(4096)).prepare(key, 1),
		];
		for (const call of calls) expect(call).toThrow(words);
		await expect(waiting.get(key)).rejects.toThrow(words);
		await expect(waiting.getMany([key])).rejects.toThrow(words);
		await expect(waiting.range({ begin: 0, end: key })).rejects.toThrow(words);
		expect(kv.get(5)).toBe("5");
		device.close();
	});
});

describe("other mistakes", () => {
	it("of an aggregate, a value, a page, a program's type", async () => {
		const db = await openKvDatabase(path, programs);
		expect(() => db.aggregate("mean" as Aggregate, { begin: 0, end: 9 })).toThrow("an aggregate is one of sum, min, max, count, not mean");
		await expect(db.put(1, "text" as unknown as Uint8Array)).rejects.toThrow("a value is a Uint8Array, not string");
		await expect(db.put(1, new Uint8Array(65))).rejects.toThrow("at most 64 bytes, not 65");
		await expect(db.put(2 ** 53, new Uint8Array(1))).rejects.toThrow("a key is a whole number from 0 to 9007199254740991");
		expect(db.get(1)).toBe("1");
		await db.close();
		await db.close();
		await expect(db.put(1, new Uint8Array(1))).rejects.toThrow("the store is closed");
		for (const Page of [GetPage, RangePage]) expect(() => new Page(new Uint8Array(100))).toThrow(/the scratch page of a \w+ has at least \d+ bytes, not 100/);
		const { programs: loaded } = await compileAndLoad('#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nSEC("xdp") int pass(struct xdp_md *ctx) { return 2; }\nchar _license[] SEC("license") = "GPL";');
		expect(() => storageHooks(loaded.pass.loaded, 1)).toThrow('program pass in section "xdp" was loaded as another type than "xrp"');
	});

	it("of a first offset end in EINVAL at every door", async () => {
		const device = openFileDevice(path);
		for (const [offset, reason] of [[7, "no multiple of 512"], [-512, "outside the file"], [Number.NaN, "no multiple"], [2 ** 40, "outside the file"], [2 ** 60, "names file 16 of 1"]] as const) {
			const results: XrpResult[] = [readXrpSync(device, programs.get, offset), readXrpFanout(device, programs.get, offset), await readXrpAsync(device, programs.get, offset)];
			for (const result of results) expect(result).toMatchObject({ ret: -22, cause: "request", hops: 0, reason: expect.stringContaining(reason) });
		}
		device.close();
		for (const inline of [0, 1000]) {
			const pool = await XrpPool.open({ path, objects: [{ bytes: storageObject("get") }], inline });
			const request = { fill: (scratch: Uint8Array) => new GetPage(scratch).prepareOne(5), take: (result: XrpResult) => result };
			for (const [offset, reason] of [[7, "no multiple of 512"], [2 ** 40, "outside the file"], [2 ** 60, "names file 16 of 1"]] as const)
				expect(await pool.readXrp({ ...request, offset })).toMatchObject({ ret: -22, cause: "request", hops: 0, reason: expect.stringContaining(reason) });
			for (const offset of [-512, Number.NaN, Number.POSITIVE_INFINITY, 0.5, 2 ** 70]) await expect(pool.readXrp({ ...request, offset })).rejects.toThrow(`the offset of a request is a whole number from 0 to 2^64 − 1, not ${offset}`);
			for (const wrong of [{ maxHops: 2 ** 40 }, { maxHops: Number.NaN }, { count: -512 }, { maxOutstanding: 2 ** 31 }]) await expect(pool.readXrp({ ...request, offset: 0, ...wrong })).rejects.toThrow(/of a request is a whole number from 0 to 2\^31 − 1, not/);
			expect(await pool.readXrp({ ...request, offset: 0 })).toMatchObject({ ret: 512 });
			await pool.close();
		}
	});

	it("of one hook for two chains at a time, which would share a scratch page", async () => {
		const device = openFileDevice(path);
		const [hook, other] = await storageProgram("get", 2);
		const page = (of: typeof hook) => new GetPage(of.memory.u8.subarray(of.scratch, of.scratch + 4096));
		page(hook).prepareOne(5);
		page(other).prepareOne(700);
		const started = [readXrpAsync(device, hook, 0), readXrpAsync(device, hook, 0), readXrpAsync(device, other, 0)];
		const meanwhile = [readXrpSync(device, hook, 0), readXrpFanout(device, hook, 0)];
		const [first, second, third] = await Promise.all(started);
		for (const refused of [second, ...meanwhile]) expect(refused).toMatchObject({ ret: -22, cause: "request", hops: 0, reason: expect.stringContaining("another chain is under way") });
		expect([first.ret, third.ret, page(hook).found(0), page(other).found(0)]).toEqual([512, 512, true, true]);
		page(hook).prepareOne(6);
		expect((await readXrpAsync(device, hook, 0)).ret).toBe(512);
		device.close();
	});

	it("of a device that is closed: nobody reads what its number means by then", async () => {
		const device = openFileDevice(path);
		const kv = new KvFile(device, programs);
		device.close();
		device.close();
		// The number that was its own.
		const next = openFileDevice(path);
		expect(() => kv.get(1)).toThrow("EBADF");
		expect(readXrpSync(device, programs.get, 0)).toMatchObject({ ret: -5, cause: "device", reason: expect.stringContaining("EBADF") });
		expect(await readXrpAsync(device, programs.get, 0)).toMatchObject({ ret: -5, cause: "device", reason: expect.stringContaining("EBADF") });
		expect(() => device.refresh()).toThrow(`EBADF: ${path} is closed`);
		next.close();
	});
});
