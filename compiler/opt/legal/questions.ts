import type { Inst, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { constant, isConst, replaceAll } from "../../ir/values.ts";

/** `__builtin_constant_p` of what has not become a constant by now: no. */
export const answerQuestions: Pass = {
	name: "answer-questions",
	run(fn) {
		const map = new Map<Inst, Value>();
		for (const block of fn.blocks)
			for (const inst of block.insts) if (inst.op === "isconst") map.set(inst, constant("i32", isConst(inst.args[0]) ? 1 : 0));
		replaceAll(fn, map);
		return map.size > 0;
	},
};
