import { charValue, codeUnits, type Prefix, split, UNIT } from "../source/quoted.ts";
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

const ELEMENTS: Readonly<Record<Prefix, IntType>> = { "": CHAR, u8: CHAR, u: USHORT, U: UINT, L: INT };
/** A plain character constant is an int, unlike the elements of a plain string. */
const CONSTANTS: Readonly<Record<Prefix, IntType>> = { ...ELEMENTS, "": INT, u8: UCHAR };

export function parseChar(text: string): { readonly value: bigint; readonly type: CType; readonly problems: readonly string[] } {
	const { prefix, value, problems } = charValue(text);
	return { value, type: CONSTANTS[prefix], problems };
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
	const unit = UNIT[prefix];
	const all = bodies.flatMap((body) => codeUnits(body, unit, problems));
	all.push(0);
	const bytes = new Uint8Array(all.length * unit);
	for (let i = 0; i < all.length; i++) for (let b = 0; b < unit; b++) bytes[i * unit + b] = (all[i]! / 2 ** (8 * b)) & 255;
	return { bytes, element: ELEMENTS[prefix], length: all.length, problems };
}
