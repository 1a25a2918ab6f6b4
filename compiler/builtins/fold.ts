import { integerType } from "../types/basic.ts";
import type { TExpr } from "../types/typed.ts";
import type { FoldName } from "./table.ts";

/** In: a builtin of fixed prototype with constant arguments. Out: its value, or null where it is undefined (clz of 0) or not known. */
export function foldBuiltin(name: FoldName, args: readonly TExpr[]): bigint | null {
	if (name === "strlen") return stringLength(args[0]!);
	if (name === "strspn" || name === "strcspn") return spanOf(args, name === "strspn");
	if (name === "strcmp") return compareStrings(args[0]!, args[1]!);
	const [x, y] = args.map((a) => (a.kind === "int" ? a.value : null));
	const type = args[0] && integerType(args[0].type);
	if (x === null || x === undefined || !type) return null;
	const bits = type.size * 8;
	const unsigned = BigInt.asUintN(bits, x);
	const text = unsigned.toString(2);
	switch (name) {
		case "bswap": {
			let out = 0n;
			for (let i = 0; i < bits; i += 8) out = (out << 8n) | ((unsigned >> BigInt(i)) & 0xffn);
			return out;
		}
		case "bitreverse":
			return BigInt(`0b${[...text.padStart(bits, "0")].reverse().join("")}`);
		case "clrsb":
			return BigInt(bits - 1 - (x < 0n ? ~x : x).toString(2).replace(/^0$/, "").length);
		case "clz":
			return unsigned === 0n ? null : BigInt(bits - text.length);
		case "ctz":
			return unsigned === 0n ? null : BigInt(text.length - 1 - text.lastIndexOf("1"));
		case "ffs":
			return unsigned === 0n ? 0n : BigInt(text.length - text.lastIndexOf("1"));
		case "popcount":
			return BigInt(text.split("1").length - 1);
		case "parity":
			return BigInt((text.split("1").length - 1) & 1);
		case "abs":
			return x < 0n ? -x : x;
		case "rotateleft":
		case "rotateright": {
			if (y === null || y === undefined) return null;
			const by = BigInt.asUintN(32, y) % BigInt(bits);
			const left = name === "rotateleft" ? by : (BigInt(bits) - by) % BigInt(bits);
			return BigInt.asUintN(bits, (unsigned << left) | (unsigned >> (BigInt(bits) - left)));
		}
	}
}

/** What a pointer to a string literal points to. */
export function literal(e: TExpr): Uint8Array | null {
	if (e.kind === "convert") return literal(e.operand);
	if (e.kind === "address" && e.of.kind === "string") return e.of.bytes;
	return null;
}

/** Of a string literal; null for other pointers. */
export function stringLength(e: TExpr): bigint | null {
	const bytes = literal(e);
	return bytes ? BigInt(bytes.indexOf(0)) : null;
}

function compareStrings(a: TExpr, b: TExpr): bigint | null {
	const x = literal(a);
	const y = literal(b);
	if (!x || !y) return null;
	for (let i = 0; ; i++) {
		if (x[i] !== y[i]) return (x[i] ?? 0) < (y[i] ?? 0) ? -1n : 1n;
		if (!x[i]) return 0n;
	}
}

/** The characters of a literal, one for each byte. */
export const latin = (text: Uint8Array): string =>
	Array.from(text.subarray(0, text.indexOf(0)), (byte) => String.fromCharCode(byte)).join("");

/** How many characters at the beginning are, or are not, of a set: strspn, strcspn. */
function spanOf(args: readonly TExpr[], inside: boolean): bigint | null {
	const text = literal(args[0]!);
	const set = literal(args[1]!);
	if (text === null || set === null) return null;
	const characters = latin(text);
	let n = 0;
	while (n < characters.length && latin(set).includes(characters[n]!) === inside) n++;
	return BigInt(n);
}

/** As long as a copy that is filled up with zeros is written out; clang's limit. */
const LONGEST_FILL = 128n;

/** strcpy of a literal, strncpy of one with a length that is known and not too large: stores. */
export function isCopyOfLiteral({ name, args }: { readonly name: string; readonly args: readonly TExpr[] }): boolean {
	const [, from, most] = args;
	if (name.endsWith("strcpy")) return stringLength(from!) !== null;
	return name.endsWith("strncpy") && stringLength(from!) !== null && most!.kind === "int" && most!.value <= LONGEST_FILL;
}
