import type { Stmt } from "../grammar/ast.ts";
import { isError, isPointer, isVoid } from "./basic.ts";
import { report, type Cx } from "./context.ts";
import { assignConvert } from "./conversions.ts";
import { runCleanups } from "./labels.ts";
import { localObject } from "./locals.ts";
import { value } from "./operators.ts";
import { checkReturnedAddress } from "./stack-address.ts";
import type { TStmt } from "./typed.ts";

/** Ways out of loops, switches and functions, past the cleanups of what is left (C11 6.8.6). */
type Node<K extends Stmt["kind"]> = Stmt & { readonly kind: K };

export function jump(cx: Cx, s: Node<"break" | "continue">): TStmt[] {
	const fn = cx.fn!;
	const out = fn.breakables.findLast((b) => s.kind === "break" || b.kind === "loop");
	if (!out) {
		report(
			cx,
			"strayBreak",
			s.span,
			s.kind === "break" ? "'break' statement not in loop or switch statement" : "'continue' statement not in loop statement",
		);
		return [];
	}
	return [...runCleanups(fn.cleanups.slice(out.cleanupDepth)), { kind: s.kind, span: s.span }];
}

export function returnStmt(cx: Cx, s: Node<"return">): TStmt[] {
	const fn = cx.fn!;
	const cleanups = runCleanups(fn.cleanups);
	if (fn.noreturn && !cx.unevaluated) report(cx, "missingReturn", s.span, `function '${fn.name}' declared 'noreturn' should not return`);
	if (!s.value) {
		if (!isVoid(fn.result) && !isError(fn.result))
			report(cx, "returnValue", s.span, `non-void function '${fn.name}' should return a value`);
		return [...cleanups, { kind: "return", span: s.span }];
	}
	const v = value(cx, s.value);
	if (isVoid(fn.result)) {
		if (!isVoid(v.type) && !isError(v.type)) report(cx, "returnValue", s.span, `void function '${fn.name}' should not return a value`);
		return [{ kind: "expr", expr: v, span: s.span }, ...cleanups, { kind: "return", span: s.span }];
	}
	const converted = assignConvert(cx, v, fn.result, { kind: "returning" }, s.value.span);
	if (isPointer(fn.result)) checkReturnedAddress(cx, converted);
	if (cleanups.length === 0) return [{ kind: "return", value: converted, span: s.span }];
	const kept = localObject(cx, `.return.${cx.counter++}`, converted.type, s.span);
	return [
		{
			kind: "local",
			symbol: kept,
			init: { zero: false, stores: [{ kind: "value", offset: 0, type: kept.type, value: converted }] },
			span: s.span,
		},
		...cleanups,
		{
			kind: "return",
			value: {
				kind: "load",
				from: { kind: "variable", symbol: kept, type: kept.type, span: s.span },
				volatile: false,
				type: kept.type,
				span: s.span,
			},
			span: s.span,
		},
	];
}
