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
	const small = type.size <= 4 && a.size <= 4 && c.size <= 4;
	const [value, wrong] = small ? inWider(f, op, x, y, type) : a.signed === type.signed && c.signed === type.signed && type.size === 8 ? inPlace(f, op, x, y, type) : mixed(f, op, x, y, a, c, type);
	if (match[4] === undefined) {
		const pointer = f.value(result);
		b.store(pointer, type.size === 8 ? value : b.truncate(value), access(type.size, type.size, false));
	}
	return wrong;
}

/** Operands of 32 bits: the 64-bit result is exact (a product of two unsigned ones just fits). */
function inWider(f: Lowering, op: "add" | "sub" | "mul", x: Value, y: Value, type: IntType): [Value, Value] {
	const { b } = f;
	const exact = b.binary(op, x, y);
	const kept = extendFrom(b, exact, type.size * 8, type.signed);
	return [kept, b.icmp("ne", exact, kept)];
}

/** Everything of one 64-bit type. */
function inPlace(f: Lowering, op: "add" | "sub" | "mul", x: Value, y: Value, type: IntType): [Value, Value] {
	const { b } = f;
	const zero = constant("i64", 0);
	const value = b.binary(op, x, y);
	if (op === "mul") return [value, productOverflows(f, x, y, value, type)];
	if (!type.signed) return [value, op === "add" ? b.icmp("ult", value, x) : b.icmp("ult", x, y)];
	// Signs agree before and disagree after.
	const before = op === "add" ? b.binary("xor", value, y) : b.binary("xor", x, y);
	return [value, b.icmp("slt", b.binary("and", b.binary("xor", value, x), before), zero)];
}

function productOverflows(f: Lowering, x: Value, y: Value, value: Value, type: IntType): Value {
	const { b } = f;
	const zero = constant("i64", 0);
	if (!type.signed) {
		// y ≠ 0 and value / y ≠ x (a division by zero gives 0 on this machine).
		return b.binary("and", b.icmp("ne", y, zero), b.icmp("ne", b.binary("udiv", value, y), x));
	}
	const magnitude = (v: Value): Value => {
		const sign = b.binary("ashr", v, constant("i64", 63));
		return b.binary("sub", b.binary("xor", v, sign), sign);
	};
	const [ax, ay] = [magnitude(x), magnitude(y)];
	const product = b.binary("mul", ax, ay);
	const wraps = b.binary("and", b.icmp("ne", ay, zero), b.icmp("ne", b.binary("udiv", product, ay), ax));
	// Beyond 2⁶³ − 1, or beyond 2⁶³ for a negative result.
	const negative = b.binary("lshr", b.binary("xor", x, y), constant("i64", 63));
	const limit = b.binary("add", constant("i64", 0x7fffffffffffffffn), negative);
	return b.binary("or", wraps, b.icmp("ugt", product, limit));
}

/** Types that differ: sums need 65 bits and a sign, kept as a pair; products the same way from magnitudes that fit. */
function mixed(f: Lowering, op: "add" | "sub" | "mul", x: Value, y: Value, a: IntType, c: IntType, type: IntType): [Value, Value] {
	const { b } = f;
	const zero = constant("i64", 0);
	const high = (v: Value, t: IntType): Value => (t.signed ? b.binary("ashr", v, constant("i64", 63)) : zero);
	const lo = b.binary(op, x, y);
	const kept = extendFrom(b, lo, type.size * 8, type.signed);
	if (op === "mul") {
		const signed: IntType = { kind: "int", name: "long long", size: 8, signed: a.signed || c.signed, rank: 5 };
		return [kept, b.binary("or", productOverflows(f, x, y, lo, signed), b.icmp("ne", lo, kept))];
	}
	const carry = b.extend(op === "add" ? b.icmp("ult", lo, x) : b.icmp("ult", x, y), false);
	const top = b.binary(op, b.binary(op, high(x, a), high(y, c)), carry);
	return [kept, b.binary("or", b.icmp("ne", lo, kept), b.icmp("ne", top, high(kept, type)))];
}
