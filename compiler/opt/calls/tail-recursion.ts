import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { newBlock, newInst, phisOf, removePhiEdge, replaceAll, terminator } from "../../ir/values.ts";

/**
 * A function that returns what it calls itself for starts again instead (LLVM's TailCallElim, without its accumulators):
 * hash functions written as recursion become loops, which the kernel takes and callers can have copied into them.
 *
 * Each call has locals of its own, so none may be left in memory.
 */
export const tailRecursion: Pass = {
	name: "tail-recursion",
	run(fn) {
		if (fn.symbol.weak || fn.symbol.naked || fn.symbol.type.variadic) return false;
		const tails = fn.blocks.flatMap((block) => {
			const call = tailCall(fn, block);
			return call === null ? [] : [{ block, call }];
		});
		if (tails.length === 0 || fn.blocks.some((block) => block.insts.some((inst) => inst.op === "alloca"))) return false;

		const start = fn.blocks[0];
		const entry = newBlock(fn, "entry");
		start.name = "tail.recursion";
		entry.insts.push(newInst(fn, "jump", null, [], undefined, null, [start]));
		const phis = fn.params.map((param, i) =>
			newInst(
				fn,
				"phi",
				param.ty,
				tails.map(({ call }) => call.args[i]),
				undefined,
				param.loc,
				tails.map(({ block }) => block),
			),
		);
		for (const { block } of tails) {
			const [next] = terminator(block).blocks ?? [];
			if (next !== undefined) removePhiEdge(next, block);
			block.insts.splice(-2, 2, newInst(fn, "jump", null, [], undefined, terminator(block).loc, [start]));
		}
		start.insts.unshift(...phis);
		fn.blocks.unshift(entry);
		replaceAll(fn, new Map<Inst, Value>(fn.params.map((param, i) => [param, phis[i]])));
		phis.forEach((phi, i) => {
			phi.args.push(fn.params[i]);
			phi.blocks!.push(entry);
		});
		return true;
	},
};

/** The call of the function itself that ends the block: behind it come only jumps, to the return of what it gives. */
function tailCall(fn: IrFunction, block: Block): Inst | null {
	const call = block.insts[block.insts.length - 2];
	if (
		call?.op !== "call" ||
		call.attr!.callee!.kind !== "function" ||
		call.attr!.callee!.symbol !== fn.symbol ||
		call.args.length !== fn.params.length
	)
		return null;
	if (call.args.some((arg, i) => arg.ty !== fn.params[i].ty)) return null;
	let value: Value = call;
	let from = block;
	for (let end = terminator(block), steps = 0; steps < fn.blocks.length; steps++) {
		if (end.op === "ret") return fn.result === null || end.args[0] === value ? call : null;
		if (end.op !== "jump") return null;
		const next: Block = end.blocks![0];
		const phis: readonly Inst[] = phisOf(next);
		end = terminator(next);
		if (next.insts.length !== phis.length + 1) return null;
		value = phis.find((phi) => phi.args[phi.blocks!.indexOf(from)] === value) ?? value;
		from = next;
	}
	return null;
}
