import { strayByte } from "../source/stray-bytes.ts";
import { INT, LLONG, LONG, UCHAR, UINT, ULLONG, ULONG, USHORT, CHAR, DOUBLE, FLOAT, LONG_DOUBLE } from "./basic.ts";
import type { CType, FloatType, IntType } from "./types.ts";

/**
 * In: the spelling of a number, character or string literal. Out: its value and type, or what is wrong with it.
 * Sources: C11 6.4.4 and 6.4.5; GNU C's `\e`, binary numbers and 128-bit-free type ladder as clang applies it.
 */
export type NumberValue =
	| {
			readonly kind: "int";
			readonly value: bigint;
			readonly type: IntType /** Decimal and beyond long long. */;
			readonly unsignedDecimal: boolean;
	  }
	| { readonly kind: "float"; readonly value: number; readonly type: FloatType };

export type Malformed = { readonly kind: "malformed"; readonly message: string };

const INTEGER = /^(0[xX][0-9a-fA-F']+|0[bB][01']+|0[0-7']*|[1-9][0-9']*)([a-zA-Z0-9_]*)$/;
const FLOATING =
	/^((?:[0-9][0-9']*)?\.?[0-9']*(?:[eE][+-]?[0-9]+)?|0[xX][0-9a-fA-F']*\.?[0-9a-fA-F']*[pP][+-]?[0-9]+)([fFlL]?|[fF](?:16|32|64|128)x?)$/;

/** Suffix, sorted and lower case → the types to try, decimal and otherwise (C11 6.4.4.1p5). */
const LADDERS: Record<string, { readonly decimal: readonly IntType[]; readonly other: readonly IntType[] }> = {
	"": { decimal: [INT, LONG, LLONG], other: [INT, UINT, LONG, ULONG, LLONG, ULLONG] },
	u: { decimal: [UINT, ULONG, ULLONG], other: [UINT, ULONG, ULLONG] },
	l: { decimal: [LONG, LLONG], other: [LONG, ULONG, LLONG, ULLONG] },
	ul: { decimal: [ULONG, ULLONG], other: [ULONG, ULLONG] },
	ll: { decimal: [LLONG], other: [LLONG, ULLONG] },
	ull: { decimal: [ULLONG], other: [ULLONG] },
};

function suffixKey(suffix: string): string | null {
	const match = /^(?:([uU])(ll|LL|[lL])?|(ll|LL|[lL])([uU])?)?$/.exec(suffix);
	if (!match) return null;
	const unsigned = match[1] || match[4] ? "u" : "";
	return unsigned + (match[2] ?? match[3] ?? "").toLowerCase();
}

export function parseNumber(text: string): NumberValue | Malformed {
	if (/^0[0-7]*[89][0-9]*[uUlL]*$/.test(text))
		return { kind: "malformed", message: `invalid digit '${/[89]/.exec(text)![0]}' in octal constant` };
	// "1e5" is no integer with the suffix e5, but 0x1e5 is one.
	const exponent = /^0[xX]/.test(text) ? /[pP]/.test(text) : /[.eE]/.test(text);
	const integer = exponent ? null : INTEGER.exec(text);
	if (integer) {
		const digits = integer[1]!.replaceAll("'", "");
		const suffix = integer[2]!;
		const octal = /^0[0-7]+$/.test(digits);
		const key = suffixKey(suffix);
		if (key === null) return { kind: "malformed", message: `invalid suffix '${suffix}' on integer constant` };
		const value = BigInt(octal ? `0o${digits.slice(1)}` : digits);
		const decimal = /^[1-9]/.test(digits);
		const ladder = LADDERS[key]!;
		for (const type of decimal ? ladder.decimal : ladder.other) {
			const bits = type.size * 8 - (type.signed ? 1 : 0);
			if (value >> BigInt(bits) === 0n) return { kind: "int", value, type, unsignedDecimal: false };
		}
		if (value >> 64n === 0n) return { kind: "int", value, type: ULLONG, unsignedDecimal: true };
		return { kind: "malformed", message: "integer literal is too large to be represented in any integer type" };
	}
	const floating = FLOATING.exec(text);
	if (floating && /[0-9]/.test(floating[1]!)) {
		const suffix = floating[2]!.toLowerCase();
		const digits = floating[1]!.replaceAll("'", "");
		const value = /^0[xX]/.test(digits) ? hexFloat(digits) : Number(digits);
		return { kind: "float", value, type: suffix === "f" ? FLOAT : suffix === "l" ? LONG_DOUBLE : DOUBLE };
	}
	return { kind: "malformed", message: `invalid number '${text}'` };
}

function hexFloat(text: string): number {
	const match = /^0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?[0-9]+)$/.exec(text);
	if (!match) return Number.NaN;
	const mantissa = Number.parseInt(`${match[1]}${match[2]}` || "0", 16);
	return mantissa * 2 ** (Number(match[3]) - match[2]!.length * 4);
}

// ── characters and strings ──────────────────────────────────────────────────────────────────────

type Prefix = "" | "u8" | "u" | "U" | "L";

interface Encoding {
	readonly element: IntType;
	readonly unit: 1 | 2 | 4;
}

const ENCODINGS: Record<Prefix, Encoding> = {
	"": { element: CHAR, unit: 1 },
	u8: { element: CHAR, unit: 1 },
	u: { element: USHORT, unit: 2 },
	U: { element: UINT, unit: 4 },
	L: { element: INT, unit: 4 },
};

const SIMPLE: Record<string, number> = { a: 7, b: 8, e: 27, E: 27, f: 12, n: 10, r: 13, t: 9, v: 11, "\\": 92, "'": 39, '"': 34, "?": 63 };

/** A code unit that an escape gave by number, or a character to be encoded. */
type Piece = { readonly unit: number } | { readonly point: number };

/** Takes a body without its quotes apart. */
function* pieces(body: string, problems: string[]): Iterable<Piece> {
	let i = 0;
	while (i < body.length) {
		const c = body[i]!;
		if (c !== "\\") {
			const point = body.codePointAt(i)!;
			const stray = strayByte(point);
			yield stray === null ? { point } : { unit: stray };
			i += point > 0xffff ? 2 : 1;
			continue;
		}
		const e = body[i + 1] ?? "";
		if (e in SIMPLE) {
			yield { unit: SIMPLE[e]! };
			i += 2;
		} else if (/[0-7]/.test(e)) {
			const digits = /^[0-7]{1,3}/.exec(body.slice(i + 1))![0];
			yield { unit: Number.parseInt(digits, 8) };
			i += 1 + digits.length;
		} else if (e === "x") {
			const digits = /^[0-9a-fA-F]*/.exec(body.slice(i + 2))![0];
			if (digits === "") problems.push("\\x used with no following hex digits");
			yield { unit: digits === "" ? 0 : Number(BigInt.asUintN(53, BigInt(`0x${digits}`))) };
			i += 2 + digits.length;
		} else if (e === "u" || e === "U") {
			const width = e === "u" ? 4 : 8;
			const digits = body.slice(i + 2, i + 2 + width);
			if (!new RegExp(`^[0-9a-fA-F]{${width}}$`).test(digits)) problems.push("incomplete universal character name");
			const point = Number.parseInt(digits, 16) || 0;
			if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) problems.push("invalid universal character");
			yield { point };
			i += 2 + width;
		} else {
			problems.push(e === "" ? "backslash at the end of a literal" : `unknown escape sequence '\\${e}'`);
			yield { point: e.codePointAt(0) ?? 0 };
			i += 2;
		}
	}
}

function units(piece: Piece, unit: 1 | 2 | 4, problems: string[]): number[] {
	if ("unit" in piece) {
		if (piece.unit >= 2 ** (unit * 8)) problems.push("hex or octal escape sequence out of range");
		return [piece.unit % 2 ** (unit * 8)];
	}
	const point = piece.point;
	if (unit === 4) return [point];
	if (unit === 2) return point > 0xffff ? [0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff)] : [point];
	if (point < 0x80) return [point];
	if (point < 0x800) return [0xc0 | (point >> 6), 0x80 | (point & 63)];
	if (point < 0x10000) return [0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63)];
	return [0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63)];
}

function split(text: string, quote: string): { prefix: Prefix; body: string } | null {
	const match = new RegExp(`^(u8|u|U|L)?${quote}([^]*)${quote}$`).exec(text);
	return match ? { prefix: (match[1] ?? "") as Prefix, body: match[2]! } : null;
}

/** A character constant is an int: 'ab' packs its bytes, '\xff' is −1 (C11 6.4.4.4p10). */
export function parseChar(text: string): { readonly value: bigint; readonly type: CType; readonly problems: readonly string[] } {
	const problems: string[] = [];
	const parts = split(text, "'");
	if (!parts) return { value: 0n, type: INT, problems: [`malformed character constant ${text}`] };
	const { element, unit } = ENCODINGS[parts.prefix];
	const all: number[] = [];
	for (const piece of pieces(parts.body, problems)) all.push(...units(piece, unit, problems));
	if (all.length === 0) problems.push("empty character constant");
	if (parts.prefix === "u8") return { value: BigInt(all[0] ?? 0), type: UCHAR, problems };
	if (unit > 1) return { value: element === INT ? BigInt((all[0] ?? 0) | 0) : BigInt(all[0] ?? 0), type: element, problems };
	if (all.length === 1) return { value: BigInt((all[0]! << 24) >> 24), type: INT, problems };
	let value = 0;
	for (const byte of all) value = (value << 8) | byte | 0;
	return { value: BigInt(value), type: INT, problems };
}

export interface StringValue {
	readonly bytes: Uint8Array;
	readonly element: IntType;
	/** Code units, the terminator included. */
	readonly length: number;
	readonly problems: readonly string[];
}

/** Adjacent literals join; one prefix among plain ones holds for all (C11 6.4.5p5). */
export function parseString(literals: readonly string[]): StringValue {
	const problems: string[] = [];
	let prefix: Prefix = "";
	const bodies: string[] = [];
	for (const text of literals) {
		const parts = split(text, '"');
		if (!parts) {
			problems.push(`malformed string literal ${text}`);
			continue;
		}
		if (parts.prefix !== "") {
			if (prefix !== "" && prefix !== parts.prefix) problems.push("unsupported non-standard concatenation of string literals");
			prefix = parts.prefix;
		}
		bodies.push(parts.body);
	}
	const { element, unit } = ENCODINGS[prefix];
	const all: number[] = [];
	for (const body of bodies) for (const piece of pieces(body, problems)) for (const u of units(piece, unit, problems)) all.push(u);
	all.push(0);
	const bytes = new Uint8Array(all.length * unit);
	for (let i = 0; i < all.length; i++) for (let b = 0; b < unit; b++) bytes[i * unit + b] = (all[i]! / 2 ** (8 * b)) & 255;
	return { bytes, element, length: all.length, problems };
}
