/**
 * Macro expansion (C11 6.10.3): a stack of token lists over the file. A macro's replacement is pushed as a list and read again from there;
 * while it is being read the macro is "active" and its name is painted blue (`Flag.noExpand`). Arguments are expanded on their own
 * behind a barrier, which is what "as if they formed the rest of the file" means.
 */
import { Kind, kindOf } from "../source/kinds.ts";
import { Flag, Lexer } from "../source/lexer.ts";
import type { Names } from "../source/names.ts";
import type { Sources } from "../source/files.ts";
import { spell, type Expansion } from "./buffer.ts";
import type { Macro, MacroTable, Tok } from "./macros.ts";

export interface ExpandHost {
	readonly names: Names;
	readonly sources: Sources;
	readonly macros: MacroTable;
	readonly expansions: (Expansion | null)[];
	/** The next token of the file (directives obeyed), `Kind.end` at its end or, within a directive, at the end of the line. */
	fileToken(): Tok;
	parenFollows(): boolean;
	/** `__FILE__`, `_Pragma`, `__has_include` …: the tokens it stands for. */
	dynamic(macro: Macro, name: Tok, expander: Expander): readonly Tok[];
	report(code: string, message: string, at: Tok): void;
	/** Gives up the unit: a limit is reached. */
	stop(code: string, message: string, at: Tok): void;
	readonly stopped: boolean;
}

interface Context {
	readonly tokens: readonly Tok[];
	pos: number;
	readonly macro: Macro | null;
	readonly barrier: boolean;
}

interface Arg {
	readonly raw: readonly Tok[];
	expanded: readonly Tok[] | null;
	stringized: Tok | null;
}

const LPAREN = kindOf("(");
const RPAREN = kindOf(")");
const COMMA = kindOf(",");
const HASH = kindOf("#");
const PASTE = kindOf("##");

/** Calls of macros within arguments of calls. Each level is a few frames of ours. */
const MAX_NESTING = 256;
/** Parentheses within one argument list. */
const MAX_PARENS = 10_000;
/** Tokens that one macro call may make. */
const MAX_LIST = 1_000_000;
/** Bytes that `#` and `##` may make. */
const MAX_TEXT = 16 << 20;

export class Expander {
	readonly #host: ExpandHost;
	readonly #contexts: Context[] = [];
	readonly #vaOpt: number;
	#bytesMade = 0;
	#nesting = 0;
	/** White space in front of an expansion that turned out empty goes to the token behind it. */
	#carry = 0;

	constructor(host: ExpandHost) {
		this.#host = host;
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
			else body = this.#substitute(macro, [], name, record, macro.body, false);
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
		const omitted = macro.variadic && args.length < macro.params.length;
		while (args.length < macro.params.length) args.push({ raw: [], expanded: [], stringized: null });
		const body = this.#substitute(macro, args, name, record, macro.body, omitted);
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
		tokens[0].flags = (tokens[0].flags & Flag.noExpand) | flags;
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
			if (context.pos < context.tokens.length) return context.tokens[context.pos].kind === LPAREN;
			if (context.barrier) return false;
		}
		return this.#host.parenFollows();
	}

	/** The closing parenthesis of the arguments read last. */
	#closedAt = 0;

	#arguments(macro: Macro, name: Tok): Arg[] | null {
		const params = macro.params as readonly number[];
		this.raw(); // (
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
				args.push({ raw: current, expanded: null, stringized: null });
				current = [];
				continue;
			}
			current.push((token.flags & Flag.lineStart) !== 0 ? { ...token, flags: (token.flags & ~Flag.lineStart) | Flag.space } : token);
			if (current.length > MAX_LIST) {
				this.#host.stop("E0121", `a macro argument has more than ${MAX_LIST} tokens`, name);
				return null;
			}
		}
		if (args.length > 0 || current.length > 0 || params.length > 0) args.push({ raw: current, expanded: null, stringized: null });
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

	#expanded(arg: Arg): readonly Tok[] {
		arg.expanded ??= this.expandList(arg.raw);
		return arg.expanded;
	}

	#substitute(macro: Macro, args: Arg[], name: Tok, record: number, body: readonly Tok[], omitted: boolean): Tok[] {
		const out: Tok[] = [];
		const records = new Map<number, number>();
		/** Argument tokens remember both the call and where they came from. */
		const put = (tokens: readonly Tok[], first: Tok): Tok[] =>
			tokens.map((t, i) => {
				let expansion = records.get(t.expansion);
				if (expansion === undefined) {
					expansion = this.#record(macro, name, t.expansion, this.#host.expansions[record]!.callEnd);
					records.set(t.expansion, expansion);
				}
				return {
					kind: t.kind,
					flags: i === 0 ? (t.flags & Flag.noExpand) | (first.flags & Flag.space) : t.flags,
					value: t.value,
					location: t.location,
					expansion,
				};
			});
		const last = (macro.params?.length ?? 0) - 1;
		for (let i = 0; i < body.length; i++) {
			const token = body[i];
			const pasteBefore = i > 0 && body[i - 1].kind === PASTE;
			const pasteAfter = i + 1 < body.length && body[i + 1].kind === PASTE;
			if (token.kind === PASTE && i > 0) continue;
			let piece: Tok[];
			if (token.kind === HASH && macro.params !== null && i + 1 < body.length) {
				i++;
				const operand = body[i];
				if (operand.kind === Kind.parameter) {
					const arg = args[operand.value];
					arg.stringized ??= this.#stringize(arg.raw, token);
					piece = [{ ...arg.stringized, flags: token.flags, expansion: record }];
				} else {
					const close = closing(body, i + 1);
					const inner = this.#present(args, last) ? this.#substitute(macro, args, name, record, body.slice(i + 2, close), omitted) : [];
					i = close;
					piece = [{ ...this.#stringize(inner, token), flags: token.flags, expansion: record }];
				}
				const after = i + 1 < body.length && body[i + 1].kind === PASTE;
				this.#join(out, piece, pasteBefore, after);
				continue;
			}
			if (token.kind === Kind.parameter) {
				const arg = args[token.value];
				if (pasteBefore && macro.variadic && token.value === last && i >= 2 && body[i - 2].kind === COMMA) {
					// GNU: `, ## __VA_ARGS__` takes the comma away when nothing follows, and pastes nothing.
					if (arg.raw.length === 0) {
						if (out.length > 0 && out[out.length - 1].kind === COMMA) out.pop();
					} else if (pasteAfter) out.push(...put(arg.raw, token));
					else out.push(...put(arg.raw, arg.raw[0]));
					continue;
				}
				piece = put(pasteBefore || pasteAfter ? arg.raw : this.#expanded(arg), token);
			} else if (token.kind === Kind.identifier && token.value === this.#vaOpt && macro.variadic && body[i + 1]?.kind === LPAREN) {
				const close = closing(body, i + 1);
				piece = this.#present(args, last) ? this.#substitute(macro, args, name, record, body.slice(i + 2, close), omitted) : [];
				if (piece.length > 0) piece[0].flags = (piece[0].flags & ~Flag.space) | (token.flags & Flag.space);
				i = close;
				this.#join(out, piece, pasteBefore, i + 1 < body.length && body[i + 1].kind === PASTE);
				continue;
			} else piece = [{ kind: token.kind, flags: token.flags, value: token.value, location: token.location, expansion: record }];
			this.#join(out, piece, pasteBefore, pasteAfter);
			if (out.length > MAX_LIST) {
				this.#host.stop("E0121", `macro '${this.#host.names.text(macro.name)}' grows to more than ${MAX_LIST} tokens`, name);
				return [];
			}
		}
		return out.filter((t) => t.kind !== Kind.placemarker);
	}

	/** Does the variable argument hold anything once it is expanded? */
	#present(args: readonly Arg[], last: number): boolean {
		return last >= 0 && args.length > last && this.#expanded(args[last]).length > 0;
	}

	#join(out: Tok[], piece: Tok[], pasteBefore: boolean, pasteAfter: boolean): void {
		if (piece.length === 0 && (pasteBefore || pasteAfter)) piece = [PLACEMARKER];
		if (!pasteBefore || out.length === 0) {
			for (const token of piece) out.push(token);
			return;
		}
		const left = out.pop() as Tok;
		for (const token of this.#paste(left, piece[0])) out.push(token);
		for (let i = 1; i < piece.length; i++) out.push(piece[i]);
	}

	#paste(left: Tok, right: Tok): Tok[] {
		if (left.kind === Kind.placemarker) return [right];
		if (right.kind === Kind.placemarker) return [left];
		const text = this.spell(left) + this.spell(right);
		const bytes = this.#made(text, left);
		const lexer = new Lexer(bytes, this.#host.names, () => {});
		lexer.next();
		if (lexer.pos !== bytes.length || lexer.kind === Kind.stray || lexer.kind === Kind.end) {
			this.#host.report("E0118", `pasting '${this.spell(left)}' and '${this.spell(right)}' does not give one token`, left);
			return [left, right];
		}
		const keeps = lexer.kind === Kind.identifier || lexer.kind >= 16;
		const location = keeps ? left.location : this.#host.sources.scratch(bytes);
		return [{ kind: lexer.kind, flags: left.flags & Flag.space, value: lexer.value, location, expansion: left.expansion }];
	}

	/** `#`: C11 6.10.3.2. */
	#stringize(tokens: readonly Tok[], at: Tok): Tok {
		let text = "";
		tokens.forEach((token, i) => {
			if (text.length > MAX_TEXT) return;
			if (i > 0 && (token.flags & (Flag.space | Flag.lineStart)) !== 0) text += " ";
			const spelled = this.spell(token);
			text += token.kind === Kind.string || token.kind === Kind.char ? spelled.replace(/[\\"]/g, "\\$&") : spelled;
		});
		const bytes = this.#made(`"${text}"`, at);
		return { kind: Kind.string, flags: 0, value: bytes.length, location: this.#host.sources.scratch(bytes), expansion: at.expansion };
	}

	/** Text of a new token; there is a limit to all of it together. */
	#made(text: string, at: Tok): Uint8Array {
		this.#bytesMade += text.length;
		if (this.#bytesMade <= MAX_TEXT) return encoder.encode(text);
		this.#host.stop("E0121", `macros make more than ${MAX_TEXT >> 20} MB of text with # and ##`, at);
		return encoder.encode(text.startsWith('"') ? '""' : "0");
	}

	spell(token: Tok): string {
		return spell(token.kind, token.value, token.location, this.#host.sources, this.#host.names);
	}
}

export const END: Tok = { kind: Kind.end, flags: 0, value: 0, location: 0, expansion: 0 };
const PLACEMARKER: Tok = { kind: Kind.placemarker, flags: 0, value: 0, location: 0, expansion: 0 };
const encoder = new TextEncoder();

/** Index of the parenthesis that closes the one at `open`. */
function closing(body: readonly Tok[], open: number): number {
	let depth = 0;
	for (let i = open; i < body.length; i++) {
		if (body[i].kind === LPAREN) depth++;
		else if (body[i].kind === RPAREN && --depth === 0) return i;
	}
	return body.length;
}

/** A number token that stands in no file. */
export function numberToken(value: bigint | number, sources: Sources, at: Tok): Tok {
	const bytes = encoder.encode(String(value));
	return { kind: Kind.number, flags: at.flags, value: bytes.length, location: sources.scratch(bytes), expansion: at.expansion };
}
export function stringToken(text: string, sources: Sources, at: Tok): Tok {
	const bytes = encoder.encode(`"${text.replace(/[\\"]/g, "\\$&")}"`);
	return { kind: Kind.string, flags: at.flags, value: bytes.length, location: sources.scratch(bytes), expansion: at.expansion };
}
