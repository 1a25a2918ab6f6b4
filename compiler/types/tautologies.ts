/**
 * Comparisons and conditions whose outcome no value changes: a constant that the other side cannot reach, a thing compared with itself, the address of
 * something that exists. In: checked operands, before their conversions; out: clang's warnings. Nothing is said where code is dead or a macro wrote it.
 */
import { oneToken, type TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Expr } from "../grammar/ast.ts";
import { asArray, asFunction, asPointer, integerType, qualifiersOf } from "./basic.ts";
import { foldCompare, isNull, type CompareOp } from "./build.ts";
import { type Cx, report } from "./context.ts";
import { written } from "./operand.ts";
import { quote } from "./spell.ts";
import type { LExpr, TExpr } from "./typed.ts";
import type { CType } from "./types.ts";

const fromMacro = (cx: Cx, { from, to }: TokenSpan): boolean => cx.unit.tokens.fromMacro(from) || cx.unit.tokens.fromMacro(to - 1);

/** Integers: `given` as written, `compared` as the common type has them. */
export function checkTautology(
	cx: Cx,
	op: CompareOp,
	given: readonly [TExpr, TExpr],
	compared: readonly [TExpr, TExpr],
	at: TokenSpan,
): void {
	if (cx.unevaluated) return;
	const [left, right] = [written(given[0]), written(given[1])];
	if (left.kind === "int" || right.kind === "int") {
		if (left.kind !== right.kind) constantOutside(cx, op, left, right, compared, at);
	} else if (!fromMacro(cx, left.span) && !fromMacro(cx, right.span) && sameValue(left, right)) {
		const holds = op === "==" || op === "<=" || op === ">=";
		report(cx, "selfComparison", at, `self-comparison always evaluates to ${holds}`);
	}
}

// ── constants ───────────────────────────────────────────────────────────────────────────────────

/** `byte == 256`: by the type that the other side was written with. */
function constantOutside(cx: Cx, op: CompareOp, left: TExpr, right: TExpr, compared: readonly [TExpr, TExpr], at: TokenSpan): void {
	const first = left.kind === "int";
	const other = first ? right : left;
	const constant = compared[first ? 0 : 1];
	const type = integerType(other.type);
	const common = integerType(constant.type);
	if (constant.kind !== "int" || type === null || common === null) return;
	const bits = BigInt(type.rank === 0 ? 1 : type.size * 8);
	const least = type.signed ? -(1n << (bits - 1n)) : 0n;
	const most = (1n << (type.signed ? bits - 1n : bits)) - 1n;
	const { value } = constant;
	// Negative numbers that are compared as unsigned ones lie behind a gap, where only equality is certain.
	const wrapped = least < 0n && !common.signed;
	if (value >= (wrapped ? 0n : least) && value <= most) return;
	if (wrapped && (value >= (1n << BigInt(common.size * 8)) + least || (op !== "==" && op !== "!="))) return;
	const holds = first ? foldCompare(op, value, most) : foldCompare(op, most, value);
	report(
		cx,
		"constantOutOfRange",
		at,
		`result of comparison of constant ${value} with expression of type ${quote(other.type)} is always ${holds}`,
	);
}

// ── the same on both sides ──────────────────────────────────────────────────────────────────────

function sameValue(a: TExpr, b: TExpr): boolean {
	if (a.kind === "int" && b.kind === "int") return a.value === b.value;
	return a.kind === "load" && b.kind === "load" && samePlace(a.from, b.from);
}

/** Two names of one place, that hold one value when read one after the other. */
function samePlace(a: LExpr, b: LExpr): boolean {
	if (qualifiersOf(a.type).volatile || qualifiersOf(b.type).volatile) return false;
	switch (a.kind) {
		case "variable":
			return b.kind === "variable" && a.symbol === b.symbol;
		case "member":
			return b.kind === "member" && a.member === b.member && samePlace(a.base, b.base);
		case "deref":
			return b.kind === "deref" && sameValue(a.pointer, b.pointer);
		case "element":
			return b.kind === "element" && samePlace(a.base, b.base) && sameValue(written(a.index), written(b.index));
		default:
			return false;
	}
}

// ── addresses ───────────────────────────────────────────────────────────────────────────────────

interface Named {
	readonly what: "array" | "address" | "function";
	readonly name: string;
	readonly at: TokenSpan;
}

/** What an address belongs to, when that is a variable, a member or a function that surely exists. */
function existing(cx: Cx, e: TExpr): Named | null {
	if (e.kind === "function-address") {
		if (e.symbol.weak || fromMacro(cx, e.span)) return null;
		const { from } = e.span;
		return {
			what: asFunction(e.type) === null && cx.unit.tokens.text(from) === "&" ? "address" : "function",
			name: e.symbol.name,
			at: oneToken(from),
		};
	}
	if (e.kind !== "address" || (e.of.kind !== "variable" && e.of.kind !== "member") || fromMacro(cx, e.span)) return null;
	let base: LExpr = e.of;
	while (base.kind === "member") base = base.base;
	if (e.of.kind === "variable" && e.of.symbol.weak) return null;
	const decayed = asArray(e.of.type) !== null && asArray(asPointer(e.type)!.target) === null;
	const { from, to } = e.of.span;
	const texts = Array.from({ length: to - from }, (_, i) => cx.unit.tokens.text(from + i));
	return { what: decayed ? "array" : "address", name: texts.join(""), at: oneToken(to - 1) };
}

/** `if (p->name)`, of an array: it asks whether there is an address. */
export function checkAddressTruth(cx: Cx, e: TExpr): void {
	if (cx.unevaluated || (e.kind !== "address" && e.kind !== "function-address")) return;
	const found = existing(cx, e);
	if (found === null || (found.what === "address" && e.kind === "function-address")) return;
	const subject = found.what === "address" ? "" : `${found.what} `;
	report(
		cx,
		"addressTruth",
		found.at,
		`address of ${subject}'${found.name}' will always evaluate to 'true'`,
		found.what === "function" ? [{ message: "prefix with the address-of operator to silence this warning", span: found.at }] : [],
	);
}

/** `p->name == NULL`. */
export function checkAddressAgainstNull(cx: Cx, op: CompareOp, left: TExpr, right: TExpr): void {
	if (cx.unevaluated || (op !== "==" && op !== "!=")) return;
	const found = isNull(right) ? existing(cx, left) : isNull(left) ? existing(cx, right) : null;
	if (found === null) return;
	const subject = found.what === "address" ? "address of" : found.what;
	report(
		cx,
		"addressAgainstNull",
		found.at,
		`comparison of ${subject} '${found.name}' ${op === "==" ? "equal" : "not equal"} to a null pointer is always ${op === "!="}`,
	);
}

/** `p->bits = 9` of three bits: `to` is the member's type, `value` the constant before it is converted, `ast` what was written. */
export function checkBitFieldConstant(cx: Cx, width: number, to: CType, value: TExpr, ast: Expr, at: TokenSpan): void {
	const type = integerType(to);
	if (cx.unevaluated || value.kind !== "int" || type === null || type.rank === 0) return;
	const { value: given } = value;
	const bits = (integerType(value.type)?.size ?? 8) * 8;
	if (bits <= width) return;
	// -1 and ~0U are how all bits are set.
	const whole = BigInt.asIntN(bits, given);
	if (ast.kind === "unary" && (ast.op === "~" || ast.op === "-") && BigInt.asIntN(width, whole) === whole) return;
	const kept = type.signed ? BigInt.asIntN(width, given) : BigInt.asUintN(width, given);
	if (kept === given) return;
	const said = `implicit truncation from ${quote(value.type)} to`;
	if (width !== 1 || given !== 1n) report(cx, "bitFieldConstant", at, `${said} bit-field changes value from ${given} to ${kept}`);
	// In a macro it is `true` of <stdbool.h>.
	else if (!fromMacro(cx, ast.span))
		report(cx, "singleBitConstant", at, `${said} a one-bit wide bit-field changes value from 1 to ${kept}`);
}
