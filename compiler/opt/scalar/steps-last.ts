import type { Block, Inst } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { blockOf } from "../../ir/cfg.ts";
import { row } from "../../ir/ops.ts";
import { isConst, isInst, successors, usersOf } from "../../ir/values.ts";

/**
 *     next = i + 1                 p = buf + i
 *     p = buf + i             →    *p = c
 *     *p = c                       next = i + 1            buf[i++] = c, *p++ = c
 *
 * The machine's operations overwrite their first operand: a step is taken on a copy where the value is needed once more. It goes down its block as far
 * as nobody needs what it makes, if nobody needs the value behind that either.
 */
export const stepsLast: Pass = {
	name: "steps-last",
	run(fn) {
		const users = usersOf(fn);
		const at = blockOf(fn);
		let changed = false;
		for (const block of fn.blocks) {
			const { insts } = block;
			for (let i = insts.length - 2; i >= 0; i--) {
				const step = insts[i];
				const [before, by] = step.args;
				if (!isStep(step) || !isConst(by) || !isInst(before)) continue;
				if (!users.get(before)!.some((user) => user !== step && at.get(user) === block)) continue;
				let to = i + 1;
				let used = false;
				for (; to < insts.length - 1 && !insts[to].args.includes(step); to++) used ||= insts[to].args.includes(before);
				if (!used || insts.slice(to).some(({ args }) => args.includes(before)) || livesOn(before, block, users.get(before)!, at)) continue;
				insts.splice(to - 1, 0, ...insts.splice(i, 1));
				changed = true;
			}
		}
		return changed;
	},
};

const isStep = ({ op }: Inst): boolean => op === "ptradd" || row(op).args === "xx";

/** Whether the value is needed behind the block, before it is made anew. */
function livesOn(value: Inst, block: Block, users: readonly Inst[], at: ReadonlyMap<Inst, Block>): boolean {
	const needing = new Set<Block>();
	for (const user of users) {
		if (user.op !== "phi") needing.add(at.get(user)!);
		else user.args.forEach((arg, i) => arg === value && needing.add(user.blocks![i]));
		if (user.op === "phi" && user.args.some((arg, i) => arg === value && user.blocks![i] === block)) return true;
	}
	const home = at.get(value)!;
	const reached = new Set(successors(block).filter((next) => next !== home));
	for (const next of reached) {
		if (needing.has(next)) return true;
		for (const after of successors(next)) if (after !== home) reached.add(after);
	}
	return false;
}
