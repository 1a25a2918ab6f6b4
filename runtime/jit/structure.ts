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

type Task = Item | { readonly kind: "tree"; readonly block: number } | { readonly kind: "within"; readonly block: number } | { readonly kind: "to"; readonly from: number; readonly block: number };

export function structure(cfg: Cfg): Item[] {
	return cfg.reducible ? structured(cfg) : dispatched(cfg);
}

function structured(cfg: Cfg): Item[] {
	const { blocks } = cfg;
	/** Children placed behind a label inside, or (loop headers) behind the loop; in rising order. Most blocks have none. */
	const merges = new Map<number, number[]>();
	const follows = new Map<number, number[]>();
	const labelled = new Uint8Array(blocks.length);
	for (let y = 1; y < blocks.length; y++) {
		const header = outermostLoopLeft(cfg, blocks[y].idom, y);
		let forward = 0;
		for (const p of blocks[y].preds) if (p < y) forward++;
		if (header >= 0) append(follows, header, y);
		else if (forward > 1) append(merges, blocks[y].idom, y);
		else continue;
		labelled[y] = 1;
	}
	const items: Item[] = [];
	// An explicit stack: dominator trees of generated code are thousands of levels deep.
	const tasks: Task[] = [{ kind: "tree", block: 0 }];
	/** What follows the labels' ends comes first on the stack, last in the text. */
	const behind = (children: readonly number[] = NONE): void => {
		for (let i = children.length - 1; i >= 0; i--) tasks.push({ kind: "tree", block: children[i] }, { kind: "end", of: "block", label: children[i] });
	};
	const before = (children: readonly number[] = NONE): void => {
		for (const label of children) tasks.push({ kind: "block", label });
	};
	while (tasks.length > 0) {
		const task = tasks.pop()!;
		switch (task.kind) {
			case "tree": {
				const x = task.block;
				if (blocks[x].loop !== x) {
					tasks.push({ kind: "within", block: x });
					break;
				}
				behind(follows.get(x));
				tasks.push({ kind: "end", of: "loop", label: x }, { kind: "within", block: x }, { kind: "loop", label: x, copies: 1 });
				before(follows.get(x));
				break;
			}
			case "within": {
				const x = task.block;
				behind(merges.get(x));
				const [taken, next] = blocks[x].succs;
				if (next !== undefined) {
					// A jump away goes into the if, so that the longer side stays at this level.
					const negate = !jumps(taken, x) && jumps(next, x);
					tasks.push({ kind: "to", from: x, block: negate ? taken : next }, { kind: "end", of: "if", label: x }, { kind: "to", from: x, block: negate ? next : taken }, { kind: "if", block: x, negate });
				} else if (taken !== undefined) tasks.push({ kind: "to", from: x, block: taken });
				tasks.push({ kind: "code", block: x });
				before(merges.get(x));
				break;
			}
			case "to":
				if (task.block <= task.from) tasks.push({ kind: "continue", label: task.block });
				else if (labelled[task.block]) tasks.push({ kind: "br", label: task.block });
				else tasks.push({ kind: "tree", block: task.block });
				break;
			case "end": {
				const last = items[items.length - 1];
				if (task.of === "block" && last?.kind === "br" && last.label === task.label) items.pop();
				items.push(task);
				break;
			}
			default:
				items.push(task);
		}
	}
	return items;

	function jumps(to: number, from: number): boolean {
		return to <= from || labelled[to] === 1;
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
			items.push({ kind: "if", block: block.id, negate: false }, { kind: "goto", block: taken }, { kind: "end", of: "if", label: block.id }, { kind: "goto", block: next });
		} else if (taken !== undefined) items.push({ kind: "goto", block: taken });
	}
	items.push({ kind: "end", of: "dispatch", label: 0 });
	return items;
}
