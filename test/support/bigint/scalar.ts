/** Arithmetic on ranges in BigInt: the reference for runtime/verifier/scalar.ts. */
import {
	type Range, S32_MAX, S32_MIN, S64_MAX, S64_MIN, U32_MAX, asS64, asU64, boundsFromTnum, boundsFromTnum32, editable, isConst, max, min,
	rangeConst, setConst, setConst32, sync, unbound32, unbound64, unbounded, zeroExtend32, zero,
} from "./range.ts";
import {
	U64, tnumAdd, tnumAnd, tnumIsConst, tnumLow, tnumLowIsConst, tnumMul, tnumNeg, tnumOr, tnumShiftLeft, tnumShiftRight,
	tnumShiftRightSigned, tnumSub, tnumXor,
} from "./tnum.ts";

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

const inS64 = (x: bigint): boolean => x >= S64_MIN && x <= S64_MAX;
const inS32 = (x: number): boolean => x >= S32_MIN && x <= S32_MAX;

function add(d: Range, s: Range): void {
	if (inS32(d.s32min + s.s32min) && inS32(d.s32max + s.s32max)) {
		d.s32min += s.s32min;
		d.s32max += s.s32max;
	} else {
		d.s32min = S32_MIN;
		d.s32max = S32_MAX;
	}
	const lo32 = d.u32min + s.u32min;
	const hi32 = d.u32max + s.u32max;
	if (lo32 <= U32_MAX && hi32 > U32_MAX) {
		d.u32min = 0;
		d.u32max = U32_MAX;
	} else {
		d.u32min = lo32 >>> 0;
		d.u32max = hi32 >>> 0;
	}
	const smin = d.smin + s.smin;
	const smax = d.smax + s.smax;
	if (inS64(smin) && inS64(smax)) {
		d.smin = smin;
		d.smax = smax;
	} else {
		d.smin = S64_MIN;
		d.smax = S64_MAX;
	}
	const lo = d.umin + s.umin;
	const hi = d.umax + s.umax;
	if (lo <= U64 && hi > U64) {
		d.umin = 0n;
		d.umax = U64;
	} else {
		d.umin = lo & U64;
		d.umax = hi & U64;
	}
	d.tnum = tnumAdd(d.tnum, s.tnum);
}

/** `range + constant`, without synchronising: for registers linked by a constant distance. */
export function addConstant(r: Range, value: bigint): Range {
	const d = editable(r);
	add(d, rangeConst(value));
	return d;
}

function subBounds(d: Range, s: Range): void {
	if (inS32(d.s32min - s.s32max) && inS32(d.s32max - s.s32min)) {
		d.s32min -= s.s32max;
		d.s32max -= s.s32min;
	} else {
		d.s32min = S32_MIN;
		d.s32max = S32_MAX;
	}
	const lo32 = d.u32min - s.u32max;
	const hi32 = d.u32max - s.u32min;
	if (lo32 < 0 && hi32 >= 0) {
		d.u32min = 0;
		d.u32max = U32_MAX;
	} else {
		d.u32min = lo32 >>> 0;
		d.u32max = hi32 >>> 0;
	}
	const smin = d.smin - s.smax;
	const smax = d.smax - s.smin;
	if (inS64(smin) && inS64(smax)) {
		d.smin = smin;
		d.smax = smax;
	} else {
		d.smin = S64_MIN;
		d.smax = S64_MAX;
	}
	const lo = d.umin - s.umax;
	const hi = d.umax - s.umin;
	if (lo < 0n && hi >= 0n) {
		d.umin = 0n;
		d.umax = U64;
	} else {
		d.umin = asU64(lo);
		d.umax = asU64(hi);
	}
}

function mul(d: Range, s: Range): void {
	d.tnum = tnumMul(d.tnum, s.tnum);
	const hi32 = d.u32max * s.u32max;
	const lo32 = d.u32min * s.u32min;
	if (hi32 > U32_MAX || lo32 > U32_MAX) {
		d.u32min = 0;
		d.u32max = U32_MAX;
	} else {
		d.u32min = lo32;
		d.u32max = hi32;
	}
	const p32 = [d.s32min * s.s32min, d.s32min * s.s32max, d.s32max * s.s32min, d.s32max * s.s32max];
	if (p32.every(inS32)) {
		d.s32min = Math.min(...p32) + 0;
		d.s32max = Math.max(...p32) + 0;
	} else {
		d.s32min = S32_MIN;
		d.s32max = S32_MAX;
	}
	const hi = d.umax * s.umax;
	const lo = d.umin * s.umin;
	if (hi > U64 || lo > U64) {
		d.umin = 0n;
		d.umax = U64;
	} else {
		d.umin = lo;
		d.umax = hi;
	}
	const p = [d.smin * s.smin, d.smin * s.smax, d.smax * s.smin, d.smax * s.smax];
	if (p.every(inS64)) {
		d.smin = p.reduce(min);
		d.smax = p.reduce(max);
	} else {
		d.smin = S64_MIN;
		d.smax = S64_MAX;
	}
}

function signedFromUnsigned32(d: Range): void {
	if ((d.u32min | 0) <= (d.u32max | 0)) {
		d.s32min = d.u32min | 0;
		d.s32max = d.u32max | 0;
	} else {
		d.s32min = S32_MIN;
		d.s32max = S32_MAX;
	}
}

function signedFromUnsigned64(d: Range): void {
	const lo = asS64(d.umin);
	const hi = asS64(d.umax);
	if (lo <= hi) {
		d.smin = lo;
		d.smax = hi;
	} else {
		d.smin = S64_MIN;
		d.smax = S64_MAX;
	}
}

/** And, or, xor share their shape: the tnum first, then the unsigned bounds from it, then the signed ones from those. */
function bitwise(op: number, d: Range, s: Range): void {
	// Whether dst was constant is asked of the result's tnum: `x & 0` is known although x is not.
	d.tnum = op === ALU_AND ? tnumAnd(d.tnum, s.tnum) : op === ALU_OR ? tnumOr(d.tnum, s.tnum) : tnumXor(d.tnum, s.tnum);
	if (tnumLowIsConst(s.tnum) && tnumLowIsConst(d.tnum)) {
		setConst32(d, Number(d.tnum.value & 0xffff_ffffn));
	} else {
		const t = tnumLow(d.tnum);
		const value = Number(t.value);
		const highest = Number(t.value | t.mask);
		if (op === ALU_AND) {
			d.u32min = value;
			d.u32max = Math.min(d.u32max, s.u32max);
		} else if (op === ALU_OR) {
			d.u32min = Math.max(d.u32min, s.u32min);
			d.u32max = highest;
		} else {
			d.u32min = value;
			d.u32max = highest;
		}
		signedFromUnsigned32(d);
	}
	if (tnumIsConst(s.tnum) && tnumIsConst(d.tnum)) {
		setConst(d, d.tnum.value);
		return;
	}
	const { value, mask } = d.tnum;
	if (op === ALU_AND) {
		d.umin = value;
		d.umax = min(d.umax, s.umax);
	} else if (op === ALU_OR) {
		d.umin = max(d.umin, s.umin);
		d.umax = value | mask;
	} else {
		d.umin = value;
		d.umax = value | mask;
	}
	signedFromUnsigned64(d);
	boundsFromTnum(d);
}

function shiftLeftBounds32(d: Range, lo: number, hi: number): void {
	d.s32min = S32_MIN;
	d.s32max = S32_MAX;
	if (hi > 31 || d.u32max > 2 ** (31 - hi)) {
		d.u32min = 0;
		d.u32max = U32_MAX;
	} else {
		d.u32min = (d.u32min << lo) >>> 0;
		d.u32max = (d.u32max << hi) >>> 0;
	}
}

function shiftLeft(d: Range, s: Range, wide: boolean): void {
	if (!wide) {
		const t = tnumLow(d.tnum);
		shiftLeftBounds32(d, s.u32min, s.u32max);
		d.tnum = tnumLow(tnumShiftLeft(t, BigInt(s.u32min)));
		unbound64(d);
		boundsFromTnum32(d);
		return;
	}
	const lo = s.umin;
	const hi = s.umax;
	if (lo === 32n && hi === 32n) {
		// Shift left by 32, then arithmetically right by 32, is how compilers sign-extend.
		d.smax = BigInt(d.s32max) << 32n;
		d.smin = BigInt(d.s32min) << 32n;
	} else {
		d.smax = S64_MAX;
		d.smin = S64_MIN;
	}
	if (d.umax > 1n << (63n - hi)) {
		d.umin = 0n;
		d.umax = U64;
	} else {
		d.umin = asU64(d.umin << lo);
		d.umax = asU64(d.umax << hi);
	}
	shiftLeftBounds32(d, Number(lo), Number(hi));
	d.tnum = tnumShiftLeft(d.tnum, lo);
	boundsFromTnum(d);
}

function shiftRight(d: Range, s: Range, wide: boolean): void {
	if (!wide) {
		d.s32min = S32_MIN;
		d.s32max = S32_MAX;
		d.tnum = tnumShiftRight(tnumLow(d.tnum), BigInt(s.u32min));
		d.u32min >>>= s.u32max;
		d.u32max >>>= s.u32min;
		unbound64(d);
		boundsFromTnum32(d);
		return;
	}
	d.smin = S64_MIN;
	d.smax = S64_MAX;
	d.tnum = tnumShiftRight(d.tnum, s.umin);
	d.umin >>= s.umax;
	d.umax >>= s.umin;
	unbound32(d);
	boundsFromTnum(d);
}

function shiftRightSigned(d: Range, s: Range, wide: boolean): void {
	if (!wide) {
		d.s32min >>= s.u32min;
		d.s32max >>= s.u32min;
		d.tnum = tnumShiftRightSigned(tnumLow(d.tnum), BigInt(s.u32min), 32);
		d.u32min = 0;
		d.u32max = U32_MAX;
		unbound64(d);
		boundsFromTnum32(d);
		return;
	}
	d.smin >>= s.umin;
	d.smax >>= s.umin;
	d.tnum = tnumShiftRightSigned(d.tnum, s.umin, 64);
	d.umin = 0n;
	d.umax = U64;
	unbound32(d);
	boundsFromTnum(d);
}

/** `dst op src` on 64 bits (wide) or 32, zero-extended. `unbounded` where nothing can be said. */
export function applyAlu(op: number, dst: Range, src: Range, wide: boolean): Range {
	switch (op) {
		case ALU_ADD:
		case ALU_SUB:
		case ALU_MUL:
		case ALU_AND:
		case ALU_OR:
		case ALU_XOR:
			break;
		case ALU_NEG: {
			const d = editable(zero);
			subBounds(d, dst);
			d.tnum = tnumNeg(dst.tnum);
			if (!wide) zeroExtend32(d);
			return sync(d);
		}
		case ALU_LSH:
		case ALU_RSH:
		case ALU_ARSH: {
			const known = wide ? isConst(src) && src.smin === src.smax && src.umin === src.umax : tnumLowIsConst(src.tnum) && src.s32min === src.s32max && src.u32min === src.u32max;
			if (!known || src.umax >= (wide ? 64n : 32n)) return unbounded;
			break;
		}
		default:
			return unbounded;
	}
	if (isConst(dst) && isConst(src) && (wide || op === ALU_ADD || op === ALU_SUB || op === ALU_AND || op === ALU_OR || op === ALU_XOR)) {
		const value = constantResult(op, dst.tnum.value, src.tnum.value);
		return rangeConst(wide ? value : value & 0xffff_ffffn);
	}
	const d = editable(dst);
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
			shiftLeft(d, src, wide);
			break;
		case ALU_RSH:
			shiftRight(d, src, wide);
			break;
		case ALU_ARSH:
			shiftRightSigned(d, src, wide);
			break;
		default:
			bitwise(op, d, src);
	}
	if (!wide) zeroExtend32(d);
	return sync(d);
}

function constantResult(op: number, a: bigint, b: bigint): bigint {
	switch (op) {
		case ALU_ADD:
			return asU64(a + b);
		case ALU_SUB:
			return asU64(a - b);
		case ALU_MUL:
			return asU64(a * b);
		case ALU_AND:
			return a & b;
		case ALU_OR:
			return a | b;
		case ALU_XOR:
			return a ^ b;
		case ALU_LSH:
			return asU64(a << b);
		case ALU_RSH:
			return a >> b;
		default:
			return asU64(asS64(a) >> b);
	}
}
