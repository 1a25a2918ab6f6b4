/**
 * A graph in, nodes of the same program out, in which blocks of loops exist once for each set of numbers that registers hold there and that a
 * branch close below asks about:
 *
 *     switch (c) { case 'a': class = 1; break; case 'b': class = 2; … }        one copy of the lower switch for each class, in which
 *     switch (state) { case 0: if (class == 1) …; case 1: if (class != 2) … }  nothing is asked about the class any more
 *
 * Compilers for BPF join the ways before the second switch, since each copy of it counts as code. Where it runs, a jump less is a jump less, and a
 * processor guesses the jumps of each copy by themselves. (What `-fthread-jumps` does in gcc, over several blocks.)
 *
 * Heads of loops stay as they are, and so do blocks outside: a reducible graph stays one, and copies pay where they run often.
 */
import type { Block, Cfg } from "./cfg.ts";
import { holds } from "./compare.ts";
import { type Node, newNode } from "./decided.ts";
import type { Op } from "./decode.ts";
import { isCall } from "./op.ts";
import { definedBy } from "./representation.ts";

/** Operations from the beginning of a copied block to a branch that asks. */
const FARTHEST = 16;
/** Copied operations, beside those of all loops. */
const BUDGET = 32;

/** What registers were set to. */
type Numbers = ReadonlyMap<number, bigint>;
const NOTHING: Numbers = new Map();

/** Null: there is nothing to copy. */
export function specialise(cfg: Cfg, ops: readonly (Op | null)[]): Node[] | null {
	if (!cfg.blocks.some(({ loop }) => loop >= 0)) return null;
	const questions = new Questions(cfg, ops);
	return questions.any ? new Specialising(cfg, ops, questions).run() : null;
}

/** Which registers are asked about soon after the beginning of each block: a walk over the loops' blocks, from the last operation to the first. */
class Questions {
	/** A number is asked about in another block than the one that sets it. */
	any = false;
	readonly #blocks: readonly Block[];
	/** By block: bit r is register r. */
	readonly #asked: Int32Array;
	/** By block and register that is asked about: the operations up to the branch. */
	readonly #distance: Uint8Array;
	/** The same where the walk is; how far the branch lies behind the end of the block, less than 0 inside of it. */
	#here = 0;
	readonly #behind = new Int32Array(32);

	constructor({ blocks }: Cfg, ops: readonly (Op | null)[]) {
		this.#blocks = blocks;
		this.#asked = new Int32Array(blocks.length);
		this.#distance = new Uint8Array(blocks.length * 32);
		for (let id = blocks.length - 1; id >= 0; id--) if (blocks[id].loop >= 0) this.#walk(blocks[id], ops);
	}

	of(id: number, register: number): boolean {
		return (this.#asked[id] & (1 << register)) !== 0;
	}

	#walk({ id, start, end, succs }: Block, ops: readonly (Op | null)[]): void {
		this.#here = 0;
		for (const to of succs) {
			if (to <= id || this.#blocks[to].loop === to) continue;
			for (let mask = this.#asked[to]; mask !== 0; mask &= mask - 1) {
				const r = 31 - Math.clz32(mask & -mask);
				this.#ask(r, this.#distance[to * 32 + r]);
			}
		}
		for (let pc = end - 1; pc >= start; pc--) {
			const op = ops[pc];
			if (op !== null) this.#above(op, pc - end);
		}
		for (let mask = this.#here; mask !== 0; mask &= mask - 1) {
			const r = 31 - Math.clz32(mask & -mask);
			const distance = this.#behind[r] + end - start;
			if (distance > FARTHEST) continue;
			this.#asked[id] |= 1 << r;
			this.#distance[id * 32 + r] = distance;
		}
	}

	/** What is asked above an operation, from what is asked below it. */
	#above(op: Op, at: number): void {
		const defined = definedBy(op);
		if (defined >= 0 && (this.#here & (1 << defined)) !== 0) {
			this.#here &= ~(1 << defined);
			if (op.kind === "alu" && op.op === "mov") {
				if (op.src >= 0) this.#ask(op.src, this.#behind[defined]);
				else if (this.#behind[defined] >= 0) this.any = true;
			}
		}
		if (isCall(op)) this.#here &= ~CLOBBERED;
		if (op.kind === "branch" && op.src < 0) {
			this.#here |= 1 << op.dst;
			this.#behind[op.dst] = at;
		}
	}

	#ask(register: number, behind: number): void {
		this.#behind[register] = (this.#here & (1 << register)) === 0 ? behind : Math.min(this.#behind[register], behind);
		this.#here |= 1 << register;
	}
}

/** r0 to r5, of which a call leaves nothing. */
const CLOBBERED = 0x3f;

class Specialising {
	readonly #blocks: readonly Block[];
	readonly #ops: readonly (Op | null)[];
	readonly #questions: Questions;
	readonly #nodes: Node[] = [];
	/** What is known at the beginning of each node. */
	readonly #known: Numbers[] = [];
	/** Nodes of each block by what is known there. */
	readonly #made: Map<string, number>[];
	#budget = BUDGET;
	#decided = false;

	constructor({ blocks }: Cfg, ops: readonly (Op | null)[], questions: Questions) {
		this.#blocks = blocks;
		this.#ops = ops;
		this.#questions = questions;
		this.#made = blocks.map(() => new Map());
		for (const { start, end, loop } of blocks) if (loop >= 0) this.#budget += end - start;
	}

	/** Ways that do not lead back lead to later blocks: in their order, every node of a block is known when the block is looked at. */
	run(): Node[] | null {
		this.#nodeOf(0, NOTHING);
		for (const block of this.#blocks) for (const id of [...this.#made[block.id].values()]) this.#leadOn(block, id);
		return this.#decided ? this.#nodes : null;
	}

	#leadOn(block: Block, id: number): void {
		const node = this.#nodes[id];
		const numbers = block.loop < 0 ? NOTHING : below(block, this.#ops, this.#known[id]);
		const side = this.#sideOf(block, numbers);
		const succs = side < 0 ? block.succs : [block.succs[side]];
		if (side >= 0) this.#decided = true;
		this.#nodes[id] = { ...node, side, succs: succs.map((to) => this.#nodeOf(to, numbers)) };
	}

	#sideOf({ succs, exit }: Block, numbers: Numbers): number {
		const asked = this.#ops[exit];
		if (succs.length < 2 || asked?.kind !== "branch" || asked.src >= 0) return -1;
		const number = numbers.get(asked.dst);
		if (number === undefined) return -1;
		return holds(asked.op, asked.width, number, BigInt(asked.imm)) ? 0 : 1;
	}

	/** The node of a block for what is known where it is entered. */
	#nodeOf(to: number, numbers: Numbers): number {
		const { loop, start, end } = this.#blocks[to];
		const made = this.#made[to];
		let known = NOTHING;
		let key = "";
		if (loop >= 0 && loop !== to && numbers.size > 0) {
			known = new Map([...numbers].filter(([register]) => this.#questions.of(to, register)).sort(([a], [b]) => a - b));
			key = [...known].join(";");
		}
		const before = made.get(key);
		if (before !== undefined) return before;
		if (made.size > 0 && key !== "") {
			if (this.#budget < end - start) return this.#nodeOf(to, NOTHING);
			this.#budget -= end - start;
		}
		const id = this.#nodes.push(newNode(to)) - 1;
		this.#known.push(known);
		made.set(key, id);
		return id;
	}
}

/** What is known at the end of a block. */
function below({ start, end }: Block, ops: readonly (Op | null)[], known: Numbers): Numbers {
	const numbers = new Map(known);
	for (let pc = start; pc < end; pc++) {
		const op = ops[pc];
		if (op === null) continue;
		if (isCall(op)) for (let r = 1; r <= 5; r++) numbers.delete(r);
		const defined = definedBy(op);
		if (defined < 0) continue;
		const number = movedBy(op, numbers);
		if (number === undefined) numbers.delete(defined);
		else numbers.set(defined, number);
	}
	return numbers;
}

function movedBy(op: Op, numbers: Numbers): bigint | undefined {
	if (op.kind !== "alu" || op.op !== "mov") return undefined;
	const number = op.src < 0 ? BigInt(op.imm) : numbers.get(op.src);
	return number === undefined || op.width === 64 ? number : BigInt.asUintN(32, number);
}
