import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Declarator } from "../grammar/ast.ts";
import { report, type Cx } from "./context.ts";
import { nameOf } from "./declarations.ts";

/**
 * -Wshadow. File scope is asked for its trees, not for what they mean: a name that only the warning looks up must not be resolved, or its errors
 * would be reported.
 */

/** The name within a declarator. */
export function nameSpan(d: Declarator): TokenSpan {
	let inner = d;
	while (inner.kind !== "name") inner = inner.inner;
	return inner.span;
}

/** -Wshadow: the name is a variable's already, in a block around or at file scope. */
export function warnShadow(cx: Cx, name: string, span: TokenSpan): void {
	const outer = cx.scope?.parent?.find(name);
	if (outer !== undefined) {
		if (outer.kind === "object")
			report(
				cx,
				"shadow",
				span,
				outer.symbol.storage === "static" && outer.symbol.ownerFunction === undefined
					? "declaration shadows a variable in the global scope"
					: "declaration shadows a local variable",
				[{ message: "previous declaration is here", span: outer.symbol.span }],
			);
		return;
	}
	for (const decl of cx.unit.variables(name)) {
		if (decl.kind !== "declaration" || decl.specs.storage.includes("typedef") || decl.span.from >= span.from) continue;
		const found = decl.declarators.find(({ declarator }) => nameOf(declarator) === name);
		if (found === undefined || isFunctionDeclarator(found.declarator)) continue;
		report(cx, "shadow", span, "declaration shadows a variable in the global scope", [
			{ message: "previous declaration is here", span: nameSpan(found.declarator) },
		]);
		return;
	}
}

/** `f(…)` rather than `(*f)(…)`: the layer next to the name. */
function isFunctionDeclarator(declarator: Declarator): boolean {
	let last = declarator;
	for (let d = declarator; d.kind !== "name"; d = d.inner) if (d.kind !== "attributed") last = d;
	return last.kind === "function";
}
