import type { Value } from "../../ir/types.ts";
import { maxUnsigned } from "../analysis/known.ts";

/**
 * The cases of a switch, sorted and put together: runs of numbers with one target are a range, and numbers within 64 of each other that lead to
 * few targets are a set, which one bit of a mask answers: `x == 0 || x == 43 || x == 60` is `x <= 60 && (mask >> x & 1)` (LLVM: bit test clusters).
 *
 * That is not shorter than two comparisons or three. But the verifier walks on from each comparison that holds as a state of its own, in which
 * it knows another number, and from a set only once.
 */
export interface Case<Target> {
	/** Both included, as signed numbers. */
	readonly from: bigint;
	readonly to: bigint;
	readonly target: Target;
}

export interface CaseSet<Target> {
	readonly from: bigint;
	readonly to: bigint;
	/** At most three targets, each with its cases. */
	readonly members: ReadonlyMap<Target, readonly Case<Target>[]>;
}

export type Cluster<Target> = Case<Target> | CaseSet<Target>;

export const isSet = <Target>(cluster: Cluster<Target>): cluster is CaseSet<Target> => "members" in cluster;

/** Numbers that a mask has bits for. */
export const WORD = 64n;

/** With so many targets, how many comparisons a set must replace (LLVM: isSuitableForBitTests). */
const WORTH: readonly number[] = [Number.POSITIVE_INFINITY, 3, 5, 6];

/** Runs of numbers with one target, in order. */
export function rangesOf<Target>(cases: readonly Case<Target>[]): Case<Target>[] {
	const ranges: Case<Target>[] = [];
	for (const one of [...cases].sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))) {
		const last = ranges[ranges.length - 1];
		if (last !== undefined && last.target === one.target && last.to + 1n === one.from) ranges[ranges.length - 1] = { ...last, to: one.to };
		else ranges.push(one);
	}
	return ranges;
}

/** Ranges, in order, in as few clusters as there can be. */
export function clustersOf<Target>(ranges: readonly Case<Target>[]): Cluster<Target>[] {
	/** For the ranges from each one on: in how many clusters, and how many ranges the first of them takes. */
	const best: { count: number; taken: number }[] = [];
	best[ranges.length] = { count: 0, taken: 0 };
	for (let i = ranges.length - 1; i >= 0; i--) {
		best[i] = { count: best[i + 1].count + 1, taken: 1 };
		const targets = new Set<Target>();
		let comparisons = 0;
		for (let end = i; end < ranges.length && ranges[end].to - ranges[i].from < WORD; end++) {
			targets.add(ranges[end].target);
			comparisons += ranges[end].from === ranges[end].to ? 1 : 2;
			if (targets.size >= WORTH.length) break;
			const count = best[end + 1].count + 1;
			if (end > i && comparisons >= WORTH[targets.size] && count < best[i].count) best[i] = { count, taken: end + 1 - i };
		}
	}
	const clusters: Cluster<Target>[] = [];
	for (let i = 0; i < ranges.length; i += best[i].taken) {
		const taken = ranges.slice(i, i + best[i].taken);
		if (taken.length === 1) {
			clusters.push(taken[0]);
			continue;
		}
		const members = new Map<Target, Case<Target>[]>();
		for (const one of taken) members.set(one.target, [...(members.get(one.target) ?? []), one]);
		clusters.push({ from: taken[0].from, to: taken[taken.length - 1].to, members });
	}
	return clusters;
}

/** How a set is asked. A shift takes its amount modulo the width of what it shifts, so numbers beyond the word need no subtraction. */
export interface Question {
	readonly ty: "i32" | "i64";
	/** The comparisons that come before: none where the value can be nothing else, one as an unsigned number, or both ends. */
	readonly bounds: "none" | "upper" | "both";
}

/** `only`: where it is known, the ends between which the value lies in any case, less than a word apart. */
export function questionOf(set: CaseSet<unknown>, value: Value, only: { readonly from: bigint; readonly to: bigint } | null): Question {
	const { from, to } = only ?? set;
	const low = from >= 0n && to < WORD;
	const short = low && to < 32n && value.ty === "i32";
	const bounds = only !== null || (low && maxUnsigned(value) < (short ? 32n : WORD)) ? "none" : low ? "upper" : "both";
	return { ty: short ? "i32" : "i64", bounds };
}

/** The bits of some cases. */
export function maskOf(cases: readonly Case<unknown>[], ty: "i32" | "i64"): bigint {
	const width = ty === "i32" ? 32n : 64n;
	let mask = 0n;
	for (const { from, to } of cases) for (let number = from; number <= to; number++) mask |= 1n << (BigInt.asUintN(64, number) % width);
	return mask;
}
