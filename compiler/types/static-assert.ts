import type { StaticAssert } from "../grammar/ast.ts";
import { isError } from "./basic.ts";
import { constantValue } from "./constant.ts";
import { report, unevaluated, type Cx } from "./context.ts";
import { rvalue } from "./operand.ts";

export function checkStaticAssert(cx: Cx, ast: StaticAssert): void {
	const condition = unevaluated(cx, () => rvalue(cx.rules.expr(cx, ast.condition)));
	if (isError(condition.type)) return;
	const value = constantValue(cx, condition);
	if (value === null) report(cx, "notConstant", ast.condition.span, "static assertion expression is not an integral constant expression");
	else if (value === 0n)
		report(cx, "staticAssert", ast.condition.span, ast.message ? `static assertion failed: ${ast.message}` : "static assertion failed");
}
