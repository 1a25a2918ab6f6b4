import { liveBefore, physicalLiveness } from "./layout.ts";
import { forDefs, hasEffect, type MFunction, type MInst, successors } from "./machine.ts";
import { reuseValues } from "./reuse.ts";

/**
 * Tidies code that has its registers: instructions whose result nobody reads, and copies of what is already there.
 */
export function improve(fn: MFunction): void {
	reuseValues(fn);
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
