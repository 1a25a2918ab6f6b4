import { beforeAll, describe, expect, it } from "vitest";
import { memoryDevice } from "../xrp/device.ts";
import { Bitmap } from "./bitmap.ts";
import { bulkLoad, type BulkPair } from "./bulk.ts";
import { checkKv } from "./check.ts";
import { BLOCK, geometry, NODE, writeBlocks } from "./format.ts";
import { KvNode } from "./node.ts";
import { KvStore } from "./store.ts";
import type { WritableFile } from "./tree-edit.ts";

const LAYERS = 2;
const g = geometry(LAYERS);
const MARK = 1n << 63n;
let created: Uint8Array;
let loaded: Uint8Array;

beforeAll(async () => {
	created = new Uint8Array(g.fileSize);
	writeBlocks(g, 0, g.fileSize / BLOCK, created);
	loaded = await load(Array.from({ length: 2000 }, (_, i) => [3 * i, new TextEncoder().encode(`value ${i}`)] as const));
});

/** A file that `create` did not make, so that only its own parts can contradict each other. */
async function load(pairs: readonly BulkPair[]): Promise<Uint8Array> {
	const parts: Uint8Array[] = [];
	let first = new Uint8Array();
	await bulkLoad(pairs, { append: (bytes) => void parts.push(bytes.slice()), writeFirstBlock: (bytes) => void (first = bytes.slice()) });
	const all = new Uint8Array(Buffer.concat(parts));
	all.set(first);
	return all;
}

function damageAfter(file: Uint8Array, change: (view: DataView, node: (offset: number) => KvNode) => void): string[] {
	const bytes = file.slice();
	change(new DataView(bytes.buffer), (offset) => new KvNode(bytes.subarray(offset, offset + BLOCK)));
	return checkKv(memoryDevice(bytes)).damage.map(({ offset, what }) => `${offset}: ${what}`);
}

/** Leaves of the loaded file, in order. */
function leavesOf(file: Uint8Array): number[] {
	const node = (offset: number) => new KvNode(file.subarray(offset, offset + BLOCK));
	let offset = 0;
	while (!node(offset).leaf) offset = node(offset).pointer(0);
	const leaves = [offset];
	while (node(leaves[leaves.length - 1]).next !== 0) leaves.push(node(leaves[leaves.length - 1]).next);
	return leaves;
}

describe("a check of a BPF-KV file", () => {
	it("finds sound files sound, and counts what is in them", async () => {
		expect(checkKv(memoryDevice(created))).toEqual({ damage: [], layers: 2, nodes: g.nodes, keys: g.keys, tombstones: 0, truncated: false });
		expect(checkKv(memoryDevice(loaded))).toMatchObject({ damage: [], layers: 3, keys: 2000 });
		const withTombstones = await load([[1, new Uint8Array(1)], [2, null], [3, null], [9, new Uint8Array(2)]]);
		expect(checkKv(memoryDevice(withTombstones))).toMatchObject({ damage: [], keys: 4, tombstones: 2 });
		expect(checkKv(memoryDevice(await load([])))).toMatchObject({ damage: [], layers: 1, keys: 0 });
	});

	it("tells how much of the tree it has seen", () => {
		const big = geometry(4);
		const device = { size: big.fileSize, version: 0, close: () => {}, readSync: (into: Uint8Array, at: number, length: number, offset: number) => (writeBlocks(big, offset / BLOCK, 1, into.subarray(at, at + length)), length), read: () => Promise.reject(new Error("not here")) };
		const shares: number[] = [];
		expect(checkKv(device, { onProgress: (_, share) => shares.push(share) })).toMatchObject({ damage: [], nodes: big.nodes, keys: big.keys });
		expect(shares.length).toBe(Math.floor(big.nodes / 1000));
		expect(shares).toEqual([...shares].sort((a, b) => a - b));
		expect(shares[shares.length - 1]).toBeGreaterThan(0.95);
		expect(shares[shares.length - 1]).toBeLessThan(1);
	});

	it("names a block that is no node, and does not blame its neighbours", () => {
		expect(damageAfter(created, (view) => view.setUint8(512 * 3 + NODE.type, 9))).toEqual(["1536: no node: its type is 9"]);
		expect(damageAfter(created, (view) => new Uint8Array(view.buffer).fill(0, 512 * 3, 512 * 4))).toEqual(["1536: all zeros: a node that was never written, or a hole in a sparse file"]);
		expect(damageAfter(loaded, (_, node) => void (node(leavesOf(loaded)[5]).type = 0))).toEqual([`${leavesOf(loaded)[5]}: an internal node at level 3, where leaves are`]);
		const [top] = [new KvNode(loaded.subarray(0, BLOCK)).pointer(0)];
		expect(damageAfter(loaded, (_, node) => void (node(top).type = 1))).toEqual([`${top}: a leaf at level 2, where others are at level 3`]);
	});

	it("names keys out of order and out of their node's range", () => {
		expect(damageAfter(created, (view) => view.setUint32(512 * 5 + NODE.keys + 8, 0, true))).toEqual([
			"2560: key 1 (0) is not greater than the one before (124)",
			"2560: key 1 (0) is outside the node's range 124 to 155",
		]);
	});

	it("names pointers that lead outside the file, between values and that are not marked", () => {
		const [leaf] = leavesOf(loaded);
		expect(damageAfter(loaded, (view) => view.setBigUint64(leaf + NODE.pointers, MARK | BigInt(loaded.length), true))).toEqual([`${leaf}: pointer 0 leads to ${loaded.length}, which lies outside the file's ${loaded.length} bytes`]);
		expect(damageAfter(loaded, (view) => view.setBigUint64(leaf + NODE.pointers, MARK | 1025n, true))).toEqual([`${leaf}: pointer 0 leads to 1025, which is no multiple of 64`]);
		expect(damageAfter(loaded, (view) => view.setBigUint64(leaf + NODE.pointers, 1024n, true))).toEqual([`${leaf}: pointer 0 is not marked as a file offset`]);
	});

	it("finds a pointer to another key's value, whichever of the two comes first", () => {
		const leaves = leavesOf(loaded);
		for (const [from, to] of [[3, 40], [40, 3]]) {
			const target = new KvNode(loaded.subarray(leaves[to], leaves[to] + BLOCK)).pointer(7);
			const damage = damageAfter(loaded, (_, node) => node(leaves[from]).setPointer(2, target));
			expect(damage).toHaveLength(1);
			expect(damage[0]).toMatch(/leads to \d+: another key's value is there$/);
			expect(damage[0]).toContain(`leads to ${target}`);
		}
	});

	it("finds a pointer into a node, whichever of the two comes first", () => {
		const leaves = leavesOf(loaded);
		for (const [from, to] of [[3, 40], [40, 3]])
			expect(damageAfter(loaded, (_, node) => node(leaves[from]).setPointer(2, leaves[to] + 128))).toEqual([`${leaves[from]}: pointer 2, of key ${3 * (31 * from + 2)}, leads to ${leaves[to] + 128}: into the node at ${leaves[to]}`]);
		// A tombstone's pointer is the root's offset; the places behind it are no tombstones.
		expect(damageAfter(loaded, (_, node) => node(leaves[0]).setPointer(0, 64))).toEqual([`${leaves[0]}: pointer 0, of key 0, leads to 64: into the node at 0`]);
	});

	it("finds a node that two pointers lead to, a loop, and a wrong neighbour on any level", () => {
		const leaves = leavesOf(loaded);
		const root = new KvNode(loaded.subarray(0, BLOCK));
		const [second, third] = [root.pointer(0), root.pointer(1)];
		expect(damageAfter(loaded, (_, node) => node(0).setPointer(1, second)).join()).toContain(`0: pointer 1 leads to the node at ${second}, which is reached twice`);
		expect(damageAfter(loaded, (_, node) => node(second).setPointer(0, 0))[0]).toBe(`${second}: pointer 0 leads to the node at 0, which is reached twice`);
		expect(damageAfter(loaded, (_, node) => void (node(leaves[4]).next = leaves[6]))).toEqual([`${leaves[4]}: its right neighbour is at ${leaves[5]}, not at ${leaves[6]}`]);
		expect(damageAfter(loaded, (_, node) => void (node(second).next = 0))).toEqual([`${second}: its right neighbour is at ${third}, not at 0`]);
		expect(damageAfter(loaded, (_, node) => void (node(leaves[leaves.length - 1]).next = leaves[0]))).toEqual([`${leaves[leaves.length - 1]}: the last node of its level points on to ${leaves[0]}`]);
	});

	it("knows what a file that was never written to must hold, so that two values that changed places are found", () => {
		const swapped = (_: DataView, node: (offset: number) => KvNode) => {
			const leaf = node(512 * 5);
			const [a, b] = [leaf.pointer(1), leaf.pointer(2)];
			leaf.setPointer(1, b);
			leaf.setPointer(2, a);
		};
		expect(damageAfter(created, swapped)).toEqual([`2560: pointer 1, of key 125, leads to ${g.logBase + 64 * 126}; as the file was created, to ${g.logBase + 64 * 125}`]);
		// The root may be the damaged one.
		expect(damageAfter(created, (view) => view.setUint32(NODE.keys + 16, 63, true))[0]).toContain("0: not as it was created");
	});

	it("takes a cut-off file for damaged, and an odd size too, unless a log tells of a writer", () => {
		const cut = checkKv(memoryDevice(created.slice(0, g.logBase + 64 * 900)), { limit: 1000 });
		expect(cut.damage).toHaveLength(1 + 61);
		expect(cut.damage[0]).toEqual({ offset: g.logBase + 64 * 896, what: expect.stringContaining("the file ends in the middle of a block") });
		expect(cut.damage[1].what).toContain(`leads to ${g.logBase + 64 * 900}, which lies outside the file's`);
		const odd = new Uint8Array(loaded.length + 1);
		odd.set(loaded);
		expect(checkKv(memoryDevice(odd)).damage).toHaveLength(1);
		expect(checkKv(memoryDevice(odd), { interrupted: true }).damage).toEqual([]);
	});

	it("says of what is too short for a root that it is no such file", () => {
		for (const length of [0, 6, 511]) expect(checkKv(memoryDevice(new Uint8Array(length))).damage).toEqual([{ offset: 0, what: `${length} bytes are no BPF-KV file: there is no root` }]);
	});

	it("lists so many places and no more", () => {
		const broken = created.slice();
		broken.fill(0x7f, 512, 512 * 20);
		expect(checkKv(memoryDevice(broken), { limit: 5 })).toMatchObject({ damage: { length: 5 }, truncated: true });
	});

	it("accepts what a store makes of a created file by thousands of puts and deletes", async () => {
		const file = inMemory(created.slice());
		const store = await KvStore.open(file, inMemory(new Uint8Array()), { checkpointAfter: 500 });
		for (let i = 0; i < 4000; i++) {
			const key = (i * 7919) % 9001;
			if (i % 5 === 0) await store.delete(key);
			else await store.put(key, new TextEncoder().encode(`v${i}`));
		}
		await store.close();
		expect(checkKv(memoryDevice(file.bytes())).damage).toEqual([]);
	});
});

describe("a bitmap", () => {
	it("holds what was added, in chunks far apart", () => {
		const bitmap = new Bitmap();
		const numbers = [0, 1, 7, 8, 2 ** 19 - 1, 2 ** 19, 2 ** 31, 2 ** 40 + 3];
		for (const number of numbers) expect(bitmap.has(number)).toBe(false);
		for (const number of numbers) expect(bitmap.add(number)).toBe(true);
		for (const number of numbers) expect([bitmap.has(number), bitmap.has(number + 2), bitmap.add(number)]).toEqual([true, false, false]);
	});
});

function inMemory(start: Uint8Array): WritableFile & { bytes(): Uint8Array } {
	let bytes = start;
	const resize = (size: number) => {
		const resized = new Uint8Array(size);
		resized.set(bytes.subarray(0, size));
		bytes = resized;
	};
	return {
		bytes: () => bytes,
		size: async () => bytes.length,
		read: async (offset, length) => bytes.slice(offset, offset + length),
		write: async (offset, data) => {
			if (offset + data.length > bytes.length) resize(offset + data.length);
			bytes.set(data, offset);
		},
		truncate: async (size) => resize(size),
		sync: async () => {},
		close: async () => {},
	};
}
