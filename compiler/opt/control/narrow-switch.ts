import type { Block } from "../../ir/types.ts";
import { makeJump, removePhiEdge, terminator } from "../../ir/values.ts";

/**
 * Drops cases that the value of the switch at the end of `block` never is; where all that it can be are cases, the last of them needs no question
 * (LLVM: EliminateDeadSwitchCases).
 * @param mayBe whether it can be a number
 * @param count of the numbers that it can be
 */
export function narrowSwitch(block: Block, mayBe: (value: bigint) => boolean, count: bigint): boolean {
	const end = terminator(block);
	const cases = end.attr!.cases!;
	const targets = end.blocks!;
	let kept = cases.map((value, i) => ({ value, to: targets[i + 1] })).filter(({ value }) => mayBe(value));
	let [otherwise] = targets;
	if (kept.length > 0 && BigInt(kept.length) === count) {
		otherwise = kept[kept.length - 1].to;
		kept = kept.filter(({ to }) => to !== otherwise);
	}
	if (kept.length === cases.length && otherwise === targets[0]) return false;
	const next = [otherwise, ...kept.map(({ to }) => to)];
	for (const gone of new Set(targets)) if (!next.includes(gone)) removePhiEdge(gone, block);
	end.blocks = next;
	end.attr = { ...end.attr, cases: kept.map(({ value }) => value) };
	if (kept.length === 0) makeJump(end, otherwise);
	return true;
}
