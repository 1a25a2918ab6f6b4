import type { Pred, Value } from "../ir/types.ts";
import type { TExpr } from "../types/typed.ts";
import type { CType } from "../types/types.ts";
import type { Builder } from "../ir/build.ts";
import type { Lowering, Wide } from "./state.ts";
import { constant, exponentOf, isConst } from "../ir/values.ts";
import { convert } from "./convert.ts";
import { readWide, temporary, writeWide } from "./places.ts";
import { isSigned, isWide, shapeOf } from "./state.ts";

/**
 * __int128 as a pair of 64-bit halves: what programs use to get the high half of a product, and to add and shift.
 * Divisions are refused, but those by a power of two and of values that fit 64 bits.
 */
const zero = constant("i64", 0);

export function lowerWide(f: Lowering, expr: TExpr): Wide {
	const { b } = f;
	switch (expr.kind) {
		case "int":
			return { lo: constant("i64", expr.value), hi: constant("i64", expr.value >> 64n) };
		case "load":
			return readWide(f, f.place(expr.from));
		case "convert":
			if (isWide(expr.operand.type)) return f.wide(expr.operand);
			if (shapeOf(expr.operand.type).kind === "float") return refused(f, expr, "floating-point arithmetic");
			return widen(b, f.value(expr.operand), isSigned(expr.operand.type));
		case "unary": {
			const value = f.wide(expr.operand);
			const inverted = { lo: b.binary("xor", value.lo, constant("i64", -1)), hi: b.binary("xor", value.hi, constant("i64", -1)) };
			return expr.op === "~" ? inverted : add(b, inverted, { lo: constant("i64", 1), hi: zero });
		}
		case "binary":
			return binary(f, expr);
		case "comma":
			f.effect(expr.left);
			return f.wide(expr.right);
		case "assign": {
			const value = f.wide(expr.value);
			writeWide(f, f.place(expr.target), value);
			return value;
		}
		case "update":
			f.effect(expr);
			return readWide(f, f.place(expr.target));
		case "statement-expression":
			for (const stmt of expr.body) f.statement(stmt);
			return expr.result === undefined ? { lo: zero, hi: zero } : f.wide(expr.result);
		case "conditional": {
			if (expr.then === undefined) break;
			const place = temporary(f, expr.type, "wide");
			const yes = b.newBlock("cond.true");
			const no = b.newBlock("cond.false");
			const end = b.newBlock("cond.end");
			f.condition(expr.condition, yes, no);
			b.begin(yes);
			writeWide(f, place, f.wide(expr.then));
			b.jump(end);
			b.begin(no);
			writeWide(f, place, f.wide(expr.else));
			b.begin(end);
			return readWide(f, place);
		}
		case "call": {
			const result = f.call(expr, null);
			if (result !== null && "base" in result) return readWide(f, result);
		}
	}
	return refused(f, expr, `this operation (${expr.kind}) on 128-bit integers`);
}

function refused(f: Lowering, expr: TExpr, what: string): Wide {
	f.refuse("E0602", `eBPF has no registers for ${what}`, expr.span);
	return { lo: zero, hi: zero };
}

function widen(b: Builder, value: Value, signed: boolean): Wide {
	const lo = b.extend(value, signed);
	return { lo, hi: signed ? b.binary("ashr", lo, constant("i64", 63)) : zero };
}

export function narrowWide(f: Lowering, value: Wide, to: CType): Value {
	const shape = shapeOf(to);
	if (shape.kind === "int" && shape.type.rank === 0) return f.b.icmp("ne", f.b.binary("or", value.lo, value.hi), zero);
	return convert(f.b, value.lo, { kind: "int", name: "unsigned long long", size: 8, signed: false, rank: 5 }, to);
}

function add(b: Builder, x: Wide, y: Wide): Wide {
	const lo = b.binary("add", x.lo, y.lo);
	const carry = b.extend(b.icmp("ult", lo, x.lo), false);
	return { lo, hi: b.binary("add", b.binary("add", x.hi, y.hi), carry) };
}

function sub(b: Builder, x: Wide, y: Wide): Wide {
	const lo = b.binary("sub", x.lo, y.lo);
	const borrow = b.extend(b.icmp("ult", x.lo, y.lo), false);
	return { lo, hi: b.binary("sub", b.binary("sub", x.hi, y.hi), borrow) };
}

/** The high 64 bits of the product of two unsigned 64-bit numbers, from four products of halves. */
function mulHigh(b: Builder, x: Value, y: Value): Value {
	const low = (value: Value): Value => b.binary("and", value, constant("i64", 0xffffffffn));
	const high = (value: Value): Value => b.binary("lshr", value, constant("i64", 32));
	const ll = b.binary("mul", low(x), low(y));
	const lh = b.binary("mul", low(x), high(y));
	const hl = b.binary("mul", high(x), low(y));
	const hh = b.binary("mul", high(x), high(y));
	const middle = b.binary("add", b.binary("add", high(ll), low(lh)), low(hl));
	return b.binary("add", b.binary("add", hh, high(lh)), b.binary("add", high(hl), high(middle)));
}

function mul(b: Builder, x: Wide, y: Wide): Wide {
	const cross = b.binary("add", product(b, x.lo, y.hi), product(b, x.hi, y.lo));
	return { lo: b.binary("mul", x.lo, y.lo), hi: b.binary("add", mulHigh(b, x.lo, y.lo), cross) };
}

const product = (b: Builder, x: Value, y: Value): Value => (isZero(x) || isZero(y) ? zero : b.binary("mul", x, y));

const isZero = (value: Value): boolean => isConst(value) && value.value === 0n;

function binary(f: Lowering, expr: TExpr & { kind: "binary" }): Wide {
	const { b } = f;
	const x = f.wide(expr.left);
	if (expr.op === "<<" || expr.op === ">>") {
		const count = isWide(expr.right.type) ? f.wide(expr.right).lo : f.value(expr.right);
		if (!isConst(count)) return shiftBy(b, x, b.extend(count, false), expr.op, isSigned(expr.type));
		return shift(b, x, Number(count.value), expr.op, isSigned(expr.type));
	}
	const y = f.wide(expr.right);
	switch (expr.op) {
		case "+":
			return add(b, x, y);
		case "-":
			return sub(b, x, y);
		case "*":
			return mul(b, x, y);
		case "&":
			return { lo: b.binary("and", x.lo, y.lo), hi: b.binary("and", x.hi, y.hi) };
		case "|":
			return { lo: b.binary("or", x.lo, y.lo), hi: b.binary("or", x.hi, y.hi) };
		case "^":
			return { lo: b.binary("xor", x.lo, y.lo), hi: b.binary("xor", x.hi, y.hi) };
		default: {
			// Both halves above are zero: an ordinary unsigned division.
			if (isZero(x.hi) && isZero(y.hi)) return { lo: b.binary(expr.op === "/" ? "udiv" : "umod", x.lo, y.lo), hi: zero };
			const power = powerOfTwo(y);
			if (power !== null) return divideByPower(b, x, power, expr.op === "/", isSigned(expr.type));
			return refused(f, expr, "a 128-bit division");
		}
	}
}

/** The exponent of a constant power of two. */
function powerOfTwo({ lo, hi }: Wide): number | null {
	if (!isConst(lo) || !isConst(hi)) return null;
	const value = (BigInt.asUintN(64, hi.value) << 64n) | BigInt.asUintN(64, lo.value);
	return hi.value >= 0n ? exponentOf(value) : null;
}

/** Towards zero: a negative number is first moved up by the divisor less one. */
function divideByPower(b: Builder, x: Wide, power: number, quotient: boolean, signed: boolean): Wide {
	if (power === 0) return quotient ? x : { lo: zero, hi: zero };
	const sign = b.binary("ashr", x.hi, constant("i64", 63));
	const moved = signed ? add(b, x, shift(b, { lo: sign, hi: sign }, 128 - power, ">>", false)) : x;
	const whole = shift(b, moved, power, ">>", signed);
	return quotient ? whole : sub(b, x, shift(b, whole, power, "<<", signed));
}

function shift(b: Builder, x: Wide, count: number, op: "<<" | ">>", signed: boolean): Wide {
	const by = (n: number) => constant("i64", n);
	if (count === 0) return x;
	if (op === "<<") {
		if (count >= 64) return { lo: zero, hi: b.binary("shl", x.lo, by(count - 64)) };
		return {
			lo: b.binary("shl", x.lo, by(count)),
			hi: b.binary("or", b.binary("shl", x.hi, by(count)), b.binary("lshr", x.lo, by(64 - count))),
		};
	}
	const right = signed ? "ashr" : "lshr";
	if (count >= 64) return { lo: b.binary(right, x.hi, by(count - 64)), hi: signed ? b.binary("ashr", x.hi, by(63)) : zero };
	return {
		lo: b.binary("or", b.binary("lshr", x.lo, by(count)), b.binary("shl", x.hi, by(64 - count))),
		hi: b.binary(right, x.hi, by(count)),
	};
}

/** By a distance that only the run knows: both outcomes, of less than 64 bits and of more, and a mask that chooses; there are no branches. */
function shiftBy(b: Builder, x: Wide, count: Value, op: "<<" | ">>", signed: boolean): Wide {
	const within = b.binary("and", count, constant("i64", 63));
	const rest = b.binary("xor", within, constant("i64", 63));
	const far = b.binary("sub", zero, b.binary("and", b.binary("lshr", count, constant("i64", 6)), constant("i64", 1)));
	const near = b.binary("xor", far, constant("i64", -1));
	const one = constant("i64", 1);
	const choose = (ifNear: Value, ifFar: Value): Value =>
		isZero(ifFar) ? b.binary("and", ifNear, near) : b.binary("or", b.binary("and", ifNear, near), b.binary("and", ifFar, far));
	if (op === "<<") {
		const low = b.binary("shl", x.lo, within);
		const high = b.binary("or", b.binary("shl", x.hi, within), b.binary("lshr", b.binary("lshr", x.lo, one), rest));
		return { lo: b.binary("and", low, near), hi: choose(high, low) };
	}
	const high = b.binary(signed ? "ashr" : "lshr", x.hi, within);
	const low = b.binary("or", b.binary("lshr", x.lo, within), b.binary("shl", b.binary("shl", x.hi, one), rest));
	return { lo: choose(low, high), hi: choose(high, signed ? b.binary("ashr", x.hi, constant("i64", 63)) : zero) };
}

/** high halves decide unless they are equal; written without branches. */
export function compareWide(f: Lowering, pred: Pred, x: Wide, y: Wide): Value {
	const { b } = f;
	const equal = b.icmp("eq", x.hi, y.hi);
	if (pred === "eq") return b.binary("and", equal, b.icmp("eq", x.lo, y.lo));
	if (pred === "ne") return b.binary("or", b.icmp("ne", x.hi, y.hi), b.icmp("ne", x.lo, y.lo));
	const strict = { ult: "ult", ule: "ult", ugt: "ugt", uge: "ugt", slt: "slt", sle: "slt", sgt: "sgt", sge: "sgt" } as const;
	const low = `u${pred.slice(1)}` as Pred;
	return b.binary("or", b.icmp(strict[pred], x.hi, y.hi), b.binary("and", equal, b.icmp(low, x.lo, y.lo)));
}
