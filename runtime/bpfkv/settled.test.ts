/** Readers of a file that somebody else writes to: what they do not find must not be there. */
import { beforeAll, describe, expect, it } from "vitest";
import { compilePrograms } from "../../examples/bpf-kv/programs.ts";
import type { BlockDevice } from "../xrp/device.ts";
import { XrpRunner } from "../xrp/runner.ts";
import { AsyncKvFile } from "./async-client.ts";
import { KvFile, type KvPrograms, textOf } from "./client.ts";
import { createKv } from "./create.ts";
import { geometry } from "./format.ts";
import { KvStore } from "./store.ts";
import type { WritableFile } from "./tree-edit.ts";

const g = geometry(2);
/** In the last leaf's upper half, which moves when one more key comes. */
const MOVED = g.keys - 3;
let programs: KvPrograms;
/** The file before a checkpoint that splits its last leaf, and after it. */
let before: Uint8Array;
let after: Uint8Array;
/** Sizes of the file in the course of the checkpoint. */
const sizes: number[] = [];

beforeAll(async () => {
	programs = await compilePrograms();
	let bytes = new Uint8Array(0);
	const resize = (size: number) => {
		const resized = new Uint8Array(size);
		resized.set(bytes.subarray(0, size));
		bytes = resized;
	};
	const file = (resized: (size: number) => void): WritableFile => ({
		size: async () => bytes.length,
		read: async (offset, length) => bytes.slice(offset, offset + length),
		write: async (offset, data) => {
			if (bytes.length < offset + data.length) resize(offset + data.length);
			bytes.set(data, offset);
		},
		sync: async () => {},
		truncate: async (size) => {
			resized(size);
			resize(size);
		},
		close: async () => {},
	});
	await createKv(2, (chunk) => {
		const at = bytes.length;
		resize(at + chunk.length);
		bytes.set(chunk, at);
	});
	before = bytes.slice();
	const log: WritableFile = { size: async () => 0, read: async () => new Uint8Array(0), write: async () => {}, sync: async () => {}, truncate: async () => {}, close: async () => {} };
	const store = await KvStore.open(file((size) => sizes.push(size)), log);
	await store.put(g.keys + 5, new TextEncoder().encode("new"));
	await store.close();
	after = bytes;
});

/** Reads the root from before the checkpoint and all else from after it; `sizes` are what looks at the file find, one each, the last one for ever. */
function changing(...sizes: number[]): BlockDevice & { looks: number } {
	let reads = 0;
	const readSync = (into: Uint8Array, at: number, length: number, offset: number) => {
		const part = (reads++ === 0 ? before : after).subarray(offset, offset + length);
		into.set(part, at);
		return part.length;
	};
	const device = {
		looks: 0,
		size: before.length,
		version: 0,
		readSync,
		read: async (into: Uint8Array, at: number, length: number, offset: number) => readSync(into, at, length, offset),
		lookNow() {
			const size = sizes[Math.min(device.looks++, sizes.length - 1)];
			if (size !== device.size) device.version++;
			device.size = size;
		},
		close: () => {},
	};
	return device;
}

const asynchronous = (device: BlockDevice) => new AsyncKvFile({ device, service: new XrpRunner({ device, programs: [[programs.get]] }) });

describe("a checkpoint", () => {
	it("shows by the file's size that blocks change, and that they have changed", () => {
		expect(sizes).toHaveLength(2);
		expect(sizes[0] % 512).toBe(1);
		expect(sizes[1] % 512).toBe(0);
		expect(sizes[1]).toBeGreaterThan(sizes[0]);
		expect(after.length).toBe(sizes[1]);
	});
});

describe("a key that a split moves between two reads of its lookup", () => {
	it("is found by a second one", async () => {
		const kv = new KvFile(changing(after.length), programs, { layers: 2 });
		expect(kv.get(MOVED)).toBe(String(MOVED));
		expect(kv.retries).toBe(1);
		const many = new KvFile(changing(after.length), programs, { layers: 2 });
		expect(many.getMany([MOVED, 1])).toEqual([String(MOVED), "1"]);
		const value = await asynchronous(changing(after.length)).get(MOVED);
		expect(value && textOf(value)).toBe(String(MOVED));
	});

	it("is waited for while blocks still change", async () => {
		const device = changing(after.length + 1, after.length + 1, after.length);
		expect(new KvFile(device, programs, { layers: 2 }).get(MOVED)).toBe(String(MOVED));
		expect(device.looks).toBe(3);
		const value = await asynchronous(changing(after.length + 1, after.length + 1, after.length)).get(MOVED);
		expect(value && textOf(value)).toBe(String(MOVED));
	});

	it("is refused when its writer died in the middle", async () => {
		expect(() => new KvFile(changing(after.length + 1), programs, { layers: 2 }).get(MOVED)).toThrow("in the middle of a change");
		await expect(asynchronous(changing(after.length + 1)).get(MOVED)).rejects.toThrow("in the middle of a change");
	});
});

it("a key that is nowhere costs one look at the file", () => {
	const device = changing(before.length);
	expect(new KvFile(device, programs, { layers: 2 }).get(g.keys + 1)).toBeNull();
	expect(device.looks).toBe(1);
});

describe("a range whose leaf a split cuts in two", () => {
	const last = (n: number) => Array.from({ length: n }, (_, i) => ({ key: g.keys - n + i, value: String(g.keys - n + i) }));

	it("goes on in the right half when it came to the left one by the old way", () => {
		const device = { ...changing(after.length), size: after.length };
		expect(new KvFile(device, programs, { layers: 2 }).range({ begin: MOVED, end: g.keys })).toEqual(last(3));
		const again = { ...changing(after.length), size: after.length };
		expect(new KvFile(again, programs, { layers: 2 }).aggregate("sum", { begin: MOVED, end: g.keys })).toBe(BigInt(3 * g.keys - 6));
	});

	it("goes on in the right half when the split came between two of its pages", () => {
		let split = false;
		const readSync = (into: Uint8Array, at: number, length: number, offset: number) => {
			const part = (split ? after : before).subarray(offset, offset + length);
			into.set(part, at);
			return part.length;
		};
		const device = { size: after.length, version: 0, readSync, read: async () => 0, close: () => {} };
		const found: { key: number; value: string }[] = [];
		// The first page ends with the last leaf's 20th key, the left half with its 15th.
		new KvFile(device, programs, { layers: 2 }).forEachInRange({ begin: g.keys - 43, end: g.keys }, (key, value) => {
			found.push({ key, value: textOf(value) });
			split = true;
		});
		expect(found).toEqual(last(43));
	});
});
