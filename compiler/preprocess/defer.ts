/**
 * Bodies of records and enums that are passed over, to be read when somebody asks for them.
 * Nine tenths of vmlinux.h are such bodies, and a program uses ten of them. Instead of tokens the buffer then holds one
 * `Kind.deferred` token; what is needed at once is found by looking at bytes: where the body ends, and an enum's names.
 * Anything unusual (a comment, a quote, a directive, a nested named type) makes the scan give up, and the body is read as always.
 */
import type { Names } from "../source/names.ts";
import { HASH_START } from "../source/names.ts";
import type { SourceFile } from "../source/files.ts";
import type { MacroTable } from "./macros.ts";

export interface Deferred {
	readonly file: SourceFile;
	/** The body with its braces. */
	readonly from: number;
	readonly to: number;
	/** Macros as they were when the body was passed over. */
	readonly macros: MacroTable;
	/** Names that an enum's body declares. */
	readonly enumerators: readonly number[];
}

/** Files of at least so many bytes are worth it. */
export const DEFER_FROM_BYTES = 1 << 17;

const ORDINARY = 0;
const OPEN = 1;
const CLOSE = 2;
/** Quotes, comments, directives, backslashes. */
const UNUSUAL = 3;

const classOf = new Uint8Array(256);
classOf[123] = OPEN;
classOf[125] = CLOSE;
for (const c of [34, 39, 47, 35, 92, 0]) classOf[c] = UNUSUAL;

const isWord = new Uint8Array(256);
for (let c = 0; c < 256; c++)
	if (c >= 0x80 || c === 36 || c === 95 || (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122)) isWord[c] = 1;

const isBlank = new Uint8Array(256);
for (const c of [32, 9, 10, 11, 12, 13]) isBlank[c] = 1;

/** Looks at bytes without making an object for what it finds: there are ten thousand bodies in vmlinux.h. */
export class BodyScanner {
	readonly #names: Names;
	/** Of the last tag or enumerator; −1: there was none. */
	name = -1;
	/** Where that name stands, and where the body opens. */
	from = 0;
	open = 0;

	constructor(names: Names) {
		this.#names = names;
	}

	/** `NAME {` or `{` behind struct, union or enum: fills in `name`, `from` and `open`. */
	head(bytes: Uint8Array, at: number): boolean {
		while (isBlank[bytes[at]] === 1) at++;
		this.from = at;
		at = this.#readName(bytes, at);
		while (isBlank[bytes[at]] === 1) at++;
		this.open = at;
		return bytes[at] === 123;
	}

	/** Behind the name at `at`; `name` is its number. */
	#readName(bytes: Uint8Array, at: number): number {
		let to = at;
		let hash = HASH_START;
		let c = bytes[at];
		if (c >= 48 && c <= 57) {
			this.name = -1;
			return at;
		}
		while (isWord[c] === 1) {
			hash = Math.imul(hash ^ c, 0x01000193);
			c = bytes[++to];
		}
		this.name = to === at ? -1 : this.#names.internBytes(bytes, at, to, hash);
		return to;
	}

	/** Behind the brace that closes the record opened at `open`; 0: read it as always. */
	endOfRecord(bytes: Uint8Array, open: number): number {
		const end = bytes.length;
		let depth = 1;
		for (let at = open + 1; at < end; at++) {
			const kind = classOf[bytes[at]];
			if (kind === ORDINARY) continue;
			if (kind === CLOSE) {
				if (--depth === 0) return at + 1;
			} else if (kind === OPEN) {
				if (!opensAnonymousRecord(bytes, at)) return 0;
				depth++;
			} else return 0;
		}
		return 0;
	}

	/** Behind the enum's body, its names in `enumerators`; 0: read it as always. */
	endOfEnum(bytes: Uint8Array, open: number, macros: MacroTable, enumerators: number[]): number {
		const end = bytes.length;
		let at = open + 1;
		while (at < end) {
			while (isBlank[bytes[at]] === 1) at++;
			if (bytes[at] === 125) return at + 1;
			at = this.#readName(bytes, at);
			if (this.name < 0 || macros.defined[this.name] === 1) return 0;
			enumerators.push(this.name);
			// The value: up to a comma outside of parentheses, or the end.
			let depth = 0;
			for (; at < end; at++) {
				const c = bytes[at];
				if (c === 40) depth++;
				else if (c === 41) depth--;
				else if (c === 125) break;
				else if (c === 44 && depth === 0) {
					at++;
					break;
				} else if (classOf[c] >= UNUSUAL || c === 123) return 0;
			}
		}
		return 0;
	}
}

/** Does `struct` or `union` stand right before the brace? Anything else may declare a name that has to be known. */
function opensAnonymousRecord(bytes: Uint8Array, brace: number): boolean {
	let to = brace;
	while (isBlank[bytes[to - 1]] === 1) to--;
	return endsWith(bytes, to, STRUCT) || endsWith(bytes, to, UNION);
}

function endsWith(bytes: Uint8Array, to: number, word: readonly number[]): boolean {
	const from = to - word.length;
	for (let i = 0; i < word.length; i++) if (bytes[from + i] !== word[i]) return false;
	return isWord[bytes[from - 1]] === 0;
}

const STRUCT = [115, 116, 114, 117, 99, 116];
const UNION = [117, 110, 105, 111, 110];
