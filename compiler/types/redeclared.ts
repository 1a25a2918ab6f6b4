import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import { type Cx, report } from "./context.ts";
import type { Entity } from "./scope.ts";

/** Notes about a name that was declared before. */
export function previous(span: TokenSpan): { message: string; span: TokenSpan }[] {
	return [{ message: "previous declaration is here", span }];
}

function spanOf(entity: Entity): TokenSpan {
	return entity.kind === "object" || entity.kind === "function" ? entity.symbol.span : entity.span;
}

export function differentKind(cx: Cx, name: string, span: TokenSpan, before: Entity): void {
	report(cx, "redefinition", span, `redefinition of '${name}' as different kind of symbol`, [
		{ message: "previous definition is here", span: spanOf(before) },
	]);
}
