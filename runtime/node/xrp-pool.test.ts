import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile, defaultOptions, geometry, GetPage, type XrpResult } from "ebpfcc";
import { createKvFile } from "./kv-file.ts";
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
	get = compiled("examples/bpf-kv/get.bpf.c", readFileSync("examples/bpf-kv/get.bpf.c", "utf8"));
	endless = compiled("endless.bpf.c", '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n#include "examples/bpf-kv/bpf-kv.h"\nSEC("xrp") int endless(struct bpf_xrp *ctx) { ctx->next_addr[0] = 0; ctx->size[0] = 512; return 0; }\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function compiled(name: string, source: string): HookObject["bytes"] {
	const read = (file: string) => {
		try {
			return readFileSync(file);
		} catch {
			return null;
		}
	};
	const { object, diagnostics } = compile(name, source, defaultOptions({ read }));
	if (object === null) throw new Error(`${name}: ${diagnostics.map(({ message }) => message).join("; ")}`);
	return object;
}

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
		const pool = await XrpPool.open({ path, objects: [{ bytes: get }, { bytes: endless }] });
		try {
			const controller = new AbortController();
			const stuck = pool.readXrp(forever(controller.signal));
			const behind = Array.from({ length: 20 }, (_, i) => pool.readXrp(lookup(i * 100)));
			await new Promise((resolve) => setTimeout(resolve, 20));
			controller.abort();
			const [killed] = pool.threads;
			await killed.terminate();
			expect((await stuck).ret).toBe(CANCELLED);
			expect(await Promise.all(behind)).toEqual(Array.from({ length: 20 }, (_, i) => String(i * 100)));
			expect(pool.threads[0]).not.toBe(killed);
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
});
