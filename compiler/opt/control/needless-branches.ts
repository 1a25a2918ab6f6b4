import type { Block, Inst, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { foldOp } from "../../ir/fold.ts";
import { row } from "../../ir/ops.ts";
import { constant, isConst, makeJump, phisOf, removePhiEdge, sameValue, terminator } from "../../ir/values.ts";
import { along, type Fact, follows } from "../analysis/facts.ts";

/**
 *     if (length == 0) return 0;
 *     if (length < 4) return 0;        →        if (length < 4) return 0;
 *
 * A question that leads where the next one would lead anyway is not asked. Between the two nothing happens but computations.
 */
export const needlessBranches: Pass = {
	name: "needless-branches",
	run(fn) {
		let changed = false;
		for (const block of fn.blocks) {
			const end = terminator(block);
			if (end.op !== "branch" || end.blocks![0] === end.blocks![1]) continue;
			const side = [0, 1].find((i) => isNeedless(block, end.blocks![i], end.blocks![1 - i]));
			if (side === undefined) continue;
			const [away, next] = [end.blocks![side], end.blocks![1 - side]];
			removePhiEdge(away, block);
			makeJump(end, next);
			changed = true;
		}
		return changed;
	},
};

/** Whether what holds on the way from `block` to `away` makes `next` lead there too, with the same values. */
function isNeedless(block: Block, away: Block, next: Block): boolean {
	const fact = along(block, away);
	if (fact === null || fact.left.ty === "ptr" || !isConst(fact.right) || next === block || away === block) return false;
	const end = terminator(next);
	if (end.op !== "branch" || phisOf(next).length > 0 || !end.blocks!.includes(away) || end.blocks![0] === end.blocks![1]) return false;
	const values = new Map<Value, Value>();
	if (fact.pred === "eq") values.set(fact.left, fact.right);
	const seen = (value: Value): Value => values.get(value) ?? value;
	for (const inst of next.insts.slice(0, -1)) {
		if (row(inst.op).does !== "pure") return false;
		const known = knownOf(inst, inst.args.map(seen), fact);
		if (known !== null) values.set(inst, known);
	}
	const [asked] = end.args.map(seen);
	const truth = isConst(asked) ? asked.value !== 0n : fact.left === asked ? follows("ne", constant(asked.ty!, 0), fact) : null;
	if (truth === null || end.blocks![truth ? 0 : 1] !== away) return false;
	return phisOf(away).every((phi) => sameValue(seen(phi.args[phi.blocks!.indexOf(block)]), seen(phi.args[phi.blocks!.indexOf(next)])));
}

function knownOf(inst: Inst, args: readonly Value[], fact: Fact): Value | null {
	const folded = foldOp(inst.op, inst.ty, args, inst.attr);
	if (folded !== null || inst.op !== "icmp") return folded;
	const [left, right] = args;
	if (left !== fact.left || !isConst(right)) return null;
	const truth = follows(inst.attr!.pred!, right, fact);
	return truth === null ? null : constant("i32", truth ? 1 : 0);
}
