import { type FrameSlot, forDefs, forUses, isCopy, isVirtual, type MFunction, type MInst, minst, FRAME, NONE, type Reg, renameRegs } from "./machine.ts";
import { SPILL } from "./stack.ts";

/**
 * Moves registers to the stack. Each use loads into a register of its own just before, each definition stores just after,
 * always the whole eight bytes: the kernel's verifier then knows of the slot all that it knew of the register. What is
 * cheaper to make again (a constant, an address) is made again instead and needs no slot.
 *
 * In: virtual register → the one that stands for its group of copies; a group shares one slot.
 */
export function spill(fn: MFunction, spilled: ReadonlyMap<Reg, Reg>): void {
	const again = rematerialisable(fn, spilled);
	const slots = new Map<Reg, FrameSlot>();
	const slotOf = (reg: Reg): FrameSlot => {
		const root = spilled.get(reg)!;
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
		for (const inst of block.insts) {
			if (isCopy(inst) && spilled.has(inst.src) && spilled.has(inst.dst) && !again.has(inst.src) && slotOf(inst.src) === slotOf(inst.dst)) continue;
			const temps = new Map<Reg, Reg>();
			const temp = (reg: Reg): Reg => {
				let made = temps.get(reg);
				if (made === undefined) {
					made = fn.nextReg++;
					temps.set(reg, made);
				}
				return made;
			};
			const before: MInst[] = [];
			const after: MInst[] = [];
			const loaded = new Set<Reg>();
			let dropped = false;
			forUses(inst, (reg) => {
				if (!spilled.has(reg) || loaded.has(reg)) return;
				loaded.add(reg);
				const source = again.get(reg);
				if (source !== undefined) before.push({ ...source, dst: temp(reg), loc: inst.loc, spillCode: true });
				else before.push(minst("load", inst.loc, { dst: temp(reg), src: FRAME, slot: slotOf(reg), spillCode: true }));
			});
			const stored = new Set<Reg>();
			forDefs(inst, (reg) => {
				if (!isVirtual(reg) || !spilled.has(reg) || stored.has(reg)) return;
				stored.add(reg);
				if (again.has(reg)) dropped = true;
				else after.push(minst("store", inst.loc, { dst: FRAME, src: temp(reg), slot: slotOf(reg), spillCode: true }));
			});
			if (dropped) continue;
			if (temps.size > 0) renameRegs(inst, (reg) => temps.get(reg) ?? reg);
			out.push(...before, inst, ...after);
		}
		block.insts = out;
	}
}

/** Registers with one definition that needs nothing: a constant, a symbol's address, an address in the frame. */
function rematerialisable(fn: MFunction, spilled: ReadonlyMap<Reg, Reg>): Map<Reg, MInst> {
	const sources = new Map<Reg, MInst | null>();
	for (const block of fn.blocks) {
		for (const inst of block.insts) {
			forDefs(inst, (reg) => {
				if (!spilled.has(reg)) return;
				const free = inst.core === null && (inst.kind === "wide" || inst.kind === "address" || (inst.kind === "alu" && inst.op === "mov" && inst.src === NONE));
				sources.set(reg, free && !sources.has(reg) ? inst : null);
			});
		}
	}
	const result = new Map<Reg, MInst>();
	for (const [reg, source] of sources) if (source !== null) result.set(reg, source);
	return result;
}

