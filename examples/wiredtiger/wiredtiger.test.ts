import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { compileAndLoad, memoryDevice, type StorageHook, storageHook } from "ebpfcc";
import { shared } from "../../test/support/shared.ts";
import { sourceFolder } from "../bpf-kv/source-folder.ts";
import { lookup, Refused, type RootAddress, rootOf } from "./lookup.ts";

const vectorFile = shared("xrp/wiredtiger-3.2.1-bulk.json");
if (!vectorFile) console.log("lookups in a real WiredTiger file skipped: no ../shared/xrp");

interface Vectors {
	readonly file: string;
	readonly root_cookie: string;
	readonly vectors: readonly { readonly key: string; readonly leaf_found: number; readonly value: string; readonly slot: number; readonly trace: readonly number[] }[];
}

describe.skipIf(!vectorFile)("a WiredTiger file through a storage function", () => {
	let hook: StorageHook;
	let vectors: Vectors;
	let bytes: Uint8Array;
	let root: RootAddress;
	beforeAll(async () => {
		const folder = sourceFolder("examples/wiredtiger");
		const path = `${folder}/wt-lookup.bpf.c`;
		const files = Object.fromEntries(["wt-lookup.h", "crc32c.h"].map((name) => [`${folder}/${name}`, readFileSync(`${folder}/${name}`, "utf8")]));
		const { programs } = await compileAndLoad(readFileSync(path, "utf8"), { path, files });
		hook = storageHook(programs.wt_lookup.loaded);
		vectors = JSON.parse(readFileSync(vectorFile as string, "utf8"));
		bytes = new Uint8Array(gunzipSync(readFileSync(shared(`xrp/${vectors.file}`) as string)));
		root = rootOf(Buffer.from(vectors.root_cookie, "hex"));
	});
	const key = (text: string) => Buffer.from(`${text}\0`, "latin1");

	it("finds every recorded key in its place with its value, and no other", () => {
		for (const vector of vectors.vectors) {
			const result = lookup(memoryDevice(bytes), hook, root, key(vector.key));
			expect(result.hops).toBe(vector.trace.length);
			expect(result.found).toBe(vector.leaf_found === 1);
			if (!result.found) continue;
			expect(Buffer.from(result.value).toString("latin1").replace(/\0$/, "")).toBe(vector.value);
			expect(result.slot).toBe(vector.slot);
		}
	});

	/** The page that the first vector's chain reads at this level, changed. */
	function damaged(level: number, change: (page: Uint8Array) => void): Uint8Array {
		const copy = bytes.slice();
		const at = vectors.vectors[0].trace[level];
		change(copy.subarray(at, at + 512));
		return copy;
	}

	it.each([
		["a flipped bit in the root", 0, (p: Uint8Array): void => { p[300] ^= 1; }, "checksum"],
		["a flipped bit in the leaf", 4, (p: Uint8Array): void => { p[100] ^= 0x80; }, "checksum"],
		["a column store page", 1, (p: Uint8Array): void => { p[24] = 4; }, "neither a row-store"],
		["another block size", 1, (p: Uint8Array): void => { p[29] = 16; }, "another size than 512"],
		["a compressed page", 2, (p: Uint8Array): void => { p[25] |= 1; }, "compressed"],
		["an encrypted page", 2, (p: Uint8Array): void => { p[25] |= 8; }, "encrypted"],
	] as const)("refuses %s", (_, level, change, message) => {
		const device = memoryDevice(damaged(level, change));
		expect(() => lookup(device, hook, root, key(vectors.vectors[0].key))).toThrow(Refused);
		expect(() => lookup(device, hook, root, key(vectors.vectors[0].key))).toThrow(message);
	});

	it("refuses a long key, a wrong root and a cookie that is none", () => {
		expect(() => lookup(memoryDevice(bytes), hook, root, new Uint8Array(65))).toThrow("at most 64");
		expect(() => lookup(memoryDevice(bytes), hook, { ...root, checksum: 1 }, key("x"))).toThrow("checksum");
		expect(() => rootOf(new Uint8Array([2, 1]))).toThrow("version 2");
		expect(() => rootOf(new Uint8Array([1, 0x81, 0x88, 0x81]))).toThrow("only blocks of 512");
	});
});
