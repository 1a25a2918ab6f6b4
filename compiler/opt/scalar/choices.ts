import type { Block, Inst, Value } from "../../ir/types.ts";
import type { Dominators } from "../../ir/cfg.ts";
import { negated } from "../../ir/preds.ts";
import { isComputation } from "../../ir/ops.ts";
import { isInst, terminator } from "../../ir/values.ts";

/** A value's name in a key. */
type Ids = (value: Value) => string;

/** Operations that the key of a choice spells out, in depth. */
const TOLD = 3;

/**
 * What a phi chooses by the branch that parts the two ways to it: `x < y ? x : y`, by the question and by its opposite, so that a macro's argument that is written
 * down twice is chosen once. Null: it is something else.
 */
export function choiceKeys(
	phi: Inst,
	block: Block,
	preds: ReadonlyMap<Block, readonly Block[]>,
	dom: Dominators,
	keyOf: (inst: Inst, ids: Ids) => string,
	ids: Ids,
): readonly [string, string] | null {
	const parting = dom.idom.get(block);
	if (phi.args.length !== 2 || parting == null) return null;
	const end = terminator(parting);
	if (end.op !== "branch" || end.blocks![0] === end.blocks![1]) return null;
	const [condition] = end.args;
	if (!isInst(condition) || condition.op !== "icmp") return null;
	/** Which of the two sides an edge comes by; −1: that is open. */
	const side = (from: Block): number => {
		if (from === parting) return end.blocks!.indexOf(block);
		return end.blocks!.findIndex((next) => next !== block && preds.get(next)!.length === 1 && dom.dominates(next, from));
	};
	const [first, second] = phi.blocks!.map(side);
	if (first < 0 || second < 0 || first === second) return null;
	// What only one way computes has another name on each: it is told by what it is.
	const told = (value: Value, depth: number): string =>
		depth > 0 &&
		isInst(value) &&
		isComputation(value.op) &&
		value.attr?.global === undefined &&
		value.attr?.core === undefined &&
		value.args.length <= 2
			? `(${keyOf(value, (arg) => told(arg, depth - 1))})`
			: ids(value);
	const [yes, no] = (first === 0 ? phi.args : [phi.args[1], phi.args[0]]).map((value) => told(value, TOLD));
	const opposite = { ...condition, attr: { pred: negated[condition.attr!.pred!] } };
	return [`choice ${phi.ty} ${keyOf(condition, ids)} ? ${yes} : ${no}`, `choice ${phi.ty} ${keyOf(opposite, ids)} ? ${no} : ${yes}`];
}
