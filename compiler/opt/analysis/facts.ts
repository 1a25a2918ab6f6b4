import type { Block, Const, Pred, Value } from "../../ir/types.ts";
import type { Dominators } from "../../ir/cfg.ts";
import { negated } from "../../ir/preds.ts";
import { constant, isConst, isInst, terminator } from "../../ir/values.ts";
import { allowed, decide, only } from "./range.ts";

/** What branches say: the comparison that holds on an edge, and all those that hold in a block because the ways to it lead over such edges. */
/** Something that is known below an edge: `left pred right`. */
export interface Fact {
	readonly left: Value;
	readonly pred: Pred;
	readonly right: Value;
}

/** The facts that hold in a block: its own, and those of the blocks that dominate it. */
export interface Known extends Fact {
	/** That it was learned on entering. */
	readonly block: Block;
	readonly above: Known | null;
	/** The nearest ones above about the two values. */
	readonly before: { readonly left: Known | null; readonly right: Known | null };
}

/** Facts about a value that may hold at a place, before it is given up: each is a comparison of two numbers. */
const MAX_NEAR = 64;

export class Facts {
	readonly #dom: Dominators;
	readonly #at = new Map<Block, Known | null>();
	/** The facts about a value, in the order of the blocks: the last one that holds at a place is the nearest. */
	readonly #about = new Map<Value, Known[]>();

	constructor(dom: Dominators, preds: ReadonlyMap<Block, readonly Block[]>) {
		this.#dom = dom;
		for (const block of dom.order) {
			const up = dom.idom.get(block) ?? null;
			const above = up === null ? null : this.#at.get(up)!;
			// Into a loop there is one way too: what goes round has come in before.
			const fact = entering(
				block,
				preds.get(block)!.filter((from) => !dom.dominates(block, from)),
			);
			this.#at.set(block, fact === null ? above : this.#note(fact, block, above));
		}
	}

	/** The nearest one that holds in the block; the others are above it. */
	at(block: Block): Known | null {
		return this.#at.get(block) ?? null;
	}

	/** The nearest one about the value that holds in the block. */
	about(value: Value, block: Block): Known | null {
		const all = this.#about.get(value);
		if (all === undefined) return null;
		for (let i = all.length - 1, left = MAX_NEAR; i >= 0 && left > 0; i--, left--)
			if (this.#dom.dominates(all[i].block, block)) return all[i];
		return null;
	}

	#note({ left, pred, right }: Fact, block: Block, above: Known | null): Known {
		const before = { left: this.about(left, block), right: isInst(right) ? this.about(right, block) : null };
		const known: Known = { left, pred, right, block, above, before };
		this.#remember(left, known);
		if (isInst(right)) this.#remember(right, known);
		return known;
	}

	#remember(value: Value, fact: Known): void {
		const all = this.#about.get(value);
		if (all === undefined) this.#about.set(value, [fact]);
		else all.push(fact);
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
