/**
 * A hash map's lookup as the text of a function: the address of a key in, the address of its value or 0 out. The table's shape and its
 * hash are those of maps/hash-table.ts; an entry's key is padded with zeros, so that the rest of a key is compared as a whole word.
 * V8 inlines it, which a Wasm function is not: a lookup takes 0.78 of the time.
 */
import { HASH_END, HASH_WORD } from "../../maps/hash-table.ts";
import type { HashLayout } from "../../maps/map.ts";

/** The lines of `function <name>(k)`, over `D` and `W` (emit.ts) and `imul`. */
export function hashLookupText(name: string, shape: HashLayout): string[] {
	const { keySize } = shape;
	const words = Array.from({ length: Math.ceil(keySize / 4) }, (_, i) => wordText(4 * i, Math.min(4, keySize - 4 * i)));
	const same = words.map((_, i) => ` && W[(e >>> 2) + ${i}] === w${i}`).join("");
	const use = shape.referenceOffset >= 0 ? `W[e + ${shape.referenceOffset} >>> 2] = 1; ` : "";
	const mix = (word: string, { multiplier, shift }: { readonly multiplier: number; readonly shift: number }): string =>
		`h = imul(${word}, ${multiplier | 0}); h = h ^ h >>> ${shift};`;
	return [
		`function ${name}(k) {`,
		"\tk = k >>> 0;",
		`\tlet h = ${keySize}, e = 0, s = 0;`,
		...words.map((word, i) => `\tconst w${i} = ${word}; ${mix(`h ^ w${i}`, HASH_WORD)}`),
		`\t${mix("h", HASH_END)}`,
		"\tfor (let i = h; ; i = i + 1 | 0) {",
		`\t\ts = ((i & ${shape.mask}) << 1) + ${shape.slots >>> 2} | 0;`,
		"\t\te = W[s + 1];",
		"\t\tif (e === 0) return 0;",
		`\t\tif (W[s] === h${same}) { ${use}return e + ${shape.valueOffset} | 0; }`,
		"\t}",
		"}",
	];
}

/** So many bytes of the key, from one of them on, as a little-endian word. */
function wordText(at: number, bytes: number): string {
	switch (bytes) {
		case 1:
			return `D.getUint8(k + ${at})`;
		case 2:
			return `D.getUint16(k + ${at}, true)`;
		case 3:
			return `D.getUint16(k + ${at}, true) | D.getUint8(k + ${at + 2}) << 16`;
		default:
			return `D.getInt32(k + ${at}, true)`;
	}
}
