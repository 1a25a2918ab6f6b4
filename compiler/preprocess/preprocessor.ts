/**
 * The unit while it is read: open files, macros, conditions, the tokens so far. One loop reads tokens straight from the file into the buffer; only a macro's name,
 * a `#` at the start of a line and the end of a file leave it. Of large headers not even that is read: see `postponed.ts`.
 */
import { type SourceFile, Sources, toBytes } from "../source/files.ts";
import { C23_KEYWORDS, isKeyword, KEYWORDS, Kind, keywordKind, kindOf } from "../source/kinds.ts";
import { isUtf8 } from "../source/characters.ts";
import { Flag, keywordTable, Lexer } from "../source/lexer.ts";
import { Names } from "../source/names.ts";
import { type Expansion, TokenBuffer } from "./buffer.ts";
import { DEFER_FROM_BYTES } from "./defer.ts";
import { type ExpandHost, Expander } from "./expand.ts";
import { type Found, IncludeSearch } from "./include.ts";
import { DYNAMIC_MACROS, END, type DynamicMacro, type Macro, MacroTable, type Tok } from "./macros.ts";
import { Outline } from "./outline.ts";
import { newPragmaStacks, newPragmaState, type PragmaStacks, type PragmaState } from "./pragma.ts";
import { Postponed, type PostponedHost } from "./postponed.ts";
import { predefinedText, STANDARDS } from "./predefined.ts";
import type { Preprocessed, PreprocessOptions, Report } from "./options.ts";
import { IncludeGuard } from "./include-guard.ts";
import { type MessageExtra, Messages } from "./messages.ts";

interface OpenFile {
	readonly file: SourceFile;
	readonly lexer: Lexer;
	readonly found: Found | null;
	/** Open #if's when the file began. */
	readonly conditions: number;
	readonly tokensBefore: number;
	/** A large header, of which parts may be passed over. */
	readonly large: boolean;
	outline: Outline | null;
	readonly guard: IncludeGuard;
}

export interface Condition {
	/** A branch has been taken already. */
	taken: boolean;
	sawElse: boolean;
	readonly at: Tok;
}

const HASH = kindOf("#");
const K_STRUCT = kindOf("struct");
const K_UNION = kindOf("union");
const K_ENUM = kindOf("enum");
const K_TYPEDEF = kindOf("typedef");
/** As gcc and clang have it. */
const MAX_INCLUDE_DEPTH = 200;
const MAX_TOKENS = 4_000_000;
const MAX_FILE_BYTES = 256 << 20;

/** How directives are obeyed and dynamic macros expanded, in the unit that is being read. */
export interface UnitRules {
	/** The lexer has just read a `#` at the start of a line. */
	directive(pp: Preprocessor, lexer: Lexer, base: number): void;
	/** The tokens that `__FILE__`, `_Pragma`, `__has_include` … stands for. */
	dynamic(pp: Preprocessor, macro: DynamicMacro, name: Tok, expander: Expander): readonly Tok[];
}

export class Preprocessor implements ExpandHost, PostponedHost {
	readonly sources = new Sources();
	readonly names = new Names();
	macros = new MacroTable();
	readonly buffer = new TokenBuffer(this.sources, this.names);
	readonly expansions: (Expansion | null)[] = this.buffer.expansions;
	readonly options: PreprocessOptions;
	readonly search: IncludeSearch;
	readonly expander: Expander;
	readonly pragmas: PragmaState = newPragmaState();
	readonly pragmaStacks: PragmaStacks = newPragmaStacks();
	readonly conditions: Condition[] = [];
	readonly stack: OpenFile[] = [];
	readonly dependencies: { path: string; system: boolean }[] = [];
	readonly once = new Set<string>();
	counter = 0;
	wantsVmlinux = false;
	/** How deep in the stack the file stands that is read for its macros alone; 0: none. */
	#macrosOnly = 0;
	stopped = false;
	/** Where the built-in macros are defined. */
	predefined = { from: 0, to: 0 };
	readonly #postponed = new Postponed(this);
	readonly #guards = new Map<string, number>();
	readonly #notUtf8 = new Set<SourceFile>();
	readonly #report: Report;
	readonly #rules: UnitRules;
	readonly #keywords: Uint8Array;
	readonly #messages = new Messages();

	constructor(options: PreprocessOptions, report: Report, rules: UnitRules) {
		this.options = options;
		this.#report = report;
		this.#rules = rules;
		const std = STANDARDS[options.target.std] ?? STANDARDS.gnu17;
		const spellings: [string, number][] = KEYWORDS.flatMap((words) =>
			words.map((word): [string, number] => [word, keywordKind(word) as number]),
		);
		if (std.c23) for (const [word, meaning] of Object.entries(C23_KEYWORDS)) spellings.push([word, keywordKind(meaning) as number]);
		this.#keywords = keywordTable(this.names, spellings, !std.gnu);
		this.search = new IncludeSearch({ dirs: options.dirs, provider: options.provider, builtin: options.builtinHeader });
		this.expander = new Expander(this);
	}

	run(path: string, text: Uint8Array | string): Preprocessed {
		const bytes = toBytes(text);
		this.dependencies.push({ path, system: false });
		const utf16 = bytes.length > 1 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff));
		const main = this.sources.add(path, utf16 ? new Uint8Array(0) : bytes, -1, false);
		if (utf16) this.stop("E0105", "the file is UTF-16; source text must be UTF-8", { ...END, location: main.base });
		for (const name of DYNAMIC_MACROS) this.#defineDynamic(name);
		const { macros, includes } = this.options;
		let command = macros
			.map((m) =>
				m.kind === "undefine" ? `#undef ${m.text}\n` : `#define ${m.text.includes("=") ? m.text.replace("=", " ") : `${m.text} 1`}\n`,
			)
			.join("");
		command += (this.options.imacros ?? []).map((file) => `#__include_macros "${file}"\n`).join("");
		command += includes.map((file) => `#include "${file}"\n`).join("");
		// The stack is read from its end: the built-in macros first, then the command line, then the file.
		this.#open(main, null);
		this.#open(this.sources.add("<command line>", toBytes(command), -1, false, true), null);
		const predefined = this.sources.add("<built-in>", toBytes(predefinedText(this.options.target)), -1, true, true);
		this.predefined = { from: predefined.base, to: predefined.base + predefined.bytes.length };
		this.#open(predefined, null);
		this.#loop();
		if (!this.stopped)
			for (const condition of this.conditions) this.report("E0106", "this conditional is not closed with #endif", condition.at);
		this.#finish();
		return {
			tokens: this.buffer,
			pragmas: this.pragmas,
			macros: this.macros,
			dependencies: this.dependencies,
			wantsVmlinux: this.wantsVmlinux,
			sources: this.sources,
			names: this.names,
			stopped: this.stopped,
			programLength: this.programLength,
			read: (from, to) => this.#postponed.read(from, to),
			deferred: this.#postponed.deferred,
			outlines: this.#postponed.outlines,
			readOutlined: (declaration) => this.#postponed.readOutlined(declaration),
		};
	}

	#loop(): void {
		const { buffer } = this;
		const keywords = this.#keywords;
		const keywordCount = keywords.length;
		while (this.stack.length > 0 && !this.stopped) {
			const open = this.stack[this.stack.length - 1];
			const { lexer } = open;
			const { base } = open.file;
			const defers = open.large;
			// Until something happens to the stack.
			for (;;) {
				lexer.next();
				const { kind, value } = lexer;
				if (kind === Kind.identifier) {
					if (this.macros.defined[value] === 1) {
						if (this.#expandInto(open, value)) break;
						continue;
					}
					const word = value < keywordCount ? keywords[value] : 0;
					if (
						defers &&
						(word === K_TYPEDEF || word === K_STRUCT || word === K_UNION || word === K_ENUM) &&
						(lexer.flags & Flag.lineStart) !== 0 &&
						this.#postponed.passOver(lexer, open.file, open.outline)
					)
						continue;
					buffer.push(word === 0 ? Kind.identifier : word, lexer.flags, value, base + lexer.start, 0);
					if (defers && (word === K_STRUCT || word === K_UNION || word === K_ENUM) && (lexer.flags & Flag.lineStart) !== 0)
						this.#postponed.defer(lexer, open.file, word);
				} else if (kind === HASH && (lexer.flags & Flag.lineStart) !== 0) {
					open.guard.directives++;
					this.#rules.directive(this, lexer, base);
					if (this.stopped || this.stack[this.stack.length - 1] !== open) break;
				} else if (kind === Kind.end) {
					this.#close(open);
					break;
				} else {
					if (kind === Kind.stray) this.#stray(lexer, base);
					buffer.push(kind, lexer.flags, value, base + lexer.start, 0);
				}
			}
			if (buffer.length > MAX_TOKENS)
				this.stop("E0121", `the program has more than ${MAX_TOKENS} tokens after preprocessing`, buffer.token(buffer.length - 1));
		}
	}

	readPart(file: SourceFile, part: { readonly from: number; readonly to: number }, macros: MacroTable): void {
		const now = this.macros;
		this.macros = macros;
		this.#open(file, null, part);
		this.#loop();
		this.macros = now;
	}

	/** A macro's name stands in the file. True: the file stack changed. */
	#expandInto(open: OpenFile, name: number): boolean {
		const { buffer, expander, lexer } = { buffer: this.buffer, expander: this.expander, lexer: open.lexer };
		const macro = this.macros.get(name) as Macro;
		const token: Tok = { kind: Kind.identifier, flags: lexer.flags, value: name, location: open.file.base + lexer.start, expansion: 0 };
		if (!expander.expand(macro, token)) {
			this.#push(token);
			return false;
		}
		while (!expander.idle && !this.stopped) {
			const next = expander.next();
			if (next.kind === Kind.end) {
				// The end of the file, met while a macro's arguments were looked for.
				if (expander.idle) break;
				continue;
			}
			this.#push(next);
			if (buffer.length > MAX_TOKENS) this.stop("E0121", `the program has more than ${MAX_TOKENS} tokens after preprocessing`, token);
		}
		return this.stopped || this.stack[this.stack.length - 1] !== open;
	}

	#push(token: Tok): void {
		const { value } = token;
		const kind = token.kind === Kind.identifier ? this.keywordOf(value) : token.kind;
		this.buffer.push(kind, token.flags, value, token.location, token.expansion);
	}

	#stray(lexer: Lexer, base: number): void {
		const byte = lexer.bytes[lexer.start];
		if (lexer.value > 1) return;
		const shown = byte > 32 && byte < 127 ? `'${String.fromCharCode(byte)}'` : `<0x${byte.toString(16).padStart(2, "0")}>`;
		this.report("E0107", `stray ${shown} in the program`, { ...END, location: base + lexer.start });
	}

	#open(file: SourceFile, found: Found | null, part?: { readonly from: number; readonly to: number }): void {
		const lexer = new Lexer(
			part === undefined ? file.bytes : file.bytes.subarray(0, part.to),
			this.names,
			(code, message, offset, length) =>
				this.report(code, message, { kind: Kind.stray, flags: 0, value: length, location: file.base + offset, expansion: 0 }),
		);
		// The user's own text; headers are large, and their writers checked them.
		if (part === undefined && !file.system && file.bytes.length < 1 << 20 && !isUtf8(file.bytes)) this.#notUtf8.add(file);
		lexer.notUtf8 = this.#notUtf8.has(file);
		if (part !== undefined) lexer.pos = part.from;
		const large =
			this.options.defer === true &&
			this.#macrosOnly === 0 &&
			part === undefined &&
			found !== null &&
			file.bytes.length >= DEFER_FROM_BYTES;
		this.stack.push({
			file,
			lexer,
			found,
			conditions: this.conditions.length,
			tokensBefore: this.buffer.length,
			large,
			outline: large ? Outline.of(file) : null,
			guard: new IncludeGuard(this.buffer.length),
		});
	}

	#close(open: OpenFile): void {
		while (this.conditions.length > open.conditions)
			this.report("E0106", "this conditional is not closed with #endif", (this.conditions.pop() as Condition).at);
		const guard = open.guard.nameAtEnd(this.buffer.length);
		if (guard >= 0 && open.found !== null) this.#guards.set(open.found.path, guard);
		if (this.stack.length === this.#macrosOnly) {
			this.#macrosOnly = 0;
			this.buffer.length = open.tokensBefore;
		}
		this.stack.pop();
	}

	get current(): OpenFile {
		return this.stack[this.stack.length - 1];
	}

	/** -imacros: the tokens read until the file closes are dropped then. */
	includeMacros(found: Found, at: Tok): void {
		const below = this.stack.length;
		this.#macrosOnly = below + 1;
		this.include(found, at);
		if (this.stack.length === below) this.#macrosOnly = 0;
	}
	get takesMacrosOnly(): boolean {
		return this.#macrosOnly > 0;
	}

	include(found: Found, at: Tok): void {
		if (this.once.size > 0 && this.once.has(this.search.identity(found.path))) return;
		const guard = this.#guards.get(found.path);
		if (guard !== undefined && this.macros.get(guard) !== undefined) return;
		const depth = this.stack.length;
		if (depth > MAX_INCLUDE_DEPTH) {
			this.stop("E0122", `#include is nested more than ${MAX_INCLUDE_DEPTH} deep: does '${found.path}' include itself?`, at);
			return;
		}
		if (found.bytes.length > MAX_FILE_BYTES) {
			this.stop("E0123", `'${found.path}' is larger than ${MAX_FILE_BYTES >> 20} MB`, at);
			return;
		}
		if (!this.dependencies.some((d) => d.path === found.path)) this.dependencies.push({ path: found.path, system: found.system });
		this.#open(this.sources.add(found.path, found.bytes, at.location, found.system || this.current.file.system), found);
	}

	/** The types of vmlinux.h come from elsewhere; the macro by which headers know it is set all the same. */
	virtualVmlinux(at: Tok): void {
		if (!this.takesMacrosOnly) this.wantsVmlinux = true;
		const text = toBytes("#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n#endif\n");
		this.#open(this.sources.add("<ebpfcc>/vmlinux.h", text, at.location, true), null);
	}

	#defineDynamic(name: DynamicMacro): void {
		const id = this.names.intern(name);
		this.macros.set(id, {
			name: id,
			params: null,
			variadic: false,
			body: [],
			definedAt: -1,
			builtin: true,
			active: false,
			dynamic: name,
			plain: true,
		});
	}

	// ── what the expander asks ──────────────────────────────────────────────────────────────────

	fileToken(): Tok {
		for (;;) {
			if (this.stopped || this.stack.length === 0) return END;
			const open = this.current;
			const { lexer } = open;
			lexer.next();
			const { kind } = lexer;
			if (kind === Kind.newline) return { ...END, location: open.file.base + lexer.start };
			if (kind === HASH && (lexer.flags & Flag.lineStart) !== 0 && !lexer.inDirective) {
				// A directive among a macro's arguments: undefined in C, obeyed by every compiler. #include would change the file under us.
				this.#rules.directive(this, lexer, open.file.base);
				if (this.current !== open) return END;
				continue;
			}
			return { kind, flags: lexer.flags, value: lexer.value, location: open.file.base + lexer.start, expansion: 0 };
		}
	}

	parenFollows(): boolean {
		return this.stack.length > 0 && this.current.lexer.parenFollows();
	}

	dynamic(macro: Macro, name: Tok, expander: Expander): readonly Tok[] {
		return this.#rules.dynamic(this, macro.dynamic as DynamicMacro, name, expander);
	}

	// ── messages ────────────────────────────────────────────────────────────────────────────────

	/** Codes that begin with W are warnings. */
	report(code: string, message: string, at: Tok, extra: MessageExtra = {}): void {
		this.#messages.add(code, message, at, extra);
		if (this.#messages.tooMany) this.stopped = true;
	}

	stop(code: string, message: string, at: Tok): void {
		if (!this.stopped) this.report(code, message, at);
		this.stopped = true;
	}

	/** The end of the program, and its messages behind it. */
	#finish(): void {
		const { buffer } = this;
		const [main] = this.sources.files;
		this.programLength = buffer.length;
		buffer.push(Kind.end, Flag.lineStart, 0, main.base + main.bytes.length, 0);
		this.#messages.flush(buffer, this.#report);
	}
	programLength = 0;

	keywordOf(name: number): number {
		return name < this.#keywords.length && this.#keywords[name] !== 0 ? this.#keywords[name] : Kind.identifier;
	}

	isKeywordName(name: number): boolean {
		return isKeyword(this.keywordOf(name));
	}
}
