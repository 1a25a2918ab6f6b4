/** -Wreturn-stack-address: what a function returns is the address of something that ends with it. Followed are the steps of the one expression only. */
import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import { asPointer } from "./basic.ts";
import { report, type Cx } from "./context.ts";
import type { LExpr, TExpr } from "./typed.ts";

export function checkReturnedAddress(cx: Cx, e: TExpr): void {
	switch (e.kind) {
		case "address":
			return checkPlace(cx, e.of);
		case "convert":
			if (asPointer(e.type) !== null) checkReturnedAddress(cx, e.operand);
			return;
		case "pointer-add":
			return checkReturnedAddress(cx, e.pointer);
		case "comma":
			return checkReturnedAddress(cx, e.right);
		case "conditional":
			if (e.then !== undefined) checkReturnedAddress(cx, e.then);
			return checkReturnedAddress(cx, e.else);
		default:
			return;
	}
}

function checkPlace(cx: Cx, place: LExpr): void {
	let root = place;
	while (root.kind === "member" || root.kind === "element") root = root.base;
	if (root.kind !== "variable" || root.symbol.storage === "static" || cx.unevaluated) return;
	const what = root.symbol.storage === "param" ? "parameter" : "local variable";
	const span: TokenSpan = root.span;
	report(cx, "returnedAddress", span, `address of stack memory associated with ${what} '${root.symbol.name}' returned`);
}
