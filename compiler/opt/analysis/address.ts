import type { Inst, Value } from "../../ir/types.ts";
import { isConst, isInst } from "../../ir/values.ts";

/** Addresses as computations: places in memory are the same where the same is added to the same. */
export const isAddressing = (inst: Inst): boolean => inst.op === "ptradd" || inst.op === "addrspace" || inst.op === "global";

/** What an address is computed from. */
export function leavesOf(address: Value, found: Set<Inst>): Set<Inst> {
	if (!isInst(address)) return found;
	if (!isAddressing(address)) return found.add(address);
	for (const arg of address.args) leavesOf(arg, found);
	return found;
}

/** The same computation from the same values. */
export function isSameAddress(a: Value, b: Value): boolean {
	if (a === b) return true;
	if (!isInst(a) || !isInst(b)) return isConst(a) && isConst(b) && a.ty === b.ty && a.value === b.value;
	if (a.op !== b.op || !isAddressing(a)) return false;
	if (a.op === "global") return a.attr!.global === b.attr!.global && (a.attr!.offset ?? 0) === (b.attr!.offset ?? 0);
	return a.attr?.from === b.attr?.from && a.attr?.to === b.attr?.to && a.args.every((arg, i) => isSameAddress(arg, b.args[i]));
}
