import type { Loop } from "../../ir/cfg.ts";
import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { blockOf, loops, predecessors } from "../../ir/cfg.ts";
import { row } from "../../ir/ops.ts";
import { isConst, isInst, successors, terminator } from "../../ir/values.ts";
import { blockInFront } from "./front.ts";

/**
 * `row` of `table[row][column]` where an inner loop counts the columns with an iterator or with may_goto: the address of the row is made in
 * front of that loop. Round such a loop the kernel's verifier forgets the range of every number that it has not yet
 * needed to be exact (`widen_imprecise_scalars`), the range of `row` with them; what it knows of a pointer stays.
 *
 * In other loops the range stays as well, and the address would only take a register.
 *
 * A number that the loop itself compares may have its range from there, so it stays in the loop.
 */
export const hoistAddresses: Pass = { name: "hoist", run: again(hoistAddress) };

/** As long as there is something to move, within reason. */
function again(one: (fn: IrFunction) => boolean): (fn: IrFunction) => boolean {
	return (fn) => {
		let changed = false;
		for (let budget = 16; budget > 0 && one(fn); budget--) changed = true;
		return changed;
	};
}

function hoistAddress(fn: IrFunction): boolean {
	const home = blockOf(fn);
	for (const loop of loops(fn)) {
		if (![...loop.blocks].some((block) => block.insts.some(widens))) continue;
		const compared = comparedIn(loop);
		for (const block of loop.blocks) {
			for (const inst of block.insts) {
				if (inst.op !== "ptradd" || isConst(inst.args[1])) continue;
				const moved = new Set<Inst>();
				if (!isInvariant(inst, loop, home, compared, moved, DEPTH)) continue;
				moveInFront(fn, loop, moved);
				return true;
			}
		}
	}
	return false;
}

/**
 * `a & 31` of `i < (a & 31)` where each round asks that: computed in front, so that the question is a jump and nothing else, which the loop can ask at
 * its end (`backend/rotate-loops.ts`).
 */
export const hoistLimits: Pass = { name: "hoist-limits", run: again(hoistLimit) };

function hoistLimit(fn: IrFunction): boolean {
	const home = blockOf(fn);
	const preds = predecessors(fn);
	for (const loop of loops(fn)) {
		if ([...loop.blocks].some((block) => block.insts.some(widens))) continue;
		const moved = new Set<Inst>();
		// The questions that are asked one after another before anything happens.
		for (let block: Block | undefined = loop.header; block !== undefined; ) {
			const end = terminator(block);
			const inside: Block[] = successors(block).filter((next) => loop.blocks.has(next));
			if (
				end.op !== "branch" ||
				inside.length !== 1 ||
				block.insts.some((inst) => inst !== end && inst.op !== "phi" && row(inst.op).does !== "pure")
			)
				break;
			const [question] = end.args;
			if (isInst(question) && question.op === "icmp") for (const arg of question.args) isInvariant(arg, loop, home, NOTHING, moved, DEPTH);
			block = preds.get(inside[0])!.length === 1 ? inside[0] : undefined;
		}
		if (moved.size === 0) continue;
		moveInFront(fn, loop, moved);
		return true;
	}
	return false;
}

function moveInFront(fn: IrFunction, loop: Loop, moved: ReadonlySet<Inst>): void {
	const front = blockInFront(fn, loop);
	for (const block of loop.blocks) block.insts = block.insts.filter((inst) => !moved.has(inst));
	front.insts.splice(front.insts.length - 1, 0, ...moved);
}

const NOTHING: ReadonlySet<Value> = new Set();

/** Steps from an index to the address that is computed of it. */
const DEPTH = 6;

/** Where the verifier widens: `bpf_iter_*_next` and may_goto. */
function widens(inst: Inst): boolean {
	if (inst.op === "asmgoto") return /\bmay_goto\b|\.byte\s+0xe5\b/.test(inst.attr!.asm!.template);
	if (inst.op !== "call") return false;
	const callee = inst.attr!.callee!;
	return callee.kind === "function" && /^bpf_iter_\w+_next$/.test(callee.symbol.name);
}

/** What the loop's comparisons are of, through extensions and sums. */
function comparedIn(loop: Loop): Set<Value> {
	const found = new Set<Value>();
	const follow = (value: Value, depth: number): void => {
		if (!isInst(value) || depth === 0 || found.has(value)) return;
		found.add(value);
		if (row(value.op).does === "pure") for (const arg of value.args) follow(arg, depth - 1);
	};
	for (const block of loop.blocks)
		for (const inst of block.insts) if (inst.op === "icmp" || inst.op === "switch") for (const arg of inst.args) follow(arg, DEPTH);
	return found;
}

/** Whether a value is the same in each round; `moved` collects, operands first, what of it stands in the loop. */
function isInvariant(
	value: Value,
	loop: Loop,
	home: ReadonlyMap<Inst, Block>,
	compared: ReadonlySet<Value>,
	moved: Set<Inst>,
	depth: number,
): boolean {
	if (!isInst(value) || moved.has(value)) return true;
	if (compared.has(value)) return false;
	const block = home.get(value);
	if (block === undefined || !loop.blocks.has(block)) return true;
	if (depth === 0 || value.op === "phi" || row(value.op).does !== "pure") return false;
	if (!value.args.every((arg) => isInvariant(arg, loop, home, compared, moved, depth - 1))) return false;
	moved.add(value);
	return true;
}
