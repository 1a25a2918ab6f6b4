import type { JmpOp } from "../../assembler/spec/isa.ts";
import { bug } from "../diagnostics/diagnostic.ts";
import type { Inst, Loc, Pred, Value } from "../ir/types.ts";
import { isConst, isInst, unsigned } from "../ir/values.ts";
import { alu, copy, goTo, type MBlock, type MInst, minst, NONE } from "./machine.ts";
import type { Selector } from "./selector.ts";

/**
 * Rules for comparisons and ends of blocks. A comparison is part of the jump that asks it; as a value it is a jump around `= 0`.
 *
 * A 32-bit comparison whose operands are known to be zero-extended becomes one of whole registers where that is the same: the
 * kernel's verifier learns more of the value from it.
 */
const jumps = {
	eq: { op: "jeq", swapped: "eq", inverse: "ne", signed: false },
	ne: { op: "jne", swapped: "ne", inverse: "eq", signed: false },
	ult: { op: "jlt", swapped: "ugt", inverse: "uge", signed: false },
	ule: { op: "jle", swapped: "uge", inverse: "ugt", signed: false },
	ugt: { op: "jgt", swapped: "ult", inverse: "ule", signed: false },
	uge: { op: "jge", swapped: "ule", inverse: "ult", signed: false },
	slt: { op: "jslt", swapped: "sgt", inverse: "sge", signed: true },
	sle: { op: "jsle", swapped: "sge", inverse: "sgt", signed: true },
	sgt: { op: "jsgt", swapped: "slt", inverse: "sle", signed: true },
	sge: { op: "jsge", swapped: "sle", inverse: "slt", signed: true },
} as const satisfies Record<Pred, { op: JmpOp; swapped: Pred; inverse: Pred; signed: boolean }>;

const isLess = (pred: Pred): boolean => pred === "ult" || pred === "ule" || pred === "slt" || pred === "sle";

export function selectEnd(s: Selector, inst: Inst): void {
	const { loc } = inst;
	switch (inst.op) {
		case "jump":
			s.leave(inst.blocks![0], loc);
			return;
		case "branch": {
			const [yes, no] = inst.blocks!;
			if (yes === no) {
				s.leave(yes, loc);
				return;
			}
			const condition = s.strip(inst.args[0]);
			if (isConst(condition)) {
				s.leave(condition.value !== 0n ? yes : no, loc);
				return;
			}
			s.emit(test(s, inst.args[0], s.edge(yes, loc), s.edge(no, loc), loc));
			return;
		}
		case "switch":
			bug(`switch reaches the back end in ${s.ir.name}`);
			break;
		case "ret": {
			const value = inst.args[0];
			if (value !== undefined) s.moveTo(0, value, loc);
			s.emit(minst("exit", loc, { args: value === undefined ? 0 : 1 }));
			return;
		}
		case "unreachable":
			s.emit(minst("stop", loc, {}));
			return;
		case "icmp": {
			if (selectBit(s, inst)) return;
			const one = { op: "const", ty: "i32", value: 1n } as const;
			choose(s, inst, inst, one, { ...one, value: 0n });
			return;
		}
		case "select":
			choose(s, inst, inst.args[0], inst.args[1], inst.args[2]);
			return;
		default:
			bug(`${inst.op} does not end a block`);
	}
}

/** `(x & 8) != 0` as a number is `(x >> 3) & 1`; `(x & 1) == 0` is that the other way round. */
function selectBit(s: Selector, inst: Inst): boolean {
	const { pred } = inst.attr!;
	const and = s.strip(inst.args[0]);
	if (s.imm(inst.args[1]) !== 0 || !isInst(and) || and.op !== "and" || s.isWanted(and) || !isConst(and.args[1])) return false;
	const mask = unsigned(and.ty!, and.args[1].value);
	const bit = mask.toString(2).length - 1;
	if (mask !== 1n << BigInt(bit) || (pred !== "ne" && (pred !== "eq" || bit > 0))) return false;
	const dst = s.result(inst);
	s.emit(copy(dst, s.reg(and.args[0]), inst.loc));
	// Whatever is above the bit is cut off: the whole register will do.
	if (bit > 0) s.emit(alu("rsh", 64, dst, { imm: bit }, inst.loc));
	if (pred === "eq") s.emit(alu("xor", 64, dst, { imm: 1 }, inst.loc));
	s.emit(alu("and", 64, dst, { imm: 1 }, inst.loc));
	return true;
}

/** `result = yes; if (condition) goto tail; result = no; tail:` */
function choose(s: Selector, inst: Inst, condition: Value, yes: Value, no: Value): void {
	const dst = s.result(inst);
	const tail = s.splitHere("cond.end");
	const other = s.newBlock("cond.else");
	s.moveTo(dst, no, inst.loc);
	other.insts = s.takeSequence();
	other.insts.push(goTo(tail, inst.loc));
	s.addBlock(other);
	s.moveTo(dst, yes, inst.loc);
	s.emit(test(s, condition, tail, other, inst.loc));
}

/** The jump that asks for a truth value. */
function test(s: Selector, condition: Value, yes: MBlock, no: MBlock, loc: Loc | null): MInst {
	let value = s.strip(condition);
	let truth = true;
	// `x == 0` of a comparison is the comparison turned around.
	for (;;) {
		if (isInst(value) && value.op === "icmp" && (value.attr!.pred === "eq" || value.attr!.pred === "ne") && s.imm(value.args[1]) === 0) {
			const inner = s.strip(value.args[0]);
			if (isInst(inner) && inner.op === "icmp") {
				if (value.attr!.pred === "eq") truth = !truth;
				value = inner;
				continue;
			}
		}
		break;
	}
	const [then, otherwise] = truth ? [yes, no] : [no, yes];
	if (isInst(value) && value.op === "icmp") return compare(s, value.attr!.pred!, value.args[0], value.args[1], then, otherwise, loc);
	const zero = { op: "const", ty: value.ty === "i32" ? "i32" : "i64", value: 0n } as const;
	return compare(s, "ne", condition, zero, then, otherwise, loc);
}

function compare(s: Selector, pred: Pred, left: Value, right: Value, yes: MBlock, no: MBlock, loc: Loc | null): MInst {
	if (s.imm(left) !== null && s.imm(right) === null) {
		[left, right] = [right, left];
		pred = jumps[pred].swapped;
	}
	const narrow = left.ty === "i32";
	const masked = maskTest(s, pred, left, right, yes, no, loc);
	if (masked !== null) return masked;
	let imm = s.imm(right);
	if (isLess(pred) && !s.cpu.lessThan) {
		if (imm !== null) {
			pred = jumps[pred].inverse;
			[yes, no] = [no, yes];
		} else {
			[left, right] = [right, left];
			pred = jumps[pred].swapped;
		}
	}
	const { op, signed } = jumps[pred];
	const end = (width: 32 | 64, dst: number, operand: { reg: number } | { imm: number }): MInst =>
		"reg" in operand
			? minst("jump", loc, { op, width, dst, src: operand.reg, blocks: [yes, no] })
			: minst("jump", loc, { op, width, dst, imm: operand.imm, blocks: [yes, no] });
	if (!narrow) return end(64, s.reg(left), imm !== null ? { imm } : { reg: s.reg(right) });

	const most = signed ? 31 : 32;
	const same = s.widths.bits(left) <= most && s.widths.bits(right) <= most && (imm === null || imm >= 0);
	if (same) return end(64, s.reg(left), imm !== null ? { imm } : { reg: s.reg(right) });
	if (s.cpu.alu32) return end(32, s.reg(left), imm !== null ? { imm } : { reg: s.reg(right) });
	if (signed) return end(64, s.signed(left, loc), imm !== null ? { imm } : { reg: s.signed(right, loc) });
	if (imm !== null && imm < 0) imm = null;
	return end(64, s.clean(left, loc), imm !== null ? { imm } : { reg: s.clean(right, loc) });
}

/** `(x & mask) != 0` is one jump, if nobody else needs the masked value. */
function maskTest(s: Selector, pred: Pred, left: Value, right: Value, yes: MBlock, no: MBlock, loc: Loc | null): MInst | null {
	const and = s.strip(left);
	if ((pred !== "eq" && pred !== "ne") || s.imm(right) !== 0 || !isInst(and) || and.op !== "and" || s.isWanted(and)) return null;
	const mask = s.imm(and.args[1]);
	if (mask === null || (and.ty === "i32" && !s.cpu.alu32 && mask < 0)) return null;
	const blocks = pred === "ne" ? [yes, no] : [no, yes];
	// A mask without its top bit does not see the upper half.
	const width = and.ty === "i32" && mask < 0 ? 32 : 64;
	return minst("jump", loc, { op: "jset", width, dst: s.reg(and.args[0]), src: NONE, imm: mask, blocks });
}
