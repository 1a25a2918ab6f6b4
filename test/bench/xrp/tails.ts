/** Latency by load: closed loops of more and more clients (the paper's figure 5), and open loops of more and more lookups a second (figure 7). */
import type { LookupEngine } from "./engines.ts";
import type { Workload } from "./file.ts";
import { compare, failures, quantile } from "./rounds.ts";
import type { Series } from "./svg.ts";

/** Share of the lookups that are due which an engine must keep up with. */
const OVERLOADED = 0.7;
const QUANTILES = [0.5, 0.99, 0.999] as const;

export async function benchConcurrency(w: Workload, engines: readonly (readonly [LookupEngine, number])[], rounds: number, concurrencies: readonly number[]): Promise<Series[]> {
	console.log(`  ${"by lookups in flight".padEnd(28)}${"in flight".padStart(10)}${"k/s".padStart(10)}${"p50 µs".padStart(12)}${"p99 µs".padStart(12)}${"p99.9 µs".padStart(12)}`);
	const series = new Map<string, [number, number][]>();
	for (const concurrency of concurrencies)
		for (const row of await compare(w, concurrency, engines, rounds)) {
			console.log(`    ${row.name.padEnd(26)}${String(concurrency).padStart(10)}${(1e3 / row.microseconds).toFixed(1).padStart(10)}${QUANTILES.map((q) => quantile(row.latencies, q).toFixed(0).padStart(12)).join("")}`);
			const points = series.get(row.name) ?? [];
			series.set(row.name, points);
			points.push([concurrency, 1e3 / row.microseconds]);
		}
	return [...series].map(([name, points]) => ({ name, points }));
}

/** Each lookup is issued when it is due, whatever came back; its latency counts from then, so that waiting in line is part of it. */
export async function benchOpenLoop(w: Workload, engines: readonly LookupEngine[], rates: readonly number[], milliseconds: number): Promise<Series[]> {
	console.log(`  ${"open loop".padEnd(28)}${"k/s due".padStart(10)}${"k/s done".padStart(10)}${"p50 µs".padStart(12)}${"p99 µs".padStart(12)}${"p99.9 µs".padStart(12)}`);
	const series: Series[] = [];
	for (const { name, one } of engines) {
		if (one === undefined) continue;
		const points: [number, number][] = [];
		for (const rate of rates) {
			const count = Math.ceil((rate * milliseconds) / 1000);
			const latencies: number[] = [];
			const running: Promise<void>[] = [];
			const begin = performance.now();
			for (let i = 0; i < count; ) {
				const now = performance.now();
				for (; i < count && begin + (1000 * i) / rate <= now; i++) {
					const due = begin + (1000 * i) / rate;
					running.push(
						one(w.keys[i % w.keys.length]).then((hops) => {
							latencies.push(performance.now() - due);
							if (hops !== w.g.layers + 1) failures.wrong++;
						}),
					);
				}
				await new Promise((resolve) => setImmediate(resolve));
			}
			await Promise.all(running);
			const seconds = (performance.now() - begin) / 1000;
			latencies.sort((a, b) => a - b);
			console.log(`    ${name.padEnd(26)}${(rate / 1e3).toFixed(0).padStart(10)}${(count / seconds / 1e3).toFixed(1).padStart(10)}${QUANTILES.map((q) => quantile(latencies, q).toFixed(0).padStart(12)).join("")}`);
			points.push([rate / 1e3, quantile(latencies, 0.99)]);
			// Beyond what an engine can do, its latencies say only how long the test went on.
			if (count / seconds < OVERLOADED * rate) break;
		}
		series.push({ name, points });
	}
	return series;
}
