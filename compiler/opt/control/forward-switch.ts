import type { Block, Inst } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { predecessors } from "../../ir/cfg.ts";
import { isConst, phisOf, terminator } from "../../ir/values.ts";

/**
 * `switch (x) { case 3: y = 3; … case 4: y = 4; … }` is `y = x` for those cases: where a phi gets from several cases the number of
 * the case, it gets the value itself. The cases then are alike, and runs of them become ranges (LLVM: ForwardSwitchConditionToPHI).
 */
export const forwardSwitch: Pass = {
	name: "forward-switch",
	run(fn) {
		const preds = predecessors(fn);
		let changed = false;
		for (const block of fn.blocks) {
			const end = terminator(block);
			if (end.op !== "switch" || end.args[0].op === "const") continue;
			const [value] = end.args;
			/** Operands of each phi that are the number of their case. */
			const found = new Map<Inst, number[]>();
			const note = (phi: Inst, from: Block, number: bigint): void => {
				const at = phi.blocks!.indexOf(from);
				const arg = phi.args[at];
				if (phi.ty !== value.ty || arg === undefined || !isConst(arg) || arg.value !== number) return;
				found.set(phi, [...(found.get(phi) ?? []), at]);
			};
			end.attr!.cases!.forEach((number, i) => {
				const target = end.blocks![i + 1];
				if (end.blocks!.indexOf(target) !== i + 1 || end.blocks!.lastIndexOf(target) !== i + 1) return;
				for (const phi of phisOf(target)) note(phi, block, number);
				const next = terminator(target);
				if (target.insts.length === 1 && next.op === "jump" && preds.get(target)!.length === 1)
					for (const phi of phisOf(next.blocks![0])) note(phi, target, number);
			});
			for (const [phi, places] of found) {
				if (places.length < 2) continue;
				for (const at of places) phi.args[at] = value;
				changed = true;
			}
		}
		return changed;
	},
};
