import type { Inst, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { isInst, isRemovable } from "../../ir/values.ts";

/** Instructions whose value nobody needs go, and with them those that only they needed (cycles of phis too). */
export const dce: Pass = {
	name: "dce",
	run(fn) {
		const live = neededFor(fn.blocks.flatMap((block) => block.insts.filter((inst) => !isRemovable(inst) && !isIdle(inst))));
		// A slot's beginning of life does not keep the slot, and at the end of the function all slots end.
		for (const block of fn.blocks) {
			let last = block.insts.length - 1;
			if (block.insts[last].op === "ret") while (last > 0 && block.insts[last - 1].op === "lifetime") last--;
			block.insts.forEach((inst, at) => {
				if (at < last && inst.op === "lifetime" && isInst(inst.args[0]) && live.has(inst.args[0])) live.add(inst);
			});
		}
		let changed = false;
		for (const block of fn.blocks) {
			if (block.insts.every((inst) => live.has(inst))) continue;
			block.insts = block.insts.filter((inst) => live.has(inst));
			changed = true;
		}
		// An atomic operation whose old value nobody wants need not fetch it.
		for (const block of fn.blocks) {
			for (const inst of block.insts) {
				if (inst.op !== "atomic" || inst.ty === null || inst.attr!.rmw === "xchg" || used(fn.blocks, inst)) continue;
				inst.ty = null;
				inst.attr = { ...inst.attr, fetch: false };
				changed = true;
			}
		}
		return changed;
	},
};

/** The roots and all that they are made of; `also` marks what else an instruction needs. */
export function neededFor(roots: Iterable<Inst>, also: (inst: Inst, mark: (value: Value) => void) => void = () => {}): Set<Inst> {
	const live = new Set<Inst>();
	const work: Inst[] = [];
	const mark = (value: Value): void => {
		if (!isInst(value) || live.has(value)) return;
		live.add(value);
		work.push(value);
	};
	for (const root of roots) mark(root);
	while (work.length > 0) {
		const inst = work.pop()!;
		for (const arg of inst.args) mark(arg);
		also(inst, mark);
	}
	return live;
}

const used = (blocks: readonly { readonly insts: readonly Inst[] }[], value: Inst): boolean =>
	blocks.some((block) => block.insts.some((inst) => inst.args.includes(value)));

/** asm without `volatile` is as removable as arithmetic. */
const isIdle = (inst: Inst): boolean =>
	inst.op === "lifetime" || (inst.op === "asm" && (!inst.attr!.asm!.volatile || inst.attr!.asm!.reads === true) && inst.ty !== null);
