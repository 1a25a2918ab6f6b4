import type { Inst } from "../ir/types.ts";
import type { Analyses } from "./analyses.ts";
import type { Pass } from "./pass.ts";
import { constant, isConst, isInst } from "../ir/values.ts";
import { analysesOf } from "./analyses.ts";

/**
 *     i = *next;                                  i = *next; index = (long)i;
 *     if (i >= 32) break;                  →      if (index >= 32) break;
 *     name[(long)i] = 0;                          name[index] = 0;
 *
 * A number that was extended already is compared as what it was extended to, when nothing else asks the narrow one: two shifts extend it, and behind them
 * the verifier no longer knows that both are one number, so that what is checked must be what is used.
 */
export const compareExtended: Pass = {
	name: "compare-extended",
	run(fn, context) {
		let analyses: Analyses | null = null;
		let changed = false;
		for (const block of fn.blocks) {
			for (const wide of block.insts) {
				if (wide.op !== "sext" || wide.ty !== "i64" || !isInst(wide.args[0])) continue;
				analyses ??= analysesOf(fn, context);
				const [narrow] = wide.args;
				const users = analyses.users.get(narrow)!;
				if (!users.every((user) => user.op === "sext" || isQuestion(user, narrow))) continue;
				for (const user of users) {
					if (user.op === "sext" || !isBefore(wide, user, analyses)) continue;
					const [, limit] = user.args;
					user.args = [wide, constant("i64", isConst(limit) ? limit.value : 0n)];
					changed = true;
				}
			}
		}
		return changed;
	},
};

/** A comparison with a constant that has the same answer for both: signed, or with a limit that is none of the negative numbers. */
function isQuestion({ op, args, attr }: Inst, narrow: Inst): boolean {
	return op === "icmp" && args[0] === narrow && isConst(args[1]) && (!attr!.pred!.startsWith("u") || args[1].value >= 0n);
}

function isBefore(a: Inst, b: Inst, { home, dominators }: Analyses): boolean {
	const [one, other] = [home.get(a)!, home.get(b)!];
	return one === other ? one.insts.indexOf(a) < one.insts.indexOf(b) : dominators.dominates(one, other);
}
