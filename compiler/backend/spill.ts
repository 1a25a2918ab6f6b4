import {
	type FrameSlot,
	forDefs,
	forUses,
	isCopy,
	isVirtual,
	type MFunction,
	type MInst,
	minst,
	FRAME,
	NONE,
	type Reg,
	renameRegs,
} from "./machine.ts";
import { SPILL } from "./stack.ts";
import { storeOnce } from "./store-once.ts";

/**
 * Moves registers to the stack. A use loads into a register of its own just before, a definition stores just after, always the
 * whole eight bytes: the kernel's verifier then knows of the slot all that it knew of the register. Uses close to each other
 * share one load. What is cheaper to make again (a constant, an address) is made again instead and needs no slot.
 *
 * In: virtual register → the one that stands for its group of copies; a group shares one slot. `reach`: how many instructions
 * apart uses may be to share; each round of allocation allows fewer, so that in the end nothing but single uses remains.
 */
export function spill(fn: MFunction, spilled: ReadonlyMap<Reg, Reg>, reach: number): void {
	const again = rematerialisable(fn, spilled);
	const slots = new Map<Reg, FrameSlot>();
	const slotOf = (root: Reg): FrameSlot => {
		let slot = slots.get(root);
		if (slot === undefined) {
			slot = { size: 8, align: 8, variable: SPILL, loc: null, offset: 0 };
			slots.set(root, slot);
			fn.slots.push(slot);
		}
		return slot;
	};
	for (const block of fn.blocks) {
		const out: MInst[] = [];
		/** What stands for the value: the group, or the register itself if it is made again. */
		const keyOf = (reg: Reg): Reg => (again.has(reg) ? reg : spilled.get(reg)!);
		const held = new Map<Reg, { readonly temp: Reg; at: number }>();
		block.insts.forEach((inst, i) => {
			if (isCopy(inst) && spilled.has(inst.src) && spilled.has(inst.dst) && keyOf(inst.src) === keyOf(inst.dst)) return;
			const temps = new Map<Reg, Reg>();
			const before: MInst[] = [];
			const after: MInst[] = [];
			forUses(inst, (reg) => {
				if (!spilled.has(reg) || temps.has(reg)) return;
				const key = keyOf(reg);
				const near = held.get(key);
				if (near !== undefined && i - near.at <= reach) {
					near.at = i;
					temps.set(reg, near.temp);
					return;
				}
				const temp = fn.nextReg++;
				temps.set(reg, temp);
				held.set(key, { temp, at: i });
				const source = again.get(reg);
				before.push(
					source !== undefined
						? { ...source, dst: temp, loc: inst.loc, spillCode: true }
						: minst("load", inst.loc, { dst: temp, src: FRAME, slot: slotOf(key), spillCode: true }),
				);
			});
			let dropped = false;
			const stored = new Set<Reg>();
			forDefs(inst, (reg) => {
				if (!isVirtual(reg) || !spilled.has(reg) || stored.has(reg)) return;
				stored.add(reg);
				if (again.has(reg)) {
					dropped = true;
					return;
				}
				const key = keyOf(reg);
				let temp = temps.get(reg);
				if (temp === undefined) {
					temp = fn.nextReg++;
					temps.set(reg, temp);
				}
				held.set(key, { temp, at: i });
				after.push(minst("store", inst.loc, { dst: FRAME, src: temp, slot: slotOf(key), spillCode: true }));
			});
			if (dropped) return;
			if (temps.size > 0) renameRegs(inst, (reg) => temps.get(reg) ?? reg);
			for (const one of before) out.push(one);
			out.push(inst);
			for (const one of after) out.push(one);
			// Nothing may be held over what overwrites r0–r5.
			if (inst.kind === "call" || inst.kind === "asm" || inst.kind === "packet") held.clear();
		});
		block.insts = out;
	}
	// Each takes a register for a while, which the last rounds do not have.
	if (reach > 2) storeOnce(fn);
}

/** Registers with one definition that needs nothing: a constant, a symbol's address, an address in the frame. */
function rematerialisable(fn: MFunction, spilled: ReadonlyMap<Reg, Reg>): Map<Reg, MInst> {
	const sources = new Map<Reg, MInst | null>();
	for (const block of fn.blocks) {
		for (const inst of block.insts) {
			forDefs(inst, (reg) => {
				if (!spilled.has(reg)) return;
				const free =
					inst.core === null &&
					(inst.kind === "wide" || inst.kind === "address" || (inst.kind === "alu" && inst.op === "mov" && inst.src === NONE));
				sources.set(reg, free && !sources.has(reg) ? inst : null);
			});
		}
	}
	const result = new Map<Reg, MInst>();
	for (const [reg, source] of sources) if (source !== null) result.set(reg, source);
	return result;
}
