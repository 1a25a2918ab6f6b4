/** What a byte of C text may begin or continue; white space and encodings beyond ASCII. */
import { kindOf, type Punctuator } from "./kinds.ts";

/** What a token is that begins with the byte. */
export const Class = {
	other: 0,
	letter: 1,
	digit: 2,
	blank: 3,
	newline: 4,
	quote: 5,
	apostrophe: 6,
	slash: 7,
	backslash: 8,
	dot: 9,
	nul: 10,
	/** Stands for a token of its own whatever follows. */
	single: 11,
	/** Not ASCII: a letter of a name, or white space as web pages and word processors write it. */
	high: 12,
} as const;

export const classOf = new Uint8Array(256);
/** Of a byte that is a token of its own, that token's kind. */
export const singleKind = new Uint8Array(256);
for (let c = 0; c < 256; c++) {
	const ch = String.fromCharCode(c);
	if (/[A-Za-z_$]/.test(ch)) classOf[c] = Class.letter;
	else if (c >= 0x80) classOf[c] = Class.high;
	else if (/[0-9]/.test(ch)) classOf[c] = Class.digit;
	else if (/[ \t\v\f\r]/.test(ch)) classOf[c] = Class.blank;
	else if ("()[]{};,?~".includes(ch)) {
		classOf[c] = Class.single;
		singleKind[c] = kindOf(ch as Punctuator);
	}
}
classOf[0] = Class.nul;
classOf[10] = Class.newline;
classOf[34] = Class.quote;
classOf[39] = Class.apostrophe;
classOf[46] = Class.dot;
classOf[47] = Class.slash;
classOf[92] = Class.backslash;

/** 1 where the byte continues an identifier, 2 where that must be looked at. */
export const wordByte = new Uint8Array(256);
for (let c = 0; c < 256; c++)
	wordByte[c] = classOf[c] === Class.letter || classOf[c] === Class.digit ? 1 : classOf[c] === Class.high ? 2 : 0;

/** Unicode's white space beyond ASCII, as UTF-8: no-break and ideographic spaces, those of a certain width, line and paragraph separators. */
const WIDE_BLANKS = [
	[0xc2, 0x85],
	[0xc2, 0xa0],
	[0xe1, 0x9a, 0x80],
	[0xe1, 0xa0, 0x8e],
	...Array.from({ length: 11 }, (_, i) => [0xe2, 0x80, 0x80 + i]),
	[0xe2, 0x80, 0xa8],
	[0xe2, 0x80, 0xa9],
	[0xe2, 0x80, 0xaf],
	[0xe2, 0x81, 0x9f],
	[0xe3, 0x80, 0x80],
];

/** Bytes of the white space at `pos` that is not ASCII; 0: there is none. */
export function wideBlank(bytes: Uint8Array, pos: number): number {
	const found = bytes[pos] < 0x80 ? undefined : WIDE_BLANKS.find((blank) => blank.every((byte, i) => bytes[pos + i] === byte));
	return found === undefined ? 0 : found.length;
}

/** The character that `\u00e9` or `\U0001f600` at `pos` stands for, where a name may have it (C11 6.4.3p2); null: there is none. */
export function universalAt(bytes: Uint8Array, pos: number): { readonly text: string; readonly length: number } | null {
	const digits = bytes[pos + 1] === 117 ? 4 : bytes[pos + 1] === 85 ? 8 : 0;
	const hex = String.fromCharCode(...bytes.subarray(pos + 2, pos + 2 + digits));
	if (bytes[pos] !== 92 || digits === 0 || hex.length < digits || !/^[0-9a-fA-F]*$/.test(hex)) return null;
	const code = Number.parseInt(hex, 16);
	if (code < 0xa0 || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff) return null;
	return { text: String.fromCodePoint(code), length: digits + 2 };
}

/** e E p P: a sign behind it belongs to the number. */
export function isExponent(b: number): boolean {
	return b === 69 || b === 101 || b === 80 || b === 112;
}

/** L u U u8 in front of a quote. */
export function isPrefix(bytes: Uint8Array, from: number, to: number): boolean {
	const first = bytes[from];
	if (to - from === 1) return first === 76 || first === 117 || first === 85;
	return first === 117 && bytes[from + 1] === 56;
}

const strict = new TextDecoder("utf-8", { fatal: true });

export function isUtf8(bytes: Uint8Array): boolean {
	try {
		strict.decode(bytes);
		return true;
	} catch {
		return false;
	}
}
