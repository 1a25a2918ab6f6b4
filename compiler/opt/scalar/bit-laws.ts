import type { Inst, Op, Value } from "../../ir/types.ts";
import { both, either, negated, swapped } from "../../ir/preds.ts";
import { allOnes, constant, isConst, isInst, sameValue, unsigned, widthOf } from "../../ir/values.ts";
import { isNonNegative, knownZeros, provenZeros, stayZero } from "../analysis/known.ts";
import { bitFormula } from "./bit-formulas.ts";
import { byteSwap } from "./byte-orders.ts";
import { sumFormula } from "./sum-formulas.ts";
import { c, gather, is, type Law, log2, zeroRight } from "./law.ts";

/** (x & 4) | (r | (x & 8)) = r | (x & 12), with or without an extension around the bits. */
const copiedBits: Law = (inst, rw) => {
	const bitsOf = (value: Value): { readonly around: Op | null; readonly from: Value; readonly mask: bigint } | null => {
		if (!isInst(value) || rw.uses(value) > 1) return null;
		const around = value.op === "zext" || value.op === "trunc" ? value.op : null;
		const and = around === null ? value : value.args[0];
		return is(and, "and") && isConst(and.args[1]) && rw.uses(and) <= 1
			? { around, from: and.args[0], mask: unsigned(and.ty!, and.args[1].value) }
			: null;
	};
	for (const i of [0, 1]) {
		const one = bitsOf(inst.args[i]);
		const rest = inst.args[1 - i];
		if (one === null) continue;
		for (const [part, kept] of is(rest, "or") && rw.uses(rest) <= 1
			? [
					[rest.args[0], rest.args[1]],
					[rest.args[1], rest.args[0]],
				]
			: [[rest, null]]) {
			const other = part === null ? null : bitsOf(part);
			if (other === null || other.from !== one.from || other.around !== one.around) continue;
			const from = one.from as Inst;
			const and = rw.make("and", from.ty!, [from, constant(from.ty!, one.mask | other.mask)]);
			const both = one.around === null ? and : rw.make(one.around, inst.ty!, [and]);
			return kept === null ? both : rw.make("or", inst.ty!, [both, kept]);
		}
	}
	return null;
};

/** By as many places as there are, or more: not defined, and refused by the verifier where it is not decided here. */
const shiftTooFar: Law = (inst) =>
	isConst(inst.args[1]) && unsigned(inst.ty!, inst.args[1].value) >= BigInt(widthOf(inst.ty!)) ? constant(inst.ty!, 0) : null;

/** (x + y) >> k, where x is a multiple of 2ᵏ and y less than it: what rounds a quotient of a number that needs none. */
const withoutLost: Law = (inst, rw) => {
	const [sum, by] = inst.args;
	const k = c(by);
	if (k === null || k <= 0n || k >= BigInt(widthOf(inst.ty!)) || !is(sum, "add")) return null;
	const lost = (1n << k) - 1n;
	for (const [x, y] of [sum.args, sum.args.toReversed()])
		if ((lost & ~knownZeros(x)) === 0n && (allOnes(inst.ty!) & ~lost & ~knownZeros(y)) === 0n) return rw.make(inst.op, inst.ty!, [x, by]);
	return null;
};

/** ((x >> k) & m) << j: what stands j − k places above, masked where it stands. Fields that keep their place are one mask then (`copiedBits`). */
const movedBits: Law = (inst, rw) => {
	const [masked, by] = inst.args;
	if (!is(masked, "and") || rw.uses(masked) > 1) return null;
	const [shifted, mask] = masked.args;
	if (!is(shifted, "lshr") || !isConst(by) || !isConst(mask) || !isConst(shifted.args[1])) return null;
	const ty = inst.ty!;
	const [k, j] = [unsigned(ty, shifted.args[1].value), unsigned(ty, by.value)];
	const width = BigInt(widthOf(ty));
	if (k >= width || j >= width || (k !== j && rw.uses(shifted) > 1)) return null;
	const bits = (unsigned(ty, mask.value) << j) & allOnes(ty);
	// A mask of 64 bits is an instruction of its own where 31 do not hold it.
	if (ty === "i64" && bits >> 31n !== 0n) return null;
	const [x] = shifted.args;
	const moved = k === j ? x : rw.make(k > j ? "lshr" : "shl", ty, [x, constant(ty, k > j ? k - j : j - k)]);
	return rw.make("and", ty, [moved, constant(ty, bits)]);
};

/** Bits one by one, and what moves them. */
export const bitLaws: Partial<Record<Op, readonly Law[]>> = {
	and: [
		(inst) =>
			c(inst.args[1]) === 0n
				? constant(inst.ty!, 0)
				: c(inst.args[1]) === -1n || sameValue(inst.args[0], inst.args[1])
					? inst.args[0]
					: null,
		gather,
		// A mask that only clears bits that are zero anyway.
		(inst) => {
			const mask = c(inst.args[1]);
			if (mask === null) return null;
			const cleared = allOnes(inst.ty!) & ~unsigned(inst.ty!, mask);
			return (cleared & ~provenZeros(inst.args[0])) === 0n || stayZero(cleared, inst.args[0]) ? inst.args[0] : null;
		},
		// Nothing left.
		(inst) => {
			const mask = c(inst.args[1]);
			return mask !== null && (unsigned(inst.ty!, mask) & ~knownZeros(inst.args[0])) === 0n ? constant(inst.ty!, 0) : null;
		},
		// −x & 1 = x & 1, and −x & 2ᵏ = x << k where x is 0 or 1: of what is 0 or −1 and masked the verifier walks both
		(inst, rw) => {
			const k = isConst(inst.args[1]) ? log2(inst.ty!, inst.args[1].value) : null;
			const [a] = inst.args;
			if (k === null || !is(a, "neg")) return null;
			if (k === 0) return rw.make("and", inst.ty!, [a.args[0], inst.args[1]]);
			return provenZeros(a.args[0]) === (allOnes(inst.ty!) & ~1n) ? rw.make("shl", inst.ty!, [a.args[0], constant(inst.ty!, k)]) : null;
		},
		// (x | y) & m = x & m when y & m = 0
		(inst, rw) => {
			const mask = c(inst.args[1]);
			const [a] = inst.args;
			if (mask === null || !(is(a, "or") || is(a, "xor"))) return null;
			const bits = unsigned(inst.ty!, mask);
			for (const i of [0, 1]) if ((bits & ~knownZeros(a.args[i])) === 0n) return rw.make("and", inst.ty!, [a.args[1 - i], inst.args[1]]);
			return null;
		},
		// ((x & a) | b) & m = (x & (a & m & ~b)) | (b & m)
		(inst, rw) => {
			const mask = c(inst.args[1]);
			const [a] = inst.args;
			if (mask === null || !is(a, "or") || rw.uses(a) > 1 || !is(a.args[0], "and") || rw.uses(a.args[0]) > 1) return null;
			const [set, kept] = [c(a.args[1]), c(a.args[0].args[1])];
			if (set === null || kept === null) return null;
			const fresh = rw.make("and", inst.ty!, [a.args[0].args[0], constant(inst.ty!, kept & mask & ~set)]);
			return rw.make("or", inst.ty!, [fresh, constant(inst.ty!, set & mask)]);
		},
		// The low bits of a sign extension are those of what was extended.
		(inst, rw) => {
			const mask = c(inst.args[1]);
			const [a] = inst.args;
			return mask !== null && is(a, "sextfrom") && unsigned(inst.ty!, mask) < 1n << BigInt(a.attr!.bits!)
				? rw.make("and", inst.ty!, [a.args[0], inst.args[1]])
				: null;
		},
		// zext x & m = zext (x & m): the narrow one needs no 64-bit constant
		(inst, rw) => {
			const [a, b] = inst.args;
			return isConst(b) && is(a, "zext") && rw.uses(a) <= 1
				? rw.make("zext", "i64", [rw.make("and", "i32", [a.args[0], constant("i32", b.value)])])
				: null;
		},
		comparedTwice(both),
		byteSwap,
		bitFormula,
	],
	or: [
		zeroRight,
		gather,
		copiedBits,
		(inst) => (c(inst.args[1]) === -1n ? inst.args[1] : sameValue(inst.args[0], inst.args[1]) ? inst.args[0] : null),
		comparedTwice(either),
		byteSwap,
		bitFormula,
	],
	xor: [
		zeroRight,
		gather,
		(inst) => (sameValue(inst.args[0], inst.args[1]) ? constant(inst.ty!, 0) : null),
		invertCompare,
		sumFormula,
		bitFormula,
	],
	shl: [
		shiftTooFar,
		zeroRight,
		shiftTwice("shl"),
		(inst) => (c(inst.args[0]) === 0n ? inst.args[0] : null),
		// (x + c) << k = (x << k) + (c << k), for elements at constant distances
		(inst, rw) => {
			const [a, b] = inst.args;
			if (!isConst(b) || !is(a, "add") || c(a.args[1]) === null || rw.uses(a) > 1 || inst.ty !== "i64") return null;
			return rw.make("add", "i64", [rw.make("shl", "i64", [a.args[0], b]), rw.make("shl", "i64", [a.args[1], b])]);
		},
		// (x >> k) << k = x with the low bits cleared
		(inst, rw) => {
			const [a, b] = inst.args;
			const k = c(b);
			if (k === null || !is(a, "lshr") || c(a.args[1]) !== k || (inst.ty === "i64" && (k > 31n || rw.uses(a) > 1))) return null;
			return rw.make("and", inst.ty!, [a.args[0], constant(inst.ty!, -(1n << k))]);
		},
		movedBits,
	],
	lshr: [
		withoutLost,
		shiftTooFar,
		zeroRight,
		shiftTwice("lshr"),
		(inst) => (c(inst.args[0]) === 0n ? inst.args[0] : null),
		// (x << k) >> k = the low bits of x
		(inst, rw) => {
			const [a, b] = inst.args;
			const k = c(b);
			if (k === null || !is(a, "shl") || c(a.args[1]) !== k) return null;
			if (inst.ty === "i64" && k === 32n) return rw.make("zext", "i64", [rw.make("trunc", "i32", [a.args[0]])]);
			return inst.ty === "i64" && k < 33n ? null : rw.make("and", inst.ty!, [a.args[0], constant(inst.ty!, allOnes(inst.ty!) >> k)]);
		},
		// (x << k) >> j where nothing is lost
		(inst, rw) => {
			const [a, b] = inst.args;
			if (!isConst(b) || !is(a, "shl") || !isConst(a.args[1]) || rw.uses(a) > 1) return null;
			const [k, j] = [unsigned(inst.ty!, a.args[1].value), unsigned(inst.ty!, b.value)];
			const lost = allOnes(inst.ty!) & ~(allOnes(inst.ty!) >> k);
			if (k >= BigInt(widthOf(inst.ty!)) || j >= BigInt(widthOf(inst.ty!)) || (lost & ~provenZeros(a.args[0])) !== 0n) return null;
			return rw.make(j < k ? "shl" : "lshr", inst.ty!, [a.args[0], constant(inst.ty!, j < k ? k - j : j - k)]);
		},
		// Of swapped bytes the upper ones are the lower ones swapped: ntohl(x) >> 16 = ntohs(x)
		(inst, rw) => {
			const [a, b] = inst.args;
			const k = c(b);
			if (k === null || !is(a, "bswap")) return null;
			const bits = a.attr!.bits! - Number(k);
			return bits < a.attr!.bits! && (bits === 16 || bits === 32) ? rw.make("bswap", inst.ty!, [a.args[0]], { bits }) : null;
		},
		(inst) => ((allOnes(inst.ty!) & ~knownZeros(inst)) === 0n ? constant(inst.ty!, 0) : null),
	],
	ashr: [
		withoutLost,
		shiftTooFar,
		zeroRight,
		(inst, rw) => (isConst(inst.args[1]) && isNonNegative(inst.args[0]) ? rw.make("lshr", inst.ty!, inst.args.slice()) : null),
		(inst, rw) => {
			const [a, b] = inst.args;
			const k = c(b);
			if (k === null || !is(a, "shl") || c(a.args[1]) !== k) return null;
			const bits = widthOf(inst.ty!) - Number(k);
			if (inst.ty === "i64" && bits === 32) return rw.make("sext", "i64", [rw.make("trunc", "i32", [a.args[0]])]);
			return bits === 8 || bits === 16 ? rw.make("sextfrom", inst.ty!, [a.args[0]], { bits }) : null;
		},
		shiftTwice("ashr"),
	],
	bswap: [
		(inst, rw) => {
			const [a] = inst.args;
			if (!is(a, "bswap") || a.attr!.bits !== inst.attr!.bits) return null;
			return rw.make("and", inst.ty!, [a.args[0], constant(inst.ty!, (1n << BigInt(inst.attr!.bits!)) - 1n)]);
		},
	],
};

function shiftTwice(op: "shl" | "lshr" | "ashr"): Law {
	return (inst, rw) => {
		const [a, b] = inst.args;
		if (!is(a, op) || !isConst(b) || !isConst(a.args[1])) return null;
		const width = BigInt(widthOf(inst.ty!));
		const total = b.value + a.args[1].value;
		if (b.value < 0n || a.args[1].value < 0n) return null;
		if (total >= width) return op === "ashr" ? rw.make(op, inst.ty!, [a.args[0], constant(inst.ty!, width - 1n)]) : constant(inst.ty!, 0);
		// Somebody else has the first one, and may have checked it: `i = a << 3; if (i < 16) ports[i]` of two bytes each.
		return rw.uses(a) > 1 ? null : rw.make(op, inst.ty!, [a.args[0], constant(inst.ty!, total)]);
	};
}

/** a < b or a = b, both as numbers: a ≤ b. */
function comparedTwice(joined: typeof either | typeof both): Law {
	return (inst, rw) => {
		const [a, b] = inst.args;
		if (!is(a, "icmp") || !is(b, "icmp") || rw.uses(a) > 1 || rw.uses(b) > 1) return null;
		const isSame = (i: number): boolean => sameValue(a.args[0], b.args[i]) && sameValue(a.args[1], b.args[1 - i]);
		if (!isSame(0) && !isSame(1)) return null;
		const other = b.attr!.pred!;
		const pred = joined(a.attr!.pred!, isSame(0) ? other : swapped[other]);
		if (pred === null) return null;
		return typeof pred === "boolean" ? constant("i32", pred ? 1 : 0) : rw.make("icmp", "i32", a.args.slice(), { pred });
	};
}

/** (a < b) ^ 1 = a ≥ b. */
function invertCompare(inst: Inst, rw: Parameters<Law>[1]): Value | null {
	const [a, b] = inst.args;
	return c(b) === 1n && is(a, "icmp") && rw.uses(a) <= 1 ? rw.make("icmp", "i32", a.args.slice(), { pred: negated[a.attr!.pred!] }) : null;
}
