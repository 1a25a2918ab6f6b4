/**
 * Directives (C11 6.10), one function each. Every function is called with the lexer behind the directive's name and leaves it anywhere on
 * the line: `dispatchDirective` drops the rest.
 */
import { Kind, kindOf } from "../source/kinds.ts";
import { Flag, type Lexer } from "../source/lexer.ts";
import { evaluate } from "./condition.ts";
import { END, numberToken } from "./expand.ts";
import { basename } from "../source/file-names.ts";
import { type Macro, readMacro, sameMacro, type Tok } from "./macros.ts";
import { pragma, type PragmaHost } from "./pragma.ts";
import type { Preprocessor } from "./preprocessor.ts";

type Directive = (pp: Preprocessor, lexer: Lexer, base: number, at: Tok) => void;

const DIRECTIVES: Readonly<Record<string, Directive>> = {
	define,
	undef,
	include: (pp, lexer, base, at) => include(pp, lexer, base, at, false),
	include_next: (pp, lexer, base, at) => include(pp, lexer, base, at, true),
	import: (pp, lexer, base, at) => include(pp, lexer, base, at, false, true),
	// How the command line says -imacros; no program can.
	__include_macros: (pp, lexer, base, at) => include(pp, lexer, base, at, false, false, true),
	if: (pp, lexer, _base, at) => open(pp, lexer, at, condition(pp, at)),
	ifdef: (pp, lexer, base, at) => open(pp, lexer, at, isDefined(pp, lexer, base, "ifdef")),
	ifndef: (pp, lexer, base, at) => {
		const name = macroName(pp, lexer, base, "ifndef");
		const holds = name >= 0 && pp.macros.get(name) === undefined;
		pp.conditions.push({ taken: holds, sawElse: false, at });
		if (name >= 0) {
			pp.current.guard.ifndef(name, pp.conditions.length, pp.buffer.length);
			extraTokens(pp, lexer, base, "ifndef");
		}
		if (!holds) skip(pp, lexer);
	},
	elif: (pp, lexer, _base, at) => alternative(pp, lexer, at, "elif"),
	elifdef: (pp, lexer, _base, at) => alternative(pp, lexer, at, "elifdef"),
	elifndef: (pp, lexer, _base, at) => alternative(pp, lexer, at, "elifndef"),
	else: (pp, lexer, _base, at) => alternative(pp, lexer, at, "else"),
	endif: (pp, lexer, base, at) => {
		if (pp.conditions.length <= pp.current.conditions) {
			pp.report("E0106", "#endif without #if", at);
			return;
		}
		pp.current.guard.endif(pp.conditions.length, pp.buffer.length);
		pp.conditions.pop();
		extraTokens(pp, lexer, base, "endif");
	},
	error: (pp, lexer, _base, at) => pp.report("E0131", rest(lexer), at),
	warning: (pp, lexer, _base, at) => pp.report("W0131", rest(lexer), at, { group: "#warnings" }),
	line: (pp, _lexer, _base, at) => line(pp, at),
	pragma: (pp, lexer, base, at) => pragmaDirective(pp, lexer, base, at),
	ident: () => {},
	sccs: () => {},
	embed: (pp, _lexer, _base, at) => pp.report("E0133", "#embed is not supported", at),
};

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

function token(lexer: Lexer, base: number): Tok {
	return { kind: lexer.kind, flags: lexer.flags, value: lexer.value, location: base + lexer.start, expansion: 0 };
}

function endLine(lexer: Lexer): void {
	lexer.inDirective = true;
	while (lexer.kind !== Kind.newline && lexer.kind !== Kind.end) lexer.next();
	lexer.inDirective = false;
}

/** What stands behind a directive that is complete, comments aside, means nothing. */
function extraTokens(pp: Preprocessor, lexer: Lexer, base: number, directive: string): void {
	lexer.next();
	if (lexer.kind === Kind.newline || lexer.kind === Kind.end) return;
	pp.report("W0107", `extra tokens at end of #${directive} directive`, token(lexer, base), { group: "extra-tokens" });
}

function rest(lexer: Lexer): string {
	const { from, to } = lexer.restOfLine();
	return decoder.decode(lexer.bytes.subarray(from, to)).replace(/\\\r?\n/g, "");
}
const decoder = new TextDecoder();

/** What stands on the rest of the line, macros replaced. */
function expandedLine(pp: Preprocessor): Tok[] {
	const tokens: Tok[] = [];
	for (;;) {
		const next = pp.expander.next();
		if (next.kind === Kind.end) {
			tokens.push(next.location > 0 ? next : { ...END, location: pp.current.file.base + pp.current.lexer.start });
			return tokens;
		}
		tokens.push(next);
	}
}

function rawLine(lexer: Lexer, base: number): Tok[] {
	const tokens: Tok[] = [];
	for (;;) {
		lexer.next();
		if (lexer.kind === Kind.newline || lexer.kind === Kind.end) return tokens;
		tokens.push(token(lexer, base));
	}
}

// ── macros ──────────────────────────────────────────────────────────────────────────────────────

/** −1 with an error reported. */
function macroName(pp: Preprocessor, lexer: Lexer, base: number, directive: string): number {
	lexer.next();
	if (lexer.kind === Kind.identifier) return lexer.value;
	const missing = lexer.kind === Kind.newline || lexer.kind === Kind.end;
	pp.report("E0110", missing ? `#${directive} wants a macro name` : "a macro name must be an identifier", token(lexer, base));
	return -1;
}

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

// ── conditionals ────────────────────────────────────────────────────────────────────────────────

function isDefined(pp: Preprocessor, lexer: Lexer, base: number, directive: string): boolean {
	const name = macroName(pp, lexer, base, directive);
	if (name >= 0) extraTokens(pp, lexer, base, directive);
	return name >= 0 && pp.macros.get(name) !== undefined;
}

/** The expression on the rest of the line; `defined X` is answered while it is read, before X could be replaced. */
function condition(pp: Preprocessor, at: Tok): boolean {
	const defined = pp.names.intern("defined");
	const tokens: Tok[] = [];
	const { expander } = pp;
	for (;;) {
		const next = expander.next();
		if (next.kind === Kind.end) {
			tokens.push(next);
			break;
		}
		if (next.kind === Kind.identifier && next.value === defined) {
			let operand = expander.raw();
			const parenthesised = operand.kind === LPAREN;
			if (parenthesised) operand = expander.raw();
			if (operand.kind !== Kind.identifier) {
				pp.report("E0110", "'defined' wants a macro name", operand.kind === Kind.end ? next : operand);
				return false;
			}
			const isMacro = pp.macros.get(operand.value) !== undefined;
			if (parenthesised && expander.raw().kind !== RPAREN) {
				pp.report("E0110", "expected ')' behind 'defined(NAME'", operand);
				return false;
			}
			tokens.push(numberToken(isMacro ? 1 : 0, pp.sources, next));
		} else tokens.push(next);
	}
	if (tokens.length === 1) {
		pp.report("E0130", "#if with no expression", at);
		return false;
	}
	const value = evaluate(tokens, {
		spell: (t) => expander.spell(t),
		report: (code, message, where) => pp.report(code, message, where.kind === Kind.end ? at : where),
	});
	return value !== null && value.value !== 0n;
}

const LPAREN = kindOf("(");
const RPAREN = kindOf(")");

function open(pp: Preprocessor, lexer: Lexer, at: Tok, holds: boolean): void {
	pp.conditions.push({ taken: holds, sawElse: false, at });
	if (!holds) skip(pp, lexer);
}

/** #elif or #else behind a branch that was compiled: everything up to the #endif is dropped. */
function alternative(pp: Preprocessor, lexer: Lexer, at: Tok, which: string): void {
	const condition = pp.conditions[pp.conditions.length - 1];
	if (condition === undefined || pp.conditions.length <= pp.current.conditions) {
		pp.report("E0106", `#${which} without #if`, at);
		return;
	}
	checkElse(pp, condition, at, which);
	pp.current.guard.else(pp.conditions.length);
	if (which === "else") extraTokens(pp, lexer, pp.current.file.base, which);
	skip(pp, lexer);
}

function checkElse(pp: Preprocessor, condition: { sawElse: boolean; readonly at: Tok }, at: Tok, which: string): void {
	if (condition.sawElse)
		pp.report("E0106", `#${which} after #else`, at, { notes: [{ message: "the conditional begins here", at: condition.at }] });
	if (which === "else") condition.sawElse = true;
}

/** Skips groups until one is to be compiled or the conditional ends. Leaves the lexer on the directive's line. */
function skip(pp: Preprocessor, lexer: Lexer): void {
	const group = pp.conditions[pp.conditions.length - 1];
	const { base } = pp.current.file;
	let depth = 0;
	lexer.lenient = true;
	endLine(lexer);
	for (;;) {
		lexer.next();
		if (lexer.kind === Kind.end) break;
		if (lexer.kind !== HASH || (lexer.flags & Flag.lineStart) === 0) {
			// Nothing else on this line can matter; a comment or string may still run over its end, so it is read, not searched.
			lexer.inDirective = true;
			while (lexer.kind !== Kind.newline && lexer.kind !== Kind.end) lexer.next();
			lexer.inDirective = false;
			continue;
		}
		lexer.inDirective = true;
		lexer.next();
		const at = token(lexer, base);
		const name = lexer.kind === Kind.identifier ? pp.names.text(lexer.value) : "";
		if (name === "if" || name === "ifdef" || name === "ifndef") depth++;
		else if (name === "endif") {
			if (depth === 0) {
				extraTokens(pp, lexer, base, name);
				lexer.lenient = false;
				pp.current.guard.endif(pp.conditions.length, pp.buffer.length);
				pp.conditions.pop();
				return;
			}
			depth--;
		} else if (depth === 0 && (name === "else" || name === "elif" || name === "elifdef" || name === "elifndef")) {
			checkElse(pp, group, at, name);
			pp.current.guard.else(pp.conditions.length);
			if (!group.taken) {
				lexer.lenient = false;
				const holds = name === "else" || (name === "elif" ? condition(pp, at) : isDefined(pp, lexer, base, name) === (name === "elifdef"));
				if (holds) {
					if (name === "else") extraTokens(pp, lexer, base, name);
					group.taken = true;
					return;
				}
				lexer.lenient = true;
			}
		}
		endLine(lexer);
	}
	lexer.lenient = false;
}

const HASH = kindOf("#");

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
