import type { Inst } from "../ir/types.ts";
import type { Pass } from "./pass.ts";
import type { Range } from "./alias.ts";
import { aliasInfo } from "./alias.ts";
import { rootOf, slotUses } from "./slots.ts";
import { isInst, terminator } from "../ir/values.ts";

/**
 * Stores that nobody can see: to slots that are never read, to slots at the end of the function, and those that are
 * overwritten in the same block before anything may have read them.
 */
export const dse: Pass = {
	name: "dse",
	run(fn) {
		const dead = new Set<Inst>();
		for (const use of slotUses(fn)) {
			if (use.leaks) continue;
			const isRead = use.accesses.some(({ inst, operand }) => inst.op === "load" || inst.op === "memcmp" || ((inst.op === "memcpy" || inst.op === "memmove") && operand === 1) || inst.attr?.volatile);
			if (isRead || use.indexed.some((inst) => inst.op === "load" || inst.attr?.volatile)) continue;
			for (const { inst } of use.accesses) dead.add(inst);
			for (const inst of use.indexed) dead.add(inst);
		}
		const alias = aliasInfo(fn);
		for (const block of fn.blocks) {
			/** Surely written later in this block. */
			let covered: (Range & { readonly size: number })[] = [];
			const leaves = terminator(block).op === "ret";
			for (let i = block.insts.length - 1; i >= 0; i--) {
				const inst = block.insts[i];
				if (dead.has(inst)) continue;
				const isStore = (inst.op === "store" || inst.op === "memset" || inst.op === "memcpy") && !inst.attr!.volatile && inst.attr!.size !== undefined;
				if (isStore) {
					const range = { address: inst.args[0], size: inst.attr!.size! };
					if (covered.some((later) => contains(later, range)) || (leaves && alias.isPrivate(range.address) && !readLater(block.insts, i, range, alias))) {
						dead.add(inst);
						continue;
					}
					if (inst.op === "memcpy") covered = covered.filter((entry) => !alias.mayAlias(entry, { address: inst.args[1], size: range.size }));
					covered.push(range);
					continue;
				}
				switch (inst.op) {
					case "load":
						covered = covered.filter((entry) => !alias.mayAlias(entry, { address: inst.args[0], size: inst.attr!.size! }));
						break;
					case "memcpy":
					case "memmove":
					case "memcmp":
					case "call":
					case "asm":
					case "asmgoto":
					case "atomic":
					case "cmpxchg":
					case "loadacq":
					case "storerel":
					case "fence":
					case "store":
					case "memset":
						covered = covered.filter((entry) => alias.isPrivate(entry.address) && inst.op !== "memcpy" && inst.op !== "memmove" && inst.op !== "memcmp");
						break;
				}
			}
		}
		if (dead.size === 0) return false;
		for (const block of fn.blocks) block.insts = block.insts.filter((inst) => !dead.has(inst));
		return true;
	},
};

function contains(later: Range & { readonly size: number }, earlier: Range & { readonly size: number }): boolean {
	const a = rootOf(later.address);
	const b = rootOf(earlier.address);
	if (a.root !== b.root || a.offset === null || b.offset === null) return later.address === earlier.address && later.size >= earlier.size;
	return a.offset <= b.offset && a.offset + later.size >= b.offset + earlier.size;
}

/** Before the function returns from this block. */
function readLater(insts: readonly Inst[], from: number, range: Range, alias: ReturnType<typeof aliasInfo>): boolean {
	for (let i = from + 1; i < insts.length; i++) {
		const inst = insts[i];
		if (inst.op === "load" && alias.mayAlias(range, { address: inst.args[0], size: inst.attr!.size! })) return true;
		if (inst.op === "memcpy" || inst.op === "memmove" || inst.op === "memcmp") {
			for (const address of inst.args.slice(0, 2)) if (isInst(address) && alias.mayAlias(range, { address, size: inst.attr!.size ?? null })) return true;
		}
	}
	return false;
}
