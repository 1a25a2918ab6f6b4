import { oneToken, type TokenSpan } from "../diagnostics/diagnostic.ts";
import type { AssignOp, Expr } from "../grammar/ast.ts";
import {
	asArray,
	asFunction,
	asPointer,
	canonical,
	INT,
	integerType,
	isArithmetic,
	isComplete,
	isError,
	isFloat,
	isInteger,
	isPointer,
	LONG,
	qualifiersOf,
	unqualified,
} from "./basic.ts";
import * as build from "./build.ts";
import type { ArithOp } from "./build.ts";
import { report, type Cx, type Note } from "./context.ts";
import { assignConvert, commonInteger, promote, promotedType, refuseFloat } from "./conversions.ts";
import { sizeOf } from "./layout.ts";
import { errorValue, isLvalue, rvalue, type Operand } from "./operand.ts";
import { checkBitFieldConstant } from "./tautologies.ts";
import { badOperands, checkPointee, checkShift, value, warnZero } from "./operators.ts";
import { quote } from "./spell.ts";
import type { LExpr, TExpr } from "./typed.ts";
import type { CType, RecordType } from "./types.ts";

/**
 * `=`, `op=`, `++` and `--`. In: a place and a value. Out: `assign` or `update` nodes, whose target is evaluated once.
 * Source: C11 6.5.16, 6.5.2.4, 6.5.3.1.
 */
type Node<K extends Expr["kind"]> = Expr & { readonly kind: K };

export function assignExpr(cx: Cx, e: Node<"assign">): TExpr {
	const target = cx.rules.expr(cx, e.target);
	const v = value(cx, e.value);
	if (isError(target.type)) return errorValue(e.span);
	if (!modifiable(cx, target, e.span)) return errorValue(e.span);
	const at = oneToken(e.at);
	if (e.op === "=") {
		if (
			e.target.kind === "identifier" &&
			e.value.kind === "identifier" &&
			e.target.name === e.value.name &&
			target.kind === "variable" &&
			!qualifiersOf(target.type).volatile
		)
			report(cx, "selfAssign", at, `explicitly assigning value of variable of type ${quote(target.type)} to itself`);
		const converted = assignConvert(cx, v, unqualified(target.type), { kind: "assigning" }, at);
		if (target.kind === "member" && target.member.bitWidth !== null)
			checkBitFieldConstant(cx, target.member.bitWidth, target.type, v, e.value, at);
		return { kind: "assign", target, value: converted, type: unqualified(target.type), span: e.span };
	}
	return compound(cx, target, e.op, v, e.span, at);
}

function compound(cx: Cx, target: LExpr, written: AssignOp, v: TExpr, span: TokenSpan, at: TokenSpan): TExpr {
	const op = written.slice(0, -1) as ArithOp;
	if (isError(v.type)) return errorValue(span);
	const current = rvalue(target);
	const type = unqualified(target.type);
	if (isPointer(type) && (op === "+" || op === "-")) {
		if (!isInteger(v.type)) return badOperands(cx, current, v, span, at);
		if (!checkPointee(cx, current, span)) return errorValue(span);
		const index = build.convert(promote(v), integerType(v.type)?.size === 8 ? v.type : LONG, false);
		return { kind: "update", op, target, value: index, compute: type, scale: sizeOf(asPointer(type)!.target), post: false, type, span };
	}
	const integersOnly = op !== "+" && op !== "-" && op !== "*" && op !== "/";
	const fits = integersOnly ? isInteger : isArithmetic;
	if (!fits(type) || !fits(v.type)) return badOperands(cx, current, v, span, at);
	if (isFloat(type) || isFloat(v.type)) {
		refuseFloat(cx, at);
		return errorValue(span);
	}
	if (op === "<<" || op === ">>") {
		const compute = promotedType(current);
		const count = promote(v);
		checkShift(cx, build.convert(current, compute, false), count, at);
		return { kind: "update", op, target, value: count, compute, scale: 1, post: false, type, span };
	}
	const compute = commonInteger(integerType(promotedType(current))!, integerType(promotedType(v))!);
	const converted = build.convert(v, compute, false);
	if ((op === "/" || op === "%") && converted.kind === "int" && converted.value === 0n) warnZero(cx, op, at);
	return { kind: "update", op, target, value: converted, compute, scale: 1, post: false, type, span };
}

export function stepExpr(cx: Cx, operandAst: Expr, op: "++" | "--", post: boolean, span: TokenSpan): TExpr {
	const target = cx.rules.expr(cx, operandAst);
	if (isError(target.type)) return errorValue(span);
	if (!modifiable(cx, target, span)) return errorValue(span);
	const current = rvalue(target);
	const type = unqualified(target.type);
	const arith = op === "++" ? "+" : "-";
	if (isPointer(type)) {
		if (!checkPointee(cx, current, span)) return errorValue(span);
		return {
			kind: "update",
			op: arith,
			target,
			value: build.intConst(1n, LONG, span),
			compute: type,
			scale: sizeOf(asPointer(type)!.target),
			post,
			type,
			span,
		};
	}
	if (isFloat(type)) {
		refuseFloat(cx, span);
		return errorValue(span);
	}
	if (!isInteger(type)) {
		report(cx, "badOperands", span, `cannot ${op === "++" ? "increment" : "decrement"} value of type ${quote(type)}`);
		return errorValue(span);
	}
	const compute = commonInteger(integerType(promotedType(current))!, INT);
	return { kind: "update", op: arith, target, value: build.intConst(1n, compute, span), compute, scale: 1, post, type, span };
}

/** Whether a place may be written to (C11 6.3.2.1p1). */
function modifiable(cx: Cx, target: Operand, span: TokenSpan): target is LExpr {
	if (!isLvalue(target) || target.kind === "materialize" || target.kind === "string") {
		report(cx, "notLvalue", span, "expression is not assignable");
		return false;
	}
	const type = target.type;
	if (asArray(type)) {
		report(cx, "notLvalue", span, `array type ${quote(type)} is not assignable`);
		return false;
	}
	if (asFunction(type)) {
		report(cx, "notLvalue", span, `function type ${quote(type)} is not assignable`);
		return false;
	}
	if (qualifiersOf(type).const || hasConstMember(type)) {
		report(cx, "constAssign", span, constMessage(target), constNotes(target));
		return false;
	}
	if (!isComplete(type)) {
		report(cx, "incompleteType", span, `incomplete type ${quote(type)} is not assignable`);
		return false;
	}
	return true;
}

function hasConstMember(type: CType): boolean {
	const t = canonical(type);
	return t.kind === "record" && recordHasConst(t);
}

/** Remembered per record, which never changes once defined. */
const constRecords = new WeakMap<RecordType, boolean>();

function recordHasConst(record: RecordType): boolean {
	let known = constRecords.get(record);
	if (known === undefined) {
		constRecords.set(record, false);
		known = (record.body?.members ?? []).some((m) => qualifiersOf(m.type).const || hasConstMember(m.type));
		constRecords.set(record, known);
	}
	return known;
}

function constMessage(target: LExpr): string {
	if (target.kind === "variable")
		return `cannot assign to variable '${target.symbol.name}' with const-qualified type ${quote(target.type)}`;
	if (target.kind === "member" && target.member.name !== null && qualifiersOf(target.member.type).const)
		return `cannot assign to non-static data member '${target.member.name}' with const-qualified type ${quote(target.member.type)}`;
	return "read-only variable is not assignable";
}

function constNotes(target: LExpr): Note[] {
	return target.kind === "variable" ? [{ message: `variable '${target.symbol.name}' declared const here`, span: target.symbol.span }] : [];
}
