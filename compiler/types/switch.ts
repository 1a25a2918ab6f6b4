import type { Expr, Stmt } from "../grammar/ast.ts";
import { canonical, INT, isError, isInteger, integerType, wrap } from "./basic.ts";
import { constantValue } from "./constant.ts";
import { inScope, report, unevaluated, type Cx, type SwitchState } from "./context.ts";
import { promote } from "./conversions.ts";
import { errorValue } from "./operand.ts";
import { value } from "./operators.ts";
import { checkCondition, checkEmptyBody } from "./precedence.ts";
import { quote } from "./spell.ts";
import type { TStmt } from "./typed.ts";
import type { CType, EnumType } from "./types.ts";

/**
 * `switch`, `case` (with GNU ranges) and `default`. Case values are converted to the promoted type of the controlling expression
 * (C11 6.8.4.2p5), and no two may be equal.
 */
type Node<K extends Stmt["kind"]> = Stmt & { readonly kind: K };

export function switchStmt(cx: Cx, s: Node<"switch">): TStmt {
	const fn = cx.fn!;
	let control = value(cx, s.value);
	let checked: CType | null = null;
	checkCondition(cx, s.value);
	checkEmptyBody(cx, "switch", s.body, undefined);
	if (!isInteger(control.type)) {
		if (!isError(control.type))
			report(cx, "badSwitch", s.value.span, `statement requires expression of integer type (${quote(control.type)} invalid)`);
		control = errorValue(s.value.span);
	} else {
		checked = canonical(control.type);
		control = promote(control);
	}
	const state: SwitchState = { type: control.type, cases: [] };
	fn.breakables.push({ kind: "switch", cleanupDepth: fn.cleanups.length, switch: state });
	const list = inScope(cx, () => cx.rules.stmt(cx, s.body));
	fn.breakables.pop();
	reportDuplicates(cx, state);
	if (checked?.kind === "enum" && !cx.unevaluated) compareWithEnum(cx, s.value, checked, state);
	const body: TStmt = list.length === 1 ? list[0]! : { kind: "block", body: list, span: s.body.span };
	return {
		kind: "switch",
		value: control,
		cases: state.cases.map(({ from, to, id }) => ({ from, to, id })),
		...(state.defaultId !== undefined ? { defaultId: state.defaultId } : {}),
		body,
		span: s.span,
	};
}

function reportDuplicates(cx: Cx, state: SwitchState): void {
	const sorted = [...state.cases].sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : a.id - b.id));
	for (let i = 1; i < sorted.length; i++) {
		const before = sorted[i - 1]!;
		const here = sorted[i]!;
		if (here.from > before.to) continue;
		const [first, second] = before.id < here.id ? [before, here] : [here, before];
		report(cx, "duplicateCase", second.span, `duplicate case value '${second.from}'`, [
			{ message: "previous case defined here", span: first.span },
		]);
	}
}

/** Without a default, every enumerator should have a case; and each case should be one of them. */
function compareWithEnum(cx: Cx, value: Expr, type: EnumType, state: SwitchState): void {
	if (type.body === null || isNever(type)) return;
	const { enumerators } = type.body;
	const has = (n: bigint): boolean => state.cases.some(({ from, to }) => from <= n && n <= to);
	if (state.defaultId === undefined) {
		// Two names of one value are one case.
		const missing = [
			...new Map(
				enumerators
					.filter((e) => !has(e.value))
					.reverse()
					.map((e) => [e.value, e.name]),
			).values(),
		]
			.reverse()
			.map((name) => `'${name}'`);
		const count = missing.length;
		const text =
			count === 1
				? `enumeration value ${missing[0]} not handled in switch`
				: count === 2
					? `enumeration values ${missing[0]} and ${missing[1]} not handled in switch`
					: count === 3
						? `enumeration values ${missing[0]}, ${missing[1]}, and ${missing[2]} not handled in switch`
						: `${count} enumeration values not handled in switch: ${missing.slice(0, 3).join(", ")}...`;
		if (count > 0) report(cx, "unhandledEnum", "at" in value ? { from: value.at, to: value.at + 1 } : value.span, text);
	}
	for (const { from, to, span } of state.cases)
		if (from === to && !enumerators.some((e) => e.value === from))
			report(cx, "unhandledEnum", span, `case value not in enumerated type ${quote(type)}`);
}

/** An enum without enumerators says nothing about its values. */
const isNever = (type: EnumType): boolean => type.body!.enumerators.length === 0;

function innermost(cx: Cx): SwitchState | undefined {
	return cx.fn!.breakables.findLast((b) => b.kind === "switch")?.switch;
}

export function caseStmt(cx: Cx, s: Node<"case">): TStmt[] {
	const state = innermost(cx);
	if (!state) {
		report(cx, "strayCase", s.span, "'case' statement not in switch statement");
		return cx.rules.stmt(cx, s.body);
	}
	const from = caseValue(cx, s.from, state);
	const to = s.to ? caseValue(cx, s.to, state) : from;
	if (from !== null && to !== null && to < from) {
		// No value leads here; what comes before may still fall in.
		report(cx, "emptyRange", s.from.span, "empty case range specified");
		return [bodyOf(cx, s.body)];
	}
	const id = cx.fn!.nextCase++;
	if (from !== null && to !== null) state.cases.push({ from, to, id, span: s.from.span });
	return [{ kind: "case", id, body: bodyOf(cx, s.body), span: s.span }];
}

export function defaultStmt(cx: Cx, s: Node<"default">): TStmt[] {
	const state = innermost(cx);
	if (!state) {
		report(cx, "strayCase", s.span, "'default' statement not in switch statement");
		return cx.rules.stmt(cx, s.body);
	}
	const id = cx.fn!.nextCase++;
	if (state.defaultId !== undefined)
		report(cx, "duplicateCase", s.span, "multiple default labels in one switch", [
			{ message: "previous case defined here", span: state.defaultSpan ?? null },
		]);
	else {
		state.defaultId = id;
		state.defaultSpan = s.span;
	}
	return [{ kind: "case", id, body: bodyOf(cx, s.body), span: s.span }];
}

function bodyOf(cx: Cx, s: Stmt): TStmt {
	const list = cx.rules.stmt(cx, s);
	return list.length === 1 ? list[0]! : { kind: "block", body: list, span: s.span };
}

function caseValue(cx: Cx, ast: Expr, state: SwitchState): bigint | null {
	const v = unevaluated(cx, () => value(cx, ast));
	if (isError(v.type)) return null;
	const known = isInteger(v.type) ? constantValue(cx, v) : null;
	if (known === null) {
		report(cx, "notConstant", ast.span, "expression is not an integer constant expression");
		return null;
	}
	return wrap(known, integerType(state.type) ?? INT);
}
