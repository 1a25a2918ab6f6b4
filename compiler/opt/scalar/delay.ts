import type { Block, Inst } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { blockOf, dominators, predecessors } from "../../ir/cfg.ts";
import { row } from "../../ir/ops.ts";
import { isInst, phisOf, terminator, usersOf } from "../../ir/values.ts";

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
			const lastWrite = block.insts.findLastIndex(
				({ op }, i) => i < block.insts.length - 1 && (row(op).does === "write" || row(op).does === "effect"),
			);
			const movable = new Set(
				block.insts.filter(
					(inst, i) =>
						inst.ty !== null && (row(inst.op).does === "pure" || (inst.op === "load" && inst.attr!.volatile !== true && i > lastWrite)),
				),
			);
			for (let i = block.insts.length - 2; i >= 0; i--) {
				const inst = block.insts[i];
				if (!movable.has(inst)) continue;
				const places = usePlaces(inst, users.get(inst) ?? [], at);
				const side = sides.find((next) => places.every((place) => dom.dominates(next, place)));
				if (side === undefined || places.length === 0 || lengthens(inst, block, movable, users, at)) continue;
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
	return users.flatMap((user) =>
		user.op === "phi" ? user.args.flatMap((arg, i) => (arg === inst ? [user.blocks![i]] : [])) : [at.get(user)!],
	);
}

/** More values would have to be kept over the branch than the one that is made of them; what nothing else needs goes along. */
function lengthens(
	inst: Inst,
	block: Block,
	movable: ReadonlySet<Inst>,
	users: ReadonlyMap<Inst, readonly Inst[]>,
	at: ReadonlyMap<Inst, Block>,
): boolean {
	const going = new Set([inst]);
	const dying = new Set<Inst>();
	for (const one of going) {
		for (const arg of one.args) {
			if (!isInst(arg) || arg.op === "alloca" || arg.op === "global") continue;
			const uses = users.get(arg)!;
			if (movable.has(arg) && uses.every((user) => going.has(user))) going.add(arg);
			else if (uses.every((user) => user === inst || at.get(user) === block)) dying.add(arg);
		}
	}
	return dying.size > 1;
}
