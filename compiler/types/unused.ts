import { oneToken, type TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Expr, Stmt } from "../grammar/ast.ts";
import { isError, isVoid, qualifiersOf } from "./basic.ts";
import { report, type Cx } from "./context.ts";
import { rvalue } from "./operand.ts";
import type { TExpr, TStmt } from "./typed.ts";

/** Expressions as statements: what is computed for nothing is told. */
type Node<K extends Stmt["kind"]> = Stmt & { readonly kind: K };

export function expressionStmt(cx: Cx, s: Node<"expr">): TStmt {
	const operand = cx.rules.expr(cx, s.expr);
	const e = rvalue(operand);
	forgetWrite(cx, e);
	if (e.kind === "call" && e.callee.kind === "function" && e.callee.symbol.warnUnused && !isVoid(e.type))
		report(cx, "unusedResult", s.span, `ignoring return value of function declared with 'warn_unused_result' attribute`);
	else if (e.kind === "compare")
		report(
			cx,
			"unusedComparison",
			operatorOf(s.expr),
			`${e.op === "==" ? "equality" : e.op === "!=" ? "inequality" : "relational"} comparison result unused`,
		);
	else if (useless(e)) report(cx, "unusedValue", operatorOf(s.expr), `expression result unused`);
	return { kind: "expr", expr: e, span: s.span };
}

/** Where clang points for an expression as a whole: its operator, if that stands within. */
function operatorOf(e: Expr): TokenSpan {
	return e.kind === "binary" || e.kind === "member" ? oneToken(e.at) : e.span;
}

/** `x = 1;`, `x += 1;`, `x++;` name x and yet do not use it. */
export function forgetWrite(cx: Cx, e: TExpr): void {
	if ((e.kind !== "assign" && e.kind !== "update") || e.target.kind !== "variable") return;
	if (e.kind === "update" && qualifiersOf(e.target.type).volatile) return;
	const { uses } = cx.fn!;
	const { symbol } = e.target;
	uses.set(symbol, (uses.get(symbol) ?? 1) - 1);
}

/** Nothing happens when this is evaluated, and the source does not say `(void)`. */
function useless(e: TExpr): boolean {
	if (isVoid(e.type) || isError(e.type)) return false;
	switch (e.kind) {
		case "binary":
		case "compare":
		case "pointer-add":
		case "pointer-diff":
		case "address":
		case "function-address":
			return true;
		case "unary":
			return useless(e.operand);
		case "load":
			return !e.volatile && (e.from.kind === "variable" || e.from.kind === "member");
		default:
			return false;
	}
}
