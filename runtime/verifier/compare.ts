/**
 * Comparing two numbers: whether the outcome is known, and what each outcome teaches about both.
 *
 * In: the ranges and the jump's operation, on 64 bits or the low 32. Out: a verdict (`scalarTaken`), or the ranges edited in place and not yet
 * synchronised (`refine`). "Greater" is "less" with the sides exchanged.
 * Source: is_scalar_branch_taken, regs_refine_cond_op of kernel/bpf/verifier.c, Linux 6.18.
 */
import { type Range, isConstWidth, unbound32, unbound64 } from "./range.ts";
import { type Tnum, tnumAnd, tnumConst, tnumIntersect, tnumLow, tnumOr, tnumOverlap, tnumWithLow } from "./tnum.ts";
import { above32, below, below32, greater32, less, lesser32 } from "./word.ts";

export const JEQ = 0x10;
export const JGT = 0x20;
export const JGE = 0x30;
export const JSET = 0x40;
export const JNE = 0x50;
export const JSGT = 0x60;
export const JSGE = 0x70;
export const JLT = 0xa0;
export const JLE = 0xb0;
export const JSLT = 0xc0;
export const JSLE = 0xd0;
/** Not in the instruction set: JSET that did not jump. */
const NOT_JSET = JSET | 8;

/** The same comparison with its sides exchanged. */
export const FLIP: Readonly<Record<number, number>> = {
	[JEQ]: JEQ,
	[JNE]: JNE,
	[JSET]: JSET,
	[JGE]: JLE,
	[JGT]: JLT,
	[JLE]: JGE,
	[JLT]: JGT,
	[JSGE]: JSLE,
	[JSGT]: JSLT,
	[JSLE]: JSGE,
	[JSLT]: JSGT,
};
/** What holds when it does not. */
export const REVERSE: Readonly<Record<number, number>> = {
	[JEQ]: JNE,
	[JNE]: JEQ,
	[JSET]: NOT_JSET,
	[JGE]: JLT,
	[JGT]: JLE,
	[JLE]: JGT,
	[JLT]: JGE,
	[JSGE]: JSLT,
	[JSGT]: JSLE,
	[JSLE]: JSGT,
	[JSLT]: JSGE,
};

const isGreater = (op: number): boolean => op === JGE || op === JGT || op === JSGE || op === JSGT;

/** 1 always, 0 never, −1 either. */
export type Taken = 0 | 1 | -1;

const decided = (always: boolean, never: boolean): Taken => (always ? 1 : never ? 0 : -1);

export function scalarTaken(a: Range, b: Range, op: number, low: boolean): Taken {
	if (isGreater(op)) return scalarTaken(b, a, FLIP[op], low);
	switch (op) {
		case JEQ:
			return equalTaken(a, b, low);
		case JNE: {
			const equal = equalTaken(a, b, low);
			return equal < 0 ? -1 : equal === 1 ? 0 : 1;
		}
		case JSET:
			return isConstWidth(b, low) ? bitsTaken(a.tnum, b.tnum, low) : isConstWidth(a, low) ? bitsTaken(b.tnum, a.tnum, low) : -1;
		case JLT:
			if (low) return decided(a.lowMax >>> 0 < b.lowMin >>> 0, a.lowMin >>> 0 >= b.lowMax >>> 0);
			return decided(below(a.umaxHi, a.umaxLo, b.uminHi, b.uminLo), !below(a.uminHi, a.uminLo, b.umaxHi, b.umaxLo));
		case JLE:
			if (low) return decided(a.lowMax >>> 0 <= b.lowMin >>> 0, a.lowMin >>> 0 > b.lowMax >>> 0);
			return decided(!below(b.uminHi, b.uminLo, a.umaxHi, a.umaxLo), below(b.umaxHi, b.umaxLo, a.uminHi, a.uminLo));
		case JSLT:
			if (low) return decided(a.s32max < b.s32min, a.s32min >= b.s32max);
			return decided(less(a.smaxHi, a.smaxLo, b.sminHi, b.sminLo), !less(a.sminHi, a.sminLo, b.smaxHi, b.smaxLo));
		default:
			if (low) return decided(a.s32max <= b.s32min, a.s32min > b.s32max);
			return decided(!less(b.sminHi, b.sminLo, a.smaxHi, a.smaxLo), less(b.smaxHi, b.smaxLo, a.sminHi, a.sminLo));
	}
}

function equalTaken(a: Range, b: Range, low: boolean): Taken {
	const s = a.tnum;
	const t = b.tnum;
	if (isConstWidth(a, low) && isConstWidth(b, low)) return s.valueLo === t.valueLo && (low || s.valueHi === t.valueHi) ? 1 : 0;
	if (low ? ((s.valueLo ^ t.valueLo) & ~s.maskLo & ~t.maskLo) !== 0 : !tnumOverlap(s, t)) return 0;
	if (a.lowMin >>> 0 > b.lowMax >>> 0 || a.lowMax >>> 0 < b.lowMin >>> 0 || a.s32min > b.s32max || a.s32max < b.s32min) return 0;
	if (low) return -1;
	const apart =
		below(b.umaxHi, b.umaxLo, a.uminHi, a.uminLo) ||
		below(a.umaxHi, a.umaxLo, b.uminHi, b.uminLo) ||
		less(b.smaxHi, b.smaxLo, a.sminHi, a.sminLo) ||
		less(a.smaxHi, a.smaxLo, b.sminHi, b.sminLo);
	return apart ? 0 : -1;
}

/** Whether `x & bits` is not 0. */
function bitsTaken(x: Tnum, bits: Tnum, low: boolean): Taken {
	if ((x.valueLo & bits.valueLo) !== 0 || (!low && (x.valueHi & bits.valueHi) !== 0)) return 1;
	return (x.maskLo & bits.valueLo) !== 0 || (!low && (x.maskHi & bits.valueHi) !== 0) ? -1 : 0;
}

/** What `a op b` being true says of both: edits them. */
export function refine(a: Range, b: Range, op: number, low: boolean): void {
	if (isGreater(op)) return refine(b, a, FLIP[op], low);
	if (op === JNE || op === JSET || op === NOT_JSET) {
		if (isConstWidth(b, low)) return refineByConst(a, b.tnum, op, low);
		if (isConstWidth(a, low)) refineByConst(b, a.tnum, op, low);
		return;
	}
	if (low) refineLow(a, b, op);
	else refineWide(a, b, op);
}

function refineLow(a: Range, b: Range, op: number): void {
	switch (op) {
		case JEQ: {
			a.lowMin = b.lowMin = above32(a.lowMin, b.lowMin);
			a.lowMax = b.lowMax = below32(a.lowMax, b.lowMax);
			a.s32min = b.s32min = greater32(a.s32min, b.s32min);
			a.s32max = b.s32max = lesser32(a.s32max, b.s32max);
			const t = tnumIntersect(tnumLow(a.tnum), tnumLow(b.tnum));
			a.tnum = tnumWithLow(a.tnum, t);
			b.tnum = tnumWithLow(b.tnum, t);
			break;
		}
		case JLE:
			a.lowMax = below32(a.lowMax, b.lowMax);
			b.lowMin = above32(a.lowMin, b.lowMin);
			break;
		case JLT:
			a.lowMax = below32(a.lowMax, (b.lowMax - 1) | 0);
			b.lowMin = above32((a.lowMin + 1) | 0, b.lowMin);
			break;
		case JSLE:
			a.s32max = lesser32(a.s32max, b.s32max);
			b.s32min = greater32(a.s32min, b.s32min);
			break;
		case JSLT:
			a.s32max = lesser32(a.s32max, (b.s32max - 1) | 0);
			b.s32min = greater32((a.s32min + 1) | 0, b.s32min);
			break;
	}
}

/** Upper half of a word whose lower half is `lo`, after ±1. */
const nextHigh = (hi: number, lo: number): number => (lo === -1 ? (hi + 1) | 0 : hi);
const previousHigh = (hi: number, lo: number): number => (lo === 0 ? (hi - 1) | 0 : hi);

function refineWide(a: Range, b: Range, op: number): void {
	switch (op) {
		case JEQ:
			a.raiseUmin(b.uminHi, b.uminLo);
			a.lowerUmax(b.umaxHi, b.umaxLo);
			a.raiseSmin(b.sminHi, b.sminLo);
			a.lowerSmax(b.smaxHi, b.smaxLo);
			b.setUnsigned(a.uminHi, a.uminLo, a.umaxHi, a.umaxLo);
			b.setSigned(a.sminHi, a.sminLo, a.smaxHi, a.smaxLo);
			a.tnum = b.tnum = tnumIntersect(a.tnum, b.tnum);
			break;
		case JLE:
			a.lowerUmax(b.umaxHi, b.umaxLo);
			b.raiseUmin(a.uminHi, a.uminLo);
			break;
		case JLT:
			a.lowerUmax(previousHigh(b.umaxHi, b.umaxLo), (b.umaxLo - 1) | 0);
			b.raiseUmin(nextHigh(a.uminHi, a.uminLo), (a.uminLo + 1) | 0);
			break;
		case JSLE:
			a.lowerSmax(b.smaxHi, b.smaxLo);
			b.raiseSmin(a.sminHi, a.sminLo);
			break;
		case JSLT:
			a.lowerSmax(previousHigh(b.smaxHi, b.smaxLo), (b.smaxLo - 1) | 0);
			b.raiseSmin(nextHigh(a.sminHi, a.sminLo), (a.sminLo + 1) | 0);
			break;
	}
}

/** A known number on the other side: not equal to it, some of its bits set, or none. */
function refineByConst(a: Range, { valueHi, valueLo }: Tnum, op: number, low: boolean): void {
	if (op === JNE) return low ? excludeLow(a, valueLo) : excludeWide(a, valueHi, valueLo);
	if (op === NOT_JSET) {
		unbound64(a);
		unbound32(a);
		a.tnum = low ? tnumWithLow(a.tnum, tnumAnd(tnumLow(a.tnum), tnumConst(0, ~valueLo))) : tnumAnd(a.tnum, tnumConst(~valueHi, ~valueLo));
		return;
	}
	// Only a single bit is known to be set.
	const hi = low ? 0 : valueHi;
	if ((hi | valueLo) === 0 || (hi !== 0 && valueLo !== 0) || ((hi | valueLo) & ((hi | valueLo) - 1)) !== 0) return;
	a.tnum = low ? tnumWithLow(a.tnum, tnumOr(tnumLow(a.tnum), tnumConst(0, valueLo))) : tnumOr(a.tnum, tnumConst(valueHi, valueLo));
}

function excludeLow(a: Range, value: number): void {
	if (a.lowMin === value) a.lowMin = (a.lowMin + 1) | 0;
	if (a.lowMax === value) a.lowMax = (a.lowMax - 1) | 0;
	if (a.s32min === value) a.s32min = (a.s32min + 1) | 0;
	if (a.s32max === value) a.s32max = (a.s32max - 1) | 0;
}

function excludeWide(a: Range, hi: number, lo: number): void {
	const up = nextHigh(hi, lo);
	const down = previousHigh(hi, lo);
	const next = (lo + 1) | 0;
	const previous = (lo - 1) | 0;
	if (a.uminLo === lo && a.uminHi === hi) {
		a.uminHi = up;
		a.uminLo = next;
	}
	if (a.umaxLo === lo && a.umaxHi === hi) {
		a.umaxHi = down;
		a.umaxLo = previous;
	}
	if (a.sminLo === lo && a.sminHi === hi) {
		a.sminHi = up;
		a.sminLo = next;
	}
	if (a.smaxLo === lo && a.smaxHi === hi) {
		a.smaxHi = down;
		a.smaxLo = previous;
	}
}
