/**
 * Arithmetic on ranges: what `dst op src` can be, given what dst and src can be.
 *
 * In: an ALU operation code (upper four bits), width, both ranges. Out: a new range, synchronised. Where the kernel gives up (shifts by unknown
 * amounts, division), so does this, since an analysis that knows more would accept what the kernel refuses.
 * Source: the scalar_min_max_* functions of kernel/bpf/verifier.c, Linux 6.18.
 */
import { boundsFromTnum, sync } from "./bounds.ts";
import { zeroExtend32 } from "./extend.ts";
import {
	type Range,
	S32_MAX,
	S32_MIN,
	S64_MIN,
	U32_MAX,
	assign,
	editable,
	isConst,
	rangeConstNumber,
	rangeOf,
	setConst,
	setConst32,
	settled,
	unbounded,
	zero,
} from "./range.ts";
import { shiftAmount, shiftLeft, shiftRight, shiftRightSigned } from "./shifts.ts";
import {
	type Tnum,
	U64,
	tnumAdd,
	tnumAnd,
	tnumConst,
	tnumIsConst,
	tnumLowIsConst,
	tnumMul,
	tnumNeg,
	tnumOr,
	tnumShiftLeft,
	tnumShiftRight,
	tnumShiftRightSigned,
	tnumSub,
	tnumXor,
} from "./tnum.ts";
import { above32, below, below32, borrow, carry, highOf, highOfNumber, less, lowOf, productHigh, unsignedNumber } from "./word.ts";

export const ALU_ADD = 0x00;
export const ALU_SUB = 0x10;
export const ALU_MUL = 0x20;
export const ALU_DIV = 0x30;
export const ALU_OR = 0x40;
export const ALU_AND = 0x50;
export const ALU_LSH = 0x60;
export const ALU_RSH = 0x70;
export const ALU_NEG = 0x80;
export const ALU_MOD = 0x90;
export const ALU_XOR = 0xa0;
export const ALU_MOV = 0xb0;
export const ALU_ARSH = 0xc0;
export const ALU_END = 0xd0;

export const ALU_SYMBOLS: Readonly<Record<number, string>> = {
	[ALU_ADD]: "+=",
	[ALU_SUB]: "-=",
	[ALU_MUL]: "*=",
	[ALU_DIV]: "/=",
	[ALU_OR]: "|=",
	[ALU_AND]: "&=",
	[ALU_LSH]: "<<=",
	[ALU_RSH]: ">>=",
	[ALU_NEG]: "neg",
	[ALU_MOD]: "%=",
	[ALU_XOR]: "^=",
	[ALU_MOV]: "=",
	[ALU_ARSH]: "s>>=",
};

const inS32 = (x: number): boolean => x >= S32_MIN && x <= S32_MAX;

/** The signed 64-bit bounds alone. */
export function addSigned(d: Range, s: Range): void {
	const sminLo = (d.sminLo + s.sminLo) | 0;
	const sminHi = (d.sminHi + s.sminHi + carry(d.sminLo, sminLo)) | 0;
	const smaxLo = (d.smaxLo + s.smaxLo) | 0;
	const smaxHi = (d.smaxHi + s.smaxHi + carry(d.smaxLo, smaxLo)) | 0;
	// A sum overflows when both terms have the sign that it has not.
	if ((((d.sminHi ^ sminHi) & (s.sminHi ^ sminHi)) | ((d.smaxHi ^ smaxHi) & (s.smaxHi ^ smaxHi))) < 0) d.setSigned(S32_MIN, 0, S32_MAX, -1);
	else d.setSigned(sminHi, sminLo, smaxHi, smaxLo);
}

function add(d: Range, s: Range): void {
	if (inS32(d.s32min + s.s32min) && inS32(d.s32max + s.s32max)) {
		d.s32min += s.s32min;
		d.s32max += s.s32max;
	} else {
		d.s32min = S32_MIN;
		d.s32max = S32_MAX;
	}
	const lowMin = (d.lowMin + s.lowMin) | 0;
	const lowMax = (d.lowMax + s.lowMax) | 0;
	if (carry(d.lowMin, lowMin) < carry(d.lowMax, lowMax)) {
		d.lowMin = 0;
		d.lowMax = -1;
	} else {
		d.lowMin = lowMin;
		d.lowMax = lowMax;
	}
	addSigned(d, s);
	const uminLo = (d.uminLo + s.uminLo) | 0;
	const uminHi = (d.uminHi + s.uminHi + carry(d.uminLo, uminLo)) | 0;
	const umaxLo = (d.umaxLo + s.umaxLo) | 0;
	const umaxHi = (d.umaxHi + s.umaxHi + carry(d.umaxLo, umaxLo)) | 0;
	// Both ends or none may overflow.
	if (below(umaxHi, umaxLo, d.umaxHi, d.umaxLo) && !below(uminHi, uminLo, d.uminHi, d.uminLo)) d.setUnsigned(0, 0, -1, -1);
	else d.setUnsigned(uminHi, uminLo, umaxHi, umaxLo);
	d.tnum = tnumAdd(d.tnum, s.tnum);
}

/** `range + constant`, without synchronising: for registers linked by a constant distance (within ±2^53). */
export function addConstant(r: Range, value: number): Range {
	const d = editable(r);
	add(d, rangeConstNumber(value));
	return d;
}

/** The signed 64-bit bounds alone. */
export function subSigned(d: Range, s: Range): void {
	const sminLo = (d.sminLo - s.smaxLo) | 0;
	const sminHi = (d.sminHi - s.smaxHi - borrow(d.sminLo, s.smaxLo)) | 0;
	const smaxLo = (d.smaxLo - s.sminLo) | 0;
	const smaxHi = (d.smaxHi - s.sminHi - borrow(d.smaxLo, s.sminLo)) | 0;
	if ((((d.sminHi ^ s.smaxHi) & (d.sminHi ^ sminHi)) | ((d.smaxHi ^ s.sminHi) & (d.smaxHi ^ smaxHi))) < 0)
		d.setSigned(S32_MIN, 0, S32_MAX, -1);
	else d.setSigned(sminHi, sminLo, smaxHi, smaxLo);
}

function subBounds(d: Range, s: Range): void {
	if (inS32(d.s32min - s.s32max) && inS32(d.s32max - s.s32min)) {
		d.s32min -= s.s32max;
		d.s32max -= s.s32min;
	} else {
		d.s32min = S32_MIN;
		d.s32max = S32_MAX;
	}
	if (borrow(d.lowMin, s.lowMax) > borrow(d.lowMax, s.lowMin)) {
		d.lowMin = 0;
		d.lowMax = -1;
	} else {
		d.lowMin = (d.lowMin - s.lowMax) | 0;
		d.lowMax = (d.lowMax - s.lowMin) | 0;
	}
	subSigned(d, s);
	const uminLo = (d.uminLo - s.umaxLo) | 0;
	const uminHi = (d.uminHi - s.umaxHi - borrow(d.uminLo, s.umaxLo)) | 0;
	const umaxLo = (d.umaxLo - s.uminLo) | 0;
	const umaxHi = (d.umaxHi - s.uminHi - borrow(d.umaxLo, s.uminLo)) | 0;
	if (below(d.uminHi, d.uminLo, s.umaxHi, s.umaxLo) && !below(d.umaxHi, d.umaxLo, s.uminHi, s.uminLo)) d.setUnsigned(0, 0, -1, -1);
	else d.setUnsigned(uminHi, uminLo, umaxHi, umaxLo);
}

function mul(d: Range, s: Range): void {
	d.tnum = tnumIsConst(d.tnum) && tnumIsConst(s.tnum) ? constProduct(d.tnum, s.tnum) : tnumMul(d.tnum, s.tnum);
	// Products beyond 2^53 are rounded, but are then beyond 2^32 too.
	const hi32 = (d.lowMax >>> 0) * (s.lowMax >>> 0);
	const lo32 = (d.lowMin >>> 0) * (s.lowMin >>> 0);
	if (hi32 > U32_MAX || lo32 > U32_MAX) {
		d.lowMin = 0;
		d.lowMax = -1;
	} else {
		d.lowMin = lo32 | 0;
		d.lowMax = hi32 | 0;
	}
	const a = d.s32min * s.s32min;
	const b = d.s32min * s.s32max;
	const c = d.s32max * s.s32min;
	const e = d.s32max * s.s32max;
	if (inS32(a) && inS32(b) && inS32(c) && inS32(e)) {
		d.s32min = Math.min(a, b, c, e) | 0;
		d.s32max = Math.max(a, b, c, e) | 0;
	} else {
		d.s32min = S32_MIN;
		d.s32max = S32_MAX;
	}
	mulUnsigned(d, s);
	mulSigned(d, s);
}

/** Beyond 2^53 a product of doubles is rounded: those few are left to BigInt. */
const EXACT = Number.MAX_SAFE_INTEGER;

function mulUnsigned(d: Range, s: Range): void {
	const most = d.umaxNumber * s.umaxNumber;
	const least = unsignedNumber(d.uminHi, d.uminLo) * unsignedNumber(s.uminHi, s.uminLo);
	if (most <= EXACT && least <= EXACT) return d.setUnsigned(highOfNumber(least), least | 0, highOfNumber(most), most | 0);
	const hi = d.umax * s.umax;
	const lo = d.umin * s.umin;
	if (hi > U64 || lo > U64) d.setUnsigned(0, 0, -1, -1);
	else d.setUnsigned(highOf(lo), lowOf(lo), highOf(hi), lowOf(hi));
}

function mulSigned(d: Range, s: Range): void {
	const a = d.sminNumber * s.sminNumber;
	const b = d.sminNumber * s.smaxNumber;
	const c = d.smaxNumber * s.sminNumber;
	const e = d.smaxNumber * s.smaxNumber;
	const least = Math.min(a, b, c, e);
	const most = Math.max(a, b, c, e);
	if (least >= -EXACT && most <= EXACT) return d.setSigned(highOfNumber(least), least | 0, highOfNumber(most), most | 0);
	if (least < -TOO_FAR || most > TOO_FAR) return d.setSigned(S32_MIN, 0, S32_MAX, -1);
	let lo = d.smin * s.smin;
	let hi = lo;
	for (const p of [d.smin * s.smax, d.smax * s.smin, d.smax * s.smax]) {
		if (p < lo) lo = p;
		if (p > hi) hi = p;
	}
	if (lo < S64_MIN || hi >= -S64_MIN) d.setSigned(S32_MIN, 0, S32_MAX, -1);
	else d.setSigned(highOf(lo), lowOf(lo), highOf(hi), lowOf(hi));
}

/** Rounded or not, a product beyond this overflows 64 bits. */
const TOO_FAR = 2 ** 64;

function constProduct(a: Tnum, b: Tnum): Tnum {
	return tnumConst(productHigh(a.valueHi, a.valueLo, b.valueHi, b.valueLo), Math.imul(a.valueLo, b.valueLo));
}

function signedFromUnsigned32(d: Range): void {
	if (d.lowMin <= d.lowMax) {
		d.s32min = d.lowMin;
		d.s32max = d.lowMax;
	} else {
		d.s32min = S32_MIN;
		d.s32max = S32_MAX;
	}
}

function signedFromUnsigned64(d: Range): void {
	if (less(d.umaxHi, d.umaxLo, d.uminHi, d.uminLo)) d.setSigned(S32_MIN, 0, S32_MAX, -1);
	else d.setSigned(d.uminHi, d.uminLo, d.umaxHi, d.umaxLo);
}

/** And, or, xor share their shape: the tnum first, then the unsigned bounds from it, then the signed ones from those. */
function bitwise(op: number, d: Range, s: Range): void {
	// Whether dst was constant is asked of the result's tnum: `x & 0` is known although x is not.
	d.tnum = op === ALU_AND ? tnumAnd(d.tnum, s.tnum) : op === ALU_OR ? tnumOr(d.tnum, s.tnum) : tnumXor(d.tnum, s.tnum);
	const { valueHi, valueLo, maskHi, maskLo } = d.tnum;
	if (tnumLowIsConst(s.tnum) && maskLo === 0) setConst32(d, valueLo);
	else {
		d.lowMin = op === ALU_OR ? above32(d.lowMin, s.lowMin) : valueLo;
		d.lowMax = op === ALU_AND ? below32(d.lowMax, s.lowMax) : valueLo | maskLo;
		signedFromUnsigned32(d);
	}
	if (tnumIsConst(s.tnum) && tnumIsConst(d.tnum)) {
		setConst(d, valueHi, valueLo);
		return;
	}
	if (op === ALU_OR) d.raiseUmin(s.uminHi, s.uminLo);
	else {
		d.uminHi = valueHi;
		d.uminLo = valueLo;
	}
	if (op === ALU_AND) d.lowerUmax(s.umaxHi, s.umaxLo);
	else {
		d.umaxHi = valueHi | maskHi;
		d.umaxLo = valueLo | maskLo;
	}
	signedFromUnsigned64(d);
	boundsFromTnum(d);
}

/** Where applyAlu computes. */
const work = editable(unbounded);

/** `dst op src` on 64 bits (wide) or 32, zero-extended. `unbounded` where nothing can be said. */
export function applyAlu(op: number, dst: Range, src: Range, wide: boolean): Range {
	let amount = 0;
	switch (op) {
		case ALU_ADD:
		case ALU_SUB:
		case ALU_MUL:
		case ALU_AND:
		case ALU_OR:
		case ALU_XOR:
			break;
		case ALU_NEG: {
			const d = assign(work, zero);
			subBounds(d, dst);
			d.tnum = tnumNeg(dst.tnum);
			if (!wide) zeroExtend32(d);
			return settled(sync(d), dst);
		}
		case ALU_LSH:
		case ALU_RSH:
		case ALU_ARSH:
			amount = shiftAmount(src, wide);
			if (amount < 0) return unbounded;
			break;
		default:
			return unbounded;
	}
	if (isConst(dst) && isConst(src) && (wide || op === ALU_ADD || op === ALU_SUB || op === ALU_AND || op === ALU_OR || op === ALU_XOR)) {
		const result = constResult(op, dst.tnum, src.tnum, amount);
		return rangeOf(wide ? result.valueHi : 0, result.valueLo);
	}
	const d = assign(work, dst);
	switch (op) {
		case ALU_ADD:
			add(d, src);
			break;
		case ALU_SUB:
			subBounds(d, src);
			d.tnum = tnumSub(d.tnum, src.tnum);
			break;
		case ALU_MUL:
			mul(d, src);
			break;
		case ALU_LSH:
			shiftLeft(d, amount, wide);
			break;
		case ALU_RSH:
			shiftRight(d, amount, wide);
			break;
		case ALU_ARSH:
			shiftRightSigned(d, amount, wide);
			break;
		default:
			bitwise(op, d, src);
	}
	if (!wide) zeroExtend32(d);
	return settled(sync(d), dst);
}

function constResult(op: number, a: Tnum, b: Tnum, amount: number): Tnum {
	switch (op) {
		case ALU_ADD:
			return tnumAdd(a, b);
		case ALU_SUB:
			return tnumSub(a, b);
		case ALU_MUL:
			return constProduct(a, b);
		case ALU_AND:
			return tnumAnd(a, b);
		case ALU_OR:
			return tnumOr(a, b);
		case ALU_XOR:
			return tnumXor(a, b);
		case ALU_LSH:
			return tnumShiftLeft(a, amount);
		case ALU_RSH:
			return tnumShiftRight(a, amount);
		default:
			return tnumShiftRightSigned(a, amount, 64);
	}
}
