import type { Block, IrFunction, Value } from "../../ir/types.ts";
import { dominators, loops } from "../../ir/cfg.ts";
import { exponentOf, isConst, isInst, successors, terminator } from "../../ir/values.ts";

/**
 * How often each block runs for one run of its function, guessed from the code alone: pointers are rarely null, numbers
 * rarely zero, negative or −1, and a loop goes round some thirty times (the odds are LLVM's, `BranchProbabilityInfo.cpp`, after
 * Ball and Larus, "Branch Prediction for Free", 1993). The inliner asks, to leave code alone that hardly ever runs.
 */
const LIKELY = 20 / 32;
const ROUNDS = 32;

export function blockFrequencies(fn: IrFunction): ReadonlyMap<Block, number> {
	const dom = dominators(fn);
	const all = loops(fn, dom);
	const frequency = new Map<Block, number>(dom.order.map((block) => [block, 0]));
	frequency.set(dom.order[0], 1);
	for (const block of dom.order) {
		const loop = all.find((one) => one.header === block);
		const here = frequency.get(block)! * (loop === undefined ? 1 : ROUNDS);
		frequency.set(block, here);
		const next = successors(block);
		next.forEach((target, i) => {
			// What goes back was counted by the loop's header.
			if (dom.dominates(target, block)) return;
			frequency.set(target, frequency.get(target)! + here * odds(block, i, all));
		});
	}
	return frequency;
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
			return inner.blocks.has(next[i]) ? (1 - 1 / ROUNDS) / (next.length - leaving) : 1 / ROUNDS / leaving;
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
