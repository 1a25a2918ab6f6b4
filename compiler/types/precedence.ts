/**
 * -Wparentheses and its kin: what is right C and often not what was meant. In: the syntax tree, which has no parentheses, and the tokens, which have
 * them. Wording and defaults are clang's.
 */
import { oneToken, type TokenSpan } from "../diagnostics/diagnostic.ts";
import type { BinaryOp, Expr, Stmt } from "../grammar/ast.ts";
import { kindOf } from "../source/kinds.ts";
import { report, type Cx } from "./context.ts";

type Binary = Expr & { readonly kind: "binary" };

const LPAREN = kindOf("(");
const RPAREN = kindOf(")");

const parenthesised = (cx: Cx, { from, to }: TokenSpan): boolean =>
	from > 0 && cx.unit.tokens.kind(from - 1) === LPAREN && cx.unit.tokens.kind(to) === RPAREN;
const fromMacro = (cx: Cx, at: number): boolean => cx.unit.tokens.fromMacro(at);

const RELATIONAL: ReadonlySet<BinaryOp> = new Set(["<", ">", "<=", ">=", "==", "!="]);
const ORDER: ReadonlySet<BinaryOp> = new Set(["<", ">", "<=", ">="]);
const BITWISE: ReadonlySet<BinaryOp> = new Set(["&", "^", "|"]);
const ADDITIVE: ReadonlySet<BinaryOp> = new Set(["+", "-"]);

/** Operators side by side whose ranks people mix up. */
export function checkPrecedence(cx: Cx, e: Binary): void {
	const { op } = e;
	if (op === "||" || op === "&" || op === "^" || op === "|" || op === "<<" || op === ">>") {
		if (fromMacro(cx, e.at)) return;
		const sides = [e.left, e.right].filter((side): side is Binary => side.kind === "binary" && !parenthesised(cx, side.span));
		// `a == b & c == d`, and a comparison beside what is bitwise itself: && that computes both sides may have been meant.
		const eager =
			sides.length === 2 &&
			sides.some((side) => RELATIONAL.has(side.op)) &&
			sides.every((side) => RELATIONAL.has(side.op) || BITWISE.has(side.op));
		for (const side of sides) if (!eager || !RELATIONAL.has(side.op)) mixed(cx, e, side);
	} else if (RELATIONAL.has(op)) {
		loneNot(cx, e, "comparison");
		if (ORDER.has(op) && e.left.kind === "binary" && ORDER.has(e.left.op) && !parenthesised(cx, e.left.span))
			report(cx, "parentheses", oneToken(e.at), "comparisons like 'X<=Y<=Z' don't have their mathematical meaning");
	}
	if (op === "&") loneNot(cx, e, "bitwise operator");
}

function mixed(cx: Cx, outer: Binary, inner: Binary): void {
	const name = (at: number): string => cx.unit.tokens.text(at);
	const silence = [{ message: `place parentheses around the '${inner.op}' expression to silence this warning`, span: inner.span }];
	if (outer.op === "||") {
		if (inner.op === "&&") report(cx, "logicalParentheses", oneToken(inner.at), "'&&' within '||'", silence);
	} else if (outer.op === "<<" || outer.op === ">>") {
		if (ADDITIVE.has(inner.op))
			report(
				cx,
				"shiftParentheses",
				oneToken(inner.at),
				`operator '${outer.op}' has lower precedence than '${inner.op}'; '${inner.op}' will be evaluated first`,
				silence,
			);
	} else if (RELATIONAL.has(inner.op)) {
		report(
			cx,
			"parentheses",
			oneToken(outer.at),
			`${name(outer.at)} has lower precedence than ${name(inner.at)}; ${name(inner.at)} will be evaluated first`,
			[silence[0]!, { message: `place parentheses around the ${outer.op} expression to evaluate it first`, span: outer.span }],
		);
	} else if ((outer.op === "|" && (inner.op === "&" || inner.op === "^")) || (outer.op === "^" && inner.op === "&"))
		report(cx, "bitwiseParentheses", oneToken(inner.at), `'${inner.op}' within '${outer.op}'`, silence);
}

/** `!a == b`: the `!` is only for a. */
function loneNot(cx: Cx, { left, right, span }: Binary, what: string): void {
	if (left.kind !== "unary" || left.op !== "!" || parenthesised(cx, left.span) || isTruth(left.operand) || isTruth(right)) return;
	report(cx, "notParentheses", oneToken(left.span.from), `logical not is only applied to the left hand side of this ${what}`, [
		{ message: `add parentheses after the '!' to evaluate the ${what} first`, span },
		{ message: "add parentheses around left hand side expression to silence this warning", span: left.span },
	]);
}

/** An expression whose value can only be 0 or 1. */
const isTruth = (e: Expr): boolean =>
	(e.kind === "unary" && e.op === "!") ||
	(e.kind === "binary" && (RELATIONAL.has(e.op) || e.op === "&&" || e.op === "||")) ||
	(e.kind === "number" && /^[01]$/.test(e.text));

/** A controlling expression: `if (a = b)`, `if ((a == b))`. */
export function checkCondition(cx: Cx, e: Expr): void {
	const double = parenthesised(cx, e.span) && parenthesised(cx, { from: e.span.from - 1, to: e.span.to + 1 });
	if (e.kind === "assign" && (e.op === "=" || e.op === "|=") && !double) {
		report(cx, "parentheses", oneToken(e.at), `using the result of an assignment as a condition without parentheses`, [
			{ message: "place parentheses around the assignment to silence this warning", span: oneToken(e.at) },
			{
				message:
					e.op === "="
						? "use '==' to turn this assignment into an equality comparison"
						: "use '!=' to turn this compound assignment into an inequality comparison",
				span: oneToken(e.at),
			},
		]);
	} else if (
		e.kind === "binary" &&
		e.op === "==" &&
		double &&
		!fromMacro(cx, e.at) &&
		!fromMacro(cx, e.span.from - 1) &&
		(e.left.kind === "identifier" || e.left.kind === "member" || e.left.kind === "index")
	) {
		report(cx, "equalityParentheses", oneToken(e.at), "equality comparison with extraneous parentheses", [
			{ message: "remove extraneous parentheses around the comparison to silence this warning", span: oneToken(e.at) },
			{ message: "use '=' to turn this equality comparison into an assignment", span: oneToken(e.at) },
		]);
	}
}

/** `if (x);` with the semicolon on the line of the parenthesis, and loops whose body may have been meant to follow. */
export function checkEmptyBody(cx: Cx, what: "if" | "for" | "while" | "switch", body: Stmt, next: Stmt | undefined): void {
	if (body.kind !== "empty" || body.attrs.length > 0) return;
	const semicolon = body.span.from;
	if (fromMacro(cx, semicolon) || fromMacro(cx, semicolon - 1)) return;
	const { tokens } = cx.unit;
	const line = (at: number): number => tokens.place(at).line;
	if (line(semicolon - 1) !== line(semicolon)) return;
	// A loop may do all its work in its head; it is suspicious when a block follows, or something indented.
	if ((what === "for" || what === "while") && next?.kind !== "compound") return;
	const article = what === "if" || what === "switch" ? `${what} statement` : `${what} loop`;
	report(cx, "emptyBody", oneToken(semicolon), `${article} has empty body`, [
		{ message: "put the semicolon on a separate line to silence this warning", span: oneToken(semicolon) },
	]);
}

/** `if (a) if (b) x(); else y();`: whose else is it? */
export function checkDanglingElse(cx: Cx, then: Stmt, hasElse: boolean): void {
	if (hasElse) return;
	let inner = then;
	while (inner.kind === "if" || inner.kind === "while" || inner.kind === "for" || inner.kind === "label") {
		if (inner.kind === "if") {
			if (inner.else !== undefined) {
				report(cx, "danglingElse", elseOf(inner.else), "add explicit braces to avoid dangling else");
				return;
			}
			inner = inner.then;
		} else inner = inner.body;
	}
}

/** The `else` in front of a statement. */
const elseOf = ({ span }: Stmt): TokenSpan => oneToken(span.from - 1);
