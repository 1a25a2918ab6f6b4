import type { DiagnosticSink } from "../diagnostics/diagnostic.ts";
import { BitSet } from "./liveness.ts";
import { type FrameSlot, type MBlock, type MFunction, type MInst, predecessors, successors } from "./machine.ts";

/**
 * Places the stack slots below r10, in the 512 bytes that Linux gives a frame. Spill slots whose contents are never needed
 * at the same time share a place (their loads and stores are all there is to know of them, so plain liveness tells); variables were
 * merged by the optimiser already. A bill of the variables goes with the error when it does not fit.
 */
const STACK_LIMIT = 512;

/** Up to here a frame may have gaps. */
const ROOMY = 128;

export function placeStack(fn: MFunction, diagnostics: DiagnosticSink): void {
	const spills = fn.slots.filter((slot) => slot.variable === SPILL);
	const live = new SpillLiveness(fn, spills);
	live.dropDeadStores();
	const used = new Set<FrameSlot>();
	const volatile = new Set<FrameSlot>();
	for (const block of fn.blocks) {
		for (const inst of block.insts) {
			if (inst.slot !== null) used.add(inst.slot);
			if (inst.slot !== null && inst.volatile) volatile.add(inst.slot);
			if (inst.asm !== null) for (const operand of inst.asm.operands) if (operand.memory?.slot) used.add(operand.memory.slot);
		}
	}
	const variables = fn.slots.filter((slot) => used.has(slot) && slot.variable !== SPILL);
	const spilled = live.share(spills.filter((slot) => used.has(slot)));
	const layOut = (least: number): number => {
		let depth = 0;
		const place = (slots: readonly FrameSlot[], size: number, align: number): void => {
			depth = Math.ceil((depth + size) / align) * align;
			if (slots[0].forgotten && depth % 8 === 0) depth += align;
			for (const slot of slots) slot.offset = -depth;
		};
		// Widest alignment first: no gaps but at the end.
		for (const slot of [...variables].sort((a, b) => b.align - a.align)) {
			const forgotten = slot.forgotten || volatile.has(slot);
			// A volatile variable is read to be read: a loop that counts in one would have no end for the verifier.
			if (volatile.has(slot) && slot.size < 8) depth += (depth + slot.size) % 8 === 0 ? slot.size : 0;
			// An empty array has an address, too.
			place([slot], Math.max(slot.size, 1), Math.max(slot.size <= 8 && !forgotten ? least : 1, slot.align));
		}
		for (const group of spilled) place(group, 8, 8);
		return depth;
	};
	// The verifier remembers what a scalar was only where it was stored at a multiple of eight bytes: a counter that a
	// helper reads through its address keeps its bound there. Not at the price of a deep stack; and what a loop only counts
	// up lies between two such places.
	let depth = layOut(8);
	if (depth > ROOMY) depth = layOut(1);
	if (depth <= STACK_LIMIT) return;
	const bill = [...variables].sort((a, b) => b.size - a.size).slice(0, 5);
	diagnostics.report({
		code: "E0707",
		severity: "error",
		message: `stack of ${depth} bytes in function "${fn.name}" exceeds the limit of ${STACK_LIMIT}`,
		span: bill[0]?.loc ?? fn.ir.symbol.span,
		notes: bill.map((slot) => ({
			message: `${slot.variable === null ? "a temporary" : `"${slot.variable}"`} takes ${slot.size} bytes`,
			span: slot.loc,
		})),
	});
}

/** The name of slots that hold spilled registers. */
export const SPILL = "(spilled register)";

/** Which spill slots hold something that will be read, at every point. */
class SpillLiveness {
	private readonly fn: MFunction;
	private readonly slots: readonly FrameSlot[];
	private readonly index: ReadonlyMap<FrameSlot, number>;
	private readonly liveIn = new Map<MBlock, BitSet>();

	constructor(fn: MFunction, slots: readonly FrameSlot[]) {
		this.fn = fn;
		this.slots = slots;
		this.index = new Map(slots.map((slot, i) => [slot, i]));
		for (const block of fn.blocks) this.liveIn.set(block, new BitSet(slots.length));
		if (slots.length === 0) return;
		const preds = predecessors(fn);
		const work = [...fn.blocks];
		while (work.length > 0) {
			const block = work.pop()!;
			const live = this.walk(block, () => {});
			const before = this.liveIn.get(block)!;
			if (live.words.every((word, w) => word === before.words[w])) continue;
			this.liveIn.set(block, live);
			work.push(...preds.get(block)!);
		}
	}

	private walk(block: MBlock, atStore: (slot: number, live: BitSet, inst: MInst) => void): BitSet {
		const live = new BitSet(this.slots.length);
		for (const next of successors(block)) live.union(this.liveIn.get(next)!);
		for (let i = block.insts.length - 1; i >= 0; i--) {
			const inst = block.insts[i];
			const slot = inst.slot === null ? undefined : this.index.get(inst.slot);
			if (slot === undefined) continue;
			if (inst.kind === "store") {
				atStore(slot, live, inst);
				live.delete(slot);
			} else live.add(slot);
		}
		return live;
	}

	dropDeadStores(): void {
		if (this.slots.length === 0) return;
		for (const block of this.fn.blocks) {
			const dead = new Set<MInst>();
			this.walk(block, (slot, live, inst) => {
				if (!live.has(slot)) dead.add(inst);
			});
			if (dead.size > 0) block.insts = block.insts.filter((inst) => !dead.has(inst));
		}
	}

	/** Groups of slots that may have one place. */
	share(slots: readonly FrameSlot[]): FrameSlot[][] {
		const apart = this.slots.map(() => new BitSet(this.slots.length));
		for (const block of this.fn.blocks) {
			this.walk(block, (slot, live) => {
				apart[slot].union(live);
				live.forEach((other) => apart[other].add(slot));
			});
		}
		const groups: FrameSlot[][] = [];
		for (const slot of slots) {
			const home = groups.find((group) => group.every((other) => !apart[this.index.get(slot)!].has(this.index.get(other)!)));
			if (home === undefined) groups.push([slot]);
			else home.push(slot);
		}
		return groups;
	}
}
