/**
 * Shifts of ranges by one known number. By any other amount nothing is known, as in the kernel.
 * Source: scalar_min_max_lsh and its neighbours in kernel/bpf/verifier.c, Linux 6.18.
 */
import { boundsFromTnum, boundsFromTnum32 } from "./bounds.ts";
import { type Range, S32_MAX, S32_MIN, isConst, unbound32, unbound64 } from "./range.ts";
import { tnumLow, tnumLowIsConst, tnumShiftLeft, tnumShiftRight, tnumShiftRightSigned } from "./tnum.ts";
import { below, leftHigh, leftLow, rightHigh, rightLow, signedRightHigh, signedRightLow } from "./word.ts";

function shiftLeftBounds32(d: Range, n: number): void {
	d.s32min = S32_MIN;
	d.s32max = S32_MAX;
	if (n > 31 || d.lowMax >>> 0 > 2 ** (31 - n)) {
		d.lowMin = 0;
		d.lowMax = -1;
	} else {
		d.lowMin <<= n;
		d.lowMax <<= n;
	}
}

export function shiftLeft(d: Range, n: number, wide: boolean): void {
	if (!wide) {
		shiftLeftBounds32(d, n);
		d.tnum = tnumLow(tnumShiftLeft(tnumLow(d.tnum), n));
		unbound64(d);
		boundsFromTnum32(d);
		return;
	}
	// Shift left by 32, then arithmetically right by 32, is how compilers sign-extend.
	if (n === 32) d.setSigned(d.s32min, 0, d.s32max, 0);
	else d.setSigned(S32_MIN, 0, S32_MAX, -1);
	const roomHi = n <= 31 ? 1 << (31 - n) : 0;
	const roomLo = n <= 31 ? 0 : 1 << (63 - n);
	if (below(roomHi, roomLo, d.umaxHi, d.umaxLo)) d.setUnsigned(0, 0, -1, -1);
	else d.setUnsigned(leftHigh(d.uminHi, d.uminLo, n), leftLow(d.uminLo, n), leftHigh(d.umaxHi, d.umaxLo, n), leftLow(d.umaxLo, n));
	shiftLeftBounds32(d, n);
	d.tnum = tnumShiftLeft(d.tnum, n);
	boundsFromTnum(d);
}

export function shiftRight(d: Range, n: number, wide: boolean): void {
	if (!wide) {
		d.s32min = S32_MIN;
		d.s32max = S32_MAX;
		d.tnum = tnumShiftRight(tnumLow(d.tnum), n);
		d.lowMin = (d.lowMin >>> n) | 0;
		d.lowMax = (d.lowMax >>> n) | 0;
		unbound64(d);
		boundsFromTnum32(d);
		return;
	}
	d.setSigned(S32_MIN, 0, S32_MAX, -1);
	d.tnum = tnumShiftRight(d.tnum, n);
	d.setUnsigned(rightHigh(d.uminHi, n), rightLow(d.uminHi, d.uminLo, n), rightHigh(d.umaxHi, n), rightLow(d.umaxHi, d.umaxLo, n));
	unbound32(d);
	boundsFromTnum(d);
}

export function shiftRightSigned(d: Range, n: number, wide: boolean): void {
	if (!wide) {
		d.s32min >>= n;
		d.s32max >>= n;
		d.tnum = tnumShiftRightSigned(d.tnum, n, 32);
		d.lowMin = 0;
		d.lowMax = -1;
		unbound64(d);
		boundsFromTnum32(d);
		return;
	}
	d.setSigned(
		signedRightHigh(d.sminHi, n),
		signedRightLow(d.sminHi, d.sminLo, n),
		signedRightHigh(d.smaxHi, n),
		signedRightLow(d.smaxHi, d.smaxLo, n),
	);
	d.tnum = tnumShiftRightSigned(d.tnum, n, 64);
	d.setUnsigned(0, 0, -1, -1);
	unbound32(d);
	boundsFromTnum(d);
}

/** The known amount of a shift; −1 when it is not known or too large. */
export function shiftAmount(src: Range, wide: boolean): number {
	if (wide) {
		if (!isConst(src) || src.sminHi !== src.smaxHi || src.sminLo !== src.smaxLo || src.uminHi !== src.umaxHi || src.uminLo !== src.umaxLo)
			return -1;
		return src.umaxHi === 0 && src.umaxLo >>> 0 < 64 ? src.umaxLo : -1;
	}
	if (!tnumLowIsConst(src.tnum) || src.s32min !== src.s32max || src.lowMin !== src.lowMax) return -1;
	return src.umaxHi === 0 && src.umaxLo >>> 0 < 32 ? src.lowMin : -1;
}
