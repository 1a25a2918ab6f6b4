import type { Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { row } from "../../ir/ops.ts";
import { isInst, replaceAll, usersOf } from "../../ir/values.ts";
import { variedKeys } from "../../ir/varied-keys.ts";
import { baseOf } from "../analysis/slots.ts";
import { type Bits, has, livesOf } from "./slot-lives.ts";

/** Stack slots whose lives are apart share their bytes: 512 of them are all that a program has. The largest are placed first. */
export const mergeSlots: Pass = {
	name: "merge-slots",
	run(fn) {
		const { slots, conflicts } = livesOf(fn);
		if (slots.length < 2) return false;
		const map = group(slots, conflicts, variedKeys(fn, usersOf(fn)));
		replaceAll(fn, map);
		if (map.size > 0) dropCopiesOntoThemselves(fn);
		return map.size > 0;
	},
};

/**
 * Where two slots became one, what was copied from one to the other is there already. Words of a dynptr or an iterator may not even be read: the kernel
 * keeps those.
 */
function dropCopiesOntoThemselves(fn: IrFunction): void {
	const gone = new Set<Inst>();
	for (const block of fn.blocks)
		block.insts.forEach((inst, at) => inst.op === "store" && isCopyOntoItself(inst, block.insts, at, gone) && gone.add(inst));
	if (gone.size === 0) return;
	for (const block of fn.blocks) block.insts = block.insts.filter((inst) => !gone.has(inst));
	const users = usersOf(fn);
	const copied = new Set([...gone].map(({ args }) => args[1]));
	for (const block of fn.blocks) block.insts = block.insts.filter((inst) => !copied.has(inst) || users.has(inst));
}

function isCopyOntoItself({ args: [address, value], attr }: Inst, insts: readonly Inst[], at: number, gone: ReadonlySet<Inst>): boolean {
	if (!isInst(value) || value.op !== "load" || attr!.volatile || value.attr!.volatile || value.attr!.size !== attr!.size) return false;
	const [to, from] = [baseOf(address), baseOf(value.args[0])];
	if (to.base !== from.base || to.offset !== from.offset || !isInst(to.base) || to.base.op !== "alloca") return false;
	for (let i = at - 1; i >= 0; i--) {
		const inst = insts[i];
		if (inst === value) return true;
		if (gone.has(inst) || row(inst.op).does === "pure" || inst.op === "load" || inst.op === "lifetime") continue;
		if (inst.op !== "store") return false;
		const other = baseOf(inst.args[0]);
		if (other.base !== to.base || (other.offset < to.offset + attr!.size! && to.offset < other.offset + inst.attr!.size!)) return false;
	}
	return false;
}

function group(slots: readonly Inst[], conflicts: readonly Bits[], alone: ReadonlySet<Inst>): Map<Inst, Value> {
	const order = [...slots.keys()].filter((i) => !alone.has(slots[i])).sort((a, b) => slots[b].attr!.size! - slots[a].attr!.size! || a - b);
	const groups: { leader: Inst; members: number[] }[] = [];
	const map = new Map<Inst, Value>();
	for (const i of order) {
		const home = groups.find(({ members }) => members.every((member) => !has(conflicts[i], member)));
		if (home === undefined) {
			groups.push({ leader: slots[i], members: [i] });
			continue;
		}
		home.members.push(i);
		const align = Math.max(home.leader.attr!.align!, slots[i].attr!.align!);
		home.leader.attr = { ...home.leader.attr, align };
		map.set(slots[i], home.leader);
	}
	return map;
}
