import type { Inst } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { constant, isConst, newInst } from "../../ir/values.ts";
import { analysesOf } from "../analysis/analyses.ts";
import { maxUnsigned } from "../analysis/known.ts";

/**
 * Whether two bits differ is their exclusive or: `right += guessed == expected` needs no branch. Where a branch asks, it compares them itself.
 *
 * Without the branch there is one path instead of two, and no number that is counted differently on each of them: the verifier finds the end of
 * a loop that counts its successes only when it need not know them one by one.
 */
export const bitQuestions: Pass = {
	name: "bit-questions",
	run(fn, context) {
		const { users } = analysesOf(fn, context);
		let changed = false;
		for (const block of fn.blocks) {
			for (let i = 0; i < block.insts.length; i++) {
				const inst = block.insts[i];
				if (!isOfBits(inst) || (users.get(inst) ?? []).some((user) => ASKS.has(user.op))) continue;
				const differ = inst.attr!.pred === "ne" ? inst : newInst(fn, "xor", "i32", inst.args, undefined, inst.loc);
				const [a, b] = differ === inst ? inst.args : [differ, constant("i32", 1)];
				if (differ !== inst) block.insts.splice(i++, 0, differ);
				inst.op = "xor";
				inst.args = [a, b];
				inst.attr = undefined;
				changed = true;
			}
		}
		return changed;
	},
};

const ASKS: ReadonlySet<Inst["op"]> = new Set(["branch", "select", "icmp"]);

const isOfBits = ({ op, args, attr }: Inst): boolean =>
	op === "icmp" && (attr!.pred === "eq" || attr!.pred === "ne") && args.every((arg) => arg.ty === "i32" && !isConst(arg) && maxUnsigned(arg) === 1n);
