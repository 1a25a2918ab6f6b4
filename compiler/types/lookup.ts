import type { Diagnostic, TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Cx } from "./context.ts";
import type { Entity } from "./scope.ts";

/** The meaning of an ordinary identifier at a place: the innermost block's, else file scope's if it is declared before that place. */
export function lookup(cx: Cx, name: string, at: number): Entity | undefined {
	return cx.scope?.find(name) ?? fileEntity(cx, name, at);
}

/** What file scope means by a name at a place; it is resolved when first asked for. */
export function fileEntity(cx: Cx, name: string, at: number): Entity | undefined {
	if (cx.file.isNew(name)) cx.rules.resolve(cx, name);
	return cx.file.entity(name, at);
}

/** A spelling close enough to be what was meant, as a fix; nothing when none is. */
export function didYouMean(cx: Cx, name: string, span: TokenSpan, kind: "type" | "value"): Diagnostic["fix"] | undefined {
	if (name.length < 3) return undefined;
	const limit = Math.max(1, Math.floor(name.length / 3));
	let best: string | null = null;
	let bestDistance = limit + 1;
	const consider = (candidate: string): void => {
		if (Math.abs(candidate.length - name.length) >= bestDistance || candidate === name) return;
		const d = distance(name, candidate, bestDistance);
		if (d < bestDistance) {
			best = candidate;
			bestDistance = d;
		}
	};
	if (cx.scope) for (const n of cx.scope.names()) consider(n);
	for (const n of cx.unit.ordinaryNames()) consider(n);
	if (best === null) return undefined;
	const entity = lookup(cx, best, span.from);
	if (!entity || (entity.kind === "typedef") !== (kind === "type")) return undefined;
	return { span, text: best, message: `did you mean '${best}'?` };
}

/** Edit distance with transpositions, given up at `limit`. */
export function distance(a: string, b: string, limit: number): number {
	let before: number[] = [];
	let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
	for (let i = 1; i <= a.length; i++) {
		const row = [i];
		let least = i;
		for (let j = 1; j <= b.length; j++) {
			const same = a[i - 1] === b[j - 1];
			let d = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
			if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, before[j - 2]! + 1);
			row.push(d);
			least = Math.min(least, d);
		}
		if (least >= limit) return limit;
		before = previous;
		previous = row;
	}
	return previous[b.length]!;
}
