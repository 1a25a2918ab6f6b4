/** Ranges in BigInt: the reference for runtime/verifier/range.ts. */
import {
	type Tnum, U64, tnumCast, tnumConst, tnumIn, tnumIntersect, tnumIsConst, tnumLow, tnumOr, tnumClearLow, tnumLowIsConst, tnumNext, tnumRange, tnumUnknown, tnumWithLow,
} from "./tnum.ts";

export const S64_MIN = -(1n << 63n);
export const S64_MAX = (1n << 63n) - 1n;
export const S32_MIN = -0x8000_0000;
export const S32_MAX = 0x7fff_ffff;
export const U32_MAX = 0xffff_ffff;
const U32 = 0xffff_ffffn;
const HIGH = U64 & ~U32;

export class Range {
	tnum: Tnum;
	smin: bigint;
	smax: bigint;
	umin: bigint;
	umax: bigint;
	s32min: number;
	s32max: number;
	u32min: number;
	u32max: number;
	constructor(tnum: Tnum, smin: bigint, smax: bigint, umin: bigint, umax: bigint, s32min: number, s32max: number, u32min: number, u32max: number) {
		this.tnum = tnum;
		this.smin = smin;
		this.smax = smax;
		this.umin = umin;
		this.umax = umax;
		this.s32min = s32min;
		this.s32max = s32max;
		this.u32min = u32min;
		this.u32max = u32max;
	}
}

export const unbounded = new Range(tnumUnknown, S64_MIN, S64_MAX, 0n, U64, S32_MIN, S32_MAX, 0, U32_MAX);

const small: Range[] = [];
for (let i = -512; i <= 4096; i++) small.push(makeConst(BigInt(i)));

function makeConst(value: bigint): Range {
	const u = BigInt.asUintN(64, value);
	const s = BigInt.asIntN(64, value);
	const u32 = Number(u & U32);
	return new Range(tnumConst(u), s, s, u, u, u32 | 0, u32 | 0, u32, u32);
}

/** The range of one value, given signed or unsigned. */
export function rangeConst(value: bigint): Range {
	if (value >= -512n && value <= 4096n) return small[Number(value) + 512];
	return makeConst(value);
}

export function rangeConstNumber(value: number): Range {
	if (value >= -512 && value <= 4096) return small[value + 512];
	return makeConst(BigInt(value));
}

export const zero = rangeConstNumber(0);

export function isConst(r: Range): boolean {
	return r.tnum.mask === 0n;
}

export function isConstValue(r: Range, value: bigint): boolean {
	return r.tnum.mask === 0n && r.tnum.value === value;
}

/** Constant in all 64 or in its low 32 bits. */
export function isConstWidth(r: Range, low32: boolean): boolean {
	return low32 ? tnumLowIsConst(r.tnum) : tnumIsConst(r.tnum);
}

/** The constant, unsigned, of 64 or 32 bits. */
export function constValue(r: Range, low32: boolean): bigint {
	return low32 ? r.tnum.value & U32 : r.tnum.value;
}

export function editable(r: Range): Range {
	return new Range(r.tnum, r.smin, r.smax, r.umin, r.umax, r.s32min, r.s32max, r.u32min, r.u32max);
}

export function same(a: Range, b: Range): boolean {
	return a === b || (a.tnum.value === b.tnum.value && a.tnum.mask === b.tnum.mask && a.smin === b.smin && a.smax === b.smax && a.umin === b.umin &&
		a.umax === b.umax && a.s32min === b.s32min && a.s32max === b.s32max && a.u32min === b.u32min && a.u32max === b.u32max);
}

/** Whether `inner`'s bounds lie within `outer`'s, and its tnum too. */
export function includes(outer: Range, inner: Range): boolean {
	return outer === inner || (outer.umin <= inner.umin && outer.umax >= inner.umax && outer.smin <= inner.smin && outer.smax >= inner.smax &&
		outer.u32min <= inner.u32min && outer.u32max >= inner.u32max && outer.s32min <= inner.s32min && outer.s32max >= inner.s32max &&
		tnumIn(outer.tnum, inner.tnum));
}

export const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
export const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const asS64 = (x: bigint): bigint => BigInt.asIntN(64, x);
export const asU64 = (x: bigint): bigint => BigInt.asUintN(64, x);
const low = (x: bigint): number => Number(x & U32);

export function unbound64(r: Range): void {
	r.smin = S64_MIN;
	r.smax = S64_MAX;
	r.umin = 0n;
	r.umax = U64;
}

export function unbound32(r: Range): void {
	r.s32min = S32_MIN;
	r.s32max = S32_MAX;
	r.u32min = 0;
	r.u32max = U32_MAX;
}

export function setConst(r: Range, value: bigint): void {
	const c = rangeConst(value);
	r.tnum = c.tnum;
	r.smin = c.smin;
	r.smax = c.smax;
	r.umin = c.umin;
	r.umax = c.umax;
	r.s32min = c.s32min;
	r.s32max = c.s32max;
	r.u32min = c.u32min;
	r.u32max = c.u32max;
}

export function setConst32(r: Range, value: number): void {
	r.tnum = tnumWithLow(r.tnum, tnumConst(BigInt(value >>> 0)));
	r.s32min = r.s32max = value | 0;
	r.u32min = r.u32max = value >>> 0;
}

/** Bounds that the tnum gives. */
export function boundsFromTnum32(r: Range): void {
	const value = low(r.tnum.value);
	const mask = low(r.tnum.mask);
	r.s32min = Math.max(r.s32min, value | (mask & S32_MIN));
	r.s32max = Math.min(r.s32max, value | (mask & S32_MAX));
	r.u32min = Math.max(r.u32min, value);
	r.u32max = Math.min(r.u32max, (value | mask) >>> 0);
}

const SIGN = 1n << 63n;

export function boundsFromTnum(r: Range): void {
	boundsFromTnum32(r);
	const { value, mask } = r.tnum;
	r.smin = max(r.smin, asS64(value | (mask & SIGN)));
	r.smax = min(r.smax, asS64(value | (mask & S64_MAX)));
	r.umin = max(r.umin, value);
	r.umax = min(r.umax, value | mask);
	// One member of the tnum within the bounds is the value.
	const next = tnumNext(r.tnum, r.umin);
	const minIn = (r.umin & ~mask) === value;
	const top = value | mask;
	if (minIn && next > r.umax) setConst(r, r.umin);
	else if (!minIn && next === top) setConst(r, top);
	else if (!minIn && next <= r.umax && tnumNext(r.tnum, next) > r.umax) setConst(r, next);
}

function deduce32(r: Range): void {
	if (r.umin >> 32n === r.umax >> 32n) {
		const lo = low(r.umin);
		const hi = low(r.umax);
		r.u32min = Math.max(r.u32min, lo);
		r.u32max = Math.min(r.u32max, hi);
		if ((lo | 0) <= (hi | 0)) {
			r.s32min = Math.max(r.s32min, lo | 0);
			r.s32max = Math.min(r.s32max, hi | 0);
		}
	}
	const slo = low(r.smin);
	const shi = low(r.smax);
	const highDistance = (r.smax >> 32n) - (r.smin >> 32n);
	if (highDistance === 0n) {
		if (slo <= shi) {
			r.u32min = Math.max(r.u32min, slo);
			r.u32max = Math.min(r.u32max, shi);
		}
		if ((slo | 0) <= (shi | 0)) {
			r.s32min = Math.max(r.s32min, slo | 0);
			r.s32max = Math.min(r.s32max, shi | 0);
		}
	}
	// The 64-bit range crosses one multiple of 2^32, from just below it to just above: the low half goes from a negative to a positive number.
	const ulo = low(r.umin);
	const uhi = low(r.umax);
	if ((low(r.umin >> 32n) + 1) >>> 0 === low(r.umax >> 32n) && (ulo | 0) < 0 && (uhi | 0) >= 0) {
		r.s32min = Math.max(r.s32min, ulo | 0);
		r.s32max = Math.min(r.s32max, uhi | 0);
	}
	if ((low(r.smin >> 32n) + 1) >>> 0 === low(r.smax >> 32n) && (slo | 0) < 0 && (shi | 0) >= 0) {
		r.s32min = Math.max(r.s32min, slo | 0);
		r.s32max = Math.min(r.s32max, shi | 0);
	}
	if ((r.u32min | 0) <= (r.u32max | 0)) {
		r.s32min = Math.max(r.s32min, r.u32min | 0);
		r.s32max = Math.min(r.s32max, r.u32max | 0);
	}
	if (r.s32min >>> 0 <= r.s32max >>> 0) {
		r.u32min = Math.max(r.s32min >>> 0, r.u32min);
		r.u32max = Math.min(r.s32max >>> 0, r.u32max);
	} else if (r.u32max < r.s32min >>> 0) {
		// The signed range wraps around 0 and the unsigned one meets only its non-negative end.
		r.s32min = r.u32min | 0;
		r.u32max = Math.min(r.u32max, r.s32max >>> 0);
	} else if (r.s32max >>> 0 < r.u32min) {
		r.s32max = r.u32max | 0;
		r.u32min = Math.max(r.u32min, r.s32min >>> 0);
	}
}

function deduce64(r: Range): void {
	const sUmin = asS64(r.umin);
	const sUmax = asS64(r.umax);
	if (sUmin <= sUmax) {
		r.smin = max(r.smin, sUmin);
		r.smax = min(r.smax, sUmax);
	}
	const uSmin = asU64(r.smin);
	const uSmax = asU64(r.smax);
	if (uSmin <= uSmax) {
		r.umin = max(uSmin, r.umin);
		r.umax = min(uSmax, r.umax);
	} else if (r.umax < uSmin) {
		// The signed range wraps around 0 and the unsigned one meets only its non-negative end.
		r.smin = asS64(r.umin);
		r.umax = min(r.umax, uSmax);
	} else if (uSmax < r.umin) {
		r.smax = asS64(r.umax);
		r.umin = max(r.umin, uSmin);
	}
}

function deduceMixed(r: Range): void {
	const lo = BigInt(r.u32min);
	const hi = BigInt(r.u32max);
	r.umin = max(r.umin, (r.umin & HIGH) | lo);
	r.umax = min(r.umax, (r.umax & HIGH) | hi);
	r.smin = max(r.smin, (r.smin & ~U32) | lo);
	r.smax = min(r.smax, (r.smax & ~U32) | hi);
	if (r.s32min >= 0 && r.smin >= -0x8000_0000n && r.smax <= 0x7fff_ffffn) {
		r.smin = r.umin = BigInt(r.s32min);
		r.smax = BigInt(r.s32max);
		r.umax = asU64(r.smax);
		r.tnum = tnumIntersect(r.tnum, tnumRange(r.umin, r.umax));
	}
}

function tnumFromBounds(r: Range): void {
	const t64 = tnumIntersect(r.tnum, tnumRange(r.umin, r.umax));
	const t32 = tnumIntersect(tnumLow(t64), tnumRange(BigInt(r.u32min), BigInt(r.u32max)));
	r.tnum = tnumOr(tnumClearLow(t64), t32);
}

/** Lets each of the nine facts tighten the others. Returns its argument. */
export function sync(r: Range): Range {
	if (r.tnum.mask === 0n && r.umin === r.tnum.value && r.umax === r.umin && r.u32min === r.u32max && r.smin === r.smax && r.s32min === r.s32max) return r;
	boundsFromTnum(r);
	for (let i = 0; i < 3; i++) {
		deduce32(r);
		deduce64(r);
		deduceMixed(r);
	}
	tnumFromBounds(r);
	boundsFromTnum(r);
	return r;
}

/** A range that contradicts itself (a branch that cannot be taken) tells nothing: null when sound, else what is wrong. */
export function contradiction(r: Range): string | null {
	if (r.umin > r.umax || r.smin > r.smax || r.u32min > r.u32max || r.s32min > r.s32max) return "range bounds violation";
	if (r.tnum.mask === 0n) {
		const u = r.tnum.value;
		const s = asS64(u);
		if (r.umin !== u || r.umax !== u || r.smin !== s || r.smax !== s) return "const tnum out of sync with range bounds";
	}
	if (tnumLowIsConst(r.tnum)) {
		const u = low(r.tnum.value);
		if (r.u32min !== u || r.u32max !== u || r.s32min !== (u | 0) || r.s32max !== (u | 0)) return "const subreg tnum out of sync with range bounds";
	}
	return null;
}

export function unboundAll(r: Range): void {
	unbound64(r);
	unbound32(r);
}

/** The 64-bit bounds of a value whose upper half is zero, from the 32-bit ones. */
export function assign32Into64(r: Range): void {
	r.umin = BigInt(r.u32min);
	r.umax = BigInt(r.u32max);
	if (r.s32min >= 0) {
		r.smin = BigInt(r.s32min);
		r.smax = BigInt(r.s32max);
	} else {
		r.smin = 0n;
		r.smax = U32;
	}
}

export function zeroExtend32(r: Range): void {
	r.tnum = tnumLow(r.tnum);
	assign32Into64(r);
}

/** Zero-extends the low `bytes` (1, 2, 4). */
export function truncate(value: Range, bytes: number): Range {
	const r = editable(value);
	r.tnum = tnumCast(r.tnum, bytes);
	const mask = (1n << BigInt(bytes * 8)) - 1n;
	if ((r.umin & ~mask) === (r.umax & ~mask)) {
		r.umin &= mask;
		r.umax &= mask;
	} else {
		r.umin = 0n;
		r.umax = mask;
	}
	r.smin = r.umin;
	r.smax = r.umax;
	if (bytes < 4) unbound32(r);
	return sync(r);
}

/** Sign-extends the low `bytes` (1, 2, 4) to 64 bits. */
export function signExtend(value: Range, bytes: number): Range {
	const bits = bytes * 8;
	if (isConst(value)) return rangeConst(BigInt.asIntN(bits, value.tnum.value));
	const r = editable(value);
	const n = BigInt(bits);
	if (asU64(r.smax) >> n === asU64(r.smin) >> n) {
		const a = BigInt.asIntN(bits, r.smax);
		const b = BigInt.asIntN(bits, r.smin);
		const hi = max(a, b);
		const lo = min(a, b);
		if (hi >= 0n === lo >= 0n) {
			r.smin = lo;
			r.smax = hi;
			r.s32min = Number(lo);
			r.s32max = Number(hi);
			r.umin = asU64(lo);
			r.umax = asU64(hi);
			r.u32min = low(lo);
			r.u32max = low(hi);
			r.tnum = tnumRange(r.umin, r.umax);
			return r;
		}
	}
	r.s32min = -(2 ** (bits - 1));
	r.s32max = 2 ** (bits - 1) - 1;
	r.smin = BigInt(r.s32min);
	r.smax = BigInt(r.s32max);
	r.umin = 0n;
	r.umax = U64;
	r.u32min = 0;
	r.u32max = U32_MAX;
	r.tnum = tnumUnknown;
	return r;
}

/** Sign-extends the low `bytes` (1, 2) to 32 bits; the caller zero-extends to 64. */
export function signExtend32(value: Range, bytes: number): Range {
	const bits = bytes * 8;
	const r = editable(value);
	const extend = (x: number): number => (x << (32 - bits)) >> (32 - bits);
	if (isConst(r)) {
		const c = extend(low(r.tnum.value));
		r.tnum = tnumConst(asU64(BigInt(c)));
		r.s32min = r.s32max = c;
		r.u32min = r.u32max = c >>> 0;
		return r;
	}
	if ((r.s32max >>> bits) === (r.s32min >>> bits)) {
		const a = extend(r.s32max);
		const b = extend(r.s32min);
		const hi = Math.max(a, b);
		const lo = Math.min(a, b);
		if (lo >= 0 === hi >= 0) {
			r.s32min = lo;
			r.s32max = hi;
			r.u32min = lo >>> 0;
			r.u32max = hi >>> 0;
			r.tnum = tnumLow(tnumRange(asU64(BigInt(lo)), asU64(BigInt(hi))));
			return r;
		}
	}
	r.s32min = -(2 ** (bits - 1));
	r.s32max = 2 ** (bits - 1) - 1;
	r.u32min = 0;
	r.u32max = U32_MAX;
	r.tnum = tnumLow(tnumUnknown);
	return r;
}
