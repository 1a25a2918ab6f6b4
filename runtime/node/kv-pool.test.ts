import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile, defaultOptions, geometry } from "ebpfcc";
import { createKvFile } from "./kv-file.ts";
import type { HookObject } from "./xrp-hooks.ts";
import { KvPoolClient } from "./kv-pool.ts";

const LAYERS = 3;
const g = geometry(LAYERS);
const folder = mkdtempSync(join(tmpdir(), "kv-pool-"));
const path = join(folder, "test.db");

beforeAll(async () => void (await createKvFile(path, LAYERS)));
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

const textOf = (value: Uint8Array | null) => value && Buffer.from(value).toString("latin1").replace(/\0.*$/s, "").trim();
const expected = (key: number) => (key < g.keys ? String(key) : null);

describe("lookups through a pool", () => {
	it("get one key or many, 32 to a chain", async () => {
		const get = { bytes: compiled("examples/bpf-kv/get.bpf.c", readFileSync("examples/bpf-kv/get.bpf.c", "utf8")) };
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

	it("falls back to plain reads when chains are refused", async () => {
		const refusing = compiled("refuse.bpf.c", '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nSEC("xrp") int refuse(void *ctx) { return 1; }\n');
		const client = await KvPoolClient.open({ path, get: { bytes: refusing } });
		try {
			const keys = [0, 1, 999, g.keys, g.keys - 1];
			expect((await client.getMany(keys)).map(textOf)).toEqual(keys.map(expected));
			expect(client.statistics).toEqual({ keys: 5, chains: 2, hops: 2, retries: 1, fallbacks: 5, plainReads: 5 * LAYERS + 4 });
		} finally {
			await client.close();
		}
	});

	it("passes other errors on", async () => {
		const outside = compiled("endless.bpf.c", '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n#include "examples/bpf-kv/bpf-kv.h"\nSEC("xrp") int endless(struct bpf_xrp *ctx) { ctx->next_addr[0] = 0; ctx->size[0] = 512; return 0; }\n');
		const client = await KvPoolClient.open({ path, get: { bytes: outside } });
		await expect(client.get(1)).rejects.toThrow("errno 40");
		await client.close();
		await expect(KvPoolClient.open({ path: join(folder, "missing.db"), get: { bytes: outside } })).rejects.toThrow("ENOENT");
	});
});
