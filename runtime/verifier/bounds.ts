/**
 * What the bounds and the tnum of a range say of each other.
 * Source: reg_bounds_sync of kernel/bpf/verifier.c (6.18): the same deductions in the same order, for the same verdicts.
 */
import { type Range, editable, unbounded, setConst } from "./range.ts";
import { tnumMade, tnumNext, tnumWithin } from "./tnum.ts";
import { I32_MAX, I32_MIN, above32, below, below32, filled, greater32, less, lesser32 } from "./word.ts";

/** What tnumNext answers. */
const member = { hi: 0, lo: 0 };

/** Between two signed 32-bit numbers. */
export function rangeBetween(min: number, max: number): Range {
	const r = editable(unbounded);
	r.s32min = min;
	r.s32max = max;
	r.setSigned(min >> 31, min, max >> 31, max);
	return sync(r);
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
	if (maskHi !== tnum.maskHi || maskLo !== tnum.maskLo || valueHi !== tnum.valueHi || valueLo !== tnum.valueLo)
		r.tnum = tnumMade(valueHi, valueLo, maskHi, maskLo);
}

/** Any number of 64 or of 32 bits: half of what a program that computes with unknown numbers makes, and nothing tightens it. */
function isWhole(r: Range): boolean {
	const { tnum } = r;
	if (
		(r.uminHi | r.uminLo | tnum.valueHi | tnum.valueLo | r.sminLo) !== 0 ||
		(r.umaxLo & r.smaxLo & tnum.maskLo) !== -1 ||
		r.s32min !== I32_MIN ||
		r.s32max !== I32_MAX
	)
		return false;
	return r.umaxHi === 0
		? (tnum.maskHi | r.sminHi | r.smaxHi) === 0
		: (r.umaxHi & tnum.maskHi) === -1 && r.sminHi === I32_MIN && r.smaxHi === I32_MAX;
}

/** Lets each of the nine facts tighten the others. Returns its argument. */
export function sync(r: Range): Range {
	const { tnum } = r;
	if (
		(tnum.maskHi | tnum.maskLo) === 0 &&
		r.uminLo === tnum.valueLo &&
		r.uminHi === tnum.valueHi &&
		r.umaxLo === r.uminLo &&
		r.umaxHi === r.uminHi &&
		r.lowMin === r.lowMax &&
		r.sminLo === r.smaxLo &&
		r.sminHi === r.smaxHi &&
		r.s32min === r.s32max
	)
		return r;
	if (r.lowMin === 0 && r.lowMax === -1 && isWhole(r)) return r;
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
	return (
		((r.uminLo ^ uminLo) |
			(r.uminHi ^ uminHi) |
			(r.umaxLo ^ umaxLo) |
			(r.umaxHi ^ umaxHi) |
			(r.sminLo ^ sminLo) |
			(r.sminHi ^ sminHi) |
			(r.smaxLo ^ smaxLo) |
			(r.smaxHi ^ smaxHi) |
			(r.s32min ^ s32min) |
			(r.s32max ^ s32max) |
			(r.lowMin ^ lowMin) |
			(r.lowMax ^ lowMax)) !==
			0 || r.tnum !== tnum
	);
}

/** A range that contradicts itself (a branch that cannot be taken) tells nothing: null when sound, else what is wrong. */
export function contradiction(r: Range): string | null {
	if (
		below(r.umaxHi, r.umaxLo, r.uminHi, r.uminLo) ||
		less(r.smaxHi, r.smaxLo, r.sminHi, r.sminLo) ||
		r.lowMin >>> 0 > r.lowMax >>> 0 ||
		r.s32min > r.s32max
	)
		return "range bounds violation";
	const { valueHi, valueLo, maskHi, maskLo } = r.tnum;
	if (maskLo !== 0) return null;
	if (
		maskHi === 0 &&
		(((r.uminHi ^ valueHi) | (r.umaxHi ^ valueHi) | (r.sminHi ^ valueHi) | (r.smaxHi ^ valueHi)) !== 0 ||
			((r.uminLo ^ valueLo) | (r.umaxLo ^ valueLo) | (r.sminLo ^ valueLo) | (r.smaxLo ^ valueLo)) !== 0)
	)
		return "const tnum out of sync with range bounds";
	if (r.lowMin !== valueLo || r.lowMax !== valueLo || r.s32min !== valueLo || r.s32max !== valueLo)
		return "const subreg tnum out of sync with range bounds";
	return null;
}
