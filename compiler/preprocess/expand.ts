/**
 * Macro expansion (C11 6.10.3): a stack of token lists over the file. A macro's replacement is pushed as a list and read again from there;
 * while it is being read the macro is "active" and its name is painted blue (`Flag.noExpand`). Arguments are expanded on their own
 * behind a barrier, which is what "as if they formed the rest of the file" means.
 */
import { Kind, kindOf } from "../source/kinds.ts";
import { Flag } from "../source/lexer.ts";
import type { Expansion } from "./buffer.ts";
import { END, type Macro, type MacroTable, type Tok } from "./macros.ts";
import { type PasteHost, TokenMaker } from "./paste.ts";
import { type Arg, MAX_LIST, Substitution } from "./substitute.ts";

export interface ExpandHost extends PasteHost {
	readonly macros: MacroTable;
	readonly expansions: (Expansion | null)[];
	/** The next token of the file (directives obeyed), `Kind.end` at its end or, within a directive, at the end of the line. */
	fileToken(): Tok;
	parenFollows(): boolean;
	/** `__FILE__`, `_Pragma`, `__has_include` …: the tokens it stands for. */
	dynamic(macro: Macro, name: Tok, expander: Expander): readonly Tok[];
	readonly stopped: boolean;
}

interface Context {
	readonly tokens: readonly Tok[];
	pos: number;
	readonly macro: Macro | null;
	readonly barrier: boolean;
}

const LPAREN = kindOf("(");
const RPAREN = kindOf(")");
const COMMA = kindOf(",");

/** Calls of macros within arguments of calls. Each level is a few frames of ours. */
const MAX_NESTING = 256;
/** Parentheses within one argument list. */
const MAX_PARENS = 10_000;

export class Expander {
	readonly #host: ExpandHost;
	readonly #contexts: Context[] = [];
	readonly #vaOpt: number;
	readonly #maker: TokenMaker;
	#nesting = 0;
	/** White space in front of an expansion that turned out empty goes to the token behind it. */
	#carry = 0;

	constructor(host: ExpandHost) {
		this.#host = host;
		this.#maker = new TokenMaker(host);
		this.#vaOpt = host.names.intern("__VA_OPT__");
	}

	/** Nothing is left of the last expansion: the file may be read directly. */
	get idle(): boolean {
		const contexts = this.#contexts;
		while (contexts.length > 0) {
			const top = contexts[contexts.length - 1];
			if (top.barrier || top.pos < top.tokens.length) return false;
			this.#pop();
		}
		return true;
	}

	/** The next token after macro replacement. */
	next(): Tok {
		const { macros } = this.#host;
		for (;;) {
			const token = this.raw();
			if (token.kind === Kind.identifier && (token.flags & Flag.noExpand) === 0) {
				const macro = macros.get(token.value);
				if (macro !== undefined && this.expand(macro, token)) continue;
			}
			if (this.#carry !== 0 && token.kind !== Kind.end) {
				const carry = this.#carry;
				this.#carry = 0;
				return { ...token, flags: token.flags | carry };
			}
			return token;
		}
	}

	/** The next token as it stands; names of active macros are painted. */
	raw(): Tok {
		const contexts = this.#contexts;
		while (contexts.length > 0) {
			const top = contexts[contexts.length - 1];
			if (top.pos < top.tokens.length) {
				const token = top.tokens[top.pos++];
				if (token.kind === Kind.placemarker) {
					this.#carry |= token.flags;
					continue;
				}
				if (token.kind === Kind.identifier && (token.flags & Flag.noExpand) === 0 && this.#host.macros.get(token.value)?.active === true)
					return { ...token, flags: token.flags | Flag.noExpand };
				return token;
			}
			if (top.barrier) return END;
			this.#pop();
		}
		return this.#host.fileToken();
	}

	/** Whether text of the file, not of a macro, comes next. */
	get atFile(): boolean {
		return this.idle && this.#contexts.length === 0;
	}
	get withinArgument(): boolean {
		return this.#contexts.some((c) => c.barrier);
	}

	/** Tries to replace; false: the name stays (no argument list follows). */
	expand(macro: Macro, name: Tok): boolean {
		if (this.#host.stopped) return false;
		if (macro.dynamic !== undefined) {
			if (macro.dynamic === "_Pragma" && this.withinArgument) return false;
			const tokens = this.#host.dynamic(macro, name, this);
			this.#push(this.#dress(tokens, name), null);
			return true;
		}
		if (macro.params === null) {
			const record = this.#record(macro, name, -1, name.location);
			let body: Tok[];
			if (macro.plain)
				body = macro.body.map((t) => ({ kind: t.kind, flags: t.flags, value: t.value, location: t.location, expansion: record }));
			else body = this.#substitute(macro, [], name, record);
			this.#push(this.#dress(body, name), macro);
			return true;
		}
		if (!this.#parenFollows()) return false;
		const args = this.#arguments(macro, name);
		if (args === null) {
			// The name stays where the call was: with nothing there, the statement around it would be wrong too.
			this.#push([{ ...name, flags: name.flags | Flag.noExpand }], null);
			return true;
		}
		if (++this.#nesting > MAX_NESTING) {
			this.#host.stop("E0120", `macro calls are nested more than ${MAX_NESTING} deep`, name);
			this.#nesting--;
			return true;
		}
		const record = this.#record(macro, name, -1, this.#closedAt);
		while (args.length < macro.params.length) args.push(argument([], false));
		const body = this.#substitute(macro, args, name, record);
		this.#nesting--;
		this.#push(this.#dress(body, name), macro);
		return true;
	}

	/** Replaces macros in a list on its own. */
	expandList(tokens: readonly Tok[]): Tok[] {
		const carry = this.#carry;
		this.#carry = 0;
		this.#contexts.push({ tokens, pos: 0, macro: null, barrier: true });
		const depth = this.#contexts.length;
		const out: Tok[] = [];
		for (;;) {
			const token = this.next();
			if (token.kind === Kind.end) break;
			out.push(token);
			if (out.length > MAX_LIST) {
				this.#host.stop("E0121", `a macro argument grows to more than ${MAX_LIST} tokens`, token);
				break;
			}
		}
		while (this.#contexts.length >= depth) this.#pop();
		this.#carry = carry;
		return out;
	}

	#push(tokens: readonly Tok[], macro: Macro | null): void {
		if (macro !== null) macro.active = true;
		this.#contexts.push({ tokens, pos: 0, macro, barrier: false });
	}

	#pop(): void {
		const context = this.#contexts.pop();
		if (context !== undefined && context.macro !== null) context.macro.active = false;
	}

	/** The first token of a replacement stands where the name stood. */
	#dress(tokens: readonly Tok[], name: Tok): readonly Tok[] {
		const flags = (name.flags | this.#carry) & (Flag.space | Flag.lineStart);
		if (tokens.length === 0) {
			this.#carry = flags;
			return tokens;
		}
		this.#carry = 0;
		const kept = tokens[0].kind === Kind.placemarker ? Flag.space : Flag.noExpand;
		tokens[0].flags = (tokens[0].flags & kept) | flags;
		return tokens;
	}

	#record(macro: Macro, name: Tok, argument: number, callEnd: number): number {
		const { expansions, names } = this.#host;
		expansions.push({
			macro: names.text(macro.name),
			definedAt: macro.definedAt,
			callAt: name.location,
			callExpansion: name.expansion,
			callEnd,
			argument,
		});
		return expansions.length - 1;
	}

	#parenFollows(): boolean {
		for (let i = this.#contexts.length - 1; i >= 0; i--) {
			const context = this.#contexts[i];
			// A placemarker is the last of its list.
			const next = context.tokens[context.pos];
			if (next !== undefined && next.kind !== Kind.placemarker) return next.kind === LPAREN;
			if (context.barrier) return false;
		}
		return this.#host.parenFollows();
	}

	/** The closing parenthesis of the arguments read last. */
	#closedAt = 0;

	#arguments(macro: Macro, name: Tok): Arg[] | null {
		const carry = this.#carry;
		const args = this.#readArguments(macro, name);
		this.#carry = carry;
		return args;
	}

	#readArguments(macro: Macro, name: Tok): Arg[] | null {
		const params = macro.params as readonly number[];
		this.raw(); // (
		this.#carry = 0;
		const args: Arg[] = [];
		let current: Tok[] = [];
		let depth = 0;
		for (;;) {
			const token = this.raw();
			if (token.kind === Kind.end) {
				this.#host.report("E0116", `the argument list of macro '${this.#host.names.text(macro.name)}' is not closed`, name);
				return null;
			}
			if (token.kind === LPAREN) {
				if (++depth > MAX_PARENS) {
					this.#host.stop("E0120", `parentheses within a macro's arguments are nested more than ${MAX_PARENS} deep`, name);
					return null;
				}
			} else if (token.kind === RPAREN) {
				if (depth === 0) {
					this.#closedAt = token.location;
					break;
				}
				depth--;
			} else if (token.kind === COMMA && depth === 0 && !(macro.variadic && args.length === params.length - 1)) {
				args.push(argument(current));
				current = [];
				continue;
			}
			const space = (token.flags & Flag.lineStart) !== 0 || this.#carry !== 0;
			this.#carry = 0;
			current.push(space ? { ...token, flags: (token.flags & ~Flag.lineStart) | Flag.space } : token);
			if (current.length > MAX_LIST) {
				this.#host.stop("E0121", `a macro argument has more than ${MAX_LIST} tokens`, name);
				return null;
			}
		}
		if (args.length > 0 || current.length > 0 || params.length > 0) args.push(argument(current, args.length > 0 || current.length > 0));
		if (args.length > params.length || args.length < params.length - (macro.variadic ? 1 : 0)) {
			const many = args.length > params.length ? "too many" : "too few";
			this.#host.report(
				"E0117",
				`${many} arguments for macro '${this.#host.names.text(macro.name)}': it takes ${macro.variadic ? `at least ${params.length - 1}` : params.length}, ${args.length} given`,
				name,
			);
			return null;
		}
		return args;
	}

	#substitute(macro: Macro, args: readonly Arg[], name: Tok, record: number): Tok[] {
		const substitution = new Substitution({
			macro,
			args,
			record,
			vaOpt: this.#vaOpt,
			maker: this.#maker,
			expandList: (tokens) => this.expandList(tokens),
			recordOf: (argument) => this.#record(macro, name, argument, this.#host.expansions[record]!.callEnd),
			tooLong: () => this.#host.stop("E0121", `macro '${this.#host.names.text(macro.name)}' grows to more than ${MAX_LIST} tokens`, name),
		});
		return substitution.of(macro.body);
	}

	spell(token: Tok): string {
		return this.#maker.spell(token);
	}
}

function argument(raw: readonly Tok[], given = true): Arg {
	return { given, raw, expanded: null, stringized: null };
}
