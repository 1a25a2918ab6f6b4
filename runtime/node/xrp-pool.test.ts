import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { geometry, GetPage, LsmPage, type XrpResult } from "ebpfcc";
import { compiledObject, STORAGE_PROLOGUE, storageObject } from "../../test/support/storage-programs.ts";
import { bulkLoadFile, createKvFile } from "./kv-file.ts";
import type { HookObject } from "./xrp-hooks.ts";
import { CANCELLED, XrpPool, type XrpRequest } from "./xrp-pool.ts";

const LAYERS = 3;
const g = geometry(LAYERS);
const folder = mkdtempSync(join(tmpdir(), "xrp-pool-"));
const path = join(folder, "test.db");
let get: HookObject["bytes"];
let endless: HookObject["bytes"];

beforeAll(async () => {
	await createKvFile(path, LAYERS);
	get = storageObject("get");
	endless = compiledObject("endless.bpf.c", `${STORAGE_PROLOGUE}SEC("xrp") int endless(struct bpf_xrp *ctx) { ctx->next_addr[0] = 0; ctx->size[0] = 512; return 0; }
`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function lookup(key: number): XrpRequest<string | null> {
	return {
		offset: 0,
		fill: (scratch) => new GetPage(scratch).prepareOne(key),
		take: (result, scratch) => {
			if (result.ret < 0) throw new Error(`errno ${-result.ret}`);
			const page = new GetPage(scratch);
			return page.found(0) ? Buffer.from(page.value(0)).toString("latin1").replace(/\0.*$/s, "").trim() : null;
		},
	};
}

const forever = (signal?: AbortSignal): XrpRequest<XrpResult> => ({
	program: 1,
	offset: 0,
	maxHops: 2 ** 31 - 1,
	fill: () => {},
	take: (result) => result,
	...(signal ? { signal } : {}),
});

describe("XRP on worker threads", () => {
	it.each([1, 2])("answers 64 clients rightly with %i workers, and more requests than it has slots", async (workers) => {
		const pool = await XrpPool.open({ path, objects: [{ bytes: get }], workers, slots: 32 });
		try {
			let next = 0;
			const client = async () => {
				while (next < 3000) {
					const key = (next++ * 7919) % (g.keys + 500);
					expect(await pool.readXrp(lookup(key))).toBe(key < g.keys ? String(key) : null);
				}
			};
			await Promise.all(Array.from({ length: 64 }, client));
			const keys = Array.from({ length: 200 }, (_, i) => i * 31);
			expect(await pool.readXrpMany(keys.map(lookup))).toEqual(keys.map(String));
		} finally {
			await pool.close();
		}
	});

	it("hands what `take` throws to its own request only", async () => {
		const pool = await XrpPool.open({ path, objects: [{ bytes: get }] });
		const outside = pool.readXrp({ ...lookup(1), offset: 512 * 1024 * 1024 });
		const good = pool.readXrp(lookup(2));
		await expect(outside).rejects.toThrow("errno 22");
		expect(await good).toBe("2");
		await pool.close();
	});

	it("cancels a chain that would never end, before it starts and while it runs", async () => {
		const pool = await XrpPool.open({ path, objects: [{ bytes: get }, { bytes: endless }] });
		try {
			expect((await pool.readXrp(forever(AbortSignal.abort()))).ret).toBe(CANCELLED);
			const controller = new AbortController();
			const running = pool.readXrp(forever(controller.signal));
			setTimeout(() => controller.abort(), 30);
			const result = await running;
			expect(result.ret).toBe(CANCELLED);
			expect(result.hops).toBeGreaterThan(0);
			expect(await pool.readXrp(lookup(7))).toBe("7");
		} finally {
			await pool.close();
		}
	});

	it("answers the requests of a worker that was killed through the one that replaces it", async () => {
		// Nothing runs on the calling thread, and the only worker is busy for ever: all that follows waits in its ring.
		const pool = await XrpPool.open({ path, objects: [{ bytes: get }, { bytes: endless }], workers: 1, inline: 0 });
		try {
			const controller = new AbortController();
			const stuck = pool.readXrp(forever(controller.signal));
			let answered = 0;
			const behind = Array.from({ length: 20 }, (_, i) => pool.readXrp(lookup(i * 100)).finally(() => answered++));
			await new Promise((resolve) => setTimeout(resolve, 30));
			const [killed] = pool.threads;
			expect(answered).toBe(0);
			await killed.terminate();
			expect(answered).toBe(0);
			// The one that it died under is tried again as well, until it is cancelled there.
			setTimeout(() => controller.abort(), 30);
			expect((await stuck).ret).toBe(CANCELLED);
			expect(await Promise.all(behind)).toEqual(Array.from({ length: 20 }, (_, i) => String(i * 100)));
			expect(pool.threads[0]).not.toBe(killed);
			expect(pool.statistics).toMatchObject({ inline: 0, chains: 21 });
		} finally {
			await pool.close();
		}
	});

	it("loses no lookup to workers that are killed again and again in the middle of their work", async () => {
		const pool = await XrpPool.open({ path, objects: [{ bytes: get }], workers: 2, inline: 0 });
		try {
			let wrong = 0;
			let gaveUp = 0;
			let kills = 0;
			let next = 0;
			const client = async () => {
				while (kills < 6) {
					const key = (next++ * 7919) % g.keys;
					try {
						if ((await pool.readXrp(lookup(key))) !== String(key)) wrong++;
					} catch (error) {
						// Two workers died under the same request: it is told so, and not left waiting.
						if (!(error as Error).message.includes("died while it served")) throw error;
						gaveUp++;
					}
				}
			};
			const clients = Promise.all(Array.from({ length: 32 }, client));
			while (kills < 6) {
				await new Promise((resolve) => setTimeout(resolve, 15));
				const before = next;
				const [victim] = pool.threads;
				if (victim === undefined) continue;
				await victim.terminate();
				while (next === before) await new Promise((resolve) => setTimeout(resolve, 5));
				kills++;
			}
			await clients;
			expect(wrong).toBe(0);
			expect(next).toBeGreaterThan(gaveUp + 200);
		} finally {
			await pool.close();
		}
	});

	it("gives up a request under which two workers died", async () => {
		const pool = await XrpPool.open({ path, objects: [{ bytes: get }, { bytes: endless }] });
		try {
			const stuck = pool.readXrp(forever());
			const outcome = stuck.then(
				() => "answered",
				(error: Error) => error.message,
			);
			for (let death = 0; death < 2; death++) {
				while (pool.threads.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
				await new Promise((resolve) => setTimeout(resolve, 20));
				await pool.threads[0].terminate();
				await new Promise((resolve) => setTimeout(resolve, 5));
			}
			expect(await outcome).toContain("died while it served");
		} finally {
			await pool.close();
		}
	});

	it("rejects what cannot be opened, with the reason", async () => {
		await expect(XrpPool.open({ path: join(folder, "missing.db"), objects: [{ bytes: get }] })).rejects.toThrow("ENOENT");
		await expect(XrpPool.open({ path, objects: [{ bytes: get, program: "put" }] })).rejects.toThrow("no program put; it has get");
		await expect(XrpPool.open({ path, objects: [{ bytes: get }], slots: 12 })).rejects.toThrow("power of two");
	});

	it("rejects after and because of close", async () => {
		const pool = await XrpPool.open({ path, objects: [{ bytes: get }, { bytes: endless }] });
		const stuck = pool.readXrp(forever());
		const outcome = expect(stuck).rejects.toThrow("the pool was closed");
		await pool.close();
		await outcome;
		await expect(pool.readXrp(lookup(1))).rejects.toThrow("the pool is closed");
	});

	it("runs a few chains of each turn on the calling thread, and the others on its workers", async () => {
		const pool = await XrpPool.open({ path, objects: [{ bytes: get }, { bytes: endless }], inline: 200 });
		try {
			const keys = Array.from({ length: 500 }, (_, i) => (i * 53) % g.keys);
			expect(await pool.readXrpMany(keys.map(lookup))).toEqual(keys.map(String));
			const { chains, inline, handedOver, hops } = pool.statistics;
			expect(chains).toBe(500);
			expect(hops).toBe(500 * (LAYERS + 1));
			expect(inline + handedOver).toBeGreaterThan(0);
			expect(inline).toBeLessThan(500);
		} finally {
			await pool.close();
		}
	});

	it("hands a chain over to a worker where the budget ends, and counts its blocks once", async () => {
		// Nobody gets far in a microsecond, and the clock is looked at every eighth read: nearly every chain of eight keys moves.
		const pool = await XrpPool.open({ path, objects: [{ bytes: get }, { bytes: endless }], inline: 1 });
		try {
			for (let chain = 0; chain < 50; chain++) {
				const keys = Array.from({ length: 8 }, (_, i) => (chain * 171 + i * 1009) % g.keys);
				const found = await pool.readXrp({
					offset: 0,
					fill: (scratch) => new GetPage(scratch).prepare(keys),
					take: (_, scratch) => keys.map((_, i) => Buffer.from(new GetPage(scratch).value(i)).toString("latin1", 0, 63).trim()),
				});
				expect(found).toEqual(keys.map(String));
			}
			expect(pool.statistics.handedOver).toBeGreaterThan(0);
			expect(pool.statistics.hops).toBe(50 * 8 * (LAYERS + 1));
			expect(await pool.readXrp({ ...forever(), maxHops: 500 })).toMatchObject({ ret: -40, cause: "hops", hops: 500 });
		} finally {
			await pool.close();
		}
	});

	it("tells why a chain was refused, and how many were", async () => {
		for (const inline of [0, 100]) {
			const pool = await XrpPool.open({ path, objects: [{ bytes: get }, { bytes: endless }], inline });
			try {
				expect(await pool.readXrp({ ...forever(), offset: 100 })).toMatchObject({ ret: -22, cause: "request", hops: 0 });
				expect(await pool.readXrp({ ...forever(), maxHops: 10 })).toMatchObject({ ret: -40, cause: "hops", hops: 10, bytes: 5120 });
				expect(pool.statistics.aborts).toMatchObject({ request: 1, hops: 1, device: 0 });
				await expect(pool.readXrp({ ...forever(), program: 2 })).rejects.toThrow("no program 2");
				await expect(pool.readXrp({ ...forever(), fill: () => { throw new Error("no query"); } })).rejects.toThrow("no query");
				expect(await pool.readXrp(lookup(3))).toBe("3");
			} finally {
				await pool.close();
			}
		}
	});

	it("lets a hop ask for sixteen reads, which are served in order", async () => {
		const fan = compiledObject(
			"fan.bpf.c",
			`${STORAGE_PROLOGUE}SEC("xrp") int fan(struct bpf_xrp *ctx)
{
	__u64 *seen = (__u64 *)ctx->scratch;
	__u64 at = ctx->next_addr[0], n = seen[0] & 63;

	seen[n + 1] = at;
	seen[0] = n + 1;
	if (at)
		return 0;
#pragma unroll
	for (int i = 0; i < 16; i++) {
		ctx->next_addr[i] = BLOCK * (16 - i);
		ctx->size[i] = BLOCK;
	}
	return 0;
}
`,
		);
		const pool = await XrpPool.open({ path, objects: [{ bytes: fan }] });
		const request = {
			offset: 0,
			fanout: true,
			fill: (scratch: Uint8Array) => void scratch.fill(0, 0, 8),
			take: (result: XrpResult, scratch: Uint8Array) => ({ result, seen: [...new BigUint64Array(scratch.buffer, scratch.byteOffset, 18)].map(Number) }),
		};
		try {
			const { result, seen } = await pool.readXrp(request);
			expect(result).toMatchObject({ ret: 512, hops: 17 });
			expect(seen).toEqual([17, 0, ...Array.from({ length: 16 }, (_, i) => 512 * (16 - i))]);
			expect((await pool.readXrp({ ...request, maxOutstanding: 15 })).result).toMatchObject({ ret: -11, cause: "waiting" });
			expect((await pool.readXrp({ ...request, fanout: false })).result).toMatchObject({ ret: -95, cause: "address", hops: 1 });
		} finally {
			await pool.close();
		}
	});

	it("follows a chain from file to file: the newest sorted file that knows the key decides", async () => {
		const bytes = (text: string) => new TextEncoder().encode(text);
		const files = ["newest", "middle", "oldest"].map((name) => join(folder, `${name}.db`));
		await bulkLoadFile(files[0], [[20, bytes("new 20")], [70, bytes("back again")], [6000, null]]);
		await bulkLoadFile(files[1], Array.from({ length: 500 }, (_, i) => [10 * i, i % 7 === 0 ? null : bytes(`middle ${10 * i}`)] as const));
		await bulkLoadFile(files[2], Array.from({ length: 5000 }, (_, i) => [i, bytes(`old ${i}`)] as const));
		const expected = (key: number) =>
			key === 20 ? "0 found new 20" : key === 70 ? "0 found back again" : key === 6000 ? "0 deleted" : key >= 5000 ? "3 not found" : key % 70 === 0 ? "1 deleted" : key % 10 === 0 ? `1 found middle ${key}` : `2 found old ${key}`;
		const ask = (key: number) => ({
			offset: 0,
			fill: (scratch: Uint8Array) => new LsmPage(scratch).prepare(key, files.length),
			take: (result: XrpResult, scratch: Uint8Array) => {
				const page = new LsmPage(scratch);
				const value = page.status === "found" ? ` ${Buffer.from(page.value).toString("latin1").replace(/\0.*$/s, "")}` : "";
				return result.ret < 0 ? `errno ${-result.ret}` : `${page.file} ${page.status}${value}`;
			},
		});
		const keys = [20, 30, 33, 70, 140, 6000, 7000, 4999, 0, ...Array.from({ length: 100 }, (_, i) => 61 * i)];
		for (const inline of [0, 100]) {
			const pool = await XrpPool.open({ path: files[0], files: files.slice(1), objects: [{ bytes: storageObject("lsm-get") }], inline });
			try {
				for (const key of keys.slice(0, 9)) expect(await pool.readXrp(ask(key))).toBe(expected(key));
				expect(await pool.readXrpMany(keys.map(ask))).toEqual(keys.map(expected));
			} finally {
				await pool.close();
			}
		}
	});
});
