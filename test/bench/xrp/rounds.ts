/** Paired rounds: every round gives each engine one turn, in alternating order, so that what disturbs the machine disturbs all of them. */
import type { LookupEngine, Run } from "./engines.ts";
import type { Workload } from "./file.ts";
import type { RangeEngine } from "./ranges.ts";

export interface Row {
	readonly name: string;
	readonly microseconds: number;
	/** How many times faster than the first engine: the median of the rounds' ratios. */
	readonly ratio: number;
	/** Microseconds of the best round, in which the machine did least else. */
	readonly best: number;
	/** All lookups' latencies in milliseconds, ascending; empty where they were not taken. */
	readonly latencies: readonly number[];
}

interface Turn {
	readonly name: string;
	readonly count: number;
	readonly turn: (from: number, count: number) => Run | Promise<Run>;
	/** Blocks that the turn from `from` on must read. */
	readonly hops: (from: number, count: number) => number;
}

/** Wrong values and turns that read more or fewer blocks than the tree's shape says. */
export const failures = { wrong: 0 };

export function compare(w: Workload, concurrency: number, engines: readonly (readonly [LookupEngine, number])[], rounds: number): Promise<Row[]> {
	const hops = (_: number, count: number) => (w.g.layers + 1) * count;
	return paired(engines.map(([engine, count]) => ({ name: engine.name, count, turn: (from, n) => engine.run(from, n, concurrency), hops })), rounds);
}

export function compareRanges(w: Workload, engines: readonly (readonly [RangeEngine, number])[], length: number, rounds: number): Promise<Row[]> {
	return paired(
		engines.map(([engine, count]) => ({
			name: engine.name,
			count: Math.min(count, w.begins.length),
			turn: (from, n) => engine.run(from, n, length),
			hops: (from, n) => Array.from({ length: n }, (_, i) => engine.hops(w.begins[(from + i) % w.begins.length], length)).reduce((sum, hops) => sum + hops),
		})),
		rounds,
	);
}

async function paired(engines: readonly Turn[], rounds: number): Promise<Row[]> {
	const times = engines.map(() => [] as number[]);
	const latencies = engines.map(() => [] as number[]);
	// The first round only warms up.
	for (let round = -1; round < rounds; round++) {
		const order = engines.map((_, i) => (round % 2 === 0 ? i : engines.length - 1 - i));
		for (const i of order) {
			const { name, count, turn, hops } = engines[i];
			const from = (round + 1) * count;
			const run = await turn(from, count);
			const expected = hops(from, count);
			if (run.wrong > 0) failures.wrong += run.wrong;
			else if (run.hops !== expected) {
				failures.wrong++;
				console.log(`${name}: ${run.hops} blocks were read, the tree's shape says ${expected}`);
			}
			if (round < 0) continue;
			times[i].push((run.milliseconds * 1e3) / count);
			for (const latency of run.latencies ?? []) latencies[i].push(latency);
		}
	}
	return engines.map(({ name }, i) => ({
		name,
		microseconds: median(times[i]),
		ratio: median(times[i].map((us, round) => times[0][round] / us)),
		best: Math.min(...times[i]),
		latencies: latencies[i].sort((a, b) => a - b),
	}));
}

/** Microseconds. */
export function quantile(sorted: readonly number[], q: number): number {
	return sorted.length === 0 ? Number.NaN : 1e3 * sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

export function median(values: readonly number[]): number {
	const sorted = values.slice().sort((a, b) => a - b);
	return sorted[sorted.length >> 1];
}

export function printRows(title: string, rows: readonly Row[], format: (microseconds: number) => string): void {
	console.log(`  ${title.padEnd(44)}median   ratio       best round   ratio`);
	for (const { name, microseconds, ratio, best } of rows)
		console.log(`    ${name.padEnd(30)}${format(microseconds).padStart(16)}${ratio.toFixed(1).padStart(7)}×${format(best).padStart(17)}${(rows[0].best / best).toFixed(1).padStart(7)}×`);
}
