/**
 * Decoded operations in, one control-flow graph per subprogram out: basic blocks in reverse postorder (stretches.ts), dominators, natural loops.
 * Block numbers are reverse-postorder positions, so that "backward" is `to <= from` and every pass can walk 0, 1, 2 …
 * Dominators: Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm". An edge backward to a block that does not dominate
 * its source makes the graph irreducible; the structurer then falls back to a dispatch loop.
 */
import type { Op } from "./decode.ts";
import type { CfgProblem } from "./stretches.ts";
import { findStretches } from "./stretches.ts";

export interface Block {
	/** Position in reverse postorder. */
	readonly id: number;
	/** First slot, and one past the last. */
	readonly start: number;
	readonly end: number;
	/** The slot of the jump, branch or exit that ends it; −1: it falls through. */
	readonly exit: number;
	/** Branches: [taken, next]. */
	readonly succs: readonly number[];
	readonly preds: readonly number[];
	/** Immediate dominator; the entry's is itself. */
	readonly idom: number;
	/** Header of the innermost loop that it is in (its own id for a header), or −1. */
	readonly loop: number;
}

export interface Cfg {
	/** First slot of the subprogram. */
	readonly entry: number;
	readonly blocks: readonly Block[];
	/** For headers: the next outer loop's header, or −1. For other blocks −1. */
	readonly outerLoop: readonly number[];
	readonly reducible: boolean;
}

/** First slots of the main program and of everything that calls and function addresses name, sorted. */
export function findSubprograms(ops: readonly (Op | null)[], reached?: Uint8Array): number[] {
	const starts = new Set([0]);
	ops.forEach((op, pc) => {
		if (reached !== undefined && reached[pc] === 0) return;
		if (op?.kind === "call") starts.add(op.target);
		if (op?.kind === "imm64" && op.pseudo === 4) starts.add(pc + 1 + op.lo);
	});
	return [...starts].sort((a, b) => a - b);
}

/**
 * `reached`: the verifier's word; a branch edge into slots it never reached is cut.
 * `oneWay`: branches that an analysis found to go only one way: slot → where.
 */
export function buildCfg(
	ops: readonly (Op | null)[],
	entry: number,
	limit: number,
	reached?: Uint8Array,
	oneWay?: ReadonlyMap<number, number>,
): Cfg | CfgProblem {
	const stretches = findStretches(ops, entry, limit, { reached, oneWay });
	return "why" in stretches ? stretches : assemble(entry, stretches.order, stretches.succs);
}

/** Stretches of slots in reverse postorder and the positions of their successors in; a graph out. */
export function assemble(
	entry: number,
	order: readonly Pick<Block, "start" | "end" | "exit">[],
	succs: readonly (readonly number[])[],
): Cfg {
	const preds = predecessors(succs);
	const idom = dominators(preds);
	const { loop, outerLoop, reducible } = findLoops(preds, idom);
	const blocks = order.map(({ start, end, exit }, id) => ({
		id,
		start,
		end,
		exit,
		succs: succs[id],
		preds: preds[id],
		idom: idom[id],
		loop: loop[id],
	}));
	return { entry, blocks, outerLoop, reducible };
}

/** Of each block, in rising order and each once. */
function predecessors(succs: readonly (readonly number[])[]): number[][] {
	const counts = new Int32Array(succs.length);
	for (const list of succs) for (let i = 0; i < list.length; i++) if (i === 0 || list[i] !== list[0]) counts[list[i]]++;
	const preds = Array.from(counts, (count) => new Array<number>(count));
	counts.fill(0);
	for (let from = 0; from < succs.length; from++) {
		const list = succs[from];
		for (let i = 0; i < list.length; i++) if (i === 0 || list[i] !== list[0]) preds[list[i]][counts[list[i]]++] = from;
	}
	return preds;
}

function dominators(preds: readonly (readonly number[])[]): number[] {
	const idom = new Array<number>(preds.length).fill(-1);
	idom[0] = 0;
	for (let changed = true; changed; ) {
		changed = false;
		for (let b = 1; b < preds.length; b++) {
			let best = -1;
			for (const p of preds[b]) {
				if (idom[p] < 0) continue;
				if (best < 0) best = p;
				else {
					let q = p;
					while (q !== best) {
						while (q > best) q = idom[q];
						while (best > q) best = idom[best];
					}
				}
			}
			if (idom[b] !== best) {
				idom[b] = best;
				changed = true;
			}
		}
	}
	return idom;
}

function dominates(idom: readonly number[], a: number, b: number): boolean {
	while (b > a) b = idom[b];
	return a === b;
}

/** Innermost loops first (headers in falling order), so that an inner body is collapsed when the outer one is flooded. */
function findLoops(
	preds: readonly (readonly number[])[],
	idom: readonly number[],
): { loop: number[]; outerLoop: number[]; reducible: boolean } {
	const loop = new Array<number>(preds.length).fill(-1);
	const outerLoop = new Array<number>(preds.length).fill(-1);
	let reducible = true;
	for (let header = preds.length - 1; header >= 0; header--) {
		const work: number[] = [];
		for (const p of preds[header]) {
			if (p < header) continue;
			if (dominates(idom, header, p)) work.push(p);
			else reducible = false;
		}
		if (work.length === 0 || !reducible) continue;
		const member = new Set([header]);
		while (work.length > 0) {
			let b = work.pop()!;
			if (member.has(b)) continue;
			if (loop[b] >= 0 && loop[b] !== header) {
				// In a loop already: its outermost header stands for it.
				let h = loop[b];
				while (outerLoop[h] >= 0 && outerLoop[h] !== header) h = outerLoop[h];
				if (outerLoop[h] < 0 && h !== header) outerLoop[h] = header;
				if (member.has(h)) continue;
				b = h;
			} else loop[b] = header;
			member.add(b);
			for (const p of preds[b]) if (!member.has(p)) work.push(p);
		}
		loop[header] = header;
	}
	return { loop, outerLoop, reducible };
}

/** Instructions of a loop without those of the loops in it, at least 1: what a round takes from the budget. */
export function loopLength({ blocks }: Cfg, header: number): number {
	let length = 0;
	for (const block of blocks) if (block.loop === header) length += block.end - block.start;
	return Math.max(1, length);
}
