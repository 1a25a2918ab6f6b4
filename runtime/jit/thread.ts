/**
 * Jump threading: a graph in, the same program out with branches left out that the way to them already decided.
 *
 * BPF has no conditional move, so compilers ask the same question once for each value that depends on it, in a row; and a flag that
 * was just set is often asked at once. The block with the second question is copied for each answer, and the copy goes straight on:
 *
 *     A: if x < y goto B         A: if x < y goto B₁
 *     w1 = 0                     w1 = 0; B₀; goto C
 *     B: …; if x < y goto D  →   B₁: …; goto D
 *     C: …                       C: …
 *
 * Copies share their slots with the original, so this follows the analyses, whose results hold on every way to a slot. Loop heads are
 * never copied: a reducible graph stays one.
 */
import type { Block, Cfg } from "./cfg.ts";
import { assemble } from "./cfg.ts";
import { type Branch, type Node, newNode, Question } from "./decided.ts";
import type { Op } from "./decode.ts";
import { specialise } from "./specialise.ts";

export interface Threaded {
	readonly cfg: Cfg;
	/** Block of the new graph by block of the old; −1: it is gone, or there are several. */
	readonly moved: Int32Array;
}

/** Operations in a block that is copied. */
const LONGEST = 6;
/** Copied operations, beside a quarter of the function's. */
const BUDGET = 32;

/** Null: there is nothing to leave out. */
export function threadJumps(cfg: Cfg, ops: readonly (Op | null)[]): Threaded | null {
	if (!cfg.reducible) return null;
	const special = specialise(cfg, ops);
	const threading = new Threading(cfg, ops, special ?? cfg.blocks.map(({ id, succs }) => newNode(id, succs)));
	return threading.run() || special !== null ? rebuilt(cfg, threading.nodes) : null;
}

class Threading {
	/** The old graph's blocks, then the copies. */
	readonly nodes: Node[];
	readonly #blocks: readonly Block[];
	readonly #ops: readonly (Op | null)[];
	/** Copies by node × 2 + side. */
	readonly #copies = new Map<number, number>();
	/** Nodes whose ways out are still to be looked at. */
	readonly #work: number[] = [];
	#budget = BUDGET;

	constructor({ blocks }: Cfg, ops: readonly (Op | null)[], nodes: Node[]) {
		this.#blocks = blocks;
		this.#ops = ops;
		this.nodes = nodes;
		for (let id = 0; id < nodes.length; id++) for (const to of nodes[id].succs) this.#link(id, to);
		for (const block of blocks) this.#budget += (block.end - block.start) / 4;
		for (let id = nodes.length - 1; id >= 0; id--) this.#work.push(id);
	}

	/** True: something was left out. */
	run(): boolean {
		let changed = false;
		while (this.#work.length > 0) {
			const id = this.#work.pop()!;
			// Nothing leads there any more: what it led to has been told.
			if (this.nodes[id].preds === 0 && id !== 0) continue;
			for (let i = 0; i < this.nodes[id].succs.length; i++) if (this.#leadOn(id, i)) changed = true;
		}
		return changed;
	}

	/** Where the branch at the end of edge `i` of node `id` is decided, the edge leads to the copy that goes straight on. */
	#leadOn(id: number, i: number): boolean {
		const to = this.nodes[id].succs[i];
		const block = this.#blocks[this.nodes[to].block];
		const branch = this.#copied(to, block);
		if (branch === null) return false;
		const side = new Question(this.#ops, this.#blocks, this.nodes, branch).sideAt(block, id, i);
		if (side < 0) return false;
		const copy = this.#copyOf(to, block, side);
		if (copy < 0) return false;
		this.nodes[id].succs[i] = copy;
		this.#link(id, copy);
		this.#unlink(to);
		return true;
	}

	/** The branch at the end of a node that may be copied. */
	#copied(id: number, block: Block): Branch | null {
		const exit = this.#ops[block.exit];
		if (this.nodes[id].succs.length < 2 || exit?.kind !== "branch") return null;
		return block.loop === block.id || block.end - block.start > LONGEST + 1 ? null : exit;
	}

	/** The copy of a node that always takes one side; −1: there is none. */
	#copyOf(id: number, block: Block, side: number): number {
		const key = id * 2 + side;
		const known = this.#copies.get(key);
		if (known !== undefined && !this.nodes[known].closed) return known;
		const next = this.nodes[id].succs[side];
		if (this.nodes[next].closed) return -1;
		this.#budget -= block.end - block.start;
		if (this.#budget < 0) return -1;
		const copy = this.nodes.push(newNode(block.id, [next], side)) - 1;
		this.#link(copy, next);
		this.#copies.set(key, copy);
		this.#work.push(copy);
		return copy;
	}

	#link(from: number, to: number): void {
		this.nodes[to].preds++;
		this.nodes[to].from = from;
	}

	/** One way less to a node. Where it was the last, there are no ways out of it either. */
	#unlink(to: number): void {
		for (const gone = [to]; gone.length > 0; ) {
			const node = this.nodes[gone.pop()!];
			if (--node.preds === 0) gone.push(...node.succs);
		}
	}
}

/** Nodes in reverse postorder, as a graph. */
function rebuilt(cfg: Cfg, nodes: readonly Node[]): Threaded {
	const order: number[] = [];
	const next = new Uint8Array(nodes.length);
	const seen = new Uint8Array(nodes.length);
	const stack = [0];
	seen[0] = 1;
	while (stack.length > 0) {
		const top = stack[stack.length - 1];
		const to = nodes[top].succs[next[top]++];
		if (to === undefined) order.push(stack.pop()!);
		else if (seen[to] === 0) {
			seen[to] = 1;
			stack.push(to);
		}
	}
	order.reverse();
	const place = new Int32Array(nodes.length).fill(-1);
	order.forEach((id, at) => {
		place[id] = at;
	});
	const moved = new Int32Array(cfg.blocks.length).fill(-1);
	const several = new Uint8Array(cfg.blocks.length);
	order.forEach((id, at) => {
		const { block } = nodes[id];
		moved[block] = several[block]++ === 0 ? at : -1;
	});
	const parts = order.map((id) => cfg.blocks[nodes[id].block]);
	return {
		cfg: assemble(
			cfg.entry,
			parts,
			order.map((id) => nodes[id].succs.map((to) => place[to])),
		),
		moved,
	};
}
