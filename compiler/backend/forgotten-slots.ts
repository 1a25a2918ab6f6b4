import type { Inst, IrFunction } from "../ir/types.ts";
import { blockOf, loops } from "../ir/cfg.ts";
import { isConst, isInst, usersOf } from "../ir/values.ts";
import { variedKeys } from "../ir/varied-keys.ts";

/** Slots that lie where the verifier does not remember what number is in them. (Linux, kernel/bpf/verifier.c, check_stack_write_fixed_off: at multiples of eight bytes it does.) */
export function forgottenSlots(fn: IrFunction): Set<Inst> {
	const users = usersOf(fn);
	return new Set([...accumulators(fn, users), ...variedKeys(fn, users)]);
}

/**
 * Variables in memory that a loop only counts up, and compares nowhere: the number of matches that a helper reads
 * through its address. Were the verifier to remember their value it would meet a new state in every round and go through
 * all combinations of them; where it forgets the value, the states are equal and the loop ends.
 */
function accumulators(fn: IrFunction, users: ReadonlyMap<Inst, readonly Inst[]>): Set<Inst> {
	const found = new Set<Inst>();
	const cycles = loops(fn);
	if (cycles.length === 0) return found;
	const home = blockOf(fn);
	for (const [slot, block] of home) {
		if (slot.op !== "alloca" || slot.attr!.size! >= 8) continue;
		const accesses = users.get(slot) ?? [];
		const counted = accesses.some(
			(store) =>
				store.op === "store" &&
				store.args[0] === slot &&
				cycles.some((loop) => loop.blocks.has(home.get(store)!) && !loop.blocks.has(block)) &&
				isStep(store.args[1], slot),
		);
		const loads = accesses.filter((access) => access.op === "load" && cycles.some((loop) => loop.blocks.has(home.get(access)!)));
		if (counted && !loads.some((load) => isCompared(load, users, 4))) found.add(slot);
	}
	return found;
}

/** What was in the slot and a constant. */
function isStep(value: Inst["args"][number], slot: Inst): boolean {
	if (!isInst(value) || (value.op !== "add" && value.op !== "sub") || !isConst(value.args[1])) return false;
	const [before] = value.args;
	return isInst(before) && before.op === "load" && before.args[0] === slot;
}

/** A comparison, or an address or memory that it may reach one through. */
function isCompared(value: Inst, users: ReadonlyMap<Inst, readonly Inst[]>, depth: number): boolean {
	return (users.get(value) ?? []).some(
		(user) =>
			user.op === "icmp" ||
			user.op === "branch" ||
			user.op === "switch" ||
			user.op === "phi" ||
			user.op === "ptradd" ||
			depth === 0 ||
			(user.ty !== null && user.op !== "call" && isCompared(user, users, depth - 1)),
	);
}
