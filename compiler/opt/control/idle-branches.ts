import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { immediatePostdominators } from "../../ir/cfg.ts";
import { isConst, isRemovable, makeJump, newBlock, newInst, phisOf, successors, terminator } from "../../ir/values.ts";
import { Analyses, analysesOf, forget } from "../analysis/analyses.ts";
import { neededFor } from "../scalar/dce.ts";
import { removeDeadBlocks } from "./simplify-cfg.ts";

/**
 * A branch that decides nothing but what nobody needs goes, with all that hangs on it: a loop that reads options of which no value is used. What is needed
 * is found from the effects: their operands, the branches that decide whether they happen, and which of its values a phi takes (Cytron et al., 1991, 7.1).
 * Functions from some block of which no way leads to an end are left alone.
 */
export const idleBranches: Pass = {
	name: "idle-branches",
	run(fn, context) {
		const known = analysesOf(fn, context);
		if (!known.order.some((block) => successors(block).length > 1)) return false;
		const joins = join(fn, known);
		const { order, home } = joins.length === 0 ? known : new Analyses(fn);
		const after = immediatePostdominators(order);
		const idle = after.size < order.length ? null : idleOf(order, home, after);
		if (idle === null) {
			for (const undo of joins.reverse()) undo();
			return false;
		}
		const { live, blocks } = idle;
		for (const block of order)
			block.insts = block.insts.filter((inst) =>
				inst.op === "lifetime" ? live.has(inst.args[0] as Inst) : live.has(inst) || !isRemovable(inst),
			);
		for (const block of blocks) {
			const end = terminator(block);
			makeJump(end, after.get(block)!);
		}
		forget(context);
		removeDeadBlocks.run(fn, context);
		return true;
	},
};

/** The blocks whose branches go, and all that is needed; null: all of them are needed. */
function idleOf(
	order: readonly Block[],
	home: ReadonlyMap<Inst, Block>,
	after: ReadonlyMap<Block, Block | null>,
): { readonly blocks: readonly Block[]; readonly live: ReadonlySet<Inst> } | null {
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
	const blocks = order.filter((block) => successors(block).length > 1 && !live.has(terminator(block)));
	return blocks.length === 0 ? null : { blocks, live };
}

/**
 * Ways on which a block's phis take the same values get a block of their own where they meet: which of them is taken decides nothing, so that
 * a loop with several ways out goes whose result is overwritten. Gives back what undoes it, step by step.
 */
function join(fn: IrFunction, { predecessors: preds }: Analyses): (() => void)[] {
	const undo: (() => void)[] = [];
	for (const block of fn.blocks.slice()) {
		const phis = phisOf(block);
		if (phis.length === 0 || preds.get(block)!.length < 3) continue;
		const groups = new Map<string, Block[]>();
		for (const from of phis[0].blocks!) {
			const key = phis.map((phi) => keyOf(phi.args[phi.blocks!.indexOf(from)])).join(" ");
			const group = groups.get(key);
			if (group === undefined) groups.set(key, [from]);
			else group.push(from);
		}
		if (groups.size === 1) continue;
		for (const group of groups.values()) {
			if (group.length < 2 || !group.some((from) => successors(from).length > 1) || group.some((from) => terminator(from).op === "asmgoto"))
				continue;
			undo.push(joinWays(fn, block, phis, group));
		}
	}
	return undo;
}

const keyOf = (value: Value): string => (isConst(value) ? `${value.value}` : value.op === "undef" ? "undef" : `%${value.id}`);

function joinWays(fn: IrFunction, block: Block, phis: readonly Inst[], group: readonly Block[]): () => void {
	const meet = newBlock(fn, "meet");
	meet.insts.push(newInst(fn, "jump", null, [], undefined, null, [block]));
	const before = {
		blocks: fn.blocks,
		phis: phis.map(({ args, blocks }) => ({ args, blocks })),
		targets: group.map((from) => terminator(from).blocks!),
	};
	for (const from of group) terminator(from).blocks = terminator(from).blocks!.map((to) => (to === block ? meet : to));
	for (const phi of phis) {
		const value = phi.args[phi.blocks!.indexOf(group[0])];
		const kept = phi.blocks!.flatMap((from, i) => (group.includes(from) ? [] : [i]));
		phi.args = [...kept.map((i) => phi.args[i]), value];
		phi.blocks = [...kept.map((i) => phi.blocks![i]), meet];
	}
	fn.blocks = fn.blocks.toSpliced(fn.blocks.indexOf(block), 0, meet);
	return () => {
		fn.blocks = before.blocks;
		phis.forEach((phi, i) => Object.assign(phi, before.phis[i]));
		group.forEach((from, i) => {
			terminator(from).blocks = before.targets[i];
		});
	};
}

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
