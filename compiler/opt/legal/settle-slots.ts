import type { Inst } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";

/** Every slot in the entry block; what is left of `lifetime` goes. */
export const settleSlots: Pass = {
	name: "settle-slots",
	run(fn) {
		const slots: Inst[] = [];
		let marks = 0;
		for (const block of fn.blocks) {
			block.insts = block.insts.filter((inst) => {
				if (inst.op === "alloca") slots.push(inst);
				if (inst.op === "lifetime") marks++;
				return inst.op !== "alloca" && inst.op !== "lifetime";
			});
		}
		fn.blocks[0].insts.unshift(...slots);
		return slots.length + marks > 0;
	},
};
