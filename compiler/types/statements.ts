import type { CompoundStmt, Expr, Stmt } from "../grammar/ast.ts";
import { isVoid, pointerTo, VOID } from "./basic.ts";
import * as build from "./build.ts";
import { checkAsm } from "./asm.ts";
import { inScope, report, type Breakable, type Cx } from "./context.ts";
import { assignConvert, condition } from "./conversions.ts";
import { declareLocalLabels, defineLabel, gotoLabel, runCleanups } from "./labels.ts";
import { fallsThrough } from "./flow.ts";
import { localObject } from "./locals.ts";
import { rvalue } from "./operand.ts";
import { value } from "./operators.ts";
import { noAttributes } from "./attr-set.ts";
import { collect } from "./attributes.ts";
import { checkIndentation } from "./indentation.ts";
import { reportMisaligned } from "./packed.ts";
import { checkCondition, checkDanglingElse, checkEmptyBody } from "./precedence.ts";
import { checkStaticAssert } from "./static-assert.ts";
import { Scope } from "./scope.ts";
import { caseStmt, defaultStmt, switchStmt } from "./switch.ts";
import type { TExpr, TStmt } from "./typed.ts";
import { expressionStmt, forgetWrite } from "./unused.ts";
import { jump, returnStmt } from "./jumps.ts";

/** One statement of the syntax tree → typed statements. Source: C11 6.8, GNU C for computed goto, case ranges and statement expressions. */
type Node<K extends Stmt["kind"]> = Stmt & { readonly kind: K };

/** Statements nest as the source does; beyond this the stack of the host is in danger. */
const MAX_DEPTH = 600;

export function stmt(cx: Cx, s: Stmt): TStmt[] {
	if (cx.depth >= MAX_DEPTH) {
		report(cx, "limit", s.span, `statements nested more than ${MAX_DEPTH} levels deep`);
		return [];
	}
	cx.depth++;
	try {
		const made = dispatch(cx, s);
		reportMisaligned(cx);
		return made;
	} finally {
		cx.depth--;
	}
}

/** A statement where the grammar wants exactly one. */
function one(cx: Cx, s: Stmt): TStmt {
	const list = stmt(cx, s);
	return list.length === 1 ? list[0]! : { kind: "block", body: list, span: s.span };
}

function dispatch(cx: Cx, s: Stmt): TStmt[] {
	const fn = cx.fn!;
	switch (s.kind) {
		case "compound":
			return [{ kind: "block", body: block(cx, s), span: s.span }];
		case "expr":
			return [expressionStmt(cx, s)];
		case "empty":
			return [];
		case "if":
			// Each is a block, and what it holds are blocks of their own (C11 6.8.4p3, 6.8.5p5): a type that a condition declares ends with it.
			return [inScope(cx, () => ifStmt(cx, s))];
		case "switch":
			return [inScope(cx, () => switchStmt(cx, s))];
		case "case":
			return caseStmt(cx, s);
		case "default":
			return defaultStmt(cx, s);
		case "label": {
			const name = labelOf(cx, s);
			return [{ kind: "label", name, body: one(cx, s.body), span: s.span }];
		}
		case "while":
			return inScope(cx, () => {
				const test = conditionOf(cx, s.condition);
				return [{ kind: "loop", test: "before", condition: test, body: loopBody(cx, s.body), ...unroll(s), span: s.span }];
			});
		case "do": {
			const body = loopBody(cx, s.body);
			const test = inScope(cx, () => conditionOf(cx, s.condition));
			return [{ kind: "loop", test: "after", condition: test, body, ...unroll(s), span: s.span }];
		}
		case "for":
			return forStmt(cx, s);
		case "goto":
			return [gotoLabel(cx, s.label, s.span)];
		case "computed-goto": {
			const target = assignConvert(
				cx,
				value(cx, s.target),
				pointerTo({ kind: "qualified", const: true, volatile: false, restrict: false, atomic: false, addressSpace: 0, target: VOID }),
				{ kind: "assigning" },
			);
			return [{ kind: "computed-goto", target, span: s.span }];
		}
		case "break":
		case "continue":
			return jump(cx, s);
		case "return":
			return returnStmt(cx, s);
		case "decl":
			return cx.rules.localDeclaration(cx, s.decl);
		case "static-assert-stmt":
			checkStaticAssert(cx, s.assert);
			return [];
		case "local-labels":
			fn.labels.renamed[fn.labels.renamed.length - 1] ??= new Map();
			declareLocalLabels(cx, s.names);
			return [];
		case "asm":
			return [checkAsm(cx, s)];
	}
}

// ── blocks ──────────────────────────────────────────────────────────────────────────────────────

export function block(cx: Cx, s: CompoundStmt): TStmt[] {
	return inScope(cx, () => body(cx, s.body));
}

/** Statements of a block whose scope is open already. Cleanups run at its end. */
export function body(cx: Cx, statements: readonly Stmt[]): TStmt[] {
	return scoped(cx, () => sequence(cx, statements));
}

/** Statements one after the other; what their neighbours tell is looked at here. */
function sequence(cx: Cx, statements: readonly Stmt[]): TStmt[] {
	const list: TStmt[] = [];
	/** Where the statements of the last label of a switch begin. */
	let label = -1;
	statements.forEach((s, i) => {
		if ((s.kind === "case" || s.kind === "default") && cx.fn!.breakables.at(-1)?.kind === "switch") {
			const before = statements[i - 1];
			if (label >= 0 && !endsAnnotated(before) && fallsThrough(list.slice(label)))
				report(
					cx,
					"fallthrough",
					s.span,
					"unannotated fall-through between switch labels",
					FALLTHROUGH.map((message) => ({ message, span: s.span })),
				);
			label = list.length;
		}
		if (s.kind === "for" || s.kind === "while") {
			checkEmptyBody(cx, s.kind, s.body, statements[i + 1]);
			checkIndentation(cx, s.kind, s.span.from, s.body);
		}
		list.push(...stmt(cx, s));
	});
	return list;
}

const FALLTHROUGH = ["insert '__attribute__((fallthrough));' to silence this warning", "insert 'break;' to avoid fall-through"];

/** `__attribute__((fallthrough));`, also as the only statement of a label. */
function endsAnnotated(s: Stmt | undefined): boolean {
	if (s?.kind === "case" || s?.kind === "default" || s?.kind === "label") return endsAnnotated(s.body);
	return s?.kind === "empty" && s.attrs.some(({ name }) => name.replace(/^.*::/, "") === "fallthrough");
}

function scoped(cx: Cx, inner: () => TStmt[]): TStmt[] {
	const fn = cx.fn!;
	const depth = fn.cleanups.length;
	fn.labels.renamed.push(new Map());
	const list = inner();
	fn.labels.renamed.pop();
	list.push(...runCleanups(fn.cleanups.slice(depth)));
	fn.cleanups.length = depth;
	return list;
}

/** `({ …; e; })`: the last expression's value, taken before cleanups run. */
export function valueBlock(cx: Cx, s: CompoundStmt): { statements: TStmt[]; result?: TExpr } {
	const fn = cx.fn!;
	const depth = fn.cleanups.length;
	let result: TExpr | undefined;
	const statements = scoped(cx, () => {
		const last = s.body[s.body.length - 1];
		const list: TStmt[] = [];
		for (const inner of s.body) {
			const tail = inner === last ? valueTail(cx, inner, list) : null;
			if (!tail) {
				list.push(...stmt(cx, inner));
				continue;
			}
			if (isVoid(tail.type)) list.push({ kind: "expr", expr: tail, span: tail.span });
			else if (fn.cleanups.length > depth) {
				const kept = localObject(cx, `.value.${cx.counter++}`, tail.type, tail.span);
				list.push({
					kind: "local",
					symbol: kept,
					init: { zero: false, stores: [{ kind: "value", offset: 0, type: tail.type, value: tail }] },
					span: tail.span,
				});
				result = {
					kind: "load",
					from: { kind: "variable", symbol: kept, type: kept.type, span: tail.span },
					volatile: false,
					type: kept.type,
					span: tail.span,
				};
			} else result = tail;
		}
		return list;
	});
	return result ? { statements, result } : { statements };
}

/** Defines the label of a labelled statement. */
const labelOf = (cx: Cx, { name, span, attrs }: Node<"label">): string =>
	defineLabel(cx, name, span, collect(cx, noAttributes(), attrs).unused);

/** The expression that ends a statement expression, also behind labels. */
function valueTail(cx: Cx, s: Stmt, before: TStmt[]): TExpr | null {
	if (s.kind === "expr") return rvalue(cx.rules.expr(cx, s.expr));
	if (s.kind === "label" && lastIsExpr(s.body)) {
		const name = labelOf(cx, s);
		before.push({ kind: "label", name, body: { kind: "block", body: [], span: s.span }, span: s.span });
		return valueTail(cx, s.body, before);
	}
	return null;
}

function lastIsExpr(s: Stmt): boolean {
	return s.kind === "expr" || (s.kind === "label" && lastIsExpr(s.body));
}

// ── expressions and conditions ──────────────────────────────────────────────────────────────────

function conditionOf(cx: Cx, e: Expr): TExpr {
	checkCondition(cx, e);
	return condition(cx, value(cx, e));
}

/** `else if` chains are as long as programs like: they are walked, not recursed into. */
function ifStmt(cx: Cx, first: Node<"if">): TStmt {
	const before = cx.unevaluated;
	const links: { readonly ast: Node<"if">; readonly condition: TExpr; readonly then: TStmt }[] = [];
	let s = first;
	let last: TStmt | undefined;
	for (;;) {
		const test = conditionOf(cx, s.condition);
		const known = build.truth(test);
		const outer = cx.unevaluated;
		// `if (0) f();` mentions f, which must exist for the checker but not for the linker; labels inside still count.
		cx.unevaluated = outer || (known === false && !hasLabel(s.then));
		checkDanglingElse(cx, s.then, s.else !== undefined);
		if (!s.else) {
			checkEmptyBody(cx, "if", s.then, undefined);
			// In a ladder of `else if` it is the `else` that is indented.
			checkIndentation(cx, "if", s.span.from - (s === first ? 0 : 1), s.then);
		}
		const then = inScope(cx, () => one(cx, s.then));
		cx.unevaluated = outer || (known === true && s.else !== undefined && !hasLabel(s.else));
		links.push({ ast: s, condition: test, then });
		if (s.else?.kind === "if") {
			s = s.else;
			cx.scope = new Scope(cx.scope);
			continue;
		}
		const { else: rest } = s;
		if (rest) {
			checkIndentation(cx, "else", rest.span.from - 1, rest);
			last = inScope(cx, () => one(cx, rest));
		}
		break;
	}
	cx.unevaluated = before;
	for (const link of links.reverse())
		last = { kind: "if", condition: link.condition, then: link.then, ...(last ? { else: last } : {}), span: link.ast.span };
	return last!;
}

/** Code that can be jumped into is alive even under `if (0)`. */
function hasLabel(s: Stmt): boolean {
	switch (s.kind) {
		case "label":
		case "case":
		case "default":
			return true;
		case "compound":
			return s.body.some(hasLabel);
		case "if":
			return hasLabel(s.then) || (s.else !== undefined && hasLabel(s.else));
		case "switch":
		case "while":
		case "do":
		case "for":
			return hasLabel(s.body);
		default:
			return false;
	}
}

// ── loops and jumps ─────────────────────────────────────────────────────────────────────────────

function unroll(s: Node<"while" | "do" | "for">): { unroll?: number } {
	return s.loop ? { unroll: s.loop.unroll } : {};
}

function loopBody(cx: Cx, s: Stmt): TStmt {
	return within(cx, { kind: "loop", cleanupDepth: cx.fn!.cleanups.length }, () => inScope(cx, () => one(cx, s)));
}

function within<T>(cx: Cx, breakable: Breakable, inner: () => T): T {
	const { breakables } = cx.fn!;
	breakables.push(breakable);
	try {
		return inner();
	} finally {
		breakables.pop();
	}
}

function forStmt(cx: Cx, s: Node<"for">): TStmt[] {
	return inScope(cx, () => [
		{
			kind: "block",
			body: scoped(cx, () => {
				const list: TStmt[] = [];
				if (s.init) {
					if (s.init.kind === "declaration") list.push(...cx.rules.localDeclaration(cx, s.init));
					else {
						const first = rvalue(cx.rules.expr(cx, s.init));
						forgetWrite(cx, first);
						list.push({ kind: "expr", expr: first, span: s.init.span });
					}
				}
				const test = s.condition ? conditionOf(cx, s.condition) : undefined;
				const step = s.step ? rvalue(cx.rules.expr(cx, s.step)) : undefined;
				if (step) forgetWrite(cx, step);
				const inner = loopBody(cx, s.body);
				list.push({
					kind: "loop",
					test: "before",
					...(test ? { condition: test } : {}),
					...(step ? { step } : {}),
					body: inner,
					for: true,
					...unroll(s),
					span: s.span,
				});
				return list;
			}),
			span: s.span,
		},
	]);
}
