import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import { report, type Cleanup, type Cx, type FunctionState } from "./context.ts";
import type { TStmt } from "./typed.ts";

/**
 * Labels: one name space per function, `__label__` names renamed to be unique in it.
 * A goto out of a scope with cleanups runs them; which ones is known when the whole function has been read.
 */
function renamed(fn: FunctionState, name: string): string {
	for (let i = fn.labels.renamed.length - 1; i >= 0; i--) {
		const other = fn.labels.renamed[i]!.get(name);
		if (other !== undefined) return other;
	}
	return name;
}

export function declareLocalLabels(cx: Cx, names: readonly string[]): void {
	const fn = cx.fn!;
	const scope = fn.labels.renamed[fn.labels.renamed.length - 1];
	for (const name of names) scope?.set(name, `${name}.${cx.counter++}`);
}

/** A name's use; the label itself may come later. */
export function useLabel(cx: Cx, name: string, span: TokenSpan): string {
	return use(cx, name, span, null);
}

function use(cx: Cx, source: string, span: TokenSpan, patch: TStmt[] | null): string {
	const fn = cx.fn;
	if (!fn) {
		report(cx, "undeclaredLabel", span, `use of label '${source}' outside of a function`);
		return source;
	}
	const name = renamed(fn, source);
	fn.labels.uses.push({ name, source, span, patch, cleanups: [...fn.cleanups] });
	return name;
}

export function gotoLabel(cx: Cx, source: string, span: TokenSpan): TStmt {
	const fn = cx.fn!;
	if (fn.cleanups.length === 0) return { kind: "goto", label: use(cx, source, span, null), span };
	const body: TStmt[] = [];
	const label = use(cx, source, span, body);
	body.push({ kind: "goto", label, span });
	return { kind: "block", body, span };
}

export function defineLabel(cx: Cx, source: string, span: TokenSpan, unused: boolean): string {
	const fn = cx.fn!;
	const name = renamed(fn, source);
	const before = fn.labels.defined.get(name);
	if (before)
		report(cx, "duplicateLabel", span, `redefinition of label '${source}'`, [
			{ message: "previous definition is here", span: before.span },
		]);
	else fn.labels.defined.set(name, { span, source, unused, cleanups: [...fn.cleanups] });
	return name;
}

/** When the body is read: every label used must exist, and gotos learn what they leave. */
export function finishLabels(cx: Cx, fn: FunctionState): void {
	const used = new Set<string>();
	for (const use of fn.labels.uses) {
		used.add(use.name);
		const target = fn.labels.defined.get(use.name);
		if (!target) {
			report(cx, "undeclaredLabel", use.span, `use of undeclared label '${use.source}'`);
			continue;
		}
		if (!use.patch) continue;
		const left = use.cleanups.filter((c) => !target.cleanups.includes(c));
		use.patch.unshift(...runCleanups(left));
	}
	for (const [name, label] of fn.labels.defined)
		if (!used.has(name) && !label.unused) report(cx, "unusedLabel", label.span, `unused label '${label.source}'`);
}

/** Innermost first. */
export function runCleanups(cleanups: readonly Cleanup[]): TStmt[] {
	return [...cleanups].reverse().map((c) => c.call());
}
