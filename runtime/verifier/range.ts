/**
 * What is known of a 64-bit scalar: a tnum, four 64-bit and four 32-bit bounds, kept in step with one another.
 *
 * In: ranges; out: new ranges. A `Range` in a register is never changed: an operation starts from `editable(range)`, sets fields, and ends in
 * `sync`. A 64-bit bound is two int32 halves (word.ts) and the unsigned 32-bit bounds are kept as int32 bits too, so that no step of the walk makes a
 * BigInt; `smin`, `umax`, … read them as numbers where speed does not matter: in messages, facts and checks of helper arguments.
 * Source: reg_bounds_sync of kernel/bpf/verifier.c (6.18): the same deductions in the same order, for the same verdicts.
 */
import {
	type Tnum, tnumCast, tnumConst, tnumEqual, tnumIn, tnumIsConst, tnumLow, tnumLowIsConst, tnumMade, tnumNext, tnumRange, tnumUnknown, tnumWithin,
} from "./tnum.ts";
import {
	I32_MAX, I32_MIN, above32, below, below32, filled, greater32, highOf, highOfNumber, less, lesser32, lowOf, signedBig, signedNumber, unsignedBig, unsignedNumber,
} from "./word.ts";

export const S64_MIN = -(1n << 63n);
export const S32_MIN = I32_MIN;
export const S32_MAX = I32_MAX;
export const U32_MAX = 0xffff_ffff;

/** What tnumNext answers. */
const member = { hi: 0, lo: 0 };

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
		tnum: Tnum, sminHi: number, sminLo: number, smaxHi: number, smaxLo: number, uminHi: number, uminLo: number, umaxHi: number, umaxLo: number, s32min: number,
		s32max: number, lowMin: number, lowMax: number,
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
	return new Range(r.tnum, r.sminHi, r.sminLo, r.smaxHi, r.smaxLo, r.uminHi, r.uminLo, r.umaxHi, r.umaxLo, r.s32min, r.s32max, r.lowMin, r.lowMax);
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
	return a === b || (a.uminLo === b.uminLo && a.umaxLo === b.umaxLo && a.umaxHi === b.umaxHi && a.uminHi === b.uminHi && a.sminLo === b.sminLo && a.smaxLo === b.smaxLo &&
		a.sminHi === b.sminHi && a.smaxHi === b.smaxHi && a.s32min === b.s32min && a.s32max === b.s32max && a.lowMin === b.lowMin && a.lowMax === b.lowMax && tnumEqual(a.tnum, b.tnum));
}

/** Whether `inner`'s bounds lie within `outer`'s, and its tnum too. */
export function includes(outer: Range, inner: Range): boolean {
	return outer === inner || (!below(inner.uminHi, inner.uminLo, outer.uminHi, outer.uminLo) && !below(outer.umaxHi, outer.umaxLo, inner.umaxHi, inner.umaxLo) &&
		!less(inner.sminHi, inner.sminLo, outer.sminHi, outer.sminLo) && !less(outer.smaxHi, outer.smaxLo, inner.smaxHi, inner.smaxLo) &&
		outer.lowMin >>> 0 <= inner.lowMin >>> 0 && outer.lowMax >>> 0 >= inner.lowMax >>> 0 && outer.s32min <= inner.s32min && outer.s32max >= inner.s32max &&
		tnumIn(outer.tnum, inner.tnum));
}

/** Between two signed 32-bit numbers. */
export function rangeBetween(min: number, max: number): Range {
	const r = editable(unbounded);
	r.s32min = min;
	r.s32max = max;
	r.setSigned(min >> 31, min, max >> 31, max);
	return sync(r);
}

/** 32 bits, zero-extended. */
export const unsignedBelow32 = truncate(unbounded, 4);

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

/** Bounds that the tnum gives. */
export function boundsFromTnum32(r: Range): void {
	const value = r.tnum.valueLo;
	const mask = r.tnum.maskLo;
	r.s32min = greater32(r.s32min, value | (mask & I32_MIN));
	r.s32max = lesser32(r.s32max, value | (mask & I32_MAX));
	r.lowMin = above32(r.lowMin, value);
	r.lowMax = below32(r.lowMax, value | mask);
}

export function boundsFromTnum(r: Range): void {
	boundsFromTnum32(r);
	const { tnum } = r;
	const { valueHi, valueLo, maskHi, maskLo } = tnum;
	const topHi = valueHi | maskHi;
	const topLo = valueLo | maskLo;
	r.raiseSmin(valueHi | (maskHi & I32_MIN), valueLo);
	r.lowerSmax(valueHi | (maskHi & I32_MAX), topLo);
	r.raiseUmin(valueHi, valueLo);
	r.lowerUmax(topHi, topLo);
	if ((maskHi | maskLo) === 0) {
		// Bounds that exclude the one member are what is left of a branch that cannot be taken.
		if (r.uminHi !== valueHi || r.uminLo !== valueLo || r.umaxHi !== valueHi || r.umaxLo !== valueLo) setConst(r, valueHi, valueLo);
		return;
	}
	if ((maskHi & maskLo) === -1) {
		if (!below(r.uminHi, r.uminLo, r.umaxHi, r.umaxLo) && (r.umaxHi & r.umaxLo) !== -1) setConst(r, r.uminHi, r.uminLo);
		return;
	}
	// One member of the tnum within the bounds is the value.
	const { uminHi, uminLo, umaxHi, umaxLo } = r;
	tnumNext(tnum, uminHi, uminLo, member);
	const nextHi = member.hi;
	const nextLo = member.lo;
	const minIn = (uminHi & ~maskHi) === valueHi && (uminLo & ~maskLo) === valueLo;
	const nextBeyond = below(umaxHi, umaxLo, nextHi, nextLo);
	if (minIn) {
		if (nextBeyond) setConst(r, uminHi, uminLo);
	} else if (nextHi === topHi && nextLo === topLo) setConst(r, topHi, topLo);
	else if (!nextBeyond) {
		tnumNext(tnum, nextHi, nextLo, member);
		if (below(umaxHi, umaxLo, member.hi, member.lo)) setConst(r, nextHi, nextLo);
	}
}

function deduce32(r: Range): void {
	const uminLo = r.uminLo;
	const umaxLo = r.umaxLo;
	const sminLo = r.sminLo;
	const smaxLo = r.smaxLo;
	if (r.uminHi === r.umaxHi) {
		r.lowMin = above32(r.lowMin, uminLo);
		r.lowMax = below32(r.lowMax, umaxLo);
		if (uminLo <= umaxLo) {
			r.s32min = greater32(r.s32min, uminLo);
			r.s32max = lesser32(r.s32max, umaxLo);
		}
	}
	if (r.sminHi === r.smaxHi) {
		if (sminLo >>> 0 <= smaxLo >>> 0) {
			r.lowMin = above32(r.lowMin, sminLo);
			r.lowMax = below32(r.lowMax, smaxLo);
		}
		if (sminLo <= smaxLo) {
			r.s32min = greater32(r.s32min, sminLo);
			r.s32max = lesser32(r.s32max, smaxLo);
		}
	}
	// The 64-bit range crosses one multiple of 2^32, from just below it to just above: the low half goes from a negative to a positive number.
	if (((r.uminHi + 1) | 0) === r.umaxHi && uminLo < 0 && umaxLo >= 0) {
		r.s32min = greater32(r.s32min, uminLo);
		r.s32max = lesser32(r.s32max, umaxLo);
	}
	if (((r.sminHi + 1) | 0) === r.smaxHi && sminLo < 0 && smaxLo >= 0) {
		r.s32min = greater32(r.s32min, sminLo);
		r.s32max = lesser32(r.s32max, smaxLo);
	}
	if (r.lowMin <= r.lowMax) {
		r.s32min = greater32(r.s32min, r.lowMin);
		r.s32max = lesser32(r.s32max, r.lowMax);
	}
	if (r.s32min >>> 0 <= r.s32max >>> 0) {
		r.lowMin = above32(r.s32min, r.lowMin);
		r.lowMax = below32(r.s32max, r.lowMax);
	} else if (r.lowMax >>> 0 < r.s32min >>> 0) {
		// The signed range wraps around 0 and the unsigned one meets only its non-negative end.
		r.s32min = r.lowMin;
		r.lowMax = below32(r.lowMax, r.s32max);
	} else if (r.s32max >>> 0 < r.lowMin >>> 0) {
		r.s32max = r.lowMax;
		r.lowMin = above32(r.lowMin, r.s32min);
	}
}

function deduce64(r: Range): void {
	const { uminHi, uminLo, umaxHi, umaxLo } = r;
	if (!less(umaxHi, umaxLo, uminHi, uminLo)) {
		r.raiseSmin(uminHi, uminLo);
		r.lowerSmax(umaxHi, umaxLo);
	}
	const { sminHi, sminLo, smaxHi, smaxLo } = r;
	if (!below(smaxHi, smaxLo, sminHi, sminLo)) {
		r.raiseUmin(sminHi, sminLo);
		r.lowerUmax(smaxHi, smaxLo);
	} else if (below(umaxHi, umaxLo, sminHi, sminLo)) {
		// The signed range wraps around 0 and the unsigned one meets only its non-negative end.
		r.sminHi = uminHi;
		r.sminLo = uminLo;
		r.lowerUmax(smaxHi, smaxLo);
	} else if (below(smaxHi, smaxLo, uminHi, uminLo)) {
		r.smaxHi = umaxHi;
		r.smaxLo = umaxLo;
		r.raiseUmin(sminHi, sminLo);
	}
}

/** 64-bit bounds from those of the low half. */
function deduceMixed(r: Range): void {
	const { lowMin, lowMax } = r;
	r.uminLo = above32(r.uminLo, lowMin);
	r.umaxLo = below32(r.umaxLo, lowMax);
	r.sminLo = above32(r.sminLo, lowMin);
	r.smaxLo = below32(r.smaxLo, lowMax);
	const { sminHi, smaxHi, s32min, s32max } = r;
	if (s32min >= 0 && (sminHi > -1 || (sminHi === -1 && r.sminLo < 0)) && (smaxHi < 0 || (smaxHi === 0 && r.smaxLo >= 0))) {
		r.setSigned(0, s32min, s32max >> 31, s32max);
		r.setUnsigned(0, s32min, s32max >> 31, s32max);
		r.tnum = tnumWithin(r.tnum, 0, s32min, s32max >> 31, s32max);
	}
}

/** The tnum of the 64-bit bounds, with its low half that of the low half's own bounds, met with the tnum known. */
function tnumFromBounds(r: Range): void {
	const { tnum } = r;
	const cross = r.uminHi ^ r.umaxHi;
	const unknownHi = cross < 0 ? -1 : filled(cross);
	const unknownLo = cross !== 0 ? -1 : filled(r.uminLo ^ r.umaxLo);
	const low = filled(r.lowMin ^ r.lowMax);
	const maskHi = tnum.maskHi & unknownHi;
	const maskLo = tnum.maskLo & unknownLo & low;
	const valueHi = (tnum.valueHi | (r.uminHi & ~unknownHi)) & ~maskHi;
	const valueLo = (tnum.valueLo | (r.uminLo & ~unknownLo) | (r.lowMin & ~low)) & ~maskLo;
	if (maskHi !== tnum.maskHi || maskLo !== tnum.maskLo || valueHi !== tnum.valueHi || valueLo !== tnum.valueLo) r.tnum = tnumMade(valueHi, valueLo, maskHi, maskLo);
}

/** Lets each of the nine facts tighten the others. Returns its argument. */
export function sync(r: Range): Range {
	const { tnum } = r;
	if ((tnum.maskHi | tnum.maskLo) === 0 && r.uminLo === tnum.valueLo && r.uminHi === tnum.valueHi && r.umaxLo === r.uminLo && r.umaxHi === r.uminHi && r.lowMin === r.lowMax &&
		r.sminLo === r.smaxLo && r.sminHi === r.smaxHi && r.s32min === r.s32max) return r;
	boundsFromTnum(r);
	// What changes nothing would change nothing again.
	let changed = false;
	for (let i = 0; i < 3 && deduce(r); i++) changed = true;
	const known = r.tnum;
	tnumFromBounds(r);
	if (changed || r.tnum !== known) boundsFromTnum(r);
	return r;
}

/** Each width's bounds from the other's, once. Whether that changed any. */
function deduce(r: Range): boolean {
	const { tnum, sminHi, sminLo, smaxHi, smaxLo, uminHi, uminLo, umaxHi, umaxLo, s32min, s32max, lowMin, lowMax } = r;
	deduce32(r);
	deduce64(r);
	deduceMixed(r);
	return ((r.uminLo ^ uminLo) | (r.uminHi ^ uminHi) | (r.umaxLo ^ umaxLo) | (r.umaxHi ^ umaxHi) | (r.sminLo ^ sminLo) | (r.sminHi ^ sminHi) | (r.smaxLo ^ smaxLo) | (r.smaxHi ^ smaxHi) |
		(r.s32min ^ s32min) | (r.s32max ^ s32max) | (r.lowMin ^ lowMin) | (r.lowMax ^ lowMax)) !== 0 || r.tnum !== tnum;
}

/** A range that contradicts itself (a branch that cannot be taken) tells nothing: null when sound, else what is wrong. */
export function contradiction(r: Range): string | null {
	if (below(r.umaxHi, r.umaxLo, r.uminHi, r.uminLo) || less(r.smaxHi, r.smaxLo, r.sminHi, r.sminLo) || r.lowMin >>> 0 > r.lowMax >>> 0 || r.s32min > r.s32max) return "range bounds violation";
	const { valueHi, valueLo, maskHi, maskLo } = r.tnum;
	if (maskLo !== 0) return null;
	if (maskHi === 0 && (((r.uminHi ^ valueHi) | (r.umaxHi ^ valueHi) | (r.sminHi ^ valueHi) | (r.smaxHi ^ valueHi)) !== 0 ||
		((r.uminLo ^ valueLo) | (r.umaxLo ^ valueLo) | (r.sminLo ^ valueLo) | (r.smaxLo ^ valueLo)) !== 0)) return "const tnum out of sync with range bounds";
	if (r.lowMin !== valueLo || r.lowMax !== valueLo || r.s32min !== valueLo || r.s32max !== valueLo) return "const subreg tnum out of sync with range bounds";
	return null;
}

/** The 64-bit bounds of a value whose upper half is zero, from the 32-bit ones. */
export function assign32Into64(r: Range): void {
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
