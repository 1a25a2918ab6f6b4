import { copy, type FrameSlot, FRAME, type MBlock, type MFunction, type MInst, minst, predecessors } from "./machine.ts";
import { SPILL } from "./stack.ts";

/**
 * What goes to the stack on each of the ways into a block goes there at its beginning: `n = a < 15 ? a : 15`, kept over a call.
 *
 *     if r1 >= 15 goto B              r2 = r1
 *     A: *(u64 *)(r10 - 8) = r1       if r1 < 15 goto C
 *     goto C                     →    r2 = 15
 *     B: r2 = 15                      C: *(u64 *)(r10 - 8) = r2
 *     *(u64 *)(r10 - 8) = r2
 *     C:
 *
 * It is shorter, and the kernel's verifier meets one state more alike where the ways do. Nothing is stored in a loop that was stored in front of it.
 */
export function storeOnce(fn: MFunction): void {
	const preds = predecessors(fn);
	for (const block of fn.blocks) {
		const ways = preds.get(block)!;
		if (ways.length < 2 || ways.some((way) => way === block || way.depth < block.depth || lastOf(way)?.kind !== "goto")) continue;
		const [first, ...others] = ways.map(lastStores);
		const shared = [...first.keys()].filter((slot) => others.every((stores) => stores.has(slot)));
		for (const slot of shared.slice(0, MOST)) {
			const met = fn.nextReg++;
			for (const way of ways) {
				const at = way.insts.indexOf(lastStores(way).get(slot)!);
				way.insts[at] = copy(met, way.insts[at].src, way.insts[at].loc);
			}
			block.insts.unshift(minst("store", block.insts[0]?.loc ?? null, { dst: FRAME, src: met, slot, spillCode: true }));
		}
	}
}

/** For one block. */
const MOST = 2;

const lastOf = (block: MBlock): MInst | undefined => block.insts[block.insts.length - 1];

/** Spills with nothing behind them that asks for the slot, or would want the register. */
function lastStores(block: MBlock): Map<FrameSlot, MInst> {
	const stores = new Map<FrameSlot, MInst>();
	const seen = new Set<FrameSlot>();
	for (let i = block.insts.length - 2; i >= 0; i--) {
		const inst = block.insts[i];
		if (inst.kind === "call" || inst.kind === "asm" || inst.kind === "packet") break;
		if (inst.slot?.variable !== SPILL || seen.has(inst.slot)) continue;
		seen.add(inst.slot);
		if (inst.kind === "store") stores.set(inst.slot, inst);
	}
	return stores;
}
