import type { Block, Inst, Value } from "../../ir/types.ts";
import type { Analyses } from "../analysis/analyses.ts";
import type { Pass } from "../pass.ts";
import type { SlotUse } from "../analysis/slots.ts";
import { isConst, isInst, replaceAll, undef } from "../../ir/values.ts";
import { analysesOf } from "../analysis/analyses.ts";
import { along } from "../analysis/facts.ts";
import { baseOf, rootOf } from "../analysis/slots.ts";

/**
 * What C gives no meaning in memory. What lies wholly beside a local variable is no object: reading it gives any value, and nothing is
 * written there; the kernel would refuse the access. Nor is there an object at an address that was found to be null. A store of any value is no store, except to a slot, which calls want filled.
 */
export const noObject: Pass = {
	name: "no-object",
	run(fn, context) {
		const analyses = analysesOf(fn, context);
		const beside = new Set(analyses.slots.flatMap(accessesBeside));
		if (fn.nullIsAddress !== true) for (const inst of accessesAtNull(analyses)) beside.add(inst);
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

/** `if (value) …; else use(value->member);`: what is accessed on the way on which the address is null. */
function* accessesAtNull({ order, predecessors, dominators }: Analyses): Iterable<Inst> {
	const found = new Map<Value, Block[]>();
	for (const block of order) {
		const [from, ...others] = predecessors.get(block)!;
		const fact = from === undefined || others.length > 0 ? null : along(from, block);
		if (fact?.pred !== "eq" || fact.left.ty !== "ptr" || !isConst(fact.right) || fact.right.value !== 0n) continue;
		found.set(fact.left, [...(found.get(fact.left) ?? []), block]);
	}
	if (found.size === 0) return;
	for (const block of order)
		for (const inst of block.insts) {
			if ((inst.op !== "load" && inst.op !== "store") || inst.attr!.volatile) continue;
			const isNull = found.get(baseOf(inst.args[0]).base);
			if (isNull?.some((place) => dominators.dominates(place, block))) yield inst;
		}
}

function storesAnything({ args: [address, value] }: Inst): boolean {
	if (value.op !== "undef") return false;
	const { root } = rootOf(address);
	return !(isInst(root) && root.op === "alloca");
}
