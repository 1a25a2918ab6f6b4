/**
 * Random operations on a file that is read and written, beside a Map that does the same. `EBPFCC_MODEL_OPS=50000` for
 * the long run, `EBPFCC_MODEL_SEED` for another one.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { AGGREGATES, type Aggregate, AsyncKvFile, type BulkPair, checkKv, KvFile, type KvDatabase, type KvPrograms, LsmPage, readXrpSync, seededRandom, type StorageHook, XrpRunner } from "ebpfcc";
import { createKvFile, openFileDevice, openKvDatabase, openKvStore } from "ebpfcc/runtime/node";
import { storageProgram } from "../../test/support/storage-programs.ts";
import { bulkLoadFile } from "../node/kv-file.ts";
import type { RangeBounds } from "./query.ts";

const OPERATIONS = Number(process.env.EBPFCC_MODEL_OPS ?? 1_000);
const SEED = Number(process.env.EBPFCC_MODEL_SEED ?? 1);
const folder = mkdtempSync(join(tmpdir(), "kv-model-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let programs: KvPrograms;
let asyncPrograms: StorageHook[][];
let lsm: StorageHook;
beforeAll(async () => {
	const [get, range, sum] = await Promise.all(["get", "range", "sum"].map((name) => storageProgram(name)));
	programs = { get: get[0], range: range[0], sum: sum[0] };
	asyncPrograms = await Promise.all(["get", "range", "sum"].map((name) => storageProgram(name, 2)));
	[lsm] = await storageProgram("lsm-get");
});

const random = seededRandom(SEED);
const below = (n: number) => Math.floor(random() * n);
const chance = (share: number) => random() < share;
const pick = <T>(from: readonly T[]): T => from[below(from.length)];

/** Neighbours mostly, so that leaves split and run empty; now and then one of the greatest there are. */
function someKey(): number {
	return chance(0.02) ? Number.MAX_SAFE_INTEGER - below(40) : chance(0.5) ? below(300) : below(6_000);
}

/** Some of them twice. */
function someKeys(most: number): number[] {
	const keys = Array.from({ length: below(most) }, someKey);
	return [...keys, ...keys.filter(() => chance(0.1))];
}

/** Text with and without digits, empty, of all 64 bytes, with spaces around. */
function someValue(): string {
	const text = chance(0.5) ? String(below(1e9)) : `${pick(["", " ", "v", "käse "])}${below(1000)}${" ".repeat(below(3))}`;
	return chance(0.05) ? "" : chance(0.05) ? text.padStart(63, "7") : text;
}

const bytesOf = (value: string) => {
	const bytes = new Uint8Array(64);
	bytes.set(new TextEncoder().encode(value));
	return bytes;
};
/** What a reader shows: without the padding before. */
const shown = (value: string) => value.replace(/^ */, "");
const textIn = (model: ReadonlyMap<number, string>, key: number) => (model.has(key) ? shown(model.get(key) ?? "") : null);
const keyOrder = ([a]: readonly [number, unknown], [b]: readonly [number, unknown]) => a - b;

function inside({ begin, end, beginExclusive, endInclusive }: RangeBounds, key: number): boolean {
	return key >= begin && key <= end && !(beginExclusive && key === begin) && !(!endInclusive && key === end);
}

function someBounds(): RangeBounds {
	const begin = someKey();
	const end = pick([begin, begin + 1, begin + below(200), begin + below(200), begin + below(20), Math.max(0, begin - 3), chance(0.1) ? Number.MAX_SAFE_INTEGER : begin + 100]);
	return { begin, end: Math.min(end, Number.MAX_SAFE_INTEGER), beginExclusive: chance(0.5), endInclusive: chance(0.5) };
}

function pairsIn(model: ReadonlyMap<number, string>, bounds: RangeBounds): [number, string][] {
	return [...model].filter(([key]) => inside(bounds, key)).sort(keyOrder);
}

function fold(values: readonly string[], op: Aggregate, decimal: boolean): bigint | null {
	const numbers = values.map((value) => BigInt.asIntN(64, decimal ? BigInt(`0${value.replace(/[^0-9]/g, "")}`) : new DataView(bytesOf(value).buffer).getBigInt64(0, true)));
	if (op === "count") return BigInt(numbers.length);
	if (op === "sum") return BigInt.asIntN(64, numbers.reduce((sum, number) => sum + number, 0n));
	if (numbers.length === 0) return null;
	return numbers.reduce((so, number) => ((op === "min" ? number < so : number > so) ? number : so));
}

it(`answers as a Map does, over ${OPERATIONS} operations`, { timeout: 60_000 + OPERATIONS * 20 }, async () => {
	const path = join(folder, "model.db");
	const model = new Map<number, string>();
	await createKvFile(path, 1);
	for (let key = 0; key < 31; key++) model.set(key, String(key).padStart(63));
	const open = () => openKvDatabase(path, programs, { cacheObjects: pick([0, 3, 1000]), cacheLevels: pick([0, 1, 3]), checkpointAfter: pick([7, 100, 5000]) });
	let db: KvDatabase = await open();
	const counts: Record<string, number> = {};

	const checkGet = (key: number) => {
		const value = model.get(key);
		expect(db.getBytes(key), `key ${key}`).toEqual(value === undefined ? null : bytesOf(value));
	};
	const checkMany = (keys: readonly number[]) => expect(db.getMany(keys)).toEqual(keys.map((key) => textIn(model, key)));
	const checkRange = (bounds: RangeBounds) => expect(db.range(bounds).map(({ key, value }) => [key, value])).toEqual(pairsIn(model, bounds).map(([key, value]) => [key, shown(value)]));
	const checkSum = (bounds: RangeBounds, op: Aggregate, decimal: boolean) =>
		expect(db.aggregate(op, bounds, { decimal }), `${op} ${JSON.stringify(bounds)}`).toBe(fold(pairsIn(model, bounds).map(([, value]) => value), op, decimal));
	const operations: Readonly<Record<string, { readonly weight: number; run(): Promise<void> | void }>> = {
		put: { weight: 30, async run() {
			const [key, value] = [someKey(), someValue()];
			await db.put(key, new TextEncoder().encode(value));
			model.set(key, value);
		} },
		delete: { weight: 12, async run() {
			const key = chance(0.7) && model.size > 0 ? pick([...model.keys()]) : someKey();
			await db.delete(key);
			model.delete(key);
		} },
		get: { weight: 20, run: () => checkGet(someKey()) },
		getMany: { weight: 10, run: () => checkMany(someKeys(80)) },
		range: { weight: 10, run: () => checkRange(someBounds()) },
		aggregate: { weight: 10, run: () => checkSum(someBounds(), pick(Object.keys(AGGREGATES) as Aggregate[]), chance(0.7)) },
		"puts at once": { weight: 4, async run() {
			// Of one key the last one counts; nothing of it shows before it is acknowledged, and nothing else changes.
			const puts = Array.from({ length: 1 + below(40) }, () => [someKey(), chance(0.2) ? null : someValue()] as const);
			const under = new Set(puts.map(([key]) => key));
			const all = Promise.all(puts.map(([key, value]) => (value === null ? db.delete(key) : db.put(key, new TextEncoder().encode(value)))));
			let over = false;
			const ended = () => void (over = true);
			all.then(ended, ended);
			for (let looks = 0; !over || looks === 0; looks++) {
				const bounds = someBounds();
				const others = ([key]: readonly [number, string]) => !under.has(key);
				expect(db.range(bounds).map(({ key, value }) => [key, value] as const).filter(others)).toEqual(pairsIn(model, bounds).filter(others).map(([key, value]) => [key, shown(value)]));
				await new Promise((resolve) => setImmediate(resolve));
			}
			await all;
			for (const [key, value] of puts) value === null ? model.delete(key) : model.set(key, value);
		} },
		checkpoint: { weight: 1, async run() {
			await db.checkpoint();
			expect(db.statistics.pending).toBe(0);
		} },
		"checkpoint under reads": { weight: 1, async run() {
			let over = false;
			const done = db.checkpoint().finally(() => void (over = true));
			while (!over) {
				for (const key of someKeys(20)) checkGet(key);
				checkMany(someKeys(40));
				checkRange(someBounds());
				checkSum(someBounds(), "sum", true);
				await new Promise((resolve) => setImmediate(resolve));
			}
			await done;
		} },
		reopen: { weight: 1, async run() {
			await db.close();
			db = await open();
		} },
		"reopen with a log": { weight: 1, async run() {
			await db.close();
			const store = await openKvStore(path);
			for (let i = below(30); i > 0; i--) {
				const [key, value] = [someKey(), someValue()];
				await store.put(key, new TextEncoder().encode(value));
				model.set(key, value);
			}
			await store.abandon();
			db = await open();
		} },
		"other readers": { weight: 1, async run() {
			await db.checkpoint();
			const device = openFileDevice(path);
			const file = new KvFile(device, programs, { cacheLevels: below(3) });
			const runner = new XrpRunner({ device, programs: asyncPrograms });
			const waiting = new AsyncKvFile({ service: runner, device, cacheLevels: below(3) });
			const keys = someKeys(100);
			expect(file.getMany(keys)).toEqual(keys.map((key) => textIn(model, key)));
			expect(await waiting.getMany(keys)).toEqual(keys.map((key) => (model.has(key) ? bytesOf(model.get(key) ?? "") : null)));
			for (let i = 0; i < 5; i++) {
				const bounds = someBounds();
				const pairs = pairsIn(model, bounds);
				const expected = pairs.map(([key, value]) => ({ key, value: shown(value) }));
				expect(file.range(bounds)).toEqual(expected);
				expect(await waiting.range(bounds)).toEqual(expected);
				for (const op of Object.keys(AGGREGATES) as Aggregate[]) {
					const folded = fold(pairs.map(([, value]) => value), op, true);
					expect(file.aggregate(op, bounds)).toBe(folded);
					expect(await waiting.aggregate(op, bounds)).toBe(folded);
				}
			}
			await runner.close();
			const { damage, keys: found } = checkKv(device);
			expect([damage, found]).toEqual([[], model.size]);
			device.close();
		} },
	};
	const lots = Object.entries(operations).flatMap(([name, { weight }]) => Array<string>(weight).fill(name));
	for (let i = 0; i < OPERATIONS; i++) {
		const name = pick(lots);
		counts[name] = (counts[name] ?? 0) + 1;
		try {
			await operations[name].run();
		} catch (error) {
			throw new Error(`operation ${i} (${name}) of seed ${SEED}: ${(error as Error).message}`, { cause: error });
		}
	}
	await db.close();
	for (const name of Object.keys(operations)) expect(counts[name], name).toBeGreaterThan(0);
	const store = await openKvDatabase(path, programs);
	expect(store.range({ begin: 0, end: Number.MAX_SAFE_INTEGER, endInclusive: true }).map(({ key }) => key)).toEqual([...model.keys()].sort((a, b) => a - b));
	await store.close();
});

it("looks through several sorted files as through one Map after the other", async () => {
	for (let round = 0; round < Math.ceil(OPERATIONS / 400); round++) {
		const layers = Array.from({ length: 1 + below(16) }, () => new Map<number, string | null>());
		for (const layer of layers) for (let i = below(400); i >= 0; i--) layer.set(someKey(), chance(0.2) ? null : someValue());
		const paths = layers.map((_, i) => join(folder, `sorted-${i}.db`));
		for (const [i, layer] of layers.entries())
			await bulkLoadFile(paths[i], [...layer].sort(keyOrder).map(([key, value]): BulkPair => [key, value === null ? null : new TextEncoder().encode(value)]));
		const [first, ...files] = paths.map((each) => openFileDevice(each));
		const page = new LsmPage(lsm.memory.u8.subarray(lsm.scratch, lsm.scratch + 4096));
		for (let i = 0; i < 400; i++) {
			const key = someKey();
			const at = layers.findIndex((layer) => layer.has(key));
			const value = layers[at]?.get(key);
			page.prepare(key, layers.length);
			expect(readXrpSync(first, lsm, 0, { files }).ret).toBe(512);
			expect([page.status, page.file], `key ${key} in ${layers.length} files`).toEqual(at < 0 ? ["not found", layers.length] : [value === null ? "deleted" : "found", at]);
			if (typeof value === "string") expect(page.value).toEqual(bytesOf(value));
		}
		for (const device of [first, ...files]) device.close();
	}
});
