import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Expr } from "../grammar/ast.ts";
import { asPointer, BOOL, isError, isInteger, pointerTo, ULONG, unqualified, VOID, wrap, integerType } from "../types/basic.ts";
import * as build from "../types/build.ts";
import { report, type Cx } from "../types/context.ts";
import { assignConvert, promote } from "../types/conversions.ts";
import { errorValue } from "../types/operand.ts";
import { value } from "../types/operators.ts";
import { quote } from "../types/spell.ts";
import type { TExpr } from "../types/typed.ts";
import type { Builtin } from "./table.ts";

/** `__builtin_is_aligned`, `__builtin_align_up`, `__builtin_align_down` (clang): of an integer or an address, which keeps its type. */
export function alignment(cx: Cx, b: Builtin, [given, by]: readonly Expr[], span: TokenSpan): TExpr {
	const x = value(cx, given!);
	const step = value(cx, by!);
	if (isError(x.type) || isError(step.type)) return errorValue(span);
	const pointer = asPointer(x.type) !== null;
	if (!pointer && !isInteger(x.type)) {
		report(cx, "badBuiltin", given!.span, `operand of type ${quote(x.type)} where arithmetic or pointer type is required`);
		return errorValue(span);
	}
	if (!isInteger(step.type)) {
		report(cx, "badBuiltin", by!.span, `alignment of type ${quote(step.type)} where an integer is required`);
		return errorValue(span);
	}
	if (step.kind === "int" && (step.value <= 0n || (step.value & (step.value - 1n)) !== 0n)) {
		report(
			cx,
			"badAlignment",
			by!.span,
			step.value <= 0n ? "requested alignment must be 1 or greater" : "requested alignment is not a power of 2",
		);
		return errorValue(span);
	}
	const asked = b.key === "is_aligned";
	const type = asked ? BOOL : unqualified(x.type);
	if (x.kind === "int" && step.kind === "int") {
		const last = step.value - 1n;
		const known = asked ? ((x.value & last) === 0n ? 1n : 0n) : (b.key === "align_up" ? x.value + last : x.value) & ~last;
		return build.intConst(wrap(known, integerType(type) ?? integerType(ULONG)!), type, span);
	}
	const wide = build.convert(step, pointer ? ULONG : promote(x).type, false);
	return { kind: "builtin", name: b.name, args: [pointer ? x : promote(x), wide], typeArgs: [], type, span };
}

/** `__builtin_assume_aligned`: an address as it is. */
export function assumeAligned(cx: Cx, args: readonly Expr[]): TExpr {
	return assignConvert(cx, value(cx, args[0]!), pointerTo(VOID), { kind: "passing" }, args[0]!.span);
}
