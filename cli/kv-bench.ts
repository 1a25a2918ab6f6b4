/**
 * YCSB over one BPF-KV file: reads through XRP chains, writes through the log; latencies in microseconds. A closed loop
 * has so many clients, each of which starts its next operation when the one before is over; an open loop issues operations
 * on time, and counts their latency from when they were due.
 */
import {
	type Distribution,
	greatestKey,
	KvDatabase,
	type KvPrograms,
	type KvReader,
	Latencies,
	type Operation,
	seededRandom,
	WORKLOADS,
	type WorkloadName,
	type WorkloadRun,
	workload,
} from "../runtime/bpfkv/index.ts";
import { openFileDevice } from "../runtime/node/file-device.ts";
import { openKvDatabase, openKvReader } from "../runtime/node/kv-file.ts";
import { Complaint } from "./files.ts";
import { positive, whole } from "./kv-arguments.ts";

export interface BenchFlags {
	readonly workload: string;
	readonly operations: string;
	readonly clients: string;
	readonly rate?: string;
	readonly distribution?: string;
	readonly cache: string;
	readonly objects: string;
	readonly seed: string;
}

const DISTRIBUTIONS: readonly Distribution[] = ["zipfian", "uniform", "latest"];
const VALUE = new TextEncoder().encode("value written by the benchmark");

export async function benchKv(
	file: string,
	compile: () => Promise<KvPrograms>,
	flags: BenchFlags,
	print: (line: string) => void,
	signal: AbortSignal,
): Promise<void> {
	const name = flags.workload.toUpperCase();
	if (!isWorkload(name)) throw new Complaint(`--workload is one of ${Object.keys(WORKLOADS).join(", ")}, not ${flags.workload}`);
	const distribution = DISTRIBUTIONS.find((known) => known === flags.distribution);
	if (flags.distribution !== undefined && distribution === undefined)
		throw new Complaint(`--distribution is ${DISTRIBUTIONS.join(", ")}, not ${flags.distribution}`);
	const operations = positive(flags.operations, "--operations");
	const clients = positive(flags.clients, "--clients");
	const rate = flags.rate === undefined ? null : positive(flags.rate, "--rate");
	const random = seededRandom(whole(flags.seed, "--seed"));
	const caches = { cacheLevels: whole(flags.cache, "--cache"), cacheObjects: whole(flags.objects, "--objects") };

	const programs = await compile();
	const readOnly = Object.keys(WORKLOADS[name].share).every((kind) => kind === "read" || kind === "scan");
	// What only reads takes a file that may not be written to.
	const db = readOnly ? openKvReader(file, programs, caches) : await openKvDatabase(file, programs, caches);
	try {
		const keys = keysOf(file);
		if (keys === 0) throw new Complaint("a file without keys has nothing to run a workload on");
		const work = workload(name, keys, random, distribution === undefined ? {} : { distribution });
		const run = new Measured(db, work);
		const begin = performance.now();
		const performed = rate === null ? await closedLoop(run, operations, clients, signal) : await openLoop(run, operations, rate, signal);
		const seconds = (performance.now() - begin) / 1000;
		const loop = rate === null ? `${clients} client${clients === 1 ? "" : "s"}` : `${rate} due a second`;
		print(
			`Workload ${name} (${WORKLOADS[name].name}), ${keys} keys, ${loop}: ${performed} operations in ${seconds.toFixed(2)} s, ${(performed / seconds).toFixed(0)} op/s`,
		);
		run.print(print);
		const { hops, hits } = db.statistics;
		print(
			`${hops} blocks read by chains${hits > 0 ? `, ${hits} gets answered from memory` : ""}${run.missing > 0 ? `; ${run.missing} keys were not there` : ""}`,
		);
	} finally {
		await db.close();
	}
	signal.throwIfAborted();
}

/** Operations, each timed from a moment that the loop names. */
class Measured {
	/** Reads of keys that the file does not have. */
	missing = 0;
	readonly #db: KvReader;
	readonly #work: WorkloadRun;
	readonly #latencies = new Map<Operation["kind"], Latencies>();

	constructor(db: KvReader, work: WorkloadRun) {
		this.#db = db;
		this.#work = work;
	}

	/** The workload's next operation; its latency counts from `since`, or from now. */
	async perform(since = performance.now()): Promise<void> {
		const operation = this.#work.next();
		await this.#perform(operation);
		const latencies = this.#latencies.get(operation.kind) ?? new Latencies();
		this.#latencies.set(operation.kind, latencies);
		latencies.add(performance.now() - since);
	}

	print(print: (line: string) => void): void {
		print(`${"".padEnd(18)}${["count", "mean", "p50", "p99", "p99.9"].map((title) => title.padStart(10)).join("")}  (µs)`);
		for (const [kind, all] of this.#latencies) {
			const cells = [all.mean, all.quantile(0.5), all.quantile(0.99), all.quantile(0.999)].map((ms) => (1000 * ms).toFixed(1).padStart(10));
			print(`${kind.padEnd(18)}${String(all.count).padStart(10)}${cells.join("")}`);
		}
	}

	async #perform(operation: Operation): Promise<void> {
		const { key } = operation;
		switch (operation.kind) {
			case "read":
				return this.#read(key);
			case "scan":
				this.#db.forEachInRange({ begin: key, end: key + operation.length }, () => {});
				return;
			case "read-modify-write":
				this.#read(key);
				return this.#put(key);
			case "update":
				return this.#put(key);
			case "insert":
				await this.#put(key);
				return this.#work.acknowledge(key);
			default:
				return operation satisfies never;
		}
	}

	#put(key: number): Promise<void> {
		if (!(this.#db instanceof KvDatabase)) throw new Error("a workload that only reads has no writes");
		return this.#db.put(key, VALUE);
	}

	#read(key: number): void {
		if (this.#db.getBytes(key) === null) this.missing++;
	}
}

/** Reads alone never go back to the event loop, where ^C is noticed. */
const MILLISECONDS_A_TURN = 50;

/** Returns how many operations there were: fewer than wanted when it was interrupted. */
async function closedLoop(run: Measured, operations: number, clients: number, signal: AbortSignal): Promise<number> {
	let begun = 0;
	let turn = performance.now();
	const client = async () => {
		while (begun < operations && !signal.aborted) {
			begun++;
			await run.perform();
			if (performance.now() - turn < MILLISECONDS_A_TURN) continue;
			await new Promise((resolve) => setImmediate(resolve));
			turn = performance.now();
		}
	};
	await Promise.all(Array.from({ length: Math.min(clients, operations) }, client));
	return begun;
}

async function openLoop(run: Measured, operations: number, rate: number, signal: AbortSignal): Promise<number> {
	const begin = performance.now();
	const running = new Set<Promise<void>>();
	let failure: unknown = null;
	let begun = 0;
	for (; begun < operations && !signal.aborted; begun++) {
		const i = begun;
		const due = begin + (1000 * i) / rate;
		while (performance.now() < due) await new Promise((resolve) => setImmediate(resolve));
		const done = run.perform(due);
		running.add(done);
		done.then(
			() => running.delete(done),
			(error) => {
				running.delete(done);
				failure ??= error;
			},
		);
		if (failure !== null) break;
	}
	await Promise.allSettled(running);
	if (failure !== null) throw failure;
	return begun;
}

/** The keys that a workload draws from: all below the greatest, as in a file that `create` made. */
function keysOf(file: string): number {
	const device = openFileDevice(file);
	try {
		return greatestKey(device) + 1;
	} finally {
		device.close();
	}
}

function isWorkload(name: string): name is WorkloadName {
	return Object.hasOwn(WORKLOADS, name);
}
