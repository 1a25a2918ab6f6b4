import type { Value } from "../ir/types.ts";
import type { IntType } from "../types/types.ts";
import type { BuiltinExpr, Lowering } from "./state.ts";
import { constant } from "../ir/values.ts";
import { asPointer, integerType } from "../types/basic.ts";
import { extendFrom } from "./convert.ts";
import { access } from "./places.ts";

/**
 * `__builtin_add_overflow(a, b, &r)` and its kin: compute as if in unlimited precision, store what fits, say whether it
 * did. Types of up to 32 bits are computed in 64; 64-bit ones by the carry laws of "Hacker's Delight" 2-13.
 */
const NAME = /^([su]?)(add|sub|mul)(l|ll)?_overflow(_p)?$/;

export function overflow(f: Lowering, key: string, expr: BuiltinExpr): Value | null {
	const match = NAME.exec(key);
	if (match === null) return null;
	const op = match[2] as "add" | "sub" | "mul";
	const { b } = f;
	const [left, right, result] = expr.args;
	const target = match[4] === undefined ? asPointer(result.type)?.target : result.type;
	const type = target === undefined ? null : integerType(target);
	const a = integerType(left.type);
	const c = integerType(right.type);
	if (type === null || a === null || c === null || type.size > 8 || a.size > 8 || c.size > 8) return null;
	const x = b.extend(f.value(left), a.signed);
	const y = b.extend(f.value(right), c.signed);
	const small = a.size <= 4 && c.size <= 4;
	const [value, wrong] = small
		? inWider(f, op, x, y, a.signed || c.signed || op !== "mul", type)
		: a.signed === type.signed && c.signed === type.signed && type.size === 8
			? inPlace(f, op, x, y, type)
			: mixed(f, op, x, y, a, c, type);
	if (match[4] === undefined) {
		const pointer = f.value(result);
		b.store(pointer, type.size === 8 ? value : b.truncate(value), access(type.size, type.size, false));
	}
	return wrong;
}

/** Operands of 32 bits: the 64-bit result is exact, and its sign counts unless it is the product of two unsigned ones. */
function inWider(f: Lowering, op: "add" | "sub" | "mul", x: Value, y: Value, signed: boolean, type: IntType): [Value, Value] {
	const { b } = f;
	const exact = b.binary(op, x, y);
	if (type.size === 8) return [exact, signed === type.signed ? constant("i32", 0) : b.icmp("slt", exact, constant("i64", 0))];
	const kept = extendFrom(b, exact, type.size * 8, type.signed);
	return [kept, b.icmp("ne", exact, kept)];
}

/** Everything of one 64-bit type. */
function inPlace(f: Lowering, op: "add" | "sub" | "mul", x: Value, y: Value, type: IntType): [Value, Value] {
	const { b } = f;
	const zero = constant("i64", 0);
	const value = b.binary(op, x, y);
	if (op === "mul") return [value, productOverflows(f, x, y, value, type, type, type)];
	if (!type.signed) return [value, op === "add" ? b.icmp("ult", value, x) : b.icmp("ult", x, y)];
	// Signs agree before and disagree after.
	const before = op === "add" ? b.binary("xor", value, y) : b.binary("xor", x, y);
	return [value, b.icmp("slt", b.binary("and", b.binary("xor", value, x), before), zero)];
}

/** Whether the product of x and y, of the types a and c, is too large for `type`: by magnitudes, against the largest that its sign allows. */
function productOverflows(f: Lowering, x: Value, y: Value, value: Value, a: IntType, c: IntType, type: IntType): Value {
	const { b } = f;
	const zero = constant("i64", 0);
	// y ≠ 0 and product / y ≠ x (a division by zero gives 0 on this machine).
	const wraps = (product: Value, one: Value, other: Value): Value =>
		b.binary("and", b.icmp("ne", other, zero), b.icmp("ne", b.binary("udiv", product, other), one));
	if (!a.signed && !c.signed && !type.signed && type.size === 8) return wraps(value, x, y);
	const sign = (v: Value, t: IntType): Value => (t.signed ? b.binary("ashr", v, constant("i64", 63)) : zero);
	const magnitude = (v: Value, s: Value, t: IntType): Value => (t.signed ? b.binary("sub", b.binary("xor", v, s), s) : v);
	const [sx, sy] = [sign(x, a), sign(y, c)];
	const [ax, ay] = [magnitude(x, sx, a), magnitude(y, sy, c)];
	const product = b.binary("mul", ax, ay);
	// All ones for a negative result: one more fits then, or of an unsigned type nothing.
	const negative = b.binary("xor", sx, sy);
	const largest = constant("i64", (1n << BigInt(type.size * 8 - (type.signed ? 1 : 0))) - 1n);
	const limit = type.signed ? b.binary("sub", largest, negative) : b.binary("and", largest, b.binary("xor", negative, constant("i64", -1)));
	return b.binary("or", wraps(product, ax, ay), b.icmp("ugt", product, limit));
}

/** Types that differ: sums need 65 bits and a sign, kept as a pair. */
function mixed(f: Lowering, op: "add" | "sub" | "mul", x: Value, y: Value, a: IntType, c: IntType, type: IntType): [Value, Value] {
	const { b } = f;
	const zero = constant("i64", 0);
	const high = (v: Value, t: IntType): Value => (t.signed ? b.binary("ashr", v, constant("i64", 63)) : zero);
	const lo = b.binary(op, x, y);
	const kept = extendFrom(b, lo, type.size * 8, type.signed);
	if (op === "mul") return [kept, productOverflows(f, x, y, lo, a, c, type)];
	const carry = b.extend(op === "add" ? b.icmp("ult", lo, x) : b.icmp("ult", x, y), false);
	const top = b.binary(op, b.binary(op, high(x, a), high(y, c)), carry);
	return [kept, b.binary("or", b.icmp("ne", lo, kept), b.icmp("ne", top, high(kept, type)))];
}

const CARRY = /^(add|sub)c(?:b|s|l|ll)?$/;

/** `__builtin_addc(x, y, carry, &out)`: two sums of one unsigned type, of which at most one wraps. */
export function carried(f: Lowering, key: string, expr: BuiltinExpr): Value | null {
	const match = CARRY.exec(key);
	if (match === null) return null;
	const op = match[1] as "add" | "sub";
	const { b } = f;
	const { size } = integerType(expr.type)!;
	const [x, y, carry] = expr.args.slice(0, 3).map((arg) => b.extend(f.value(arg), false));
	const pointer = f.value(expr.args[3]);
	const half = b.binary(op, x, y);
	const whole = b.binary(op, half, carry);
	const wraps = (left: Value, right: Value, result: Value): Value =>
		op === "add" ? b.icmp("ult", result, left) : b.icmp("ult", left, right);
	// What is narrower is exact in 64 bits: its carry is the next bit.
	const out =
		size === 8
			? b.extend(b.binary("or", wraps(x, y, half), wraps(half, carry, whole)), false)
			: b.binary("and", b.binary("lshr", whole, constant("i64", size * 8)), constant("i64", 1));
	b.store(pointer, size === 8 ? out : b.truncate(out), access(size, size, false));
	return size === 8 ? whole : b.truncate(extendFrom(b, whole, size * 8, false));
}
