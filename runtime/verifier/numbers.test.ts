/**
 * Ranges and tnums in halves against the same in BigInt (test/support/bigint): every operation gives the same nine facts, on ranges that agree with
 * themselves and on ones that do not. `VERIFIER_NUMBERS=1000000 npx vitest run numbers` for longer.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as bigCompare from "../../test/support/bigint/compare.ts";
import * as big from "../../test/support/bigint/range.ts";
import * as bigScalar from "../../test/support/bigint/scalar.ts";
import * as bigTnum from "../../test/support/bigint/tnum.ts";
import * as bounds from "./bounds.ts";
import { FLIP, REVERSE, refine, scalarTaken } from "./compare.ts";
import * as narrow from "./extend.ts";
import * as half from "./range.ts";
import { ALU_SYMBOLS, addConstant, applyAlu } from "./scalar.ts";
import { Tnum, tnumByteSwap, tnumNext } from "./tnum.ts";
import { highOf, lowOf, productHigh, unsignedBig } from "./word.ts";

const numRuns = Number(process.env.VERIFIER_NUMBERS ?? 400);
const M = (1n << 64n) - 1n;

/** Numbers at the edges that ranges care about, their neighbours, and any. */
const word = fc.oneof(
	fc.tuple(fc.integer({ min: 0, max: 64 }), fc.integer({ min: -2, max: 2 })).map(([bit, by]) => BigInt.asUintN(64, (1n << BigInt(bit)) + BigInt(by))),
	fc.tuple(fc.integer({ min: 0, max: 64 }), fc.integer({ min: -2, max: 2 })).map(([bit, by]) => BigInt.asUintN(64, -(1n << BigInt(bit)) + BigInt(by))),
	fc.bigInt({ min: 0n, max: M }),
	fc.bigInt({ min: 0n, max: 0x1_0000_0000n }),
);
const tnum = fc.oneof(fc.constant(bigTnum.tnumUnknown), fc.tuple(word, word).map(([value, mask]): bigTnum.Tnum => ({ value: value & ~mask & M, mask })));
const s32 = (x: bigint): number => Number(BigInt.asIntN(32, x));

/** Fields at random; mostly in order, and half of the time made to agree. */
const range = fc.tuple(tnum, fc.array(word, { minLength: 8, maxLength: 8 }), fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 255 })).map(([t, w, how, open]) => {
	if (how === 0) return big.rangeConst(w[0]);
	const pairs: [bigint, bigint][] = [[big.asS64(w[0]), big.asS64(w[1])], [w[2], w[3]], [BigInt.asIntN(32, w[4]), BigInt.asIntN(32, w[5])], [BigInt.asUintN(32, w[6]), BigInt.asUintN(32, w[7])]];
	if (how > 2) for (const pair of pairs) if (pair[0] > pair[1]) pair.reverse();
	const r = big.editable(big.unbounded);
	if (open & 1) r.tnum = t;
	if (open & 2) [r.smin, r.smax] = pairs[0];
	if (open & 4) [r.umin, r.umax] = pairs[1];
	if (open & 8) [r.s32min, r.s32max] = pairs[2].map(Number);
	if (open & 16) [r.u32min, r.u32max] = pairs[3].map(Number);
	return open & 128 ? r : big.sync(r);
});

const toHalves = (r: big.Range): half.Range =>
	new half.Range(
		halvesOf(r.tnum), highOf(r.smin), lowOf(r.smin), highOf(r.smax), lowOf(r.smax), highOf(r.umin), lowOf(r.umin), highOf(r.umax), lowOf(r.umax), r.s32min, r.s32max, r.u32min | 0,
		r.u32max | 0,
	);
const halvesOf = (t: bigTnum.Tnum): Tnum => new Tnum(highOf(t.value), lowOf(t.value), highOf(t.mask), lowOf(t.mask));
const text = (r: big.Range | half.Range): string => [r.tnum.value, r.tnum.mask, r.smin, r.smax, r.umin, r.umax, r.s32min, r.s32max, r.u32min, r.u32max].join(" ");

function isHalves(r: half.Range): boolean {
	return [r.tnum.valueHi, r.tnum.valueLo, r.tnum.maskHi, r.tnum.maskLo, r.sminHi, r.sminLo, r.smaxHi, r.smaxLo, r.uminHi, r.uminLo, r.umaxHi, r.umaxLo, r.s32min, r.s32max, r.lowMin, r.lowMax].every((x) => Object.is(x, x | 0));
}

function expectSame(got: half.Range, want: big.Range): void {
	if (text(got) !== text(want)) expect(text(got)).toBe(text(want));
	if (!isHalves(got)) throw new Error(`no int32: ${text(got)}`);
}

const each = <T extends readonly unknown[]>(name: string, inputs: { [K in keyof T]: fc.Arbitrary<T[K]> }, check: (...values: T) => void): void => {
	it(name, () => fc.assert(fc.property(...(inputs as unknown as [fc.Arbitrary<unknown>]), (...values: unknown[]) => check(...(values as unknown as T))), { numRuns }), 600_000);
};

describe("numbers in halves", () => {
	each<[big.Range]>("one range", [range], (a) => {
		expectSame(bounds.sync(toHalves(a)), big.sync(big.editable(a)));
		expect(bounds.contradiction(toHalves(a))).toBe(big.contradiction(a));
		for (const bytes of [1, 2, 4]) {
			expectSame(narrow.truncate(toHalves(a), bytes), big.truncate(a, bytes));
			expectSame(narrow.signExtend(toHalves(a), bytes), big.signExtend(a, bytes));
			if (bytes < 4) expectSame(narrow.signExtend32(toHalves(a), bytes), big.signExtend32(a, bytes));
		}
		for (const bits of [7, 8, 15, 16, 31, 32, 64]) expect(half.fitsBits(toHalves(a), bits)).toBe(bigTnum.bitLength(a.umax) <= bits);
	});

	each<[bigint, bigint]>("products", [word, word], (a, b) => {
		expect(unsignedBig(productHigh(highOf(a), lowOf(a), highOf(b), lowOf(b)), Math.imul(lowOf(a), lowOf(b)))).toBe((a * b) & M);
	});

	each<[bigTnum.Tnum, bigint]>("one tnum", [tnum, word], (t, z) => {
		const next = { hi: 0, lo: 0 };
		tnumNext(halvesOf(t), highOf(z), lowOf(z), next);
		expect(unsignedBig(next.hi, next.lo)).toBe(bigTnum.tnumNext(t, z));
		for (const bits of [16, 32, 64]) {
			const { value, mask } = tnumByteSwap(halvesOf(t), bits);
			expect({ value, mask }).toEqual(bigTnum.tnumByteSwap(t, bits));
		}
	});

	each<[big.Range, big.Range, number]>("two ranges", [range, range, fc.integer({ min: 0, max: 70 })], (a, b, shift) => {
		for (const op of Object.keys(ALU_SYMBOLS).map(Number)) {
			for (const wide of [true, false]) {
				expectSame(applyAlu(op, toHalves(a), toHalves(b), wide), bigScalar.applyAlu(op, a, b, wide));
				const known = big.rangeConst(BigInt(shift));
				expectSame(applyAlu(op, toHalves(a), toHalves(known), wide), bigScalar.applyAlu(op, a, known, wide));
			}
		}
		for (const low of [false, true]) {
			for (const op of [...Object.keys(FLIP), ...Object.values(REVERSE)].map(Number)) {
				const [x, y, p, q] = [toHalves(a), toHalves(b), big.editable(a), big.editable(b)];
				refine(x, y, op, low);
				bigCompare.refine(p, q, op, low);
				expectSame(x, p);
				expectSame(y, q);
			}
			for (const op of Object.keys(FLIP).map(Number)) expect(scalarTaken(toHalves(a), toHalves(b), op, low)).toBe(bigCompare.scalarTaken(a, b, op, low));
		}
		expect(half.includes(toHalves(a), toHalves(b))).toBe(big.includes(a, b));
		expect(half.same(toHalves(a), toHalves(b))).toBe(big.same(a, b));
		expect(half.same(toHalves(a), toHalves(a))).toBe(true);
		const distance = s32(b.umin) - s32(b.umax);
		expectSame(addConstant(toHalves(a), distance), bigScalar.addConstant(a, BigInt(distance)));
	});
});
