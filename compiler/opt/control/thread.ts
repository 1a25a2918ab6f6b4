import type { Block, Const, Inst, IrFunction, Pred, Value } from "../../ir/types.ts";
import type { Analyses } from "../analysis/analyses.ts";
import type { Pass } from "../pass.ts";
import { foldOp } from "../../ir/fold.ts";
import { implies, swapped } from "../../ir/preds.ts";
import { row } from "../../ir/ops.ts";
import { constant, isConst, isInst, newBlock, newInst, phisOf, removePhiEdge, sameValue, terminator } from "../../ir/values.ts";
import { isSameAddress, leavesOf } from "../analysis/address.ts";
import { writesOf } from "../analysis/alias.ts";
import { analysesOf, forget } from "../analysis/analyses.ts";
import { addExitEdges, demoteEscaping } from "./clone.ts";
import { mem2reg } from "../memory/mem2reg.ts";
import { isNotNull, isNullCheck } from "../analysis/non-null.ts";
import { along, type Fact, follows } from "../analysis/facts.ts";

/**
 * Jump threading: where a block's branch is decided by the edge it is entered through (a phi of 0 and 1 that an inlined
 * function returned, say, or a constant that was stored on that way and is read back here), that edge goes straight to the
 * decided target, through a copy of the block without its branch.
 */
const MAX_INSTRUCTIONS = 6;

export const threadJumps: Pass = {
	name: "thread-jumps",
	run(fn, context) {
		let changed = false;
		for (let budget = MOST_SWEEPS; budget > 0; budget--) {
			if (!sweep(fn, analysesOf(fn, context))) break;
			forget(context);
			changed = true;
		}
		if (changed) mem2reg.run(fn, context);
		return changed;
	},
};

const MOST_SWEEPS = 50;
/** Edges of one sweep. */
const MOST_EDGES = 200;

/**
 * What is known of the function stays as it was before the sweep: what a new edge leads to has more ways in than that says, so that
 * nothing is concluded from the branches that lead there, nor below. Last blocks first: of questions in a row that one answer
 * settles, each edge goes to where the next one's already goes.
 */
function sweep(fn: IrFunction, known: Analyses): boolean {
	const { predecessors: preds, dominators: dom } = known;
	const memory = storedConstants(known);
	const entered: Block[] = [];
	let edges = 0;
	for (const block of dom.order.slice().reverse()) {
		if (!mayCopy(block)) continue;
		// Not through the head of a loop: that would give the loop a second entry.
		const sources = preds.get(block)!;
		if (sources.some((pred) => dom.idom.has(pred) && dom.dominates(block, pred))) continue;
		const decided = new Map<Block, Block[]>();
		for (const pred of sources) {
			if (
				!dom.idom.has(pred) ||
				terminator(pred).op === "asmgoto" ||
				!terminator(pred).blocks!.includes(block) ||
				entered.some((target) => target === block || dom.dominates(target, pred))
			)
				continue;
			const target = targetFrom(block, pred, memory, known);
			if (target !== null) decided.set(target, [...(decided.get(target) ?? []), pred]);
		}
		if (decided.size === 0) continue;
		demoteEscaping(fn, new Set([block]));
		for (const [target, from] of decided) {
			redirect(fn, block, from, target);
			edges += from.length;
			if (dom.idom.has(target)) entered.push(target);
		}
		if (edges >= MOST_EDGES) break;
	}
	return edges > 0;
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
function targetFrom(block: Block, pred: Block, memory: Memory, known: Analyses): Block | null {
	const values = new Map<Inst, Value>();
	for (const inst of block.insts) {
		if (inst.op === "phi") {
			values.set(inst, inst.args[inst.blocks!.indexOf(pred)]);
			continue;
		}
		const args = inst.args.map((arg) => (isInst(arg) ? (values.get(arg) ?? arg) : arg));
		if (inst.op === "branch") {
			const [asked] = args;
			const isComparison = isInst(asked) && asked.op === "icmp";
			const condition = !isInst(asked)
				? asked
				: askedOf(isComparison ? asked.attr!.pred! : "ne", isComparison ? asked.args : [asked, constant(asked.ty!, 0)], block, pred, known);
			return condition !== null && isConst(condition) ? inst.blocks![condition.value !== 0n ? 0 : 1] : null;
		}
		if (inst.op === "switch") {
			const [value] = args;
			return isConst(value) ? inst.blocks![inst.attr!.cases!.indexOf(value.value) + 1] : null;
		}
		if (inst.op === "load") {
			const stored = memory(inst, block, pred);
			if (stored !== null) values.set(inst, stored);
			continue;
		}
		let folded = row(inst.op).does === "pure" ? foldOp(inst.op, inst.ty, args, inst.attr) : null;
		if (folded === null && inst.op === "icmp") folded = askedOf(inst.attr!.pred!, args, block, pred, known);
		if (folded !== null) values.set(inst, folded);
	}
	return null;
}

/** Branches on the way to an edge that are looked at. */
const MOST_ASKED = 12;

/**
 * What the branches on the way to the edge say of the comparison: `p = find(); if (!p) report(); if (!p) return;` asks once. Only of
 * the same two values: what a chain of limits says of the next chain would make a way of its own for each of them. The branch that the edge
 * comes from may ask another limit where nothing but the question is passed by: `if (1 < n) …; if (2 < n) …` ends with the first that is no more.
 * So may one that says which number it is, wherever it stands: `if (c == 'a' && d == 'b') …; if (c == 'x' && …) …` asks about one first letter.
 */
function askedOf(pred: Pred, [left, right]: readonly Value[], block: Block, from: Block, known: Analyses): Const | null {
	const { predecessors: preds, dominators: dom } = known;
	if (!isInst(left)) return isInst(right) ? askedOf(swapped[pred], [right, left], block, from, known) : null;
	if (left === right) return constant("i32", implies("eq", pred) ? 1 : 0);
	const isNumber = isConst(right);
	if (!isNumber && !isInst(right)) return null;
	if (isNumber && isNullCheck(pred, right) && isNotNull(left, { block: from, before: null }, known))
		return constant("i32", pred === "ne" ? 1 : 0);
	let [source, target]: [Block | undefined, Block] = [from, block];
	for (let count = 0; count < MOST_ASKED; count++) {
		const fact = source === undefined ? null : along(source, target);
		const truth =
			fact === null
				? null
				: (toldOf(pred, left, right, fact) ??
					((count === 0 || fact.pred === "eq") && asksOnly(block) ? limitOf(pred, left, right, fact) : null));
		if (truth !== null) return constant("i32", truth ? 1 : 0);
		const above: Block | null | undefined = count === 0 ? from : dom.idom.get(target);
		if (above === null || above === undefined) return null;
		target = above;
		source = preds.get(target)!.length === 1 ? preds.get(target)![0] : undefined;
	}
	return null;
}

/** What a branch between the same two values says. */
function toldOf(pred: Pred, left: Value, right: Value, fact: Fact): boolean | null {
	if (fact.left === left && sameValue(fact.right, right)) return isConst(right) ? follows(pred, right, fact) : implies(fact.pred, pred);
	return fact.left === right && fact.right === left ? implies(swapped[fact.pred], pred) : null;
}

/** What a limit says of another one. */
const limitOf = (pred: Pred, left: Value, right: Value, fact: Fact): boolean | null =>
	fact.left === left && isConst(right) ? follows(pred, right, fact) : null;

const asksOnly = ({ insts }: Block): boolean => insts.length === 2 && insts[0].op === "icmp";

/** The constant that a load of the block gives when the block is entered from `pred`; null when none is known. */
type Memory = (load: Inst, block: Block, pred: Block) => Const | null;

/** Blocks on the way into a block that are looked through for a store. */
const MOST_BEFORE = 12;

function storedConstants(known: Analyses): Memory {
	const preds = known.predecessors;
	return (load, block, pred) => {
		if (load.ty === "ptr") return null;
		const { size, effective, signed } = load.attr!;
		const range = { address: load.args[0], size: size!, effective };
		const operands = leavesOf(range.address, new Set());
		let insts = block.insts.slice(0, block.insts.indexOf(load));
		let next: Block | null = pred;
		for (let count = 0; ; count++) {
			for (const inst of insts.reverse()) {
				// A store above is one of the round before, to another place.
				if (operands.has(inst)) return null;
				if (inst.op === "store" && isSameAddress(inst.args[0], range.address)) {
					const [, value] = inst.args;
					return inst.attr!.size === size && isConst(value)
						? constant(load.ty!, signed ? BigInt.asIntN(size! * 8, value.value) : BigInt.asUintN(size! * 8, value.value))
						: null;
				}
				const writes = writesOf(inst);
				if (writes === "all" && known.alias.mayTouch(inst, known.alias.place(range))) return null;
				if (writes !== "all" && writes.some((write) => known.alias.mayAlias(range, write))) return null;
			}
			if (next === null || count === MOST_BEFORE) return null;
			insts = next.insts.slice();
			const above: readonly Block[] = preds.get(next)!;
			next = above.length === 1 ? above[0] : null;
		}
	};
}

/** One copy for all ways that lead on to one target: what each of them knew is not followed any further. */
function redirect(fn: IrFunction, block: Block, from: readonly Block[], target: Block): void {
	const copy = newBlock(fn, block.name);
	const values = new Map<Inst, Value>();
	for (const phi of phisOf(block)) {
		const brought = from.map((pred) => phi.args[phi.blocks!.indexOf(pred)]);
		if (brought.every((value) => sameValue(value, brought[0]))) values.set(phi, brought[0]);
		else {
			const joined = newInst(fn, "phi", phi.ty, brought, undefined, phi.loc, from.slice());
			values.set(phi, joined);
			copy.insts.push(joined);
		}
	}
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
	for (const pred of from) {
		const end = terminator(pred);
		end.blocks = end.blocks!.map((to) => (to === block ? copy : to));
		removePhiEdge(block, pred);
	}
}
