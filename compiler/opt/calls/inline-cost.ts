import type { Block, Const, Inst, IrFunction, Value } from "../../ir/types.ts";
import { loops } from "../../ir/cfg.ts";
import { foldOp } from "../../ir/fold.ts";
import { row } from "../../ir/ops.ts";
import { isConst, isInst, successors, terminator, usersOf } from "../../ir/values.ts";
import { rootOf } from "../analysis/slots.ts";

/**
 * What copying a callee to one call would cost: a callee and the operands of the call in, a number and the limit that it
 * must stay below out. The scale is clang's at -O2 (LLVM, `InlineCost.cpp`), because a kernel's verifier looks at a function on its own
 * or as a part of its caller, and programs are written against what clang decides: an instruction is 5, a call of
 * another function 25 more, and the call that goes away is counted back. Instructions that constant operands fold, blocks that they
 * make unreachable, and accesses to a slot of the caller's that becomes values are free.
 *
 * Where one operation of this form is more or less than one of LLVM's, its price is that of LLVM's: a preserved access loads its
 * offset, adds it and hides the sum; a truth value is a number only after it was extended; a scaled index is part of the
 * address; a loop asks its question in front of it and at its end. (Measured with `-Rpass-missed=inline` on a function for each operation.)
 */
const INSTRUCTION = 5;
const CALL = 25;
const LIMIT = 225;
const LIMIT_WITH_HINT = 325;
/** Where a call hardly ever happens: less than once in fifty runs of its function. */
const LIMIT_IF_RARE = 45;
export const RARE = 1 / 50;
/** A callee without branches may be half as large again. */
const STRAIGHT = 1.5;

export interface InlineCost {
	readonly cost: number;
	readonly limit: number;
}

const FREE: ReadonlySet<string> = new Set([
	"phi",
	"global",
	"lifetime",
	"param",
	"trunc",
	"zext",
	"ptrtoint",
	"inttoptr",
	"asmout",
	"jump",
	"ret",
	"unreachable",
]);

export function inlineCost(callee: IrFunction, call: Inst, isRare: boolean): InlineCost {
	const constants = new Map<Inst, Const>();
	callee.params.forEach((param, i) => {
		const arg = call.args[i];
		if (isConst(arg)) constants.set(param, arg);
	});
	const users = usersOf(callee);
	const free = accessesOfSlots(callee, call, users);
	const asked = askedTwice(callee);
	let cost = -(INSTRUCTION * call.args.length + INSTRUCTION + CALL);
	let straight = true;
	const seen = new Set<Block>([callee.blocks[0]]);
	for (const block of seen) {
		for (const inst of block.insts) {
			if (fold(inst, constants) || free.has(inst)) continue;
			cost += costOf(inst, users) * (asked.has(block) ? 2 : 1);
		}
		const next = reachedFrom(block, constants);
		if (next.length > 1) straight = false;
		for (const one of next) seen.add(one);
	}
	const limit = isRare ? LIMIT_IF_RARE : callee.symbol.inline === "hint" ? LIMIT_WITH_HINT : LIMIT;
	return { cost, limit: straight && !isRare ? limit * STRAIGHT : limit };
}

function costOf(inst: Inst, users: ReadonlyMap<Inst, readonly Inst[]>): number {
	if (FREE.has(inst.op)) return 0;
	const used = users.get(inst) ?? [];
	switch (inst.op) {
		case "coreoffset":
			return 3 * INSTRUCTION;
		case "coreinfo":
			return 2 * INSTRUCTION;
		case "icmp":
			return used.every(isLogic) ? INSTRUCTION : 2 * INSTRUCTION;
		case "branch":
			return isTruth(inst.args[0]) ? INSTRUCTION : 2 * INSTRUCTION;
		case "load":
			return inst.attr!.signed && used.some(({ op }) => op !== "icmp") ? 2 * INSTRUCTION : INSTRUCTION;
		case "shl":
		case "mul":
			if (isConst(inst.args[1]) && used.every(({ op, args }) => op === "ptradd" && args[1] === inst)) return 0;
	}
	// A constant distance is part of the access.
	if (inst.op === "ptradd" && isConst(inst.args[1])) return 0;
	if (inst.op === "switch") {
		const cases = inst.attr!.cases!.length;
		return (cases <= 3 ? cases : Math.floor((3 * cases) / 2) - 1) * 2 * INSTRUCTION;
	}
	if (inst.op !== "call") return INSTRUCTION;
	return INSTRUCTION * (1 + inst.args.length) + (inst.attr!.callee!.kind === "function" ? CALL : 0);
}

const isLogic = (inst: Inst): boolean =>
	inst.op === "branch" || ((inst.op === "and" || inst.op === "or" || inst.op === "xor") && inst.args.every(isTruth));

const isTruth = (value: Value): boolean =>
	isConst(value) || (isInst(value) && (value.op === "icmp" || (["and", "or", "xor"].includes(value.op) && value.args.every(isTruth))));

/** Heads of loops that leave from there: LLVM has turned the loops round. */
function askedTwice(fn: IrFunction): ReadonlySet<Block> {
	const heads = new Set<Block>();
	if (fn.blocks.length < 3) return heads;
	for (const loop of loops(fn)) {
		const end = terminator(loop.header);
		if (
			end.op === "branch" &&
			end.blocks!.some((next) => !loop.blocks.has(next)) &&
			loop.latches.every((latch) => successors(latch).length === 1)
		)
			heads.add(loop.header);
	}
	return heads;
}

function fold(inst: Inst, constants: Map<Inst, Const>): boolean {
	const does = row(inst.op).does;
	if (does !== "pure" || inst.args.length === 0) return false;
	const args: Value[] = [];
	for (const arg of inst.args) {
		const value = isInst(arg) ? constants.get(arg) : arg;
		if (value === undefined || !isConst(value)) return false;
		args.push(value);
	}
	const result = foldOp(inst.op, inst.ty, args, inst.attr);
	if (result === null) return false;
	constants.set(inst, result);
	return true;
}

/** Where a block goes, given what is constant. */
function reachedFrom(block: Block, constants: ReadonlyMap<Inst, Const>): readonly Block[] {
	const end = terminator(block);
	const on = end.op === "branch" || end.op === "switch" ? end.args[0] : undefined;
	const value = on === undefined ? undefined : isInst(on) ? constants.get(on) : on;
	if (value === undefined || !isConst(value)) return successors(block);
	if (end.op === "branch") return [end.blocks![value.value !== 0n ? 0 : 1]];
	return [end.blocks![end.attr!.cases!.indexOf(value.value) + 1]];
}

/** Loads and stores of the callee through parameters that are addresses of slots, if nothing else is done with those. */
function accessesOfSlots(callee: IrFunction, call: Inst, users: ReadonlyMap<Inst, readonly Inst[]>): ReadonlySet<Inst> {
	const free = new Set<Inst>();
	callee.params.forEach((param, i) => {
		const { root, offset } = rootOf(call.args[i]);
		if (!isInst(root) || root.op !== "alloca" || offset === null) return;
		const accesses: Inst[] = [];
		const work: Inst[] = [param];
		while (work.length > 0) {
			const address = work.pop()!;
			for (const use of users.get(address) ?? []) {
				if (use.op === "ptradd" && use.args[0] === address && isConst(use.args[1])) work.push(use);
				else if (
					(use.op === "load" || (use.op === "store" && use.args[0] === address && use.args[1] !== address)) &&
					use.attr!.volatile !== true
				)
					accesses.push(use);
				else return;
			}
		}
		for (const access of accesses) free.add(access);
	});
	return free;
}
