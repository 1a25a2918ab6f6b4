/**
 * Which names an external declaration declares, told from its tokens alone: its specifiers and declarators are read just far enough. What a large
 * header costs is mostly this.
 */
import type { TokenBuffer } from "../preprocess/buffer.ts";
import type { Deferred } from "../preprocess/defer.ts";
import { Kind, kindOf } from "../source/kinds.ts";
import { NameIndex } from "./name-index.ts";
import {
	closes,
	COLON,
	COMMA,
	EQUALS,
	isTagWord,
	K_ALIGNAS,
	K_ASM,
	K_ATTRIBUTE,
	K_DECLSPEC,
	K_ENUM,
	K_TYPEOF,
	K_TYPEOF_UNQUAL,
	keywords,
	LBRACE,
	LBRACKET,
	LPAREN,
	opens,
	SEMICOLON,
	skipGroup,
	STAR,
} from "./token-kinds.ts";

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

/** Among the specifiers, these say nothing of the type. */
const isSkipped = keywords("const volatile restrict inline _Noreturn static extern typedef register auto _Thread_local __extension__");
const isTypeWord = keywords(
	"void char short int long float double signed unsigned _Bool _Complex __int128 _Float16 __float128 __auto_type",
);
/** A parenthesis group follows that is no declarator. */
export const hasGroup = keywords("__attribute__ __declspec asm _Alignas");
const K_ATOMIC = kindOf("_Atomic");
const K_BITINT = kindOf("_BitInt");
const K_STATIC_ASSERT = kindOf("_Static_assert");

const traitOf = new Uint8Array(256);
for (const word of ["typedef", "static", "extern", "inline"] as const) traitOf[kindOf(word)] = Trait[word];

/** Attributes that keep an unnamed static. */
const KEEPING = "used __used__ retain __retain__ constructor __constructor__ destructor __destructor__";

export class DeclaredNames {
	readonly ordinary: NameIndex;
	readonly tags: NameIndex;
	/** 1 for names that a typedef at file scope declares. */
	readonly isTypedef: Uint8Array;
	readonly #kinds: TokenBuffer["kinds"];
	readonly #values: TokenBuffer["values"];
	readonly #deferred: readonly Deferred[];
	readonly #externalType: (name: number) => boolean;
	readonly #keeping: ReadonlySet<number>;
	readonly #gnuInline: ReadonlySet<number>;
	// Of the chunk that is being read.
	#chunk = 0;
	#trait = 0;
	#hasBody = false;
	#declared = false;
	#isGnuInline = false;

	/** `externalType`: does type information from outside the text know the name? Asked only where `T (…` could be a declaration without a type. */
	constructor({ kinds, values, names }: TokenBuffer, deferred: readonly Deferred[], externalType: (name: number) => boolean) {
		this.#kinds = kinds;
		this.#values = values;
		this.#deferred = deferred;
		this.#externalType = externalType;
		this.isTypedef = new Uint8Array(names.count);
		for (const builtin of ["__int128_t", "__uint128_t", "__builtin_va_list"]) {
			const name = names.intern(builtin);
			if (name < this.isTypedef.length) this.isTypedef[name] = 1;
		}
		this.#keeping = new Set(KEEPING.split(" ").map((word) => names.intern(word)));
		this.#gnuInline = new Set(["gnu_inline", "__gnu_inline__"].map((word) => names.intern(word)));
		this.ordinary = new NameIndex(names.count);
		this.tags = new NameIndex(names.count);
	}

	/** Notes the names that the tokens declare; gives the chunk's traits. */
	read(from: number, to: number, chunk: number, hasBody: boolean): number {
		const kinds = this.#kinds;
		this.#chunk = chunk;
		this.#hasBody = hasBody;
		this.#trait = hasBody ? Trait.function | Trait.defines : 0;
		this.#declared = false;
		this.#isGnuInline = false;
		let sawType = false;
		let i = from;
		while (i < to) {
			const k = kinds[i];
			if (isTagWord[k] === 1) {
				i = this.#tagged(i, to);
				sawType = true;
			} else if (k === Kind.identifier) {
				if (!sawType && this.#namesType(i, to)) {
					sawType = true;
					i++;
				} else i = this.#declare(this.#values[i], i, to);
			} else if (k === LPAREN && (sawType || this.#declared)) {
				const name = this.#nestedName(i, to);
				i = name >= 0 ? this.#declare(name, i, to) : skipGroup(kinds, i, to);
			} else if (isSkipped[k] === 1) {
				this.#trait |= traitOf[k];
				i++;
			} else if (isTypeWord[k] === 1) {
				sawType = true;
				i++;
			} else if (hasGroup[k] === 1) {
				if (k === K_ASM && i === from) this.#trait |= Trait.other;
				i = this.#attribute(i, to);
			} else if (k === K_TYPEOF || k === K_TYPEOF_UNQUAL || k === K_BITINT || (k === K_ATOMIC && kinds[i + 1] === LPAREN)) {
				sawType = true;
				i = skipGroup(kinds, i + 1, to);
			} else {
				if (k === K_STATIC_ASSERT) this.#trait |= Trait.other;
				i = opens(k) ? skipGroup(kinds, i, to) : i + 1;
			}
		}
		if (!this.#declared && this.#trait === 0 && from + 1 >= to) this.#trait |= Trait.other;
		// What `inline` and `extern inline` say is the other way round.
		return this.#isGnuInline ? this.#trait ^ Trait.extern : this.#trait;
	}

	/** Where no type has been named: is the identifier one, or a declarator whose type is int? */
	#namesType(at: number, to: number): boolean {
		const name = this.#values[at];
		if (this.isTypedef[name] === 1) return true;
		const next = at + 1 < to ? this.#kinds[at + 1] : SEMICOLON;
		if (next === LPAREN) return this.#externalType(name);
		return next !== SEMICOLON && next !== COMMA && next !== EQUALS && next !== LBRACKET;
	}

	/** At struct, union or enum: notes the tag, looks into the body, gives the index behind. */
	#tagged(at: number, limit: number): number {
		const kinds = this.#kinds;
		const isEnum = kinds[at] === K_ENUM;
		let i = at + 1;
		while (i < limit && (kinds[i] === K_ATTRIBUTE || kinds[i] === K_DECLSPEC || kinds[i] === K_ALIGNAS)) i = skipGroup(kinds, i + 1, limit);
		let tag = -1;
		if (kinds[i] === Kind.identifier && i < limit) tag = this.#values[i++];
		if (isEnum && kinds[i] === COLON) while (i < limit && kinds[i] !== LBRACE && kinds[i] !== SEMICOLON) i++;
		if (i < limit && kinds[i] === Kind.deferred) {
			if (tag >= 0) this.tags.add(tag, this.#chunk, true);
			for (const name of this.#deferred[this.#values[i]].enumerators) this.ordinary.add(name, this.#chunk, true);
			return i + 1;
		}
		const body = i < limit && kinds[i] === LBRACE;
		if (tag >= 0) this.tags.add(tag, this.#chunk, body);
		if (!body) return i;
		const close = skipGroup(kinds, i, limit);
		if (isEnum) this.#enumerators(i, close);
		else for (let j = i + 1; j < close - 1; ) j = isTagWord[kinds[j]] === 1 ? this.#tagged(j, close) : j + 1;
		return close;
	}

	/** Notes enumerators of the list that opens at `open`. */
	#enumerators(open: number, close: number): void {
		let expectName = true;
		let depth = 0;
		for (let i = open + 1; i < close - 1; i++) {
			const k = this.#kinds[i];
			if (opens(k)) depth++;
			else if (closes(k)) depth--;
			else if (depth === 0 && k === COMMA) expectName = true;
			else if (expectName && depth === 0 && k === Kind.identifier) {
				this.ordinary.add(this.#values[i], this.#chunk, true);
				expectName = false;
			}
		}
	}

	/** The first name within a parenthesised declarator. */
	#nestedName(open: number, limit: number): number {
		const kinds = this.#kinds;
		for (let i = open + 1; i < limit; i++) {
			const k = kinds[i];
			if (k === K_ATTRIBUTE) i = skipGroup(kinds, i + 1, limit) - 1;
			else if (k === Kind.identifier) return this.#values[i];
			else if (k !== LPAREN && k !== STAR && isSkipped[k] !== 1) return -1;
		}
		return -1;
	}

	#attribute(at: number, limit: number): number {
		const kinds = this.#kinds;
		const close = skipGroup(kinds, at + 1 < limit && kinds[at + 1] === LPAREN ? at + 1 : at, limit);
		if (kinds[at] === K_ATTRIBUTE)
			for (let j = at + 2; j < close; j++) {
				if (kinds[j] !== Kind.identifier) continue;
				if (this.#keeping.has(this.#values[j])) this.#trait |= Trait.kept;
				else if (this.#gnuInline.has(this.#values[j])) this.#isGnuInline = true;
			}
		return Math.max(close, at + 1);
	}

	/** Notes the name and goes on to the next declarator. */
	#declare(name: number, at: number, limit: number): number {
		const kinds = this.#kinds;
		this.#declared = true;
		this.ordinary.add(name, this.#chunk, true);
		if ((this.#trait & Trait.typedef) !== 0 && name < this.isTypedef.length) this.isTypedef[name] = 1;
		let isFunction = this.#hasBody;
		const nested = kinds[at] === LPAREN;
		let j = nested ? at : at + 1;
		while (j < limit && kinds[j] !== COMMA && kinds[j] !== SEMICOLON) {
			const k = kinds[j];
			if (k === EQUALS) {
				this.#trait |= Trait.defines;
				isFunction = true;
			}
			if (hasGroup[k] === 1) j = this.#attribute(j, limit);
			else if (opens(k)) {
				// `f(…)` is a prototype, `(*f)(…)` an object.
				if (k === LPAREN && !nested) isFunction = true;
				j = skipGroup(kinds, j, limit);
			} else j++;
		}
		if (!isFunction && (this.#trait & (Trait.typedef | Trait.extern)) === 0) this.#trait |= Trait.defines;
		return j + 1;
	}
}
