import type { Inst, IrFunction, Op, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { constant, isConst, isInst, newInst, unsigned } from "../../ir/values.ts";
import { type Analyses, analysesOf } from "../analysis/analyses.ts";

/**
 *     i = *next;                                  i = *next; index = (long)i;
 *     if (i >= 32) break;                  →      if (index >= 32) break;
 *     name[(long)i] = 0;                          name[index] = 0;
 *
 * A number that was extended already is compared as what it was extended to, when nothing else asks the narrow one: two shifts extend it, and behind them
 * the verifier no longer knows that both are one number, so that what is checked must be what is used. So it is with a copy of the lower half of what
 * a call returned; and without 32-bit registers (-mcpu=v1, v2) with any number. There whoever needs the number behind the question gets the lower
 * half of what was asked, which takes no instruction: of `bpf_skb_load_bytes(skb, at, to, n)` behind `if (n > 64)` the kernel asks a bound of the whole register.
 */
export const compareExtended: Pass = {
	name: "compare-extended",
	run(fn, context) {
		let analyses: Analyses | null = null;
		let changed = false;
		for (const block of fn.blocks) {
			for (const wide of block.insts) {
				const [narrow] = wide.args;
				if (!isExtension(wide, context.cpu)) continue;
				analyses ??= analysesOf(fn, context);
				const users = analyses.users.get(narrow as Inst)!;
				const questions = users.filter((user) => isQuestion(user, narrow as Inst, wide.op));
				// Without 32-bit registers a question extends the narrow one in any case.
				if (context.cpu >= 3 && !users.every((user) => user.op === wide.op || questions.includes(user))) continue;
				const behind = questions.filter((user) => analyses!.isBefore(wide, user));
				for (const user of behind) {
					const limit = isConst(user.args[1]) ? user.args[1].value : 0n;
					user.args = [wide, constant("i64", wide.op === "zext" ? unsigned("i32", limit) : limit)];
					changed = true;
				}
				if (context.cpu < 3 && behind.length > 0)
					giveHalf(
						fn,
						wide,
						block.insts,
						users.filter((user) => needsHalf(user, narrow) && analyses!.isBefore(wide, user)),
					);
			}
		}
		return changed;
	},
};

function giveHalf(fn: IrFunction, wide: Inst, insts: Inst[], users: readonly Inst[]): void {
	if (users.length === 0) return;
	const [narrow] = wide.args;
	const half = newInst(fn, "trunc", "i32", [wide], undefined, wide.loc);
	insts.splice(insts.indexOf(wide) + 1, 0, half);
	for (const user of users) user.args = user.args.map((arg) => (arg === narrow ? half : arg));
}

/** Another extension stays that of the number itself. */
const needsHalf = ({ op, args }: Inst, narrow: Value): boolean => op !== "zext" && op !== "sext" && op !== "phi" && args.includes(narrow);

/** What may leave something above its 32 bits; of anything else the extension without a sign is no instruction. */
const UNEXTENDED: ReadonlySet<Op> = new Set(["call", "param", "trunc"]);

const isExtension = ({ op, ty, args: [narrow] }: Inst, cpu: number): boolean =>
	ty === "i64" && (op === "sext" || op === "zext") && isInst(narrow) && (cpu < 3 || op === "sext" || UNEXTENDED.has(narrow.op));

/** A comparison with a constant that has the same answer for both: of the extension with a sign the signed ones, and those with a limit that is none of the negative numbers; of the other the unsigned ones. */
export function isQuestion({ op, args, attr }: Inst, narrow: Inst, extension: Op): boolean {
	if (op !== "icmp" || args[0] !== narrow || !isConst(args[1])) return false;
	const pred = attr!.pred!;
	return extension === "zext" ? !pred.startsWith("s") : !pred.startsWith("u") || args[1].value >= 0n;
}
