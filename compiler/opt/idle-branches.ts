import type { Block, Inst, Value } from "../ir/types.ts";
import type { Pass } from "./pass.ts";
import { immediatePostdominators } from "../ir/cfg.ts";
import { isRemovable, successors, terminator } from "../ir/values.ts";
import { analysesOf, forget } from "./analyses.ts";
import { neededFor } from "./dce.ts";
import { removeDeadBlocks } from "./simplify-cfg.ts";

/**
 * A branch that decides nothing but what nobody needs goes, with all that hangs on it: a loop that reads options of which no value is used. What is needed
 * is found from the effects: their operands, the branches that decide whether they happen, and which of its values a phi takes (Cytron et al., 1991, 7.1).
 * Functions from some block of which no way leads to an end are left alone.
 */
export const idleBranches: Pass = {
	name: "idle-branches",
	run(fn, context) {
		const { order, home } = analysesOf(fn, context);
		if (!order.some((block) => successors(block).length > 1)) return false;
		const after = immediatePostdominators(order);
		if (after.size < order.length) return false;
		const deciders = decidersOf(order, after);
		const reached = new Set<Block>();
		const reach = (block: Block, mark: (value: Value) => void): void => {
			if (reached.has(block)) return;
			reached.add(block);
			for (const decider of deciders.get(block) ?? []) mark(terminator(decider));
		};
		const effects = order.flatMap((block) => block.insts.filter((inst) => !isRemovable(inst) && !GOES.has(inst.op)));
		const live = neededFor(effects, (inst, mark) => {
			reach(home.get(inst)!, mark);
			if (inst.op !== "phi") return;
			for (const from of inst.blocks!) {
				reach(from, mark);
				if (successors(from).length > 1) mark(terminator(from));
			}
		});
		const idle = order.filter((block) => successors(block).length > 1 && !live.has(terminator(block)));
		if (idle.length === 0) return false;
		for (const block of order) block.insts = block.insts.filter((inst) => (inst.op === "lifetime" ? live.has(inst.args[0] as Inst) : live.has(inst) || !isRemovable(inst)));
		for (const block of idle) {
			const end = terminator(block);
			end.op = "jump";
			end.args = [];
			end.blocks = [after.get(block)!];
			end.attr = undefined;
		}
		forget(context);
		removeDeadBlocks.run(fn, context);
		return true;
	},
};

/** Neither an effect nor a value: jumps happen where their blocks do. */
const GOES: ReadonlySet<string> = new Set(["jump", "branch", "switch", "lifetime"]);

/** The branches by which it is decided whether a block is reached: of each, one way leads there for certain and another may not. */
function decidersOf(order: readonly Block[], after: ReadonlyMap<Block, Block | null>): ReadonlyMap<Block, readonly Block[]> {
	const deciders = new Map<Block, Block[]>();
	for (const block of order) {
		const targets = successors(block);
		if (targets.length < 2) continue;
		const end = after.get(block)!;
		for (const target of new Set(targets)) {
			for (let at: Block | null = target; at !== null && at !== end; at = after.get(at)!) {
				const list = deciders.get(at);
				if (list === undefined) deciders.set(at, [block]);
				else if (list[list.length - 1] !== block) list.push(block);
			}
		}
	}
	return deciders;
}
