/** Ranges of narrower values: the low bytes alone, zero-extended or sign-extended (coerce_reg_to_size, set_sext64_default_val and its like). */
import { sync } from "./bounds.ts";
import { type Range, editable, rangeOf, isConst, unbound32 } from "./range.ts";
import { tnumCast, tnumConst, tnumLow, tnumRange, tnumUnknown } from "./tnum.ts";
import { I32_MAX, I32_MIN, greater32, lesser32 } from "./word.ts";

/** The 64-bit bounds of a value whose upper half is zero, from the 32-bit ones. */
function assign32Into64(r: Range): void {
	r.setUnsigned(0, r.lowMin, 0, r.lowMax);
	if (r.s32min >= 0) r.setSigned(0, r.s32min, r.s32max >> 31, r.s32max);
	else r.setSigned(0, 0, 0, -1);
}

export function zeroExtend32(r: Range): void {
	r.tnum = tnumLow(r.tnum);
	assign32Into64(r);
}

/** Zero-extends the low `bytes` (1, 2, 4). */
export function truncate(value: Range, bytes: number): Range {
	const r = editable(value);
	r.tnum = tnumCast(r.tnum, bytes);
	const mask = bytes === 4 ? -1 : (1 << (bytes * 8)) - 1;
	if (r.uminHi === r.umaxHi && (r.uminLo & ~mask) === (r.umaxLo & ~mask)) r.setUnsigned(0, r.uminLo & mask, 0, r.umaxLo & mask);
	else r.setUnsigned(0, 0, 0, mask);
	r.setSigned(0, r.uminLo, 0, r.umaxLo);
	if (bytes < 4) unbound32(r);
	return sync(r);
}

/** Both bounds of the low half, sign-extended from `bits`, and so the whole word's. */
function setSignExtended(r: Range, a: number, b: number): void {
	const lo = lesser32(a, b);
	const hi = greater32(a, b);
	r.s32min = r.lowMin = lo;
	r.s32max = r.lowMax = hi;
	r.setSigned(lo >> 31, lo, hi >> 31, hi);
	r.setUnsigned(lo >> 31, lo, hi >> 31, hi);
	r.tnum = tnumRange(lo >> 31, lo, hi >> 31, hi);
}

const extend = (x: number, shift: number): number => (x << shift) >> shift;

/** Sign-extends the low `bytes` (1, 2, 4) to 64 bits. */
export function signExtend(value: Range, bytes: number): Range {
	const shift = 32 - bytes * 8;
	if (isConst(value)) {
		const lo = extend(value.tnum.valueLo, shift);
		return rangeOf(lo >> 31, lo);
	}
	const r = editable(value);
	if (r.smaxHi === r.sminHi && (shift === 0 || r.smaxLo >>> (32 - shift) === r.sminLo >>> (32 - shift))) {
		const a = extend(r.smaxLo, shift);
		const b = extend(r.sminLo, shift);
		if (a >= 0 === b >= 0) {
			setSignExtended(r, a, b);
			return r;
		}
	}
	r.s32min = I32_MIN >> shift;
	r.s32max = I32_MAX >> shift;
	r.setSigned(-1, r.s32min, 0, r.s32max);
	r.setUnsigned(0, 0, -1, -1);
	r.lowMin = 0;
	r.lowMax = -1;
	r.tnum = tnumUnknown;
	return r;
}

/** Sign-extends the low `bytes` (1, 2) to 32 bits; the caller zero-extends to 64. */
export function signExtend32(value: Range, bytes: number): Range {
	const bits = bytes * 8;
	const shift = 32 - bits;
	const r = editable(value);
	if (isConst(r)) {
		const c = extend(r.tnum.valueLo, shift);
		r.tnum = tnumConst(c >> 31, c);
		r.s32min = r.s32max = r.lowMin = r.lowMax = c;
		return r;
	}
	if (r.s32max >>> bits === r.s32min >>> bits) {
		const a = extend(r.s32max, shift);
		const b = extend(r.s32min, shift);
		if (a >= 0 === b >= 0) {
			r.s32min = r.lowMin = lesser32(a, b);
			r.s32max = r.lowMax = greater32(a, b);
			r.tnum = tnumLow(tnumRange(0, r.lowMin, 0, r.lowMax));
			return r;
		}
	}
	r.s32min = I32_MIN >> shift;
	r.s32max = I32_MAX >> shift;
	r.lowMin = 0;
	r.lowMax = -1;
	r.tnum = tnumLow(tnumUnknown);
	return r;
}
