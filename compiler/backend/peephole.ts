import { liveBefore, physicalLiveness } from "./layout.ts";
import { forDefs, hasEffect, isCopy, type MFunction, type MInst, successors } from "./machine.ts";

/**
 * Tidies code that has its registers: instructions whose result nobody reads, and copies of what is already there.
 */
export function improve(fn: MFunction): void {
	for (const block of fn.blocks) block.insts = forwardCopies(block.insts);
	const liveIn = physicalLiveness(fn);
	for (const block of fn.blocks) {
		let live = 0;
		for (const next of successors(block)) live |= liveIn.get(next)!;
		const kept: MInst[] = [];
		for (let i = block.insts.length - 1; i >= 0; i--) {
			const inst = block.insts[i];
			let needed = hasEffect(inst);
			forDefs(inst, (reg) => {
				if ((live & (1 << reg)) !== 0) needed = true;
			});
			if (!needed) continue;
			kept.push(inst);
			live = liveBefore(inst, live);
		}
		block.insts = kept.reverse();
	}
}

/** `a = b` where a and b are equal already. */
function forwardCopies(insts: readonly MInst[]): MInst[] {
	const out: MInst[] = [];
	/** Register → the register that it is a copy of. */
	const same = new Map<number, number>();
	for (const inst of insts) {
		if (isCopy(inst) && (same.get(inst.dst) === inst.src || same.get(inst.src) === inst.dst)) continue;
		forDefs(inst, (reg) => {
			same.delete(reg);
			for (const [to, from] of same) if (from === reg) same.delete(to);
		});
		if (isCopy(inst)) same.set(inst.dst, inst.src);
		out.push(inst);
	}
	return out;
}
