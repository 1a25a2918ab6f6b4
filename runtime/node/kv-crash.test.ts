import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkKv } from "../bpfkv/check.ts";
import { createKv } from "../bpfkv/create.ts";
import { BLOCK, geometry, valueText } from "../bpfkv/format.ts";
import { KvNode } from "../bpfkv/node.ts";
import { KvStore } from "../bpfkv/store.ts";
import type { WritableFile } from "../bpfkv/tree-edit.ts";
import { memoryDevice } from "../xrp/device.ts";
import { openFileDevice } from "./file-device.ts";
import { createKvFile, openKvStore } from "./kv-file.ts";

const KILLS = Number(process.env.EBPFCC_KILLS ?? 10);
const LAYERS = 2;
const g = geometry(LAYERS);
const folder = mkdtempSync(join(tmpdir(), "kv-crash-"));
const path = join(folder, "test.db");
const writer = join(folder, "writer.mjs");

/** Puts until it is killed; says so before each put and after its acknowledgement. */
const WRITER = `
import { openKvStore } from "./kv-file.ts";
import { writeSync } from "node:fs";
const [path, first] = process.argv.slice(2);
const store = await openKvStore(path, { checkpointAfter: 40 });
writeSync(1, "open\\n");
for (let i = Number(first); ; i++) {
	const key = (i * 7919) % 3001;
	writeSync(1, "try " + key + " " + i + "\\n");
	await store.put(key, new TextEncoder().encode("v" + i));
	writeSync(1, "ok " + key + " " + i + "\\n");
}
`;

beforeAll(async () => {
	mkdirSync(folder, { recursive: true });
	await createKvFile(path, LAYERS);
	await build({ stdin: { contents: WRITER, resolveDir: fileURLToPath(new URL(".", import.meta.url)), loader: "ts" }, outfile: writer, bundle: true, format: "esm", platform: "node", target: "node20", packages: "external", logLevel: "error" });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("puts under faults", () => {
	it(`loses nothing acknowledged over ${KILLS} kills at random points`, { timeout: 60_000 + KILLS * 3_000 }, async () => {
		const acknowledged = new Map<number, number>();
		let next = 0;
		for (let kill = 0; kill < KILLS; kill++) {
			/** The put that was under way at the kill may have happened or not. */
			let open: { key: number; i: number } | null = null;
			const child = spawn(process.execPath, [writer, path, String(next)], { stdio: ["ignore", "pipe", "inherit"] });
			const { stdout } = child;
			if (!stdout) throw new Error("the writer has no output");
			const lines = createInterface(stdout);
			const acknowledgedBefore = acknowledged.size;
			lines.on("line", (line) => {
				const [word, key, i] = line.split(" ");
				if (word === "open") setTimeout(() => child.kill("SIGKILL"), (kill * 37) % 90 + Math.random() * 20);
				if (word === "try") open = { key: Number(key), i: Number(i) };
				if (word !== "ok") return;
				acknowledged.set(Number(key), Number(i));
				open = null;
				next = Number(i) + 1;
			});
			const [signal] = await Promise.all([ended(child), new Promise((resolve) => lines.once("close", resolve))]);
			expect(signal).toBe("SIGKILL");
			const unsure = open as { key: number; i: number } | null;
			if (unsure) next = unsure.i + 1;

			// Every second time the next writer finds the crash as it is.
			if (kill % 2 === 0 && kill + 1 < KILLS && unsure === null) continue;
			const store = await openKvStore(path);
			await store.close();
			const device = openFileDevice(path);
			const bytes = new Uint8Array(device.size);
			device.readSync(bytes, 0, bytes.length, 0);
			expect(checkKv(device).damage).toEqual([]);
			device.close();
			const found = pairsOf(bytes);
			if (unsure && found.get(unsure.key) === `v${unsure.i}`) acknowledged.set(unsure.key, unsure.i);
			for (const [key, i] of acknowledged) expect(found.get(key), `key ${key} after kill ${kill}`).toBe(`v${i}`);
			for (let key = 0; key < g.keys; key++) if (!acknowledged.has(key)) expect(found.get(key)).toBe(valueText(key).trim());
			expect(acknowledged.size).toBeGreaterThanOrEqual(acknowledgedBefore);
		}
		expect(acknowledged.size).toBeGreaterThan(0);
	});

	it("acknowledges nothing that a full disk refused, and loses nothing before it", async () => {
		for (let room = 0; room < 60_000; room += 2_711) {
			const disk = { free: room };
			const file = new SmallDisk(await created(), disk);
			const log = new SmallDisk(new Uint8Array(0), disk);
			const acknowledged = new Map<number, string>();
			let refused: unknown = null;
			const store = await KvStore.open(file, log, { checkpointAfter: 25 });
			let last = -1;
			for (let i = 0; refused === null && i < 2_000; i++) {
				last = (i * 7919) % 3001;
				try {
					await store.put(last, new TextEncoder().encode(`v${i}`));
					acknowledged.set(last, `v${i}`);
				} catch (error) {
					refused = error;
				}
			}
			expect(refused, `with ${room} bytes free`).toMatchObject({ code: "ENOSPC" });
			await expect(store.put(1, new Uint8Array(1)), "a store that failed takes no more").rejects.toMatchObject({ code: "ENOSPC" });
			disk.free = Number.POSITIVE_INFINITY;
			await (await KvStore.open(file, log)).close();
			expect(checkKv(memoryDevice(file.bytes)).damage).toEqual([]);
			const found = pairsOf(file.bytes);
			// The refused put may be in the log although nobody was told so; its key's older value may be gone then.
			for (const [key, value] of acknowledged) if (key !== last) expect(found.get(key)).toBe(value);
		}
	});
});

/** Files in memory on a disk that has only so many bytes left; a write that does not fit leaves what fits. */
class SmallDisk implements WritableFile {
	bytes: Uint8Array;
	readonly #disk: { free: number };

	constructor(bytes: Uint8Array, disk: { free: number }) {
		this.bytes = bytes;
		this.#disk = disk;
	}

	size = async () => this.bytes.length;
	read = async (offset: number, length: number) => this.bytes.slice(offset, offset + length);
	sync = async () => {};
	close = async () => {};

	async write(offset: number, data: Uint8Array): Promise<void> {
		const growth = Math.max(0, offset + data.length - this.bytes.length);
		const fits = Math.min(growth, this.#disk.free);
		const part = data.subarray(0, data.length - (growth - fits));
		const grown = new Uint8Array(Math.max(this.bytes.length, offset + part.length));
		grown.set(this.bytes);
		grown.set(part, offset);
		this.bytes = grown;
		this.#disk.free -= fits;
		if (fits < growth) throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
	}

	async truncate(size: number): Promise<void> {
		this.#disk.free += Math.max(0, this.bytes.length - size);
		this.bytes = this.bytes.slice(0, size);
	}
}

async function created(): Promise<Uint8Array> {
	const parts: Uint8Array[] = [];
	await createKv(LAYERS, (chunk) => void parts.push(chunk.slice()));
	return new Uint8Array(Buffer.concat(parts));
}

/** Every pair, along the leaves. */
function pairsOf(file: Uint8Array): Map<number, string> {
	const node = (offset: number) => new KvNode(file.subarray(offset, offset + BLOCK));
	const pairs = new Map<number, string>();
	let leaf = node(0);
	while (!leaf.leaf) leaf = node(leaf.pointer(0));
	for (;;) {
		for (let i = 0; i < leaf.count; i++) pairs.set(leaf.key(i), Buffer.from(file.subarray(leaf.pointer(i), leaf.pointer(i) + 64)).toString("latin1").replace(/\0.*$/s, "").trim());
		if (leaf.next === 0) return pairs;
		leaf = node(leaf.next);
	}
}

function ended(child: ChildProcess): Promise<string | null> {
	return new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
}
