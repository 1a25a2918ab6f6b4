import type { Block, Inst } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import type { Placed, Range } from "../analysis/alias.ts";
import type { Analyses } from "../analysis/analyses.ts";
import type { SlotUse } from "../analysis/slots.ts";
import { successors } from "../../ir/values.ts";
import { analysesOf } from "../analysis/analyses.ts";
import { deadBytes, isWrite } from "./dead-bytes.ts";

/**
 * Stores that nobody can see: to slots that are never read, to bytes of a slot that are written again or die on every way from
 * here (data flow over the bytes of each slot, `dead-bytes.ts`), and to other memory that each way from here overwrites before anything may have read it.
 */
export const dse: Pass = {
	name: "dse",
	run(fn, context) {
		const dead = new Set<Inst>();
		const known = analysesOf(fn, context);
		neverRead(known.slots, dead);
		deadBytes(fn, known, dead);
		overwritten(known, dead);
		if (dead.size === 0) return false;
		for (const block of fn.blocks) block.insts = block.insts.filter((inst) => !dead.has(inst));
		return true;
	},
};

function neverRead(slots: readonly SlotUse[], dead: Set<Inst>): void {
	for (const use of slots) {
		if (use.leaks) continue;
		const isRead = use.accesses.some(
			({ inst, operand }) =>
				inst.op === "load" ||
				inst.op === "memcmp" ||
				((inst.op === "memcpy" || inst.op === "memmove") && operand === 1) ||
				inst.attr?.volatile,
		);
		if (isRead || use.indexed.some((inst) => inst.op === "load" || inst.attr?.volatile)) continue;
		for (const { inst } of use.accesses) dead.add(inst);
		for (const inst of use.indexed) dead.add(inst);
	}
}

/** Places kept for the blocks before: the latest ones. */
const MOST_COVERED = 16;

/** Backwards; what goes back to the head of a loop is taken to be read there. */
function overwritten({ order, alias }: Analyses, dead: Set<Inst>): void {
	const after = new Map<Block, readonly Placed[]>();
	for (const block of order.toReversed()) {
		/** Surely written later on every way, before it is read. */
		let covered = onEachWay(successors(block).map((next) => after.get(next) ?? []));
		const kept = (read: Range): Placed[] => {
			const at = alias.place(read);
			return covered.filter((entry) => !alias.mayOverlap(entry, at));
		};
		for (let i = block.insts.length - 1; i >= 0; i--) {
			const inst = block.insts[i];
			if (dead.has(inst)) continue;
			if (isWrite(inst)) {
				const at = alias.place({ address: inst.args[0], size: inst.attr!.size! });
				if (contains(covered, at)) {
					dead.add(inst);
					continue;
				}
				covered.push(at);
				// It reads before it writes: a record copied onto itself keeps what was stored.
				if (inst.op === "memcpy") covered = kept({ address: inst.args[1], size: at.size });
				continue;
			}
			switch (inst.op) {
				case "load":
					if (covered.length > 0) covered = kept({ address: inst.args[0], size: inst.attr!.size! });
					break;
				case "memcpy":
				case "memmove":
				case "memcmp":
				case "strcmp":
				case "strlen":
					covered = [];
					break;
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
					covered = covered.filter((entry) => !alias.mayTouch(inst, entry));
					break;
			}
		}
		after.set(block, covered.slice(-MOST_COVERED));
	}
}

function onEachWay(ways: readonly (readonly Placed[])[]): Placed[] {
	if (ways.length === 0 || ways.some((way) => way.length === 0)) return [];
	const [first, ...others] = ways;
	return first.filter((place) => others.every((way) => contains(way, place)));
}

/** Is each byte of the range in one of the later ones? */
function contains(later: readonly Placed[], own: Placed): boolean {
	let missing = (1n << BigInt(own.size!)) - 1n;
	for (const { base, offset, size } of later) {
		if (base !== own.base) continue;
		const from = Math.max(offset - own.offset, 0);
		const to = Math.min(offset - own.offset + size!, own.size!);
		if (from < to) missing &= ~(((1n << BigInt(to - from)) - 1n) << BigInt(from));
		if (missing === 0n) return true;
	}
	return false;
}
