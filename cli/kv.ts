/**
 * `ebpfcc kv`: a BPF-KV file from the command line. Reads run as XRP chains of verified storage functions; writes go
 * through the log beside the file.
 */
import { createReadStream, existsSync, statSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Command } from "commander";
import { compilePrograms } from "../examples/bpf-kv/programs.ts";
import { type BulkPair, type Aggregate, AGGREGATES, checkKv, KvFile, MAX_LAYERS, VALUE_SIZE, XrpError } from "../runtime/bpfkv/index.ts";
import { bulkLoadFile, createKvFile, openKvStore, progressBar } from "../runtime/node/kv-file.ts";
import { openFileDevice } from "../runtime/node/file-device.ts";
import { Complaint } from "./files.ts";
import { benchKv } from "./kv-bench.ts";

export function register(program: Command): void {
	const kv = program.command("kv").description("BPF-KV files: a B+ tree and its values, searched by storage functions");
	verb(kv, "create <file>", "make a file with the keys 0 … 31^layers − 1")
		.option("-l, --layers <n>", `levels of the tree, 1 to ${MAX_LAYERS}`, "4")
		.action(run(async (file, options: { layers: string }) => {
			const layers = whole(options.layers, "--layers");
			const g = await createKvFile(file, layers, { onProgress: progressBar("writing") });
			print(`${file}: ${g.layers} layers, ${g.nodes} nodes, ${g.keys} keys, ${g.fileSize} bytes`);
		}));
	verb(kv, "load <file>", "make a file from lines of KEY, a tab and VALUE on standard input or in --from, by ascending key")
		.option("--from <pairs>", "file of pairs")
		.action(run(async (file, options: { from?: string }) => {
			const result = await bulkLoadFile(file, readPairs(options.from), options.from ? progressBar("loading") : undefined, options.from ? statSync(options.from).size : 0);
			print(`${file}: ${result.keys} keys, ${result.layers} layers, ${result.fileSize} bytes`);
		}));
	verb(kv, "get <file> <key...>", "print the values of keys; exit 1 if one is not there")
		.option("--cache <levels>", "look the keys up one by one, with this many levels of the tree kept in memory")
		.action(run(async (file, keys: string[], options: { cache?: string }) => {
			const db = await openForReading(file, options.cache === undefined ? 0 : whole(options.cache, "--cache"));
			const wanted = keys.map((key) => whole(key, "a key"));
			// Several keys make one chain, which starts at the root; only single gets can start below it.
			const values = options.cache === undefined ? db.getMany(wanted) : wanted.map((key) => db.get(key));
			for (const [i, value] of values.entries()) {
				print(value === null ? `${wanted[i]}: not found` : wanted.length === 1 ? value : `${wanted[i]}: ${value}`);
				if (value === null) process.exitCode = 1;
			}
		}));
	verb(kv, "range <file> <begin> <end>", "print the pairs from begin up to end")
		.option("--begin-exclusive", "without begin")
		.option("--end-inclusive", "with end")
		.action(run(async (file, begin: string, end: string, options: { beginExclusive?: boolean; endInclusive?: boolean }) => {
			const db = await openForReading(file);
			const bounds = { begin: whole(begin, "begin"), end: whole(end, "end"), ...options };
			for (const { key, value } of db.range(bounds)) print(`${key}\t${value}`);
		}));
	verb(kv, "sum <file> <begin> <end>", "fold the values of a range into one number, where they are stored")
		.option("--op <op>", Object.keys(AGGREGATES).join(", "), "sum")
		.option("--raw", "take a value's first eight bytes for a number, as the original does, instead of its decimal text")
		.action(run(async (file, begin: string, end: string, options: { op: string; raw?: boolean }) => {
			if (!(options.op in AGGREGATES)) throw new Complaint(`--op is one of ${Object.keys(AGGREGATES).join(", ")}, not ${options.op}`);
			const db = await openForReading(file);
			const result = db.aggregate(options.op as Aggregate, { begin: whole(begin, "begin"), end: whole(end, "end") }, { decimal: !options.raw });
			print(result === null ? "no objects" : String(result));
		}));
	verb(kv, "put <file> <key> <value>", "write one value; when the command returns, it is on the disk").action(
		run(async (file, key: string, value: string) => {
			const bytes = new TextEncoder().encode(value);
			if (bytes.length > VALUE_SIZE) throw new Complaint(`a value has at most ${VALUE_SIZE} bytes, not ${bytes.length}`);
			const store = await openKvStore(file);
			await store.put(whole(key, "a key"), bytes);
			await store.close();
		}),
	);
	verb(kv, "delete <file> <key>", "remove a key").action(
		run(async (file, key: string) => {
			const store = await openKvStore(file);
			await store.delete(whole(key, "a key"));
			await store.close();
		}),
	);
	verb(kv, "check <file>", "verify the whole tree; exit 1 and a line for each damaged place").action(
		run(async (file) => {
			const device = openFileDevice(file);
			const report = checkKv(device, {});
			device.close();
			for (const { offset, what } of report.damage) print(`${file}: at ${offset}: ${what}`);
			if (report.truncated) print("… and more");
			print(`${report.layers} layers, ${report.nodes} nodes, ${report.keys} keys: ${report.damage.length === 0 ? "sound" : "damaged"}`);
			if (report.damage.length > 0) process.exitCode = 1;
		}),
	);
	verb(kv, "bench <file>", "run a YCSB workload")
		.option("-w, --workload <name>", "A (update heavy) to F (read-modify-write)", "C")
		.option("-n, --operations <n>", "how many", "10000")
		.option("--rate <n>", "operations a second, issued on time whatever comes back (open loop); without it, one after the other")
		.option("--distribution <name>", "zipfian, uniform or latest instead of the workload's")
		.option("--seed <n>", "of the random numbers", "1")
		.action(run(async (file, options: BenchFlags) => {
			await benchKv(file, await compilePrograms(), options, print);
		}));
}

export interface BenchFlags {
	readonly workload: string;
	readonly operations: string;
	readonly rate?: string;
	readonly distribution?: string;
	readonly seed: string;
}

function verb(kv: Command, usage: string, description: string): Command {
	return kv.command(usage).description(description);
}

/** What is wrong with the arguments or the file becomes one line and exit status 1. */
function run<A extends unknown[]>(action: (file: string, ...rest: A) => Promise<void>): (file: string, ...rest: A) => Promise<void> {
	return async (file, ...rest) => {
		try {
			await action(file, ...rest);
		} catch (error) {
			if (!isExpected(error)) throw error;
			process.stderr.write(`ebpfcc: error: ${file}: ${error.message}\n`);
			process.exitCode = 1;
		}
	};
}

function isExpected(error: unknown): error is Error {
	if (!(error instanceof Error)) return false;
	const { code } = error as NodeJS.ErrnoException;
	return error instanceof Complaint || error instanceof XrpError || error instanceof RangeError || typeof code === "string" || error.message.startsWith("no BPF-KV file") || error.message.includes("BPF-KV file") || error.message.startsWith("the tree is damaged");
}

/** Opens a file as it is after everything that its log holds. */
async function openForReading(file: string, cacheLevels = 0): Promise<KvFile> {
	if (existsSync(`${file}.wal`) && statSync(`${file}.wal`).size > 0) await (await openKvStore(file)).close();
	return new KvFile(openFileDevice(file), await compilePrograms(), { cacheLevels });
}

async function* readPairs(from: string | undefined): AsyncGenerator<BulkPair> {
	const lines = createInterface({ input: from === undefined ? process.stdin : createReadStream(from) });
	let number = 0;
	for await (const line of lines) {
		number++;
		const tab = line.indexOf("\t");
		if (tab < 0) throw new Complaint(`line ${number} of the pairs has no tab`);
		yield [whole(line.slice(0, tab), `the key in line ${number}`), new TextEncoder().encode(line.slice(tab + 1))];
	}
}

function whole(text: string, what: string): number {
	const value = Number(text);
	if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new Complaint(`${what} is a whole number up to 2^53 − 1, not ${text}`);
	return value;
}

function print(line: string): void {
	process.stdout.write(`${line}\n`);
}
