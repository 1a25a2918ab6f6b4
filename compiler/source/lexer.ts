/**
 * Bytes in, one preprocessing token at a time out (C11 6.4), into the lexer's own fields: no object per token.
 * Comments and white space become flags of the next token. Backslash-newlines within a token are rare, so the fast path only notices
 * that a token stops at one and reads it again from a copy without them (`#spliced`).
 */
import { Class, classOf, isExponent, isPrefix, isUtf8, singleKind, universalAt, wideBlank, wordByte } from "./characters.ts";
import { GNU_KEYWORDS, Kind } from "./kinds.ts";
import { HASH_START, MAX_NAME_BYTES, type Names } from "./names.ts";
import { punctuatorAt } from "./punctuators.ts";

export const Flag = {
	/** White space or a comment stands before the token. */
	space: 1,
	/** First of its line. */
	lineStart: 2,
	/** A macro name that must not be expanded any more (C11 6.10.3.4p2). */
	noExpand: 4,
} as const;

export type LexError = (code: string, message: string, offset: number, length: number) => void;

const utf8 = new TextDecoder();

export class Lexer {
	readonly bytes: Uint8Array;
	readonly #names: Names;
	readonly #report: LexError;
	/** Where the next token is looked for. */
	pos = 0;
	// The token:
	kind = 0;
	start = 0;
	/** Identifier: the name's number. Everything else: the length in bytes. */
	value = 0;
	flags = 0;
	/** Newlines are tokens: within a directive. */
	inDirective = false;
	/** Text that is skipped by `#if 0`: quotes need not match. */
	lenient = false;
	/** The text is known not to be UTF-8 somewhere: names and strings are looked at. */
	notUtf8 = false;

	constructor(bytes: Uint8Array, names: Names, report: LexError) {
		this.bytes = bytes;
		this.#names = names;
		this.#report = report;
	}

	next(): void {
		const bytes = this.bytes;
		const end = bytes.length;
		let pos = this.pos;
		let flags = pos === 0 ? Flag.lineStart : 0;
		for (;;) {
			if (pos >= end) {
				this.#finish(Kind.end, end, end, flags | Flag.lineStart);
				return;
			}
			const c = bytes[pos];
			switch (classOf[c]) {
				case Class.blank:
					flags |= Flag.space;
					pos++;
					continue;
				case Class.newline:
					if (this.inDirective) {
						// Stays before the newline: the directive is over, the next line starts with it.
						this.#finish(Kind.newline, pos, pos, flags);
						return;
					}
					flags = Flag.lineStart;
					pos++;
					continue;
				case Class.high: {
					const length = wideBlank(bytes, pos);
					if (length === 0) return this.#word(pos, pos, HASH_START, flags);
					if (!this.lenient) this.#report("W0106", "treating Unicode character as whitespace", pos, length);
					flags |= Flag.space;
					pos += length;
					continue;
				}
				case Class.letter:
					return this.#letters(pos, flags);
				case Class.digit:
					return this.#number(pos, flags);
				case Class.single:
					this.kind = singleKind[c];
					this.start = pos;
					this.value = 1;
					this.flags = flags;
					this.pos = pos + 1;
					return;
				case Class.quote:
				case Class.apostrophe:
					return this.#quoted(pos, pos, c, flags);
				case Class.slash: {
					const after = this.#comment(pos);
					if (after === 0) return this.#punctuator(pos, flags);
					pos = after;
					flags |= Flag.space;
					continue;
				}
				case Class.dot:
					if (classOf[bytes[pos + 1]] === Class.digit) return this.#number(pos, flags);
					return this.#punctuator(pos, flags);
				case Class.backslash: {
					const after = this.#isSplice(pos);
					if (after > 0) {
						flags |= Flag.space;
						pos = after;
						continue;
					}
					if (universalAt(bytes, pos) !== null) return this.#universal(pos, flags);
					this.#finish(Kind.stray, pos, pos + 1, flags);
					return;
				}
				case Class.nul:
					if (!this.lenient && bytes[pos - 1] !== 0) this.#report("W0101", "null character ignored", pos, 1);
					flags |= Flag.space;
					pos++;
					continue;
				default:
					return this.#punctuator(pos, flags);
			}
		}
	}

	/** The end of the comment that begins here; 0: none does. */
	#comment(pos: number): number {
		const next = this.#spliceEnd(pos + 1);
		const second = this.bytes[next];
		return second === 42 ? this.#blockComment(pos, next + 1) : second === 47 ? this.#lineComment(next + 1) : 0;
	}

	/** The byte that follows in the text, whatever lines end in between. */
	#spliceEnd(from: number): number {
		let pos = from;
		while (this.bytes[pos] === 92 && this.#isSplice(pos) > 0) pos = this.#isSplice(pos);
		return pos;
	}

	/** Whether a `(` comes next, without reading the token: macro names look ahead for it. Line ends count as blanks outside directives. */
	parenFollows(): boolean {
		this.#ahead = true;
		const follows = this.#parenFollows();
		this.#ahead = false;
		return follows;
	}

	#parenFollows(): boolean {
		const bytes = this.bytes;
		let pos = this.pos;
		for (;;) {
			const c = bytes[pos];
			if (c === 40) return true;
			const kind = pos < bytes.length ? classOf[c] : Class.other;
			if (kind === Class.blank || (kind === Class.newline && !this.inDirective)) pos++;
			else if (kind === Class.backslash && this.#isSplice(pos) > 0) pos = this.#isSplice(pos);
			else if (c === 47 && this.#comment(pos) > 0) pos = this.#comment(pos);
			else if (wideBlank(bytes, pos) > 0) pos += wideBlank(bytes, pos);
			else return false;
		}
	}

	/** The rest of the line as it stands (for #error), without comments being looked at; stays before the newline. */
	restOfLine(): { readonly from: number; readonly to: number } {
		const bytes = this.bytes;
		let pos = this.pos;
		while (classOf[bytes[pos]] === Class.blank && pos < bytes.length) pos++;
		const from = pos;
		while (pos < bytes.length && bytes[pos] !== 10) pos = this.#isSplice(pos) || pos + 1;
		this.pos = pos;
		let to = pos;
		while (to > from && classOf[bytes[to - 1]] === Class.blank) to--;
		return { from, to };
	}

	/** `<path>` or `"path"` after #include; stays where it is and gives null when something else stands there. */
	headerName(): { readonly from: number; readonly to: number; readonly angled: boolean } | null {
		const bytes = this.bytes;
		let pos = this.pos;
		for (;;) {
			if (classOf[bytes[pos]] === Class.blank && pos < bytes.length) pos++;
			else if (bytes[pos] === 47 && bytes[pos + 1] === 42) pos = this.#blockComment(pos, pos + 2);
			else if (wideBlank(bytes, pos) > 0) pos += wideBlank(bytes, pos);
			else break;
		}
		const open = bytes[pos];
		if (open !== 60 && open !== 34) return null;
		const close = open === 60 ? 62 : 34;
		const from = pos + 1;
		let to = from;
		while (to < bytes.length && bytes[to] !== close && bytes[to] !== 10) to++;
		if (bytes[to] !== close) return null;
		this.pos = to + 1;
		return { from, to, angled: open === 60 };
	}

	/** A name, or the prefix of a quote. */
	#letters(start: number, flags: number): void {
		const bytes = this.bytes;
		let pos = start;
		let hash = HASH_START;
		let b = bytes[pos];
		do {
			hash = Math.imul(hash ^ b, 0x01000193);
			b = bytes[++pos];
		} while (wordByte[b] === 1);
		if (b > 127) return this.#word(start, pos, hash, flags);
		if (b === 92 && this.#isSplice(pos)) return this.#spliced(start, flags);
		if (b === 92 && universalAt(bytes, pos) !== null) return this.#universal(start, flags);
		if ((b === 34 || b === 39) && pos - start <= 2 && isPrefix(bytes, start, pos)) return this.#quoted(start, pos, b, flags);
		this.#name(start, pos, hash, flags);
	}

	/** A name that is not ASCII throughout, from the first such byte on. */
	#word(start: number, from: number, hashed: number, flags: number): void {
		const bytes = this.bytes;
		let pos = from;
		let hash = hashed;
		while (wordByte[bytes[pos]] > 0 && wideBlank(bytes, pos) === 0) hash = Math.imul(hash ^ bytes[pos++], 0x01000193);
		if (bytes[pos] === 92 && this.#isSplice(pos)) return this.#spliced(start, flags);
		if (bytes[pos] === 92 && universalAt(bytes, pos) !== null) return this.#universal(start, flags);
		this.#name(start, pos, hash, flags);
	}

	/** A name with characters given by their numbers is the one that has the characters themselves (C11 6.4.2.1p3). */
	#universal(start: number, flags: number): void {
		const bytes = this.bytes;
		let text = "";
		let pos = start;
		for (let from = start; ; from = pos) {
			while (wordByte[bytes[pos]] > 0 && wideBlank(bytes, pos) === 0) pos++;
			text += utf8.decode(bytes.subarray(from, pos));
			if (bytes[pos] === 92 && this.#isSplice(pos)) return this.#spliced(start, flags);
			const character = universalAt(bytes, pos);
			if (character === null) break;
			text += character.text;
			pos += character.length;
		}
		this.#finish(Kind.identifier, start, pos, flags);
		this.value = this.#names.intern(text);
	}

	#name(start: number, pos: number, hash: number, flags: number): void {
		const bytes = this.bytes;
		if (pos - start > MAX_NAME_BYTES) {
			this.#report("E0104", `identifier of ${pos - start} bytes is too long (limit ${MAX_NAME_BYTES})`, start, 16);
			this.#finish(Kind.stray, start, pos, flags);
			return;
		}
		if (this.notUtf8 && !this.lenient && !isUtf8(bytes.subarray(start, pos)))
			this.#report("E0105", "source file is not valid UTF-8", start, pos - start);
		this.kind = Kind.identifier;
		this.start = start;
		this.value = this.#names.internBytes(bytes, start, pos, hash);
		this.flags = flags;
		this.pos = pos;
	}

	#finish(kind: number, start: number, pos: number, flags: number): void {
		this.kind = kind;
		this.start = start;
		this.value = pos - start;
		this.flags = flags;
		this.pos = pos;
	}

	/** Position behind a backslash-newline at `pos`, or 0. Blanks between the two are allowed as gcc and clang do. */
	#isSplice(pos: number): number {
		const bytes = this.bytes;
		if (bytes[pos] !== 92) return 0;
		let at = pos + 1;
		while (at < bytes.length && classOf[bytes[at]] === Class.blank) at++;
		return bytes[at] === 10 ? at + 1 : 0;
	}

	#number(start: number, flags: number): void {
		const bytes = this.bytes;
		let pos = start + 1;
		for (;;) {
			const b = bytes[pos];
			if (wordByte[b] === 1 || b === 46 || (wordByte[b] === 2 && wideBlank(bytes, pos) === 0)) pos++;
			else if ((b === 43 || b === 45) && isExponent(bytes[pos - 1])) pos++;
			else break;
		}
		if (bytes[pos] === 92 && this.#isSplice(pos) > 0) return this.#spliced(start, flags);
		this.#finish(Kind.number, start, pos, flags);
	}

	#quoted(start: number, open: number, quote: number, flags: number): void {
		const bytes = this.bytes;
		const end = bytes.length;
		let pos = open + 1;
		for (;;) {
			const b = bytes[pos];
			if (pos >= end || b === 10) {
				if (!this.lenient) {
					const what = quote === 34 ? "string literal" : "character constant";
					this.#report("E0101", `the ${what} is not closed before the end of the line`, start, pos - start);
				}
				// A lone quote in text that is thrown away spoils only itself; elsewhere the rest of the line goes with it.
				this.#finish(Kind.stray, start, this.lenient ? open + 1 : pos, flags);
				return;
			}
			if (b === quote) break;
			pos = b === 92 ? this.#isSplice(pos) || pos + 2 : pos + 1;
		}
		if (this.notUtf8 && !this.lenient && !isUtf8(bytes.subarray(start, pos)))
			this.#report("W0105", `illegal character encoding in ${quote === 34 ? "string" : "character"} literal`, start, pos - start);
		this.#finish(quote === 34 ? Kind.string : Kind.char, start, pos + 1, flags);
		if (quote === 39 && pos === open + 1 && !this.lenient) this.#report("E0102", "empty character constant", start, 2);
	}

	/** `from`: behind the two characters that begin it. */
	#blockComment(start: number, from: number): number {
		const bytes = this.bytes;
		const end = bytes.length;
		for (let pos = from; pos < end; pos++) {
			if (bytes[pos] !== 42) continue;
			// `/*/` ends the comment that it seems to begin.
			if (bytes[pos - 1] === 47 && pos - 1 > from && bytes[pos + 1] !== 47) this.#suspicious("'/*' within block comment", pos - 1, 2);
			const next = bytes[pos + 1] === 92 ? this.#spliceEnd(pos + 1) : pos + 1;
			if (bytes[next] === 47) return next + 1;
		}
		this.#report("E0103", "the comment is not closed before the end of the file", start, 2);
		return end;
	}

	#lineComment(start: number): number {
		const bytes = this.bytes;
		let pos = start;
		for (;;) {
			let newline = pos;
			while (newline < bytes.length && bytes[newline] !== 10) newline++;
			if (newline === bytes.length) return newline;
			let back = newline - 1;
			while (back > start && classOf[bytes[back]] === Class.blank) back--;
			if (bytes[back] !== 92) return newline;
			pos = newline + 1;
			// Several lines of such comments, one below the other, mean the same without the backslash.
			let next = pos;
			while (classOf[bytes[next]] === Class.blank && next < bytes.length) next++;
			if (bytes[next] !== 47 || bytes[next + 1] !== 47) this.#suspicious("multi-line // comment", newline - 1, 1);
		}
	}

	/** A comment that may reach further than was meant. Looking ahead says nothing: the comment is read once more. */
	#suspicious(message: string, offset: number, length: number): void {
		if (!this.lenient && !this.#ahead) this.#report("W0108", message, offset, length);
	}

	#ahead = false;

	#punctuator(start: number, flags: number): void {
		const bytes = this.bytes;
		const found = punctuatorAt(bytes, start);
		if (found === undefined) return this.#finish(Kind.stray, start, start + 1, flags);
		const pos = start + found.bytes.length;
		if (bytes[pos] === 92 && this.#isSplice(pos) > 0 && !this.#unspliced) return this.#spliced(start, flags);
		this.#finish(found.kind, start, pos, flags);
	}

	#unspliced = false;

	/** Reads the token at `start` from a copy without backslash-newlines. */
	#spliced(start: number, flags: number): void {
		const bytes = this.bytes;
		for (let room = 256; ; room *= 4) {
			const clean = new Uint8Array(room);
			const from = new Int32Array(room + 1);
			let length = 0;
			let pos = start;
			while (length < room && pos < bytes.length && bytes[pos] !== 10) {
				const after = this.#isSplice(pos);
				if (after > 0) {
					pos = after;
					continue;
				}
				from[length] = pos;
				clean[length++] = bytes[pos++];
			}
			from[length] = pos;
			const inner = new Lexer(clean.subarray(0, length), this.#names, (code, message, offset, size) =>
				this.#report(code, message, from[offset], size),
			);
			inner.#unspliced = true;
			inner.lenient = this.lenient;
			inner.next();
			// A token that ends where the copy ends may go on behind it.
			if (inner.pos === length && length === room) continue;
			this.kind = inner.kind;
			this.start = start;
			// The end is where the last byte stood, plus one: a following splice is not part of the token.
			this.pos = inner.pos > 0 ? from[inner.pos - 1] + 1 : start + 1;
			this.value = inner.kind === Kind.identifier ? inner.value : this.pos - start;
			this.flags = flags;
			return;
		}
	}
}

/** Which words the dialect takes as keywords: name number → kind. */
export function keywordTable(names: Names, spellings: Iterable<readonly [string, number]>, strict: boolean): Uint8Array {
	const kinds: number[] = [];
	for (const [word, kind] of spellings) {
		if (strict && GNU_KEYWORDS.includes(word)) continue;
		kinds[names.intern(word)] = kind;
	}
	return Uint8Array.from(kinds, (kind) => kind ?? 0);
}
