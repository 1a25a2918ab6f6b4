import type { Inst, Op, Value } from "../../ir/types.ts";
import { isConst, widthOf } from "../../ir/values.ts";
import { everything, fromSigned, fromUnsigned, least, meet, most, type Range } from "./range.ts";

/** What an operation makes of the ranges of its operands: a rule an operation. Those that are not here say nothing beyond the bits that are zero. */
interface Question {
	readonly value: Inst;
	/** What is known without the operands; `all` is its unsigned side alone. */
	readonly whole: Range;
	readonly all: Range;
	arg(i: number): Range;
}
type Rule = (question: Question) => Range;

/** x << k or x · c. */
const scaled: Rule = ({ value, whole, arg }) => {
	const by = factorOf(value);
	if (by === null) return whole;
	const a = arg(0);
	return a.umax * by <= everything(value).umax
		? meet(whole, fromUnsigned({ ...everything(value), umin: a.umin * by, umax: a.umax * by }, value))
		: whole;
};

export const RANGE_RULES: Partial<Record<Op, Rule>> = {
	zext: ({ whole, arg }) => {
		const from = arg(0);
		return meet(whole, { umin: from.umin, umax: from.umax, smin: from.umin, smax: from.umax });
	},
	sext: ({ value, arg }) => {
		const from = arg(0);
		return fromSigned(from, value);
	},
	trunc: ({ value, whole, arg }) => {
		const from = arg(0);
		return from.umax <= 0xffffffffn ? fromUnsigned(from, value) : whole;
	},
	add: ({ value, whole, arg }) => {
		const [a, b] = [arg(0), arg(1)];
		const limits = everything(value);
		const result = between(value, a.umin + b.umin, a.umax + b.umax) ?? whole;
		if (value.attr?.signed) return meet(result, exact(value, a.smin + b.smin, a.smax + b.smax));
		if (a.smin + b.smin < limits.smin || a.smax + b.smax > limits.smax) return result;
		return meet(result, fromSigned({ ...limits, smin: a.smin + b.smin, smax: a.smax + b.smax }, value));
	},
	sub: ({ value, whole, arg }) => {
		const [a, b] = [arg(0), arg(1)];
		const result = meet(whole, between(value, a.umin - b.umax, a.umax - b.umin) ?? whole);
		return value.attr?.signed ? meet(result, exact(value, a.smin - b.smax, a.smax - b.smin)) : result;
	},
	shl: scaled,
	mul: scaled,
	xor: ({ value, whole, arg }) => {
		// All bits turned over: the largest is the smallest.
		if (!isConst(value.args[1]) || value.args[1].value !== -1n) return whole;
		const { umax } = everything(value);
		const a = arg(0);
		return meet(whole, fromUnsigned({ ...everything(value), umin: umax - a.umax, umax: umax - a.umin }, value));
	},
	ashr: ({ value, whole, arg }) => {
		const [a, b] = [arg(0), arg(1)];
		if (b.umax >= BigInt(widthOf(value.ty!))) return whole;
		const ends = [a.smin >> b.umin, a.smin >> b.umax, a.smax >> b.umin, a.smax >> b.umax];
		return meet(whole, fromSigned({ ...everything(value), smin: ends.reduce(least), smax: ends.reduce(most) }, value));
	},
	udiv: ({ value, whole, all, arg }) => {
		const [a, b] = [arg(0), arg(1)];
		return b.umin > 0n ? fromUnsigned({ ...all, umin: a.umin / b.umax }, value) : whole;
	},
	lshr: ({ value, whole, all, arg }) => {
		const [a, b] = [arg(0), arg(1)];
		return b.umax < BigInt(widthOf(value.ty!))
			? fromUnsigned({ ...all, umin: a.umin >> b.umax, umax: least(all.umax, a.umax >> b.umin) }, value)
			: whole;
	},
	and: ({ value, all, arg }) => {
		const [a, b] = [arg(0), arg(1)];
		return fromUnsigned({ ...all, umax: least(all.umax, least(a.umax, b.umax)) }, value);
	},
	or: ({ value, all, arg }) => {
		const [a, b] = [arg(0), arg(1)];
		return fromUnsigned({ ...all, umin: most(a.umin, b.umin) }, value);
	},
};

/** The sum or difference of signed numbers that does not overflow. */
const exact = (value: Value, smin: bigint, smax: bigint): Range => {
	const limits = everything(value);
	return fromSigned({ ...limits, smin: most(smin, limits.smin), smax: least(smax, limits.smax) }, value);
};

/** A sum or difference of unsigned numbers between these, where all of them wrap equally often; null: some do, some do not. */
function between(value: Value, low: bigint, high: bigint): Range | null {
	const limits = everything(value);
	const size = limits.umax + 1n;
	const wraps = low < 0n ? -1n : low / size;
	if (high < wraps * size || high >= (wraps + 1n) * size) return null;
	return fromUnsigned({ ...limits, umin: low - wraps * size, umax: high - wraps * size }, value);
}

/** By what constant a value is multiplied, as a product or by a shift; null: by something else. */
function factorOf({ op, ty, args }: Inst): bigint | null {
	const [, by] = args;
	if (!isConst(by)) return null;
	if (op === "mul") return by.value > 0n ? by.value : null;
	return by.value >= 0n && by.value < BigInt(widthOf(ty!)) ? 1n << by.value : null;
}
