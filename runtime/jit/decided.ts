/**
 * Which side a branch takes when it is reached by one edge, as far as the way to that edge tells: by a comparison that was made, or a number that was set.
 *
 * The walk goes backward from the branch, over its own block and then through blocks with one predecessor, and follows the two sides of the
 * comparison through copies:
 *
 *     if r1 < r2 goto B        known: its edge was taken        is r1 < r2 still the question here? then yes
 *     …                        ↑
 *     r3 = r1                  r3 is r1 above this
 *     B: if r3 < r2 goto D     asked
 */
import type { Block } from "./cfg.ts";
import { holds, OPPOSITE, type Relation } from "./compare.ts";
import type { Op } from "./decode.ts";
import { isCall } from "./op.ts";
import { definedBy } from "./representation.ts";

export type Branch = Extract<Op, { kind: "branch" }>;

/** A place in the graph while it is threaded. */
export interface Node {
	/** Block of the old graph. */
	readonly block: number;
	/** Which of its two sides it always takes; −1: that is open. */
	readonly side: number;
	succs: number[];
	preds: number;
	/** Predecessor, while there is one. */
	from: number;
	/** Something was decided because there is no other: no further way may lead here. */
	closed: boolean;
}

/** A place that nothing leads to yet. */
export const newNode = (block: number, succs: readonly number[] = [], side = -1): Node => ({
	block,
	side,
	succs: [...succs],
	preds: 0,
	from: -1,
	closed: false,
});

/** Operations looked back over for what decides a branch. */
const FARTHEST = 24;

export class Question {
	readonly #ops: readonly (Op | null)[];
	readonly #blocks: readonly Block[];
	readonly #nodes: readonly Node[];
	readonly #asked: Branch;
	/** What the sides of the comparison are called at this point of the walk; the right one −1: an immediate. */
	#dst: number;
	#src: number;
	/** What the left side was set to. */
	#constant: bigint | null = null;
	#left = FARTHEST;
	/** Nodes with one predecessor that the walk went through. */
	readonly #through: number[] = [];

	constructor(ops: readonly (Op | null)[], blocks: readonly Block[], nodes: readonly Node[], asked: Branch) {
		this.#ops = ops;
		this.#blocks = blocks;
		this.#nodes = nodes;
		this.#asked = asked;
		this.#dst = asked.dst;
		this.#src = asked.src;
	}

	/** The side that is taken at the end of `block`, where edge `i` of node `id` leads: 0 is the branch taken, 1 not taken, −1 unknown. */
	sideAt(block: Block, id: number, i: number): number {
		const side = this.#walk(block, id, i);
		if (side >= 0) for (const one of this.#through) this.#nodes[one].closed = true;
		return side;
	}

	#walk({ start, exit }: Block, id: number, i: number): number {
		const nodes = this.#nodes;
		if (!this.#above(start, exit)) return -1;
		while (this.#constant === null) {
			const { block: at, side, succs } = nodes[id];
			const block = this.#blocks[at];
			const known = this.#ops[block.exit];
			if (known?.kind === "branch" && (side >= 0 || succs.length > 1)) {
				const told = implied(known, (side >= 0 ? side : i) === 0, this.#asked, this.#dst, this.#src);
				if (told >= 0) return told;
			}
			if (!this.#above(block.start, block.end)) return -1;
			if (this.#constant !== null) break;
			const from = this.#before(id);
			if (from < 0) return -1;
			this.#through.push(id);
			i = nodes[from].succs.indexOf(id);
			id = from;
		}
		const { op, width, imm } = this.#asked;
		return holds(op, width, this.#constant, BigInt(imm)) ? 0 : 1;
	}

	/** The one node that leads to another, by one edge; −1: there is none, or several. */
	#before(id: number): number {
		const { preds, from } = this.#nodes[id];
		if (preds !== 1 || from < 0) return -1;
		const node = this.#nodes[from];
		// The one that is left may be another one than the last that was linked, which nothing leads to any more.
		if (node.preds === 0 && from !== 0) return -1;
		const { succs } = node;
		return succs.length <= 2 && succs.includes(id) && succs[0] !== succs[1] ? from : -1;
	}

	/** Whether the walk goes on above the operations from `first` to before `end`. */
	#above(first: number, end: number): boolean {
		for (let pc = end - 1; pc >= first; pc--) {
			const op = this.#ops[pc];
			if (op === null) continue;
			if (--this.#left < 0 || isCall(op)) return false;
			const defined = definedBy(op);
			if (defined < 0 || (defined !== this.#dst && defined !== this.#src)) continue;
			if (op.kind !== "alu" || op.op !== "mov") return false;
			if (op.src < 0) return this.#set(op.width === 64 ? BigInt(op.imm) : BigInt(op.imm >>> 0), defined);
			if (op.width !== 64 && this.#asked.width !== 32) return false;
			if (defined === this.#dst) this.#dst = op.src;
			if (defined === this.#src) this.#src = op.src;
		}
		return true;
	}

	/** A register is set to a number: that answers where it is compared with another number. */
	#set(value: bigint, register: number): boolean {
		if (register !== this.#dst || this.#src >= 0) return false;
		this.#constant = value;
		return true;
	}
}

/** Which side `asked` takes, its registers renamed to `dst` and `src`, where `known` held or did not; −1: that does not follow. */
function implied(known: Branch, held: boolean, asked: Branch, dst: number, src: number): number {
	if (known.width !== asked.width || known.dst !== dst || known.src !== src) return -1;
	if (src < 0 && known.imm !== asked.imm) {
		const equal = known.op === "eq" ? held : known.op === "ne" && !held;
		return equal ? (holds(asked.op, asked.width, BigInt(known.imm), BigInt(asked.imm)) ? 0 : 1) : -1;
	}
	if (known.op === "set" || asked.op === "set") return known.op === asked.op ? (held ? 0 : 1) : -1;
	const relation = held ? known.op : OPPOSITE[known.op];
	if (implies(relation, asked.op)) return 0;
	return implies(relation, OPPOSITE[asked.op]) ? 1 : -1;
}

/** Relations that follow from one, of the same operands. */
const FOLLOW: Readonly<Record<Relation, readonly Relation[]>> = {
	eq: ["ge", "le", "sge", "sle"],
	ne: [],
	gt: ["ge", "ne"],
	lt: ["le", "ne"],
	sgt: ["sge", "ne"],
	slt: ["sle", "ne"],
	ge: [],
	le: [],
	sge: [],
	sle: [],
};
const implies = (a: Relation, b: Relation): boolean => a === b || FOLLOW[a].includes(b);
