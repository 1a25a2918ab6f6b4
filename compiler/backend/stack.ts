import type { DiagnosticSink } from "../diagnostics/diagnostic.ts";
import { BitSet } from "./liveness.ts";
import { FRAME, type FrameSlot, type MBlock, type MFunction, type MInst, NONE, predecessors, successors } from "./machine.ts";

/**
 * Places the stack slots below r10, in the 512 bytes that Linux gives a frame. Spill slots whose contents are never needed
 * at the same time share a place (their loads and stores are all there is to know of them, so plain liveness tells); variables were
 * merged by the optimiser already. A bill of the variables goes with the error when it does not fit.
 */
export const STACK_LIMIT = 512;

export function placeStack(fn: MFunction, diagnostics: DiagnosticSink): void {
	const used = new Set<FrameSlot>();
	for (const block of fn.blocks) {
		for (const inst of block.insts) {
			if (inst.slot !== null) used.add(inst.slot);
			if (inst.asm !== null) for (const operand of inst.asm.operands) if (operand.memory?.slot) used.add(operand.memory.slot);
		}
	}
	const variables = fn.slots.filter((slot) => used.has(slot) && slot.variable !== SPILL);
	let depth = 0;
	const place = (slots: readonly FrameSlot[], size: number, align: number): void => {
		depth = Math.ceil((depth + size) / align) * align;
		for (const slot of slots) slot.offset = -depth;
	};
	// Widest alignment first: no gaps but at the end.
	for (const slot of [...variables].sort((a, b) => b.align - a.align)) place([slot], slot.size, Math.max(1, slot.align));
	for (const group of shareSpills(fn, used)) place(group, 8, 8);
	if (depth <= STACK_LIMIT) return;
	const bill = [...variables].sort((a, b) => b.size - a.size).slice(0, 5);
	diagnostics.report({
		code: "E0707",
		severity: "error",
		message: `stack of ${depth} bytes in function "${fn.name}" exceeds the limit of ${STACK_LIMIT}`,
		span: bill[0]?.loc ?? fn.ir.symbol.span,
		notes: bill.map((slot) => ({ message: `${slot.variable === null ? "a temporary" : `"${slot.variable}"`} takes ${slot.size} bytes`, span: slot.loc })),
	});
}

/** The name of slots that hold spilled registers. */
export const SPILL = "(spilled register)";

function shareSpills(fn: MFunction, used: ReadonlySet<FrameSlot>): FrameSlot[][] {
	const slots = fn.slots.filter((slot) => slot.variable === SPILL && used.has(slot));
	if (slots.length < 2) return slots.map((slot) => [slot]);
	const index = new Map(slots.map((slot, i) => [slot, i]));
	const spillOf = (inst: MInst): number => (inst.slot === null ? NONE : (index.get(inst.slot) ?? NONE));
	const isStore = (inst: MInst): boolean => inst.kind === "store" && inst.dst === FRAME;
	const liveIn = new Map<MBlock, BitSet>();
	for (const block of fn.blocks) liveIn.set(block, new BitSet(slots.length));
	const preds = predecessors(fn);
	const apart = slots.map(() => new BitSet(slots.length));
	const walk = (block: MBlock, connect: boolean): BitSet => {
		const live = new BitSet(slots.length);
		for (const next of successors(block)) live.union(liveIn.get(next)!);
		for (let i = block.insts.length - 1; i >= 0; i--) {
			const slot = spillOf(block.insts[i]);
			if (slot === NONE) continue;
			if (isStore(block.insts[i])) {
				live.delete(slot);
				if (connect) {
					apart[slot].union(live);
					live.forEach((other) => apart[other].add(slot));
				}
			} else live.add(slot);
		}
		return live;
	};
	const work = [...fn.blocks];
	while (work.length > 0) {
		const block = work.pop()!;
		const live = walk(block, false);
		const before = liveIn.get(block)!;
		if (live.words.every((word, w) => word === before.words[w])) continue;
		liveIn.set(block, live);
		work.push(...preds.get(block)!);
	}
	for (const block of fn.blocks) walk(block, true);
	const groups: { slots: FrameSlot[]; members: number[] }[] = [];
	slots.forEach((slot, i) => {
		const home = groups.find((group) => group.members.every((other) => !apart[i].has(other)));
		if (home === undefined) groups.push({ slots: [slot], members: [i] });
		else {
			home.slots.push(slot);
			home.members.push(i);
		}
	});
	return groups.map((group) => group.slots);
}
