import type { Inst, Op, Value } from "../../ir/types.ts";
import { startOf } from "./distances.ts";
import { allOnes, constant, isConst, isInst, sameValue, unsigned, widthOf } from "../../ir/values.ts";
import { isNonNegative, knownZeros, provenZeros } from "../analysis/known.ts";
import { bitFormula } from "./bit-formulas.ts";
import { sumFormula } from "./sum-formulas.ts";
import { c, gather, is, type Law, log2, type Rewriter, zeroRight } from "./law.ts";

/** Sums, products and quotients. */
export const sumLaws: Partial<Record<Op, readonly Law[]>> = {
	add: [
		zeroRight,
		gather,
		// x + −y = x − y
		(inst, rw) => (is(inst.args[1], "neg") ? rw.make("sub", inst.ty!, [inst.args[0], inst.args[1].args[0]]) : null),
		(inst, rw) =>
			is(inst.args[0], "neg") && !isConst(inst.args[1]) ? rw.make("sub", inst.ty!, [inst.args[1], inst.args[0].args[0]]) : null,
		// (x − y) + y = x
		(inst) => (is(inst.args[0], "sub") && sameValue(inst.args[0].args[1], inst.args[1]) ? inst.args[0].args[0] : null),
		(inst) => (is(inst.args[1], "sub") && sameValue(inst.args[1].args[1], inst.args[0]) ? inst.args[1].args[0] : null),
		sumFormula,
		bitFormula,
	],
	sub: [
		// x − c = x + −c
		(inst, rw) => (c(inst.args[1]) !== null ? rw.make("add", inst.ty!, [inst.args[0], constant(inst.ty!, -c(inst.args[1])!)]) : null),
		(inst) => (sameValue(inst.args[0], inst.args[1]) ? constant(inst.ty!, 0) : null),
		(inst, rw) => (c(inst.args[0]) === 0n ? rw.make("neg", inst.ty!, [inst.args[1]]) : null),
		(inst, rw) => (is(inst.args[1], "neg") ? rw.make("add", inst.ty!, [inst.args[0], inst.args[1].args[0]]) : null),
		// (x + y) − x = y
		(inst) => (is(inst.args[0], "add") && sameValue(inst.args[0].args[0], inst.args[1]) ? inst.args[0].args[1] : null),
		(inst) => (is(inst.args[0], "add") && sameValue(inst.args[0].args[1], inst.args[1]) ? inst.args[0].args[0] : null),
		// c − x = c ^ x where x has no bit that c has not: nothing is borrowed
		(inst, rw) => withoutBorrow(inst.args[0], inst.args[1], 0n, rw),
		(inst, rw) =>
			is(inst.args[1], "add") && c(inst.args[1].args[1]) !== null
				? withoutBorrow(inst.args[0], inst.args[1].args[0], c(inst.args[1].args[1])!, rw)
				: null,
		// c − (x + d) = (c − d) − x, unless the sum is also asked for
		(inst, rw) => {
			const [whole, sum] = inst.args;
			if (!isConst(whole) || !is(sum, "add") || !isConst(sum.args[1]) || rw.uses(sum) > 1) return null;
			return rw.make("sub", inst.ty!, [constant(inst.ty!, whole.value - sum.args[1].value), sum.args[0]]);
		},
		// (p + x) − (p + y) = x − y, as numbers
		(inst, rw) => {
			const [a, b] = inst.args;
			if (!is(a, "ptrtoint") || !is(b, "ptrtoint") || startOf(a.args[0]) !== startOf(b.args[0])) return null;
			return rw.make("sub", "i64", [distanceOf(a.args[0], rw), distanceOf(b.args[0], rw)]);
		},
		sumFormula,
		bitFormula,
	],
	neg: [
		(inst) => (is(inst.args[0], "neg") ? inst.args[0].args[0] : null),
		(inst, rw) =>
			is(inst.args[0], "sub") && rw.uses(inst.args[0]) <= 1 ? rw.make("sub", inst.ty!, [inst.args[0].args[1], inst.args[0].args[0]]) : null,
		sumFormula,
	],
	mul: [
		gather,
		(inst) => (c(inst.args[1]) === 0n ? constant(inst.ty!, 0) : c(inst.args[1]) === 1n ? inst.args[0] : null),
		(inst, rw) => (c(inst.args[1]) === -1n ? rw.make("neg", inst.ty!, [inst.args[0]]) : null),
		// x · 2ᵏ = x << k
		(inst, rw) => {
			const k = isConst(inst.args[1]) ? log2(inst.ty!, inst.args[1].value) : null;
			return k === null ? null : rw.make("shl", inst.ty!, [inst.args[0], constant(inst.ty!, k)]);
		},
	],
	udiv: [
		(inst) => (c(inst.args[1]) === 1n ? inst.args[0] : null),
		// x / a / b is x / (a * b), of which the verifier knows something when x is compared.
		(inst, rw) => {
			const [inner, divisor] = inst.args;
			if (!isInst(inner) || inner.op !== "udiv" || !isConst(divisor) || !isConst(inner.args[1])) return null;
			const product = unsigned(inst.ty!, divisor.value) * unsigned(inst.ty!, inner.args[1].value);
			if (product > allOnes(inst.ty!)) return constant(inst.ty!, 0);
			return product === 0n ? null : rw.make("udiv", inst.ty!, [inner.args[0], constant(inst.ty!, product)]);
		},
		(inst, rw) => {
			const k = isConst(inst.args[1]) ? log2(inst.ty!, inst.args[1].value) : null;
			return k === null ? null : rw.make("lshr", inst.ty!, [inst.args[0], constant(inst.ty!, k)]);
		},
	],
	umod: [
		(inst, rw) => {
			const k = isConst(inst.args[1]) ? log2(inst.ty!, inst.args[1].value) : null;
			return k === null ? null : rw.make("and", inst.ty!, [inst.args[0], constant(inst.ty!, (1n << BigInt(k)) - 1n)]);
		},
	],
	sdiv: [
		(inst) => (c(inst.args[1]) === 1n ? inst.args[0] : null),
		(inst, rw) => (isNonNegative(inst.args[0]) && isNonNegative(inst.args[1]) ? rw.make("udiv", inst.ty!, inst.args.slice()) : null),
		// x / 2ᵏ = (x + (x < 0 ? 2ᵏ − 1 : 0)) >> k
		(inst, rw) => {
			const k = positivePower(inst);
			if (k === null) return null;
			// Nothing is lost of a multiple.
			const lost = (1n << BigInt(k)) - 1n;
			const shifted = (lost & ~knownZeros(inst.args[0])) === 0n ? inst.args[0] : rounded(inst, k, rw);
			return rw.make("ashr", inst.ty!, [shifted, constant(inst.ty!, k)]);
		},
	],
	smod: [
		(inst, rw) => (isNonNegative(inst.args[0]) && isNonNegative(inst.args[1]) ? rw.make("umod", inst.ty!, inst.args.slice()) : null),
		(inst, rw) => {
			const k = positivePower(inst);
			if (k === null) return null;
			const multiple = rw.make("and", inst.ty!, [rounded(inst, k, rw), constant(inst.ty!, -(1n << BigInt(k)))]);
			return rw.make("sub", inst.ty!, [inst.args[0], multiple]);
		},
	],
};

/** How far a pointer is from where its walk began. */
function distanceOf(pointer: Value, rw: Rewriter): Value {
	if (!isInst(pointer) || pointer.op !== "ptradd")
		return constant("i64", isInst(pointer) && pointer.op === "global" ? (pointer.attr!.offset ?? 0) : 0);
	const before = distanceOf(pointer.args[0], rw);
	return c(before) === 0n ? pointer.args[1] : rw.make("add", "i64", [before, pointer.args[1]]);
}

/** (whole − less) − x as an exclusive or. */
function withoutBorrow(whole: Value, x: Value, less: bigint, rw: Rewriter): Value | null {
	if (!isConst(whole) || isConst(x)) return null;
	const left = constant(whole.ty, whole.value - less);
	return (unsigned(whole.ty, left.value) | provenZeros(x)) === allOnes(whole.ty) ? rw.make("xor", whole.ty, [x, left]) : null;
}

function positivePower(inst: Inst): number | null {
	const divisor = c(inst.args[1]);
	const k = divisor !== null && divisor > 1n ? log2(inst.ty!, divisor) : null;
	return k;
}

/** x + (2ᵏ − 1 when x is negative). */
function rounded(inst: Inst, k: number, rw: Parameters<Law>[1]): Value {
	const ty = inst.ty!;
	const width = widthOf(ty);
	const sign = rw.make("ashr", ty, [inst.args[0], constant(ty, width - 1)]);
	return rw.make("add", ty, [inst.args[0], rw.make("lshr", ty, [sign, constant(ty, width - k)])]);
}
