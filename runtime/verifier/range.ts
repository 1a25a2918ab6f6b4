/**
 * What is known of a 64-bit scalar: a tnum, four 64-bit and four 32-bit bounds, kept in step with one another.
 *
 * In: ranges; out: new ranges. A `Range` in a register is never changed: an operation starts from `editable(range)`, sets fields, and ends in
 * `sync` (bounds.ts). A 64-bit bound is two int32 halves (word.ts) and the unsigned 32-bit bounds are kept as int32 bits too, so that no step of the walk makes a
 * BigInt; `smin`, `umax`, … read them as numbers where speed does not matter: in messages, facts and checks of helper arguments.
 * Source: struct bpf_reg_state of include/linux/bpf_verifier.h (6.18).
 */
import { type Tnum, tnumConst, tnumEqual, tnumIn, tnumIsConst, tnumLowIsConst, tnumMade, tnumUnknown } from "./tnum.ts";
import {
	I32_MAX,
	I32_MIN,
	below,
	highOf,
	highOfNumber,
	less,
	lowOf,
	signedBig,
	signedNumber,
	unsignedBig,
	unsignedNumber,
} from "./word.ts";

export const S64_MIN = -(1n << 63n);
export const S32_MIN = I32_MIN;
export const S32_MAX = I32_MAX;
export const U32_MAX = 0xffff_ffff;

export class Range {
	tnum: Tnum;
	sminHi: number;
	sminLo: number;
	smaxHi: number;
	smaxLo: number;
	uminHi: number;
	uminLo: number;
	umaxHi: number;
	umaxLo: number;
	s32min: number;
	s32max: number;
	/** Unsigned bounds of the low half, as int32 bits. */
	lowMin: number;
	lowMax: number;

	constructor(
		tnum: Tnum,
		sminHi: number,
		sminLo: number,
		smaxHi: number,
		smaxLo: number,
		uminHi: number,
		uminLo: number,
		umaxHi: number,
		umaxLo: number,
		s32min: number,
		s32max: number,
		lowMin: number,
		lowMax: number,
	) {
		this.tnum = tnum;
		this.sminHi = sminHi;
		this.sminLo = sminLo;
		this.smaxHi = smaxHi;
		this.smaxLo = smaxLo;
		this.uminHi = uminHi;
		this.uminLo = uminLo;
		this.umaxHi = umaxHi;
		this.umaxLo = umaxLo;
		this.s32min = s32min;
		this.s32max = s32max;
		this.lowMin = lowMin;
		this.lowMax = lowMax;
	}

	get smin(): bigint {
		return signedBig(this.sminHi, this.sminLo);
	}

	get smax(): bigint {
		return signedBig(this.smaxHi, this.smaxLo);
	}

	get umin(): bigint {
		return unsignedBig(this.uminHi, this.uminLo);
	}

	get umax(): bigint {
		return unsignedBig(this.umaxHi, this.umaxLo);
	}

	get u32min(): number {
		return this.lowMin >>> 0;
	}

	get u32max(): number {
		return this.lowMax >>> 0;
	}

	/** Near enough to compare with anything below 2^53. */
	get sminNumber(): number {
		return signedNumber(this.sminHi, this.sminLo);
	}

	get smaxNumber(): number {
		return signedNumber(this.smaxHi, this.smaxLo);
	}

	get umaxNumber(): number {
		return unsignedNumber(this.umaxHi, this.umaxLo);
	}

	// Bounds that are told apart from better ones: each only tightens.

	raiseSmin(hi: number, lo: number): void {
		if (!less(this.sminHi, this.sminLo, hi, lo)) return;
		this.sminHi = hi;
		this.sminLo = lo;
	}

	lowerSmax(hi: number, lo: number): void {
		if (!less(hi, lo, this.smaxHi, this.smaxLo)) return;
		this.smaxHi = hi;
		this.smaxLo = lo;
	}

	raiseUmin(hi: number, lo: number): void {
		if (!below(this.uminHi, this.uminLo, hi, lo)) return;
		this.uminHi = hi;
		this.uminLo = lo;
	}

	lowerUmax(hi: number, lo: number): void {
		if (!below(hi, lo, this.umaxHi, this.umaxLo)) return;
		this.umaxHi = hi;
		this.umaxLo = lo;
	}

	setSigned(minHi: number, minLo: number, maxHi: number, maxLo: number): void {
		this.sminHi = minHi;
		this.sminLo = minLo;
		this.smaxHi = maxHi;
		this.smaxLo = maxLo;
	}

	setUnsigned(minHi: number, minLo: number, maxHi: number, maxLo: number): void {
		this.uminHi = minHi;
		this.uminLo = minLo;
		this.umaxHi = maxHi;
		this.umaxLo = maxLo;
	}
}

export const unbounded = new Range(tnumUnknown, I32_MIN, 0, I32_MAX, -1, 0, 0, -1, -1, I32_MIN, I32_MAX, 0, -1);

/** 32 bits, zero-extended. */
export const unsignedBelow32 = new Range(tnumMade(0, 0, 0, -1), 0, 0, 0, -1, 0, 0, 0, -1, I32_MIN, I32_MAX, 0, -1);

function makeConst(hi: number, lo: number): Range {
	return new Range(tnumConst(hi, lo), hi, lo, hi, lo, hi, lo, hi, lo, lo, lo, lo, lo);
}

const SMALLEST = -512;
const LARGEST = 4096;
const small: Range[] = [];
for (let i = SMALLEST; i <= LARGEST; i++) small.push(makeConst(i >> 31, i));

/** The range of one value. */
export function rangeOf(hi: number, lo: number): Range {
	if (hi === lo >> 31 && lo >= SMALLEST && lo <= LARGEST) return small[lo - SMALLEST];
	return makeConst(hi, lo);
}

/** The same of a value given signed or unsigned. */
export function rangeConst(value: bigint): Range {
	return rangeOf(highOf(value), lowOf(value));
}

/** The same of an integer within ±2^53. */
export function rangeConstNumber(value: number): Range {
	return rangeOf(highOfNumber(value), value | 0);
}

export const zero = rangeOf(0, 0);

export function isConst(r: Range): boolean {
	return tnumIsConst(r.tnum);
}

export function isZero(r: Range): boolean {
	const { tnum } = r;
	return (tnum.maskHi | tnum.maskLo | tnum.valueHi | tnum.valueLo) === 0;
}

/** Constant in all 64 or in its low 32 bits. */
export function isConstWidth(r: Range, low32: boolean): boolean {
	return low32 ? tnumLowIsConst(r.tnum) : tnumIsConst(r.tnum);
}

/** The known value, signed, of a constant range; near enough to compare with anything below 2^53. */
export function constNumber(r: Range): number {
	return signedNumber(r.tnum.valueHi, r.tnum.valueLo);
}

/** Whether every value fits `bits` (8, 16, 32, 64), unsigned. */
export function fitsBits(r: Range, bits: number): boolean {
	return bits === 64 || (r.umaxHi === 0 && (bits === 32 || r.umaxLo >>> bits === 0));
}

export function editable(r: Range): Range {
	return new Range(
		r.tnum,
		r.sminHi,
		r.sminLo,
		r.smaxHi,
		r.smaxLo,
		r.uminHi,
		r.uminLo,
		r.umaxHi,
		r.umaxLo,
		r.s32min,
		r.s32max,
		r.lowMin,
		r.lowMax,
	);
}

/** `to` becomes like `from`: for a range that an operation computes in and that nobody keeps (`settled` makes one to keep). */
export function assign(to: Range, from: Range): Range {
	to.tnum = from.tnum;
	to.sminHi = from.sminHi;
	to.sminLo = from.sminLo;
	to.smaxHi = from.smaxHi;
	to.smaxLo = from.smaxLo;
	to.uminHi = from.uminHi;
	to.uminLo = from.uminLo;
	to.umaxHi = from.umaxHi;
	to.umaxLo = from.umaxLo;
	to.s32min = from.s32min;
	to.s32max = from.s32max;
	to.lowMin = from.lowMin;
	to.lowMax = from.lowMax;
	return to;
}

/** A range to keep: `before` if that is the same, or one of the two that most registers have, so that those are one object each. */
export function settled(r: Range, before: Range): Range {
	if (same(r, before)) return before;
	const { maskHi, maskLo } = r.tnum;
	if (maskLo === -1) {
		if (maskHi === -1 && same(r, unbounded)) return unbounded;
		if (maskHi === 0 && same(r, unsignedBelow32)) return unsignedBelow32;
	}
	return editable(r);
}

export function same(a: Range, b: Range): boolean {
	return (
		a === b ||
		(a.uminLo === b.uminLo &&
			a.umaxLo === b.umaxLo &&
			a.umaxHi === b.umaxHi &&
			a.uminHi === b.uminHi &&
			a.sminLo === b.sminLo &&
			a.smaxLo === b.smaxLo &&
			a.sminHi === b.sminHi &&
			a.smaxHi === b.smaxHi &&
			a.s32min === b.s32min &&
			a.s32max === b.s32max &&
			a.lowMin === b.lowMin &&
			a.lowMax === b.lowMax &&
			tnumEqual(a.tnum, b.tnum))
	);
}

/** Whether `inner`'s bounds lie within `outer`'s, and its tnum too. */
export function includes(outer: Range, inner: Range): boolean {
	return (
		outer === inner ||
		(!below(inner.uminHi, inner.uminLo, outer.uminHi, outer.uminLo) &&
			!below(outer.umaxHi, outer.umaxLo, inner.umaxHi, inner.umaxLo) &&
			!less(inner.sminHi, inner.sminLo, outer.sminHi, outer.sminLo) &&
			!less(outer.smaxHi, outer.smaxLo, inner.smaxHi, inner.smaxLo) &&
			outer.lowMin >>> 0 <= inner.lowMin >>> 0 &&
			outer.lowMax >>> 0 >= inner.lowMax >>> 0 &&
			outer.s32min <= inner.s32min &&
			outer.s32max >= inner.s32max &&
			tnumIn(outer.tnum, inner.tnum))
	);
}

/** The 64-bit bounds that hold of either; the other bounds are not kept. */
export function hull(a: Range, b: Range): Range {
	const smin = less(b.sminHi, b.sminLo, a.sminHi, a.sminLo) ? b : a;
	const smax = less(a.smaxHi, a.smaxLo, b.smaxHi, b.smaxLo) ? b : a;
	const umin = below(b.uminHi, b.uminLo, a.uminHi, a.uminLo) ? b : a;
	const umax = below(a.umaxHi, a.umaxLo, b.umaxHi, b.umaxLo) ? b : a;
	if (smin === a && smax === a && umin === a && umax === a) return a;
	const r = editable(unbounded);
	r.setSigned(smin.sminHi, smin.sminLo, smax.smaxHi, smax.smaxLo);
	r.setUnsigned(umin.uminHi, umin.uminLo, umax.umaxHi, umax.umaxLo);
	return r;
}

export const asS64 = (x: bigint): bigint => BigInt.asIntN(64, x);

/** Bounds that contradict one another are dropped; the known bits stay. */
export function withTnum(range: Range): Range {
	const r = editable(unbounded);
	r.tnum = range.tnum;
	return r;
}

export function unbound64(r: Range): void {
	r.setSigned(I32_MIN, 0, I32_MAX, -1);
	r.setUnsigned(0, 0, -1, -1);
}

export function unbound32(r: Range): void {
	r.s32min = I32_MIN;
	r.s32max = I32_MAX;
	r.lowMin = 0;
	r.lowMax = -1;
}

export function setConst(r: Range, hi: number, lo: number): void {
	r.tnum = tnumConst(hi, lo);
	r.setSigned(hi, lo, hi, lo);
	r.setUnsigned(hi, lo, hi, lo);
	r.s32min = r.s32max = r.lowMin = r.lowMax = lo;
}

export function setConst32(r: Range, value: number): void {
	r.tnum = tnumMade(r.tnum.valueHi, value, r.tnum.maskHi, 0);
	r.s32min = r.s32max = r.lowMin = r.lowMax = value;
}
