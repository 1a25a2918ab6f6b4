/**
 * The high word of the product of two words, in doubles: JavaScript has `imul` for the low one and nothing for this. In: operands as texts; out: an expression.
 *
 * Every form below is exact. What decides between them is how many bits the doubles on the way need, and how much V8 has to compute:
 *
 *     a·c ≤ 2⁵³           a·c · 2⁻³²
 *     c literal           (a·c₁ + ⌊a·c₀ · 2⁻¹⁶⌋) · 2⁻¹⁶, c = c₁·2¹⁶ + c₀: no product has more than 48 bits
 *     otherwise           (a·c − lo) · 2⁻³² + ½: the two roundings err by at most 2¹¹, far from 2³¹
 *
 * The last form holds for a sum of products as well: the sum of the doubles is as good as each of them, and its low word is that of the sum. So of
 * registers that were only multiplied and added up, one conversion at the end gives the high word, and no carry is computed on the way.
 */
import { literal, unsigned } from "./words.ts";

const HALF = 2 ** -16;
const WORD = 2 ** -32;

/** a·c / 2³², rounded down. `exact`: a·c is at most 2⁵³. The low word of the product is in `t`. */
export function highProduct(a: string, c: string, exact: boolean): string {
	const x = unsigned(a);
	if (literal.test(c)) return byLiteral(x, Number(c) >>> 0, exact);
	if (exact) return `(${x} * ${unsigned(c)} * ${WORD} >>> 0)`;
	return `(${x} * (${unsigned(c)} * ${WORD}) + 0.5 - ${unsigned("t")} * ${WORD} >>> 0)`;
}

/** Of up to this many products the doubles' sum errs by less than 64 · 2¹⁶. */
export const MOST_PRODUCTS = 64;

/** The high word of a sum of products: `double` about the sum, `low` its low word. */
export function highOfSum(double: string, low: string): string {
	return `(${double} - ${unsigned(low)}) * ${WORD} + 0.5 | 0`;
}

function byLiteral(x: string, c: number, exact: boolean): string {
	const high = c >>> 16;
	const low = c & 0xffff;
	if (exact || c < 2 ** 21 || low === 0) return `(${x} * ${c * WORD} >>> 0)`;
	return `(${x} * ${high * HALF} + Math.floor(${x} * ${low * HALF}) * ${HALF} >>> 0)`;
}
