import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { foldOp } from "../../ir/fold.ts";
import { isComputation } from "../../ir/ops.ts";
import { isConst, isInst, newInst, phisOf, replaceAll, terminator } from "../../ir/values.ts";
import { analysesOf } from "../analysis/analyses.ts";

/**
 * `flags = first ? 1 : 2; … flags << 3` is 8 or 16: what is computed of a phi of constants, and of nothing else, is a phi of the results. One way may bring something
 * that is no constant: it is computed there, if that way leads here alone. Questions are left to jump threading, which makes more of them.
 */
export const foldIntoPhi: Pass = {
	name: "fold-into-phi",
	run(fn, context) {
		const { users, predecessors, dominators, home } = analysesOf(fn, context);
		const map = new Map<Inst, Value>();
		for (const block of fn.blocks) {
			// What goes round a loop would be computed again in each round.
			if (predecessors.get(block)!.some((from) => dominators.dominates(block, from))) continue;
			for (const phi of phisOf(block)) {
				const [user, ...others] = users.get(phi) ?? [];
				if (user === undefined || others.length > 0 || !isFoldable(user, phi) || map.has(user)) continue;
				const results = computed(fn, phi, user, home.get(user) === block);
				if (results === null) continue;
				const made = newInst(fn, "phi", user.ty, results, undefined, phi.loc, phi.blocks!.slice());
				block.insts.splice(phisOf(block).length, 0, made);
				map.set(user, made);
			}
		}
		replaceAll(fn, map);
		if (map.size > 0) for (const block of fn.blocks) block.insts = block.insts.filter((inst) => !map.has(inst));
		return map.size > 0;
	},
};

/** An operation on the phi and constants. */
function isFoldable(user: Inst, phi: Inst): boolean {
	if (
		!isComputation(user.op) ||
		user.op === "icmp" ||
		user.op === "phi" ||
		user.op === "select" ||
		user.ty === null ||
		user.ty === "ptr" ||
		phi.ty === "ptr"
	)
		return false;
	return (
		user.args.length <= 2 && user.args.filter((arg) => arg === phi).length === 1 && user.args.every((arg) => arg === phi || isConst(arg))
	);
}

/** What the operation makes of each argument; null: of too many that is not known here. */
function computed(fn: IrFunction, phi: Inst, user: Inst, beside: boolean): Value[] | null {
	const operands = (arg: Value): Value[] => user.args.map((one) => (one === phi ? arg : one));
	const results: (Value | null)[] = phi.args.map((arg) => (isConst(arg) ? foldOp(user.op, user.ty!, operands(arg), user.attr) : null));
	const open = results.flatMap((result, i) => (result === null ? [i] : []));
	if (open.length === 0) return results as Value[];
	const [at] = open;
	if (open.length > 1 || !beside || results.length < 2 || !isInst(phi.args[at]) || terminator(phi.blocks![at]).op !== "jump") return null;
	const made = newInst(fn, user.op, user.ty, operands(phi.args[at]), user.attr, user.loc);
	beforeEnd(phi.blocks![at], made);
	results[at] = made;
	return results as Value[];
}

const beforeEnd = ({ insts }: Block, inst: Inst): unknown => insts.splice(insts.length - 1, 0, inst);
