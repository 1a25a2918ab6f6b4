import type { Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { isInst, replaceAll, usersOf } from "../../ir/values.ts";
import { derivedUses } from "../analysis/slots.ts";
import { has, livesOf } from "./slot-lives.ts";

/**
 * A slot that is copied whole into another one, and is not looked at afterwards, is the other one: what a function puts together and returns by value is
 * put together where its caller wants it. Of slots that a call is given nothing else takes the copy away, and of a dynptr or an iterator in
 * one the kernel lets nobody read the words.
 */
export const copiedSlots: Pass = {
	name: "copied-slots",
	run(fn) {
		let changed = false;
		while (mergeOne(fn)) changed = true;
		return changed;
	},
};

function mergeOne(fn: IrFunction): boolean {
	const copies = fn.blocks.flatMap(({ insts }) => insts.filter(isWholeCopy));
	if (copies.length === 0) return false;
	const users = usersOf(fn);
	const isGiven = (slot: Inst): boolean => [...derivedUses(slot, users).uses].some(({ op }) => op === "call");
	const { slots, conflicts } = livesOf(fn, new Set(copies));
	for (const { args } of copies) {
		const [to, from] = args as Inst[];
		if (has(conflicts[slots.indexOf(to)], slots.indexOf(from)) || !(isGiven(to) || isGiven(from))) continue;
		to.attr = { ...to.attr, align: Math.max(to.attr!.align!, from.attr!.align!) };
		replaceAll(fn, new Map<Inst, Value>([[from, to]]));
		// Marks of either would end a life in the middle of the other's.
		const isGone = (inst: Inst): boolean =>
			inst === from ||
			(inst.op === "lifetime" && inst.args[0] === to) ||
			((inst.op === "memcpy" || inst.op === "memmove") && inst.args[0] === to && inst.args[1] === to);
		for (const block of fn.blocks) block.insts = block.insts.filter((inst) => !isGone(inst));
		return true;
	}
	return false;
}

/** From one slot to another of the same size. */
function isWholeCopy({ op, args: [to, from], attr }: Inst): boolean {
	if ((op !== "memcpy" && op !== "memmove") || attr!.volatile || attr!.size === undefined || to === from) return false;
	return [to, from].every((slot) => isInst(slot) && slot.op === "alloca" && slot.attr!.size === attr!.size);
}
