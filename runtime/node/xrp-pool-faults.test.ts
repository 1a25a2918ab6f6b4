/** Devices that fail and files that are cut off under a pool that is at work: every request gets its answer, and the pool goes on. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { geometry, GetPage, lookupPath, type XrpResult } from "ebpfcc";
import { storageObject } from "../../test/support/storage-programs.ts";
import { createKvFile } from "./kv-file.ts";
import type { HookObject } from "./xrp-hooks.ts";
import { XrpPool, type XrpRequest } from "./xrp-pool.ts";

const LAYERS = 3;
const g = geometry(LAYERS);
const folder = mkdtempSync(join(tmpdir(), "xrp-pool-faults-"));
const path = join(folder, "test.db");
const broken = join(folder, "broken");
/** A file of which every k-th read of a thread fails, while there is a file that says what k is. */
const failing = join(folder, "failing.mjs");
let objects: HookObject[];

beforeAll(async () => {
	await createKvFile(path, LAYERS);
	objects = [{ bytes: storageObject("get") }];
	writeFileSync(
		failing,
		`import { closeSync, existsSync, fstatSync, openSync, read, readFileSync, readSync } from "node:fs";
export function openDevice(path) {
	const fd = openSync(path, "r");
	let reads = 0;
	const fault = () => (existsSync(${JSON.stringify(broken)}) && ++reads % Number(readFileSync(${JSON.stringify(broken)}, "utf8")) === 0 ? Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" }) : null);
	return {
		size: fstatSync(fd).size,
		version: 0,
		readSync(into, at, length, offset) {
			const error = fault();
			if (error) throw error;
			return readSync(fd, into, at, length, offset);
		},
		read: () => Promise.reject(new Error("not here")),
		close: () => closeSync(fd),
	};
}
`,
	);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Answer {
	readonly key: number;
	readonly result: XrpResult;
	readonly value: string | null;
}

function lookup(key: number): XrpRequest<Answer> {
	return {
		offset: 0,
		fill: (scratch) => new GetPage(scratch).prepareOne(key),
		take: (result, scratch) => {
			const page = new GetPage(scratch);
			return { key, result, value: page.found(0) ? Buffer.from(page.value(0)).toString("latin1", 0, 63).trim() : null };
		},
	};
}

const keysOf = (n: number, from: number) => Array.from({ length: n }, (_, i) => ((from + i) * 7919) % g.keys);

/** One at a time, all in one turn, and with fan-out, which goes another way. */
async function ask(pool: XrpPool, from: number): Promise<Answer[]> {
	const alone: Answer[] = [];
	for (const key of keysOf(20, from)) alone.push(await pool.readXrp(lookup(key)));
	const together = await Promise.all(keysOf(100, from + 20).map((key) => pool.readXrp(lookup(key))));
	const many = await pool.readXrpMany(keysOf(200, from + 120).map(lookup));
	const fanned = await pool.readXrpMany(keysOf(50, from + 320).map((key) => ({ ...lookup(key), fanout: true })));
	return [...alone, ...together, ...many, ...fanned];
}

/** Of a chain that the device ended, what it says is where. */
function expectAnswers(answers: readonly Answer[], words: string): { failed: number; answered: number } {
	let failed = 0;
	for (const { key, result, value } of answers) {
		if (result.ret === 512) {
			expect(value).toBe(String(key));
			continue;
		}
		failed++;
		expect(result).toEqual({ ret: -5, hops: result.hops, bytes: 512 * result.hops, programReturn: 0, cause: "device", reason: `read at ${lookupPath(g, key)[result.hops]}: ${words}` });
		expect(value).toBeNull();
	}
	return { failed, answered: answers.length - failed };
}

describe.each([
	{ workers: 1, inline: 0 },
	{ workers: 3, inline: 0 },
	{ workers: 2, inline: 1000 },
])("a device that fails under a pool of $workers workers ($inline µs inline)", ({ workers, inline }) => {
	it("ends each chain that it hits with EIO and the place, and none besides", async () => {
		rmSync(broken, { force: true });
		const pool = await XrpPool.open({ path, device: pathToFileURL(failing), objects, workers, inline, slots: 32 });
		try {
			const { threads } = pool;
			let failures = 0;
			for (const every of [1, 2, 3, 5, 7, 50]) {
				writeFileSync(broken, String(every));
				const { failed, answered } = expectAnswers(await ask(pool, 1000 * every), "EIO: i/o error, read");
				failures += failed;
				expect(failed).toBeGreaterThan(0);
				// A lookup makes four reads, so that a fault at every fourth or more often leaves none whole, or few.
				expect(answered > 0).toBe(every > LAYERS + 1);
				expect(pool.statistics.aborts).toMatchObject({ device: failures, program: 0, mapping: 0 });
			}
			rmSync(broken);
			expect(expectAnswers(await ask(pool, 5), "").failed).toBe(0);
			expect(pool.threads).toEqual(threads);
		} finally {
			await pool.close();
		}
	});
});

describe("a pool over a module's devices", () => {
	it("says what is wrong with the module", async () => {
		await expect(XrpPool.open({ path, device: "data:text/javascript,export const other = 1", objects })).rejects.toThrow("has no function openDevice");
		await expect(XrpPool.open({ path, device: pathToFileURL(join(folder, "absent.mjs")), objects })).rejects.toThrow("absent.mjs");
		await expect(XrpPool.open({ path: join(folder, "absent.db"), device: pathToFileURL(failing), objects })).rejects.toThrow("ENOENT");
	});
});

describe("a file that is cut off under a pool at work", () => {
	it.each([{ workers: 1, inline: 0 }, { workers: 3, inline: 0 }, { workers: 2, inline: 1000 }])("ends its chains, with their reason, until it is whole again: %j", async ({ workers, inline }) => {
		const cut = join(folder, "cut.db");
		await createKvFile(cut, LAYERS);
		const whole = readFileSync(cut);
		const pool = await XrpPool.open({ path: cut, objects, workers, inline, slots: 32 });
		try {
			const { threads } = pool;
			// Where the third level begins, in the middle of it, and within the values.
			for (const size of [512 * 32, 512 * 500, g.logBase + 512 * 100]) {
				let over = false;
				const running = (async () => {
					const answers: Answer[] = [];
					for (let from = 0; !over; from += 370) answers.push(...(await ask(pool, from)));
					return answers;
				})();
				await new Promise((resolve) => setTimeout(resolve, 20));
				truncateSync(cut, size);
				await new Promise((resolve) => setTimeout(resolve, 50));
				over = true;
				const answers = [...(await running), ...(await ask(pool, 0))];
				const refused = answers.filter(({ result }) => result.ret < 0);
				expect(refused.length).toBeGreaterThan(0);
				for (const { result } of refused) {
					expect(result).toMatchObject({ ret: -95, reason: expect.any(String) });
					expect(["mapping", "address", "program"]).toContain(result.cause);
				}
				for (const { key, result, value } of answers) if (result.ret === 512) expect(value).toBe(String(key));
				// Long after: what lies outside is named, what lies inside is found.
				await new Promise((resolve) => setTimeout(resolve, 5));
				await pool.readXrpMany(keysOf(100, 0).map(lookup));
				for (const { key, result, value } of await ask(pool, 7)) {
					const outside = lookupPath(g, key).find((offset) => offset >= size);
					if (outside === undefined) expect(value).toBe(String(key));
					else expect(result).toMatchObject({ ret: -95, cause: "address", reason: `offset ${outside} lies outside the file's ${size} bytes` });
				}
				writeFileSync(cut, whole);
				await new Promise((resolve) => setTimeout(resolve, 5));
				await pool.readXrpMany(keysOf(100, 0).map(lookup));
				for (const { key, value } of await ask(pool, 3)) expect(value).toBe(String(key));
			}
			expect(pool.threads).toEqual(threads);
		} finally {
			await pool.close();
		}
	});
});

describe("a block device", () => {
	it("whose blocks are gone gives EIO, which each chain gets with its place, and answers again when they are back", async () => {
		const backing = join(folder, "backing");
		await createKvFile(backing, LAYERS);
		const whole = readFileSync(backing);
		const loop = process.getuid?.() === 0 ? spawnSync("losetup", ["--find", "--show", backing], { encoding: "utf8" }) : null;
		const block = loop?.status === 0 ? loop.stdout.trim() : null;
		if (block === null) {
			console.log("a failing block device skipped: a loop device needs root");
			return;
		}
		try {
			const pool = await XrpPool.open({ path: block, objects, workers: 3, inline: 0, slots: 32 });
			try {
				// Nothing of the values was read yet, so that the page cache has none of them.
				truncateSync(backing, 512 * 1024);
				const answers = await pool.readXrpMany(keysOf(300, 0).filter((key) => key > 10_000).map(lookup));
				expect(expectAnswers(answers, "EIO: i/o error, read")).toEqual({ failed: answers.length, answered: 0 });
				writeFileSync(backing, whole);
				for (const { key, value } of await ask(pool, 0)) expect(value).toBe(String(key));
			} finally {
				await pool.close();
			}
		} finally {
			spawnSync("losetup", ["--detach", block]);
		}
	});
});
