import type { BinaryOp, Expr } from "../grammar/ast.ts";
import { oneToken, type TokenSpan } from "../diagnostics/diagnostic.ts";
import {
	asPointer,
	asRecord,
	canonical,
	INT,
	integerType,
	isArithmetic,
	isComplete,
	isError,
	isFloat,
	isInteger,
	isPointer,
	isScalar,
	isVoid,
	LONG,
	VOID,
} from "./basic.ts";
import * as build from "./build.ts";
import type { ArithOp, CompareOp } from "./build.ts";
import { compatibleUnqualified } from "./compat.ts";
import { compositePointer, condition, promote, promotedType, refuseFloat, usualConversions } from "./conversions.ts";
import { report, type Cx } from "./context.ts";
import { checkEnumComparison } from "./enum-mixing.ts";
import { sizeOf } from "./layout.ts";
import { errorValue, isLvalue, rvalue, type Operand } from "./operand.ts";
import { checkCondition, checkPrecedence } from "./precedence.ts";
import { forward } from "./records.ts";
import { checkSigns } from "./sign-compare.ts";
import { checkSizeofDivision } from "./sizeof-division.ts";
import { checkAddressAgainstNull, checkAddressTruth, checkTautology } from "./tautologies.ts";
import { quote } from "./spell.ts";
import type { TExpr } from "./typed.ts";

/**
 * Unary and binary operators, `?:` and the comma. In: operands as written. Out: a typed node, operands converted.
 * Source: C11 6.5.3 to 6.5.17.
 */
type Node<K extends Expr["kind"]> = Expr & { readonly kind: K };

export function value(cx: Cx, e: Expr): TExpr {
	const v = rvalue(cx.rules.expr(cx, e));
	return v.span === e.span ? v : ({ ...v, span: e.span } as TExpr);
}

// ── unary ───────────────────────────────────────────────────────────────────────────────────────

export function arithmeticUnary(cx: Cx, e: Node<"unary">, op: "+" | "-" | "~" | "!"): TExpr {
	const operand = value(cx, e.operand);
	if (isError(operand.type)) return errorValue(e.span);
	if (op === "!") {
		if (!isScalar(operand.type)) return badOperand(cx, e, operand);
		if (isFloat(operand.type) && operand.kind !== "float") refuseFloat(cx, e.span);
		checkAddressTruth(cx, operand);
		return build.unary("!", operand, INT, e.span);
	}
	if (isFloat(operand.type) && op !== "~") {
		if (operand.kind !== "float") {
			refuseFloat(cx, e.span);
			return errorValue(e.span);
		}
		return op === "-" ? build.unary("-", operand, operand.type, e.span) : operand;
	}
	if (!isInteger(operand.type)) return badOperand(cx, e, operand);
	const promoted = promote(operand);
	return op === "+" ? ({ ...promoted, span: e.span } as TExpr) : build.unary(op, promoted, promoted.type, e.span);
}

function badOperand(cx: Cx, e: Expr, operand: TExpr): TExpr {
	report(cx, "badOperands", e.span, `invalid argument type ${quote(operand.type)} to unary expression`);
	return errorValue(e.span);
}

// ── binary ──────────────────────────────────────────────────────────────────────────────────────

export function binaryExpr(cx: Cx, e: Node<"binary">): TExpr {
	const { op } = e;
	if (op === "&&" || op === "||") return logicalExpr(cx, e, op);
	// A long chain `a + b + c …` is as deep as it is long: walk down its left side without recursion.
	const chain: Node<"binary">[] = [e];
	let first: Expr = e.left;
	while (first.kind === "binary" && first.op !== "&&" && first.op !== "||") {
		chain.push(first);
		first = first.left;
	}
	let left = value(cx, first);
	for (let i = chain.length - 1; i >= 0; i--) {
		const node = chain[i]!;
		checkPrecedence(cx, node);
		if (node.op === "/") checkSizeofDivision(cx, node);
		left = binaryValues(cx, node.op, left, value(cx, node.right), node.span, { from: node.at, to: node.at + 1 });
	}
	return left;
}

/** Operators on two values, shared with compound assignment's checks. */
function binaryValues(cx: Cx, op: BinaryOp, left: TExpr, right: TExpr, span: TokenSpan, at: TokenSpan): TExpr {
	if (isError(left.type) || isError(right.type)) return errorValue(span);
	switch (op) {
		case "+":
			if (isPointer(left.type) && isInteger(right.type)) return offsetPointer(cx, left, right, false, span);
			if (isInteger(left.type) && isPointer(right.type)) return offsetPointer(cx, right, left, false, span);
			break;
		case "-":
			if (isPointer(left.type) && isInteger(right.type)) return offsetPointer(cx, left, right, true, span);
			if (isPointer(left.type) && isPointer(right.type)) return pointerDifference(cx, left, right, span, at);
			break;
		case "<":
		case ">":
		case "<=":
		case ">=":
		case "==":
		case "!=":
			return comparison(cx, op, left, right, span, at);
		case "&&":
		case "||":
			return build.logical(op, left, right, span);
		default:
			break;
	}
	const integersOnly = op !== "+" && op !== "-" && op !== "*" && op !== "/";
	if (integersOnly ? !isInteger(left.type) || !isInteger(right.type) : !isArithmetic(left.type) || !isArithmetic(right.type))
		return badOperands(cx, left, right, span, at);
	return arithmetic(cx, op, left, right, span, at);
}

export function badOperands(cx: Cx, left: TExpr, right: TExpr, span: TokenSpan, at: TokenSpan): TExpr {
	report(cx, "badOperands", at, `invalid operands to binary expression (${quote(left.type)} and ${quote(right.type)})`);
	return errorValue(span);
}

function arithmetic(cx: Cx, op: ArithOp, left: TExpr, right: TExpr, span: TokenSpan, at: TokenSpan): TExpr {
	if (op === "<<" || op === ">>") {
		const type = promotedType(left);
		const count = promote(right);
		checkShift(cx, type === left.type ? left : build.convert(left, type, false), count, at);
		return build.binary(op, build.convert(left, type, false), count, type, span);
	}
	const both = usualConversions(cx, left, right, at);
	if ((op === "/" || op === "%") && both.right.kind === "int" && both.right.value === 0n) warnZero(cx, op, at);
	return build.binary(op, both.left, both.right, both.type, span, (v, type) => {
		if (!cx.unevaluated)
			report(cx, "integerOverflow", at, `overflow in expression; result is ${BigInt.asIntN(type.size * 8, v)} with type '${type.name}'`);
	});
}

export function warnZero(cx: Cx, op: string, at: TokenSpan): void {
	if (!cx.unevaluated) report(cx, "divisionByZero", at, `${op === "%" ? "remainder" : "division"} by zero is undefined`);
}

export function checkShift(cx: Cx, left: TExpr, count: TExpr, at: TokenSpan): void {
	const type = integerType(left.type);
	if (count.kind !== "int" || !type || cx.unevaluated) return;
	if (count.value < 0n) report(cx, "shiftNegative", at, "shift count is negative");
	else if (count.value >= BigInt(type.size * 8)) report(cx, "shiftCount", at, "shift count >= width of type");
}

/** Whether arithmetic may step over what a pointer points to; void and functions count as bytes in GNU C. */
export function checkPointee(cx: Cx, pointer: TExpr, span: TokenSpan): boolean {
	const target = asPointer(pointer.type)!.target;
	const kind = canonical(target).kind;
	if (kind === "void" || kind === "function" || isComplete(target)) return true;
	report(cx, "incompleteType", span, `arithmetic on a pointer to an incomplete type ${quote(target)}`, forward(target));
	return false;
}

export function offsetPointer(cx: Cx, pointer: TExpr, index: TExpr, subtract: boolean, span: TokenSpan, preserve = false): TExpr {
	if (!checkPointee(cx, pointer, span)) return errorValue(span);
	const wide = build.convert(promote(index), integerType(index.type)?.size === 8 ? index.type : LONG, false);
	return build.pointerAdd(pointer, wide, sizeOf(asPointer(pointer.type)!.target), subtract, span, preserve);
}

function pointerDifference(cx: Cx, left: TExpr, right: TExpr, span: TokenSpan, at: TokenSpan): TExpr {
	const a = asPointer(left.type)!.target;
	const b = asPointer(right.type)!.target;
	if (!compatibleUnqualified(a, b)) {
		report(cx, "badOperands", at, `${quote(left.type)} and ${quote(right.type)} are not pointers to compatible types`);
		return errorValue(span);
	}
	if (!checkPointee(cx, left, span)) return errorValue(span);
	const scale = sizeOf(a);
	const x = build.constantAddress(left);
	const y = x === null ? null : build.constantAddress(right);
	if (x !== null && y !== null && scale > 0) return build.intConst(BigInt.asIntN(64, x - y) / BigInt(scale), LONG, span);
	return { kind: "pointer-diff", left, right, scale, type: LONG, span };
}

/** A string literal, as an address that the compiler chooses. */
function isText(e: TExpr): boolean {
	if (e.kind === "convert") return isText(e.operand);
	return e.kind === "address" && (e.of.kind === "string" || (e.of.kind === "element" && e.of.base.kind === "string"));
}

function comparison(cx: Cx, op: CompareOp, left: TExpr, right: TExpr, span: TokenSpan, at: TokenSpan): TExpr {
	const p = isPointer(left.type);
	const q = isPointer(right.type);
	if (!p && !q) {
		if (!isArithmetic(left.type) || !isArithmetic(right.type)) return badOperands(cx, left, right, span, at);
		const both = usualConversions(cx, left, right, at);
		checkEnumComparison(cx, left, right, at);
		checkSigns(cx, op, left, right, both.type, at);
		checkTautology(cx, op, [left, right], [both.left, both.right], at);
		return build.compare(op, both.left, both.right, span);
	}
	if (p && q) {
		const { type, clash } = compositePointer(left, right);
		checkAddressAgainstNull(cx, op, left, right);
		if ((isText(left) && !build.isNull(right)) || (isText(right) && !build.isNull(left)))
			report(
				cx,
				"stringCompare",
				at,
				"result of comparison against a string literal is unspecified (use an explicit string comparison function instead)",
			);
		// void * is comparable for equality only (C11 6.5.8p2).
		const order = op !== "==" && op !== "!=" && !build.isNull(left) && !build.isNull(right);
		if (clash || (order && isVoid(asPointer(left.type)!.target) !== isVoid(asPointer(right.type)!.target)))
			report(cx, "compareDistinct", at, `comparison of distinct pointer types (${quote(left.type)} and ${quote(right.type)})`);
		return build.compare(op, build.convert(left, type, false), build.convert(right, type, false), span);
	}
	const pointer = p ? left : right;
	const integer = p ? right : left;
	if (!isInteger(integer.type)) return badOperands(cx, left, right, span, at);
	if (!(integer.kind === "int" && integer.value === 0n))
		report(cx, "pointerIntegerCompare", at, `comparison between pointer and integer (${quote(left.type)} and ${quote(right.type)})`);
	const converted = build.convert(integer, pointer.type, false);
	checkAddressAgainstNull(cx, op, pointer, converted);
	return build.compare(op, p ? pointer : converted, p ? converted : pointer, span);
}

function logicalExpr(cx: Cx, e: Node<"binary">, op: "&&" | "||"): TExpr {
	const chain: Node<"binary">[] = [];
	let first: Expr = e;
	while (first.kind === "binary" && first.op === op) {
		chain.push(first);
		first = first.left;
	}
	let left = condition(cx, value(cx, first));
	for (let i = chain.length - 1; i >= 0; i--) {
		const node = chain[i]!;
		if (op === "||") checkPrecedence(cx, node);
		// What a known left side makes unreachable is checked, but reaches nothing.
		const known = build.truth(left);
		const dead = known !== null && known === (op === "||");
		const before = cx.unevaluated;
		cx.unevaluated ||= dead;
		const right = condition(cx, value(cx, node.right));
		cx.unevaluated = before;
		checkConstantOperand(cx, op, left, right, node);
		left = isError(left.type) || isError(right.type) ? errorValue(node.span) : build.logical(op, left, right, node.span);
	}
	return left;
}

/** `flags && 8`: meant was `&`. */
function checkConstantOperand(cx: Cx, op: "&&" | "||", left: TExpr, right: TExpr, { at, right: ast }: Node<"binary">): void {
	if (right.kind !== "int" || right.value === 0n || right.value === 1n || ast.kind === "identifier") return;
	const type = integerType(left.type);
	if (type === null || type.rank === 0 || integerType(right.type) === null || cx.unit.tokens.fromMacro(at)) return;
	const place = oneToken(at);
	report(cx, "constantOperand", place, `use of logical '${op}' with constant operand`, [
		{ message: `use '${op.charAt(0)}' for a bitwise operation`, span: place },
		...(op === "&&" ? [{ message: "remove constant to silence this warning", span: place }] : []),
	]);
}

// ── ?: and , ────────────────────────────────────────────────────────────────────────────────────

export function conditionalExpr(cx: Cx, e: Node<"conditional">): Operand {
	checkCondition(cx, e.condition);
	const test = condition(cx, value(cx, e.condition));
	const known = build.truth(test);
	const arm = (ast: Expr, dead: boolean): TExpr => {
		const before = cx.unevaluated;
		cx.unevaluated ||= dead;
		const v = value(cx, ast);
		cx.unevaluated = before;
		return v;
	};
	const then = e.then ? arm(e.then, known === false) : test;
	const other = arm(e.else, known === true);
	if (isError(test.type) || isError(then.type) || isError(other.type)) return errorValue(e.span);
	const arms = commonArms(cx, then, other, e.span);
	if (!arms) return errorValue(e.span);
	if (known !== null) {
		const chosen = known ? arms.then : arms.other;
		if (chosen.kind === "int" || chosen.kind === "float" || test.kind === "int") return { ...chosen, span: e.span } as TExpr;
	}
	if (!e.then) return { kind: "conditional", condition: arms.then, else: arms.other, type: arms.type, span: e.span };
	return { kind: "conditional", condition: test, then: arms.then, else: arms.other, type: arms.type, span: e.span };
}

function commonArms(cx: Cx, then: TExpr, other: TExpr, span: TokenSpan): { then: TExpr; other: TExpr; type: TExpr["type"] } | null {
	if (isArithmetic(then.type) && isArithmetic(other.type)) {
		const both = usualConversions(cx, then, other, span);
		return { then: both.left, other: both.right, type: both.type };
	}
	if (isVoid(then.type) || isVoid(other.type))
		return { then: build.convert(then, VOID, false), other: build.convert(other, VOID, false), type: VOID };
	const record = asRecord(then.type);
	if (record && record === asRecord(other.type)) return { then, other, type: then.type };
	if (isPointer(then.type) && isPointer(other.type)) {
		const { type, clash } = compositePointer(then, other);
		if (clash) report(cx, "pointerTypeMismatch", span, `pointer type mismatch (${quote(then.type)} and ${quote(other.type)})`);
		return { then: build.convert(then, type, false), other: build.convert(other, type, false), type };
	}
	const pointer = isPointer(then.type) ? then : isPointer(other.type) ? other : null;
	if (pointer && isInteger(then === pointer ? other.type : then.type)) {
		const type = pointer.type;
		const integer = then === pointer ? other : then;
		if (!(integer.kind === "int" && integer.value === 0n))
			report(
				cx,
				"conditionalMismatch",
				span,
				`pointer/integer type mismatch in conditional expression (${quote(then.type)} and ${quote(other.type)})`,
			);
		return { then: build.convert(then, type, false), other: build.convert(other, type, false), type };
	}
	report(cx, "incompatible", span, `incompatible operand types (${quote(then.type)} and ${quote(other.type)})`);
	return null;
}

export function commaExpr(cx: Cx, e: Node<"comma">): Operand {
	const left = rvalue(cx.rules.expr(cx, e.left));
	const right = cx.rules.expr(cx, e.right);
	// A record behind a comma needs no copy; an array there is a pointer (C11 6.3.2.1p3), also under sizeof.
	if (isLvalue(right) && asRecord(right.type)) return { kind: "sequenced", first: left, then: right, type: right.type, span: e.span };
	const v = rvalue(right);
	return { kind: "comma", left, right: v, type: v.type, span: e.span };
}
