/** Tristate numbers in BigInt: what runtime/verifier/tnum.ts computes in halves, as plainly as it can be written. */
export interface Tnum {
	readonly value: bigint;
	readonly mask: bigint;
}

export const U64 = 0xffff_ffff_ffff_ffffn;
const U32 = 0xffff_ffffn;

export const tnumUnknown: Tnum = { value: 0n, mask: U64 };

function tnum(value: bigint, mask: bigint): Tnum {
	return { value, mask };
}

export function tnumConst(value: bigint): Tnum {
	return { value, mask: 0n };
}

export function tnumIsConst(a: Tnum): boolean {
	return a.mask === 0n;
}

/** Number of bits that `x` needs. */
export function bitLength(x: bigint): number {
	if (x <= U32) return 32 - Math.clz32(Number(x));
	return 64 - Math.clz32(Number(x >> 32n));
}

/** The smallest tnum that holds every value from min to max (unsigned). */
export function tnumRange(min: bigint, max: bigint): Tnum {
	const bits = bitLength(min ^ max);
	if (bits > 63) return tnumUnknown;
	const delta = (1n << BigInt(bits)) - 1n;
	return tnum(min & ~delta, delta);
}

export function tnumShiftLeft(a: Tnum, shift: bigint): Tnum {
	return tnum((a.value << shift) & U64, (a.mask << shift) & U64);
}

export function tnumShiftRight(a: Tnum, shift: bigint): Tnum {
	return tnum(a.value >> shift, a.mask >> shift);
}

/** Arithmetic shift: an unknown sign bit spreads as unknown bits. */
export function tnumShiftRightSigned(a: Tnum, shift: bigint, bits: 32 | 64): Tnum {
	if (bits === 32) return tnum((BigInt.asIntN(32, a.value) >> shift) & U32, (BigInt.asIntN(32, a.mask) >> shift) & U32);
	return tnum((BigInt.asIntN(64, a.value) >> shift) & U64, (BigInt.asIntN(64, a.mask) >> shift) & U64);
}

export function tnumAdd(a: Tnum, b: Tnum): Tnum {
	const sm = (a.mask + b.mask) & U64;
	const sv = (a.value + b.value) & U64;
	const carries = ((sm + sv) & U64) ^ sv;
	const mask = carries | a.mask | b.mask;
	return tnum(sv & ~mask, mask);
}

export function tnumSub(a: Tnum, b: Tnum): Tnum {
	const dv = (a.value - b.value) & U64;
	const borrows = ((dv + a.mask) & U64) ^ ((dv - b.mask) & U64);
	const mask = borrows | a.mask | b.mask;
	return tnum(dv & ~mask, mask);
}

export function tnumNeg(a: Tnum): Tnum {
	return tnumSub({ value: 0n, mask: 0n }, a);
}

export function tnumAnd(a: Tnum, b: Tnum): Tnum {
	const value = a.value & b.value;
	return tnum(value, (a.value | a.mask) & (b.value | b.mask) & ~value);
}

export function tnumOr(a: Tnum, b: Tnum): Tnum {
	const value = a.value | b.value;
	return tnum(value, (a.mask | b.mask) & ~value);
}

export function tnumXor(a: Tnum, b: Tnum): Tnum {
	const mask = a.mask | b.mask;
	return tnum((a.value ^ b.value) & ~mask, mask);
}

/** Long multiplication: an unknown bit of `a` joins "partial product added" with "not added". */
export function tnumMul(a: Tnum, b: Tnum): Tnum {
	if (a.mask === 0n && b.mask === 0n) return tnum((a.value * b.value) & U64, 0n);
	let acc = tnum(0n, 0n);
	while (a.value !== 0n || a.mask !== 0n) {
		if (a.value & 1n) acc = tnumAdd(acc, b);
		else if (a.mask & 1n) acc = tnumUnion(acc, tnumAdd(acc, b));
		a = tnumShiftRight(a, 1n);
		b = tnumShiftLeft(b, 1n);
	}
	return acc;
}

/** Whether some value is in both. */
export function tnumOverlap(a: Tnum, b: Tnum): boolean {
	const known = ~a.mask & ~b.mask & U64;
	return (a.value & known) === (b.value & known);
}

export function tnumIntersect(a: Tnum, b: Tnum): Tnum {
	const mask = a.mask & b.mask;
	return tnum((a.value | b.value) & ~mask, mask);
}

export function tnumUnion(a: Tnum, b: Tnum): Tnum {
	const mask = (a.value ^ b.value) | a.mask | b.mask;
	return tnum(a.value & b.value & ~mask, mask);
}

export function tnumCast(a: Tnum, bytes: number): Tnum {
	const keep = (1n << BigInt(bytes * 8)) - 1n;
	return tnum(a.value & keep, a.mask & keep);
}

/** Whether every value of `b` is one of `a`. */
export function tnumIn(a: Tnum, b: Tnum): boolean {
	if (b.mask & ~a.mask) return false;
	return a.value === (b.value & ~a.mask);
}

export function tnumLow(a: Tnum): Tnum {
	return tnum(a.value & U32, a.mask & U32);
}

export function tnumClearLow(a: Tnum): Tnum {
	return tnum(a.value & ~U32, a.mask & ~U32);
}

export function tnumWithLow(a: Tnum, low: Tnum): Tnum {
	return tnum((a.value & ~U32) | (low.value & U32), (a.mask & ~U32) | (low.mask & U32));
}

export function tnumLowIsConst(a: Tnum): boolean {
	return (a.mask & U32) === 0n;
}

/** The smallest member greater than `z`; the greatest member when there is none. */
export function tnumNext(t: Tnum, z: bigint): bigint {
	const top = t.value | t.mask;
	if (z >= top) return top;
	if (z < t.value) return t.value;
	const nearest = t.value | (z & t.mask);
	if (nearest > z) {
		// A known one where z has a zero: unknown bits below it may all be zero.
		const k = BigInt(bitLength(~z & U64 & t.value & ~t.mask));
		const high = (U64 << k) & U64;
		return (high & z) | (~high & U64 & t.value);
	}
	const k = BigInt(bitLength(z & ~t.value & ~t.mask & U64));
	const high = (U64 << k) & U64;
	const stepped = ((high & t.mask & z) | (high & ~t.mask & U64)) + (1n << k);
	return (stepped & U64 & t.mask) | t.value;
}

/** The bytes of the low `bits` in reverse order, zero-extended. */
export function tnumByteSwap(t: Tnum, bits: number): Tnum {
	return tnum(swapBytes(t.value, bits), swapBytes(t.mask, bits));
}

function swapBytes(x: bigint, bits: number): bigint {
	let out = 0n;
	for (let i = 0; i < bits; i += 8) out = (out << 8n) | ((x >> BigInt(i)) & 0xffn);
	return out;
}
