import type { Block, IrFunction, Value } from "../../ir/types.ts";
import { dominators, loops } from "../../ir/cfg.ts";
import { exponentOf, isConst, isInst, successors, terminator } from "../../ir/values.ts";

/**
 * How often each block runs for one run of its function, guessed from the code alone: pointers are rarely null, numbers
 * rarely zero, negative or −1, and of thirty times a way out of a loop is taken once (the odds are LLVM's, `BranchProbabilityInfo.cpp`, after
 * Ball and Larus, "Branch Prediction for Free", 1993; rounds from them as in `BlockFrequencyInfoImpl.cpp`: three ways out make ten). The inliner
 * asks, to leave code alone that hardly ever runs.
 */
const LIKELY = 20 / 32;
/** A way out of a loop is taken once in so many times. */
const STAYS = 32;

/** Rounds of a loop that nothing leads out of. */
const MOST_ROUNDS = 4096;

export function blockFrequencies(fn: IrFunction): ReadonlyMap<Block, number> {
	const dom = dominators(fn);
	const all = loops(fn, dom);
	const rounds = new Map<Block, number>();
	// Inner loops first: they are parts of the rounds of outer ones.
	for (const loop of [...all].sort((a, b) => a.blocks.size - b.blocks.size)) {
		const within = dom.order.filter((block) => loop.blocks.has(block));
		const { back } = flow(within, loop.header, all, rounds);
		rounds.set(loop.header, 1 / Math.max(1 - back, 1 / MOST_ROUNDS));
	}
	return flow(dom.order, dom.order[0], all, rounds).frequency;
}

/** What comes to each block of one that enters at the first, and how much of it comes back there. */
function flow(
	order: readonly Block[],
	entry: Block,
	all: ReturnType<typeof loops>,
	rounds: ReadonlyMap<Block, number>,
): { readonly frequency: ReadonlyMap<Block, number>; readonly back: number } {
	const frequency = new Map<Block, number>(order.map((block) => [block, 0]));
	const seen = new Set<Block>();
	frequency.set(entry, 1);
	let back = 0;
	for (const block of order) {
		seen.add(block);
		const here = frequency.get(block)! * (rounds.get(block) ?? 1);
		frequency.set(block, here);
		successors(block).forEach((target, i) => {
			const share = here * odds(block, i, all);
			if (target === entry) back += share;
			// What goes back to an inner loop was counted by its rounds.
			else if (!seen.has(target)) frequency.set(target, (frequency.get(target) ?? 0) + share);
		});
	}
	return { frequency, back };
}

/** Of the way to the i-th successor. */
function odds(block: Block, i: number, all: ReturnType<typeof loops>): number {
	const next = successors(block);
	if (next.length === 1) return 1;
	const end = terminator(block);
	const inner = all.filter((loop) => loop.blocks.has(block)).sort((a, b) => a.blocks.size - b.blocks.size)[0];
	if (inner !== undefined) {
		const leaving = next.filter((target) => !inner.blocks.has(target)).length;
		if (leaving > 0 && leaving < next.length)
			return inner.blocks.has(next[i]) ? (1 - 1 / STAYS) / (next.length - leaving) : 1 / STAYS / leaving;
	}
	if (end.op !== "branch") return 1 / next.length;
	const likely = likelihood(end.args[0]);
	return i === 0 ? likely : 1 - likely;
}

/** That a condition holds. */
function likelihood(condition: Value): number {
	if (!isInst(condition) || condition.op !== "icmp") return 1 / 2;
	const [left, right] = condition.args;
	const { pred } = condition.attr!;
	if (!isConst(right)) return left.ty === "ptr" ? (pred === "eq" ? 1 - LIKELY : pred === "ne" ? LIKELY : 1 / 2) : 1 / 2;
	// One bit is as often set as not.
	if (isInst(left) && left.op === "and" && isConst(left.args[1]) && exponentOf(left.args[1].value) !== null) return 1 / 2;
	const rare =
		right.value === 0n ? pred === "eq" || pred === "slt" : right.value === -1n ? pred === "eq" : right.value === 1n && pred === "slt";
	const usual =
		right.value === 0n ? pred === "ne" || pred === "sgt" || pred === "sge" : right.value === -1n && (pred === "ne" || pred === "sgt");
	return rare ? 1 - LIKELY : usual ? LIKELY : 1 / 2;
}
