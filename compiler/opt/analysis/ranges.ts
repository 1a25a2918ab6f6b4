import type { Block, Const, Inst, Pred, Value } from "../../ir/types.ts";
import type { Dominators } from "../../ir/cfg.ts";
import { negated, swapped } from "../../ir/fold.ts";
import { constant, isConst, isInst, terminator, unsigned, widthOf } from "../../ir/values.ts";
import { maxProven } from "./known.ts";

/**
 * Which numbers an integer may be at a place in the function: what its operation says (extensions, masks, sums that do not
 * wrap), what the branches on the way to the place say, and where a counter starts. Both as unsigned and as signed numbers.
 * Nothing is said of quotients, remainders and what is shifted by a variable: to the verifier they may be anything, and a comparison that they decide is the proof that it needs.
 */
export interface Range {
	readonly umin: bigint;
	readonly umax: bigint;
	readonly smin: bigint;
	readonly smax: bigint;
}

const DEPTH = 5;
/** Branches looked at on the way up. */
const MAX_FACTS = 24;
/** Facts about a value that may hold at a place, before it is given up: each is a comparison of two numbers. */
const MAX_NEAR = 64;
/** Values looked at on the way to where something began to grow. */
const MAX_GROWN = 12;
/** Edges into a phi. */
const MAX_JOINED = 8;

export interface Ranges {
	/** Of a value, in a block that its definition dominates. */
	at(value: Value, block: Block): Range;
}

/** Something that is known below an edge: `left pred right`. */
export interface Fact {
	readonly left: Value;
	readonly pred: Pred;
	readonly right: Value;
}

/** The facts that hold in a block: its own, and those of the blocks that dominate it. */
interface Known extends Fact {
	/** That it was learned on entering. */
	readonly block: Block;
	readonly above: Known | null;
	/** The nearest ones above about the two values. */
	readonly before: { readonly left: Known | null; readonly right: Known | null };
}

export function ranges(dom: Dominators, preds: ReadonlyMap<Block, readonly Block[]>, home: ReadonlyMap<Inst, Block>): Ranges {
	const facts = new Map<Block, Known | null>();
	/** The facts about a value, in the order of the blocks: the last one that holds at a place is the nearest. */
	const about = new Map<Value, Known[]>();
	const nearest = (value: Value, block: Block): Known | null => {
		const all = about.get(value);
		if (all === undefined) return null;
		for (let i = all.length - 1, left = MAX_NEAR; i >= 0 && left > 0; i--, left--) if (dom.dominates(all[i].block, block)) return all[i];
		return null;
	};
	const note = (value: Value, fact: Known): void => {
		const all = about.get(value);
		if (all === undefined) about.set(value, [fact]);
		else all.push(fact);
	};
	for (const block of dom.order) {
		const up = dom.idom.get(block) ?? null;
		const above = up === null ? null : facts.get(up)!;
		// Into a loop there is one way too: what goes round has come in before.
		const fact = entering(
			block,
			preds.get(block)!.filter((from) => !dom.dominates(block, from)),
		);
		if (fact === null) {
			facts.set(block, above);
			continue;
		}
		const { left, pred, right } = fact;
		const known: Known = {
			left,
			pred,
			right,
			block,
			above,
			before: { left: nearest(left, block), right: isInst(right) ? nearest(right, block) : null },
		};
		facts.set(block, known);
		note(left, known);
		if (isInst(right)) note(right, known);
	}

	/** What was asked before, by depth: both operands of both operands, with the facts about each, meet the same values again and again. */
	const answers = Array.from({ length: DEPTH + 1 }, () => new Map<Block, Map<Inst, Range>>());
	const largest = new Map<Inst, bigint>();

	const at = (value: Value, block: Block, depth: number): Range => {
		if (!isInst(value) || depth === 0) return byOperation(value, block, depth);
		let here = answers[depth].get(block);
		if (here === undefined) answers[depth].set(block, (here = new Map()));
		let range = here.get(value);
		if (range === undefined) here.set(value, (range = byFacts(value, block, depth)));
		return range;
	};

	const byFacts = (value: Inst, block: Block, depth: number): Range => {
		const range = byOperation(value, block, depth);
		const near = nearest(value, block);
		return near === null ? range : settled(meet(range, byFactsUpTo(near, value, depth)), value);
	};

	/** What a fact and those above it say of one of the values that it compares: each is asked once, however long the way up. */
	const said = Array.from({ length: DEPTH + 1 }, () => ({ left: new Map<Known, Range>(), right: new Map<Known, Range>() }));
	const byFactsUpTo = (last: Known, value: Inst, depth: number): Range => {
		const unasked: Known[] = [];
		let range = everything(value);
		for (let fact: Known | null = last; fact !== null; ) {
			const side: "left" | "right" = fact.left === value ? "left" : "right";
			const answered = said[depth][side].get(fact);
			if (answered !== undefined) {
				range = answered;
				break;
			}
			unasked.push(fact);
			fact = fact.before[side];
		}
		for (const fact of unasked.reverse()) {
			const isLeft = fact.left === value;
			const now = isLeft
				? allowed(fact.pred, at(fact.right, fact.block, depth - 1), value)
				: allowed(swapped[fact.pred], at(fact.left, fact.block, depth - 1), value);
			range = meet(now, range);
			said[depth][isLeft ? "left" : "right"].set(fact, range);
		}
		return range;
	};

	const largestOf = (value: Inst): bigint => {
		let max = largest.get(value);
		if (max === undefined) largest.set(value, (max = maxProven(value)));
		return max;
	};

	const byOperation = (value: Value, block: Block, depth: number): Range => {
		if (isConst(value)) return only(value);
		const all = { ...everything(value), umax: isInst(value) ? largestOf(value) : maxProven(value) };
		const whole = fromUnsigned(all, value);
		if (!isInst(value) || depth === 0 || value.ty === "ptr") return whole;
		const arg = (i: number): Range => at(value.args[i], block, depth - 1);
		switch (value.op) {
			case "zext": {
				const from = arg(0);
				return meet(whole, { umin: from.umin, umax: from.umax, smin: from.umin, smax: from.umax });
			}
			case "sext": {
				const from = arg(0);
				return fromSigned(from, value);
			}
			case "trunc": {
				const from = arg(0);
				return from.umax <= 0xffffffffn ? fromUnsigned(from, value) : whole;
			}
			case "add": {
				const [a, b] = [arg(0), arg(1)];
				const limits = everything(value);
				const result = between(value, a.umin + b.umin, a.umax + b.umax) ?? whole;
				if (value.attr?.signed) return meet(result, exact(value, a.smin + b.smin, a.smax + b.smax));
				if (a.smin + b.smin < limits.smin || a.smax + b.smax > limits.smax) return result;
				return meet(result, fromSigned({ ...limits, smin: a.smin + b.smin, smax: a.smax + b.smax }, value));
			}
			case "sub": {
				const [a, b] = [arg(0), arg(1)];
				const result = meet(whole, between(value, a.umin - b.umax, a.umax - b.umin) ?? whole);
				return value.attr?.signed ? meet(result, exact(value, a.smin - b.smax, a.smax - b.smin)) : result;
			}
			case "shl":
			case "mul": {
				const by = factorOf(value);
				if (by === null) return whole;
				const a = arg(0);
				return a.umax * by <= everything(value).umax
					? meet(whole, fromUnsigned({ ...everything(value), umin: a.umin * by, umax: a.umax * by }, value))
					: whole;
			}
			case "xor": {
				// All bits turned over: the largest is the smallest.
				if (!isConst(value.args[1]) || value.args[1].value !== -1n) return whole;
				const { umax } = everything(value);
				const a = arg(0);
				return meet(whole, fromUnsigned({ ...everything(value), umin: umax - a.umax, umax: umax - a.umin }, value));
			}
			case "ashr": {
				const [a, b] = [arg(0), arg(1)];
				if (b.umax >= BigInt(widthOf(value.ty!))) return whole;
				const ends = [a.smin >> b.umin, a.smin >> b.umax, a.smax >> b.umin, a.smax >> b.umax];
				return meet(whole, fromSigned({ ...everything(value), smin: ends.reduce(least), smax: ends.reduce(most) }, value));
			}
			case "udiv": {
				const [a, b] = [arg(0), arg(1)];
				return b.umin > 0n ? fromUnsigned({ ...all, umin: a.umin / b.umax }, value) : whole;
			}
			case "lshr": {
				const [a, b] = [arg(0), arg(1)];
				return b.umax < BigInt(widthOf(value.ty!))
					? fromUnsigned({ ...all, umin: a.umin >> b.umax, umax: least(all.umax, a.umax >> b.umin) }, value)
					: whole;
			}
			case "and": {
				const [a, b] = [arg(0), arg(1)];
				return fromUnsigned({ ...all, umax: least(all.umax, least(a.umax, b.umax)) }, value);
			}
			case "or": {
				const [a, b] = [arg(0), arg(1)];
				return fromUnsigned({ ...all, umin: most(a.umin, b.umin) }, value);
			}
			case "phi":
				return meet(meet(meet(whole, counter(value, depth)), grown(value, depth)), joined(value, depth));
			default:
				return whole;
		}
	};

	/** All that comes in, each by its edge. */
	const joined = (phi: Inst, depth: number): Range => {
		if (phi.args.length > MAX_JOINED) return everything(phi);
		return phi.args
			.map((arg, i) => {
				const from = phi.blocks![i];
				const range = at(arg, from, Math.min(depth - 1, 2));
				const fact = along(from, home.get(phi)!);
				return fact?.left === arg && isConst(fact.right) ? meet(range, allowed(fact.pred, byOperation(fact.right, from, 0), arg)) : range;
			})
			.reduce((a, b) => ({
				umin: least(a.umin, b.umin),
				umax: most(a.umax, b.umax),
				smin: least(a.smin, b.smin),
				smax: most(a.smax, b.smax),
			}));
	};

	/** φ(start, φ + step) with a positive step never falls below its start, if the sum does not wrap where it is made. */
	const counter = (phi: Inst, depth: number): Range => {
		const limits = everything(phi);
		let smin = limits.smax;
		for (const arg of phi.args) {
			if (isConst(arg)) {
				smin = least(smin, arg.value);
				continue;
			}
			if (!isInst(arg) || arg.op !== "add" || arg.args[0] !== phi || !isConst(arg.args[1]) || arg.args[1].value <= 0n) return limits;
			const step = arg.args[1].value;
			if (arg.attr?.signed) continue;
			let bound = limits.smax;
			let left = MAX_FACTS;
			const head = home.get(phi)!;
			// Those of the blocks below the head: the others are those that hold at it.
			const outside = facts.get(head) ?? null;
			for (let fact = facts.get(home.get(arg)!) ?? null; fact !== null && fact !== outside && left > 0; fact = fact.above, left--) {
				if (fact.left === phi && isConst(fact.right))
					bound = least(bound, allowed(fact.pred, byOperation(fact.right, fact.block, 0), phi).smax);
				else if (fact.left === phi && depth > 1 && fact.pred.startsWith("s"))
					bound = least(bound, allowed(fact.pred, at(fact.right, fact.block, Math.min(depth - 1, 2)), phi).smax);
			}
			if (bound + step > limits.smax) return limits;
		}
		return fromSigned({ ...limits, smin }, phi);
	};

	/**
	 * What comes into a phi through other phis and signed sums with what is not negative is never below the least that it all begins with:
	 * `off += length` round a loop, on some ways only. Signed sums do not overflow.
	 */
	const grown = (phi: Inst, depth: number): Range => {
		const limits = everything(phi);
		const below = Math.min(depth - 1, 2);
		const made = (value: Value): Range => at(value, (isInst(value) ? home.get(value) : undefined) ?? home.get(phi)!, below);
		const seen = new Set<Value>([phi]);
		let smin = limits.smax;
		for (const value of seen) {
			if (seen.size > MAX_GROWN) return limits;
			if (isInst(value) && value.op === "phi") for (const arg of value.args) seen.add(arg);
			else if (isInst(value) && value.op === "add" && value.attr?.signed === true) {
				const step = [1, 0].find((i) => made(value.args[i]).smin >= 0n);
				if (step === undefined) return limits;
				seen.add(value.args[1 - step]);
			} else smin = least(smin, made(value).smin);
			if (smin < 0n) return limits;
		}
		return fromSigned({ ...limits, smin }, phi);
	};

	return { at: (value, block) => at(value, block, DEPTH) };
}

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

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);

const only = ({ ty, value }: Const): Range => ({ umin: unsigned(ty, value), umax: unsigned(ty, value), smin: value, smax: value });

const EVERYTHING = {
	32: { umin: 0n, umax: 0xffff_ffffn, smin: -0x8000_0000n, smax: 0x7fff_ffffn },
	64: { umin: 0n, umax: 0xffff_ffff_ffff_ffffn, smin: -0x8000_0000_0000_0000n, smax: 0x7fff_ffff_ffff_ffffn },
} as const satisfies Record<number, Range>;

const everything = (value: Value): Range => EVERYTHING[widthOf(value.ty!)];

/** By what constant a value is multiplied, as a product or by a shift; null: by something else. */
function factorOf({ op, ty, args }: Inst): bigint | null {
	const [, by] = args;
	if (!isConst(by)) return null;
	if (op === "mul") return by.value > 0n ? by.value : null;
	return by.value >= 0n && by.value < BigInt(widthOf(ty!)) ? 1n << by.value : null;
}

/** An empty meeting is a place that is never reached: anything is true there, so the old knowledge stays. */
function meet(a: Range, b: Range): Range {
	const range = { umin: most(a.umin, b.umin), umax: least(a.umax, b.umax), smin: most(a.smin, b.smin), smax: least(a.smax, b.smax) };
	return range.umin > range.umax || range.smin > range.smax ? a : range;
}

/** Of what is not negative, what is known of one reading holds for the other. */
function settled(range: Range, value: Value): Range {
	const { smax } = everything(value);
	if (range.smin < 0n && range.umax > smax) return range;
	const [min, max] = [most(range.smin, range.umin), least(range.smax, range.umax)];
	return min > max ? range : { umin: min, umax: max, smin: min, smax: max };
}

function fromUnsigned(range: Range, value: Value): Range {
	const limits = everything(value);
	const { umin, umax } = range;
	if (umax <= limits.smax) return meet({ ...limits, umin, umax }, { ...limits, smin: umin, smax: umax });
	if (umin > limits.smax) return { umin, umax, smin: umin - limits.umax - 1n, smax: umax - limits.umax - 1n };
	return { ...limits, umin, umax };
}

function fromSigned(range: Range, value: Value): Range {
	const limits = everything(value);
	const { smin, smax } = range;
	if (smin >= 0n) return meet({ ...limits, smin, smax }, { ...limits, umin: smin, umax: smax });
	if (smax < 0n) return { umin: smin + limits.umax + 1n, umax: smax + limits.umax + 1n, smin, smax };
	return { ...limits, smin, smax };
}

/** What x may be when `x pred other`. */
function allowed(pred: Pred, other: Range, x: Value): Range {
	const limits = everything(x);
	switch (pred) {
		case "eq":
			return other;
		case "ult":
			return fromUnsigned({ ...limits, umax: most(other.umax - 1n, 0n) }, x);
		case "ule":
			return fromUnsigned({ ...limits, umax: other.umax }, x);
		case "ugt":
			return fromUnsigned({ ...limits, umin: least(other.umin + 1n, limits.umax) }, x);
		case "uge":
			return fromUnsigned({ ...limits, umin: other.umin }, x);
		case "slt":
			return fromSigned({ ...limits, smax: most(other.smax - 1n, limits.smin) }, x);
		case "sle":
			return fromSigned({ ...limits, smax: other.smax }, x);
		case "sgt":
			return fromSigned({ ...limits, smin: least(other.smin + 1n, limits.smax) }, x);
		case "sge":
			return fromSigned({ ...limits, smin: other.smin }, x);
		case "ne":
			return other.umin === 0n && other.umax === 0n ? { ...limits, umin: 1n } : limits;
		default:
			return pred satisfies never;
	}
}

/** The comparison that holds in a block because only one side of a branch leads there. */
function entering(block: Block, preds: readonly Block[]): Fact | null {
	const fact = preds.length === 1 ? along(preds[0], block) : null;
	return fact?.left.ty === "ptr" ? null : fact;
}

/** The comparison that holds on the edge. */
export function along(from: Block, block: Block): Fact | null {
	const end = terminator(from);
	if (end.op !== "branch" || end.blocks![0] === end.blocks![1] || !isInst(end.args[0])) return null;
	const [asked] = end.args;
	if (asked.op !== "icmp") return { left: asked, pred: end.blocks![0] === block ? "ne" : "eq", right: constant(asked.ty!, 0) };
	const [left, right] = asked.args;
	const { pred } = asked.attr!;
	return { left, pred: end.blocks![0] === block ? pred! : negated[pred!], right };
}

/** What a fact says of another comparison of its left side with a number; null when that is open. */
export function follows(pred: Pred, right: Const, fact: Fact): boolean | null {
	if (!isConst(fact.right)) return null;
	// Of a number that is left out no range knows.
	if (fact.right.value === right.value && (fact.pred === pred || fact.pred === negated[pred])) return fact.pred === pred;
	return decide(pred, allowed(fact.pred, only(fact.right), fact.left), only(right));
}

/** What two ranges say of a comparison; null when it is open. */
export function decide(pred: Pred, a: Range, b: Range): boolean | null {
	switch (pred) {
		case "eq":
		case "ne": {
			if (a.umax < b.umin || b.umax < a.umin || a.smax < b.smin || b.smax < a.smin) return pred === "ne";
			return a.umin === a.umax && b.umin === b.umax && a.umin === b.umin ? pred === "eq" : null;
		}
		case "ult":
			return a.umax < b.umin ? true : a.umin >= b.umax ? false : null;
		case "ule":
			return a.umax <= b.umin ? true : a.umin > b.umax ? false : null;
		case "slt":
			return a.smax < b.smin ? true : a.smin >= b.smax ? false : null;
		case "sle":
			return a.smax <= b.smin ? true : a.smin > b.smax ? false : null;
		default: {
			const other = decide(negated[pred], a, b);
			return other === null ? null : !other;
		}
	}
}
