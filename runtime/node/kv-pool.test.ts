import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { geometry } from "ebpfcc";
import { compiledObject, STORAGE_PROLOGUE, storageObject } from "../../test/support/storage-programs.ts";
import { createKvFile } from "./kv-file.ts";
import { KvPoolClient } from "./kv-pool.ts";

const LAYERS = 3;
const g = geometry(LAYERS);
const folder = mkdtempSync(join(tmpdir(), "kv-pool-"));
const path = join(folder, "test.db");

const get = { bytes: storageObject("get") };

beforeAll(async () => void (await createKvFile(path, LAYERS)));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const textOf = (value: Uint8Array | null) => value && Buffer.from(value).toString("latin1").replace(/\0.*$/s, "").trim();
const expected = (key: number) => (key < g.keys ? String(key) : null);

describe("lookups through a pool", () => {
	it("get one key or many, 32 to a chain", async () => {
		const client = await KvPoolClient.open({ path, get });
		try {
			expect(textOf(await client.get(4711))).toBe("4711");
			expect(await client.get(g.keys)).toBeNull();
			const keys = Array.from({ length: 100 }, (_, i) => (i * 977) % (g.keys + 5000));
			expect((await client.getMany(keys)).map(textOf)).toEqual(keys.map(expected));
			expect(await client.getMany([])).toEqual([]);
			const found = [4711, ...keys].filter((key) => key < g.keys).length;
			expect(client.statistics).toEqual({ keys: 102, chains: 2 + 4, hops: 102 * LAYERS + found, retries: 0, fallbacks: 0, plainReads: 0 });
		} finally {
			await client.close();
		}
	});

	it("get ranges and sums, and start below the levels that are kept", async () => {
		const objects = { get, range: { bytes: storageObject("range") }, sum: { bytes: storageObject("sum") } };
		for (const inline of [0, 100]) {
			const client = await KvPoolClient.open({ path, ...objects, inline, cacheLevels: 2 });
			try {
				const keys = [0, 961, 12_345, g.keys - 1, g.keys];
				expect((await client.getMany(keys)).map(textOf)).toEqual(keys.map(expected));
				// Each key's chain starts at its leaf.
				expect(client.statistics).toMatchObject({ chains: 1, hops: 5 + 4 });
				expect((await client.range({ begin: 900, end: 1100 })).map(({ value }) => value)).toEqual(Array.from({ length: 200 }, (_, i) => String(900 + i)));
				expect(await client.range({ begin: 7, end: 7, endInclusive: true })).toEqual([{ key: 7, value: "7" }]);
				expect(await client.range({ begin: 8, end: 7 })).toEqual([]);
				expect(await client.aggregate("sum", { begin: 10, end: 1010 })).toBe(BigInt((1000 * (10 + 1009)) / 2));
				expect(await client.aggregate("min", { begin: 10, end: 10 })).toBeNull();
				if (inline === 0) expect(client.pool.statistics.inline).toBe(0);
				else expect(client.pool.statistics.inline + client.pool.statistics.handedOver).toBeGreaterThan(0);
			} finally {
				await client.close();
			}
		}
	});

	it("falls back to plain reads when chains are refused", async () => {
		const refusing = compiledObject("refuse.bpf.c", `${STORAGE_PROLOGUE}SEC("xrp") int refuse(struct bpf_xrp *ctx) { return 1; }
`);
		const client = await KvPoolClient.open({ path, get: { bytes: refusing } });
		try {
			const keys = [0, 1, 999, g.keys, g.keys - 1];
			expect((await client.getMany(keys)).map(textOf)).toEqual(keys.map(expected));
			expect(client.statistics).toEqual({ keys: 5, chains: 1, hops: 1, retries: 0, fallbacks: 5, plainReads: 5 * LAYERS + 4 });
		} finally {
			await client.close();
		}
	});

	it("passes other errors on", async () => {
		const outside = compiledObject("endless.bpf.c", `${STORAGE_PROLOGUE}SEC("xrp") int endless(struct bpf_xrp *ctx) { ctx->next_addr[0] = 0; ctx->size[0] = 512; return 0; }
`);
		const client = await KvPoolClient.open({ path, get: { bytes: outside } });
		await expect(client.get(1)).rejects.toThrow("errno 40");
		await client.close();
		await expect(KvPoolClient.open({ path: join(folder, "missing.db"), get: { bytes: outside } })).rejects.toThrow("ENOENT");
	});
});
