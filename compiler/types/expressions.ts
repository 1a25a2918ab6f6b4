import type { Expr } from "../grammar/ast.ts";
import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import { builtin } from "../builtins/table.ts";
import { addressExpr, derefExpr, indexExpr, memberExpr } from "./access.ts";
import { assignExpr, stepExpr } from "./assignments.ts";
import { arrayOf, BOOL, CHAR, INT, isArithmetic, isError, isFloat, pointerTo, qualify, VOID } from "./basic.ts";
import * as build from "./build.ts";
import { callExpr } from "./calls.ts";
import { alignofType, castExpr, chooseExpr, genericExpr, offsetofExpr, sizeofExpr, sizeofName, typesCompatible } from "./casts.ts";
import { constantValue } from "./constant.ts";
import { inScope, reach, report, type Cx } from "./context.ts";
import { parseChar, parseNumber, parseString } from "./literals.ts";
import { didYouMean, lookup } from "./lookup.ts";
import { useLabel } from "./labels.ts";
import { designate, errorValue, type Operand, rvalue } from "./operand.ts";
import { arithmeticUnary, binaryExpr, commaExpr, conditionalExpr } from "./operators.ts";
import { quote } from "./spell.ts";
import type { TExpr } from "./typed.ts";

/** One expression of the syntax tree → an operand. The switch over all kinds; each construct lives in its own file. */
type Node<K extends Expr["kind"]> = Expr & { readonly kind: K };

/** Rules nest as the source does; beyond this the stack of the host is in danger. */
const MAX_DEPTH = 600;

export function expr(cx: Cx, e: Expr): Operand {
	if (cx.depth >= MAX_DEPTH) {
		report(cx, "limit", e.span, `expression nested more than ${MAX_DEPTH} levels deep`);
		return errorValue(e.span);
	}
	cx.depth++;
	try {
		return dispatch(cx, e);
	} finally {
		cx.depth--;
	}
}

function dispatch(cx: Cx, e: Expr): Operand {
	switch (e.kind) {
		case "identifier":
			return identifier(cx, e);
		case "number":
			return number(cx, e);
		case "char": {
			const { value, type, problems } = parseChar(e.text);
			for (const p of problems) literalProblem(cx, p, e.span);
			return build.intConst(value, type, e.span);
		}
		case "string":
			return string(cx, e);
		case "unary":
			return unary(cx, e);
		case "postfix":
			return stepExpr(cx, e.operand, e.op, true, e.span);
		case "binary":
			return binaryExpr(cx, e);
		case "assign":
			return assignExpr(cx, e);
		case "conditional":
			return conditionalExpr(cx, e);
		case "comma":
			return commaExpr(cx, e);
		case "cast":
			return castExpr(cx, e);
		case "compound-literal":
			return cx.rules.compoundLiteral(cx, cx.rules.typeName(cx, e.type), e.init, e.span);
		case "call":
			return callExpr(cx, e);
		case "index":
			return indexExpr(cx, e);
		case "member":
			return memberExpr(cx, e);
		case "sizeof-expr":
		case "alignof-expr":
			return sizeofExpr(cx, e);
		case "sizeof-type":
			return sizeofName(cx, e.type, e.span);
		case "alignof-type":
			return alignofType(cx, cx.rules.typeName(cx, e.type), e.span);
		case "generic":
			return genericExpr(cx, e);
		case "statement":
			return statementExpr(cx, e);
		case "label-address":
			return { kind: "label-address", label: useLabel(cx, e.label, e.span), type: pointerTo(VOID), span: e.span };
		case "offsetof":
			return offsetofExpr(cx, e);
		case "types-compatible":
			return typesCompatible(cx, e.left, e.right, e.span);
		case "choose":
			return chooseExpr(cx, e);
		case "va-arg":
			report(cx, "noVarargs", e.span, "variable arguments are not supported by eBPF");
			return errorValue(e.span);
		case "type-argument":
			report(cx, "undeclared", e.span, "unexpected type name: expected expression");
			return errorValue(e.span);
	}
}

// ── primary expressions ─────────────────────────────────────────────────────────────────────────

function identifier(cx: Cx, e: Node<"identifier">): Operand {
	const entity = lookup(cx, e.name, e.span.from);
	if (!entity) {
		const text = functionName(cx, e.name);
		if (text !== null) return literal(new TextEncoder().encode(`${text}\0`), e.span);
		const constant = cx.c23 ? C23_CONSTANTS[e.name] : undefined;
		if (constant) return { ...constant, span: e.span } as TExpr;
		if (builtin(e.name)) report(cx, "badBuiltin", e.span, "builtin functions must be directly called");
		else {
			const fix = didYouMean(cx, e.name, e.span, "value");
			report(cx, "undeclared", e.span, `use of undeclared identifier '${e.name}'${fix ? `; did you mean '${fix.text}'?` : ""}`, [], fix);
		}
		return errorValue(e.span);
	}
	switch (entity.kind) {
		case "enumerator":
			return {
				kind: "int",
				value: entity.value,
				type: entity.type,
				span: e.span,
				...(entity.of === null ? {} : { enumeration: entity.of }),
			};
		case "typedef":
			report(cx, "undeclared", e.span, `unexpected type name '${e.name}': expected expression`);
			return errorValue(e.span);
		case "function":
			reach(cx, entity.symbol);
			return designate(entity.symbol, e.span);
		case "object": {
			const { symbol } = entity;
			if (symbol.storage === "static") reach(cx, symbol);
			if (cx.fn) {
				cx.fn.used.add(symbol);
				cx.fn.uses.set(symbol, (cx.fn.uses.get(symbol) ?? 0) + 1);
			}
			if (isError(symbol.type)) return errorValue(e.span);
			if (symbol.deprecated !== undefined && !cx.unevaluated)
				report(cx, "deprecated", e.span, `'${symbol.name}' is deprecated${symbol.deprecated ? `: ${symbol.deprecated}` : ""}`);
			return { kind: "variable", symbol, type: symbol.type, span: e.span };
		}
	}
}

const NOWHERE = { from: 0, to: 0 };
/** Keywords of C23 that are values. */
const C23_CONSTANTS: Record<string, TExpr> = {
	true: build.intConst(1n, BOOL, NOWHERE),
	false: build.intConst(0n, BOOL, NOWHERE),
	nullptr: build.intConst(0n, pointerTo(VOID), NOWHERE),
};

/** `__func__` and its GNU relatives (C11 6.4.2.2). */
function functionName(cx: Cx, name: string): string | null {
	if (name !== "__func__" && name !== "__FUNCTION__" && name !== "__PRETTY_FUNCTION__") return null;
	return cx.fn?.name ?? "";
}

function literalProblem(cx: Cx, message: string, span: TokenSpan): void {
	report(cx, message.startsWith("unknown escape") ? "unknownEscape" : "badLiteral", span, message);
}

function literal(bytes: Uint8Array, span: TokenSpan): Operand {
	return { kind: "string", bytes, type: arrayOf(qualify(CHAR, { const: true }), bytes.length), span };
}

function number(cx: Cx, e: Node<"number">): TExpr {
	const parsed = parseNumber(e.text);
	if (parsed.kind === "malformed") {
		report(cx, "badLiteral", e.span, parsed.message);
		return errorValue(e.span);
	}
	if (parsed.kind === "float") return build.floatConst(parsed.value, parsed.type, e.span);
	if (parsed.unsignedDecimal)
		report(cx, "literalRange", e.span, "integer literal is too large to be represented in a signed integer type, interpreting as unsigned");
	return build.intConst(parsed.value, parsed.type, e.span);
}

function string(cx: Cx, e: Node<"string">): Operand {
	const { bytes, element, length, problems } = parseString(e.parts);
	for (const p of problems) literalProblem(cx, p, e.span);
	return { kind: "string", bytes, type: arrayOf(element, length), span: e.span };
}

function unary(cx: Cx, e: Node<"unary">): Operand {
	switch (e.op) {
		case "*":
			return derefExpr(cx, e);
		case "&":
			return addressExpr(cx, e);
		case "++":
		case "--":
			return stepExpr(cx, e.operand, e.op, false, e.span);
		case "__extension__":
			return cx.rules.expr(cx, e.operand);
		case "__real__":
		case "__imag__":
			return partOfNumber(cx, e, e.op === "__real__");
		case "+":
		case "-":
		case "~":
		case "!":
			return arithmeticUnary(cx, e, e.op);
	}
}

/** No number here is complex: each is its own real part, and its imaginary part is zero. */
function partOfNumber(cx: Cx, e: Node<"unary">, real: boolean): Operand {
	const operand = cx.rules.expr(cx, e.operand);
	if (isError(operand.type)) return operand;
	if (!isArithmetic(operand.type)) {
		report(cx, "badOperands", e.span, `invalid type ${quote(operand.type)} to ${e.op} operator`);
		return errorValue(e.span);
	}
	if (real) return operand;
	// The operand is evaluated all the same, unless it is a constant: then the whole is one too.
	const zero = build.convert(build.intConst(0n, INT, e.span), operand.type, false);
	const evaluated = rvalue(operand);
	return constantValue(cx, evaluated) !== null || isFloat(operand.type)
		? zero
		: { kind: "comma", left: evaluated, right: zero, type: zero.type, span: e.span };
}

// ── ({ … }) ─────────────────────────────────────────────────────────────────────────────────────

function statementExpr(cx: Cx, e: Node<"statement">): TExpr {
	if (!cx.fn && !cx.unevaluated) {
		report(cx, "notConstant", e.span, "statement expression not allowed at file scope");
		return errorValue(e.span);
	}
	return cx.rules.withFunction(cx, () =>
		inScope(cx, () => {
			const { statements: body, result } = cx.rules.valueBlock(cx, e.body);
			return result
				? { kind: "statement-expression", body, result, type: result.type, span: e.span }
				: { kind: "statement-expression", body, type: VOID, span: e.span };
		}),
	);
}
