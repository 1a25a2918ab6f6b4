import type { Block, Inst, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { isConst, makeJump, phisOf, removePhiEdge, terminator } from "../../ir/values.ts";
import { analysesOf, forget } from "../analysis/analyses.ts";

/**
 *     struct info *p;
 *     if (family == 2) { p = lookup(…); if (!p) return 0; }
 *     else if (family == 10) { p = lookup(…); if (!p) return 0; }        →        else { … }
 *     p->time = now;
 *
 * A way that brings no address, or null, to where memory is accessed at it is never taken: C gives it no meaning (LLVM does the same, and programs are
 * written against that). The verifier would walk it, and refuse the access.
 */
export const impossibleWays: Pass = {
	name: "impossible-ways",
	run(fn, context) {
		let changed = false;
		for (let again = true; again; ) {
			again = false;
			const { predecessors } = analysesOf(fn, context);
			for (const block of fn.blocks) {
				for (const from of waysWithout(block, fn.nullIsAddress === true)) again = closeWay(from, block, predecessors) || again;
				if (again) break;
			}
			if (again) forget(context);
			changed ||= again;
		}
		return changed;
	},
};

/** The blocks from which what is accessed here has no address. */
function waysWithout(block: Block, isNullAddress: boolean): ReadonlySet<Block> {
	const ways = new Set<Block>();
	for (const phi of phisOf(block)) {
		if (phi.ty !== "ptr") continue;
		const without = phi.blocks!.filter((_, i) => isNoAddress(phi.args[i], isNullAddress));
		if (without.length > 0 && without.length < phi.blocks!.length && isAccessed(phi, block)) for (const from of without) ways.add(from);
	}
	return ways;
}

const isNoAddress = (value: Value, isNullAddress: boolean): boolean =>
	value.op === "undef" || (!isNullAddress && isConst(value) && value.value === 0n);

/** At a constant distance from the address, in the block, before anything that may not come back. */
function isAccessed(address: Inst, { insts }: Block): boolean {
	const derived = new Set<Value>([address]);
	for (const inst of insts) {
		if (inst.op === "call" || inst.op === "asm" || inst.op === "asmgoto" || inst.attr?.volatile) return false;
		if (inst.op === "ptradd" && derived.has(inst.args[0]) && isConst(inst.args[1])) derived.add(inst);
		if ((inst.op === "load" || inst.op === "store") && derived.has(inst.args[0])) return true;
	}
	return false;
}

/** The branch that leads that way leads the other one only. */
function closeWay(from: Block, to: Block, preds: ReadonlyMap<Block, readonly Block[]>): boolean {
	const end = terminator(from);
	if (end.op === "branch" && end.blocks![0] !== end.blocks![1]) {
		makeJump(end, end.blocks!.find((next) => next !== to)!);
		removePhiEdge(to, from);
		return true;
	}
	// A block that only goes on: those that lead to it.
	if (end.op !== "jump" || from.insts.length > 1) return false;
	let closed = false;
	for (const before of preds.get(from)!) {
		const last = terminator(before);
		if (last.op !== "branch" || last.blocks![0] === last.blocks![1]) continue;
		makeJump(last, last.blocks!.find((next) => next !== from)!);
		closed = true;
	}
	return closed;
}
