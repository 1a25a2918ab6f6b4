import type { Inst, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { constant, isConst, newInst, replaceAll } from "../../ir/values.ts";

/** Division and remainder of magnitudes, with the sign put on by arithmetic: before v4 there is no signed division. */
export const expandSignedDivision: Pass = {
	name: "signed-division",
	run(fn, context) {
		if (context.cpu >= 4) return false;
		const map = new Map<Inst, Value>();
		for (const block of fn.blocks) {
			const out: Inst[] = [];
			for (const inst of block.insts) {
				if (inst.op !== "sdiv" && inst.op !== "smod") {
					out.push(inst);
					continue;
				}
				const ty = inst.ty!;
				const emit = (op: Inst["op"], args: Value[]): Inst => {
					const made = newInst(fn, op, ty, args, undefined, inst.loc);
					out.push(made);
					return made;
				};
				const top = constant(ty, ty === "i32" ? 31 : 63);
				const [a, b] = inst.args;
				const sign = (value: Value): Value => (isConst(value) ? constant(ty, value.value < 0n ? -1 : 0) : emit("ashr", [value, top]));
				const applySign = (value: Value, mask: Value): Value =>
					isConst(mask) && mask.value === 0n ? value : emit("sub", [emit("xor", [value, mask]), mask]);
				const magnitude = (value: Value, mask: Value): Value =>
					isConst(value) ? constant(ty, value.value < 0n ? -value.value : value.value) : applySign(value, mask);
				const signA = sign(a);
				const signB = sign(b);
				const result = emit(inst.op === "sdiv" ? "udiv" : "umod", [magnitude(a, signA), magnitude(b, signB)]);
				const mask = inst.op === "smod" || (isConst(signB) && signB.value === 0n) ? signA : emit("xor", [signA, signB]);
				map.set(inst, applySign(result, mask));
			}
			block.insts = out;
		}
		replaceAll(fn, map);
		return map.size > 0;
	},
};
