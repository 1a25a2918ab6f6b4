/**
 * -Wenum-compare and -Wenum-conversion: values of one enumeration where those of another are wanted. Enumerators have the type int in C, but are asked as
 * what they are; a cast or arithmetic makes a number of them. Enumerations without any name mix with all.
 */
import { oneToken, type TokenSpan } from "../diagnostics/diagnostic.ts";
import { canonical, unqualified } from "./basic.ts";
import { report, type Cx } from "./context.ts";
import { written } from "./operand.ts";
import { quote } from "./spell.ts";
import type { LExpr, TExpr } from "./typed.ts";
import type { CType, EnumType } from "./types.ts";

/** The enumeration that a value is of, as it is spelled; null: it is of none, or of one without a name. */
function enumerationOf(e: TExpr): { readonly type: EnumType; readonly spelled: CType } | null {
	return e.kind === "int" && e.enumeration !== undefined ? named(e.enumeration) : named(e.type);
}

function named(spelled: CType): { readonly type: EnumType; readonly spelled: CType } | null {
	const type = canonical(spelled);
	if (type.kind !== "enum") return null;
	return type.name !== null || unqualified(spelled).kind === "typedef" ? { type, spelled: unqualified(spelled) } : null;
}

/** Operands of a comparison, before their conversions. */
export function checkEnumComparison(cx: Cx, left: TExpr, right: TExpr, at: TokenSpan): void {
	const a = enumerationOf(left);
	const b = a === null ? null : enumerationOf(right);
	if (a === null || b === null || a.type === b.type || cx.unevaluated) return;
	report(cx, "enumCompare", at, `comparison of different enumeration types (${quote(a.spelled)} and ${quote(b.spelled)})`);
}

/** A value that is stored, passed or returned as a `to`; of a conditional, either of its arms. */
export function checkEnumConversion(cx: Cx, value: TExpr, to: CType): void {
	const e = written(value);
	if (e.kind === "conditional") {
		if (e.then !== undefined) checkEnumConversion(cx, e.then, to);
		checkEnumConversion(cx, e.else, to);
		return;
	}
	const target = named(to);
	const source = target === null ? null : enumerationOf(e);
	if (target === null || source === null || source.type === target.type || cx.unevaluated) return;
	report(
		cx,
		"enumConversion",
		placeOf(e),
		`implicit conversion from enumeration type ${quote(source.spelled)} to different enumeration type ${quote(target.spelled)}`,
	);
}

/** Where clang points: at the member's name, else where the expression begins. */
function placeOf(e: TExpr): TokenSpan {
	const place: LExpr | null = e.kind === "load" ? e.from : null;
	return oneToken(place?.kind === "member" ? place.span.to - 1 : e.span.from);
}
