import type { Designator as AstDesignator, Expr, TypeName } from "../grammar/ast.ts";
import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import {
	asArray,
	asFunction,
	asPointer,
	asRecord,
	ERROR,
	integerType,
	isComplete,
	isError,
	isFloat,
	isInteger,
	isPointer,
	isScalar,
	isVoid,
	LONG,
	SIZE,
	unqualified,
	VOID,
	INT,
} from "./basic.ts";
import { findSteps } from "./access.ts";
import * as build from "./build.ts";
import { compatible, compatibleUnqualified } from "./compat.ts";
import { constantValue } from "./constant.ts";
import { report, unevaluated, type Cx } from "./context.ts";
import { promote, refuseFloat } from "./conversions.ts";
import { alignOf, sizeOf } from "./layout.ts";
import { bitField, decayed, errorValue, rvalue, type Operand } from "./operand.ts";
import { value } from "./operators.ts";
import { excuseMisaligned } from "./packed.ts";
import { forward } from "./records.ts";
import { quote } from "./spell.ts";
import type { TExpr } from "./typed.ts";
import type { CType } from "./types.ts";

/**
 * Casts, and the expressions about types: sizeof, _Alignof, __builtin_offsetof, __builtin_types_compatible_p, __builtin_choose_expr, _Generic.
 * Source: C11 6.5.4, 6.5.3.4, 6.5.1.1; GNU C for the builtins.
 */
type Node<K extends Expr["kind"]> = Expr & { readonly kind: K };

export function castExpr(cx: Cx, e: Node<"cast">): Operand {
	const type = cx.rules.typeName(cx, e.type);
	const operand = value(cx, e.operand);
	return castTo(cx, operand, type, e.span);
}

function castTo(cx: Cx, operand: TExpr, type: CType, span: TokenSpan): TExpr {
	if (isError(type) || isError(operand.type)) return { ...errorValue(span), type: isError(type) ? ERROR : type } as TExpr;
	excuseMisaligned(cx, operand, type);
	if (isVoid(type)) return { kind: "convert", operand, explicit: true, type: VOID, span };
	const plain = unqualified(type);
	const record = asRecord(type);
	if (record) {
		if (record === asRecord(operand.type)) return operand;
		const member = record.union ? record.body?.members.find((m) => compatibleUnqualified(m.type, operand.type)) : undefined;
		if (member) return unionCast(cx, operand, type, span);
	}
	if (!isScalar(type) || !isScalar(operand.type)) {
		if (!isScalar(type)) report(cx, "badCast", span, `used type ${quote(type)} where arithmetic or pointer type is required`);
		else report(cx, "badCast", span, `operand of type ${quote(operand.type)} where arithmetic or pointer type is required`);
		return { ...errorValue(span), type: isScalar(type) ? type : ERROR } as TExpr;
	}
	if (isFloat(type) || isFloat(operand.type)) {
		if (isPointer(type) || isPointer(operand.type)) {
			report(
				cx,
				"badCast",
				span,
				`${isPointer(type) ? `operand of type ${quote(operand.type)} cannot be cast to a pointer type` : `pointer cannot be cast to type ${quote(type)}`}`,
			);
			return errorValue(span);
		}
		const converted = build.convert(operand, plain, true, span);
		if (converted.kind === "convert") refuseFloat(cx, span);
		return converted;
	}
	if (
		isPointer(type) &&
		isInteger(operand.type) &&
		sizeOf(operand.type) < 8 &&
		operand.kind !== "int" &&
		integerType(operand.type)?.rank !== 0
	) {
		const toVoid = isVoid(asPointer(type)!.target);
		report(
			cx,
			toVoid ? "intToVoidPointerCast" : "intToPointerCast",
			span,
			`cast to ${toVoid ? "'void *'" : quote(type)} from smaller integer type ${quote(operand.type)}`,
		);
	}
	if (isPointer(operand.type) && isInteger(type) && sizeOf(type) < 8 && integerType(type)?.rank !== 0) {
		const converted = build.convert(operand, plain, true, span);
		if (converted.kind === "convert")
			report(cx, "pointerToIntCast", span, `cast to smaller integer type ${quote(type)} from ${quote(operand.type)}`);
		return converted;
	}
	return build.convert(operand, plain, true, span);
}

/** GNU C: `(union u) x` stores x into the first member of its type. */
function unionCast(cx: Cx, operand: TExpr, type: CType, span: TokenSpan): TExpr {
	const symbol = {
		kind: "object" as const,
		name: `.cast.${cx.counter++}`,
		span,
		linkage: "none" as const,
		weak: false,
		visibility: "default" as const,
		section: null,
		used: false,
		declTags: [],
		type,
		storage: "local" as const,
		align: alignOf(type),
		addressTaken: false,
	};
	cx.fn?.locals.push(symbol);
	const init = {
		zero: sizeOf(operand.type) < sizeOf(type),
		stores: [{ kind: "value" as const, offset: 0, type: operand.type, value: operand }],
	};
	return { kind: "load", from: { kind: "compound-literal", symbol, init, type, span }, volatile: false, type, span };
}

// ── sizes ───────────────────────────────────────────────────────────────────────────────────────

export function sizeofExpr(cx: Cx, e: Node<"sizeof-expr" | "alignof-expr">): TExpr {
	const operand = unevaluated(cx, () => cx.rules.expr(cx, e.operand));
	if (isError(operand.type)) return errorValue(e.span);
	const word = e.kind === "sizeof-expr" ? "sizeof" : "alignof";
	if (bitField(operand)) {
		report(cx, "bitFieldAddress", e.span, `invalid application of '${word}' to bit-field`);
		return errorValue(e.span);
	}
	if (e.kind === "sizeof-expr") return sizeofType(cx, operand.type, e.span);
	const align = operand.kind === "variable" ? Math.max(operand.symbol.align, alignOf(operand.type)) : alignOf(operand.type);
	return build.intConst(BigInt(align), SIZE, e.span);
}

export function sizeofName(cx: Cx, name: TypeName, span: TokenSpan): TExpr {
	const { type, size } = cx.rules.measuredName(cx, name);
	return size && !isError(type) ? size : sizeofType(cx, type, span);
}

function sizeofType(cx: Cx, type: CType, span: TokenSpan): TExpr {
	if (!measurable(cx, type, "sizeof", span)) return errorValue(span);
	return build.intConst(BigInt(sizeOf(type)), SIZE, span);
}

export function alignofType(cx: Cx, type: CType, span: TokenSpan): TExpr {
	const array = asArray(type);
	if (!measurable(cx, array ? array.element : type, "alignof", span)) return errorValue(span);
	return build.intConst(BigInt(alignOf(type)), SIZE, span);
}

/** GNU C gives void and functions the size 1. */
function measurable(cx: Cx, type: CType, word: string, span: TokenSpan): boolean {
	if (isError(type)) return false;
	if (isVoid(type) || asFunction(type) || isComplete(type)) return true;
	report(cx, "incompleteType", span, `invalid application of '${word}' to an incomplete type ${quote(type)}`, forward(type));
	return false;
}

/** The offset is a number, plus index × size for every subscript that is not constant. */
export function offsetofExpr(cx: Cx, e: Node<"offsetof">): TExpr {
	let type = cx.rules.typeName(cx, e.type);
	let bits = 0;
	let variable: TExpr | null = null;
	for (const d of e.path) {
		if (isError(type)) return errorValue(e.span);
		if (d.kind === "field") {
			const record = asRecord(type);
			if (!record) {
				report(cx, "notRecord", d.span, `offsetof requires struct or union type, ${quote(type)} invalid`);
				return errorValue(e.span);
			}
			const path = findSteps(cx, record, d.name, d.span);
			if (!path) return errorValue(e.span);
			for (const step of path) bits += step.member.bitOffset;
			const last = path[path.length - 1]!.member;
			if (last.bitWidth !== null) {
				report(cx, "bitFieldAddress", d.span, `cannot compute offset of bit-field '${d.name}'`);
				return errorValue(e.span);
			}
			type = last.type;
			continue;
		}
		const array = asArray(type);
		if (!array) {
			report(cx, "badOperands", d.span, `offsetof requires array type, ${quote(type)} invalid`);
			return errorValue(e.span);
		}
		type = array.element;
		const index = subscript(cx, d);
		const known = constantValue(cx, index);
		if (known !== null) bits += Number(known) * sizeOf(type) * 8;
		else {
			const term = build.binary(
				"*",
				build.convert(promote(index), SIZE, false),
				build.intConst(BigInt(sizeOf(type)), SIZE, d.span),
				SIZE,
				d.span,
			);
			variable = variable ? build.binary("+", variable, term, SIZE, e.span) : term;
		}
	}
	const fixed = build.intConst(BigInt(bits / 8), SIZE, e.span);
	return variable ? build.binary("+", variable, fixed, SIZE, e.span) : fixed;
}

function subscript(cx: Cx, d: AstDesignator & { kind: "index" }): TExpr {
	const index = value(cx, d.from);
	if (isInteger(index.type)) return index;
	report(cx, "badOperands", d.span, "array subscript is not an integer");
	return build.intConst(0n, LONG, d.span);
}

// ── choosing by type ────────────────────────────────────────────────────────────────────────────

export function typesCompatible(cx: Cx, left: TypeName, right: TypeName, span: TokenSpan): TExpr {
	const a = cx.rules.typeName(cx, left);
	const b = cx.rules.typeName(cx, right);
	return build.intConst(compatibleUnqualified(a, b) ? 1n : 0n, INT, span);
}

export function chooseExpr(cx: Cx, e: Node<"choose">): Operand {
	const condition = unevaluated(cx, () => value(cx, e.condition));
	const known = constantValue(cx, condition);
	if (known === null) {
		if (!isError(condition.type)) report(cx, "notConstant", e.condition.span, "'__builtin_choose_expr' requires a constant expression");
		return errorValue(e.span);
	}
	return cx.rules.expr(cx, known !== 0n ? e.then : e.else);
}

export function genericExpr(cx: Cx, e: Node<"generic">): Operand {
	const type = controlType(cx, e);
	let fallback: Expr | null = null;
	checkAssociations(cx, e);
	for (const c of e.cases) {
		if (!c.type) fallback = c.value;
		else if (compatible(cx.rules.typeName(cx, c.type), type)) return cx.rules.expr(cx, c.value);
	}
	if (fallback) return cx.rules.expr(cx, fallback);
	if (!isError(type))
		report(
			cx,
			"genericMatch",
			e.control.span,
			`controlling expression type ${quote(type)} not compatible with any generic association type`,
		);
	return errorValue(e.span);
}

/** C11 6.5.1.1p2: no two associations fit one type. */
function checkAssociations(cx: Cx, { cases }: Node<"generic">): void {
	const before: CType[] = [];
	for (const { type: name } of cases) {
		if (!name) continue;
		const type = cx.rules.typeName(cx, name);
		const same = before.find((other) => compatible(other, type));
		before.push(type);
		if (same && !isError(type))
			report(
				cx,
				"genericMatch",
				name.span,
				`type ${quote(type)} in generic association compatible with previously specified type ${quote(same)}`,
			);
	}
}

/** What is looked for: of a value, which has no qualifiers, its type; a type as it is written (C2y 6.5.2.1). */
function controlType(cx: Cx, { control }: Node<"generic">): CType {
	if (control.kind === "type-name") return cx.rules.typeName(cx, control);
	return unqualified(decayed(unevaluated(cx, () => rvalue(cx.rules.expr(cx, control))).type));
}
