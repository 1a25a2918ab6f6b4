/** Comparisons of ranges in BigInt: the reference for runtime/verifier/compare.ts. */
import { FLIP, JEQ, JGE, JGT, JLE, JLT, JNE, JSET, JSGE, JSGT, JSLE, JSLT, type Taken } from "../../../runtime/verifier/compare.ts";
import { type Range, asS64, constValue, isConstWidth, max, min, unboundAll } from "./range.ts";
import { U64, tnumAnd, tnumConst, tnumIntersect, tnumIsConst, tnumLow, tnumOr, tnumOverlap, tnumWithLow } from "./tnum.ts";

const NOT_JSET = JSET | 8;

export function scalarTaken(a: Range, b: Range, op: number, low: boolean): Taken {
	const ta = low ? tnumLow(a.tnum) : a.tnum;
	const tb = low ? tnumLow(b.tnum) : b.tnum;
	const umin1 = low ? a.u32min : a.umin;
	const umax1 = low ? a.u32max : a.umax;
	const smin1 = low ? a.s32min : a.smin;
	const smax1 = low ? a.s32max : a.smax;
	const umin2 = low ? b.u32min : b.umin;
	const umax2 = low ? b.u32max : b.umax;
	const smin2 = low ? b.s32min : b.smin;
	const smax2 = low ? b.s32max : b.smax;
	switch (op) {
		case JEQ:
		case JNE: {
			const equal: Taken = op === JEQ ? 1 : 0;
			const differ: Taken = op === JEQ ? 0 : 1;
			if (tnumIsConst(ta) && tnumIsConst(tb)) return ta.value === tb.value ? equal : differ;
			if (!tnumOverlap(ta, tb)) return differ;
			if (umin1 > umax2 || umax1 < umin2 || smin1 > smax2 || smax1 < smin2) return differ;
			if (!low && (a.u32min > b.u32max || a.u32max < b.u32min || a.s32min > b.s32max || a.s32max < b.s32min)) return differ;
			return -1;
		}
		case JSET: {
			let [x, y] = [ta, tb];
			if (!tnumIsConst(y)) [x, y] = [y, x];
			if (!tnumIsConst(y)) return -1;
			if (~x.mask & x.value & y.value) return 1;
			return (x.mask | x.value) & y.value ? -1 : 0;
		}
		case JGT:
			return umin1 > umax2 ? 1 : umax1 <= umin2 ? 0 : -1;
		case JSGT:
			return smin1 > smax2 ? 1 : smax1 <= smin2 ? 0 : -1;
		case JLT:
			return umax1 < umin2 ? 1 : umin1 >= umax2 ? 0 : -1;
		case JSLT:
			return smax1 < smin2 ? 1 : smin1 >= smax2 ? 0 : -1;
		case JGE:
			return umin1 >= umax2 ? 1 : umax1 < umin2 ? 0 : -1;
		case JSGE:
			return smin1 >= smax2 ? 1 : smax1 < smin2 ? 0 : -1;
		case JLE:
			return umax1 <= umin2 ? 1 : umin1 > umax2 ? 0 : -1;
		default:
			return smax1 <= smin2 ? 1 : smin1 > smax2 ? 0 : -1;
	}
}

/** What `a op b` being true says of both: edits them. */
export function refine(a: Range, b: Range, op: number, low: boolean): void {
	if (op === JGE || op === JGT || op === JSGE || op === JSGT) {
		op = FLIP[op];
		[a, b] = [b, a];
	}
	switch (op) {
		case JEQ:
			if (low) {
				a.u32min = b.u32min = Math.max(a.u32min, b.u32min);
				a.u32max = b.u32max = Math.min(a.u32max, b.u32max);
				a.s32min = b.s32min = Math.max(a.s32min, b.s32min);
				a.s32max = b.s32max = Math.min(a.s32max, b.s32max);
				const t = tnumIntersect(tnumLow(a.tnum), tnumLow(b.tnum));
				a.tnum = tnumWithLow(a.tnum, t);
				b.tnum = tnumWithLow(b.tnum, t);
			} else {
				a.umin = b.umin = max(a.umin, b.umin);
				a.umax = b.umax = min(a.umax, b.umax);
				a.smin = b.smin = max(a.smin, b.smin);
				a.smax = b.smax = min(a.smax, b.smax);
				a.tnum = b.tnum = tnumIntersect(a.tnum, b.tnum);
			}
			break;
		case JNE: {
			if (!isConstWidth(b, low)) [a, b] = [b, a];
			if (!isConstWidth(b, low)) break;
			const value = constValue(b, low);
			if (low) {
				const v = Number(value);
				if (a.u32min === v) a.u32min = (a.u32min + 1) >>> 0;
				if (a.u32max === v) a.u32max = (a.u32max - 1) >>> 0;
				if (a.s32min === (v | 0)) a.s32min = (a.s32min + 1) | 0;
				if (a.s32max === (v | 0)) a.s32max = (a.s32max - 1) | 0;
			} else {
				if (a.umin === value) a.umin = (a.umin + 1n) & U64;
				if (a.umax === value) a.umax = (a.umax - 1n) & U64;
				const s = asS64(value);
				if (a.smin === s) a.smin = asS64(a.smin + 1n);
				if (a.smax === s) a.smax = asS64(a.smax - 1n);
			}
			break;
		}
		case JSET: {
			if (!isConstWidth(b, low)) [a, b] = [b, a];
			if (!isConstWidth(b, low)) break;
			const value = constValue(b, low);
			// Only a single bit is known to be set.
			if (value === 0n || value & (value - 1n)) break;
			a.tnum = low ? tnumWithLow(a.tnum, tnumOr(tnumLow(a.tnum), tnumConst(value))) : tnumOr(a.tnum, tnumConst(value));
			break;
		}
		case NOT_JSET: {
			if (!isConstWidth(b, low)) [a, b] = [b, a];
			if (!isConstWidth(b, low)) break;
			const value = ~constValue(b, low) & U64;
			unboundAll(a);
			a.tnum = low ? tnumWithLow(a.tnum, tnumAnd(tnumLow(a.tnum), tnumConst(value))) : tnumAnd(a.tnum, tnumConst(value));
			break;
		}
		case JLE:
			if (low) {
				a.u32max = Math.min(a.u32max, b.u32max);
				b.u32min = Math.max(a.u32min, b.u32min);
			} else {
				a.umax = min(a.umax, b.umax);
				b.umin = max(a.umin, b.umin);
			}
			break;
		case JLT:
			if (low) {
				a.u32max = Math.min(a.u32max, (b.u32max - 1) >>> 0);
				b.u32min = Math.max((a.u32min + 1) >>> 0, b.u32min);
			} else {
				a.umax = min(a.umax, (b.umax - 1n) & U64);
				b.umin = max((a.umin + 1n) & U64, b.umin);
			}
			break;
		case JSLE:
			if (low) {
				a.s32max = Math.min(a.s32max, b.s32max);
				b.s32min = Math.max(a.s32min, b.s32min);
			} else {
				a.smax = min(a.smax, b.smax);
				b.smin = max(a.smin, b.smin);
			}
			break;
		case JSLT:
			if (low) {
				a.s32max = Math.min(a.s32max, (b.s32max - 1) | 0);
				b.s32min = Math.max((a.s32min + 1) | 0, b.s32min);
			} else {
				a.smax = min(a.smax, asS64(b.smax - 1n));
				b.smin = max(asS64(a.smin + 1n), b.smin);
			}
			break;
	}
}
