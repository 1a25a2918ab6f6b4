/**
 * Arithmetic and comparisons in Wasm, each in the narrowest width that the analysis allows.
 * RFC 9669: shifts take their count modulo the width (as Wasm does); x / 0 is 0, x % 0 is x, and the most negative number
 * divided by −1 is itself (Wasm traps on all three).
 */
import { FLAG } from "../representation.ts";
import { OPPOSITE, type Relation } from "../compare.ts";
import { computesHigh, IMPLIED, isNeeded, lowComparison, lowDivision, ofLeft, ofRight } from "../implied.ts";
import type { AluName, Op } from "../decode.ts";
import type { Body } from "./body.ts";
import { I32, I64, OP } from "./opcodes.ts";

type Alu = Extract<Op, { kind: "alu" }>;
type Branch = Extract<Op, { kind: "branch" }>;

const NARROW: Readonly<Record<Exclude<AluName, "mov">, number>> = {
	add: OP.i32_add,
	sub: OP.i32_sub,
	mul: OP.i32_mul,
	div: OP.i32_div_u,
	mod: OP.i32_rem_u,
	sdiv: OP.i32_div_s,
	smod: OP.i32_rem_s,
	or: OP.i32_or,
	and: OP.i32_and,
	xor: OP.i32_xor,
	lsh: OP.i32_shl,
	rsh: OP.i32_shr_u,
	arsh: OP.i32_shr_s,
};
const WIDE: Readonly<Record<Exclude<AluName, "mov">, number>> = {
	add: OP.i64_add,
	sub: OP.i64_sub,
	mul: OP.i64_mul,
	div: OP.i64_div_u,
	mod: OP.i64_rem_u,
	sdiv: OP.i64_div_s,
	smod: OP.i64_rem_s,
	or: OP.i64_or,
	and: OP.i64_and,
	xor: OP.i64_xor,
	lsh: OP.i64_shl,
	rsh: OP.i64_shr_u,
	arsh: OP.i64_shr_s,
};

export function emitAlu(b: Body, op: Alu, at: number): void {
	const flags = b.fn.analysis.flags[at];
	if (!isNeeded(flags)) return;
	const full = op.width === 64 && computesHigh(flags);
	switch (op.op) {
		case "mov":
			return emitMov(b, op, at, flags, full);
		case "add":
		case "sub":
		case "mul":
		case "or":
		case "and":
		case "xor":
			// A wide result whose high half nobody reads: let garbage flow, it saves two conversions.
			if (
				full ||
				(op.width === 64 &&
					!(flags & FLAG.needHigh) &&
					flags & FLAG.resWide &&
					b.isWide(op.dst, at) &&
					(op.src < 0 || (op.src !== 10 && b.isWide(op.src, at))))
			)
				return emitWide(b, op, at, full ? flags : 0);
			return emitNarrow(b, op, at);
		case "lsh":
		case "rsh":
		case "arsh":
			return emitShift(b, op, at, flags, full);
		case "div":
		case "mod":
		case "sdiv":
		case "smod":
			return emitDivision(b, op, at, flags);
		default:
			op.op satisfies never;
	}
}

function emitMov(b: Body, op: Alu, at: number, flags: number, full: boolean): void {
	if (op.src < 0) {
		if (flags & FLAG.resWide) {
			b.i64(op.imm, op.width === 64 ? op.imm >> 31 : 0);
			b.set(b.wide(op.dst));
		} else {
			b.i32(op.imm);
			b.set(b.narrow(op.dst));
		}
	} else if (full) {
		b.full(op.src, at, ofRight(flags));
		b.setFull(op.dst, at);
	} else {
		b.low(op.src, at);
		b.setLow(op.dst, at);
	}
}

function emitNarrow(b: Body, op: Alu, at: number): void {
	b.low(op.dst, at);
	if (op.src < 0) b.i32(op.imm);
	else b.low(op.src, at);
	b.op(NARROW[op.op as Exclude<AluName, "mov">]);
	b.setLow(op.dst, at);
}

function emitWide(b: Body, op: Alu, at: number, flags: number): void {
	b.full(op.dst, at, ofLeft(flags));
	pushWideSource(b, op, at, flags);
	b.op(WIDE[op.op as Exclude<AluName, "mov">]);
	b.setFull(op.dst, at);
}

function pushWideSource(b: Body, op: { src: number; imm: number }, at: number, flags: number): void {
	if (op.src < 0) b.i64(op.imm, op.imm >> 31);
	else b.full(op.src, at, ofRight(flags));
}

function emitShift(b: Body, op: Alu, at: number, flags: number, full: boolean): void {
	const count = op.src < 0 ? op.imm : b.fn.analysis.constant[at];
	const known = !Number.isNaN(count);
	const amount = count & 63;
	if (op.width === 32) return emitNarrowShift(b, op, at, NARROW[op.op as "lsh"], known ? amount & 31 : -1);
	if (known) {
		const zeroed =
			(op.op === "lsh" && !full) ||
			(op.op === "rsh" && (flags & FLAG.dstZero) !== 0) ||
			(op.op === "arsh" && (flags & FLAG.dstSmall) !== 0);
		if (zeroed && amount >= 32) {
			b.i32(0);
			return b.setLow(op.dst, at);
		}
		if (zeroed) return emitNarrowShift(b, op, at, op.op === "lsh" ? OP.i32_shl : OP.i32_shr_u, amount);
		if (op.op === "arsh" && flags & FLAG.dstSign) return emitNarrowShift(b, op, at, OP.i32_shr_s, Math.min(amount, 31));
	}
	// Of a left shift by 32 or more, only the low word of the operand matters: its extension is as good as any.
	const lowOnly = op.op === "lsh" && known && amount >= 32;
	b.full(op.dst, at, lowOnly ? (b.isWide(op.dst, at) ? IMPLIED.nothing : IMPLIED.zero) : ofLeft(flags));
	if (known) b.i64(amount, 0);
	else b.full(op.src, at, IMPLIED.zero);
	b.op(WIDE[op.op as "lsh"]);
	b.setFull(op.dst, at);
}

/** `count` −1: that in the source register. */
function emitNarrowShift(b: Body, op: Alu, at: number, code: number, count: number): void {
	b.low(op.dst, at);
	if (count >= 0) b.i32(count);
	else b.low(op.src, at);
	b.op(code);
	b.setLow(op.dst, at);
}

function emitDivision(b: Body, op: Alu, at: number, flags: number): void {
	const divides = op.op === "div" || op.op === "sdiv";
	// 64-bit division of two numbers that fit 32 bits is 32-bit division.
	const narrow = lowDivision(op, flags);
	const type = narrow ? I32 : I64;
	const code = narrow ? NARROW[op.op as "div"] : WIDE[op.op as "div"];
	const dividend = (): void => (narrow ? b.low(op.dst, at) : b.full(op.dst, at, ofLeft(flags)));
	const constant = (value: number): void => (narrow ? b.i32(value) : b.i64(value, value >> 31));
	const finish = (): void => (narrow ? b.setLow(op.dst, at) : b.setFull(op.dst, at));
	const divisor = (): void => {
		if (op.src < 0) constant(op.imm);
		else if (narrow) b.low(op.src, at);
		else pushWideSource(b, op, at, flags);
	};
	const negated = (): void => {
		constant(0);
		dividend();
		b.op(narrow ? OP.i32_sub : OP.i64_sub);
	};
	if (op.src < 0) {
		if (op.imm === 0) divides ? constant(0) : dividend();
		else if (op.op === "sdiv" && op.imm === -1) negated();
		else {
			dividend();
			divisor();
			b.op(code);
		}
		return finish();
	}
	const nonZero = op.width === 64 && (flags & FLAG.srcNonZero) !== 0;
	if (nonZero && op.op !== "sdiv") {
		dividend();
		divisor();
		b.op(code);
		return finish();
	}
	const d = b.temp("divisor", type);
	divisor();
	b.tee(d);
	b.op(narrow ? OP.i32_eqz : OP.i64_eqz);
	b.open(OP.if, type, { kind: "other", label: 0 });
	divides ? constant(0) : dividend();
	b.op(OP.else);
	if (op.op === "sdiv") {
		b.get(d);
		constant(-1);
		b.op(narrow ? OP.i32_eq : OP.i64_eq);
		b.open(OP.if, type, { kind: "other", label: 0 });
		negated();
		b.op(OP.else);
	}
	dividend();
	b.get(d);
	b.op(code);
	if (op.op === "sdiv") b.end();
	b.end();
	finish();
}

export function emitNeg(b: Body, op: Extract<Op, { kind: "neg" }>, at: number): void {
	const flags = b.fn.analysis.flags[at];
	if (!isNeeded(flags)) return;
	if (op.width === 64 && computesHigh(flags)) {
		b.i64(0, 0);
		b.full(op.dst, at, ofLeft(flags));
		b.op(OP.i64_sub);
		b.setFull(op.dst, at);
	} else {
		b.i32(0);
		b.low(op.dst, at);
		b.op(OP.i32_sub);
		b.setLow(op.dst, at);
	}
}

export function emitMovsx(b: Body, op: Extract<Op, { kind: "movsx" }>, at: number): void {
	if (!isNeeded(b.fn.analysis.flags[at])) return;
	b.low(op.src, at);
	if (op.bits === 8) b.op(OP.i32_extend8_s);
	else if (op.bits === 16) b.op(OP.i32_extend16_s);
	b.setLow(op.dst, at);
}

export function emitExtract(b: Body, op: Extract<Op, { kind: "extract" }>, at: number): void {
	b.low(op.src, at);
	b.i32(op.bits === 8 ? 0xff : 0xffff);
	b.op(OP.i32_and);
	b.setLow(op.dst, at);
}

const COMPARE32: Readonly<Record<Relation, number>> = {
	eq: OP.i32_eq,
	ne: OP.i32_ne,
	gt: OP.i32_gt_u,
	ge: OP.i32_ge_u,
	lt: OP.i32_lt_u,
	le: OP.i32_le_u,
	sgt: OP.i32_gt_s,
	sge: OP.i32_ge_s,
	slt: OP.i32_lt_s,
	sle: OP.i32_le_s,
};
const COMPARE64: Readonly<Record<Relation, number>> = {
	eq: OP.i64_eq,
	ne: OP.i64_ne,
	gt: OP.i64_gt_u,
	ge: OP.i64_ge_u,
	lt: OP.i64_lt_u,
	le: OP.i64_le_u,
	sgt: OP.i64_gt_s,
	sge: OP.i64_ge_s,
	slt: OP.i64_lt_s,
	sle: OP.i64_le_s,
};
/** Pushes the branch's condition, or its opposite, as an i32. */
export function emitCondition(b: Body, op: Branch, at: number, negate: boolean): void {
	const flags = b.fn.analysis.flags[at];
	if (op.op === "set") {
		if (op.width === 32 || (op.src < 0 && op.imm >= 0)) {
			b.low(op.dst, at);
			if (op.src < 0) b.i32(op.imm);
			else b.low(op.src, at);
			b.op(OP.i32_and);
			if (negate) b.op(OP.i32_eqz);
			return;
		}
		b.full(op.dst, at, ofLeft(flags));
		pushWideSource(b, op, at, flags);
		b.op(OP.i64_and, OP.i64_eqz);
		if (!negate) b.op(OP.i32_eqz);
		return;
	}
	const low = lowComparison(op, flags);
	if (low !== null) {
		const relation = negate ? OPPOSITE[low] : low;
		b.low(op.dst, at);
		if (op.src < 0 && op.imm === 0 && (relation === "eq" || relation === "ne")) {
			if (relation === "eq") b.op(OP.i32_eqz);
			return;
		}
		if (op.src < 0) b.i32(op.imm);
		else b.low(op.src, at);
		return b.op(COMPARE32[relation]);
	}
	b.full(op.dst, at, ofLeft(flags));
	if (op.src < 0 && op.imm === 0 && op.op === (negate ? "ne" : "eq")) return b.op(OP.i64_eqz);
	pushWideSource(b, op, at, flags);
	b.op(COMPARE64[negate ? OPPOSITE[op.op] : op.op]);
}
