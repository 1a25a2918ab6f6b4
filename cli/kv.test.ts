import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { compilePrograms } from "../examples/bpf-kv/programs.ts";
import { KvFile, KvStore } from "../runtime/bpfkv/index.ts";
import { openFileDevice } from "../runtime/node/file-device.ts";
import { openWritableFile } from "../runtime/node/kv-file.ts";
import { register } from "./kv.ts";

const folder = mkdtempSync(join(tmpdir(), "kv-cli-"));
const original = join(folder, "original.db");
const db = join(folder, "test.db");

/** Runs a command in this process: what it printed and its exit status. */
async function kv(...args: string[]): Promise<{ out: string; err: string; status: number }> {
	const program = new Command("ebpfcc");
	register(program);
	let out = "";
	let err = "";
	const stdout = vi.spyOn(process.stdout, "write").mockImplementation((text) => Boolean((out += String(text))));
	const stderr = vi.spyOn(process.stderr, "write").mockImplementation((text) => Boolean((err += String(text))));
	const before = process.exitCode;
	process.exitCode = 0;
	try {
		await program.parseAsync(["kv", ...args], { from: "user" });
		return { out, err, status: Number(process.exitCode) };
	} finally {
		process.exitCode = before;
		stdout.mockRestore();
		stderr.mockRestore();
	}
}

async function complaint(...args: string[]): Promise<string> {
	const { out, err, status } = await kv(...args);
	expect(status).toBe(1);
	expect(err.split("\n")).toHaveLength(2);
	expect(out).toBe("");
	return err.trim();
}

beforeAll(async () => void (await kv("create", original, "--layers", "2")));
beforeEach(() => {
	copyFileSync(original, db);
	rmSync(`${db}.wal`, { force: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("ebpfcc kv", () => {
	it("puts, gets, deletes and checks", async () => {
		expect((await kv("put", db, "5", "hällo")).status).toBe(0);
		expect(await kv("get", db, "5")).toEqual({ out: "hällo\n", err: "", status: 0 });
		expect(await kv("get", db, "4", "5", "961")).toEqual({ out: "4: 4\n5: hällo\n961: not found\n", err: "", status: 1 });
		expect((await kv("get", db, "4", "700", "--cache", "1")).out).toBe("4: 4\n700: 700\n");
		await kv("put", db, String(Number.MAX_SAFE_INTEGER), "the last key there can be");
		expect((await kv("get", db, String(Number.MAX_SAFE_INTEGER))).out).toBe("the last key there can be\n");
		expect((await kv("delete", db, "4")).status).toBe(0);
		expect((await kv("range", db, "3", "6", "--begin-exclusive", "--end-inclusive")).out).toBe("5\thällo\n6\t6\n");
		expect((await kv("check", db)).out).toMatch(/ 961 keys: sound\n$/);
	});

	it("folds ranges", async () => {
		expect((await kv("sum", db, "0", "10")).out).toBe("45\n");
		expect((await kv("sum", db, "0", "10", "--end-inclusive", "--op", "max")).out).toBe("10\n");
		expect((await kv("sum", db, "10", "0", "--op", "min")).out).toBe("no objects\n");
		expect((await kv("sum", db, "0", "3", "--raw")).out).toBe(`${BigInt.asIntN(64, 3n * 0x2020202020202020n)}\n`);
	});

	it("loads pairs, in which a line without a tab deletes its key", async () => {
		const pairs = join(folder, "pairs");
		const file = join(folder, "loaded.db");
		writeFileSync(pairs, "1\tone\n5\tfive\n7\n9\tnine\n");
		expect((await kv("load", file, "--from", pairs)).out).toContain("4 keys, 2 layers");
		expect((await kv("range", file, "0", "100")).out).toBe("1\tone\n5\tfive\n9\tnine\n");
		writeFileSync(pairs, "5\tx\n3\ty\n");
		expect(await complaint("load", join(folder, "no.db"), "--from", pairs)).toContain("key 3 comes after 5");
		writeFileSync(pairs, "x\ty\n");
		expect(await complaint("load", join(folder, "no.db"), "--from", pairs)).toContain("the key in line 1 is a whole number");
		expect(await complaint("load", join(folder, "no.db"), "--from", join(folder, "absent"))).toContain("absent: no such file");
		expect(existsSync(join(folder, "no.db"))).toBe(false);
	});

	it("loads values as the bytes that they are, with and without carriage returns", async () => {
		const pairs = join(folder, "bytes");
		const file = join(folder, "bytes.db");
		writeFileSync(pairs, Buffer.from("1\ta\r\n2\t\xff\xfe\tb\n3\t\n4\tlast", "latin1"));
		expect((await kv("load", file, "--from", pairs)).out).toContain("4 keys");
		expect((await kv("get", file, "1", "3", "4", "--json")).out).toBe('{"key":1,"value":"a"}\n{"key":3,"value":""}\n{"key":4,"value":"last"}\n');
		const device = openFileDevice(file);
		const programs = await compilePrograms();
		expect(Buffer.from(new KvFile(device, programs).getBytes(2) ?? []).toString("latin1")).toBe("\xff\xfe\tb".padEnd(64, "\0"));
		device.close();
		writeFileSync(pairs, Buffer.alloc(100_000));
		expect(await complaint("load", join(folder, "no.db"), "--from", pairs)).toContain("line 1 has more than 65536 bytes");
		writeFileSync(pairs, `1\ta\n${"\u001b[1m".repeat(20)}\tb\n`);
		expect(await complaint("load", join(folder, "no.db"), "--from", pairs)).toMatch(/the key in line 2 is a whole number up to 2\^53 − 1, not "\\u001b.*…"$/);
		expect(existsSync(join(folder, "no.db"))).toBe(false);
	});

	it("prints JSON that says what the text says", async () => {
		await kv("put", db, "5", 'tab\t, "quotes"\nand a line');
		const lines = async (...args: string[]) => (await kv(...args, "--json")).out.trim().split("\n").map((line) => JSON.parse(line));
		expect(await lines("get", db, "4", "5", "961")).toEqual([{ key: 4, value: "4" }, { key: 5, value: 'tab\t, "quotes"\nand a line' }, { key: 961, value: null }]);
		expect((await kv("get", db, "961", "--json")).status).toBe(1);
		expect(await lines("range", db, "4", "7")).toEqual([{ key: 4, value: "4" }, { key: 5, value: 'tab\t, "quotes"\nand a line' }, { key: 6, value: "6" }]);
		expect((await kv("range", db, "7", "4", "--json")).out).toBe("");
		expect(await lines("sum", db, "10", "20")).toEqual([{ op: "sum", value: 145 }]);
		expect(await lines("sum", db, "20", "10", "--op", "max")).toEqual([{ op: "max", value: null }]);
		expect(await lines("check", db)).toEqual([{ damage: [], layers: 2, nodes: 32, keys: 961, tombstones: 0, truncated: false, pendingBlocks: 0, pendingEntries: 0 }]);
		truncateSync(db, 700);
		const { out, status } = await kv("check", db, "--json");
		expect(status).toBe(1);
		expect(JSON.parse(out).damage[0]).toMatchObject({ offset: 512, what: expect.stringContaining("in the middle of a block") });
	});

	it("writes nothing when it only reads, a log that waits included", async () => {
		expect((await kv("bench", db, "-n", "20")).status).toBe(0);
		expect(existsSync(`${db}.wal`)).toBe(false);
		const store = await KvStore.open(await openWritableFile(db), await openWritableFile(`${db}.wal`, { create: true }));
		await store.put(7, new TextEncoder().encode("in the log"));
		await store.abandon();
		const log = readFileSync(`${db}.wal`);
		for (const verb of [["get", db, "7"], ["range", db, "7", "8"], ["sum", db, "7", "8", "--op", "count"], ["bench", db, "-n", "20"]]) expect((await kv(...verb)).status).toBe(0);
		expect(readFileSync(`${db}.wal`).equals(log)).toBe(true);
		expect(readFileSync(db).equals(readFileSync(original))).toBe(true);
	});

	it("makes sparse files of six layers", async () => {
		const file = join(folder, "six.db");
		const { out } = await kv("create", file, "--layers", "6", "--sparse", "20");
		expect(out).toContain("71946965504 bytes");
		const [first] = /among them (.*)/.exec(out)?.slice(1) ?? [];
		const keys = first?.split(", ") ?? [];
		expect((await kv("get", file, ...keys)).out).toBe(keys.map((key) => `${key}: ${key}\n`).join(""));
		expect((await kv("check", file)).out).toContain("a hole in a sparse file");
		// Keys in subtrees that were not written: the first level whose node is missing is named.
		for (const verb of [["get", file, "400000000"], ["get", file, "0", "400000000"], ["range", file, "400000000", "400000010"], ["sum", file, "400000000", "400000010"], ["put", file, "400000000", "x"]])
			expect(await complaint(...verb)).toMatch(/the tree is damaged at \d+: all zeros: a node that was never written, or a hole in a sparse file.*"ebpfcc kv check .*" lists all damage$/);
	});

	it("runs workloads in closed and open loops", async () => {
		for (const args of [["-w", "C"], ["-w", "a", "--clients", "8"], ["-w", "E"], ["-w", "F", "--objects", "50", "--cache", "1"], ["-w", "D", "-n", "600", "--clients", "8"], ["-w", "E", "--clients", "8"], ["-w", "D", "-n", "600", "--rate", "20000"], ["-w", "B", "--rate", "2000"]]) {
			const { out, err, status } = await kv("bench", db, "-n", "60", ...args);
			const [, operations = "60"] = /-n (\d+)/.exec(args.join(" ")) ?? [];
			expect(err).toBe("");
			expect(status).toBe(0);
			expect(out).toContain(`${operations} operations in`);
			expect(out).toMatch(/p50 +p99 +p99.9/);
			expect(out).not.toContain("were not there");
		}
		expect((await kv("check", db)).out).toContain("sound");
	});

	it.each([
		[["get", "absent.db", "1"], /ENOENT/],
		[["get", "DB", "abc"], /a key is a whole number up to 2\^53 − 1, not abc/],
		[["get", "DB", "9007199254740992"], /a key is a whole number/],
		[["get", "DB", "1", "--cache", "-3"], /--cache is a whole number/],
		[["put", "DB", "1", "x".repeat(65)], /at most 64 bytes, not 65/],
		[["put", "DB", "1.5", "x"], /a key is a whole number/],
		[["create", "NEW", "--layers", "7"], /1 to 6 layers, not 7/],
		[["create", "NEW", "--layers", "0"], /1 to 6 layers, not 0/],
		[["create", "NEW", "--sparse", "99999999999"], /--sparse is at most 1000000, not 99999999999/],
		[["get", "DB", " 5"], /a key is a whole number up to 2\^53 − 1, not " 5"$/],
		[["get", "DB", "0x10"], /a key is a whole number up to 2\^53 − 1, not 0x10$/],
		[["get", "DB", "18446744073709551615"], /a key is a whole number up to 2\^53 − 1, not 18446744073709551615$/],
		[["get", "", "5"], /an empty name: ENOENT/],
		[["create", "DB"], /--force replaces it/],
		[["create", "FOLDER", "--force"], /there is a folder of that name/],
		[["create", "absent/new.db"], /ENOENT: no such file or directory, open 'absent\/new.db'$/],
		[["create", "absent/new.db", "--sparse", "3"], /ENOENT: no such file or directory, open 'absent\/new.db'$/],
		[["load", "absent/new.db", "--from", "package.json"], /ENOENT: no such file or directory, open 'absent\/new.db'$/],
		[["load", "DB"], /--force replaces it/],
		[["sum", "DB", "0", "9", "--op", "toString"], /--op is one of sum, min, max, count/],
		[["range", "DB", "", "9"], /begin is a whole number up to 2\^53 − 1, not nothing/],
		[["bench", "DB", "--workload", "Z"], /--workload is one of A, B, C, D, E, F/],
		[["bench", "DB", "--operations", "0"], /--operations is at least 1/],
		[["bench", "DB", "--rate", "fast"], /--rate is a whole number/],
		[["bench", "DB", "--distribution", "pareto"], /--distribution is zipfian, uniform, latest/],
	] as const)("refuses %j", async (args, message) => {
		const before = readFileSync(db);
		expect(await complaint(...args.map((arg) => (arg === "DB" ? db : arg === "NEW" ? join(folder, "new.db") : arg === "FOLDER" ? folder : arg)))).toMatch(message);
		expect(readFileSync(db).equals(before)).toBe(true);
	});

	it("says what is wrong with a damaged file, and where", async () => {
		const bytes = readFileSync(db);
		bytes[512 * 5 + 8] = 9;
		writeFileSync(db, bytes);
		expect(await kv("check", db)).toMatchObject({ status: 1, out: expect.stringContaining("at 2560: no node: its type is 9") });
		expect(await complaint("get", db, "150")).toContain(`the tree is damaged at 2560: no node: its type is 9 (errno 95, after 2 reads); "ebpfcc kv check ${db}" lists all damage`);
		expect(await complaint("put", db, "150", "x")).toContain(`the tree is damaged at 2560: no node: its type is 9; "ebpfcc kv check ${db}" lists all damage`);
		truncateSync(db, 700);
		for (const verb of [["get", db, "1"], ["put", db, "1", "x"], ["bench", db]]) expect(await complaint(...verb)).toContain("test.db");
		truncateSync(db, 0);
		expect(await complaint("put", db, "1", "x")).toContain("0 bytes are no BPF-KV file");
	});

	it("finds what is there in a file that a writer left in the middle of a block, says so of what is not, and a put repairs it", async () => {
		truncateSync(db, readFileSync(db).length + 1);
		expect((await kv("get", db, "5")).out).toBe("5\n");
		expect(await complaint("get", db, "5000")).toContain("key 5000: not found, and the file is in the middle of a change");
		expect((await kv("check", db)).out).toContain("the file ends in the middle of a block (78337 bytes)");
		expect((await kv("delete", db, "6000")).status).toBe(0);
		expect((await kv("get", db, "5000")).out).toBe("5000: not found\n");
		expect((await kv("check", db)).out).toContain("sound");
	});

	it("takes a log that was left behind into account, and none of an older file", async () => {
		const store = await KvStore.open(await openWritableFile(db), await openWritableFile(`${db}.wal`, { create: true }));
		await store.put(7, new TextEncoder().encode("in the log"));
		await store.abandon();
		expect((await kv("check", db)).out).toContain("1 entries are in the log and not yet in the tree");
		expect((await kv("get", db, "7")).out).toBe("in the log\n");
		await (await KvStore.open(await openWritableFile(db), await openWritableFile(`${db}.wal`))).abandon();
		await kv("put", db, "8", "gone");
		const again = await KvStore.open(await openWritableFile(db), await openWritableFile(`${db}.wal`));
		await again.put(8, new TextEncoder().encode("of the old file"));
		await again.abandon();
		await kv("create", db, "--layers", "2", "--force");
		expect((await kv("get", db, "8")).out).toBe("8\n");
	});
});
