import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import { predecessors, reversePostorder } from "../../ir/cfg.ts";
import { row } from "../../ir/ops.ts";
import { isInst, successors, usersOf } from "../../ir/values.ts";
import { baseOf, derivedUses } from "../analysis/slots.ts";

/** By the slot's position, 32 in a word. */
export type Bits = Uint32Array;

export const has = (bits: Bits, i: number): boolean => ((bits[i >>> 5] >>> (i & 31)) & 1) === 1;

export interface Lives {
	readonly slots: readonly Inst[];
	/** By slot, those whose lives overlap with its life, as bits. */
	readonly conflicts: readonly Bits[];
}

/**
 * When stack slots live, and which lives overlap. A slot lives from its `lifetime` mark, more exactly from the first use after it, to the last instruction
 * that has an address into it; where the address is stored nobody knows which one that is, and the slot lives until the next mark, or as long as
 * something may still follow the address. Found by data flow in both directions.
 *
 * `apart`: two slots that meet in one of these instructions alone do not conflict.
 */
export function livesOf(fn: IrFunction, apart: ReadonlySet<Inst> = new Set()): Lives {
	const users = usersOf(fn);
	const slots: Inst[] = [];
	/** Those whose address is kept somewhere. */
	const kept: number[] = [];
	/** Slots that an instruction's operands point into. */
	const touched = new Map<Inst, number[]>();
	for (const block of fn.blocks) {
		for (const inst of block.insts) {
			if (inst.op !== "alloca") continue;
			const { uses, isKept } = derivedUses(inst, users);
			const index = slots.length;
			slots.push(inst);
			if (isKept) kept.push(index);
			for (const use of uses) {
				const list = touched.get(use);
				if (list === undefined) touched.set(use, [index]);
				else list.push(index);
			}
		}
	}
	return { slots, conflicts: slots.length < 2 ? [] : interference(fn, slots, touched, kept, apart) };
}

type Walk = (block: Block, note: ((at: number, live: Bits) => void) | null) => Bits;

function interference(
	fn: IrFunction,
	slots: readonly Inst[],
	touched: ReadonlyMap<Inst, readonly number[]>,
	kept: readonly number[],
	apart: ReadonlySet<Inst>,
): Bits[] {
	const words = (slots.length + 31) >>> 5;
	const index = new Map<Value, number>(slots.map((slot, i) => [slot, i]));
	const marked = (inst: Inst): number | undefined => (inst.op === "lifetime" && isInst(inst.args[0]) ? index.get(inst.args[0]) : undefined);
	const order = reversePostorder(fn);
	const add = (live: Bits, list: readonly number[] | undefined): void => {
		for (const slot of list ?? []) live[slot >>> 5] |= 1 << (slot & 31);
	};
	const remove = (live: Bits, slot: number): void => {
		live[slot >>> 5] &= ~(1 << (slot & 31));
	};

	/** Used since the last mark, on some way here. */
	const begun = new Map<Block, Bits>(order.map((block) => [block, new Uint32Array(words)]));
	const preds = predecessors(fn);
	const forward: Walk = (block, note) => {
		const live = new Uint32Array(words);
		for (const pred of preds.get(block)!) {
			const before = begun.get(pred);
			if (before !== undefined) for (let i = 0; i < words; i++) live[i] |= before[i];
		}
		block.insts.forEach((inst, at) => {
			const slot = marked(inst);
			if (slot !== undefined) remove(live, slot);
			else add(live, touched.get(inst));
			note?.(at, live);
		});
		return live;
	};
	/** Used later, on some way from here. */
	const needed = new Map<Block, Bits>(order.map((block) => [block, new Uint32Array(words)]));
	const backward: Walk = (block, note) => {
		const live = new Uint32Array(words);
		for (const next of successors(block)) {
			const after = needed.get(next)!;
			for (let i = 0; i < words; i++) live[i] |= after[i];
			// Addresses that flow into a phi are used at the end of this block.
			for (const inst of next.insts) {
				if (inst.op !== "phi") break;
				add(live, touched.get(inst));
			}
		}
		for (let at = block.insts.length - 1; at >= 0; at--) {
			const inst = block.insts[at];
			const slot = marked(inst);
			if (slot !== undefined) remove(live, slot);
			else {
				add(live, touched.get(inst));
				if (mayFollow(inst)) add(live, kept);
			}
			note?.(at, live);
		}
		return live;
	};
	repeat(order, begun, forward);
	repeat(order.slice().reverse(), needed, backward);

	const conflicts = slots.map(() => new Uint32Array(words));
	for (const block of order) {
		const after: Bits[] = [];
		forward(block, (at, live) => (after[at] = live.slice()));
		backward(block, (at, live) => {
			if (apart.has(block.insts[at])) return;
			const together = after[at];
			for (let w = 0; w < words; w++) together[w] &= live[w];
			for (let i = 0; i < slots.length; i++) if (has(together, i)) for (let w = 0; w < words; w++) conflicts[i][w] |= together[w];
		});
	}
	return conflicts;
}

/** Whether it may reach memory by an address that it found somewhere. */
function mayFollow({ op, args }: Inst): boolean {
	const { does } = row(op);
	if (op === "lifetime" || op === "asmgoto" || does === "pure" || does === "place" || does === "end") return op === "asmgoto";
	if (op !== "load" && op !== "store") return true;
	const { base } = baseOf(args[0]);
	return !isInst(base) || base.op !== "alloca";
}

function repeat(order: readonly Block[], known: Map<Block, Bits>, walk: Walk): void {
	for (let changed = true; changed; ) {
		changed = false;
		for (const block of order) {
			const live = walk(block, null);
			const before = known.get(block)!;
			if (live.every((word, w) => word === before[w])) continue;
			known.set(block, live);
			changed = true;
		}
	}
}
