import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Loop } from "../../ir/cfg.ts";
import { row } from "../../ir/ops.ts";
import { isConst, isInst, phisOf, sameValue, successors, terminator } from "../../ir/values.ts";

const FREE: ReadonlySet<string> = new Set(["phi", "jump", "lifetime", "trunc", "ptrtoint", "inttoptr", "zext"]);

/** What costs LLVM nothing: a constant distance is part of the access. */
export const isFree = (inst: Inst): boolean => FREE.has(inst.op) || (inst.op === "ptradd" && isConst(inst.args[1]));

/**
 * `for (i = 0; i < 6; i++) { if (p + 1 > end) return -1; …`, `for (i = 0; i < n && i < 8; i++)`, or a break at the end of a round: two ways out
 * to one place, with next to nothing between the questions, are one way out for LLVM (`foldBranchToCommonDest`), which then does not know how
 * many rounds there are, and leaves the loop. A chain of headers that is walked by such a loop would be long as straight code.
 */
export function isOneQuestion(fn: IrFunction, deciding: Block, loop: Loop, preds: ReadonlyMap<Block, readonly Block[]>): boolean {
	return [...loop.blocks].some((other) => {
		const pair = isAskedWith(deciding, other, loop, preds)
			? [deciding, other]
			: isAskedWith(other, deciding, loop, preds)
				? [other, deciding]
				: null;
		// Asked first in a round, it leads out with what the round began with: the end of the one before had other values.
		return pair !== null && (pair[1] !== loop.header || !isUsedOutside(fn, phisOf(loop.header), loop, terminator(pair[0])));
	});
}

/** Used out there, but for phis of the block that the branch leads to, which know where they come from. */
function isUsedOutside(fn: IrFunction, phis: readonly Inst[], loop: Loop, branch: Inst): boolean {
	const values = new Set<Value>(phis);
	return fn.blocks.some(
		(block) =>
			!loop.blocks.has(block) &&
			block.insts.some((inst) => !(inst.op === "phi" && branch.blocks!.includes(block)) && inst.args.some((arg) => values.has(arg))),
	);
}

/** `second` is asked right after `first`, in the same round or first in the next one, and both lead out to one place with the same values. */
function isAskedWith(first: Block, second: Block, loop: Loop, preds: ReadonlyMap<Block, readonly Block[]>): boolean {
	const wayOut = (block: Block): number =>
		terminator(block).op === "branch" ? terminator(block).blocks!.findIndex((next) => !loop.blocks.has(next)) : -1;
	const [out, other] = [wayOut(first), wayOut(second)];
	if (second === first || out < 0 || other < 0) return false;
	const place = terminator(first).blocks![out];
	const end = terminator(second);
	if (end.blocks![other] !== place) return false;
	const between: Inst[] = [];
	let before = first;
	let at = terminator(first).blocks![1 - out];
	while (at !== second) {
		if (terminator(at).op !== "jump" || preds.get(at)!.length !== 1) return false;
		between.push(...at.insts);
		before = at;
		[at] = successors(at);
	}
	between.push(...second.insts.filter((inst) => inst !== end && inst !== end.args[0]), ...madeBehind(first, loop));
	const work = between.filter((inst) => !isFree(inst));
	if (work.length > 1 || work.some((inst) => row(inst.op).does !== "pure")) return false;
	const ways = second === loop.header ? loop.latches : preds.get(second)!;
	if (ways.length !== 1 || ways[0] !== before) return false;
	const arriving = (value: Value): Value =>
		isInst(value) && value.op === "phi" && second.insts.includes(value) ? value.args[value.blocks!.indexOf(before)] : value;
	return phisOf(place).every((phi) => sameValue(phi.args[phi.blocks!.indexOf(first)], arriving(phi.args[phi.blocks!.indexOf(second)])));
}

/**
 * What LLVM makes behind the question although it stands in front of it, because only the next round needs it; whether a quotient is 0 it asks of the
 * number that is divided.
 */
function madeBehind(block: Block, loop: Loop): readonly Inst[] {
	const [question] = terminator(block).args;
	const inside = [...loop.blocks].flatMap(({ insts }) => insts);
	const isQuotient = ({ op, args }: Inst): boolean => (op === "udiv" || op === "sdiv") && isConst(args[1]);
	const isZeroAsked = isInst(question) && question.op === "icmp" && isConst(question.args[1]) && question.args[1].value === 0n;
	return block.insts.filter((inst) => {
		if (row(inst.op).does !== "pure") return false;
		const users = inside.filter(({ args }) => args.includes(inst));
		const isForNext = (user: Inst): boolean => user.op === "phi" && loop.header.insts.includes(user);
		return users.some(isForNext) && users.every((user) => isForNext(user) || (user === question && isZeroAsked && isQuotient(inst)));
	});
}
