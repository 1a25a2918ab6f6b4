/**
 * 64-bit words as two int32 halves: the arithmetic that ranges and tnums are made of.
 *
 * In and out: halves (`hi`, `lo`), always as int32, so that the engine keeps them in machine registers and objects hold them unboxed; a comparison
 * says whether it reads them as signed or not. A function gives one half; a sum's upper half needs the carry of the lower.
 */
export const I32_MIN = -0x8000_0000;
export const I32_MAX = 0x7fff_ffff;

export const signedBig = (hi: number, lo: number): bigint => (BigInt(hi) << 32n) | BigInt(lo >>> 0);
export const unsignedBig = (hi: number, lo: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
export const highOf = (x: bigint): number => Number(BigInt.asIntN(32, x >> 32n));
export const lowOf = (x: bigint): number => Number(BigInt.asIntN(32, x));

/** The nearest double; exact up to 2^53, and comparisons with smaller numbers hold for all. */
export const signedNumber = (hi: number, lo: number): number => hi * 0x1_0000_0000 + (lo >>> 0);
export const unsignedNumber = (hi: number, lo: number): number => (hi >>> 0) * 0x1_0000_0000 + (lo >>> 0);
/** Upper half of an integer within ±2^53, whose lower half is `x | 0`. */
export const highOfNumber = (x: number): number => Math.floor(x / 0x1_0000_0000) | 0;

export const below = (ah: number, al: number, bh: number, bl: number): boolean => (ah === bh ? al >>> 0 < bl >>> 0 : ah >>> 0 < bh >>> 0);
export const less = (ah: number, al: number, bh: number, bl: number): boolean => (ah === bh ? al >>> 0 < bl >>> 0 : ah < bh);

// Math.max is a call until the optimiser comes.
export function greater32(a: number, b: number): number {
	if (a > b) return a;
	return b;
}

export function lesser32(a: number, b: number): number {
	if (a < b) return a;
	return b;
}

/** The same of halves read as unsigned. */
export const above32 = (a: number, b: number): number => (a >>> 0 > b >>> 0 ? a : b);
export const below32 = (a: number, b: number): number => (a >>> 0 < b >>> 0 ? a : b);

/** Of `sum = (a + b) | 0`. */
export const carry = (a: number, sum: number): number => (sum >>> 0 < a >>> 0 ? 1 : 0);
/** Of `(a - b) | 0`. */
export const borrow = (a: number, b: number): number => (a >>> 0 < b >>> 0 ? 1 : 0);

/** Number of bits that the word needs. */
export const bitLength = (hi: number, lo: number): number => (hi !== 0 ? 64 - Math.clz32(hi) : 32 - Math.clz32(lo));

/** A half with ones from its highest one down. */
export const filled = (x: number): number => (x === 0 ? 0 : (-1 >>> Math.clz32(x)) | 0);

/** Upper half of a product, whose lower half is `Math.imul(al, bl)`. The two roundings err by far less than half a unit of the upper half. */
export function productHigh(ah: number, al: number, bh: number, bl: number): number {
	const lo = Math.imul(al, bl) >>> 0;
	const carried = ((al >>> 0) * (bl >>> 0) - lo) / 0x1_0000_0000 + 0.5;
	return (Math.floor(carried) + Math.imul(al, bh) + Math.imul(ah, bl)) | 0;
}

// Shifts by 0 … 63.
export const leftHigh = (hi: number, lo: number, n: number): number =>
	n === 0 ? hi : n < 32 ? (hi << n) | (lo >>> (32 - n)) : lo << (n - 32);
export const leftLow = (lo: number, n: number): number => (n < 32 ? lo << n : 0);
export const rightHigh = (hi: number, n: number): number => (n < 32 ? (hi >>> n) | 0 : 0);
export const rightLow = (hi: number, lo: number, n: number): number =>
	n === 0 ? lo : n < 32 ? (lo >>> n) | (hi << (32 - n)) : (hi >>> (n - 32)) | 0;
export const signedRightHigh = (hi: number, n: number): number => (n < 32 ? hi >> n : hi >> 31);
export const signedRightLow = (hi: number, lo: number, n: number): number =>
	n === 0 ? lo : n < 32 ? (lo >>> n) | (hi << (32 - n)) : hi >> (n - 32);

export const swapBytes32 = (x: number): number => ((x & 0xff) << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24);
