import type { Block, Inst } from "../ir/types.ts";
import type { Pass } from "./pass.ts";
import { blockOf, dominators, predecessors } from "../ir/cfg.ts";
import { row } from "../ir/ops.ts";
import { isInst, phisOf, terminator, usersOf } from "../ir/values.ts";

/**
 * What only one side of a branch needs is computed there (LLVM: MachineSink). `int len = ip->ihl * 4; if (ip + 1 > end) return;` reads
 * after the check, which the kernel's verifier asks for, and the paths that go elsewhere are shorter. It never gets into a loop:
 * a loop's head has two ways in.
 */
export const delay: Pass = {
	name: "delay",
	run(fn) {
		const preds = predecessors(fn);
		const users = usersOf(fn);
		const dom = dominators(fn);
		const at = blockOf(fn);
		let changed = false;
		// Dominators first, so that what went down a block may go on.
		for (const block of dom.order) {
			const end = terminator(block);
			if (end.op !== "branch" && end.op !== "switch") continue;
			const sides = end.blocks!.filter((next) => preds.get(next)!.length === 1);
			if (sides.length === 0) continue;
			let written = false;
			for (let i = block.insts.length - 2; i >= 0; i--) {
				const inst = block.insts[i];
				const { does } = row(inst.op);
				if (does === "write" || does === "effect") written = true;
				if (inst.ty === null || !(does === "pure" || (inst.op === "load" && inst.attr!.volatile !== true && !written))) continue;
				const places = usePlaces(inst, users.get(inst) ?? [], at);
				const side = sides.find((next) => places.every((place) => dom.dominates(next, place)));
				if (side === undefined || places.length === 0 || lengthens(inst, block, users, at)) continue;
				block.insts.splice(i, 1);
				side.insts.splice(phisOf(side).length, 0, inst);
				at.set(inst, side);
				changed = true;
			}
		}
		return changed;
	},
};

/** The blocks that need the value: a phi needs it at the end of where it comes from. */
function usePlaces(inst: Inst, users: readonly Inst[], at: ReadonlyMap<Inst, Block>): Block[] {
	return users.flatMap((user) => (user.op === "phi" ? user.args.flatMap((arg, i) => (arg === inst ? [user.blocks![i]] : [])) : [at.get(user)!]));
}

/** More values would have to be kept over the branch than the one that is made of them. */
function lengthens(inst: Inst, block: Block, users: ReadonlyMap<Inst, readonly Inst[]>, at: ReadonlyMap<Inst, Block>): boolean {
	const dying = new Set(inst.args.filter((arg) => isInst(arg) && arg.op !== "alloca" && arg.op !== "global" && users.get(arg)!.every((user) => user === inst || at.get(user) === block)));
	return dying.size > 1;
}
