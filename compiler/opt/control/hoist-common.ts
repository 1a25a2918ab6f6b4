import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { OptContext, Pass } from "../pass.ts";
import { loops } from "../../ir/cfg.ts";
import { row } from "../../ir/ops.ts";
import { isInst, newInst, replaceAll, resolve, terminator } from "../../ir/values.ts";
import { analysesOf } from "../analysis/analyses.ts";
import { isInData } from "../analysis/slots.ts";
import { COMPUTES, sameKind, sameMade } from "./alike.ts";

/**
 * What both sides of a branch begin with is done once, in front of it (LLVM: hoistCommonCodeFromSuccessors): numbers that are loaded or computed
 * alike. Addresses are made again where they are needed, and comparisons stay with the branches that ask them.
 *
 * Both sides stay in the loops that the branch is in, or the shape of a loop would be another one.
 *
 * Nothing that depends on what the branch asks: the verifier learns a bound of the number that it saw compared, not of what was made of it before.
 */
export const hoistCommon: Pass = {
	name: "hoist-common",
	run: (fn, context) => fromSides(fn, context, hoist),
};

/**
 * A function that both sides call before they do anything else, with the same arguments, is called in front of the branch: before it is copied to
 * where it is called.
 */
export const hoistCalls: Pass = {
	name: "hoist-calls",
	run: (fn, context) => fromSides(fn, context, hoistCall),
};

/** Moves something from both sides of a branch to the block that it ends; of what is one now, the second is mapped to the first. */
type Hoist = (fn: IrFunction, block: Block, one: Block, other: Block, same: Map<Inst, Value>) => void;

function fromSides(fn: IrFunction, context: OptContext, hoisting: Hoist): boolean {
	const { predecessors: preds, dominators } = analysesOf(fn, context);
	const same = new Map<Inst, Value>();
	const inLoops = loops(fn, dominators, preds);
	const loopsOf = (at: Block): number => inLoops.filter(({ blocks }) => blocks.has(at)).length;
	for (const block of fn.blocks) {
		const end = terminator(block);
		if (end.op !== "branch" || block.unroll !== undefined) continue;
		const [one, other] = end.blocks!;
		if (one === other || [one, other].some((side) => side === block || preds.get(side)!.length !== 1)) continue;
		if (loopsOf(one) === loopsOf(block) && loopsOf(other) === loopsOf(block)) hoisting(fn, block, one, other, same);
	}
	replaceAll(fn, same);
	return same.size > 0;
}

function hoistCall(fn: IrFunction, block: Block, one: Block, other: Block, same: Map<Inst, Value>): void {
	const [call, twin] = [firstCall(one), firstCall(other)];
	if (call === null || twin === null || !sameKind(call, twin)) return;
	const asked = sources(terminator(block).args[0]);
	const [within, beside] = [new Set(one.insts), new Set(other.insts)];
	/** The same number, made on both sides of what is there before. */
	const isAlike = (a: Value, b: Value): boolean => {
		if (!isInst(a) || !isInst(b) || !within.has(a) || !beside.has(b))
			return sameMade(a, b) && (!isInst(a) || (!within.has(a) && isFree(a, asked)));
		return a.op !== "phi" && sameKind(a, b) && a.args.every((arg, i) => isAlike(arg, b.args[i]));
	};
	if (!call.args.every((arg, i) => isAlike(arg, twin.args[i]))) return;
	const made: Inst[] = [];
	call.args = call.args.map((arg) => (isInst(arg) && within.has(arg) ? again(fn, arg, made, within) : arg));
	for (const [side, moved] of [
		[one, call],
		[other, twin],
	] as const)
		side.insts.splice(side.insts.indexOf(moved), 1);
	block.insts.splice(-1, 0, ...made, call);
	same.set(twin, call);
}

/** A call of a function of this program that the block does before anything that others can see. */
function firstCall({ insts }: Block): Inst | null {
	const first = insts.find((inst) =>
		inst.op === "load" ? inst.attr!.volatile : inst.op !== "lifetime" && inst.op !== "phi" && row(inst.op).does !== "pure",
	);
	return first?.attr?.callee?.kind === "function" ? first : null;
}

function hoist(fn: IrFunction, block: Block, one: Block, other: Block, same: Map<Inst, Value>): void {
	const twins = new Set(front(other));
	if (twins.size === 0) return;
	const asked = sources(terminator(block).args[0]);
	const inside = new Set(one.insts);
	/** It is there in front of the branch, or can be made there. */
	const isReady = (value: Value): boolean => !isInst(value) || isInData(value) || (!inside.has(value) && isFree(value, asked));
	for (const inst of front(one)) {
		if (!inst.args.every(isReady)) continue;
		const isTwin = (candidate: Inst): boolean =>
			sameKind(inst, candidate) && inst.args.every((arg, i) => sameMade(arg, resolve(same, candidate.args[i])));
		const twin = [...twins].find(isTwin);
		if (twin === undefined) continue;
		twins.delete(twin);
		same.set(twin, inst);
		for (const [side, moved] of [
			[one, inst],
			[other, twin],
		] as const)
			side.insts.splice(side.insts.indexOf(moved), 1);
		inside.delete(inst);
		if (inst.attr?.effective !== twin.attr?.effective) inst.attr = { ...inst.attr, effective: undefined };
		const made: Inst[] = [];
		inst.args = inst.args.map((arg) => (isInst(arg) && inside.has(arg) ? again(fn, arg, made, inside) : arg));
		block.insts.splice(-1, 0, ...made, inst);
	}
}

/** What is made there once more, with what it is made of. */
function again(fn: IrFunction, value: Inst, made: Inst[], within: ReadonlySet<Value>): Inst {
	const args = value.args.map((arg) => (isInst(arg) && within.has(arg) ? again(fn, arg, made, within) : arg));
	const copy = newInst(fn, value.op, value.ty, args, value.attr, value.loc);
	made.push(copy);
	return copy;
}

/** What is computed before the block does anything that others can see. */
function front({ insts }: Block): Inst[] {
	const found: Inst[] = [];
	for (const inst of insts) {
		if (inst.op === "load" ? inst.attr!.volatile : row(inst.op).does !== "pure" && inst.op !== "phi") break;
		if (COMPUTES.has(inst.op)) found.push(inst);
	}
	return found;
}

/** The value, and the numbers that it is made of. */
function sources(value: Value, found: Set<Value> = new Set()): Set<Value> {
	if (!isInst(value) || found.has(value)) return found;
	found.add(value);
	if (row(value.op).does === "pure") for (const arg of value.args) sources(arg, found);
	return found;
}

/** Not made of any of these. */
const isFree = (value: Value, asked: ReadonlySet<Value>): boolean => [...sources(value)].every((source) => !asked.has(source));
