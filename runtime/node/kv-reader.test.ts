/** Readers that write nothing, over whatever a writer has left or is about to do. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compilePrograms } from "../../examples/bpf-kv/programs.ts";
import { createKv, geometry, KvReader, type KvPrograms, KvStore, LogView, memoryDevice, seededRandom, valueText, type WritableFile } from "ebpfcc";
import { createKvFile, openKvDatabase, openKvReader, openKvStore } from "./kv-file.ts";

const LAYERS = 2;
const g = geometry(LAYERS);
const folder = mkdtempSync(join(tmpdir(), "kv-reader-"));
const path = join(folder, "test.db");
const bytesOf = (text: string) => new TextEncoder().encode(text);
let programs: KvPrograms;

beforeAll(async () => {
	programs = await compilePrograms();
	await createKvFile(path, LAYERS);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a file and its log are; reading must not change it. */
const stateOf = (file: string) => [file, `${file}.wal`].map((name) => ({ bytes: readFileSync(name).toString("base64"), written: statSync(name, { bigint: true }).mtimeNs }));

/** A file in memory whose writes end with an error after so many; the one in the middle is cut in half. */
class FailingFile implements WritableFile {
	bytes: Uint8Array<ArrayBuffer>;
	readonly #budget: { writes: number };

	constructor(bytes: Uint8Array<ArrayBuffer>, budget: { writes: number }) {
		this.bytes = bytes;
		this.#budget = budget;
	}

	size = async () => this.bytes.length;
	read = async (offset: number, length: number) => this.bytes.slice(offset, offset + length);
	sync = async () => {};
	close = async () => {};

	async write(offset: number, data: Uint8Array): Promise<void> {
		const fails = --this.#budget.writes < 0;
		const part = fails ? data.subarray(0, data.length >> 1) : data;
		const grown = new Uint8Array(Math.max(this.bytes.length, offset + part.length));
		grown.set(this.bytes);
		grown.set(part, offset);
		this.bytes = grown;
		if (fails) throw new Error("no more writes");
	}

	async truncate(size: number): Promise<void> {
		if (--this.#budget.writes < 0) throw new Error("no more writes");
		const resized = new Uint8Array(size);
		resized.set(this.bytes.subarray(0, size));
		this.bytes = resized;
	}
}

describe("a reader beside a log", () => {
	it("sees what was acknowledged, whichever write was the last one", async () => {
		let created = new Uint8Array(0);
		await createKv(LAYERS, (chunk) => void (created = new Uint8Array(Buffer.concat([created, chunk]))));
		let interrupted = 0;
		for (let writes = 0; writes < 150; writes++) {
			const random = seededRandom(writes + 1);
			const budget = { writes };
			const [file, log] = [new FailingFile(created.slice(), budget), new FailingFile(new Uint8Array(0), budget)];
			const expected = new Map<number, string>(Array.from({ length: g.keys }, (_, key) => [key, valueText(key).trim()]));
			const store = await KvStore.open(file, log, { checkpointAfter: 17 });
			let last = -1;
			try {
				for (let i = 0; ; i++) {
					last = Math.floor(random() * 1200);
					if (random() < 0.3) {
						await store.delete(last);
						expected.delete(last);
					} else {
						await store.put(last, bytesOf(String(i)));
						expected.set(last, String(i));
					}
				}
			} catch (error) {
				expect((error as Error).message).toBe("no more writes");
			}
			const state = Buffer.concat([file.bytes, log.bytes]);
			const view = new LogView(memoryDevice(file.bytes), () => log.bytes);
			if (view.device.size !== file.bytes.length && view.pendingCount === 0) interrupted++;
			const kv = new KvReader(view.device, view, programs);
			// Nobody knows of the last operation whether it has happened.
			const others = Array.from({ length: 1200 }, (_, key) => key).filter((key) => key !== last);
			expect(kv.getMany(others)).toEqual(others.map((key) => expected.get(key) ?? null));
			const pairs = kv.range({ begin: 0, end: 1200 }).filter(({ key }) => key !== last);
			expect(pairs).toEqual(others.filter((key) => expected.has(key)).map((key) => ({ key, value: expected.get(key) })));
			const bounds = { begin: last + 1, end: 1200 };
			expect(kv.aggregate("count", bounds)).toBe(BigInt(others.filter((key) => key > last && expected.has(key)).length));
			expect(Buffer.concat([file.bytes, log.bytes]).equals(state)).toBe(true);
		}
		// Among them were checkpoints that were cut off after their commit.
		expect(interrupted).toBeGreaterThan(5);
	});

	it("writes nothing, and closes what it opened when it refuses", async () => {
		const store = await openKvStore(path);
		await store.put(7, bytesOf("in the log"));
		await store.delete(8);
		await store.abandon();
		const before = stateOf(path);
		const kv = openKvReader(path, programs, { cacheLevels: 1, cacheObjects: 10 });
		expect(kv.getMany([7, 8, 9, 7])).toEqual(["in the log", null, "9", "in the log"]);
		expect(kv.range({ begin: 6, end: 10 })).toEqual([{ key: 6, value: "6" }, { key: 7, value: "in the log" }, { key: 9, value: "9" }]);
		expect(kv.statistics.pending).toBe(2);
		kv.close();
		expect(stateOf(path)).toEqual(before);

		const odd = join(folder, "odd.db");
		copyFileSync(path, odd);
		mkdirSync(`${odd}.wal`);
		expect(() => openKvReader(odd, programs)).toThrow(`its log ${odd}.wal cannot be read (EISDIR)`);
		rmSync(`${odd}.wal`, { recursive: true });
		writeFileSync(`${odd}.wal`, "no log at all, but a text of some length");
		expect(openKvReader(odd, programs).get(7)).toBe("7");
		writeFileSync(odd, "x");
		expect(() => openKvReader(odd, programs)).toThrow("no BPF-KV file");
	});

	it("stops where `take` has seen enough, among what was put and what is in the tree", () => {
		const kv = openKvReader(path, programs);
		for (let wanted = 1; wanted < 80; wanted++) {
			const seen: number[] = [];
			expect(kv.forEachInRange({ begin: 0, end: 100 }, (key) => seen.push(key) < wanted)).toBe(wanted);
			expect(seen).toEqual(Array.from({ length: wanted }, (_, i) => (i < 8 ? i : i + 1)));
		}
		kv.close();
	});

	it("follows a writer from checkpoint to checkpoint", async () => {
		const live = join(folder, "live.db");
		await createKvFile(live, 1);
		const db = await openKvDatabase(live, programs);
		const kv = openKvReader(live, programs, { cacheLevels: 3 });
		const written = new Map<number, string>();
		let next = 0;
		for (let round = 0; round < 20; round++) {
			const keys = Array.from({ length: 60 }, (_, i) => ((round * 60 + i) * 7919) % 3001);
			await Promise.all(keys.map((key) => db.put(key, bytesOf(`round ${round}`))));
			for (const key of keys) written.set(key, `round ${round}`);
			const checkpoint = db.checkpoint();
			let over = false;
			checkpoint.then(() => (over = true), () => (over = true));
			// While blocks change, what is not of this round is where it was.
			while (!over) {
				for (let i = 0; i < 20; i++, next += 7919) {
					const key = next % 3001;
					const value = written.get(key);
					if (value !== `round ${round}`) expect(kv.get(key), `key ${key} in round ${round}`).toBe(value ?? (key < 31 ? String(key) : null));
				}
				await new Promise((resolve) => setImmediate(resolve));
			}
			await checkpoint;
			// A look at the file's size is due every millisecond.
			await new Promise((resolve) => setTimeout(resolve, 2));
			expect(kv.getMany([...written.keys()])).toEqual([...written.values()]);
		}
		kv.close();
		await db.close();
	});
});

describe("a disk without room", () => {
	it("is read as before, with all that the log holds", async () => {
		const disk = join(folder, "disk");
		mkdirSync(disk);
		const mounted = process.getuid?.() === 0 && spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]).status === 0;
		if (!mounted) {
			console.log("a full disk skipped: mounting one needs root");
			return;
		}
		try {
			const full = join(disk, "full.db");
			await createKvFile(full, LAYERS);
			const store = await openKvStore(full);
			for (let key = 0; key < 400; key++) await store.put(key * 3, bytesOf(`put ${key}`));
			await store.abandon();
			const { bavail, bsize } = statfsSync(disk);
			writeFileSync(join(disk, "filler"), Buffer.alloc(bavail * bsize));
			const before = stateOf(full);
			// What writes is refused, and says why; the log keeps what it has.
			await expect(openKvStore(full).then((opened) => opened.close())).rejects.toMatchObject({ code: "ENOSPC" });
			const kv = openKvReader(full, programs);
			expect(kv.getMany([0, 1, 3, 1197, 1196])).toEqual(["put 0", "1", "put 1", "put 399", null]);
			expect(kv.range({ begin: 0, end: 4 }).map(({ value }) => value)).toEqual(["put 0", "1", "2", "put 1"]);
			expect(kv.aggregate("count", { begin: 0, end: 2000 })).toBe(BigInt(g.keys + Array.from({ length: 400 }, (_, i) => 3 * i).filter((key) => key >= g.keys).length));
			kv.close();
			expect(readFileSync(`${full}.wal`).toString("base64").startsWith(before[1].bytes.slice(0, -8))).toBe(true);
			rmSync(join(disk, "filler"));
			await (await openKvStore(full)).close();
			const db = openKvReader(full, programs);
			expect(db.statistics.pending).toBe(0);
			expect(db.getMany([0, 1, 3, 1197])).toEqual(["put 0", "1", "put 1", "put 399"]);
			db.close();
		} finally {
			spawnSync("umount", [disk]);
		}
	});
});
