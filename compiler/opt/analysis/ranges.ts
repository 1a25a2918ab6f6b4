import type { Block, Inst, Value } from "../../ir/types.ts";
import type { Dominators } from "../../ir/cfg.ts";
import { swapped } from "../../ir/preds.ts";
import { isConst, isInst } from "../../ir/values.ts";
import { along, Facts, type Known } from "./facts.ts";
import { maxProven } from "./known.ts";
import { allowed, everything, fromSigned, fromUnsigned, least, meet, most, only, type Range, settled } from "./range.ts";
import { RANGE_RULES } from "./range-rules.ts";

/**
 * Which numbers an integer may be at a place in the function: what its operation says (`range-rules.ts`: extensions, masks, sums that do not
 * wrap), what the branches on the way to the place say (`facts.ts`), and where a counter starts. Both as unsigned and as signed numbers.
 * Nothing is said of quotients, remainders and what is shifted by a variable: to the verifier they may be anything, and a comparison that they decide is the proof that it needs.
 */
export interface Ranges {
	/** Of a value, in a block that its definition dominates. */
	at(value: Value, block: Block): Range;
}

const DEPTH = 5;
/** Of what is asked about what goes round a loop. */
const LOOP_DEPTH = 2;
/** Branches looked at on the way up. */
const MAX_FACTS = 24;
/** Values looked at on the way to where something began to grow. */
const MAX_GROWN = 12;
/** Edges into a phi. */
const MAX_JOINED = 8;

export function ranges(dom: Dominators, preds: ReadonlyMap<Block, readonly Block[]>, home: ReadonlyMap<Inst, Block>): Ranges {
	const search = new Search(new Facts(dom, preds), home);
	return { at: (value, block) => search.at(value, block, DEPTH) };
}

class Search {
	readonly #facts: Facts;
	readonly #home: ReadonlyMap<Inst, Block>;
	/** What was asked before, by depth: both operands of both operands, with the facts about each, meet the same values again and again. */
	readonly #answers = Array.from({ length: DEPTH + 1 }, () => new Map<Block, Map<Inst, Range>>());
	/** What a fact and those above it say of one of the values that it compares: each is asked once, however long the way up. */
	readonly #said = Array.from({ length: DEPTH + 1 }, () => ({ left: new Map<Known, Range>(), right: new Map<Known, Range>() }));
	readonly #largest = new Map<Inst, bigint>();

	constructor(facts: Facts, home: ReadonlyMap<Inst, Block>) {
		this.#facts = facts;
		this.#home = home;
	}

	at(value: Value, block: Block, depth: number): Range {
		if (!isInst(value) || depth === 0) return this.#byOperation(value, block, depth);
		let here = this.#answers[depth].get(block);
		if (here === undefined) this.#answers[depth].set(block, (here = new Map()));
		let range = here.get(value);
		if (range === undefined) here.set(value, (range = this.#byAll(value, block, depth)));
		return range;
	}

	#byAll(value: Inst, block: Block, depth: number): Range {
		const range = this.#byOperation(value, block, depth);
		const near = this.#facts.about(value, block);
		return near === null ? range : settled(meet(range, this.#byFactsUpTo(near, value, depth)), value);
	}

	#byFactsUpTo(last: Known, value: Inst, depth: number): Range {
		const said = this.#said[depth];
		const unasked: Known[] = [];
		let range = everything(value);
		for (let fact: Known | null = last; fact !== null; ) {
			const side: "left" | "right" = fact.left === value ? "left" : "right";
			const answered = said[side].get(fact);
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
				? allowed(fact.pred, this.at(fact.right, fact.block, depth - 1), value)
				: allowed(swapped[fact.pred], this.at(fact.left, fact.block, depth - 1), value);
			range = meet(now, range);
			said[isLeft ? "left" : "right"].set(fact, range);
		}
		return range;
	}

	#byOperation(value: Value, block: Block, depth: number): Range {
		if (isConst(value)) return only(value);
		const all = { ...everything(value), umax: isInst(value) ? this.#largestOf(value) : maxProven(value) };
		const whole = fromUnsigned(all, value);
		if (!isInst(value) || depth === 0 || value.ty === "ptr") return whole;
		if (value.op === "phi")
			return meet(meet(meet(whole, this.#counter(value, depth)), this.#grown(value, depth)), this.#joined(value, depth));
		const rule = RANGE_RULES[value.op];
		return rule === undefined ? whole : rule({ value, whole, all, arg: (i) => this.at(value.args[i], block, depth - 1) });
	}

	#largestOf(value: Inst): bigint {
		let max = this.#largest.get(value);
		if (max === undefined) this.#largest.set(value, (max = maxProven(value)));
		return max;
	}

	/** All that comes in, each by its edge. */
	#joined(phi: Inst, depth: number): Range {
		if (phi.args.length > MAX_JOINED) return everything(phi);
		return phi.args
			.map((arg, i) => {
				const from = phi.blocks![i];
				const range = this.at(arg, from, Math.min(depth - 1, LOOP_DEPTH));
				const fact = along(from, this.#home.get(phi)!);
				return fact?.left === arg && isConst(fact.right) ? meet(range, allowed(fact.pred, only(fact.right), arg)) : range;
			})
			.reduce((a, b) => ({
				umin: least(a.umin, b.umin),
				umax: most(a.umax, b.umax),
				smin: least(a.smin, b.smin),
				smax: most(a.smax, b.smax),
			}));
	}

	/** φ(start, φ + step) with a positive step never falls below its start, if the sum does not wrap where it is made. */
	#counter(phi: Inst, depth: number): Range {
		const limits = everything(phi);
		let smin = limits.smax;
		for (const arg of phi.args) {
			if (isConst(arg)) {
				smin = least(smin, arg.value);
				continue;
			}
			if (!isInst(arg) || arg.op !== "add" || arg.args[0] !== phi || !isConst(arg.args[1]) || arg.args[1].value <= 0n) return limits;
			if (arg.attr?.signed) continue;
			if (this.#boundAt(arg, phi, depth) + arg.args[1].value > limits.smax) return limits;
		}
		return fromSigned({ ...limits, smin }, phi);
	}

	/** How large the phi is at most where the sum is made, by the questions of the loop. */
	#boundAt(sum: Inst, phi: Inst, depth: number): bigint {
		let bound = everything(phi).smax;
		let left = MAX_FACTS;
		// Those of the blocks below the head: the others are those that hold at it.
		const outside = this.#facts.at(this.#home.get(phi)!);
		for (let fact = this.#facts.at(this.#home.get(sum)!); fact !== null && fact !== outside && left > 0; fact = fact.above, left--) {
			if (fact.left !== phi) continue;
			if (isConst(fact.right)) bound = least(bound, allowed(fact.pred, only(fact.right), phi).smax);
			else if (depth > 1 && fact.pred.startsWith("s"))
				bound = least(bound, allowed(fact.pred, this.at(fact.right, fact.block, Math.min(depth - 1, LOOP_DEPTH)), phi).smax);
		}
		return bound;
	}

	/**
	 * What comes into a phi through other phis and signed sums with what is not negative is never below the least that it all begins with:
	 * `off += length` round a loop, on some ways only. Signed sums do not overflow.
	 */
	#grown(phi: Inst, depth: number): Range {
		const limits = everything(phi);
		const made = (value: Value): Range =>
			this.at(value, (isInst(value) ? this.#home.get(value) : undefined) ?? this.#home.get(phi)!, Math.min(depth - 1, LOOP_DEPTH));
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
	}
}
