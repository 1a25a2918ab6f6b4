import type { Inst, Value } from "../ir/types.ts";
import type { Loop } from "../ir/cfg.ts";
import { isConst, isInst, terminator } from "../ir/values.ts";

/** How many rounds a loop has at most, if it counts them from a constant to a constant; else Infinity. A guess for layout: nothing relies on it. */
export function mostRounds(loop: Loop): number {
	let most = Infinity;
	for (const block of [loop.header, ...loop.latches]) {
		const { op, args, blocks } = terminator(block);
		if (op !== "branch" || blocks!.every((next) => loop.blocks.has(next))) continue;
		const [question] = args;
		if (!isInst(question) || question.op !== "icmp" || !isConst(question.args[1])) continue;
		const counter = counterOf(question.args[0], loop);
		if (counter !== null) most = Math.min(most, Math.ceil(Math.abs(Number(question.args[1].value) - counter.start) / counter.step) + 1);
	}
	return most;
}

/** i, or i after its step, of `for (i = start; …; i += step)`. */
function counterOf(value: Value, loop: Loop): { readonly start: number; readonly step: number } | null {
	const narrow = isInst(value) && (value.op === "zext" || value.op === "sext" || value.op === "trunc") ? value.args[0] : value;
	const phi = isInst(narrow) && narrow.op === "add" && isConst(narrow.args[1]) ? narrow.args[0] : narrow;
	if (!isInst(phi) || phi.op !== "phi" || !loop.header.insts.includes(phi)) return null;
	let start = NaN;
	let step = 0;
	for (const [i, arg] of phi.args.entries()) {
		if (loop.blocks.has(phi.blocks![i])) step = stepOf(arg, phi);
		else start = isConst(arg) ? Number(arg.value) : NaN;
	}
	return Number.isNaN(start) || step === 0 ? null : { start, step };
}

/** How far `next` is from the counter; 0: that is not known. */
function stepOf(next: Value, counter: Inst): number {
	if (!isInst(next) || next.op !== "add" || next.args[0] !== counter) return 0;
	const by = next.args[1];
	return isConst(by) ? Math.abs(Number(by.value)) : 0;
}
