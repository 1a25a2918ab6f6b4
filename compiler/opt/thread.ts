import type { Block, Inst, IrFunction, Value } from "../ir/types.ts";
import type { Pass } from "./pass.ts";
import { dominators, predecessors } from "../ir/cfg.ts";
import { foldOp } from "../ir/fold.ts";
import { row } from "../ir/ops.ts";
import { isConst, isInst, newBlock, newInst, phisOf, removePhiEdge, terminator } from "../ir/values.ts";
import { addExitEdges, demoteEscaping } from "./clone.ts";
import { mem2reg } from "./mem2reg.ts";

/**
 * Jump threading: where a block's branch is decided by the edge it is entered through (a phi of 0 and 1 that an inlined
 * function returned, say), that edge goes straight to the decided target, through a copy of the block without its branch.
 */
const MAX_INSTRUCTIONS = 6;

export const threadJumps: Pass = {
	name: "thread-jumps",
	run(fn) {
		let changed = false;
		for (let budget = 200; budget > 0; budget--) {
			if (!threadOne(fn)) break;
			changed = true;
		}
		if (changed) mem2reg.run(fn, undefined as never);
		return changed;
	},
};

function threadOne(fn: IrFunction): boolean {
	const preds = predecessors(fn);
	const dom = dominators(fn);
	for (const block of fn.blocks) {
		if (!dom.idom.has(block) || !mayCopy(block)) continue;
		// Not through the head of a loop: that would give the loop a second entry.
		const sources = preds.get(block)!;
		if (sources.some((pred) => dom.idom.has(pred) && dom.dominates(block, pred))) continue;
		const decided = sources.filter((pred) => dom.idom.has(pred) && terminator(pred).op !== "asmgoto" && targetFrom(block, pred) !== null);
		if (decided.length === 0) continue;
		demoteEscaping(fn, new Set([block]));
		for (const pred of decided) redirect(fn, block, pred, targetFrom(block, pred)!);
		return true;
	}
	return false;
}

function mayCopy(block: Block): boolean {
	const end = terminator(block);
	if (end.op !== "branch" && end.op !== "switch") return false;
	if (!isInst(end.args[0])) return false;
	let count = 0;
	for (const inst of block.insts) {
		if (inst.op === "phi" || inst === end) continue;
		if (inst.op === "lifetime") continue;
		if (inst.op === "store" || row(inst.op).does === "pure" || (inst.op === "load" && !inst.attr!.volatile)) count++;
		else return false;
	}
	return count <= MAX_INSTRUCTIONS;
}

/** Where the block's branch leads when it is entered from `pred`; null when that is open. */
function targetFrom(block: Block, pred: Block): Block | null {
	const values = new Map<Inst, Value>();
	for (const inst of block.insts) {
		if (inst.op === "phi") {
			values.set(inst, inst.args[inst.blocks!.indexOf(pred)]);
			continue;
		}
		const args = inst.args.map((arg) => (isInst(arg) ? (values.get(arg) ?? arg) : arg));
		if (inst.op === "branch") return isConst(args[0]) ? inst.blocks![args[0].value !== 0n ? 0 : 1] : null;
		if (inst.op === "switch") {
			const [value] = args;
			return isConst(value) ? inst.blocks![inst.attr!.cases!.indexOf(value.value) + 1] : null;
		}
		const folded = row(inst.op).does === "pure" ? foldOp(inst.op, inst.ty, args, inst.attr) : null;
		if (folded !== null) values.set(inst, folded);
	}
	return null;
}

function redirect(fn: IrFunction, block: Block, pred: Block, target: Block): void {
	const copy = newBlock(fn, block.name);
	const values = new Map<Inst, Value>();
	for (const phi of phisOf(block)) values.set(phi, phi.args[phi.blocks!.indexOf(pred)]);
	for (const inst of block.insts) {
		if (inst.op === "phi" || inst === terminator(block)) continue;
		const args = inst.args.map((arg) => (isInst(arg) ? (values.get(arg) ?? arg) : arg));
		const twin = newInst(fn, inst.op, inst.ty, args, inst.attr, inst.loc);
		values.set(inst, twin);
		copy.insts.push(twin);
	}
	copy.insts.push(newInst(fn, "jump", null, [], undefined, terminator(block).loc, [target]));
	fn.blocks.splice(fn.blocks.indexOf(block), 0, copy);
	addExitEdges(new Map([[block, copy]]), values);
	const end = terminator(pred);
	end.blocks = end.blocks!.map((to) => (to === block ? copy : to));
	removePhiEdge(block, pred);
}
