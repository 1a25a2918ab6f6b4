/**
 * Decoded operations in, one control-flow graph per subprogram out: basic blocks in reverse postorder, dominators, natural loops.
 * Block numbers are reverse-postorder positions, so that "backward" is `to <= from` and every pass can walk 0, 1, 2 …
 * Dominators: Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm". An edge backward to a block that does not dominate
 * its source makes the graph irreducible; the structurer then falls back to a dispatch loop.
 */
import type { Op } from "./decode.ts";

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

export interface CfgProblem {
	readonly slot: number;
	readonly why: string;
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
export function buildCfg(ops: readonly (Op | null)[], entry: number, limit: number, reached?: Uint8Array, oneWay?: ReadonlyMap<number, number>): Cfg | CfgProblem {
	const leader = new Uint8Array(limit - entry + 1);
	const dead = (pc: number): boolean => reached !== undefined && pc < reached.length && reached[pc] === 0;
	leader[0] = 1;
	for (let pc = entry; pc < limit; pc++) {
		const op = ops[pc];
		if (op == null || (op.kind !== "jump" && op.kind !== "branch" && op.kind !== "may_goto" && op.kind !== "exit")) continue;
		leader[pc + 1 - entry] = 1;
		if (op.kind === "exit") continue;
		if (op.target < entry || op.target >= limit || ops[op.target] === null) {
			if (dead(pc)) continue;
			return { slot: pc, why: "a jump out of the subprogram" };
		}
		leader[op.target - entry] = 1;
	}
	// Walk depth-first from the entry: only reachable blocks get numbers.
	/** Raw block + 1 by first slot. */
	const starts = new Int32Array(limit - entry + 1);
	const raw: { start: number; end: number; exit: number; succs: number[] }[] = [];
	const order: number[] = [];
	const visit = (start: number): number => {
		const known = starts[start - entry];
		if (known !== 0) return known - 1;
		let pc = start;
		for (;;) {
			const op = ops[pc];
			if (op != null && (op.kind === "jump" || op.kind === "branch" || op.kind === "may_goto" || op.kind === "exit" || op.kind === "invalid")) break;
			pc += op?.kind === "imm64" ? 2 : 1;
			if (pc >= limit || leader[pc - entry] === 1) break;
		}
		const op = pc < limit ? ops[pc] : null;
		const ends = op != null && (pc === start || leader[pc - entry] !== 1) && (op.kind === "jump" || op.kind === "branch" || op.kind === "may_goto" || op.kind === "exit" || op.kind === "invalid");
		const block = { start, end: ends ? pc + 1 : pc, exit: ends ? pc : -1, succs: [] as number[] };
		if (!ends) block.succs = [pc];
		else if (op.kind === "jump") block.succs = [op.target];
		else if (op.kind === "branch" || op.kind === "may_goto") {
			const only = oneWay?.get(pc);
			block.succs = only !== undefined ? [only] : op.target === pc + 1 ? [pc + 1] : [op.target, pc + 1];
			if (block.succs.length === 2 && op.kind === "branch" && !dead(pc)) {
				// Both sides stay when both are dead: the branch itself was then never reached.
				const live = block.succs.filter((s) => !dead(s));
				if (live.length === 1) block.succs = live;
			}
		}
		starts[start - entry] = raw.push(block);
		return raw.length - 1;
	};
	const stack: { block: number; next: number }[] = [{ block: visit(entry), next: 0 }];
	const seen = new Uint8Array(limit - entry + 1);
	seen[0] = 1;
	while (stack.length > 0) {
		const top = stack[stack.length - 1];
		const succs = raw[top.block].succs;
		if (top.next === succs.length) {
			order.push(top.block);
			stack.pop();
			continue;
		}
		// The fall-through side last: reverse postorder then places it right after the branch.
		const slot = succs[top.next++];
		if (slot >= limit) return { slot: raw[top.block].end - 1, why: "control flow runs past the end" };
		const to = visit(slot);
		if (seen[to] === 0) {
			seen[to] = 1;
			stack.push({ block: to, next: 0 });
		}
	}
	order.reverse();
	const rpo = new Int32Array(raw.length);
	order.forEach((b, i) => {
		rpo[b] = i;
	});
	const succs = order.map((b) => raw[b].succs.map((slot) => rpo[starts[slot - entry] - 1]));
	const preds: number[][] = order.map(() => []);
	succs.forEach((list, from) => {
		for (const to of list) if (preds[to].at(-1) !== from) preds[to].push(from);
	});
	const idom = dominators(preds);
	const { loop, outerLoop, reducible } = findLoops(preds, idom);
	const blocks = order.map((b, id) => ({ id, start: raw[b].start, end: raw[b].end, exit: raw[b].exit, succs: succs[id], preds: preds[id], idom: idom[id], loop: loop[id] }));
	return { entry, blocks, outerLoop, reducible };
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

export function dominates(idom: readonly number[], a: number, b: number): boolean {
	while (b > a) b = idom[b];
	return a === b;
}

/** Innermost loops first (headers in falling order), so that an inner body is collapsed when the outer one is flooded. */
function findLoops(preds: readonly (readonly number[])[], idom: readonly number[]): { loop: number[]; outerLoop: number[]; reducible: boolean } {
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
