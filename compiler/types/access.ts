import { oneToken, type TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Expr } from "../grammar/ast.ts";
import {
	asArray,
	asFunction,
	asPointer,
	asRecord,
	isError,
	isInteger,
	isPointer,
	isVoid,
	LONG,
	pointerTo,
	qualifiersOf,
	qualify,
	integerType,
} from "./basic.ts";
import * as build from "./build.ts";
import { report, type Cx } from "./context.ts";
import { promote } from "./conversions.ts";
import { bitField, errorValue, isLvalue, markAddress, rvalue, type Operand } from "./operand.ts";
import { offsetPointer } from "./operators.ts";
import { noteMisaligned } from "./packed.ts";
import { distance } from "./lookup.ts";
import { findMember, forward, memberNames, type MemberStep } from "./records.ts";
import { quote } from "./spell.ts";
import type { LExpr, TExpr } from "./typed.ts";
import type { RecordType } from "./types.ts";

/**
 * Members, subscripts, `*` and `&`: everything that makes one place out of another.
 * The CO-RE idea lives here: a step is `preserve`d when its record carries preserve_access_index or the whole stands within
 * __builtin_preserve_access_index (clang's CGExpr.cpp decides the same way).
 */
type Node<K extends Expr["kind"]> = Expr & { readonly kind: K };

// ── members ─────────────────────────────────────────────────────────────────────────────────────

export function memberExpr(cx: Cx, e: Node<"member">): Operand {
	const operand = cx.rules.expr(cx, e.base);
	if (isError(operand.type)) return errorValue(e.span);
	const at = oneToken(e.at);
	let base: LExpr;
	if (e.arrow) {
		const pointer = rvalue(operand);
		const target = asPointer(pointer.type)?.target;
		if (!target || !asRecord(target)) {
			if (asRecord(pointer.type)) {
				report(cx, "wrongArrow", e.span, `member reference type ${quote(pointer.type)} is not a pointer; did you mean to use '.'?`);
				return errorValue(e.span);
			}
			report(
				cx,
				"notRecord",
				e.span,
				target
					? `member reference base type ${quote(target)} is not a structure or union`
					: `member reference type ${quote(pointer.type)} is not a pointer`,
			);
			return errorValue(e.span);
		}
		base = build.deref(pointer, e.base.span);
	} else {
		const record = asRecord(operand.type);
		if (!record) {
			const pointed = asPointer(rvalue(operand).type)?.target;
			if (pointed && asRecord(pointed))
				report(cx, "wrongArrow", e.span, `member reference type ${quote(operand.type)} is a pointer; did you mean to use '->'?`);
			else report(cx, "notRecord", e.span, `member reference base type ${quote(operand.type)} is not a structure or union`);
			return errorValue(e.span);
		}
		base = place(operand);
	}
	return memberOf(cx, base, e.name, at, e.span) ?? errorValue(e.span);
}

/** A record as a place: itself, or a copy of the value that it is. */
function place(operand: Operand): LExpr {
	if (isLvalue(operand)) return operand;
	const value = rvalue(operand);
	return value.kind === "load" ? value.from : { kind: "materialize", value, type: value.type, span: value.span };
}

function memberOf(cx: Cx, base: LExpr, name: string, at: TokenSpan, span: TokenSpan): LExpr | null {
	const record = asRecord(base.type)!;
	const path = findSteps(cx, record, name, at);
	if (!path) return null;
	let l = base;
	// An anonymous member belongs to the record around it, and so does that record's preserve_access_index.
	let inside = false;
	for (const step of path) {
		l = stepInto(cx, l, step, span, inside);
		inside ||= step.record.preserveAccessIndex;
	}
	return l;
}

export function findSteps(cx: Cx, record: RecordType, name: string, at: TokenSpan): readonly MemberStep[] | null {
	if (!record.body) {
		report(cx, "incompleteType", at, `incomplete definition of type ${quote(record)}`, forward(record));
		return null;
	}
	const path = findMember(record, name);
	if (path) return path;
	const near = nearest(name, memberNames(record));
	report(
		cx,
		"noMember",
		at,
		`no member named '${name}' in ${quote(record)}${near ? `; did you mean '${near}'?` : ""}`,
		record.span ? [{ message: `${quote(record)} declared here`, span: record.span }] : [],
		near ? { span: at, text: near, message: `did you mean '${near}'?` } : undefined,
	);
	return null;
}

function nearest(name: string, candidates: readonly string[]): string | null {
	if (name.length < 3) return null;
	const limit = Math.max(1, Math.floor(name.length / 3)) + 1;
	let best: string | null = null;
	let least = limit;
	for (const c of candidates) {
		const d = distance(name, c, least);
		if (d < least) {
			best = c;
			least = d;
		}
	}
	return best;
}

function stepInto(cx: Cx, base: LExpr, step: MemberStep, span: TokenSpan, inside: boolean): LExpr {
	const quals = qualifiersOf(base.type);
	const type = qualify(step.member.type, { const: quals.const, volatile: quals.volatile, addressSpace: quals.addressSpace });
	return {
		kind: "member",
		base,
		record: step.record,
		member: step.member,
		index: step.index,
		preserve: cx.preserve || inside || step.record.preserveAccessIndex,
		type,
		span,
	};
}

// ── subscripts ──────────────────────────────────────────────────────────────────────────────────

export function indexExpr(cx: Cx, e: Node<"index">): Operand {
	let operand = cx.rules.expr(cx, e.base);
	let indexOperand = cx.rules.expr(cx, e.index);
	if (isError(operand.type) || isError(indexOperand.type)) return errorValue(e.span);
	// 3[a] is a[3].
	if (isInteger(operand.type)) [operand, indexOperand] = [indexOperand, operand];
	const index = rvalue(indexOperand);
	if (!isInteger(index.type)) {
		report(cx, "badOperands", e.index.span, "array subscript is not an integer");
		return errorValue(e.span);
	}
	const array = asArray(operand.type);
	if (array && isLvalue(operand)) {
		const wide = build.convert(promote(index), integerType(index.type)?.size === 8 ? index.type : LONG, false);
		const preserve = wide.kind === "int" && (cx.preserve || (operand.kind === "member" && operand.record.preserveAccessIndex));
		const outer = qualifiersOf(operand.type);
		const type = qualify(array.element, { const: outer.const, volatile: outer.volatile, addressSpace: outer.addressSpace });
		return { kind: "element", base: operand, index: wide, preserve, type, span: e.span };
	}
	const pointer = rvalue(operand);
	if (!isPointer(pointer.type)) {
		report(cx, "badOperands", e.span, "subscripted value is not an array or pointer");
		return errorValue(e.span);
	}
	const target = asPointer(pointer.type)!.target;
	if (asFunction(target)) {
		report(cx, "badOperands", e.span, `subscript of pointer to function type ${quote(target)}`);
		return errorValue(e.span);
	}
	const record = asRecord(target);
	const preserve = record !== null && index.kind === "int" && (cx.preserve || (fromName(pointer) && record.preserveAccessIndex));
	const moved = offsetPointer(cx, pointer, index, false, e.span, preserve);
	return isError(moved.type) ? moved : build.deref(moved, e.span);
}

/** clang preserves a pointer's subscript only when the pointer is a variable or a preserved record's member. */
function fromName(pointer: TExpr): boolean {
	if (pointer.kind !== "load") return false;
	return pointer.from.kind === "variable" || (pointer.from.kind === "member" && pointer.from.record.preserveAccessIndex);
}

// ── * and & ─────────────────────────────────────────────────────────────────────────────────────

export function derefExpr(cx: Cx, e: Node<"unary">): Operand {
	const operand = cx.rules.expr(cx, e.operand);
	if (isError(operand.type)) return errorValue(e.span);
	const pointer = rvalue(operand);
	const target = asPointer(pointer.type)?.target;
	if (!target) {
		report(cx, "badDereference", e.span, `indirection requires pointer operand (${quote(operand.type)} invalid)`);
		return errorValue(e.span);
	}
	if (asFunction(target)) {
		if (operand.kind === "designator") return operand;
		if (pointer.kind === "function-address")
			return { kind: "designator", type: target, span: e.span, symbol: pointer.symbol, pointer: null };
		return { kind: "designator", type: target, span: e.span, symbol: null, pointer };
	}
	if (isVoid(target) && !cx.unevaluated)
		report(cx, "voidDereference", e.span, `ISO C does not allow indirection on operand of type ${quote(pointer.type)}`);
	return build.deref(pointer, e.span);
}

export function addressExpr(cx: Cx, e: Node<"unary">): Operand {
	const operand = cx.rules.expr(cx, e.operand);
	return addressOf(cx, operand, e.span);
}

export function addressOf(cx: Cx, operand: Operand, span: TokenSpan): TExpr {
	if (isError(operand.type)) return errorValue(span);
	if (operand.kind === "designator") return { ...rvalue(operand), span } as TExpr;
	if (!isLvalue(operand)) {
		report(cx, "notLvalue", span, `cannot take the address of an rvalue of type ${quote(operand.type)}`);
		return errorValue(span);
	}
	if (bitField(operand)) {
		report(cx, "bitFieldAddress", span, "address of bit-field requested");
		return errorValue(span);
	}
	if (operand.kind === "materialize") {
		report(cx, "notLvalue", span, `cannot take the address of an rvalue of type ${quote(operand.type)}`);
		return errorValue(span);
	}
	if (operand.kind === "variable" && (operand.symbol.register || cx.fn?.registers.has(operand.symbol))) {
		report(cx, "registerAddress", span, `address of register variable '${operand.symbol.name}' requested`);
		return errorValue(span);
	}
	markAddress(operand);
	noteMisaligned(cx, operand);
	return build.addressOf(operand, pointerTo(operand.type), span);
}
