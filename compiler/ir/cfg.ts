import type { Block, Inst, IrFunction } from "./types.ts";
import { successors } from "./values.ts";

/**
 * Shape of a function: predecessors, reverse postorder, dominators (Cooper, Harvey, Kennedy, "A Simple, Fast Dominance
 * Algorithm", 2001) with frontiers, and natural loops. Computed when asked; a pass that changes edges asks again.
 */
export function predecessors(fn: IrFunction): Map<Block, Block[]> {
	const map = new Map<Block, Block[]>();
	for (const block of fn.blocks) map.set(block, []);
	for (const block of fn.blocks) {
		for (const next of successors(block)) {
			const list = map.get(next)!;
			// Both ways of a branch may lead there, one after the other.
			if (list.at(-1) !== block) list.push(block);
		}
	}
	return map;
}

export function reversePostorder(fn: IrFunction): Block[] {
	const seen = new Set<Block>([fn.blocks[0]]);
	const order: Block[] = [];
	const stack: { block: Block; next: number }[] = [{ block: fn.blocks[0], next: 0 }];
	while (stack.length > 0) {
		const top = stack[stack.length - 1];
		const targets = successors(top.block);
		if (top.next < targets.length) {
			// Last successor first, so that the "then" side comes first in the reversed order.
			const target = targets[targets.length - 1 - top.next++];
			if (!seen.has(target)) {
				seen.add(target);
				stack.push({ block: target, next: 0 });
			}
		} else {
			order.push(top.block);
			stack.pop();
		}
	}
	return order.reverse();
}

export interface Dominators {
	readonly order: readonly Block[];
	readonly idom: ReadonlyMap<Block, Block | null>;
	readonly children: ReadonlyMap<Block, readonly Block[]>;
	dominates(a: Block, b: Block): boolean;
}

/** Over reachable blocks only. */
export function dominators(fn: IrFunction): Dominators {
	const order = reversePostorder(fn);
	const index = new Map<Block, number>();
	order.forEach((block, i) => index.set(block, i));
	const preds: number[][] = order.map(() => []);
	order.forEach((block, i) => {
		for (const next of successors(block)) preds[index.get(next)!].push(i);
	});
	const idom = immediateDominators(preds);
	const idoms = new Map<Block, Block | null>();
	const children = new Map<Block, Block[]>();
	for (const block of order) children.set(block, []);
	idoms.set(order[0], null);
	for (let i = 1; i < order.length; i++) {
		idoms.set(order[i], order[idom[i]]);
		children.get(order[idom[i]])!.push(order[i]);
	}
	// Pre and post numbers of the tree answer "dominates" in constant time.
	const first = new Int32Array(order.length);
	const last = new Int32Array(order.length);
	let clock = 0;
	// A block on the way up is the complement of its number.
	const stack = [0];
	while (stack.length > 0) {
		const top = stack.pop()!;
		if (top < 0) {
			last[~top] = clock++;
			continue;
		}
		first[top] = clock++;
		stack.push(~top);
		for (const child of children.get(order[top])!) stack.push(index.get(child)!);
	}
	return {
		order,
		idom: idoms,
		children,
		dominates: (a, b) => {
			const above = index.get(a);
			const below = index.get(b);
			return above !== undefined && below !== undefined && first[above] <= first[below] && last[below] <= last[above];
		},
	};
}

/** By numbers in reverse postorder, of which 0 is the root. */
export function immediateDominators(preds: readonly (readonly number[])[]): Int32Array {
	const idom = new Int32Array(preds.length).fill(-1);
	idom[0] = 0;
	for (let changed = true; changed; ) {
		changed = false;
		for (let i = 1; i < preds.length; i++) {
			let best = -1;
			for (const pred of preds[i]) {
				if (idom[pred] < 0) continue;
				if (best < 0) {
					best = pred;
					continue;
				}
				let a = pred;
				let b = best;
				while (a !== b) {
					while (a > b) a = idom[a];
					while (b > a) b = idom[b];
				}
				best = a;
			}
			if (idom[i] !== best) {
				idom[i] = best;
				changed = true;
			}
		}
	}
	return idom;
}

/** The first block that every way from a block to the function's end leads through, null: only the end itself. Blocks from which no way leads to an end have none. */
export function immediatePostdominators(order: readonly Block[]): Map<Block, Block | null> {
	const preds = new Map<Block, Block[]>();
	for (const block of order) preds.set(block, []);
	for (const block of order) for (const next of successors(block)) preds.get(next)!.push(block);
	// Postorder of the graph turned around; the end is the last of it, the root.
	const seen = new Set<Block>();
	const post: Block[] = [];
	for (const start of order) {
		if (successors(start).length > 0) continue;
		const stack = [{ block: start, next: 0 }];
		seen.add(start);
		while (stack.length > 0) {
			const top = stack[stack.length - 1];
			const list = preds.get(top.block)!;
			if (top.next === list.length) {
				post.push(top.block);
				stack.pop();
				continue;
			}
			const pred = list[top.next++];
			if (seen.has(pred)) continue;
			seen.add(pred);
			stack.push({ block: pred, next: 0 });
		}
	}
	post.reverse();
	const index = new Map(post.map((block, i) => [block, i + 1]));
	const towards = post.map((block) => {
		const list = successors(block).flatMap((next) => index.get(next) ?? []);
		return list.length === 0 ? [0] : list;
	});
	const idom = immediateDominators([[], ...towards]);
	return new Map(post.map((block, i) => [block, idom[i + 1] === 0 ? null : post[idom[i + 1] - 1]]));
}

/** Where a value defined in a block meets another: join points per block. */
export function dominanceFrontiers(dom: Dominators): Map<Block, Set<Block>> {
	const preds = new Map<Block, Block[]>();
	for (const block of dom.order) preds.set(block, []);
	for (const block of dom.order) for (const next of successors(block)) preds.get(next)!.push(block);
	const frontiers = new Map<Block, Set<Block>>();
	for (const block of dom.order) frontiers.set(block, new Set());
	for (const block of dom.order) {
		const list = preds.get(block)!;
		if (list.length < 2) continue;
		const stop = dom.idom.get(block)!;
		for (const pred of list) {
			for (let runner: Block | null = pred; runner !== null && runner !== stop; runner = dom.idom.get(runner)!) {
				frontiers.get(runner)!.add(block);
			}
		}
	}
	return frontiers;
}

export interface Loop {
	readonly header: Block;
	readonly blocks: Set<Block>;
	/** Blocks with an edge back to the header. */
	readonly latches: Block[];
	parent: Loop | null;
	depth: number;
}

/** Natural loops, outer ones first. Edges into the middle of a cycle (goto) make no loop here. */
export function loops(
	fn: IrFunction,
	dom: Dominators = dominators(fn),
	preds: ReadonlyMap<Block, readonly Block[]> = predecessors(fn),
): Loop[] {
	const found: Loop[] = [];
	for (const header of dom.order) {
		const latches = preds.get(header)!.filter((pred) => dom.idom.has(pred) && dom.dominates(header, pred));
		if (latches.length === 0) continue;
		const blocks = new Set<Block>([header]);
		const work = [...latches];
		while (work.length > 0) {
			const block = work.pop()!;
			if (blocks.has(block)) continue;
			blocks.add(block);
			for (const pred of preds.get(block)!) if (dom.idom.has(pred)) work.push(pred);
		}
		found.push({ header, blocks, latches, parent: null, depth: 1 });
	}
	for (const loop of found) {
		for (const other of found) {
			if (other === loop || !other.blocks.has(loop.header)) continue;
			if (loop.parent === null || loop.parent.blocks.size > other.blocks.size) loop.parent = other;
		}
	}
	for (const loop of found) {
		for (let up = loop.parent; up !== null; up = up.parent) loop.depth++;
	}
	return found;
}

/** The block that each instruction stands in. */
export function blockOf(fn: IrFunction): Map<Inst, Block> {
	const map = new Map<Inst, Block>();
	for (const block of fn.blocks) for (const inst of block.insts) map.set(inst, block);
	return map;
}
