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
import type { Cfg } from "./cfg.ts";
import { assemble } from "./cfg.ts";
import { holds, OPPOSITE, type Relation } from "./compare.ts";
import type { Op } from "./decode.ts";
import { definedBy } from "./representation.ts";

type Branch = Extract<Op, { kind: "branch" }>;

export interface Threaded {
	readonly cfg: Cfg;
	/** Block of the new graph by block of the old; −1: it is gone, or there are several. */
	readonly moved: Int32Array;
}

/** Operations in a block that is copied. */
const LONGEST = 6;
/** Copied operations, beside a quarter of the function's. */
const BUDGET = 32;
/** Operations looked back over for what decides a branch. */
const FARTHEST = 24;

interface Node {
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

/** Null: there is nothing to leave out. */
export function threadJumps(cfg: Cfg, ops: readonly (Op | null)[]): Threaded | null {
	if (!cfg.reducible) return null;
	const { blocks } = cfg;
	const nodes: Node[] = blocks.map((block) => ({ block: block.id, side: -1, succs: [...block.succs], preds: 0, from: -1, closed: false }));
	const link = (from: number, to: number): void => {
		nodes[to].preds++;
		nodes[to].from = from;
	};
	const unlink = (to: number): void => {
		for (const gone = [to]; gone.length > 0; ) {
			const id = gone.pop()!;
			if (--nodes[id].preds === 0) gone.push(...nodes[id].succs);
		}
	};
	for (let id = 0; id < nodes.length; id++) for (const to of nodes[id].succs) link(id, to);
	let budget = BUDGET;
	for (const block of blocks) budget += (block.end - block.start) / 4;
	/** Copies by block × 2 + side. */
	const copies = new Map<number, number>();
	const work: number[] = [];
	for (let id = nodes.length - 1; id >= 0; id--) work.push(id);
	let changed = false;
	while (work.length > 0) {
		const id = work.pop()!;
		// Nothing leads there any more: what it led to has been told.
		if (nodes[id].preds === 0 && id !== 0) continue;
		for (let i = 0; i < nodes[id].succs.length; i++) {
			const to = nodes[id].succs[i];
			const { block: target, succs } = nodes[to];
			const block = blocks[target];
			const exit = ops[block.exit];
			if (succs.length < 2 || exit?.kind !== "branch" || block.loop === target || block.end - block.start > LONGEST + 1) continue;
			const side = decide(nodes, id, i, block.start, block.exit, exit);
			if (side < 0) continue;
			const key = target * 2 + side;
			let copy = copies.get(key);
			if (copy === undefined || nodes[copy].closed) {
				if (nodes[succs[side]].closed) continue;
				budget -= block.end - block.start;
				if (budget < 0) continue;
				copy = nodes.push({ block: target, side, succs: [succs[side]], preds: 0, from: -1, closed: false }) - 1;
				link(copy, succs[side]);
				copies.set(key, copy);
				work.push(copy);
			}
			nodes[id].succs[i] = copy;
			link(id, copy);
			unlink(to);
			changed = true;
		}
	}
	return changed ? rebuilt(cfg, nodes) : null;

	/** The side that the branch at `exit` takes when it is reached by edge `i` of node `id`; −1: unknown. */
	function decide(nodes: readonly Node[], id: number, i: number, start: number, exit: number, asked: Branch): number {
		let { dst, src } = asked;
		let left = FARTHEST;
		let constant: bigint | null = null;
		/** Whether the walk goes on above the operations from `first` to before `end`. */
		const above = (first: number, end: number): boolean => {
			for (let pc = end - 1; pc >= first; pc--) {
				const op = ops[pc];
				if (op === null) continue;
				if (--left < 0 || op.kind === "call" || op.kind === "callx" || op.kind === "helper" || op.kind === "kfunc") return false;
				const defined = definedBy(op);
				if (defined < 0 || (defined !== dst && defined !== src)) continue;
				if (op.kind !== "alu" || op.op !== "mov") return false;
				if (op.src >= 0) {
					if (op.width !== 64 && asked.width !== 32) return false;
					if (defined === dst) dst = op.src;
					if (defined === src) src = op.src;
				} else {
					if (defined !== dst || src >= 0) return false;
					constant = op.width === 64 ? BigInt(op.imm) : BigInt(op.imm >>> 0);
					return true;
				}
			}
			return true;
		};
		/** Nodes with one predecessor that the walk went through. */
		const through: number[] = [];
		const decided = (answer: number): number => {
			for (const one of through) nodes[one].closed = true;
			return answer;
		};
		const answer = (): number => decided(constant !== null && holds(asked.op, asked.width, constant, BigInt(asked.imm)) ? 0 : 1);
		if (!above(start, exit)) return -1;
		if (constant !== null) return answer();
		for (;;) {
			const { block: at, side, succs, preds, from } = nodes[id];
			const block = blocks[at];
			const known = ops[block.exit];
			if (known?.kind === "branch" && (side >= 0 || succs.length > 1)) {
				const told = implied(known, (side >= 0 ? side : i) === 0, asked, dst, src);
				if (told >= 0) return decided(told);
			}
			if (!above(block.start, block.end)) return -1;
			if (constant !== null) return answer();
			if (preds !== 1 || from < 0 || nodes[from].succs.length > 2) return -1;
			// The one that is left may be another one than the last that was linked, which nothing leads to any more.
			if (nodes[from].preds === 0 && from !== 0) return -1;
			through.push(id);
			i = nodes[from].succs.indexOf(id);
			if (i < 0 || nodes[from].succs[0] === nodes[from].succs[1]) return -1;
			id = from;
		}
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
