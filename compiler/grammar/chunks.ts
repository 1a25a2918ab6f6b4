/**
 * The token stream cut at file scope. One pass counts brackets, finds where each external declaration ends, and notes the names that it
 * declares: that is all that `vmlinux.h` costs beyond its tokens. What the pass cannot know (whether the text is correct C) it leaves to
 * the grammar, when a chunk is asked for.
 */
import { Kind, kindOf } from "../source/kinds.ts";
import { isOldStyle } from "./old-style.ts";
import type { TokenBuffer } from "../preprocess/buffer.ts";
import type { Deferred } from "../preprocess/defer.ts";
import type { PragmaState } from "../preprocess/pragma.ts";

export interface Chunks {
	readonly count: number;
	/** First token of chunk i; chunk i ends where i + 1 begins, less what `ends` says. */
	readonly starts: Int32Array;
	readonly ends: Int32Array;
	readonly traits: Uint8Array;
	/** Brackets that are open, half open or never opened: a token and what is wrong there. */
	readonly oldStyle: ReadonlyMap<number, number>;
	readonly problems: readonly { readonly token: number; readonly message: string; readonly open: number; readonly chunk: number }[];
	readonly ordinary: NameIndex;
	readonly tags: NameIndex;
	/** 1 for names that a typedef at file scope declares. */
	readonly isTypedef: Uint8Array;
}

/** What a chunk is, as far as its tokens tell. */
export const Trait = {
	function: 1,
	typedef: 2,
	static: 4,
	inline: 8,
	extern: 16,
	/** `__attribute__((used))` and the like, or a section: stays although nothing names it. */
	kept: 32,
	/** Declares an object or defines a function (not only types, prototypes). */
	defines: 64,
	/** _Static_assert, asm, or only a semicolon. */
	other: 128,
} as const;

/** Name number → chunks, newest first, as a linked list in two arrays. */
export class NameIndex {
	#head: Int32Array;
	#chunk = new Int32Array(1 << 12);
	#next = new Int32Array(1 << 12);
	/** 1: the chunk defines the tag (it has a body there). */
	#defines = new Uint8Array(1 << 12);
	#count = 1;

	constructor(names: number) {
		this.#head = new Int32Array(names);
	}

	add(name: number, chunk: number, defines: boolean): void {
		const head = this.#head[name];
		if (head !== 0 && this.#chunk[head] === chunk) {
			if (defines) this.#defines[head] = 1;
			return;
		}
		if (this.#count === this.#chunk.length) {
			const grow = (old: Int32Array): Int32Array<ArrayBuffer> => {
				const bigger = new Int32Array(old.length * 4);
				bigger.set(old);
				return bigger;
			};
			this.#chunk = grow(this.#chunk);
			this.#next = grow(this.#next);
			const defined = new Uint8Array(this.#chunk.length);
			defined.set(this.#defines);
			this.#defines = defined;
		}
		const at = this.#count++;
		this.#chunk[at] = chunk;
		this.#defines[at] = defines ? 1 : 0;
		this.#next[at] = head;
		this.#head[name] = at;
	}

	has(name: number): boolean {
		return name < this.#head.length && this.#head[name] !== 0;
	}

	/** In source order. */
	chunks(name: number): { readonly chunk: number; readonly defines: boolean }[] {
		const out: { chunk: number; defines: boolean }[] = [];
		for (let at = name < this.#head.length ? this.#head[name] : 0; at !== 0; at = this.#next[at])
			out.push({ chunk: this.#chunk[at], defines: this.#defines[at] === 1 });
		return out.reverse();
	}

	*names(): Iterable<number> {
		for (let name = 0; name < this.#head.length; name++) if (this.#head[name] !== 0) yield name;
	}
}

const LPAREN = kindOf("(");
const RPAREN = kindOf(")");
const LBRACKET = kindOf("[");
const RBRACKET = kindOf("]");
const LBRACE = kindOf("{");
const RBRACE = kindOf("}");
const SEMICOLON = kindOf(";");
const COMMA = kindOf(",");
const EQUALS = kindOf("=");
const STAR = kindOf("*");
const COLON = kindOf(":");
const K_STRUCT = kindOf("struct");
const K_UNION = kindOf("union");
const K_ENUM = kindOf("enum");
const K_ATTRIBUTE = kindOf("__attribute__");
const K_DECLSPEC = kindOf("__declspec");
const K_ASM = kindOf("asm");
const K_ALIGNAS = kindOf("_Alignas");
const K_TYPEOF = kindOf("typeof");
const K_TYPEOF_UNQUAL = kindOf("__typeof_unqual__");
const K_ATOMIC = kindOf("_Atomic");
const K_BITINT = kindOf("_BitInt");
const K_TYPEDEF = kindOf("typedef");
const K_STATIC = kindOf("static");
const K_EXTERN = kindOf("extern");
const K_INLINE = kindOf("inline");
const K_STATIC_ASSERT = kindOf("_Static_assert");

/** Role of a keyword among declaration specifiers. */
const SKIPPED = 1;
const TYPE_WORD = 2;
/** A parenthesis group follows that is no declarator. */
const WITH_GROUP = 3;
const role = new Uint8Array(256);
for (const word of [
	"const",
	"volatile",
	"restrict",
	"inline",
	"_Noreturn",
	"static",
	"extern",
	"typedef",
	"register",
	"auto",
	"_Thread_local",
	"__extension__",
] as const)
	role[kindOf(word)] = SKIPPED;
for (const word of [
	"void",
	"char",
	"short",
	"int",
	"long",
	"float",
	"double",
	"signed",
	"unsigned",
	"_Bool",
	"_Complex",
	"__int128",
	"_Float16",
	"__float128",
	"__auto_type",
] as const)
	role[kindOf(word)] = TYPE_WORD;
for (const kind of [K_ATTRIBUTE, K_DECLSPEC, K_ASM, K_ALIGNAS]) role[kind] = WITH_GROUP;

/** Attributes that keep an unnamed static. */
const KEEPING = ["used", "__used__", "retain", "__retain__", "constructor", "__constructor__", "destructor", "__destructor__"];

/** Brackets within brackets: clang's default for -fbracket-depth. */
export const MAX_DEPTH = 256;

/** `externalType`: does type information from outside the text know the name? Asked only where `T (…` could be a declaration without a type. */
export function splitChunks(
	tokens: TokenBuffer,
	end: number,
	pragmas: PragmaState,
	deferred: readonly Deferred[],
	externalType: (name: number) => boolean,
): Chunks {
	const { kinds, values, names } = tokens;
	const nameCount = names.count;
	const isTypedef = new Uint8Array(nameCount);
	for (const builtin of ["__int128_t", "__uint128_t", "__builtin_va_list"]) {
		const name = names.intern(builtin);
		if (name < nameCount) isTypedef[name] = 1;
	}
	const keeping = new Set(KEEPING.map((word) => names.intern(word)));
	const gnuInline = new Set(["gnu_inline", "__gnu_inline__"].map((word) => names.intern(word)));
	const ordinary = new NameIndex(names.count);
	const tags = new NameIndex(names.count);
	const problems: { token: number; message: string; open: number; chunk: number }[] = [];
	let capacity = 1 << 12;
	let starts = new Int32Array(capacity);
	let ends = new Int32Array(capacity);
	let traits = new Uint8Array(capacity);
	let count = 0;
	let detached = 0;

	/** Index behind the bracket that closes the one at `open` (or `limit`). */
	function skipGroup(open: number, limit: number): number {
		let depth = 0;
		for (let i = open; i < limit; i++) {
			const k = kinds[i];
			if (k === LPAREN || k === LBRACE || k === LBRACKET) depth++;
			else if ((k === RPAREN || k === RBRACE || k === RBRACKET) && --depth === 0) return i + 1;
		}
		return limit;
	}

	/** Within parentheses a brace stands only behind `(`, a cast, `=`, or a record's or enum's head. */
	function braceMayFollow(before: number): boolean {
		const k = kinds[before];
		if (k === LPAREN || k === RPAREN || k === EQUALS || k === K_STRUCT || k === K_UNION || k === K_ENUM) return true;
		return (
			k === Kind.identifier &&
			before > 0 &&
			(kinds[before - 1] === K_STRUCT ||
				kinds[before - 1] === K_UNION ||
				kinds[before - 1] === K_ENUM ||
				kinds[before - 1] === RPAREN ||
				kinds[before - 1] === COLON)
		);
	}

	/** Notes enumerators of the list that opens at `open`. */
	function enumerators(open: number, close: number, chunk: number): void {
		let expectName = true;
		let depth = 0;
		for (let i = open + 1; i < close - 1; i++) {
			const k = kinds[i];
			if (k === LPAREN || k === LBRACE || k === LBRACKET) depth++;
			else if (k === RPAREN || k === RBRACE || k === RBRACKET) depth--;
			else if (depth === 0 && k === COMMA) expectName = true;
			else if (expectName && depth === 0 && k === Kind.identifier) {
				ordinary.add(values[i], chunk, true);
				expectName = false;
			}
		}
	}

	/** At struct, union or enum: notes the tag, looks into the body, gives the index behind. */
	function tagged(at: number, limit: number, chunk: number): number {
		const isEnum = kinds[at] === K_ENUM;
		let i = at + 1;
		while (i < limit && (kinds[i] === K_ATTRIBUTE || kinds[i] === K_DECLSPEC || kinds[i] === K_ALIGNAS)) i = skipGroup(i + 1, limit);
		let tag = -1;
		if (kinds[i] === Kind.identifier && i < limit) tag = values[i++];
		if (isEnum && kinds[i] === COLON) while (i < limit && kinds[i] !== LBRACE && kinds[i] !== SEMICOLON) i++;
		if (i < limit && kinds[i] === Kind.deferred) {
			if (tag >= 0) tags.add(tag, chunk, true);
			for (const name of deferred[values[i]].enumerators) ordinary.add(name, chunk, true);
			return i + 1;
		}
		const body = i < limit && kinds[i] === LBRACE;
		if (tag >= 0) tags.add(tag, chunk, body);
		if (!body) return i;
		const close = skipGroup(i, limit);
		if (isEnum) enumerators(i, close, chunk);
		else
			for (let j = i + 1; j < close - 1; )
				j = kinds[j] === K_STRUCT || kinds[j] === K_UNION || kinds[j] === K_ENUM ? tagged(j, close, chunk) : j + 1;
		return close;
	}

	/** The first name within a parenthesised declarator. */
	function nestedName(open: number, limit: number): number {
		for (let i = open + 1; i < limit; i++) {
			const k = kinds[i];
			if (k === K_ATTRIBUTE) i = skipGroup(i + 1, limit) - 1;
			else if (k === Kind.identifier) return values[i];
			else if (k !== LPAREN && k !== STAR && role[k] !== SKIPPED) return -1;
		}
		return -1;
	}

	/** Reads a chunk's specifiers and declarators far enough to know its names. */
	function index(from: number, to: number, chunk: number, hasBody: boolean): number {
		let trait = hasBody ? Trait.function | Trait.defines : 0;
		let isGnuInline = false;
		let sawType = false;
		let declared = false;
		let i = from;
		while (i < to) {
			const k = kinds[i];
			if (k === K_STRUCT || k === K_UNION || k === K_ENUM) {
				i = tagged(i, to, chunk);
				sawType = true;
				continue;
			}
			if (k === Kind.identifier) {
				const isType = isTypedef[values[i]] === 1;
				if (!sawType && !(i + 1 < to && kinds[i + 1] === LPAREN && !isType && !externalType(values[i]))) {
					const next = i + 1 < to ? kinds[i + 1] : SEMICOLON;
					if (isType || (next !== SEMICOLON && next !== COMMA && next !== EQUALS && next !== LBRACKET)) {
						sawType = true;
						i++;
						continue;
					}
				}
				i = declare(values[i], i, to);
				continue;
			}
			if (k === LPAREN && (sawType || declared)) {
				const name = nestedName(i, to);
				i = name >= 0 ? declare(name, i, to) : skipGroup(i, to);
				continue;
			}
			switch (role[k]) {
				case SKIPPED:
					if (k === K_TYPEDEF) trait |= Trait.typedef;
					else if (k === K_STATIC) trait |= Trait.static;
					else if (k === K_EXTERN) trait |= Trait.extern;
					else if (k === K_INLINE) trait |= Trait.inline;
					i++;
					break;
				case TYPE_WORD:
					sawType = true;
					i++;
					break;
				case WITH_GROUP:
					if (k === K_ASM && i === from) trait |= Trait.other;
					i = attribute(i, to);
					break;
				default:
					if (k === K_STATIC_ASSERT) trait |= Trait.other;
					if (k === K_TYPEOF || k === K_TYPEOF_UNQUAL || k === K_BITINT || (k === K_ATOMIC && kinds[i + 1] === LPAREN)) {
						sawType = true;
						i = skipGroup(i + 1, to);
					} else if (k === LBRACE || k === LPAREN || k === LBRACKET) i = skipGroup(i, to);
					else i++;
			}
		}
		if (!declared && trait === 0 && from + 1 >= to) trait |= Trait.other;
		// What `inline` and `extern inline` say is the other way round.
		return isGnuInline ? trait ^ Trait.extern : trait;

		function attribute(at: number, limit: number): number {
			const close = skipGroup(at + 1 < limit && kinds[at + 1] === LPAREN ? at + 1 : at, limit);
			if (kinds[at] === K_ATTRIBUTE)
				for (let j = at + 2; j < close; j++) {
					if (kinds[j] !== Kind.identifier) continue;
					if (keeping.has(values[j])) trait |= Trait.kept;
					else if (gnuInline.has(values[j])) isGnuInline = true;
				}
			return Math.max(close, at + 1);
		}

		/** Notes the name and goes on to the next declarator. */
		function declare(name: number, at: number, limit: number): number {
			declared = true;
			ordinary.add(name, chunk, true);
			if ((trait & Trait.typedef) !== 0 && name < nameCount) isTypedef[name] = 1;
			let j = at;
			let isFunction = hasBody;
			let first = kinds[at] === LPAREN;
			if (!first) j++;
			while (j < limit && kinds[j] !== COMMA && kinds[j] !== SEMICOLON) {
				const k = kinds[j];
				if (k === EQUALS) {
					trait |= Trait.defines;
					isFunction = true;
				}
				if (role[k] === WITH_GROUP) j = attribute(j, limit);
				else if (k === LPAREN) {
					// `f(…)` is a prototype, `(*f)(…)` an object.
					if (!first && kinds[at] !== LPAREN) isFunction = true;
					first = false;
					j = skipGroup(j, limit);
				} else if (k === LBRACKET || k === LBRACE) j = skipGroup(j, limit);
				else j++;
			}
			if (!isFunction && (trait & (Trait.typedef | Trait.extern)) === 0) trait |= Trait.defines;
			return j + 1;
		}
	}

	/** Definitions in the old style, by chunk: where the list of names ends. */
	const oldStyle = new Map<number, number>();

	function add(from: number, to: number, hasBody: boolean, tooDeep: boolean): void {
		if (count === capacity) {
			capacity *= 4;
			const grow = (old: Int32Array): Int32Array<ArrayBuffer> => {
				const bigger = new Int32Array(capacity);
				bigger.set(old);
				return bigger;
			};
			starts = grow(starts);
			ends = grow(ends);
			const bigger = new Uint8Array(capacity);
			bigger.set(traits);
			traits = bigger;
		}
		starts[count] = from;
		ends[count] = to;
		// What is nested too deeply is for the parser to refuse: looking into it would cost its depth again and again.
		traits[count] = tooDeep ? Trait.other : index(from, (oldStyle.get(count) ?? to - 1) + 1, count, hasBody);
		count++;
	}

	let i = 0;
	while (i < end) {
		if (detached < pragmas.detached.length && pragmas.detached[detached].from <= i) {
			i = Math.max(i, pragmas.detached[detached++].to);
			continue;
		}
		const from = i;
		let depth = 0;
		/** A parenthesis group that may be a parameter list has been seen. */
		let params = false;
		let initialised = false;
		let body = false;
		let tooDeep = false;
		/** Where the first group ends that may be a parameter list. */
		let close = -1;
		const opened: number[] = [];
		for (; i < end; i++) {
			const k = kinds[i];
			if (k === SEMICOLON) {
				if (depth === 0 && !oldStyle.has(count)) {
					if (close < 0 || close + 1 === i || initialised || !isOldStyle(tokens, from, close, end)) break;
					oldStyle.set(count, close);
				}
			} else if (k === LBRACE || k === LPAREN || k === LBRACKET) {
				if (k === LBRACE && depth > 0 && kinds[opened[depth - 1]] !== LBRACE && !braceMayFollow(i - 1)) {
					problems.push({
						token: i,
						message: `expected '${kinds[opened[depth - 1]] === LPAREN ? ")" : "]"}' before '{'`,
						open: opened[depth - 1],
						chunk: count,
					});
					while (depth > 0 && kinds[opened[depth - 1]] !== LBRACE) {
						opened.pop();
						depth--;
					}
					params = true;
				}
				if (depth === 0) {
					if (k === LBRACE && params && !initialised) body = true;
					else if (k === LPAREN && i > from)
						params ||= role[kinds[i - 1]] !== WITH_GROUP && kinds[i - 1] !== K_TYPEOF && kinds[i - 1] !== K_TYPEOF_UNQUAL;
				}
				opened.push(i);
				if (++depth > MAX_DEPTH) tooDeep = true;
			} else if (k === RBRACE || k === RPAREN || k === RBRACKET) {
				if (depth === 0) {
					problems.push({ token: i, message: `'${tokens.text(i)}' closes nothing`, open: -1, chunk: count });
					break;
				}
				const opener = opened[depth - 1];
				const expected = kinds[opener] === LBRACE ? RBRACE : kinds[opener] === LPAREN ? RPAREN : RBRACKET;
				if (k !== expected) {
					// A brace ends what was left open inside it; anything else is left to the grammar.
					problems.push({
						token: i,
						message: `'${tokens.text(opener)}' is not closed before '${tokens.text(i)}'`,
						open: opener,
						chunk: count,
					});
					if (k === RBRACE)
						while (depth > 1 && kinds[opened[depth - 1]] !== LBRACE) {
							opened.pop();
							depth--;
						}
					else continue;
				}
				opened.pop();
				depth--;
				if (depth === 0 && params && close < 0) close = i;
				if (depth === 0 && body && k === RBRACE) break;
			} else if (k === EQUALS && depth === 0) initialised = true;
		}
		if (i >= end && depth > 0)
			problems.push({ token: opened[depth - 1], message: `'${tokens.text(opened[depth - 1])}' is never closed`, open: -1, chunk: count });
		if (i < end) i++;
		add(from, i, body, tooDeep);
	}
	return { count, starts, ends, traits, problems, oldStyle, ordinary, tags, isTypedef };
}
