/** `--diagnostics=json`: one object per line, places as an editor wants them. */
import type { TokenBuffer } from "../preprocess/buffer.ts";
import type { Expansion } from "../preprocess/buffer.ts";
import type { Diagnostic, TokenSpan } from "./diagnostic.ts";

/** Lines and columns from 1 on. */
export interface JsonPlace {
	readonly file: string;
	readonly line: number;
	readonly column: number;
	readonly endLine: number;
	readonly endColumn: number;
}

/** A message as data: its place, the macros and includes that lead there, notes, and an edit where there is one. */
export interface JsonDiagnostic {
	readonly severity: string;
	readonly code: string;
	readonly group?: string;
	readonly message: string;
	readonly place: JsonPlace | null;
	readonly macros: readonly {
		readonly name: string;
		readonly place: { readonly file: string; readonly line: number; readonly column: number };
	}[];
	readonly includedFrom: readonly { readonly file: string; readonly line: number }[];
	readonly notes: readonly { readonly message: string; readonly place: JsonPlace | null }[];
	readonly fix?: { readonly message: string; readonly text: string; readonly place: JsonPlace | null };
}

/** `tokens`: those of the result that it came with; null: it has no places. */
export function jsonDiagnostic(diagnostic: Diagnostic, tokens: TokenBuffer | null): JsonDiagnostic {
	const place = (span: TokenSpan | null): JsonPlace | null => (span === null || tokens === null ? null : spanPlace(tokens, span));
	const { span, fix } = diagnostic;
	return {
		severity: diagnostic.severity,
		code: diagnostic.code,
		...(diagnostic.group === undefined ? {} : { group: diagnostic.group }),
		message: diagnostic.message,
		place: place(span),
		macros: span === null || tokens === null ? [] : macros(tokens, span.from),
		includedFrom: span === null || tokens === null ? [] : includes(tokens, span.from),
		notes: (diagnostic.notes ?? []).map((note) => ({ message: note.message, place: place(note.span) })),
		...(fix === undefined ? {} : { fix: { message: fix.message, text: fix.text, place: place(fix.span) } }),
	};
}

function spanPlace(tokens: TokenBuffer, span: TokenSpan): JsonPlace {
	const at = (token: number) => tokens.sources.presumed(tokens.messageLocation(token));
	const start = at(span.from);
	const last = Math.max(span.from, span.to - 1);
	const end = at(last);
	const length = tokens.expanded[last] === 0 ? tokens.text(last).length : 1;
	return { ...start, endLine: end.line, endColumn: end.column + length };
}

function macros(tokens: TokenBuffer, token: number): JsonDiagnostic["macros"][number][] {
	const out: JsonDiagnostic["macros"][number][] = [];
	for (let expansion = tokens.expanded[token]; expansion > 0; ) {
		const record = tokens.expansions[expansion] as Expansion;
		out.push({ name: record.macro, place: tokens.sources.presumed(record.callAt) });
		expansion = record.callExpansion;
	}
	return out;
}

function includes(tokens: TokenBuffer, token: number): { file: string; line: number }[] {
	const out: { file: string; line: number }[] = [];
	let file = tokens.sources.fileAt(tokens.fileLocation(token));
	while (file.includedAt >= 0 && out.length < 200) {
		const at = tokens.sources.presumed(file.includedAt);
		out.push({ file: at.file, line: at.line });
		file = tokens.sources.fileAt(file.includedAt);
	}
	return out;
}
