/**
 * A control-flow graph in, structured control flow out: blocks to leave, loops to repeat, ifs, as one flat list of items
 * that both emitters print in a single scan.
 *
 * Idea: Norman Ramsey, "Beyond Relooper: Recursive Translation of Unstructured Control Flow to Structured Control Flow" (ICFP 2022).
 * The dominator tree is the nesting. A block with several forward predecessors is placed behind a labelled `block` that
 * surrounds its dominator's other children; everything else is inlined at its only predecessor. One change: what leaves a
 * loop is placed behind the loop instead of inside it, so that code that runs once is not compiled as part of the loop.
 *
 *     block 7        ┐ `br 7` goes here ┐
 *       loop 3       │                  │      No item ever falls off the end of a loop or of an if that has a
 *         code 3     │                  │      `br` at its end: what follows an `if` is its else side.
 *         if 3       │                  │
 *           br 7     │                  │
 *         end        │                  │
 *         continue 3 │                  │
 *       end          │                  │
 *     end            ┘ <────────────────┘
 *     code 7
 *
 * An irreducible graph becomes one dispatch loop over all its blocks: `dispatch n`, `case b`, `goto b`.
 */
import type { Cfg } from "./cfg.ts";

export type Item =
	| { readonly kind: "block"; readonly label: number }
	/** `copies`: of the body, one after another (unroll.ts). */
	| { readonly kind: "loop"; readonly label: number; readonly copies: number }
	| { readonly kind: "end"; readonly of: "block" | "loop" | "if" | "dispatch"; readonly label: number }
	/** The straight-line part of a block; of its last instruction only an exit. */
	| { readonly kind: "code"; readonly block: number }
	/** The branch that ends `block`; `negate`: the body is for the branch not taken. */
	| { readonly kind: "if"; readonly block: number; readonly negate: boolean }
	| { readonly kind: "br"; readonly label: number }
	| { readonly kind: "continue"; readonly label: number }
	| { readonly kind: "dispatch"; readonly blocks: number }
	| { readonly kind: "case"; readonly block: number }
	| { readonly kind: "goto"; readonly block: number };

/**
 * What is still to be printed: an item, or a block with all that it dominates, or that without the loop that it heads. As numbers, block × 16 + kind,
 * because a large program has thousands.
 */
const TASK = {
	tree: 0,
	within: 1,
	block: 2,
	loop: 3,
	code: 4,
	if: 5,
	ifNot: 6,
	br: 7,
	continue: 8,
	endBlock: 9,
	endLoop: 10,
	endIf: 11,
} as const;

export function structure(cfg: Cfg): Item[] {
	return cfg.reducible ? new Structurer(cfg).run() : dispatched(cfg);
}

/** Prints a reducible graph from an explicit stack: dominator trees of generated code are thousands of levels deep. */
class Structurer {
	readonly #blocks: Cfg["blocks"];
	/** Children placed behind a label inside, or (loop headers) behind the loop; in rising order. Most blocks have none. */
	readonly #merges = new Map<number, number[]>();
	readonly #follows = new Map<number, number[]>();
	readonly #labelled: Uint8Array;
	readonly #tasks: number[] = [];
	readonly #items: Item[] = [];

	constructor(cfg: Cfg) {
		const { blocks } = cfg;
		this.#blocks = blocks;
		this.#labelled = new Uint8Array(blocks.length);
		for (let y = 1; y < blocks.length; y++) {
			const header = outermostLoopLeft(cfg, blocks[y].idom, y);
			let forward = 0;
			for (const p of blocks[y].preds) if (p < y) forward++;
			if (header >= 0) append(this.#follows, header, y);
			else if (forward > 1) append(this.#merges, blocks[y].idom, y);
			else continue;
			this.#labelled[y] = 1;
		}
	}

	run(): Item[] {
		this.#push(TASK.tree, 0);
		while (this.#tasks.length > 0) {
			const task = this.#tasks.pop()!;
			const x = task >> 4;
			const kind = task & 15;
			if (kind === TASK.tree) this.#tree(x);
			else if (kind === TASK.within) this.#within(x);
			else this.#print(kind, x);
		}
		return this.#items;
	}

	#push(kind: number, block: number): void {
		this.#tasks.push(block * 16 + kind);
	}

	/** A block with all that it dominates. What comes last in the text goes onto the stack first. */
	#tree(x: number): void {
		if (this.#blocks[x].loop !== x) return this.#push(TASK.within, x);
		const follows = this.#follows.get(x);
		this.#pushBehind(follows);
		this.#push(TASK.endLoop, x);
		this.#push(TASK.within, x);
		this.#push(TASK.loop, x);
		this.#pushBefore(follows);
	}

	/** That, without the loop that it heads. */
	#within(x: number): void {
		const merges = this.#merges.get(x);
		const { succs } = this.#blocks[x];
		this.#pushBehind(merges);
		if (succs.length > 1) {
			// A jump away goes into the if, so that the longer side stays at this level.
			const negate = !this.#jumps(succs[0], x) && this.#jumps(succs[1], x);
			this.#goTo(succs[negate ? 0 : 1], x);
			this.#push(TASK.endIf, x);
			this.#goTo(succs[negate ? 1 : 0], x);
			this.#push(negate ? TASK.ifNot : TASK.if, x);
		} else if (succs.length > 0) this.#goTo(succs[0], x);
		this.#push(TASK.code, x);
		this.#pushBefore(merges);
	}

	/** Labels of what is placed behind them, … */
	#pushBefore(children: readonly number[] = NONE): void {
		for (const label of children) this.#push(TASK.block, label);
	}

	/** … and each label's end with what follows it. */
	#pushBehind(children: readonly number[] = NONE): void {
		for (let i = children.length - 1; i >= 0; i--) {
			this.#push(TASK.tree, children[i]);
			this.#push(TASK.endBlock, children[i]);
		}
	}

	#jumps(to: number, from: number): boolean {
		return to <= from || this.#labelled[to] === 1;
	}

	#goTo(to: number, from: number): void {
		this.#push(to <= from ? TASK.continue : this.#labelled[to] === 1 ? TASK.br : TASK.tree, to);
	}

	#print(kind: number, x: number): void {
		const items = this.#items;
		switch (kind) {
			case TASK.block:
				items.push({ kind: "block", label: x });
				break;
			case TASK.loop:
				items.push({ kind: "loop", label: x, copies: 1 });
				break;
			case TASK.code:
				items.push({ kind: "code", block: x });
				break;
			case TASK.if:
			case TASK.ifNot:
				items.push({ kind: "if", block: x, negate: kind === TASK.ifNot });
				break;
			case TASK.br:
				items.push({ kind: "br", label: x });
				break;
			case TASK.continue:
				items.push({ kind: "continue", label: x });
				break;
			case TASK.endBlock: {
				// A jump to what follows anyway.
				const last = items[items.length - 1];
				if (last?.kind === "br" && last.label === x) items.pop();
				items.push({ kind: "end", of: "block", label: x });
				break;
			}
			case TASK.endLoop:
				items.push({ kind: "end", of: "loop", label: x });
				break;
			case TASK.endIf:
				items.push({ kind: "end", of: "if", label: x });
				break;
		}
	}
}

const NONE: readonly number[] = [];

function append(lists: Map<number, number[]>, key: number, value: number): void {
	const list = lists.get(key);
	if (list === undefined) lists.set(key, [value]);
	else list.push(value);
}

/** The outermost loop that holds `from` but not `to`; −1: none. */
function outermostLoopLeft(cfg: Cfg, from: number, to: number): number {
	let found = -1;
	for (let h = cfg.blocks[from].loop; h >= 0 && !inLoop(cfg, to, h); h = cfg.outerLoop[h]) found = h;
	return found;
}

function inLoop(cfg: Cfg, block: number, header: number): boolean {
	for (let h = cfg.blocks[block].loop; h >= 0; h = cfg.outerLoop[h]) if (h === header) return true;
	return false;
}

function dispatched(cfg: Cfg): Item[] {
	const items: Item[] = [{ kind: "dispatch", blocks: cfg.blocks.length }];
	for (const block of cfg.blocks) {
		items.push({ kind: "case", block: block.id }, { kind: "code", block: block.id });
		const [taken, next] = block.succs;
		if (next !== undefined) {
			items.push(
				{ kind: "if", block: block.id, negate: false },
				{ kind: "goto", block: taken },
				{ kind: "end", of: "if", label: block.id },
				{ kind: "goto", block: next },
			);
		} else if (taken !== undefined) items.push({ kind: "goto", block: taken });
	}
	items.push({ kind: "end", of: "dispatch", label: 0 });
	return items;
}
