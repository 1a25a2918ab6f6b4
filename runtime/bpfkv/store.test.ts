import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryDevice } from "../xrp/device.ts";
import { checkKv } from "./check.ts";
import { createKv } from "./create.ts";
import { BLOCK, geometry, valueText } from "./format.ts";
import { KvNode } from "./node.ts";
import { KvStore } from "./store.ts";
import type { WritableFile } from "./tree-edit.ts";

/** A file in memory that stops working after so many writes: what a power cut leaves is what was written until then. */
class CrashingFile implements WritableFile {
	bytes: Uint8Array;
	readonly budget: { writes: number };

	constructor(bytes: Uint8Array, budget: { writes: number }) {
		this.bytes = bytes;
		this.budget = budget;
	}

	size = async () => this.bytes.length;
	read = async (offset: number, length: number) => this.bytes.slice(offset, offset + length);

	async write(offset: number, data: Uint8Array): Promise<void> {
		// The write that the crash interrupts leaves its first half.
		const part = this.budget.writes-- > 0 ? data : data.subarray(0, data.length >> 1);
		if (this.bytes.length < offset + part.length) {
			const grown = new Uint8Array(offset + part.length);
			grown.set(this.bytes);
			this.bytes = grown;
		}
		this.bytes.set(part, offset);
		this.#crashed();
	}

	async sync(): Promise<void> {
		this.#crashed();
	}

	async truncate(size: number): Promise<void> {
		this.budget.writes--;
		this.#crashed();
		const bytes = new Uint8Array(size);
		bytes.set(this.bytes.subarray(0, size));
		this.bytes = bytes;
	}

	close = async () => {};

	#crashed(): void {
		if (this.budget.writes < 0) throw new Error("power cut");
	}
}

async function created(layers: number): Promise<Uint8Array> {
	const bytes = new Uint8Array(geometry(layers).fileSize);
	let at = 0;
	await createKv(layers, (chunk) => {
		bytes.set(chunk, at);
		at += chunk.length;
	});
	return bytes;
}

/** Every pair of the tree, by walking down and by walking along the leaves; both must agree. */
function pairsOf(file: Uint8Array): Map<number, string> {
	const node = (offset: number) => new KvNode(file.slice(offset, offset + BLOCK));
	const down: number[] = [];
	const visit = (offset: number) => {
		const n = node(offset);
		for (let i = 0; i < n.count; i++) n.leaf ? down.push(n.key(i)) : visit(n.pointer(i));
	};
	visit(0);
	const pairs = new Map<number, string>();
	let leaf = node(0);
	while (!leaf.leaf) leaf = node(leaf.pointer(0));
	for (;;) {
		for (let i = 0; i < leaf.count; i++) pairs.set(leaf.key(i), text(file.slice(leaf.pointer(i), leaf.pointer(i) + 64)));
		if (leaf.next === 0) break;
		leaf = node(leaf.next);
	}
	expect([...pairs.keys()]).toEqual(down);
	expect(down).toEqual([...down].sort((a, b) => a - b));
	return pairs;
}

const text = (value: Uint8Array) => new TextDecoder().decode(value).replace(/\0+$/, "").trim();
const bytesOf = (value: string) => new TextEncoder().encode(value);
const forever = () => ({ writes: Number.MAX_SAFE_INTEGER });

describe("writing to a BPF-KV file", () => {
	it("keeps what was put, over checkpoints, splits and new levels", async () => {
		const file = new CrashingFile(await created(1), forever());
		const store = await KvStore.open(file, new CrashingFile(new Uint8Array(0), forever()), { checkpointAfter: 100 });
		const expected = new Map(Array.from({ length: 31 }, (_, key) => [key, valueText(key).trim()]));
		for (let i = 0; i < 3000; i++) {
			const key = (i * 7919) % 5003;
			expected.set(key, `v${i}`);
			await store.put(key, bytesOf(`v${i}`));
		}
		await store.delete(17);
		expected.delete(17);
		await store.close();
		expect(checkKv(memoryDevice(file.bytes))).toMatchObject({ damage: [], keys: expected.size, layers: 3 });
		expect(new Map([...pairsOf(file.bytes)].sort((a, b) => a[0] - b[0]))).toEqual(new Map([...expected].sort((a, b) => a[0] - b[0])));
	});

	it("loses nothing acknowledged when the power goes at any write", async () => {
		const original = await created(2);
		await fc.assert(
			fc.asyncProperty(fc.nat({ max: 400 }), fc.array(fc.tuple(fc.nat({ max: 1500 }), fc.boolean()), { minLength: 1, maxLength: 120 }), async (writes, puts) => {
				const budget = { writes };
				const file = new CrashingFile(original.slice(), budget);
				const log = new CrashingFile(new Uint8Array(0), budget);
				const acknowledged = new Map<number, string | null>();
				const attempted = new Map<number, string | null>();
				try {
					const store = await KvStore.open(file, log, { checkpointAfter: 20 });
					for (const [i, [key, isDelete]] of puts.entries()) {
						const value = isDelete ? null : `new ${i}`;
						attempted.set(key, value);
						if (value === null) await store.delete(key);
						else await store.put(key, bytesOf(value));
						acknowledged.set(key, value);
						attempted.delete(key);
					}
				} catch (error) {
					expect((error as Error).message).toBe("power cut");
				}
				Object.assign(budget, forever());
				const reopened = await KvStore.open(file, log);
				await reopened.close();
				expect(checkKv(memoryDevice(file.bytes)).damage).toEqual([]);
				const found = pairsOf(file.bytes);
				for (const [key, value] of acknowledged) {
					if (attempted.has(key)) continue;
					expect(found.get(key) ?? null, `key ${key}`).toBe(value);
				}
				for (let key = 0; key < 961; key++)
					if (!acknowledged.has(key) && !attempted.has(key)) expect(found.get(key)).toBe(valueText(key).trim());
			}),
			{ numRuns: 300, seed: 7 },
		);
	});
});
