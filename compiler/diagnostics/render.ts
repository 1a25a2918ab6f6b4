/**
 * A diagnostic as people read it, after clang and rustc:
 *
 *     prog.bpf.c:12:9: error: use of undeclared identifier 'cout'; did you mean 'count'? [E0201]
 *        12 |     return cout + 1;
 *           |            ^~~~
 *           |            count
 *     prog.bpf.c:3:5: note: …
 */
import { type Expansion, spell, type TokenBuffer } from "../preprocess/buffer.ts";
import type { Diagnostic, TokenSpan } from "./diagnostic.ts";

/** How a message is shown. */
export interface RenderOptions {
	readonly color: boolean;
	/** Columns that a source line may take. */
	readonly width?: number;
}

const BOLD = "1";
const STYLES: Readonly<Record<Diagnostic["severity"], string>> = { error: "1;31", warning: "1;35", note: "1;36" };
const CARET = "1;32";
const MAX_BACKTRACE = 6;

/** One message with its notes, source lines and carets, several lines without a newline at the end. `tokens`: those of the result that it came with; null leaves the source out. */
export function renderDiagnostic(diagnostic: Diagnostic, tokens: TokenBuffer | null, options: RenderOptions): string {
	const paint = (style: string, text: string): string => (options.color ? `\x1b[${style}m${text}\x1b[0m` : text);
	const out: string[] = [];
	const { span } = diagnostic;
	if (tokens !== null && span !== null) out.push(...includeStack(tokens, tokens.messageLocation(span.from)));
	const where = span === null || tokens === null ? "ebpfcc: " : `${position(tokens, tokens.messageLocation(span.from))}: `;
	out.push(
		paint(BOLD, where) +
			paint(STYLES[diagnostic.severity], `${diagnostic.severity}: `) +
			paint(BOLD, diagnostic.message) +
			flagOf(diagnostic),
	);
	// An edit within a macro's text would be shown where the macro is called: nothing to write there.
	const fix =
		diagnostic.fix !== undefined && tokens !== null && tokens.expanded[diagnostic.fix.span.from] === 0 ? diagnostic.fix : undefined;
	if (tokens !== null && span !== null) {
		out.push(...excerpt(tokens, rangeOf(tokens, span), fix?.text, fix === undefined ? null : rangeOf(tokens, fix.span), paint));
		out.push(...backtrace(tokens, span.from, paint));
	}
	for (const note of diagnostic.notes ?? []) {
		const at = note.span === null || tokens === null ? "" : `${position(tokens, tokens.messageLocation(note.span.from))}: `;
		out.push(paint(BOLD, at) + paint(STYLES.note, "note: ") + note.message);
		if (note.span !== null && tokens !== null)
			out.push(...excerpt(tokens, rangeOf(tokens, note.span), undefined, null, paint), ...backtrace(tokens, note.span.from, paint));
	}
	return `${out.join("\n")}\n`;
}

/** A stretch of one source line. */
interface Range {
	readonly location: number;
	/** End on the same line, exclusive. */
	readonly end: number;
}

function position(tokens: TokenBuffer, location: number): string {
	const { file, line, column } = tokens.sources.presumed(location);
	return `${file}:${line}:${column}`;
}

function tokenEnd(tokens: TokenBuffer, token: number): number {
	const location = tokens.messageLocation(token);
	if (tokens.expanded[token] === 0)
		return (
			location + Math.max(1, spell(tokens.kinds[token], tokens.values[token], tokens.locations[token], tokens.sources, tokens.names).length)
		);
	// A macro call is underlined by its name.
	return location + wordLength(tokens, location);
}

function wordLength(tokens: TokenBuffer, location: number): number {
	const file = tokens.sources.fileAt(location);
	let end = location - file.base;
	while (end < file.bytes.length && /[A-Za-z0-9_$]/.test(String.fromCharCode(file.bytes[end]))) end++;
	return Math.max(1, end - (location - file.base));
}

function rangeOf(tokens: TokenBuffer, span: TokenSpan): Range {
	const location = tokens.messageLocation(span.from);
	const start = tokens.sources.lineColumn(location);
	let end = tokenEnd(tokens, span.from);
	const last = Math.max(span.from, span.to - 1);
	if (last > span.from && last < tokens.length) {
		const there = tokens.sources.lineColumn(tokens.messageLocation(last));
		if (there.file === start.file && there.line === start.line) end = Math.max(end, tokenEnd(tokens, last));
		else if (there.file === start.file && there.line > start.line)
			end = location - start.column + 1 + tokens.sources.lineText(start.file, start.line).length;
	}
	return { location, end };
}

function excerpt(
	tokens: TokenBuffer,
	range: Range,
	fix: string | undefined,
	fixAt: Range | null,
	paint: (style: string, text: string) => string,
): string[] {
	const { file, line, column } = tokens.sources.lineColumn(range.location);
	if (file.artificial && file.bytes.length === 0) return [];
	const source = tokens.sources.lineText(file, line);
	if (source === "") return [];
	const number = String(tokens.sources.presumed(range.location).line).padStart(5);
	const gutter = `${" ".repeat(number.length)} | `;
	// Tabs stay tabs under the line, so that the caret stands where the eye expects it.
	const lead = (columns: number): string => source.slice(0, columns).replace(/[^\t]/g, " ").padEnd(columns);
	const shown = source.length > MAX_LINE ? `${source.slice(Math.max(0, column - MAX_LINE / 2), column + MAX_LINE / 2)}` : source;
	if (shown !== source) return [`${number} | …${shown}…`];
	const length = Math.max(1, Math.min(range.end - range.location, source.length - column + 1));
	const out = [`${number} | ${source}`, `${gutter}${lead(column - 1)}${paint(CARET, `^${"~".repeat(length - 1)}`)}`];
	if (fix !== undefined && fix !== "" && fixAt !== null) {
		const at = tokens.sources.lineColumn(fixAt.location);
		if (at.file === file && at.line === line) out.push(`${gutter}${lead(at.column - 1)}${paint("32", fix)}`);
	}
	return out;
}

const MAX_LINE = 400;

/** "In file included from a.h:3:", outermost last. */
function includeStack(tokens: TokenBuffer, location: number): string[] {
	const out: string[] = [];
	let file = tokens.sources.fileAt(location);
	while (file.includedAt >= 0 && out.length < 10) {
		const at = tokens.sources.presumed(file.includedAt);
		file = tokens.sources.fileAt(file.includedAt);
		if (file.artificial) break;
		out.push(`In file included from ${at.file}:${at.line}:`);
	}
	return out.reverse();
}

/** The macros that the token came through, innermost last. */
function backtrace(tokens: TokenBuffer, token: number, paint: (style: string, text: string) => string): string[] {
	const steps: { macro: string; location: number }[] = [];
	let location = tokens.locations[token];
	let expansion = tokens.expanded[token];
	while (expansion > 0) {
		const record = tokens.expansions[expansion] as Expansion;
		steps.push({
			macro: record.macro,
			location: record.argument >= 0 ? (record.definedAt >= 0 ? record.definedAt : record.callAt) : location,
		});
		location = record.callAt;
		expansion = record.callExpansion;
	}
	const out: string[] = [];
	const shown = steps.reverse();
	const skip = shown.length > MAX_BACKTRACE ? shown.length - MAX_BACKTRACE : 0;
	shown.forEach((step, i) => {
		if (skip > 0 && i >= MAX_BACKTRACE / 2 && i < shown.length - MAX_BACKTRACE / 2) {
			if (i === MAX_BACKTRACE / 2) out.push(`${paint(STYLES.note, "note: ")}(${skip} more macro expansions; the innermost follow)`);
			return;
		}
		const { file } = tokens.sources.lineColumn(step.location);
		if (file.artificial) {
			out.push(`${paint(STYLES.note, "note: ")}expanded from macro '${step.macro}'`);
			return;
		}
		out.push(`${paint(BOLD, `${position(tokens, step.location)}: `)}${paint(STYLES.note, "note: ")}expanded from macro '${step.macro}'`);
		out.push(
			...excerpt(tokens, { location: step.location, end: step.location + wordLength(tokens, step.location) }, undefined, null, paint),
		);
	});
	return out;
}

/** ` [-Wunused-variable]`, ` [-Werror,-W…]` where a warning counts as an error, else the code. Behind the text, so that what reads compilers' output finds `error: `. */
function flagOf({ severity, group, code }: Diagnostic): string {
	if (severity === "note") return "";
	return group === undefined ? ` [${code}]` : ` [${severity === "error" && code.startsWith("W") ? "-Werror," : ""}-W${group}]`;
}
