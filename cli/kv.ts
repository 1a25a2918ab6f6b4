/**
 * `ebpfcc kv`: a BPF-KV file from the command line. Reads run as XRP chains of verified storage functions; writes go
 * through the log beside the file.
 */
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import type { Command } from "commander";
import { compileProgram, compilePrograms } from "../examples/bpf-kv/programs.ts";
import {
	type Aggregate,
	AGGREGATES,
	checkKv,
	geometry,
	KvDamage,
	type KvPrograms,
	type KvReader,
	type KvStore,
	KvUnsettled,
	MAX_LAYERS,
	type RangeBounds,
	seededRandom,
	VALUE_SIZE,
	XrpError,
} from "../runtime/bpfkv/index.ts";
import { textOf } from "../runtime/bpfkv/client.ts";
import { overlaid } from "../runtime/bpfkv/overlay.ts";
import { unapplied } from "../runtime/bpfkv/wal.ts";
import { createKvFile, createSparseKvFile, openKvReader, openKvStore, readLog } from "../runtime/node/kv-file.ts";
import { progressBar } from "../runtime/node/progress.ts";
import { openFileDevice } from "../runtime/node/file-device.ts";
import { Complaint } from "./files.ts";
import { Interrupted, interruptible } from "./interrupt.ts";
import { whole } from "./kv-arguments.ts";
import { type BenchFlags, benchKv } from "./kv-bench.ts";
import { loadPairs } from "./kv-pairs.ts";

/** Characters of a range that are printed at a time. */
const PART = 1 << 16;
/** Keys of a sparse file: each takes seven blocks of memory while they are chosen. */
const MAX_SPARSE = 1_000_000;

const JSON_LINES = 'print each pair as {"key":…,"value":…}, one a line';

/** Behind the list of commands. */
const HELP = `
Keys are whole numbers, values up to ${VALUE_SIZE} bytes of text. For example:
  ebpfcc kv create my.db --layers 3      the keys 0 to 29790, each with itself as its value (2.4 MB)
  ebpfcc kv put my.db 5 "five"           safe on the disk when it returns
  ebpfcc kv get my.db 5 6                5: five, 6: 6
  ebpfcc kv range my.db 3 7              the keys 3 to 6 with their values
  ebpfcc kv sum my.db 10 20 --op max     19
  ebpfcc kv bench my.db --workload A     YCSB, with latencies
`;

export function register(program: Command): void {
	const kv = program
		.command("kv")
		.description("BPF-KV files: a B+ tree and its values, searched by storage functions. One process writes to a file at a time.")
		.showHelpAfterError("(--help shows how)")
		.addHelpText("after", HELP);
	for (const verb of VERBS) verb(kv);
}

function registerCreate(kv: Command): void {
	verb(kv, "create <file>", "make a file with the keys 0 … 31^layers − 1")
		.option("-l, --layers <n>", `levels of the tree, 1 to ${MAX_LAYERS} (3: 2.4 MB, 4: 75 MB, 5: 2.3 GB, 6: 72 GB)`, "4")
		.option("--sparse <n>", "write only what lookups of this many keys read, chosen at random by --seed; the rest stays a hole")
		.option("--seed <n>", "of the random keys", "1")
		.option("--force", "replace a file that is there")
		.action(
			run(async (file, options: { layers: string; sparse?: string; seed: string; force?: boolean }) => {
				const layers = whole(options.layers, "--layers");
				const sparse = options.sparse === undefined ? null : whole(options.sparse, "--sparse");
				const random = seededRandom(whole(options.seed, "--seed"));
				const { keys } = geometry(layers);
				if (sparse !== null && sparse > MAX_SPARSE) throw new Complaint(`--sparse is at most ${MAX_SPARSE}, not ${sparse}`);
				refuseToReplace(file, options.force);
				const chosen = sparse === null ? null : [0, keys - 1, ...Array.from({ length: sparse }, () => Math.floor(random() * keys))];
				const onProgress = progressBar("writing");
				const g = await interruptible((signal) =>
					chosen === null
						? createKvFile(file, layers, { onProgress, signal })
						: createSparseKvFile(file, layers, chosen, { onProgress, signal }),
				);
				print(`${file}: ${g.layers} layers, ${g.nodes} nodes, ${g.keys} keys, ${g.fileSize} bytes`);
				if (chosen)
					print(`written are the ways to ${new Set(chosen).size} keys, among them ${[...new Set(chosen)].slice(0, 5).join(", ")}`);
			}),
		);
}

function registerLoad(kv: Command): void {
	verb(
		kv,
		"load <file>",
		"make a file from lines of KEY, a tab and VALUE on standard input or in --from, by ascending key; a line without a tab deletes its key from older files",
	)
		.option("--from <pairs>", "file of pairs")
		.option("--force", "replace a file that is there")
		.action(
			run(async (file, options: { from?: string; force?: boolean }) => {
				refuseToReplace(file, options.force);
				const result = await interruptible((signal) => loadPairs(file, options.from, signal));
				print(`${file}: ${result.keys} keys, ${result.layers} layers, ${result.fileSize} bytes`);
			}),
		);
}

function registerGet(kv: Command): void {
	verb(kv, "get <file> <key...>", "print the values of keys; exit 1 if one is not there")
		.option("--cache <levels>", "keep this many levels of the tree in memory", "0")
		.option("--json", JSON_LINES)
		.action(
			run(async (file, keys: string[], options: { cache: string; json?: boolean }) => {
				const wanted = keys.map((key) => whole(key, "a key"));
				const db = await openForReading(file, ["get"], whole(options.cache, "--cache"));
				for (const [i, value] of db.getMany(wanted).entries()) {
					if (options.json) print(jsonLine(wanted[i], value));
					else print(value === null ? `${wanted[i]}: not found` : wanted.length === 1 ? value : `${wanted[i]}: ${value}`);
					if (value === null) process.exitCode = 1;
				}
			}),
		);
}

function registerRange(kv: Command): void {
	verb(kv, "range <file> <begin> <end>", "print the pairs from begin up to end")
		.option("--begin-exclusive", "without begin")
		.option("--end-inclusive", "with end")
		.option("--json", JSON_LINES)
		.action(
			run(async (file, begin: string, end: string, options: { beginExclusive?: boolean; endInclusive?: boolean; json?: boolean }) => {
				const { json, ...flags } = options;
				const bounds = { begin: whole(begin, "begin"), end: whole(end, "end"), ...flags };
				await printRange(await openForReading(file, ["range"]), bounds, json ? jsonLine : (key, value) => `${key}\t${value}`);
			}),
		);
}

function registerSum(kv: Command): void {
	verb(kv, "sum <file> <begin> <end>", "fold the values of a range into one number, where they are stored; of each value its digits count")
		.option("--op <op>", Object.keys(AGGREGATES).join(", "), "sum")
		.option("--begin-exclusive", "without begin")
		.option("--end-inclusive", "with end")
		.option("--raw", "take a value's first eight bytes for a number, as the original does, instead of its decimal text")
		.option("--json", 'print {"op":…,"value":…}, null if there is none')
		.action(
			run(
				async (
					file,
					begin: string,
					end: string,
					options: { op: string; raw?: boolean; json?: boolean; beginExclusive?: boolean; endInclusive?: boolean },
				) => {
					const { op, raw, json, ...flags } = options;
					if (!Object.hasOwn(AGGREGATES, op)) throw new Complaint(`--op is one of ${Object.keys(AGGREGATES).join(", ")}, not ${op}`);
					const bounds = { begin: whole(begin, "begin"), end: whole(end, "end"), ...flags };
					const db = await openForReading(file, ["sum", "range"]);
					const result = db.aggregate(op as Aggregate, bounds, { decimal: !raw });
					// A number of 64 bits, which JSON.stringify does not write.
					if (json) print(`{"op":"${op}","value":${result}}`);
					else print(result === null ? "no objects" : String(result));
				},
			),
		);
}

function registerPut(kv: Command): void {
	verb(kv, "put <file> <key> <value>", "write one value; when the command returns, it is on the disk").action(
		run(async (file, key: string, value: string) => {
			const number = whole(key, "a key");
			const bytes = new TextEncoder().encode(value);
			if (bytes.length > VALUE_SIZE) throw new Complaint(`a value has at most ${VALUE_SIZE} bytes, not ${bytes.length}`);
			await write(file, (store) => store.put(number, bytes));
		}),
	);
}

function registerDelete(kv: Command): void {
	verb(kv, "delete <file> <key>", "remove a key").action(
		run(async (file, key: string) => {
			const number = whole(key, "a key");
			await write(file, (store) => store.delete(number));
		}),
	);
}

function registerCheck(kv: Command): void {
	verb(kv, "check <file>", "verify the whole tree; exit 1 and a line for each damaged place")
		.option("--json", "print the report as one object")
		.action(run(async (file, options: { json?: boolean }) => check(file, options.json ?? false)));
}

function registerBench(kv: Command): void {
	verb(kv, "bench <file>", "run a YCSB workload; all but C write to the file")
		.option("-w, --workload <name>", "A (update heavy) to F (read-modify-write)", "C")
		.option("-n, --operations <n>", "how many", "10000")
		.option("--clients <n>", "closed loop: so many operations are under way at a time", "1")
		.option("--rate <n>", "open loop: operations a second, issued on time whatever comes back")
		.option("--distribution <name>", "zipfian, uniform or latest instead of the workload's")
		.option("--cache <levels>", "keep this many levels of the tree in memory", "0")
		.option("--objects <n>", "keep this many values in memory", "0")
		.option("--seed <n>", "of the random numbers", "1")
		.action(
			run(async (file, options: BenchFlags) => {
				await interruptible((signal) => benchKv(file, compilePrograms, options, print, signal));
			}),
		);
}

/** In the order of the help. */
const VERBS = [
	registerCreate,
	registerLoad,
	registerGet,
	registerRange,
	registerSum,
	registerPut,
	registerDelete,
	registerCheck,
	registerBench,
];

async function write(file: string, change: (store: KvStore) => Promise<void>): Promise<void> {
	const store = await openKvStore(file);
	try {
		await change(store);
	} catch (error) {
		await store.abandon();
		throw error;
	}
	await store.close();
}

/** The tree as it will be when the log beside it is applied; nothing is written. */
function check(file: string, json: boolean): void {
	const device = openFileDevice(file);
	const log = unapplied(readLog(file));
	const pending = log.entries.size;
	const bar = progressBar("checking");
	const report = checkKv(
		overlaid(device, () => log.blocks),
		{ onProgress: (_, share) => bar(Math.min(share, 0.99), 1), interrupted: log.blocks.size > 0 || pending > 0 },
	);
	bar(1, 1);
	device.close();
	if (report.damage.length > 0) process.exitCode = 1;
	if (json) return print(JSON.stringify({ ...report, pendingBlocks: log.blocks.size, pendingEntries: pending }));
	for (const { offset, what } of report.damage) print(`${file}: at ${offset}: ${what}`);
	if (report.truncated) print("… and more");
	if (log.blocks.size > 0)
		print(`${log.blocks.size} blocks of an interrupted checkpoint are in the log; the next command that writes to the file writes them`);
	if (pending > 0) print(`${pending} entries are in the log and not yet in the tree`);
	print(
		`${report.layers} layers, ${report.nodes} nodes, ${report.keys} keys${report.tombstones > 0 ? ` (${report.tombstones} of them deleted)` : ""}: ${report.damage.length === 0 ? "sound" : "damaged"}`,
	);
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
			const damaged = error instanceof KvDamage || (error instanceof XrpError && error.damage !== null);
			process.stderr.write(
				`ebpfcc: error: ${file === "" ? "an empty name" : file}: ${error.message}${damaged ? `; "ebpfcc kv check ${file}" lists all damage` : ""}\n`,
			);
			process.exitCode = error instanceof Interrupted ? error.status : 1;
		}
	};
}

function isExpected(error: unknown): error is Error {
	if (!(error instanceof Error)) return false;
	const { code } = error as NodeJS.ErrnoException;
	return (
		error instanceof Complaint ||
		error instanceof XrpError ||
		error instanceof RangeError ||
		typeof code === "string" ||
		error instanceof KvDamage ||
		error instanceof KvUnsettled ||
		error.message.includes("BPF-KV file")
	);
}

/** The file as its log will make it; nothing is written. */
async function openForReading(file: string, programs: readonly (keyof KvPrograms)[], cacheLevels = 0): Promise<KvReader> {
	const compiled = await Promise.all(programs.map(async (name) => [name, await compileProgram(name)] as const));
	return openKvReader(file, Object.fromEntries(compiled), { cacheLevels });
}

/** A part at a time, so that a reader that has seen enough ends the command. */
async function printRange(db: KvReader, bounds: RangeBounds, line: (key: number, value: string) => string): Promise<void> {
	let rest = bounds;
	for (let more = true; more; ) {
		let text = "";
		more = false;
		db.forEachInRange(rest, (key, value) => {
			text += `${line(key, textOf(value))}\n`;
			if (text.length < PART) return true;
			rest = { ...bounds, begin: key, beginExclusive: true };
			more = true;
			return false;
		});
		if (text !== "" && !process.stdout.write(text)) await once(process.stdout, "drain");
		await new Promise((resolve) => setImmediate(resolve));
	}
}

const jsonLine = (key: number, value: string | null) => JSON.stringify({ key, value });

function refuseToReplace(file: string, force: boolean | undefined): void {
	if (existsSync(file) && statSync(file).isDirectory()) throw new Complaint("there is a folder of that name");
	if (!force && existsSync(file)) throw new Complaint("there is a file of that name; --force replaces it");
}

function print(line: string): void {
	process.stdout.write(`${line}\n`);
}
