import type { Inst, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import type { SlotUse } from "../analysis/slots.ts";
import { isInst, replaceAll, undef } from "../../ir/values.ts";
import { analysesOf } from "../analysis/analyses.ts";
import { rootOf } from "../analysis/slots.ts";

/**
 * What C gives no meaning in memory. What lies wholly beside a local variable is no object: reading it gives any value, and nothing is
 * written there; the kernel would refuse the access. A store of any value is no store, except to a slot, which calls want filled.
 */
export const noObject: Pass = {
	name: "no-object",
	run(fn, context) {
		const beside = new Set(analysesOf(fn, context).slots.flatMap(accessesBeside));
		const values = new Map<Inst, Value>();
		const gone = new Set<Inst>();
		for (const { insts } of fn.blocks) {
			for (const inst of insts) {
				if (inst.op === "load" && beside.has(inst)) values.set(inst, undef(inst.ty!));
				else if (inst.op === "store" && !inst.attr!.volatile && (beside.has(inst) || storesAnything(inst))) gone.add(inst);
			}
		}
		if (values.size === 0 && gone.size === 0) return false;
		for (const block of fn.blocks) block.insts = block.insts.filter((inst) => !values.has(inst) && !gone.has(inst));
		replaceAll(fn, values);
		return true;
	},
};

/** What is read or written at a place that is known and has no byte of the slot. */
function accessesBeside({ alloca, accesses }: SlotUse): Inst[] {
	return accesses
		.filter(({ inst, offset, operand, size }) => {
			if ((inst.op !== "load" && inst.op !== "store") || operand !== 0 || inst.attr!.volatile || size === null) return false;
			return offset >= alloca.attr!.size! || offset + size <= 0;
		})
		.map(({ inst }) => inst);
}

function storesAnything({ args: [address, value] }: Inst): boolean {
	if (value.op !== "undef") return false;
	const { root } = rootOf(address);
	return !(isInst(root) && root.op === "alloca");
}
