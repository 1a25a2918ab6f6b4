/** Characters within quotes (C11 6.4.4.4, 6.4.5; GNU C's `\e`): the prefix of a literal and the code units that its body stands for. */
import { strayByte } from "./stray-bytes.ts";

export type Prefix = "" | "u8" | "u" | "U" | "L";
export type Unit = 1 | 2 | 4;

/** Bytes of one code unit. */
export const UNIT: Readonly<Record<Prefix, Unit>> = { "": 1, u8: 1, u: 2, U: 4, L: 4 };

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

function units(piece: Piece, unit: Unit, problems: string[]): number[] {
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

export function split(text: string, quote: string): { prefix: Prefix; body: string } | null {
	const match = new RegExp(`^(u8|u|U|L)?${quote}([^]*)${quote}$`).exec(text);
	return match ? { prefix: (match[1] ?? "") as Prefix, body: match[2]! } : null;
}

/** The code units of a body without its quotes. */
export function codeUnits(body: string, unit: Unit, problems: string[]): number[] {
	const all: number[] = [];
	for (const piece of pieces(body, problems)) for (const u of units(piece, unit, problems)) all.push(u);
	return all;
}

export interface CharValue {
	readonly prefix: Prefix;
	readonly value: bigint;
	readonly problems: readonly string[];
}

/** A plain character constant is an int: 'ab' packs its bytes, '\xff' is −1 (C11 6.4.4.4p10). A wide one is one code unit. */
export function charValue(text: string): CharValue {
	const problems: string[] = [];
	const parts = split(text, "'");
	if (!parts) return { prefix: "", value: 0n, problems: [`malformed character constant ${text}`] };
	const { prefix } = parts;
	const all = codeUnits(parts.body, UNIT[prefix], problems);
	if (all.length === 0) problems.push("empty character constant");
	if (prefix === "L") return { prefix, value: BigInt((all[0] ?? 0) | 0), problems };
	if (prefix !== "") return { prefix, value: BigInt(all[0] ?? 0), problems };
	if (all.length === 1) return { prefix, value: BigInt((all[0]! << 24) >> 24), problems };
	let value = 0;
	for (const byte of all) value = (value << 8) | byte | 0;
	return { prefix, value: BigInt(value), problems };
}
