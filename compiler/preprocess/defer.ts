/**
 * Bodies of records and enums that are passed over, to be read when somebody asks for them.
 * Nine tenths of vmlinux.h are such bodies, and a program uses ten of them. Instead of tokens the buffer then holds one
 * `Kind.deferred` token; what is needed at once is found by looking at bytes: where the body ends, and an enum's names.
 * Anything unusual (a comment, a quote, a directive, a nested named type) makes the scan give up, and the body is read as always.
 */
import type { Names } from "../source/names.ts";
import { HASH_START, hashStep } from "../source/names.ts";
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
for (let c = 0; c < 256; c++) if (c >= 0x80 || c === 36 || c === 95 || (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122)) isWord[c] = 1;

function isBlank(c: number): boolean {
	return c === 32 || (c >= 9 && c <= 13);
}

/** Behind blanks. */
function skipBlanks(bytes: Uint8Array, at: number): number {
	while (isBlank(bytes[at])) at++;
	return at;
}

/** The name at `at` and where it ends; −1: none stands there. */
export function nameAt(bytes: Uint8Array, at: number, names: Names): { readonly name: number; readonly to: number } {
	let to = at;
	let hash = HASH_START;
	if (bytes[at] >= 48 && bytes[at] <= 57) return { name: -1, to };
	while (isWord[bytes[to]] === 1) hash = hashStep(hash, bytes[to++]);
	return { name: to === at ? -1 : names.internBytes(bytes, at, to, hash), to };
}

/** `NAME {` behind `struct` or `union`: the tag and where the brace stands. */
export function tagAndBrace(bytes: Uint8Array, at: number, names: Names): { readonly name: number; readonly from: number; readonly to: number; readonly open: number } | null {
	const from = skipBlanks(bytes, at);
	const { name, to } = nameAt(bytes, from, names);
	const open = skipBlanks(bytes, to);
	return bytes[open] === 123 ? { name, from, to, open } : null;
}

/** Behind the brace that closes the record opened at `open`; 0: read it as always. */
export function endOfRecord(bytes: Uint8Array, open: number): number {
	const end = bytes.length;
	let depth = 1;
	for (let at = open + 1; at < end; at++) {
		const kind = classOf[bytes[at]];
		if (kind === ORDINARY) continue;
		if (kind === CLOSE) {
			if (--depth === 0) return at + 1;
		} else if (kind === OPEN) {
			if (!anonymousRecord(bytes, at)) return 0;
			depth++;
		} else return 0;
	}
	return 0;
}

/** Does `struct` or `union` stand right before the brace? Anything else may declare a name that has to be known. */
function anonymousRecord(bytes: Uint8Array, brace: number): boolean {
	let to = brace;
	while (isBlank(bytes[to - 1])) to--;
	let from = to;
	while (isWord[bytes[from - 1]] === 1) from--;
	const text = String.fromCharCode(...bytes.subarray(from, to));
	return text === "struct" || text === "union";
}

/** The names of an enum's body and where it ends; null: read it as always. */
export function scanEnum(bytes: Uint8Array, open: number, names: Names, macros: MacroTable): { readonly to: number; readonly enumerators: readonly number[] } | null {
	const enumerators: number[] = [];
	const end = bytes.length;
	let at = open + 1;
	while (at < end) {
		at = skipBlanks(bytes, at);
		if (bytes[at] === 125) return { to: at + 1, enumerators };
		const { name, to } = nameAt(bytes, at, names);
		if (name < 0 || macros.defined[name] === 1) return null;
		enumerators.push(name);
		// The value: up to a comma outside of parentheses, or the end.
		let depth = 0;
		for (at = to; at < end; at++) {
			const c = bytes[at];
			if (c === 40) depth++;
			else if (c === 41) depth--;
			else if (c === 125) break;
			else if (c === 44 && depth === 0) {
				at++;
				break;
			} else if (classOf[c] === UNUSUAL || c === 123) return null;
		}
	}
	return null;
}
