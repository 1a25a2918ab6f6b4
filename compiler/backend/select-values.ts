import type { AluOp } from "../../assembler/spec/isa.ts";
import { bug } from "../diagnostics/diagnostic.ts";
import type { Inst, Op, Value } from "../ir/types.ts";
import { isConst, isInst } from "../ir/values.ts";
import { alu, copy, minst, type Reg } from "./machine.ts";
import type { Selector } from "./selector.ts";

/**
 * Rules for operations that only compute. With v3 an i32 operation is one on `w` registers; before, it is one on whole
 * registers, and operands whose upper half matters (right shifts, division) are extended first.
 */
const binary = {
	add: { op: "add", commutes: true },
	sub: { op: "sub", commutes: false },
	mul: { op: "mul", commutes: true },
	udiv: { op: "div", commutes: false },
	sdiv: { op: "sdiv", commutes: false },
	umod: { op: "mod", commutes: false },
	smod: { op: "smod", commutes: false },
	and: { op: "and", commutes: true },
	or: { op: "or", commutes: true },
	xor: { op: "xor", commutes: true },
	shl: { op: "lsh", commutes: false },
	lshr: { op: "rsh", commutes: false },
	ashr: { op: "arsh", commutes: false },
	ptradd: { op: "add", commutes: true },
} as const satisfies Partial<Record<Op, { op: AluOp; commutes: boolean }>>;

export function selectValue(s: Selector, inst: Inst): void {
	const { loc } = inst;
	switch (inst.op) {
		case "add":
		case "sub":
		case "mul":
		case "udiv":
		case "sdiv":
		case "umod":
		case "smod":
		case "and":
		case "or":
		case "xor":
		case "shl":
		case "lshr":
		case "ashr":
		case "ptradd":
			if (s.onStack(inst) !== null) return;
			return selectBinary(s, inst, inst.op);
		case "neg": {
			const dst = s.result(inst);
			s.moveTo(dst, inst.args[0], loc);
			s.emit(minst("alu", loc, { op: "neg", width: width(s, inst), dst }));
			return;
		}
		case "ptrtoint":
		case "inttoptr":
		case "trunc":
			// Asked for only through `strip`, which looks through it.
			return;
		case "zext":
		case "sext":
		case "sextfrom":
			return selectExtension(s, inst);
		case "bswap": {
			const dst = s.result(inst);
			s.moveTo(dst, inst.args[0], loc);
			// Objects are little-endian: to big-endian order is a swap.
			s.emit(minst("swap", loc, { op: s.cpu.byteSwap ? "bswap" : "be", bits: inst.attr!.bits!, dst }));
			return;
		}
		case "global":
		case "alloca":
			// Made anew wherever it is used.
			return;
		case "addrspace": {
			const spaces = (inst.attr!.to! << 16) | inst.attr!.from!;
			s.emit(minst("cast", loc, { dst: s.result(inst), src: s.reg(inst.args[0]), imm: spaces }));
			return;
		}
		case "coreinfo": {
			const dst = s.result(inst);
			const core = inst.attr!.core!;
			// Ids and enumerators are 64-bit constants to libbpf, everything else is an immediate.
			const wide = core.relo === 6 || core.relo === 7 || core.relo === 10 || core.relo === 11;
			s.emit(
				wide
					? minst("wide", loc, { dst, wide: core.value, core })
					: minst("alu", loc, { op: "mov", dst, imm: Number(BigInt.asIntN(32, core.value)), core }),
			);
			return;
		}
		case "fence":
			// The order of accesses is already that of the IR.
			return;
		default:
			bug(`no selection rule for ${inst.op} in ${s.ir.name}`);
	}
}

function selectExtension(s: Selector, inst: Inst): void {
	const { loc } = inst;
	const known = s.widths.bits(inst.args[0]);
	if (inst.op === "zext" && known <= 32) return;
	const dst = s.result(inst);
	const src = s.reg(inst.args[0]);
	const w = width(s, inst);
	const bits = inst.op === "sextfrom" ? (inst.attr!.bits as 8 | 16 | 32) : 32;
	if (inst.op === "zext") {
		if (s.cpu.alu32) s.emit(alu("mov", 32, dst, { reg: src }, loc));
		else shiftUpAndDown(s, dst, src, 32, "rsh", 64, inst);
	} else if (inst.op === "sext" ? known <= 31 : bits === w) s.emit(copy(dst, src, loc));
	else if (s.cpu.signExtend) s.emit(minst("movsx", loc, { width: w, bits, dst, src }));
	else shiftUpAndDown(s, dst, src, w - bits, "arsh", w, inst);
}

const width = (s: Selector, inst: Inst): 32 | 64 => (inst.ty === "i32" && s.cpu.alu32 ? 32 : 64);

function shiftUpAndDown(s: Selector, dst: Reg, from: Reg, by: number, down: "rsh" | "arsh", w: 32 | 64, inst: Inst): void {
	s.emit(copy(dst, from, inst.loc));
	s.emit(alu("lsh", w, dst, { imm: by }, inst.loc));
	s.emit(alu(down, w, dst, { imm: by }, inst.loc));
}

function selectBinary(s: Selector, inst: Inst, name: keyof typeof binary): void {
	const { op, commutes } = binary[name];
	const { loc } = inst;
	if ((op === "sdiv" || op === "smod") && !s.cpu.signedDivision) {
		s.error("E0701", "unsupported signed division, please convert to unsigned div/mod", loc);
		return;
	}
	const w = width(s, inst);
	const narrow = inst.ty === "i32" && w === 64;
	let [first, second] = inst.args;
	// A constant that fits is an immediate; one that does not is made in the result itself.
	if (commutes && s.imm(second) === null && preferSecond(s, inst, first, second)) [first, second] = [second, first];
	const imm = s.imm(second);
	const dst = s.result(inst);
	const mask = s.strip(second);
	if (op === "and" && w === 64 && isConst(mask) && mask.value === 0xffffffffn) {
		if (s.cpu.alu32) s.emit(alu("mov", 32, dst, { reg: s.reg(first) }, loc));
		else shiftUpAndDown(s, dst, s.reg(first), 32, "rsh", 64, inst);
		return;
	}

	if (narrow && (op === "rsh" || op === "arsh" || op === "div" || op === "mod" || op === "sdiv" || op === "smod")) {
		const signed = op === "arsh" || op === "sdiv" || op === "smod";
		const shift = op === "rsh" || op === "arsh";
		if (shift && imm !== null && s.widths.bits(first) > (signed ? 31 : 32)) {
			// The extension's own shift down takes the amount along.
			s.moveTo(dst, first, loc);
			s.emit(alu("lsh", 64, dst, { imm: 32 }, loc));
			s.emit(alu(op, 64, dst, { imm: 32 + imm }, loc));
			return;
		}
		const extend = (value: Value): Reg => (signed ? s.signed(value, loc) : s.clean(value, loc));
		const operand = imm !== null && (shift || signed || imm >= 0) ? { imm } : { reg: shift ? s.reg(second) : extend(second) };
		s.emit(copy(dst, extend(first), loc));
		s.emit(alu(op, 64, dst, operand, loc));
		return;
	}
	s.twoAddress(
		op,
		w,
		dst,
		first,
		imm !== null ? { imm } : { reg: op === "lsh" || op === "rsh" || op === "arsh" ? s.amount(second) : s.reg(second) },
		loc,
	);
}

/**
 * `d = a; d += b` overwrites a copy of its first operand; which one that is, is free for commuting operations. Best is a phi
 * that the result flows back into (`i = i + n`), then a call's result that is in r0 where the sum is returned, then one that nobody needs afterwards;
 * constants and addresses are made for us anyway.
 */
function preferSecond(s: Selector, inst: Inst, first: Value, second: Value): boolean {
	const a = s.strip(first);
	const b = s.strip(second);
	if (isConst(a) || !isInst(a)) return true;
	if (!isInst(b)) return s.isWanted(a);
	const phis = s.flowsInto.get(inst);
	if (phis !== undefined) {
		if (phis.includes(a)) return false;
		if (phis.includes(b)) return true;
	}
	if (s.isMade(a)) return false;
	if (s.isMade(b)) return true;
	const call = s.callBefore(inst);
	if (call !== null && !s.isWanted(call)) return call === b;
	return s.isWanted(a) && !s.isWanted(b);
}
