import { describe, expect, it } from "vitest";
import { memoryDevice } from "../xrp/device.ts";
import { bulkLoad, type BulkPair, type BulkSink } from "./bulk.ts";
import { checkKv } from "./check.ts";
import { BLOCK } from "./format.ts";
import { KvNode } from "./node.ts";

function sink(): BulkSink & { bytes(): Uint8Array } {
	const parts: Uint8Array[] = [];
	return {
		append: (bytes) => void parts.push(bytes.slice()),
		writeFirstBlock: (bytes) => void parts[0].set(bytes),
		bytes: () => new Uint8Array(Buffer.concat(parts)),
	};
}

const value = (key: number) => new TextEncoder().encode(`value ${key}`);

function* pairs(n: number): Generator<BulkPair> {
	for (let i = 0; i < n; i++) yield [3 * i + 1, i % 10 === 9 ? null : value(3 * i + 1)];
}

function find(file: Uint8Array, key: number): string | null | "deleted" {
	for (let offset = 0; ; ) {
		const node = new KvNode(file.slice(offset, offset + BLOCK));
		const at = node.search(key);
		if (!node.leaf) {
			offset = node.pointer(at);
			continue;
		}
		if (node.count === 0 || node.key(at) !== key) return null;
		const where = node.pointer(at);
		return where === 0 ? "deleted" : new TextDecoder().decode(file.slice(where, where + 64)).replace(/\0+$/, "");
	}
}

describe("a bulk load", () => {
	it.each([0, 1, 31, 32, 961, 962, 5000, 40_000])("of %i keys makes a sound file that holds them all", async (n) => {
		const out = sink();
		const result = await bulkLoad(pairs(n), out);
		const file = out.bytes();
		expect(result).toMatchObject({ keys: n, fileSize: file.length });
		expect(checkKv(memoryDevice(file))).toMatchObject({ damage: [], keys: n, layers: result.layers });
		for (let i = 0; i < n; i += Math.max(1, Math.floor(n / 200))) {
			const key = 3 * i + 1;
			expect(find(file, key)).toBe(i % 10 === 9 ? "deleted" : `value ${key}`);
			expect(find(file, key + 1)).toBeNull();
		}
	});

	it.each([
		[[[5, value(5)], [5, value(5)]], "key 5 comes after 5"],
		[[[-1, value(1)]], "key -1 is no whole number"],
		[[[1, new Uint8Array(65)]], "the value of key 1 has 65 bytes"],
	] as [BulkPair[], string][])("refuses what is no ascending stream of small values", async (bad, message) => {
		await expect(bulkLoad(bad, sink())).rejects.toThrow(message);
	});
});
