import type { Inst, IrFunction, Value } from "../../ir/types.ts";
import { isConst, isInst, usersOf } from "../../ir/values.ts";

/** How a stack slot is used, through constant offsets: shared by scalar replacement, dead stores and merging of slots. */
export interface SlotAccess {
	readonly inst: Inst;
	/** From the slot's start. */
	readonly offset: number;
	/** Which operand is the address. */
	readonly operand: number;
	/** Bytes; null when only known at run time. */
	readonly size: number | null;
}

export interface SlotUse {
	readonly alloca: Inst;
	readonly accesses: SlotAccess[];
	/** ptradd instructions on the way. */
	readonly addresses: Inst[];
	/** The address gets somewhere that is not followed (call, stored pointer, variable offset, phi). */
	escapes: boolean;
	/** Loads and stores at an index known only at run time. */
	readonly indexed: Inst[];
	/** The address gets somewhere where even the uses are not known: other code may touch the slot. */
	leaks: boolean;
}

const MEMORY = new Set(["load", "store", "memcpy", "memmove", "memset", "memcmp", "lifetime"]);

export function slotUses(fn: IrFunction, users: ReadonlyMap<Inst, readonly Inst[]> = usersOf(fn)): SlotUse[] {
	const result: SlotUse[] = [];
	for (const block of fn.blocks) {
		for (const inst of block.insts) {
			if (inst.op !== "alloca") continue;
			const use: SlotUse = { alloca: inst, accesses: [], addresses: [], escapes: false, indexed: [], leaks: false };
			follow(inst, 0, use, users);
			result.push(use);
		}
	}
	return result;
}

function follow(address: Inst, offset: number, use: SlotUse, users: ReadonlyMap<Inst, readonly Inst[]>): void {
	const list = users.get(address) ?? [];
	for (let i = 0; i < list.length; i++) {
		const inst = list[i];
		// Once for each that uses it, however often: its uses stand side by side.
		if (i > 0 && list[i - 1] === inst) continue;
		if (inst.op === "ptradd" && inst.args[0] === address && isConst(inst.args[1])) {
			use.addresses.push(inst);
			follow(inst, offset + Number(inst.args[1].value), use, users);
		} else if (MEMORY.has(inst.op)) {
			const pointers = inst.op === "memcpy" || inst.op === "memmove" || inst.op === "memcmp" ? 2 : 1;
			inst.args.forEach((arg, operand) => {
				if (arg !== address) return;
				if (operand >= pointers) use.escapes = use.leaks = true;
				else use.accesses.push({ inst, offset, operand, size: inst.op === "lifetime" ? 0 : (inst.attr?.size ?? null) });
			});
		} else {
			use.escapes = true;
			if (inst.op !== "ptradd" || inst.args[0] !== address || !followIndexed(inst, use, users)) use.leaks = true;
		}
	}
}

/** Everything that is done with an address somewhere in the slot, if that is only loading and storing. */
function followIndexed(address: Inst, use: SlotUse, users: ReadonlyMap<Inst, readonly Inst[]>): boolean {
	for (const inst of users.get(address) ?? []) {
		if (inst.op === "ptradd" && inst.args[0] === address) {
			if (!followIndexed(inst, use, users)) return false;
		} else if (inst.op === "load" || (inst.op === "store" && inst.args[1] !== address)) use.indexed.push(inst);
		else return false;
	}
	return true;
}

/** An address as a value and a constant distance from it. */
export function baseOf(address: Value): { readonly base: Value; readonly offset: number } {
	let base = address;
	let offset = 0;
	while (isInst(base) && base.op === "ptradd" && isConst(base.args[1])) {
		offset += Number(base.args[1].value);
		base = base.args[0];
	}
	return { base, offset };
}

/** An address at a constant distance in a section of this object: a map value to the verifier, whichever section it is. */
export function isInData(address: Value): boolean {
	const { base } = baseOf(address);
	if (!isInst(base) || base.op !== "global") return false;
	const global = base.attr!.global!;
	return !("kind" in global) && /^\.(data|bss|rodata)/.test(global.section);
}

/** The alloca or other object that an address is a constant distance into. */
export function rootOf(address: Value): { readonly root: Value; readonly offset: number | null } {
	let at = address;
	let offset: number | null = 0;
	for (;;) {
		if (!isInst(at) || at.op !== "ptradd") return { root: at, offset };
		const step: Value = at.args[1];
		offset = offset !== null && isConst(step) ? offset + Number(step.value) : null;
		at = at.args[0];
	}
}

/** Every instruction that uses an address into the slot, those that make one, and whether the address may outlive them (it is stored). */
export function derivedUses(
	slot: Inst,
	users: ReadonlyMap<Inst, readonly Inst[]>,
): { readonly uses: Set<Inst>; readonly addresses: ReadonlySet<Inst>; readonly isKept: boolean } {
	const uses = new Set<Inst>();
	const work: Inst[] = [slot];
	const seen = new Set<Inst>(work);
	let isKept = false;
	while (work.length > 0) {
		const address = work.pop()!;
		for (const use of users.get(address) ?? []) {
			uses.add(use);
			if (use.op === "store" && use.args[1] === address) isKept = true;
			if (
				use.op === "asm" ||
				use.op === "asmgoto" ||
				use.op === "ret" ||
				use.op === "atomic" ||
				use.op === "cmpxchg" ||
				use.op === "storerel"
			)
				isKept = true;
			// A function of ours may hand the address back, or leave it in another slot that it was given.
			const called = use.op === "call" && use.attr!.callee!.kind !== "helper";
			if (called && use.args.some((arg) => arg !== address && arg.ty === "ptr" && inFrame(arg))) isKept = true;
			const passes =
				(called && use.ty !== null && use.ty !== "i32") ||
				use.op === "ptradd" ||
				use.op === "phi" ||
				use.op === "select" ||
				use.op === "ptrtoint" ||
				use.op === "inttoptr" ||
				use.op === "coreoffset" ||
				use.op === "addrspace" ||
				use.ty === "i64";
			if (passes && use.op !== "load" && (use.op !== "call" || called) && !seen.has(use)) {
				seen.add(use);
				work.push(use);
			}
		}
	}
	return { uses, addresses: seen, isKept };
}

const inFrame = (address: Value): boolean => {
	const { root } = rootOf(address);
	return isInst(root) && (root.op === "alloca" || root.op === "phi" || root.op === "param");
};
