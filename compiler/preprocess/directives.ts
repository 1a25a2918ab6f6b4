/**
 * Directives (C11 6.10), one function each. Every function is called with the lexer behind the directive's name and leaves it anywhere on
 * the line: `dispatchDirective` drops the rest.
 */
import { Kind, kindOf } from "../source/kinds.ts";
import { Flag, type Lexer } from "../source/lexer.ts";
import { evaluate } from "./condition.ts";
import { CONDITIONALS } from "./conditionals.ts";
import { type Directive, endLine, expandedLine, extraTokens, macroName, rawLine, rest, token } from "./directive-line.ts";
import { basename } from "../source/file-names.ts";
import { END, type Macro, readMacro, sameMacro, type Tok } from "./macros.ts";
import { pragma, type PragmaHost } from "./pragma.ts";
import type { Preprocessor } from "./preprocessor.ts";

const DIRECTIVES: Readonly<Record<string, Directive>> = {
	define,
	undef,
	include: (pp, lexer, base, at) => include(pp, lexer, base, at, false),
	include_next: (pp, lexer, base, at) => include(pp, lexer, base, at, true),
	import: (pp, lexer, base, at) => include(pp, lexer, base, at, false, true),
	// How the command line says -imacros; no program can.
	__include_macros: (pp, lexer, base, at) => include(pp, lexer, base, at, false, false, true),
	...CONDITIONALS,
	error: (pp, lexer, _base, at) => pp.report("E0131", rest(lexer), at),
	warning: (pp, lexer, _base, at) => pp.report("W0131", rest(lexer), at, { group: "#warnings" }),
	line: (pp, _lexer, _base, at) => line(pp, at),
	pragma: (pp, lexer, base, at) => pragmaDirective(pp, lexer, base, at),
	ident: () => {},
	sccs: () => {},
	embed: (pp, _lexer, _base, at) => pp.report("E0133", "#embed is not supported", at),
};

const decoder = new TextDecoder();

/** The lexer has just read a `#` at the start of a line. */
export function dispatchDirective(pp: Preprocessor, lexer: Lexer, base: number): void {
	lexer.inDirective = true;
	lexer.next();
	const at = token(lexer, base);
	if (lexer.kind === Kind.identifier) {
		const name = pp.names.text(lexer.value);
		const directive = Object.hasOwn(DIRECTIVES, name) ? DIRECTIVES[name] : undefined;
		if (directive === undefined || (directive === DIRECTIVES.__include_macros && !pp.current.file.artificial))
			pp.report("E0108", `invalid preprocessing directive '#${name}'${suggestion(name)}`, at);
		else directive(pp, lexer, base, at);
	} else if (lexer.kind === Kind.number) lineMarker(pp, lexer, base);
	else if (lexer.kind !== Kind.newline && lexer.kind !== Kind.end) pp.report("E0108", "invalid preprocessing directive", at);
	endLine(lexer);
}

function suggestion(name: string): string {
	for (const known of Object.keys(DIRECTIVES)) {
		if (Math.abs(known.length - name.length) > 1) continue;
		let same = 0;
		while (same < known.length && known[same] === name[same]) same++;
		let tail = 0;
		while (tail < known.length - same && known[known.length - 1 - tail] === name[name.length - 1 - tail]) tail++;
		if (same + tail >= Math.max(known.length, name.length) - 1 || (same + tail === known.length - 2 && known.length === name.length))
			return `; did you mean '#${known}'?`;
	}
	return "";
}

// ── macros ──────────────────────────────────────────────────────────────────────────────────────

function define(pp: Preprocessor, lexer: Lexer, base: number): void {
	const name = macroName(pp, lexer, base, "define");
	if (name < 0) return;
	const at = token(lexer, base);
	if (pp.names.text(name) === "defined") {
		pp.report("E0110", "'defined' cannot be a macro's name", at);
		return;
	}
	const macro = readMacro(lexer, pp.names, name, at.location, base, pp.current.file.artificial);
	if ("code" in macro) {
		pp.report(macro.code, macro.message, { kind: Kind.stray, flags: 0, value: macro.length, location: base + macro.start, expansion: 0 });
		return;
	}
	const old = pp.macros.get(name);
	if (old !== undefined && !sameMacro(old, macro, (t) => pp.expander.spell(t))) {
		const group =
			old.builtin && old.definedAt >= 0 && pp.sources.fileAt(old.definedAt).path === "<built-in>"
				? "builtin-macro-redefined"
				: "macro-redefined";
		const notes = old.definedAt >= 0 ? [{ message: "it was defined here", at: { ...at, location: old.definedAt } }] : [];
		if (!(pp.current.file.artificial && group === "builtin-macro-redefined"))
			pp.report("W0110", `'${pp.names.text(name)}' macro redefined`, at, { group, notes });
	}
	pp.macros.set(name, macro as Macro);
}

function undef(pp: Preprocessor, lexer: Lexer, base: number): void {
	const name = macroName(pp, lexer, base, "undef");
	if (name < 0) return;
	pp.macros.set(name, undefined);
	extraTokens(pp, lexer, base, "undef");
}

// ── files ───────────────────────────────────────────────────────────────────────────────────────

function include(pp: Preprocessor, lexer: Lexer, base: number, at: Tok, next: boolean, once = false, macrosOnly = false): void {
	const header = lexer.headerName();
	let name: string;
	let angled: boolean;
	let place = at;
	if (header !== null) {
		name = decoder.decode(lexer.bytes.subarray(header.from, header.to));
		angled = header.angled;
		place = { kind: Kind.stray, flags: 0, value: header.to - header.from + 2, location: base + header.from - 1, expansion: 0 };
	} else {
		const tokens = expandedLine(pp);
		const [first] = tokens;
		if (first.kind === Kind.string) {
			name = pp.expander.spell(first).slice(1, -1);
			angled = false;
		} else if (first.kind === LESS) {
			const close = tokens.findIndex((t) => t.kind === GREATER);
			if (close < 0) {
				pp.report("E0109", "expected '>' at the end of the header's name", first);
				return;
			}
			name = tokens
				.slice(1, close)
				.map((t, i) => (i > 0 && (t.flags & Flag.space) !== 0 ? " " : "") + pp.expander.spell(t))
				.join("");
			angled = true;
		} else {
			pp.report("E0109", `#include wants "FILE" or <FILE>`, first.kind === Kind.end ? at : first);
			return;
		}
	}
	if (name === "") {
		pp.report("E0109", "the name of the header is empty", place);
		return;
	}
	// The rest of the line belongs to this file: read it before another one is opened.
	endLine(lexer);
	const { current } = pp;
	const found = pp.search.find(name, angled, current.file, next ? (current.found?.entry ?? null) : null);
	if (found === null) {
		if (basename(name) === "vmlinux.h" && pp.options.virtualVmlinux()) pp.virtualVmlinux(place);
		else if (pp.options.allowMissing === true) pp.dependencies.push({ path: name, system: angled });
		else pp.stop("E0109", `'${name}' file not found`, place);
		return;
	}
	if (once && pp.dependencies.some((d) => d.path === found.path)) return;
	if (macrosOnly) pp.includeMacros(found, place);
	else pp.include(found, place);
}

const LESS = kindOf("<");
const GREATER = kindOf(">");

// ── lines and pragmas ───────────────────────────────────────────────────────────────────────────

function line(pp: Preprocessor, at: Tok): void {
	const tokens = expandedLine(pp);
	const number = Number(pp.expander.spell(tokens[0]));
	if (tokens[0].kind !== Kind.number || !/^[0-9]+$/.test(pp.expander.spell(tokens[0])) || number > 0x7fffffff) {
		pp.report("E0134", "#line wants a number", at);
		return;
	}
	setLine(pp, number, tokens[1]?.kind === Kind.string ? pp.expander.spell(tokens[1]).slice(1, -1) : null);
}

/** `# 12 "file" 1 3`, as preprocessors print it. */
function lineMarker(pp: Preprocessor, lexer: Lexer, base: number): void {
	const first = token(lexer, base);
	const tokens = rawLine(lexer, base);
	const number = Number(pp.expander.spell(first));
	if (!Number.isSafeInteger(number)) pp.report("E0134", "a line marker wants a number", first);
	else setLine(pp, number, tokens[0]?.kind === Kind.string ? pp.expander.spell(tokens[0]).slice(1, -1).replace(/\\(.)/g, "$1") : null);
}

function setLine(pp: Preprocessor, number: number, path: string | null): void {
	const { file, lexer } = pp.current;
	const marks = file.lineMarks;
	// From the line behind the directive on.
	let offset = lexer.start;
	while (offset < file.bytes.length && file.bytes[offset] !== 10) offset++;
	marks.push({ offset: offset + 1, line: number, path: path ?? marks[marks.length - 1]?.path ?? file.path });
}

/** Pragmas that say something of files and macros, not of declarations. */
const OF_THE_FILE: ReadonlySet<string> = new Set(["once", "push_macro", "pop_macro", "message"]);

function pragmaDirective(pp: Preprocessor, lexer: Lexer, base: number, at: Tok): void {
	const begin = lexer.pos;
	const tokens = rawLine(lexer, base);
	if (!pp.takesMacrosOnly)
		pp.pragmas.lines.push({
			token: pp.buffer.length,
			text: `#pragma${decoder.decode(lexer.bytes.subarray(begin, lexer.start)).replace(/\\\r?\n/g, " ")}`,
		});
	const made = runPragma(pp, tokens, at);
	if (made !== null) pp.buffer.push(made.kind, made.flags, made.value, made.location, made.expansion);
}

export function runPragma(pp: Preprocessor, tokens: readonly Tok[], at: Tok): Tok | null {
	if (pp.takesMacrosOnly && !(tokens.length > 0 && OF_THE_FILE.has(pp.expander.spell(tokens[0])))) return null;
	const host: PragmaHost = {
		at: pp.buffer.length,
		spell: (t) => pp.expander.spell(t),
		expand: (list) => pp.expander.expandList(list),
		constant: (list) =>
			evaluate([...list, { ...END, location: at.location }], {
				spell: (t) => pp.expander.spell(t),
				report: (code, message, where) => pp.report(code, message, where),
			})?.value ?? null,
		detach: (list) => {
			const from = pp.buffer.length;
			for (const t of list) {
				const kind = t.kind === Kind.identifier ? pp.keywordOf(t.value) : t.kind;
				pp.buffer.push(kind, t.flags, t.value, t.location, t.expansion);
			}
			return { from, to: pp.buffer.length };
		},
		warn: (group, message, where) => pp.report("W0132", message, where, { group }),
		error: (code, message, where) => pp.report(code, message, where),
		once: () => {
			const { found } = pp.current;
			if (found !== null) pp.once.add(pp.search.identity(found.path));
		},
		systemHeader: () => {
			pp.current.file.system = true;
		},
		saveMacro: (name) => pp.macros.save(pp.names.intern(name)),
		restoreMacro: (name, where) => {
			if (!pp.macros.restore(pp.names.intern(name)))
				pp.report("W0132", `pop_macro: '${name}' was not pushed`, where, { group: "ignored-pragmas" });
		},
	};
	return pragma(tokens, at, pp.pragmas, pp.pragmaStacks, host);
}
