import type { Inst, Op, Ty, Value } from "../../ir/types.ts";
import { belowPower } from "./compare-laws.ts";
import { startOf } from "./distances.ts";
import { both, either, negated, swapped } from "../../ir/preds.ts";
import { allOnes, constant, exponentOf, isConst, isInst, sameValue, unsigned, widthOf } from "../../ir/values.ts";
import { isNonNegative, knownZeros, provenZeros } from "../analysis/known.ts";
import { bitFormula } from "./bit-formulas.ts";
import { byteSwap } from "./byte-orders.ts";
import type { Law, Rewriter } from "./law.ts";
import { sumFormula } from "./sum-formulas.ts";

/**
 * Laws by operation, one line each where possible. None may change which value a later bounds check sees: a constant is
 * moved out of an index only when nobody else (a comparison, say) uses the sum.
 */
const c = (value: Value): bigint | null => (isConst(value) ? value.value : null);

const is = (value: Value, op: Op): value is Inst => isInst(value) && value.op === op;

/** k for 2ᵏ, else null. */
const log2 = (ty: Ty, value: bigint): number | null => exponentOf(unsigned(ty, value));

/** (x op c1) op c2 = x op (c1 op c2), for associative ones. */
const gather: Law = (inst, rw) => {
	const [a, b] = inst.args;
	const outer = c(b);
	if (outer === null || !is(a, inst.op)) return null;
	const inner = c(a.args[1]);
	if (inner === null) return null;
	return rw.make(inst.op, inst.ty!, [a.args[0], rw.make(inst.op, inst.ty!, [constant(inst.ty!, inner), constant(inst.ty!, outer)])]);
};

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

/** What members of members, from address 0 on, are of the pointer; null: it is not address 0 that they begin at. */
function memberAt(member: Value, pointer: Value, rw: Rewriter): Value | null {
	if (isConst(member)) return member.value === 0n ? pointer : null;
	if (!is(member, "coreoffset")) return null;
	const whole = memberAt(member.args[0], pointer, rw);
	return whole === null ? null : rw.make("coreoffset", "ptr", [whole], member.attr);
}

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

/** By as many places as there are, or more: not defined, and refused by the verifier where it is not decided here. */
const shiftTooFar: Law = (inst) =>
	isConst(inst.args[1]) && unsigned(inst.ty!, inst.args[1].value) >= BigInt(widthOf(inst.ty!)) ? constant(inst.ty!, 0) : null;

/** x op 0 = x. */
const zeroRight: Law = (inst) => (c(inst.args[1]) === 0n ? inst.args[0] : null);

export const laws: Partial<Record<Op, readonly Law[]>> = {
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
			return k === null ? null : rw.make("ashr", inst.ty!, [rounded(inst, k, rw), constant(inst.ty!, k)]);
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
			return (cleared & ~provenZeros(inst.args[0])) === 0n ? inst.args[0] : null;
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
	],
	lshr: [
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
	zext: [
		// Of what was cut from a 64-bit value whose top is zero.
		(inst) => (is(inst.args[0], "trunc") && knownZeros(inst.args[0].args[0]) >> 32n === 0xffffffffn ? inst.args[0].args[0] : null),
	],
	sext: [
		(inst, rw) => (isNonNegative(inst.args[0]) ? rw.make("zext", "i64", inst.args.slice()) : null),
		(inst) => (is(inst.args[0], "trunc") && is(inst.args[0].args[0], "sext") ? inst.args[0].args[0] : null),
	],
	trunc: [
		(inst) => (is(inst.args[0], "zext") || is(inst.args[0], "sext") ? inst.args[0].args[0] : null),
		// The low half of a sum is the sum of the low halves, when that costs nothing: an operand need not be extended, and of the other one the low half is read.
		(inst, rw) => {
			const [a] = inst.args;
			if (!isInst(a) || !["add", "sub", "and", "or", "xor", "mul"].includes(a.op) || rw.uses(a) > 1) return null;
			const isExtended = (value: Value): boolean => is(value, "zext") || is(value, "sext");
			return a.args.some(isExtended) && a.args.every((arg) => arg.ty === "i64")
				? rw.make(
						a.op,
						"i32",
						a.args.map((arg) => rw.make("trunc", "i32", [arg])),
					)
				: null;
		},
	],
	sextfrom: [
		(inst) => {
			const bits = BigInt(inst.attr!.bits!);
			return knownZeros(inst.args[0]) >> (bits - 1n) === allOnes(inst.ty!) >> (bits - 1n) ? inst.args[0] : null;
		},
		(inst) => (is(inst.args[0], "sextfrom") && inst.args[0].attr!.bits! <= inst.attr!.bits! ? inst.args[0] : null),
		(inst) =>
			is(inst.args[0], "load") && inst.args[0].attr!.signed && inst.args[0].attr!.size! * 8 <= inst.attr!.bits! ? inst.args[0] : null,
		// Only the low bits count.
		(inst, rw) => {
			const [a] = inst.args;
			const mask = is(a, "and") ? c(a.args[1]) : null;
			const low = (1n << BigInt(inst.attr!.bits!)) - 1n;
			return mask !== null && is(a, "and") && (unsigned(inst.ty!, mask) & low) === low
				? rw.make("sextfrom", inst.ty!, [a.args[0]], inst.attr)
				: null;
		},
		(inst, rw) =>
			inst.attr!.bits === 32 && inst.ty === "i64" ? rw.make("sext", "i64", [rw.make("trunc", "i32", inst.args.slice())]) : null,
	],
	bswap: [
		(inst, rw) => {
			const [a] = inst.args;
			if (!is(a, "bswap") || a.attr!.bits !== inst.attr!.bits) return null;
			return rw.make("and", inst.ty!, [a.args[0], constant(inst.ty!, (1n << BigInt(inst.attr!.bits!)) - 1n)]);
		},
	],
	ptrtoint: [(inst) => (is(inst.args[0], "inttoptr") ? inst.args[0].args[0] : null)],
	inttoptr: [
		(inst) => (is(inst.args[0], "ptrtoint") ? inst.args[0].args[0] : null),
		// (long)p + c back to a pointer is p moved by c
		(inst, rw) => {
			const [a] = inst.args;
			if (!is(a, "add")) return null;
			const base = a.args.findIndex((arg) => is(arg, "ptrtoint"));
			if (base < 0) return null;
			return rw.make("ptradd", "ptr", [(a.args[base] as Inst).args[0], a.args[1 - base]]);
		},
	],
	ptradd: [
		// p + offsetof(struct s, member), where the offset is relocated: the member of what lies at p.
		(inst, rw) =>
			is(inst.args[1], "ptrtoint") && is(inst.args[1].args[0], "coreoffset") ? memberAt(inst.args[1].args[0], inst.args[0], rw) : null,
		zeroRight,
		(inst, rw) => {
			const [p, x] = inst.args;
			if (!is(p, "ptradd")) return null;
			const inner = c(p.args[1]);
			const outer = c(x);
			// (p + c1) + c2 = p + (c1 + c2)
			if (inner !== null && outer !== null) return rw.make("ptradd", "ptr", [p.args[0], constant("i64", inner + outer)]);
			// (p + c) + x = (p + x) + c: loads and stores have constant offsets, and p + x is one value however often it is moved
			if (inner !== null && outer === null) return rw.make("ptradd", "ptr", [rw.make("ptradd", "ptr", [p.args[0], x]), p.args[1]]);
			return null;
		},
		// p + (x + c) = (p + x) + c, unless the sum is what was checked
		(inst, rw) => {
			const [p, x] = inst.args;
			if (!is(x, "add") || c(x.args[1]) === null || rw.uses(x) > 1) return null;
			return rw.make("ptradd", "ptr", [rw.make("ptradd", "ptr", [p, x.args[0]]), x.args[1]]);
		},
		(inst, rw) => {
			const [p, x] = inst.args;
			if (!is(p, "global") || !isConst(x)) return null;
			return rw.make("global", "ptr", [], { ...p.attr, offset: (p.attr!.offset ?? 0) + Number(x.value) });
		},
	],
	// A pointer is cast before it is moved: its neighbours share the cast.
	addrspace: [
		(inst, rw) =>
			is(inst.args[0], "ptradd") && isConst(inst.args[0].args[1])
				? rw.make("ptradd", "ptr", [rw.make("addrspace", "ptr", [inst.args[0].args[0]], inst.attr), inst.args[0].args[1]])
				: null,
	],
	branch: [
		(inst) => {
			const [condition] = inst.args;
			// x ≠ 0 needs no comparison of its own when x is one; a negation swaps the targets.
			if (is(condition, "xor") && c(condition.args[1]) === 1n && is(condition.args[0], "icmp")) {
				inst.args = [condition.args[0]];
				inst.blocks = inst.blocks!.slice().reverse();
				return inst;
			}
			if (is(condition, "zext") || is(condition, "sext")) {
				inst.args = [condition.args[0]];
				return inst;
			}
			return null;
		},
		// `if (x >> k)` asks for a bound of x, as `(x >> k) != 0` does.
		(inst, rw) => {
			const bound = belowPower(inst.args[0], 0n, "ne", rw);
			if (bound === null) return null;
			inst.args = [bound];
			return inst;
		},
		// (x >> k) & m is asked where the bits are.
		(inst, rw) => {
			const [a] = inst.args;
			if (!is(a, "and") || !isConst(a.args[1]) || rw.uses(a) > 1 || !is(a.args[0], "lshr") || !isConst(a.args[0].args[1])) return null;
			const ty = a.ty!;
			const count = unsigned(ty, a.args[0].args[1].value);
			const mask = unsigned(ty, a.args[1].value) << count;
			if (count >= BigInt(widthOf(ty)) || mask > (ty === "i64" ? 0x7fffffffn : 0xffffffffn)) return null;
			inst.args = [rw.make("and", ty, [a.args[0].args[0], constant(ty, mask)])];
			return inst;
		},
	],
};

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
