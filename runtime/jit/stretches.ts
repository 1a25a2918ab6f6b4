/**
 * Where a subprogram's basic blocks begin and end, and the order that they are numbered in: operations in, stretches of slots in reverse postorder out.
 *
 * Two steps: leaders (slots that a jump goes to, or that follow one) cut the slots; a depth-first walk from the entry then meets the stretches
 * that something leads to. Only those get numbers.
 */
import type { Op } from "./decode.ts";

export interface CfgProblem {
	readonly slot: number;
	readonly why: string;
}

export interface Stretches {
	readonly order: readonly Stretch[];
	/** By position in `order`, the positions of the successors. */
	readonly succs: readonly (readonly number[])[];
}

export interface Stretch {
	readonly start: number;
	/** One past the last slot. */
	readonly end: number;
	/** The slot of the jump, branch or exit that ends it; −1: it falls through. */
	readonly exit: number;
	/** Slots of its successors, −1: none. */
	readonly first: number;
	readonly second: number;
	/** How many of them the walk has followed. */
	followed: number;
	/** Its position in the end. */
	position: number;
}

/** What others know of the branches: slots that the verifier never reached, branches that go one way. */
export interface Hints {
	readonly reached?: Uint8Array;
	readonly oneWay?: ReadonlyMap<number, number>;
}

export function findStretches(ops: readonly (Op | null)[], entry: number, limit: number, hints: Hints): Stretches | CfgProblem {
	const finder = new StretchFinder(ops, entry, limit, hints);
	return finder.markLeaders() ?? finder.inOrder();
}

class StretchFinder {
	readonly #ops: readonly (Op | null)[];
	readonly #entry: number;
	readonly #limit: number;
	readonly #hints: Hints;
	/** By slot from the entry: whether a stretch begins there, and its number among `#met` + 1. */
	readonly #leader: Uint8Array;
	readonly #numbers: Int32Array;
	/** In the order in which the walk met them. */
	readonly #met: Stretch[] = [];

	constructor(ops: readonly (Op | null)[], entry: number, limit: number, hints: Hints) {
		this.#ops = ops;
		this.#entry = entry;
		this.#limit = limit;
		this.#hints = hints;
		this.#leader = new Uint8Array(limit - entry + 1);
		this.#numbers = new Int32Array(limit - entry + 1);
	}

	/** Null: all jumps stay inside. */
	markLeaders(): CfgProblem | null {
		const entry = this.#entry;
		const leader = this.#leader;
		leader[0] = 1;
		for (let pc = entry; pc < this.#limit; pc++) {
			const op = this.#ops[pc];
			if (op == null || (op.kind !== "jump" && op.kind !== "branch" && op.kind !== "may_goto" && op.kind !== "exit")) continue;
			leader[pc + 1 - entry] = 1;
			if (op.kind === "exit") continue;
			if (this.#isInside(op.target) && this.#ops[op.target] !== null) leader[op.target - entry] = 1;
			else if (!this.#isDead(pc)) return { slot: pc, why: "a jump out of the subprogram" };
		}
		return null;
	}

	inOrder(): Stretches | CfgProblem {
		const stack = [this.#meet(this.#entry)];
		const order: Stretch[] = [];
		while (stack.length > 0) {
			const top = stack[stack.length - 1];
			// The fall-through side last: reverse postorder then places it right after the branch.
			const slot = top.followed === 0 ? top.first : top.followed === 1 ? top.second : -1;
			if (slot < 0) {
				order.push(top);
				stack.pop();
				continue;
			}
			top.followed++;
			if (!this.#isInside(slot)) return { slot: top.end - 1, why: "control flow runs past the end" };
			if (this.#numbers[slot - this.#entry] === 0) stack.push(this.#meet(slot));
		}
		order.reverse();
		for (let i = 0; i < order.length; i++) order[i].position = i;
		const to = (slot: number): number => this.#met[this.#numbers[slot - this.#entry] - 1].position;
		const succs = order.map(({ first, second }) => (first < 0 ? NONE : second < 0 ? [to(first)] : [to(first), to(second)]));
		return { order, succs };
	}

	#meet(start: number): Stretch {
		const stretch = this.#cut(start);
		this.#numbers[start - this.#entry] = this.#met.push(stretch);
		return stretch;
	}

	/** From a slot to the next leader or to what ends a block. */
	#cut(start: number): Stretch {
		for (let pc = start; ; ) {
			const op = this.#ops[pc];
			if (op != null && endsBlock(op)) {
				const [first, second] = this.#sides(op, pc);
				return { start, end: pc + 1, exit: pc, first, second, followed: 0, position: -1 };
			}
			pc += op?.kind === "imm64" ? 2 : 1;
			if (pc >= this.#limit || this.#leader[pc - this.#entry] === 1)
				return { start, end: pc, exit: -1, first: pc, second: -1, followed: 0, position: -1 };
		}
	}

	/** Where the operation at the end of a block leads. */
	#sides(op: Op, pc: number): readonly [first: number, second: number] {
		if (op.kind === "jump") return [op.target, -1];
		if (op.kind !== "branch" && op.kind !== "may_goto") return [-1, -1];
		const only = this.#hints.oneWay?.get(pc);
		if (only !== undefined) return [only, -1];
		const [taken, next] = [op.target, pc + 1];
		if (taken === next) return [taken, -1];
		// Both sides stay when both are dead: the branch itself was then never reached.
		const cut = op.kind === "branch" && !this.#isDead(pc) && this.#isDead(taken) !== this.#isDead(next);
		if (!cut) return [taken, next];
		return [this.#isDead(taken) ? next : taken, -1];
	}

	#isInside(slot: number): boolean {
		return slot >= this.#entry && slot < this.#limit;
	}

	#isDead(slot: number): boolean {
		const { reached } = this.#hints;
		return reached !== undefined && slot < reached.length && reached[slot] === 0;
	}
}

const NONE: readonly number[] = [];
const endsBlock = ({ kind }: Op): boolean =>
	kind === "branch" || kind === "jump" || kind === "exit" || kind === "may_goto" || kind === "invalid";
