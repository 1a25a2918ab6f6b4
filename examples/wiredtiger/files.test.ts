/**
 * Files that the installed libwiredtiger makes, of many kinds: each key is found with its value, or refused by name. A
 * wrong answer is never right. EBPFCC_WIREDTIGER=all looks up every key of every file, otherwise some of each.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BlockDevice, compileAndLoad, memoryDevice, type StorageHook, storageHook } from "ebpfcc";
import { sourceFolder } from "../bpf-kv/source-folder.ts";
import { lookup, Refused, type RootAddress, rootFromMetadata } from "./lookup.ts";

const source = sourceFolder("examples/wiredtiger");
const folder = mkdtempSync(join(tmpdir(), "wiredtiger-"));
const made = makeFiles();
if (made !== null) console.log(`files of the installed WiredTiger skipped: ${made}`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PER_FILE = process.env.EBPFCC_WIREDTIGER === "all" ? Number.POSITIVE_INFINITY : 40;
const FINAL = "WiredTigerCheckpoint";
const HISTORY = ["first", "second", FINAL] as const;

/** null, or why there are none. */
function makeFiles(): string | null {
	const program = join(folder, "make-files");
	if (!existsSync("/usr/include/wiredtiger.h")) return "libwiredtiger-dev is not installed";
	if (spawnSync("gcc", ["-O1", "-o", program, join(source, "make-files.c"), "-lwiredtiger"]).status !== 0) return "make-files.c does not compile here";
	const run = spawnSync(program, [folder], { encoding: "utf8" });
	return run.status === 0 ? null : `make-files: ${run.stderr}`;
}

describe.skipIf(made !== null)("a lookup in files of the installed WiredTiger", () => {
	let hook: StorageHook;
	beforeAll(async () => {
		const path = join(source, "wt-lookup.bpf.c");
		const { programs } = await compileAndLoad(readFileSync(path, "utf8"), { path, files: { read: (file) => (existsSync(file) ? readFileSync(file) : null) } });
		hook = storageHook(programs.wt_lookup.loaded);
	});

	/** What became of a key: its value, that it is not there, or why it was refused. */
	function ask(device: BlockDevice, root: RootAddress, key: Uint8Array): string {
		try {
			const result = lookup(device, hook, root, key);
			return result.found ? `found ${Buffer.from(result.value).toString("hex")}` : "not found";
		} catch (error) {
			if (error instanceof Refused) return `refused: ${error.message}`;
			throw error;
		}
	}

	function outcomes(name: string, checkpoint: string): { right: number; refusals: string[] } {
		const config = readFileSync(join(folder, `${name}.config`), "utf8");
		const bytes = readFileSync(join(folder, `${name}.wt`));
		const pairs = readFileSync(join(folder, `${name}.${checkpoint}.pairs`), "utf8").split("\n").filter(Boolean).map((line) => line.split(" "));
		let root: RootAddress;
		try {
			root = rootFromMetadata(config, checkpoint === FINAL ? undefined : checkpoint);
		} catch (error) {
			if (error instanceof Refused) return { right: 0, refusals: [error.message] };
			throw error;
		}
		const device = memoryDevice(bytes);
		const known = new Set(pairs.map(([key]) => key));
		const refusals = new Set<string>();
		let right = 0;
		const expectAnswer = (key: string, answer: string) => {
			const got = ask(device, root, Buffer.from(key, "hex"));
			if (got.startsWith("refused")) refusals.add(got.slice("refused: ".length).replace(/, on page \d+ of the way/, ""));
			else {
				expect(got, `${name} ${checkpoint}: key ${key}`).toBe(answer);
				right++;
			}
		};
		const step = Math.max(1, Math.floor(pairs.length / PER_FILE));
		for (let i = 0; i < pairs.length; i += step) {
			const [key, value] = pairs[i];
			expectAnswer(key, `found ${value}`);
			// Neighbours that are not there: a byte more, the last byte changed.
			for (const near of [`${key}00`, `${key.slice(0, -2)}${key.endsWith("01") ? "02" : "01"}`]) if (!known.has(near) && near.length <= 128) expectAnswer(near, "not found");
		}
		return { right, refusals: [...refusals] };
	}

	it.each([
		"plain", "prefix", "dictionary", "checksum-off", "checksum-uncompressed", "whole-separators", "long-keys", "long-keys-prefix", "binary-keys", "medium-values", "one-record", "one-page",
	])("%s: all right", (name) => {
		const { right, refusals } = outcomes(name, FINAL);
		expect(refusals).toEqual([]);
		expect(right).toBeGreaterThan(0);
	});

	it.each(["history", "history-prefix", "cut-out"].flatMap((name) => HISTORY.map((checkpoint) => [name, checkpoint] as const)))("%s, checkpoint %s: all right", (name, checkpoint) => {
		const { right, refusals } = outcomes(name, checkpoint);
		expect(refusals).toEqual([]);
		expect(right).toBeGreaterThan(0);
	});

	it.each([
		["large-values", ["an overflow item"]],
		["large-keys", ["a key of 315 bytes: at most 64 can be looked up", "an overflow item"]],
		["long-keys-overflow", ["an overflow item"]],
	])("%s: right, or refused for %j", (name, reasons) => {
		const { right, refusals } = outcomes(name, FINAL);
		expect(reasons).toEqual(expect.arrayContaining(refusals));
		expect(refusals.length).toBeGreaterThan(0);
		expect(right).toBeGreaterThan(0);
	});

	it.each([
		["empty", "an empty tree"],
		["alloc-4k", "blocks of another size"],
		["leaf-4k", "blocks of another size"],
		["internal-4k", "blocks of"],
		["snappy-4k", "blocks of"],
		["zlib-4k", "blocks of"],
		["huffman", "encoded values"],
	])("%s: refused, %s", (name, reason) => {
		const { right, refusals } = outcomes(name, FINAL);
		expect(refusals.join("; ")).toContain(reason);
		expect(right).toBe(0);
	});

	it("snappy on pages of one block: right where a page would not shrink, else refused", () => {
		expect(outcomes("snappy", FINAL).refusals.every((reason) => reason === "a compressed page")).toBe(true);
	});

	it("column store and checkpoints that are not there: refused", () => {
		expect(() => rootFromMetadata(readFileSync(join(folder, "column.config"), "utf8"))).toThrow("column store");
		expect(() => rootFromMetadata(readFileSync(join(folder, "plain.config"), "utf8"), "none")).toThrow("no checkpoint none");
	});
});
