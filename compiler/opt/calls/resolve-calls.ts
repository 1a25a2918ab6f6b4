import type { Pass } from "../pass.ts";
import { isConst, isInst } from "../../ir/values.ts";

/** A call through a pointer that has become a function or a helper's number. */
export const resolveCalls: Pass = {
	name: "resolve-calls",
	run(fn) {
		let changed = false;
		for (const block of fn.blocks) {
			for (const inst of block.insts) {
				if (inst.op !== "call" || inst.attr!.callee!.kind !== "indirect") continue;
				const [pointer] = inst.args;
				const target = isInst(pointer) && pointer.op === "global" ? pointer.attr!.global! : null;
				if (target !== null && "kind" in target && target.kind === "function") {
					inst.attr = { ...inst.attr, callee: { kind: "function", symbol: target } };
				} else if (isConst(pointer) && pointer.value !== 0n && pointer.value === BigInt.asIntN(32, pointer.value)) {
					inst.attr = { ...inst.attr, callee: { kind: "helper", id: Number(pointer.value), name: `helper_${pointer.value}` } };
				} else continue;
				inst.args = inst.args.slice(1);
				changed = true;
			}
		}
		return changed;
	},
};
