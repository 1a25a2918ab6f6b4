import type { Block, Inst, IrFunction, Op, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { reversePostorder } from "../../ir/cfg.ts";
import { foldOp } from "../../ir/fold.ts";
import { row } from "../../ir/ops.ts";
import { constant, isConst, isInst, newInst, replaceAll, resolve } from "../../ir/values.ts";
import { laws } from "./laws.ts";
import { compareLaws } from "./compare-laws.ts";
import type { Rewriter } from "./law.ts";

const ARITHMETIC = new Set<Op>([
	"add",
	"sub",
	"mul",
	"udiv",
	"sdiv",
	"umod",
	"smod",
	"and",
	"or",
	"xor",
	"shl",
	"lshr",
	"ashr",
	"neg",
	"zext",
	"sext",
	"trunc",
	"sextfrom",
	"bswap",
]);

/** Local simplification: each instruction is offered to the laws of its operation until none applies. */
export const combine: Pass = {
	name: "combine",
	run(fn) {
		let any = false;
		for (let round = 0; round < 8; round++) {
			if (!oneRound(fn)) break;
			any = true;
		}
		return any;
	},
};

function oneRound(fn: IrFunction): boolean {
	const map = new Map<Inst, Value>();
	const uses = new Map<Inst, number>();
	for (const block of fn.blocks)
		for (const inst of block.insts) for (const arg of inst.args) if (isInst(arg)) uses.set(arg, (uses.get(arg) ?? 0) + 1);
	let changed = false;
	for (const block of reversePostorder(fn)) {
		if (simplifyBlock(fn, block, map, uses)) changed = true;
	}
	replaceAll(fn, map);
	return changed || map.size > 0;
}

function simplifyBlock(fn: IrFunction, block: Block, map: Map<Inst, Value>, uses: Map<Inst, number>): boolean {
	const out: Inst[] = [];
	let changed = false;
	let loc: Inst["loc"] = null;
	const rw: Rewriter = {
		fn,
		make(op, ty, args, attr) {
			const folded = foldOp(op, ty, args, attr);
			if (folded !== null) return folded;
			const made = newInst(fn, op, ty, args, attr, loc);
			const value = simplifyInst(made, rw) ?? made;
			if (value === made) {
				out.push(made);
				for (const arg of args) if (isInst(arg)) uses.set(arg, (uses.get(arg) ?? 0) + 1);
			}
			return value;
		},
		uses: (value) => uses.get(value) ?? 0,
	};
	for (const inst of block.insts) {
		loc = inst.loc;
		if (map.size > 0) for (let i = 0; i < inst.args.length; i++) inst.args[i] = resolve(map, inst.args[i]);
		const before = inst.op;
		const value = simplifyInst(inst, rw);
		if (value !== null && value !== inst) {
			map.set(inst, value);
			if (isInst(value)) uses.set(value, (uses.get(value) ?? 0) + (uses.get(inst) ?? 0));
			continue;
		}
		if (value === inst || inst.op !== before) changed = true;
		out.push(inst);
	}
	block.insts = out;
	return changed;
}

/** The value that replaces the instruction; the instruction itself when it was changed in place; null when nothing applies. */
function simplifyInst(inst: Inst, rw: Rewriter): Value | null {
	if (ARITHMETIC.has(inst.op)) {
		// A value nobody defined may be taken to be zero.
		inst.args.forEach((arg, i) => {
			if (arg.op === "undef") inst.args[i] = constant(arg.ty, 0);
		});
	}
	const folded = foldOp(inst.op, inst.ty, inst.args, inst.attr);
	if (folded !== null && inst.op !== "load") return folded;
	if (row(inst.op).commutes && isConst(inst.args[0])) inst.args.reverse();
	if (inst.op === "icmp") return compareLaws(inst, rw);
	for (const law of laws[inst.op] ?? []) {
		const value = law(inst, rw);
		if (value !== null) return value;
	}
	return null;
}
