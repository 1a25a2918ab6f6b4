/**
 * -Waddress-of-packed-member: a pointer to a member of a packed record, which need not be aligned as the pointer's type promises. In: the operands of
 * `&`, and what becomes of the addresses at once: a number, or a pointer that promises no more than is true, is no reason to warn. So the rest is told
 * when its statement or initialiser ends. Source: clang's SemaChecking (RefersToMemberWithReducedAlignment).
 */
import { oneToken } from "../diagnostics/diagnostic.ts";
import { asPointer, isComplete, isInteger } from "./basic.ts";
import { report, type Cx } from "./context.ts";
import { alignOf } from "./layout.ts";
import type { LExpr, TExpr } from "./typed.ts";
import type { CType } from "./types.ts";

type MemberPlace = LExpr & { readonly kind: "member" };

/** `&place` was written. */
export function noteMisaligned(cx: Cx, place: LExpr): void {
	if (place.kind !== "member") return;
	const chain: MemberPlace[] = [];
	let base: LExpr = place;
	while (base.kind === "member") {
		chain.push(base);
		base = base.base;
	}
	const culprit = chain.find((step) => step.member.packed);
	if (culprit === undefined) return;
	const offset = chain.reduce((sum, step) => sum + step.member.bitOffset / 8, 0);
	const whole = Math.max(alignOf(chain.at(-1)!.record), base.kind === "variable" ? base.symbol.align : 1);
	const promised = alignOf(place.type);
	if (offset % promised === 0 && whole >= promised) return;
	cx.misaligned.push({
		place,
		align: Math.min(alignOf(culprit.member.type), alignOf(culprit.record)),
		message: `taking address of packed member '${culprit.member.name ?? ""}' of class or structure '${nameOf(culprit)}' may result in an unaligned pointer value`,
	});
}

/** The record's own name, or that of the type by which it was reached. */
function nameOf({ record, base }: MemberPlace): string {
	if (record.name !== null) return record.name;
	let { type } = base;
	while (type.kind === "qualified" || type.kind === "tagged") type = type.target;
	return type.kind === "typedef" ? type.name : "(anonymous)";
}

/** The value is converted: what was noted of it does not matter where `to` promises nothing that is not so. */
export function excuseMisaligned(cx: Cx, value: TExpr, to: CType): void {
	if (cx.misaligned.length === 0 || value.kind !== "address") return;
	const at = cx.misaligned.findIndex(({ place }) => place === value.of);
	if (at < 0) return;
	const { align } = cx.misaligned[at]!;
	const target = asPointer(to)?.target;
	const harmless = target === undefined ? isInteger(to) : !isComplete(target) || alignOf(target) <= align;
	if (harmless && align > 0) cx.misaligned.splice(at, 1);
}

/** An address that stays what it is on its way through a call: no conversion of the result is looked at. */
export function keepMisaligned(cx: Cx, value: TExpr): void {
	const at = value.kind === "address" ? cx.misaligned.findIndex(({ place }) => place === value.of) : -1;
	if (at >= 0) cx.misaligned[at] = { ...cx.misaligned[at]!, align: 0 };
}

/** A statement or an initialiser ends. */
export function reportMisaligned(cx: Cx): void {
	for (const { place, message } of cx.misaligned.splice(0)) report(cx, "packedAddress", oneToken(place.span.from), message);
}
