/** -Wsizeof-pointer-div: `sizeof(p) / sizeof(p[0])`, where p is a pointer and was taken for an array. */
import { oneToken } from "../diagnostics/diagnostic.ts";
import type { Expr } from "../grammar/ast.ts";
import { asPointer, unqualified } from "./basic.ts";
import { compatible } from "./compat.ts";
import { report, type Cx } from "./context.ts";
import { lookup } from "./lookup.ts";

export function checkSizeofDivision(cx: Cx, { left, right, at }: Expr & { readonly kind: "binary" }): void {
	if (left.kind !== "sizeof-expr" || left.operand.kind !== "identifier") return;
	const { name } = left.operand;
	const entity = lookup(cx, name, left.operand.span.from);
	const target = entity?.kind === "object" ? asPointer(entity.symbol.type)?.target : undefined;
	if (entity?.kind !== "object" || target === undefined) return;
	const counted = right.kind === "sizeof-expr" && elementOf(right.operand) === name;
	if (!counted && !(right.kind === "sizeof-type" && compatible(unqualified(cx.rules.typeName(cx, right.type)), unqualified(target))))
		return;
	const text = left.span.to - left.span.from > 2 ? `sizeof (${name})` : `sizeof ${name}`;
	report(cx, "pointerDivision", oneToken(at), `'${text}' will return the size of the pointer, not the array itself`, [
		{ message: `pointer '${name}' declared here`, span: entity.symbol.span },
	]);
}

/** The name of whose element `name[0]` or `*name` is. */
function elementOf(e: Expr): string | null {
	const of = e.kind === "index" ? e.base : e.kind === "unary" && e.op === "*" ? e.operand : null;
	return of?.kind === "identifier" ? of.name : null;
}
