/**
 * `-E`: the token stream as text that a compiler reads back. Lines are kept; `# line "file"` markers say where the text comes from
 * (1: a file begins, 2: back from one, 3: a system header). Tokens that would run into each other get a blank.
 */
import { isKeyword, isPunctuator, Kind } from "../source/kinds.ts";
import { Flag } from "../source/lexer.ts";
import type { Macro } from "./macros.ts";
import type { Preprocessed } from "./options.ts";

/** Blank lines up to this many are printed as such, more as a line marker. */
const MAX_BLANK_LINES = 8;

export function printPreprocessed(unit: Preprocessed, lineMarkers: boolean): string {
	const { tokens, sources } = unit;
	const out: string[] = [];
	let line = 0;
	let fileBase = sources.files[0].base;
	let file = sources.files[0].path;
	let column = 0;
	let pragma = 0;
	let skipTo = 0;
	/** Files that are open, by where their text begins. */
	const open: number[] = [fileBase];
	const { lines } = unit.pragmas;
	const marker = (number: number, path: string, flag: string, system: boolean): void => {
		if (lineMarkers) out.push(`# ${number} "${path.replace(/[\\"]/g, "\\$&")}"${flag}${system ? " 3" : ""}\n`);
	};
	if (lineMarkers && sources.files.length > 0) marker(1, sources.files[0].path, "", false);
	for (let i = 0; i <= unit.programLength; i++) {
		while (pragma < lines.length && lines[pragma].token <= i) {
			if (column > 0) out.push("\n");
			out.push(`${lines[pragma].text}\n`);
			pragma++;
			column = 0;
			line = -1;
		}
		if (i === unit.programLength) break;
		const detached = unit.pragmas.detached.find((d) => d.from <= i && i < d.to);
		if (detached !== undefined) skipTo = detached.to;
		if (i < skipTo || tokens.kinds[i] === Kind.loopPragma) continue;
		const location = tokens.fileLocation(i);
		if ((tokens.flags[i] & Flag.lineStart) !== 0 || i === 0) {
			const source = sources.fileAt(location);
			const presumed = sources.presumed(location);
			if (source.base !== fileBase) {
				if (column > 0) out.push("\n");
				const back = open.indexOf(source.base);
				let flag = "";
				if (back >= 0) {
					open.length = back + 1;
					flag = " 2";
				} else {
					open.push(source.base);
					if (source.includedAt >= 0) flag = " 1";
				}
				marker(presumed.line, presumed.file, flag, source.system);
				fileBase = source.base;
				file = presumed.file;
				line = presumed.line;
				column = 0;
			} else if (presumed.line !== line || presumed.file !== file) {
				if (column > 0) out.push("\n");
				const ahead = presumed.line - line - 1;
				if (line >= 0 && presumed.file === file && ahead >= 0 && ahead < MAX_BLANK_LINES) {
					if (lineMarkers && ahead > 0) out.push("\n".repeat(ahead));
				} else marker(presumed.line, presumed.file, "", source.system);
				file = presumed.file;
				line = presumed.line;
				column = 0;
			}
			if (column === 0) {
				const indent = sources.lineColumn(location).column - 1;
				if (indent > 0 && tokens.locations[i] === location) out.push(" ".repeat(Math.min(indent, 64)));
			} else out.push(" ");
		} else if ((tokens.flags[i] & Flag.space) !== 0 || (i > 0 && column > 0 && runsTogether(unit, i))) out.push(" ");
		const text = tokens.text(i);
		out.push(text);
		column += text.length;
	}
	if (column > 0) out.push("\n");
	return out.join("");
}

/** Would the token and the one before it read as something else without a blank? */
function runsTogether(unit: Preprocessed, i: number): boolean {
	const { tokens } = unit;
	const before = tokens.kinds[i - 1];
	const kind = tokens.kinds[i];
	const word = (k: number): boolean => k === Kind.identifier || k === Kind.number || isKeyword(k);
	// Neighbours in one source text were read as two tokens already.
	if (tokens.expanded[i] === tokens.expanded[i - 1] && tokens.locations[i - 1] + tokens.text(i - 1).length === tokens.locations[i])
		return false;
	if (word(before) && (word(kind) || kind === Kind.string || kind === Kind.char)) return true;
	if (before === Kind.number && isPunctuator(kind))
		return /^[.]/.test(tokens.text(i)) || (/^[-+]/.test(tokens.text(i)) && /[eEpP]$/.test(tokens.text(i - 1)));
	if (isPunctuator(before) && isPunctuator(kind))
		return (
			/^(\+\+|--|<<|>>|&&|\|\||->|##|::|[-+*/%&|^<>=!]=|\/[/*]|<[:%]|%[:>]|:>|\.\.|[<>]{2}=)/.test(
				tokens.text(i - 1).slice(-1) + tokens.text(i),
			) ||
			(tokens.text(i - 1).length > 1 && /^[=>]/.test(tokens.text(i)))
		);
	return isPunctuator(before) && tokens.text(i - 1) === "." && kind === Kind.number;
}

/** `-dM`: every macro as a #define. */
export function printMacros(unit: Preprocessed): string {
	const lines: string[] = [];
	for (const macro of unit.macros.all()) if (macro.dynamic === undefined) lines.push(macroText(unit, macro));
	return lines
		.sort()
		.map((line) => `${line}\n`)
		.join("");
}

function macroText(unit: Preprocessed, macro: Macro): string {
	const { names } = unit;
	let head = `#define ${names.text(macro.name)}`;
	const { params } = macro;
	if (params !== null) {
		head += `(${params
			.map((p, i) => {
				if (!macro.variadic || i < params.length - 1) return names.text(p);
				return names.text(p) === "__VA_ARGS__" ? "..." : `${names.text(p)}...`;
			})
			.join(",")})`;
	}
	const body = macro.body
		.map((t, i) => {
			const space = i > 0 && (t.flags & Flag.space) !== 0 ? " " : "";
			if (t.kind === Kind.parameter) return space + names.text((params as readonly number[])[t.value]);
			if (t.kind === Kind.identifier) return space + names.text(t.value);
			return space + unit.sources.slice(t.location, t.value);
		})
		.join("");
	return `${head} ${body}`;
}
