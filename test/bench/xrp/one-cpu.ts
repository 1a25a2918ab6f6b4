/**
 * Against C on the same CPU. Two processes that the scheduler lays on different CPUs of a virtual machine are measured
 * on different hardware: what else runs on the host's cores made the same C program take 12.8 µs on one and 17.2 on the
 * other. So for these rounds this process's main thread and the C program are bound to one CPU, one CPU after the other.
 */
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import type { LookupEngine } from "./engines.ts";
import type { Workload } from "./file.ts";
import { compare } from "./rounds.ts";

const COUNT = 2000;

/** @param pid the process of the first engine, which the others are compared with */
export async function benchOneCpu(title: string, w: Workload, pid: number, engines: readonly LookupEngine[], rounds: number): Promise<void> {
	const before = affinity(process.pid);
	if (before === null) return console.log("  on one CPU: skipped, there is no taskset");
	const bind = (cpus: string) => [process.pid, pid].every((each) => spawnSync("taskset", ["-p", "-c", cpus, String(each)], { stdio: "ignore" }).status === 0);
	console.log(`  ${`on one CPU, ${title}`.padEnd(44)}median  times C      best round  times C`);
	// Asked before: a bound thread is told of one CPU.
	const cpus = availableParallelism();
	try {
		for (let cpu = 0; cpu < cpus; cpu++) {
			if (!bind(String(cpu))) {
				console.log(`    CPU ${cpu}: skipped, this process may not use it`);
				continue;
			}
			const rows = await compare(w, 1, engines.map((engine) => [engine, COUNT]), rounds);
			for (const { name, microseconds, ratio, best } of rows)
				console.log(`    CPU ${cpu}: ${name.trim().padEnd(30)}${`${microseconds.toFixed(1)} µs`.padStart(10)}${(1 / ratio).toFixed(2).padStart(9)}${`${best.toFixed(1)} µs`.padStart(16)}${(best / rows[0].best).toFixed(2).padStart(9)}`);
		}
	} finally {
		bind(before);
	}
}

/** CPUs that a thread may use, as taskset lists them; null where there is none. */
function affinity(thread: number): string | null {
	const { status, stdout } = spawnSync("taskset", ["-p", "-c", String(thread)], { encoding: "utf8" });
	return status === 0 ? (stdout.split(": ").at(-1)?.trim() ?? null) : null;
}
