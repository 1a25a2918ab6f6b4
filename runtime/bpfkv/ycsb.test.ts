import { describe, expect, it } from "vitest";
import { Latencies, seededRandom, WORKLOADS, workload, type WorkloadName, zipfian } from "./ycsb.ts";

describe("YCSB", () => {
	it("draws ranks as Zipf's law has them", () => {
		const n = 100_000;
		const draws = 400_000;
		const next = zipfian(n, seededRandom(1));
		let zeta = 0;
		for (let i = 1; i <= n; i++) zeta += i ** -0.99;
		const counts = new Map<number, number>();
		for (let i = 0; i < draws; i++) {
			const rank = next();
			if (rank < 0 || rank >= n) expect.fail(`rank ${rank}`);
			counts.set(rank, (counts.get(rank) ?? 0) + 1);
		}
		for (const rank of [0, 1]) expect((counts.get(rank) ?? 0) / draws / ((rank + 1) ** -0.99 / zeta)).toBeCloseTo(1, 1);
		const firstHundred = Array.from({ length: 100 }, (_, r) => counts.get(r) ?? 0).reduce((a, b) => a + b);
		let expected = 0;
		for (let i = 1; i <= 100; i++) expected += i ** -0.99 / zeta;
		expect(firstHundred / draws / expected).toBeGreaterThan(0.9);
		expect(firstHundred / draws / expected).toBeLessThan(1.1);
	});

	it.each(Object.keys(WORKLOADS) as WorkloadName[])("mixes workload %s as the table says", (name) => {
		const work = workload(name, 1000, seededRandom(3));
		const counts: Record<string, number> = {};
		let keys = 1000;
		for (let i = 0; i < 20_000; i++) {
			const operation = work.next();
			counts[operation.kind] = (counts[operation.kind] ?? 0) + 1;
			if (operation.kind === "insert" ? operation.key !== keys++ : operation.key >= keys) expect.fail(`${operation.kind} ${operation.key}`);
			if (operation.kind === "insert") work.acknowledge(operation.key);
		}
		for (const [kind, share] of Object.entries(WORKLOADS[name].share)) expect(counts[kind] / 20_000).toBeCloseTo(share, 1);
	});

	it("prefers the newest keys in latest, and none in uniform", () => {
		const shareOfLast = (distribution: "latest" | "uniform") => {
			const work = workload("C", 10_000, seededRandom(5), { distribution });
			let last = 0;
			for (let i = 0; i < 20_000; i++) if (work.next().key >= 9_000) last++;
			return last / 20_000;
		};
		// The first tenth of the ranks has 0.77 of Zipf's mass at 10,000 keys; a uniform draw a tenth.
		expect(shareOfLast("latest")).toBeGreaterThan(0.72);
		expect(shareOfLast("latest")).toBeLessThan(0.82);
		expect(shareOfLast("uniform")).toBeCloseTo(0.1, 1);
	});

	it("gives the same run for the same seed", () => {
		const run = () => {
			const work = workload("A", 500, seededRandom(9));
			return Array.from({ length: 100 }, () => work.next());
		};
		expect(run()).toEqual(run());
	});

	it.each(["D", "E"] as const)("draws keys in workload %s only when their insert was acknowledged, in whatever order that is", (name) => {
		const random = seededRandom(11);
		const work = workload(name, 50, random);
		const open: number[] = [];
		const there = new Set(Array.from({ length: 50 }, (_, key) => key));
		let newest = 0;
		for (let i = 0; i < 20_000; i++) {
			const operation = work.next();
			if (operation.kind === "insert") open.push(operation.key);
			else if (!there.has(operation.key)) expect.fail(`${operation.kind} ${operation.key} of ${work.keys}`);
			else newest = Math.max(newest, operation.key);
			// Eight inserts are under way; any of them ends.
			if (open.length < 8) continue;
			const [key] = open.splice(Math.floor(random() * open.length), 1);
			there.add(key);
			work.acknowledge(key);
		}
		expect(there.size).toBeGreaterThan(500);
		expect(newest).toBeGreaterThan(there.size - 100);
		expect(work.keys).toBeLessThanOrEqual(there.size);
	});

	it("tells quantiles", () => {
		const latencies = new Latencies();
		for (let i = 1000; i > 0; i--) latencies.add(i);
		expect([latencies.quantile(0.5), latencies.quantile(0.99), latencies.quantile(0.999), latencies.mean]).toEqual([501, 991, 1000, 500.5]);
	});
});
