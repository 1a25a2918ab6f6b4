import type { Op, Pred, Value } from "../ir/types.ts";
import type { TExpr } from "../types/typed.ts";
import type { CType } from "../types/types.ts";
import type { Lowering } from "./state.ts";
import { constant } from "../ir/values.ts";
import { convert } from "./convert.ts";
import { isSigned, isWide, shapeOf } from "./state.ts";
import { compareWide } from "./int128.ts";

/** Operators that compute and compare: one operation of the IR each, except where 128 bits or a distance of pointers need more. */
export function unary(f: Lowering, expr: TExpr & { kind: "unary" }): Value {
	const { b } = f;
	if (expr.op === "!") {
		if (isWide(expr.operand.type)) {
			const { lo, hi } = f.wide(expr.operand);
			return b.icmp("eq", b.binary("or", lo, hi), constant("i64", 0));
		}
		const value = f.value(expr.operand);
		return b.icmp("eq", value, constant(value.ty!, 0));
	}
	const value = f.value(expr.operand);
	if (shapeOf(expr.type).kind === "float") return f.refuse("E0601", "eBPF has no floating-point arithmetic", expr.span);
	return expr.op === "-" ? b.pure("neg", value.ty!, [value]) : b.binary("xor", value, constant(value.ty!, -1));
}

const OPS: Record<string, readonly [unsigned: Op, signed: Op]> = {
	"*": ["mul", "mul"],
	"/": ["udiv", "sdiv"],
	"%": ["umod", "smod"],
	"+": ["add", "add"],
	"-": ["sub", "sub"],
	"<<": ["shl", "shl"],
	">>": ["lshr", "ashr"],
	"&": ["and", "and"],
	"^": ["xor", "xor"],
	"|": ["or", "or"],
};

export function arithmetic(f: Lowering, op: string, left: Value, right: Value, type: CType): Value {
	const { b } = f;
	if (shapeOf(type).kind === "float") return f.refuse("E0601", "eBPF has no floating-point arithmetic", b.loc!);
	const a = left.ty === "ptr" ? b.extend(left, false) : left;
	let c = right;
	if (c.ty !== a.ty) c = a.ty === "i64" ? b.extend(c, false) : b.truncate(c);
	const signed = isSigned(type);
	return b.binary(
		OPS[op][signed ? 1 : 0],
		a,
		c,
		signed && "+-*".includes(op) && f.unit.context.strictOverflow ? { signed: true } : undefined,
	);
}

const PREDS: Record<string, readonly [unsigned: Pred, signed: Pred]> = {
	"<": ["ult", "slt"],
	">": ["ugt", "sgt"],
	"<=": ["ule", "sle"],
	">=": ["uge", "sge"],
	"==": ["eq", "eq"],
	"!=": ["ne", "ne"],
};

export function comparison(f: Lowering, expr: TExpr & { kind: "compare" }): Value {
	const { left, right, op } = expr;
	if (shapeOf(left.type).kind === "float") return f.refuse("E0601", "eBPF has no floating-point arithmetic", expr.span);
	const pred = PREDS[op][isSigned(left.type) ? 1 : 0];
	if (isWide(left.type)) return compareWide(f, pred, f.wide(left), f.wide(right));
	const a = f.value(left);
	let b = f.value(right);
	if (b.ty !== a.ty) b = convert(f.b, b, right.type, left.type);
	f.b.loc = expr.span;
	return f.b.icmp(pred, a, b);
}

/** (left − right) / scale; the division is exact, so an odd factor is a multiplication by its inverse. */
export function difference(f: Lowering, left: Value, right: Value, scale: number): Value {
	const { b } = f;
	const bytes = b.binary("sub", b.extend(left, false), b.extend(right, false));
	if (scale <= 1) return bytes;
	const zeros = Math.log2(scale & -scale);
	const shifted = b.binary("ashr", bytes, constant("i64", zeros));
	const odd = BigInt(scale >> zeros);
	if (odd === 1n) return shifted;
	let inverse = odd;
	for (let i = 0; i < 6; i++) inverse = BigInt.asUintN(64, inverse * (2n - odd * inverse));
	return b.binary("mul", shifted, constant("i64", inverse));
}
