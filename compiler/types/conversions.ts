import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import {
	asArray,
	asFunction,
	asPointer,
	asRecord,
	canonical,
	DOUBLE,
	ERROR,
	CHAR,
	INT,
	integerType,
	isArithmetic,
	isError,
	isFloat,
	isInteger,
	isScalar,
	isVoid,
	pointerTo,
	qualifiersOf,
	qualify,
	UINT,
	unsignedOf,
} from "./basic.ts";
import * as build from "./build.ts";
import { isNull } from "./build.ts";
import { compatible, compatibleUnqualified } from "./compat.ts";
import { report, type Cx, type Note } from "./context.ts";
import { checkEnumConversion } from "./enum-mixing.ts";
import { bitField, errorValue } from "./operand.ts";
import { excuseMisaligned } from "./packed.ts";
import { quote } from "./spell.ts";
import { checkAddressTruth } from "./tautologies.ts";
import type { TExpr } from "./typed.ts";
import type { CType, FloatType, IntType } from "./types.ts";

/**
 * In: values. Out: the same values converted as C demands, each conversion a node; or a diagnostic in clang's words.
 * Sources: C11 6.3.1.1 (promotions), 6.3.1.8 (usual arithmetic conversions), 6.5.16.1 (simple assignment).
 */

// ── arithmetic conversions ──────────────────────────────────────────────────────────────────────

/** The type that integer promotion gives a value: bit-fields by their width, as clang does it. */
export function promotedType(e: TExpr): CType {
	const type = integerType(e.type);
	if (!type) return e.type;
	const width = bitWidthOf(e);
	if (width !== null) {
		if (width < 32 || (width === 32 && type.signed)) return INT;
		if (width === 32) return UINT;
		return e.type;
	}
	if (type.rank < INT.rank) return INT;
	return canonical(e.type).kind === "enum" ? type : e.type;
}

/** Of the bit-field whose value it is, behind commas too and as the result of an assignment or of ++x: clang and gcc promote those alike. */
function bitWidthOf(e: TExpr): number | null {
	switch (e.kind) {
		case "load":
			return bitField(e.from)?.member.bitWidth ?? null;
		case "comma":
			return bitWidthOf(e.right);
		case "assign":
			return bitField(e.target)?.member.bitWidth ?? null;
		case "update":
			return e.post ? null : (bitField(e.target)?.member.bitWidth ?? null);
		default:
			return null;
	}
}

export function promote(e: TExpr): TExpr {
	return build.convert(e, promotedType(e), false);
}

/** The common type of two promoted integer types (C11 6.3.1.8p1). */
export function commonInteger(a: IntType, b: IntType): IntType {
	if (a === b) return a;
	if (a.signed === b.signed) return a.rank >= b.rank ? a : b;
	const [unsigned, signed] = a.signed ? [b, a] : [a, b];
	if (unsigned.rank >= signed.rank) return unsigned;
	if (signed.size > unsigned.size) return signed;
	return unsignedOf(signed);
}

/** Both operands in their common type. Floats pass only as constants: they fold or are refused by the caller's caller. */
export function usualConversions(cx: Cx, left: TExpr, right: TExpr, span: TokenSpan): { left: TExpr; right: TExpr; type: CType } {
	if (isFloat(left.type) || isFloat(right.type)) {
		const known = (e: TExpr): boolean => e.kind === "int" || e.kind === "float";
		if (!cx.unevaluated && (!known(left) || !known(right))) {
			refuseFloat(cx, span);
			return { left, right, type: ERROR };
		}
		const type = wider(left.type, right.type);
		return { left: build.convert(left, type, false), right: build.convert(right, type, false), type };
	}
	const a = promotedType(left);
	const b = promotedType(right);
	const ta = integerType(a);
	const tb = integerType(b);
	if (!ta || !tb) return { left, right, type: ERROR };
	const common = commonInteger(ta, tb);
	const type = common === ta ? a : common === tb ? b : common;
	return { left: build.convert(left, type, false), right: build.convert(right, type, false), type };
}

function wider(a: CType, b: CType): FloatType {
	const x = canonical(a);
	const y = canonical(b);
	if (x.kind !== "float") return y.kind === "float" ? y : DOUBLE;
	return y.kind === "float" && y.size > x.size ? y : x;
}

/** In a function it is said when the function is needed: a header's `static inline` may compute what no program asks for. */
export function refuseFloat(cx: Cx, span: TokenSpan): void {
	if (cx.unevaluated) return;
	if (cx.fn !== null) cx.fn.floats.push(span);
	else reportFloat(cx, span);
}

export function reportFloat(cx: Cx, span: TokenSpan): void {
	report(cx, "noFloat", span, "floating-point arithmetic is not supported by eBPF");
}

/** Arguments beyond the prototype (C11 6.5.2.2p6). */
export function defaultPromote(cx: Cx, e: TExpr): TExpr {
	if (isFloat(e.type)) {
		refuseFloat(cx, e.span);
		return errorValue(e.span);
	}
	return isInteger(e.type) ? promote(e) : e;
}

/** A controlling expression: any scalar. */
export function condition(cx: Cx, e: TExpr): TExpr {
	if (isFloat(e.type) && e.kind !== "float") refuseFloat(cx, e.span);
	checkAddressTruth(cx, e);
	excuseMisaligned(cx, e, INT);
	if (isScalar(e.type)) return e;
	report(cx, "notScalar", e.span, `statement requires expression of scalar type (${quote(e.type)} invalid)`);
	return errorValue(e.span);
}

// ── assignment conversion ───────────────────────────────────────────────────────────────────────

/** Where a value goes, for the wording. */
export type Goal =
	| { readonly kind: "assigning" }
	| { readonly kind: "initializing" }
	| { readonly kind: "passing"; readonly note?: Note }
	| { readonly kind: "returning" };

function phrase(goal: Goal, from: CType, to: CType): string {
	switch (goal.kind) {
		case "assigning":
			return `assigning to ${quote(to)} from ${quote(from)}`;
		case "initializing":
			return `initializing ${quote(to)} with an expression of type ${quote(from)}`;
		case "passing":
			return `passing ${quote(from)} to parameter of type ${quote(to)}`;
		case "returning":
			return `returning ${quote(from)} from a function with result type ${quote(to)}`;
	}
}

function mismatch(goal: Goal, from: CType, to: CType): string {
	switch (goal.kind) {
		case "assigning":
			return `assigning to ${quote(to)} from incompatible type ${quote(from)}`;
		case "initializing":
			return `initializing ${quote(to)} with an expression of incompatible type ${quote(from)}`;
		case "passing":
			return `passing ${quote(from)} to parameter of incompatible type ${quote(to)}`;
		case "returning":
			return `returning ${quote(from)} from a function with incompatible result type ${quote(to)}`;
	}
}

export function assignConvert(cx: Cx, value: TExpr, to: CType, goal: Goal, span: TokenSpan = value.span): TExpr {
	const from = value.type;
	if (isError(from) || isError(to)) return { ...errorValue(span), type: to } as TExpr;
	const target = canonical(to);
	const source = canonical(from);
	if (!compatible(from, to)) excuseMisaligned(cx, value, to);
	const notes = goal.kind === "passing" && goal.note ? [goal.note] : [];
	const bad = (): TExpr => {
		report(cx, "incompatible", span, mismatch(goal, from, to), notes);
		return { ...errorValue(span), type: to } as TExpr;
	};
	switch (target.kind) {
		case "int":
		case "enum": {
			if (source.kind === "int" || source.kind === "enum") {
				checkConstantFits(cx, value, to, value.span);
				if (target.kind === "enum") checkEnumConversion(cx, value, to);
				return build.convert(value, to, false);
			}
			if (source.kind === "float") {
				const converted = build.convert(value, to, false);
				if (converted.kind !== "int") refuseFloat(cx, span);
				return converted;
			}
			if (source.kind !== "pointer") return bad();
			if (integerType(to)?.rank !== 0)
				report(cx, "intConversion", span, `incompatible pointer to integer conversion ${phrase(goal, from, to)}`, notes);
			return build.convert(value, to, false);
		}
		case "float":
			if (!isArithmetic(from)) return bad();
			if (source.kind !== "float" || source.size !== target.size) if (value.kind !== "int" && value.kind !== "float") refuseFloat(cx, span);
			return build.convert(value, to, false);
		case "pointer":
			if (source.kind === "pointer") {
				checkPointers(cx, value, to, goal, span, notes);
				return build.convert(value, to, false);
			}
			if (source.kind !== "int" && source.kind !== "enum") return bad();
			if (!(value.kind === "int" && value.value === 0n))
				report(cx, "intConversion", span, `incompatible integer to pointer conversion ${phrase(goal, from, to)}`, notes);
			return build.convert(value, to, false);
		case "record":
			if (source === target) return value;
			return bad();
		case "void":
		case "array":
		case "function":
			return bad();
	}
}

function checkConstantFits(cx: Cx, value: TExpr, to: CType, span: TokenSpan): void {
	const target = integerType(to);
	const source = integerType(value.type);
	if (value.kind !== "int" || !target || !source || target.rank === 0 || target.size >= source.size) return;
	// Values that fit either signedness are what people mean: `char c = 0xff`.
	const bits = BigInt(target.size * 8);
	if (value.value >= -(1n << (bits - 1n)) && value.value < 1n << bits) return;
	const result = build.convert(value, to, false);
	if (result.kind === "int")
		report(
			cx,
			"constantConversion",
			span,
			`implicit conversion from ${quote(value.type)} to ${quote(to)} changes value from ${value.value} to ${result.value}`,
		);
}

function checkPointers(cx: Cx, value: TExpr, to: CType, goal: Goal, span: TokenSpan, notes: readonly Note[]): void {
	if (isNull(value) && isVoid(asPointer(value.type)!.target)) return;
	const source = asPointer(value.type)!.target;
	const target = asPointer(to)!.target;
	const have = qualifiersOf(source);
	const want = qualifiersOf(target);
	if (have.addressSpace !== want.addressSpace && !isNull(value)) {
		report(cx, "incompatible", span, `${phrase(goal, value.type, to)} changes address space of pointer`, notes);
		return;
	}
	const lost = (have.const && !want.const) || (have.volatile && !want.volatile) || (have.restrict && !want.restrict);
	if (isVoid(source) || isVoid(target)) {
		// void * to a function pointer and back is accepted by GNU C.
		if (lost) report(cx, "discardsQualifiers", span, `${phrase(goal, value.type, to)} discards qualifiers`, notes);
		return;
	}
	if (compatibleUnqualified(source, target)) {
		if (lost) report(cx, "discardsQualifiers", span, `${phrase(goal, value.type, to)} discards qualifiers`, notes);
		return;
	}
	const a = integerType(source);
	const b = integerType(target);
	if (a && b && a.size === b.size && (unsignedOf(a) === unsignedOf(b) || (a.rank === b.rank && a.rank > 0))) {
		// Which can be switched off by itself.
		if (lost) {
			report(cx, "discardsQualifiers", span, `${phrase(goal, value.type, to)} discards qualifiers`, notes);
			return;
		}
		report(
			cx,
			"pointerSign",
			span,
			`${phrase(goal, value.type, to)} converts between pointers to integer types ${a === CHAR || b === CHAR ? "where one is of the unique plain 'char' type and the other is not" : "with different sign"}`,
			notes,
		);
		return;
	}
	if (asFunction(source) && asFunction(target)) {
		report(cx, "functionPointer", span, `incompatible function pointer types ${phrase(goal, value.type, to)}`, notes);
		return;
	}
	report(cx, "incompatiblePointer", span, `incompatible pointer types ${phrase(goal, value.type, to)}`, notes);
}

// ── pointers meeting pointers ───────────────────────────────────────────────────────────────────

/** The type of `c ? p : q` (C11 6.5.15p6), null when the two have none. */
export function compositePointer(a: TExpr, b: TExpr): { readonly type: CType; readonly clash: boolean } {
	if (isNull(a) && isVoid(asPointer(a.type)!.target)) return { type: b.type, clash: false };
	if (isNull(b) && isVoid(asPointer(b.type)!.target)) return { type: a.type, clash: false };
	const x = asPointer(a.type)!.target;
	const y = asPointer(b.type)!.target;
	const qx = qualifiersOf(x);
	const qy = qualifiersOf(y);
	const quals = { const: qx.const || qy.const, volatile: qx.volatile || qy.volatile, addressSpace: qx.addressSpace || qy.addressSpace };
	if (compatible(x, y)) return { type: a.type, clash: false };
	if (isVoid(x) || isVoid(y)) return { type: pointerTo(qualify({ kind: "void" }, quals)), clash: false };
	if (compatibleUnqualified(x, y)) return { type: pointerTo(qualify(asArray(x) || asRecord(x) ? x : y, quals)), clash: false };
	return { type: pointerTo(qualify({ kind: "void" }, quals)), clash: true };
}
