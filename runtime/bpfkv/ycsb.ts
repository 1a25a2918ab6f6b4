/**
 * The YCSB core workloads over a BPF-KV file: which operation comes next, and on which key.
 * Zipfian numbers after Gray et al., "Quickly Generating Billion-Record Synthetic Databases" (SIGMOD'94), as YCSB
 * uses them: rank 0 is the most popular one, and a hash spreads the ranks over the keys.
 */

/** From 0 to below 1. */
export type Random = () => number;

/** Which keys are asked for most. */
export type Distribution = "zipfian" | "uniform" | "latest";

/** What comes next. `length`: keys of the scan. */
export type Operation =
	| { readonly kind: "read" | "update" | "read-modify-write"; readonly key: number }
	| { readonly kind: "insert"; readonly key: number }
	| { readonly kind: "scan"; readonly key: number; readonly length: number };

interface Mix {
	readonly name: string;
	readonly distribution: Distribution;
	/** Shares that add up to 1. */
	readonly share: Readonly<Partial<Record<Operation["kind"], number>>>;
}

/** One row a workload (Cooper et al., "Benchmarking Cloud Serving Systems with YCSB", SoCC'10, table 2). */
export const WORKLOADS = {
	A: { name: "update heavy", distribution: "zipfian", share: { read: 0.5, update: 0.5 } },
	B: { name: "read mostly", distribution: "zipfian", share: { read: 0.95, update: 0.05 } },
	C: { name: "read only", distribution: "zipfian", share: { read: 1 } },
	D: { name: "read latest", distribution: "latest", share: { read: 0.95, insert: 0.05 } },
	E: { name: "short ranges", distribution: "zipfian", share: { scan: 0.95, insert: 0.05 } },
	F: { name: "read-modify-write", distribution: "zipfian", share: { read: 0.5, "read-modify-write": 0.5 } },
} as const satisfies Record<string, Mix>;

/** The workloads of YCSB. */
export type WorkloadName = keyof typeof WORKLOADS;

const THETA = 0.99;
const MAX_SCAN = 100;

/** xorshift128+ in doubles: the same seed gives the same run. */
export function seededRandom(seed: number): Random {
	let x = seed | 0 || 1;
	let y = 0x9e3779b9 | 0;
	let z = 0x243f6a88 | 0;
	let w = 0xb7e15162 | 0;
	return () => {
		const t = x ^ (x << 11);
		x = y;
		y = z;
		z = w;
		w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
		return (w >>> 0) / 2 ** 32;
	};
}

/** Ranks 0 … n − 1, rank r with a probability of about 1 / (r + 1)^theta. Any theta but 1. */
export function zipfian(n: number, random: Random, theta: number = THETA): () => number {
	const zetaN = zeta(n, theta);
	const alpha = 1 / (1 - theta);
	const eta = (1 - (2 / n) ** (1 - theta)) / (1 - zeta(2, theta) / zetaN);
	return () => {
		const u = random();
		const scaled = u * zetaN;
		if (scaled < 1) return 0;
		if (scaled < 1 + 0.5 ** theta) return 1;
		return Math.min(n - 1, Math.floor(n * (eta * u - eta + 1) ** alpha));
	};
}

/** The sum of 1 / i^theta for 1 ≤ i ≤ n: exactly for the first terms, by the integral for the rest. */
function zeta(n: number, theta: number): number {
	const exact = Math.min(n, 10_000);
	let sum = 0;
	for (let i = 1; i <= exact; i++) sum += i ** -theta;
	if (n > exact) sum += ((n + 0.5) ** (1 - theta) - (exact + 0.5) ** (1 - theta)) / (1 - theta);
	return sum;
}

/** A workload under way: what is asked for next, and what has become true of it so far. */
export interface WorkloadRun {
	/** The next operation. Keys to read are drawn from those that are there: the first ones, and inserts that were acknowledged. */
	next(): Operation;
	/**
	 * The insert of this key is over. Inserts may be acknowledged in any order; a key counts when all before it do, so
	 * that those to draw from have no gap.
	 */
	acknowledge(key: number): void;
	/** Keys that may be drawn: 0 … keys − 1. */
	readonly keys: number;
}

/** Operations of one workload over the keys 0 … keys − 1, which grow by the inserts that are acknowledged. */
export function workload(
	name: WorkloadName,
	keys: number,
	random: Random,
	options: { readonly theta?: number; readonly distribution?: Distribution } = {},
): WorkloadRun {
	const mix: Mix = WORKLOADS[name];
	const distribution = options.distribution ?? mix.distribution;
	const rank = zipfian(keys, random, options.theta);
	/** Keys given out so far, and how many of them are there for sure. */
	let issued = keys;
	let present = keys;
	const early = new Set<number>();
	const pick = (): number => {
		switch (distribution) {
			case "uniform":
				return Math.floor(random() * present);
			case "latest":
				return Math.max(0, present - 1 - rank());
			case "zipfian":
				return spread(rank()) % present;
			default:
				return distribution satisfies never;
		}
	};
	const kinds = Object.entries(mix.share) as [Operation["kind"], number][];
	return {
		get keys() {
			return present;
		},
		acknowledge: (key) => {
			early.add(key);
			while (early.delete(present)) present++;
		},
		next: () => {
			let at = random();
			let kind = kinds[kinds.length - 1][0];
			for (const [candidate, share] of kinds) {
				if (at < share) {
					kind = candidate;
					break;
				}
				at -= share;
			}
			if (kind === "insert") return { kind, key: issued++ };
			if (kind === "scan") return { kind, key: pick(), length: 1 + Math.floor(random() * MAX_SCAN) };
			return { kind, key: pick() };
		},
	};
}

/** A mixing of 32 bits (finaliser of MurmurHash3), so that popular keys are not neighbours. */
function spread(rank: number): number {
	let h = rank | 0;
	h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
	h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
	return (h ^ (h >>> 16)) >>> 0;
}

/** Latencies of one run, in milliseconds. */
export class Latencies {
	#values: number[] = [];

	add(milliseconds: number): void {
		this.#values.push(milliseconds);
	}

	get count(): number {
		return this.#values.length;
	}

	get mean(): number {
		return this.#values.reduce((sum, value) => sum + value, 0) / Math.max(1, this.#values.length);
	}

	/** `q` from 0 to 1: 0.999 is p99.9. */
	quantile(q: number): number {
		if (this.#values.length === 0) return 0;
		this.#values.sort((a, b) => a - b);
		return this.#values[Math.min(this.#values.length - 1, Math.floor(this.#values.length * q))];
	}
}
