/** The benchmark itself: workloads, rounds, the table, and the plots when a folder is given for them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { compile, defaultOptions } from "ebpfcc";
import { BLOCK, geometry, GetPage, type KvPrograms, type StorageHook, writeBlocks, XRP_CONTEXT } from "ebpfcc/runtime";
import { type HookObject, openFileDevice, XrpPool } from "ebpfcc/runtime/node";
import { compilePrograms } from "../../../examples/bpf-kv/programs.ts";
import { sourceFolder } from "../../../examples/bpf-kv/source-folder.ts";
import { benchDirect } from "./direct.ts";
import { awaitedReads, callbackReads, knownReads, type LookupEngine, nativeReads, pooledChains, pooledGets, syncChains } from "./engines.ts";
import { createWorkload, RANGE_LENGTH, type Workload } from "./file.ts";
import { handWrittenGet } from "./hand-written.ts";
import { NativeReads } from "./native.ts";
import { benchOneCpu } from "./one-cpu.ts";
import { PAPER_LATENCY, PAPER_RANGE_96, PAPER_RANGES } from "./paper.ts";
import { awaitedRanges, pooledRanges, type RangeEngine, syncRanges } from "./ranges.ts";
import { compare, compareRanges, failures, median, printRows } from "./rounds.ts";
import { linePlot, type Series } from "./svg.ts";
import { benchConcurrency, benchOpenLoop } from "./tails.ts";
import { scriptArguments } from "../../support/arguments.ts";

const { values: args } = scriptArguments({ options: { depths: { type: "string", default: "6" }, rounds: { type: "string", default: "15" }, out: { type: "string" } } });
const rounds = Number(args.rounds);
/** For points of plots, and where each round is long. */
const FEW_ROUNDS = 5;
const RATES = [4_000, 8_000, 16_000, 32_000, 64_000];
const OPEN_LOOP_MS = 150;
const folder = mkdtempSync(join(tmpdir(), "xrp-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const started = performance.now();
const programs = await compilePrograms();
const getObject = compiled("get");
const rangeObject = compiled("range");
const byHandHook = handWrittenGet((await compilePrograms()).get);
const byHand: KvPrograms = { ...programs, get: byHandHook };
console.log(`Node ${process.version}, ${availableParallelism()} CPUs, page cache warm; medians of ${rounds} paired rounds; every value checked, every hop compared with the model.`);

const tableDepths = args.depths.split(",").map(Number);
const depths = args.out ? [1, 2, 3, 4, 5, 6] : tableDepths;
const figure: { throughput: Series[]; openLoop: Series[]; ranges: Series[] } = { throughput: [], openLoop: [], ranges: [] };
const latency: Record<string, Map<number, number>> = {};
for (const depth of depths) await benchDepth(depth);
hookCost();
if (args.out) writePlots(args.out);
console.log(
	"\nA hop through Node's thread pool and event loop costs 13 to 16 µs where the kernel's storage stack costs 3: our ratios are larger than the\npaper's for that reason alone. They say what a chain saves a program on Node, and nothing about how XRP in the kernel compares.",
);
console.log(`${failures.wrong === 0 ? "Values and hops: all right" : `${failures.wrong} WRONG values or hop counts`}; ${((performance.now() - started) / 1000).toFixed(0)} s.`);
process.exitCode = failures.wrong === 0 ? 0 : 1;

async function benchDepth(depth: number): Promise<void> {
	const w = createWorkload(join(folder, `depth${depth}.db`), depth, 4000, 100);
	const file = await open(w.path);
	const device = openFileDevice(w.path);
	const objects = [{ bytes: getObject }, { bytes: rangeObject }];
	const native = NativeReads.start(folder, w);
	if (native === null) console.log("C, pread chain: skipped, there is no gcc");
	const inTable = tableDepths.includes(depth);
	const besideC = native === null ? [] : [nativeReads(native), knownReads(file.fd, w), syncChains("readXrpSync", device, programs, w)];
	// V8 keeps one text of the loop for all hooks: what runs in the process before makes it more general. So once as a program that only reads this way has it.
	if (native && inTable) await benchOneCpu("alone in the process", w, native.pid, besideC, rounds);
	const pool = await XrpPool.open({ path: w.path, objects });
	const threads = await XrpPool.open({ path: w.path, objects, inline: 0 });
	const reads = awaitedReads("await filehandle.read", file, w);
	const callbacks = callbackReads(file.fd, w);
	const chains = pooledChains("readXrp", pool, w);
	const threadChains = pooledChains("  by threads alone", threads, w);
	try {
		const one = await compare(w, 1, [
			[reads, 60],
			[callbacks, 60],
			[chains, 200],
			[threadChains, 100],
			[pooledGets("readXrpMany, 32 keys", pool, w), 1280],
			[pooledGets("  by threads alone, 32 keys", threads, w), 1280],
			[syncChains("readXrpSync", device, programs, w), 2000],
			[syncChains("  hand-written hook", device, byHand, w), 2000],
			[knownReads(file.fd, w), 2000],
			...(native ? [[nativeReads(native), 2000] as const] : []),
		], inTable ? rounds : FEW_ROUNDS);
		const paper = PAPER_LATENCY;
		console.log(`\nDepth ${depth}: ${depth} index reads and one value a lookup (paper: read() ${paper.read[depth - 1]} µs, XRP ${paper.xrp[depth - 1]} µs, ${(paper.read[depth - 1] / paper.xrp[depth - 1]).toFixed(2)}×; SPDK ${paper.spdk[depth - 1]}, io_uring ${paper.ioUring[depth - 1]})`);
		printRows("one at a time", one, (us) => `${us.toFixed(1)} µs`);
		// An indented row belongs to the one before it.
		let parent = "";
		for (const { name, microseconds } of one) {
			if (!name.startsWith(" ")) parent = name;
			const whole = name === parent ? name : `${parent}, ${name.trim().replace(/^by |, 32 keys$/g, "")}`;
			(latency[whole] ??= new Map()).set(depth, microseconds);
		}
		const [sync, hand] = ["readXrpSync", "hand-written hook"].map((name) => one.find((row) => row.name.trim() === name));
		if (sync && hand) console.log(`    readXrpSync takes ${(sync.microseconds / hand.microseconds).toFixed(2)} times as long as with a hand-written hook, at best ${(sync.best / hand.best).toFixed(2)} times`);
		if (!inTable) return;

		if (native) await benchOneCpu("after all the above", w, native.pid, besideC, rounds);
		await loopShare([reads, callbacks, chains, threadChains]);
		printRows("64 at a time", await compare(w, 64, [[reads, 640], [callbacks, 640], [chains, 2560], [threadChains, 2560]], rounds), (us) => `${(1e3 / us).toFixed(1)} k/s`);
		if (w.begins.length > 0) await benchRanges(w, [awaitedRanges(file, w), pooledRanges("readXrp", pool, device, w), syncRanges(device, programs, w)]);
		figure.throughput = await benchConcurrency(w, [[reads, 320], [callbacks, 320], [chains, 960]], FEW_ROUNDS, args.out ? [1, 2, 4, 8, 16, 32, 64] : [1, 4, 16, 64]);
		figure.openLoop = await benchOpenLoop(w, [reads, chains], RATES, OPEN_LOOP_MS);
		await benchDirect(w, getObject, programs, FEW_ROUNDS);
		if (args.out) await rangePlot(w, [awaitedRanges(file, w), syncRanges(device, programs, w)]);
	} finally {
		native?.close();
		await pool.close();
		await threads.close();
		device.close();
		await file.close();
	}
}

/** What a lookup costs the event loop: the part of it during which nothing else can run there. */
async function loopShare(engines: readonly LookupEngine[]): Promise<void> {
	const cells: string[] = [];
	for (const engine of engines) {
		const before = performance.eventLoopUtilization();
		const run = await engine.run(0, 200, 1);
		// Lets the loop's own account of this turn close.
		await new Promise((resolve) => setImmediate(resolve));
		failures.wrong += run.wrong;
		cells.push(`${engine.name.trim()} ${((1e3 * performance.eventLoopUtilization(before).active) / 200).toFixed(1)}`);
	}
	console.log(`    µs of the event loop a lookup: ${cells.join(", ")}`);
}

async function benchRanges(w: Workload, [reads, pooled, sync]: readonly [RangeEngine, RangeEngine, RangeEngine]): Promise<void> {
	const { read, xrp } = PAPER_RANGE_96;
	const rows = await compareRanges(w, [[reads, 2], [pooled, 20], [sync, 20]], RANGE_LENGTH, rounds);
	printRows(`ranges of ${RANGE_LENGTH}${w.g.layers === 6 ? ` (paper: ${read} and ${xrp} µs, ${(read / xrp).toFixed(1)}×)` : ""}`, rows, (us) => `${us.toFixed(0)} µs`);
}

async function rangePlot(w: Workload, [reads, chains]: readonly [RangeEngine, RangeEngine]): Promise<void> {
	const lengths = new Map<string, [number, number][]>();
	for (const length of [1, 6, 12, 24, 48, 72, 96])
		for (const row of await compareRanges(w, [[reads, 4], [chains, 20]], length, FEW_ROUNDS)) lengths.set(row.name, [...(lengths.get(row.name) ?? []), [length, row.microseconds]]);
	figure.ranges = [...lengths].map(([name, points]) => ({ name, points }));
}

/** The program alone, on an index node: no read, no chain. */
function hookCost(): void {
	const node = new Uint8Array(BLOCK);
	writeBlocks(geometry(6), 0, 1, node);
	const cost = (hook: StorageHook): number => {
		const { u8, view } = hook.memory;
		u8.set(node, hook.data);
		const page = new GetPage(u8.subarray(hook.scratch, hook.scratch + 4096));
		const times: number[] = [];
		for (let round = 0; round < 31; round++) {
			page.prepareOne(12_345_678 * round);
			view.setUint32(hook.context + XRP_CONTEXT.data, hook.data, true);
			view.setUint32(hook.context + XRP_CONTEXT.scratch, hook.scratch, true);
			const start = performance.now();
			for (let i = 0; i < 10_000; i++) hook.run(hook.context);
			times.push((performance.now() - start) / 10);
		}
		return median(times);
	};
	const compiledHook = cost(programs.get);
	const hand = cost(byHandHook);
	console.log(`\nThe hook alone: compiled ${compiledHook.toFixed(3)} µs a hop, hand-written ${hand.toFixed(3)} µs (${(compiledHook / hand).toFixed(2)}×)`);
}

function writePlots(out: string): void {
	mkdirSync(out, { recursive: true });
	const ours = Object.entries(latency).map(([name, points]) => ({ name, points: [...points] }));
	const paper = (name: string, points: Series["points"]): Series => ({ name: `paper: ${name}`, points, dashed: true });
	const byDepth = (values: readonly number[]): Series["points"] => values.map((us, i) => [i + 1, us]);
	const plots = {
		"latency-by-depth.svg": linePlot({ title: "Lookup latency by tree depth", note: "paper: table 3, in the kernel, on an Optane disk; here: Node, page cache", x: "index levels", y: "µs", log: true, series: [...ours, paper("read()", byDepth(PAPER_LATENCY.read)), paper("XRP", byDepth(PAPER_LATENCY.xrp))] }),
		"throughput-by-concurrency.svg": linePlot({ title: "Lookups by concurrency, depth 6", note: "paper, figure 6b: XRP serves 1.47 to 1.94 times as many as read(), at depth 3, by 1 to 12 threads", x: "lookups in flight", y: "thousand a second", logX: true, log: true, series: figure.throughput }),
		"open-loop.svg": linePlot({ title: "p99 latency by load, depth 6", note: "up to the load that an engine cannot keep up with; paper, figure 7: 60 to 720 thousand a second by 12 threads", x: "thousand lookups a second", y: "µs", logX: true, log: true, series: figure.openLoop }),
		"latency-by-range.svg": linePlot({ title: "Range latency by length, depth 6", note: "paper: the ends of figure 8, read off the plot", x: "objects", y: "µs", log: true, series: [...figure.ranges, { ...paper("read()", PAPER_RANGES.read), marksOnly: true }, { ...paper("XRP", PAPER_RANGES.xrp), marksOnly: true }] }),
	};
	for (const [name, svg] of Object.entries(plots)) writeFileSync(join(out, name), svg);
	console.log(`\n${Object.keys(plots).join(", ")} are in ${out}`);
}

/** An object that the pools' workers load. */
function compiled(name: string): HookObject["bytes"] {
	const path = `${sourceFolder("examples/bpf-kv")}/${name}.bpf.c`;
	const result = compile(path, readFileSync(path, "utf8"), defaultOptions({ read: readOrNull }));
	if (result.object === null) throw new Error(`${path} does not compile`);
	return result.object;
}

function readOrNull(path: string): Uint8Array | null {
	try {
		return readFileSync(path);
	} catch {
		return null;
	}
}
