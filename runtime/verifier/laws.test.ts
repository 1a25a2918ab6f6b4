/** Laws of the two abstract numbers: whatever concrete operands are in the abstract ones, the concrete result is in the abstract result. */
import fc from "fast-check";
import { describe, it } from "vitest";
import { contradiction, sync } from "./bounds.ts";
import { signExtend, truncate, zeroExtend32 } from "./extend.ts";
import { type Range, editable, includes, rangeConst, unbounded } from "./range.ts";
import { ALU_ADD, ALU_AND, ALU_ARSH, ALU_LSH, ALU_MUL, ALU_NEG, ALU_OR, ALU_RSH, ALU_SUB, ALU_XOR, applyAlu } from "./scalar.ts";
import {
	Tnum, tnumAdd, tnumAnd, tnumByteSwap, tnumCast, tnumIn, tnumIntersect, tnumMul, tnumNeg, tnumOr, tnumOverlap, tnumRange, tnumShiftLeft, tnumShiftRight, tnumShiftRightSigned, tnumSub, tnumUnion, tnumXor,
} from "./tnum.ts";

const U64 = (1n << 64n) - 1n;
const u = (x: bigint): bigint => BigInt.asUintN(64, x);
const s = (x: bigint): bigint => BigInt.asIntN(64, x);
const hi = (x: bigint): number => Number(BigInt.asIntN(32, x >> 32n));
const lo = (x: bigint): number => Number(BigInt.asIntN(32, x));
const u64 = fc.oneof(fc.bigInt(0n, U64), fc.bigInt(0n, 300n), fc.bigInt(0n, 300n).map((x) => u(-x)), fc.constantFrom(1n << 31n, 1n << 32n, 1n << 63n, (1n << 31n) - 1n, (1n << 32n) - 1n, (1n << 63n) - 1n));
const sorted = (a: bigint, b: bigint): readonly [bigint, bigint] => (a < b ? [a, b] : [b, a]);

/** A tnum and one of its members. */
const tnum = fc.tuple(u64, u64).map(([x, mask]): readonly [Tnum, bigint] => [new Tnum(hi(x & ~mask), lo(x & ~mask), hi(mask), lo(mask)), x]);
const isMember = (t: Tnum, x: bigint): boolean => (x & ~t.mask & U64) === t.value && (t.value & t.mask) === 0n;

function has(r: Range, x: bigint): boolean {
	const low = lo(x) >>> 0;
	return x >= r.umin && x <= r.umax && s(x) >= r.smin && s(x) <= r.smax && low >= r.u32min && low <= r.u32max && (low | 0) >= r.s32min && (low | 0) <= r.s32max && isMember(r.tnum, x);
}

/** A range and one of its members: bounds of some kind around the member, made consistent. */
const range = fc.tuple(u64, u64, u64, fc.integer({ min: 0, max: 5 })).map(([x, a, b, kind]): readonly [Range, bigint] => {
	if (kind === 0) return [rangeConst(x), x];
	const r = editable(unbounded);
	if (kind !== 2 && kind !== 5) {
		const [low] = sorted(a, x);
		const [, high] = sorted(b, x);
		r.setUnsigned(hi(low), lo(low), hi(high), lo(high));
	}
	if (kind === 2 || kind === 4) {
		const [low] = sorted(s(a), s(x));
		const [, high] = sorted(s(b), s(x));
		r.setSigned(hi(low), lo(low), hi(high), lo(high));
	}
	if (kind >= 3) {
		r.s32min = Math.min(lo(a), lo(x));
		r.s32max = Math.max(lo(b), lo(x));
	}
	if (kind === 5) r.tnum = new Tnum(hi(x & ~a), lo(x & ~a), hi(a), lo(a));
	return [sync(r), x];
});

describe("tnums", () => {
	const binary: Readonly<Record<string, readonly [(a: Tnum, b: Tnum) => Tnum, (x: bigint, y: bigint) => bigint]>> = {
		add: [tnumAdd, (x, y) => u(x + y)], sub: [tnumSub, (x, y) => u(x - y)], and: [tnumAnd, (x, y) => x & y], or: [tnumOr, (x, y) => x | y], xor: [tnumXor, (x, y) => x ^ y], mul: [tnumMul, (x, y) => u(x * y)],
	};
	it.each(Object.keys(binary))("%s keeps the result of members", (name) => {
		const [abstract, concrete] = binary[name];
		fc.assert(fc.property(tnum, tnum, ([a, x], [b, y]) => isMember(abstract(a, b), concrete(x, y))), { numRuns: 3000 });
	});

	it("shifts, negation, casts and swaps keep them", () => {
		fc.assert(
			fc.property(tnum, fc.integer({ min: 0, max: 63 }), fc.constantFrom(1, 2, 4), ([a, x], n, bytes) => {
				const swapped = Buffer.alloc(8);
				swapped.writeBigUInt64BE(x);
				return isMember(tnumShiftLeft(a, n), u(x << BigInt(n))) && isMember(tnumShiftRight(a, n), x >> BigInt(n)) && isMember(tnumShiftRightSigned(a, n, 64), u(s(x) >> BigInt(n))) && isMember(tnumNeg(a), u(-x)) &&
					isMember(tnumCast(a, bytes), BigInt.asUintN(bytes * 8, x)) && isMember(tnumByteSwap(a, 64), swapped.readBigUInt64LE());
			}),
			{ numRuns: 5000 },
		);
	});

	it("join and meet as sets do, and a range's tnum holds the range", () => {
		fc.assert(
			fc.property(tnum, tnum, u64, u64, ([a, x], [b, y], p, q) => {
				const both = tnumUnion(a, b);
				const [low, high] = sorted(p, q);
				const meet = !isMember(b, x) || (tnumOverlap(a, b) && isMember(tnumIntersect(a, b), x));
				const spanned = tnumRange(hi(low), lo(low), hi(high), lo(high));
				return isMember(both, x) && isMember(both, y) && tnumIn(both, a) && tnumIn(both, b) && tnumIn(a, a) && meet && isMember(spanned, low) && isMember(spanned, high) && (!tnumIn(a, b) || isMember(a, y));
			}),
			{ numRuns: 5000 },
		);
	});
});

describe("ranges", () => {
	it("keep their members when their bounds tighten one another, and twice is once", () => {
		fc.assert(fc.property(range, ([r, x]) => has(r, x) && contradiction(r) === null && includes(r, sync(editable(r)))), { numRuns: 5000 });
	});

	it("include themselves and their members", () => {
		fc.assert(fc.property(range, range, u64, ([r, x], [q], z) => includes(r, r) && includes(unbounded, r) && includes(r, rangeConst(x)) && (!includes(r, q) || !has(q, z) || has(r, z))), { numRuns: 5000 });
	});

	it("hold what is cut off and what is extended", () => {
		fc.assert(
			fc.property(range, fc.constantFrom(1, 2, 4), ([r, x], bytes) => {
				const half = editable(r);
				zeroExtend32(half);
				return has(truncate(r, bytes), BigInt.asUintN(bytes * 8, x)) && has(sync(editable(signExtend(r, bytes))), u(BigInt.asIntN(bytes * 8, x))) && has(sync(half), BigInt.asUintN(32, x));
			}),
			{ numRuns: 5000 },
		);
	});

	const operations: Readonly<Record<string, readonly [number, (x: bigint, y: bigint, bits: number) => bigint]>> = {
		add: [ALU_ADD, (x, y) => x + y], sub: [ALU_SUB, (x, y) => x - y], mul: [ALU_MUL, (x, y) => x * y], and: [ALU_AND, (x, y) => x & y], or: [ALU_OR, (x, y) => x | y], xor: [ALU_XOR, (x, y) => x ^ y],
		lsh: [ALU_LSH, (x, y) => x << y], rsh: [ALU_RSH, (x, y) => x >> y], arsh: [ALU_ARSH, (x, y, bits) => BigInt.asIntN(bits, x) >> y], neg: [ALU_NEG, (x) => -x],
	};
	it.each(Object.keys(operations))("%s keeps the result of members in both widths", (name) => {
		const [op, concrete] = operations[name];
		const shift = name.endsWith("sh");
		fc.assert(
			fc.property(range, range, fc.boolean(), fc.nat(63), ([a, x], [b, y], wide, amount) => {
				const bits = wide ? 64 : 32;
				const count = BigInt(amount % bits);
				const [right, z] = shift ? [rangeConst(count), count] : [b, y];
				const result = applyAlu(op, a, right, wide);
				return has(result, BigInt.asUintN(bits, concrete(BigInt.asUintN(bits, x), BigInt.asUintN(bits, z), bits))) && contradiction(result) === null;
			}),
			{ numRuns: 4000 },
		);
	});
});
