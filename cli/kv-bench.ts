/** YCSB over one BPF-KV file: reads through XRP chains, writes through the log; latencies in microseconds. */
import { KvFile, type KvPrograms, Latencies, type Operation, seededRandom, WORKLOADS, type WorkloadName, workload } from "../runtime/bpfkv/index.ts";
import { openFileDevice } from "../runtime/node/file-device.ts";
import { openKvStore } from "../runtime/node/kv-file.ts";
import { Complaint } from "./files.ts";
import type { BenchFlags } from "./kv.ts";

export async function benchKv(file: string, programs: KvPrograms, flags: BenchFlags, print: (line: string) => void): Promise<void> {
	const name = flags.workload.toUpperCase();
	if (!(name in WORKLOADS)) throw new Complaint(`--workload is one of ${Object.keys(WORKLOADS).join(", ")}, not ${flags.workload}`);
	const distribution = flags.distribution;
	if (distribution !== undefined && distribution !== "zipfian" && distribution !== "uniform" && distribution !== "latest")
		throw new Complaint(`--distribution is zipfian, uniform or latest, not ${distribution}`);
	const operations = Number(flags.operations);
	const rate = flags.rate === undefined ? null : Number(flags.rate);
	if (!(operations > 0) || (rate !== null && !(rate > 0))) throw new Complaint("--operations and --rate are positive numbers");

	const device = openFileDevice(file);
	const db = new KvFile(device, programs);
	const store = await openKvStore(file, { onCheckpoint: () => device.refresh() });
	const keys = 31 ** db.layers;
	const next = workload(name as WorkloadName, keys, seededRandom(Number(flags.seed)), distribution === undefined ? {} : { distribution });
	const latencies = new Map<Operation["kind"], Latencies>();
	const value = new TextEncoder().encode("value written by the benchmark");

	const perform = async (operation: Operation): Promise<void> => {
		switch (operation.kind) {
			case "read":
				if (store.pending(operation.key) === undefined) db.getBytes(operation.key);
				return;
			case "scan":
				db.forEachInRange({ begin: operation.key, end: operation.key + operation.length }, () => {});
				return;
			case "read-modify-write":
				if (store.pending(operation.key) === undefined) db.getBytes(operation.key);
				return store.put(operation.key, value);
			case "update":
			case "insert":
				return store.put(operation.key, value);
			default:
				return operation satisfies never;
		}
	};

	const begin = performance.now();
	const running: Promise<void>[] = [];
	for (let i = 0; i < operations; i++) {
		const operation = next();
		let start = performance.now();
		if (rate !== null) {
			// An open loop counts from when the operation was due, so that waiting in line is part of its latency.
			const due = begin + (1000 * i) / rate;
			while (performance.now() < due) await new Promise((resolve) => setImmediate(resolve));
			start = due;
		}
		const done = perform(operation).then(() => {
			const kind = latencies.get(operation.kind) ?? new Latencies();
			latencies.set(operation.kind, kind);
			kind.add(performance.now() - start);
		});
		if (rate === null) await done;
		else running.push(done);
	}
	await Promise.all(running);
	const seconds = (performance.now() - begin) / 1000;
	await store.close();
	device.close();

	print(`Workload ${name} (${WORKLOADS[name as WorkloadName].name}): ${operations} operations in ${seconds.toFixed(2)} s, ${(operations / seconds).toFixed(0)} op/s`);
	print(`${"".padEnd(18)}${["count", "mean", "p50", "p99", "p99.9"].map((title) => title.padStart(10)).join("")}  (µs)`);
	for (const [kind, all] of latencies) {
		const cells = [all.mean, all.quantile(0.5), all.quantile(0.99), all.quantile(0.999)].map((ms) => (1000 * ms).toFixed(1).padStart(10));
		print(`${kind.padEnd(18)}${String(all.count).padStart(10)}${cells.join("")}`);
	}
}
