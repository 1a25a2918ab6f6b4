import type { Block, Inst } from "../../ir/types.ts";
import type { AliasInfo, Placed } from "../analysis/alias.ts";
import type { Pass } from "../pass.ts";
import { row } from "../../ir/ops.ts";
import { isInst, phisOf, terminator } from "../../ir/values.ts";
import { analysesOf } from "../analysis/analyses.ts";

/**
 * What only one side of a branch needs is computed there (LLVM: MachineSink). `int len = ip->ihl * 4; if (ip + 1 > end) return;` reads
 * after the check, which the kernel's verifier asks for, and the paths that go elsewhere are shorter. It never gets into a loop:
 * a loop's head has two ways in.
 */
export const delay: Pass = {
	name: "delay",
	run(fn, context) {
		const { predecessors: preds, users, dominators: dom, home, alias } = analysesOf(fn, context);
		const at = new Map(home);
		let changed = false;
		// Dominators first, so that what went down a block may go on.
		for (const block of dom.order) {
			const end = terminator(block);
			if (end.op !== "branch" && end.op !== "switch") continue;
			const sides = end.blocks!.filter((next) => preds.get(next)!.length === 1);
			if (sides.length === 0) continue;
			const movable = movableIn(block, alias);
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

/** What may be computed at the block's end: nothing behind it writes what it reads. That a slot begins or ends to be concerns that slot alone. */
function movableIn(block: Block, alias: AliasInfo): Set<Inst> {
	const movable = new Set<Inst>();
	const marked: Placed[] = [];
	let written = false;
	for (const inst of block.insts.slice(0, -1).reverse()) {
		const { does } = row(inst.op);
		if (inst.op === "lifetime") marked.push(alias.place({ address: inst.args[0], size: null }));
		else if (does === "write" || does === "effect") written = true;
		else if (inst.ty !== null && (does === "pure" || (!written && isUnmarked(inst, marked, alias)))) movable.add(inst);
	}
	return movable;
}

function isUnmarked({ op, args, attr }: Inst, marked: readonly Placed[], alias: AliasInfo): boolean {
	if (op !== "load" || attr!.volatile === true) return false;
	const read = alias.place({ address: args[0], size: attr!.size!, effective: attr!.effective });
	return marked.every((slot) => !alias.mayOverlap(slot, read));
}

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
