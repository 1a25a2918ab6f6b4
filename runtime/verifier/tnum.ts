/**
 * Tristate numbers: 64-bit values of which some bits are known.
 *
 *     bit of mask 1: unknown      bit of mask 0: known, and equal to that bit of value
 *
 * `value & mask` is always 0; both are words of two halves (word.ts). In: tnums, out: tnums; nothing is changed in place. The operations are sound
 * over-approximations, and those of multiplication and shifting as precise as Linux 6.18's, because verdicts depend on them.
 * Source: Vishwanathan et al., "Sound, Precise, and Fast Abstract Interpretation with Tristate Numbers" (CGO 2022); kernel/bpf/tnum.c for behaviour.
 */
import {
	below,
	bitLength,
	borrow,
	carry,
	filled,
	leftHigh,
	leftLow,
	rightHigh,
	rightLow,
	signedRightHigh,
	signedRightLow,
	swapBytes32,
	unsignedBig,
} from "./word.ts";

export class Tnum {
	readonly valueHi: number;
	readonly valueLo: number;
	readonly maskHi: number;
	readonly maskLo: number;

	constructor(valueHi: number, valueLo: number, maskHi: number, maskLo: number) {
		this.valueHi = valueHi;
		this.valueLo = valueLo;
		this.maskHi = maskHi;
		this.maskLo = maskLo;
	}

	get value(): bigint {
		return unsignedBig(this.valueHi, this.valueLo);
	}

	get mask(): bigint {
		return unsignedBig(this.maskHi, this.maskLo);
	}
}

export const U64 = 0xffff_ffff_ffff_ffffn;
export const tnumUnknown = new Tnum(0, 0, -1, -1);
const unknownLow = new Tnum(0, 0, 0, -1);

/** The two that most registers have are one object each. */
export function tnumMade(valueHi: number, valueLo: number, maskHi: number, maskLo: number): Tnum {
	if (maskLo === -1) {
		if (maskHi === -1) return tnumUnknown;
		if ((maskHi | valueHi) === 0) return unknownLow;
	}
	return new Tnum(valueHi, valueLo, maskHi, maskLo);
}

export function tnumConst(hi: number, lo: number): Tnum {
	return new Tnum(hi, lo, 0, 0);
}

export function tnumIsConst(a: Tnum): boolean {
	return (a.maskHi | a.maskLo) === 0;
}

export function tnumLowIsConst(a: Tnum): boolean {
	return a.maskLo === 0;
}

export function tnumEqual(a: Tnum, b: Tnum): boolean {
	return a === b || (a.valueLo === b.valueLo && a.maskLo === b.maskLo && a.valueHi === b.valueHi && a.maskHi === b.maskHi);
}

/** The smallest tnum that holds every value from min to max (unsigned). */
export function tnumRange(minHi: number, minLo: number, maxHi: number, maxLo: number): Tnum {
	const hi = minHi ^ maxHi;
	if (hi < 0) return tnumUnknown;
	const deltaHi = filled(hi);
	const deltaLo = hi === 0 ? filled(minLo ^ maxLo) : -1;
	return tnumMade(minHi & ~deltaHi, minLo & ~deltaLo, deltaHi, deltaLo);
}

export function tnumShiftLeft(a: Tnum, n: number): Tnum {
	return tnumMade(leftHigh(a.valueHi, a.valueLo, n), leftLow(a.valueLo, n), leftHigh(a.maskHi, a.maskLo, n), leftLow(a.maskLo, n));
}

export function tnumShiftRight(a: Tnum, n: number): Tnum {
	return tnumMade(rightHigh(a.valueHi, n), rightLow(a.valueHi, a.valueLo, n), rightHigh(a.maskHi, n), rightLow(a.maskHi, a.maskLo, n));
}

/** Arithmetic shift: an unknown sign bit spreads as unknown bits. Of the low half alone for 32 bits. */
export function tnumShiftRightSigned(a: Tnum, n: number, bits: 32 | 64): Tnum {
	if (bits === 32) return tnumMade(0, a.valueLo >> n, 0, a.maskLo >> n);
	return tnumMade(
		signedRightHigh(a.valueHi, n),
		signedRightLow(a.valueHi, a.valueLo, n),
		signedRightHigh(a.maskHi, n),
		signedRightLow(a.maskHi, a.maskLo, n),
	);
}

export function tnumAdd(a: Tnum, b: Tnum): Tnum {
	const valueLo = (a.valueLo + b.valueLo) | 0;
	const valueHi = (a.valueHi + b.valueHi + carry(a.valueLo, valueLo)) | 0;
	if ((a.maskLo | a.maskHi | b.maskLo | b.maskHi) === 0) return new Tnum(valueHi, valueLo, 0, 0);
	const maskLo = (a.maskLo + b.maskLo) | 0;
	const maskHi = (a.maskHi + b.maskHi + carry(a.maskLo, maskLo)) | 0;
	// Bits that a carry out of unknown ones may change.
	const mostLo = (maskLo + valueLo) | 0;
	const mostHi = (maskHi + valueHi + carry(maskLo, mostLo)) | 0;
	const lo = (mostLo ^ valueLo) | a.maskLo | b.maskLo;
	const hi = (mostHi ^ valueHi) | a.maskHi | b.maskHi;
	return tnumMade(valueHi & ~hi, valueLo & ~lo, hi, lo);
}

export function tnumSub(a: Tnum, b: Tnum): Tnum {
	const valueLo = (a.valueLo - b.valueLo) | 0;
	const valueHi = (a.valueHi - b.valueHi - borrow(a.valueLo, b.valueLo)) | 0;
	const mostLo = (valueLo + a.maskLo) | 0;
	const mostHi = (valueHi + a.maskHi + carry(valueLo, mostLo)) | 0;
	const leastLo = (valueLo - b.maskLo) | 0;
	const leastHi = (valueHi - b.maskHi - borrow(valueLo, b.maskLo)) | 0;
	const lo = (mostLo ^ leastLo) | a.maskLo | b.maskLo;
	const hi = (mostHi ^ leastHi) | a.maskHi | b.maskHi;
	return tnumMade(valueHi & ~hi, valueLo & ~lo, hi, lo);
}

const nought = tnumConst(0, 0);

export function tnumNeg(a: Tnum): Tnum {
	return tnumSub(nought, a);
}

export function tnumAnd(a: Tnum, b: Tnum): Tnum {
	const hi = a.valueHi & b.valueHi;
	const lo = a.valueLo & b.valueLo;
	return tnumMade(hi, lo, (a.valueHi | a.maskHi) & (b.valueHi | b.maskHi) & ~hi, (a.valueLo | a.maskLo) & (b.valueLo | b.maskLo) & ~lo);
}

export function tnumOr(a: Tnum, b: Tnum): Tnum {
	const hi = a.valueHi | b.valueHi;
	const lo = a.valueLo | b.valueLo;
	return tnumMade(hi, lo, (a.maskHi | b.maskHi) & ~hi, (a.maskLo | b.maskLo) & ~lo);
}

export function tnumXor(a: Tnum, b: Tnum): Tnum {
	const hi = a.maskHi | b.maskHi;
	const lo = a.maskLo | b.maskLo;
	return tnumMade((a.valueHi ^ b.valueHi) & ~hi, (a.valueLo ^ b.valueLo) & ~lo, hi, lo);
}

/**
 * Long multiplication: an unknown bit of `a` joins "partial product added" with "not added". Not for two constants.
 * The steps are those of tnumAdd, tnumShiftLeft and tnumUnion, in numbers: one multiplication would make a hundred objects.
 */
export function tnumMul(a: Tnum, b: Tnum): Tnum {
	let valueHi = 0;
	let valueLo = 0;
	let maskHi = 0;
	let maskLo = 0;
	let timesValueHi = b.valueHi;
	let timesValueLo = b.valueLo;
	let timesMaskHi = b.maskHi;
	let timesMaskLo = b.maskLo;
	const bits = bitLength(a.valueHi | a.maskHi, a.valueLo | a.maskLo);
	for (let i = 0; i < bits; i++) {
		const bit = 1 << i;
		const value = i < 32 ? a.valueLo & bit : a.valueHi & bit;
		const mask = i < 32 ? a.maskLo & bit : a.maskHi & bit;
		if ((value | mask) !== 0) {
			const sumLo = (valueLo + timesValueLo) | 0;
			const sumHi = (valueHi + timesValueHi + carry(valueLo, sumLo)) | 0;
			const unknownLo = (maskLo + timesMaskLo) | 0;
			const unknownHi = (maskHi + timesMaskHi + carry(maskLo, unknownLo)) | 0;
			const mostLo = (unknownLo + sumLo) | 0;
			const mostHi = (unknownHi + sumHi + carry(unknownLo, mostLo)) | 0;
			let lo = (mostLo ^ sumLo) | maskLo | timesMaskLo;
			let hi = (mostHi ^ sumHi) | maskHi | timesMaskHi;
			let nextLo = sumLo & ~lo;
			let nextHi = sumHi & ~hi;
			if (value === 0) {
				lo |= nextLo ^ valueLo;
				hi |= nextHi ^ valueHi;
				nextLo &= valueLo & ~lo;
				nextHi &= valueHi & ~hi;
			}
			valueLo = nextLo;
			valueHi = nextHi;
			maskLo = lo;
			maskHi = hi;
		}
		timesValueHi = (timesValueHi << 1) | (timesValueLo >>> 31);
		timesValueLo <<= 1;
		timesMaskHi = (timesMaskHi << 1) | (timesMaskLo >>> 31);
		timesMaskLo <<= 1;
	}
	return tnumMade(valueHi, valueLo, maskHi, maskLo);
}

/** Whether some value is in both. */
export function tnumOverlap(a: Tnum, b: Tnum): boolean {
	return (((a.valueHi ^ b.valueHi) & ~a.maskHi & ~b.maskHi) | ((a.valueLo ^ b.valueLo) & ~a.maskLo & ~b.maskLo)) === 0;
}

export function tnumIntersect(a: Tnum, b: Tnum): Tnum {
	const hi = a.maskHi & b.maskHi;
	const lo = a.maskLo & b.maskLo;
	const valueHi = (a.valueHi | b.valueHi) & ~hi;
	const valueLo = (a.valueLo | b.valueLo) & ~lo;
	return hi === a.maskHi && lo === a.maskLo && valueHi === a.valueHi && valueLo === a.valueLo ? a : tnumMade(valueHi, valueLo, hi, lo);
}

/** The same as tnumIntersect(a, tnumRange(min, max)). */
export function tnumWithin(a: Tnum, minHi: number, minLo: number, maxHi: number, maxLo: number): Tnum {
	const cross = minHi ^ maxHi;
	if (cross < 0) return a;
	const unknownHi = filled(cross);
	const unknownLo = cross === 0 ? filled(minLo ^ maxLo) : -1;
	const hi = a.maskHi & unknownHi;
	const lo = a.maskLo & unknownLo;
	const valueHi = (a.valueHi | (minHi & ~unknownHi)) & ~hi;
	const valueLo = (a.valueLo | (minLo & ~unknownLo)) & ~lo;
	return hi === a.maskHi && lo === a.maskLo && valueHi === a.valueHi && valueLo === a.valueLo ? a : tnumMade(valueHi, valueLo, hi, lo);
}

export function tnumUnion(a: Tnum, b: Tnum): Tnum {
	const hi = (a.valueHi ^ b.valueHi) | a.maskHi | b.maskHi;
	const lo = (a.valueLo ^ b.valueLo) | a.maskLo | b.maskLo;
	return tnumMade(a.valueHi & b.valueHi & ~hi, a.valueLo & b.valueLo & ~lo, hi, lo);
}

/** The low `bytes` (1, 2, 4), zero-extended. */
export function tnumCast(a: Tnum, bytes: number): Tnum {
	const keep = bytes === 4 ? -1 : (1 << (bytes * 8)) - 1;
	return tnumMade(0, a.valueLo & keep, 0, a.maskLo & keep);
}

export function tnumIsAligned(a: Tnum, size: number): boolean {
	return ((a.valueLo | a.maskLo) & (size - 1)) === 0;
}

/** Whether every value of `b` is one of `a`. */
export function tnumIn(a: Tnum, b: Tnum): boolean {
	if (((b.maskHi & ~a.maskHi) | (b.maskLo & ~a.maskLo)) !== 0) return false;
	return a.valueHi === (b.valueHi & ~a.maskHi) && a.valueLo === (b.valueLo & ~a.maskLo);
}

export function tnumLow(a: Tnum): Tnum {
	if ((a.valueHi | a.maskHi) === 0) return a;
	return a === tnumUnknown ? unknownLow : tnumMade(0, a.valueLo, 0, a.maskLo);
}

export function tnumWithLow(a: Tnum, low: Tnum): Tnum {
	return a.valueLo === low.valueLo && a.maskLo === low.maskLo ? a : tnumMade(a.valueHi, low.valueLo, a.maskHi, low.maskLo);
}

/** As the kernel prints it: "(0x0; 0xff)", one number when it is one, in decimal while small. */
export function tnumText(a: Tnum): string {
	if (a.mask === 0n) return a.value <= 65535n ? String(a.value) : `0x${a.value.toString(16)}`;
	return `(0x${a.value.toString(16)}; 0x${a.mask.toString(16)})`;
}

/** Two halves as a result that nobody keeps. */
export interface Word {
	hi: number;
	lo: number;
}

/** The smallest member greater than z, into `out`; the greatest member when there is none. */
export function tnumNext(t: Tnum, zHi: number, zLo: number, out: Word): void {
	const { valueHi, valueLo, maskHi, maskLo } = t;
	const topHi = valueHi | maskHi;
	const topLo = valueLo | maskLo;
	if (!below(zHi, zLo, topHi, topLo)) return put(out, topHi, topLo);
	if (below(zHi, zLo, valueHi, valueLo)) return put(out, valueHi, valueLo);
	const nearHi = valueHi | (zHi & maskHi);
	const nearLo = valueLo | (zLo & maskLo);
	if (below(zHi, zLo, nearHi, nearLo)) {
		// A known one where z has a zero: unknown bits below it may all be zero.
		const k = bitLength(~zHi & valueHi & ~maskHi, ~zLo & valueLo & ~maskLo);
		const hi = aboveHigh(k);
		const lo = aboveLow(k);
		return put(out, (hi & zHi) | (~hi & valueHi), (lo & zLo) | (~lo & valueLo));
	}
	const k = bitLength(zHi & ~valueHi & ~maskHi, zLo & ~valueLo & ~maskLo);
	const hi = aboveHigh(k);
	const lo = aboveLow(k);
	// Counting up among the unknown bits from k on: the known ones carry through.
	const fromLo = (lo & maskLo & zLo) | (lo & ~maskLo);
	const fromHi = (hi & maskHi & zHi) | (hi & ~maskHi);
	const stepLo = (fromLo + (k < 32 ? 1 << k : 0)) | 0;
	const stepHi = (fromHi + (k >= 32 && k < 64 ? 1 << (k - 32) : 0) + carry(fromLo, stepLo)) | 0;
	put(out, (stepHi & maskHi) | valueHi, (stepLo & maskLo) | valueLo);
}

function put(out: Word, hi: number, lo: number): void {
	out.hi = hi;
	out.lo = lo;
}

/** Ones from bit k (0 … 64) of a word on. */
const aboveHigh = (k: number): number => (k <= 32 ? -1 : k === 64 ? 0 : -1 << (k - 32));
const aboveLow = (k: number): number => (k >= 32 ? 0 : -1 << k);

/** The bytes of the low `bits` (16, 32, 64) in reverse order, zero-extended. */
export function tnumByteSwap(t: Tnum, bits: number): Tnum {
	if (bits === 64) return tnumMade(swapBytes32(t.valueLo), swapBytes32(t.valueHi), swapBytes32(t.maskLo), swapBytes32(t.maskHi));
	if (bits === 32) return tnumMade(0, swapBytes32(t.valueLo), 0, swapBytes32(t.maskLo));
	return tnumMade(0, swapBytes32(t.valueLo) >>> 16, 0, swapBytes32(t.maskLo) >>> 16);
}
