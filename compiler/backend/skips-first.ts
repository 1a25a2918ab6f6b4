import { type MBlock, type MFunction, type MInst, predecessors, successors } from "./machine.ts";

/**
 *     H: if r1 != r2 goto L           H: if r1 == r2 goto B
 *     B: …                       →    L: r1 += 1
 *     L: r1 += 1                      if r1 < 256 goto H
 *     if r1 < 256 goto H              …
 *     …                               B: …
 *                                     goto L
 *
 * What a round does only for one number stands aside, behind the function: the rounds that skip it are walked first, and they know least. What has
 * learnt more in a round (bytes that were compared, what a map gave) then ends at the next one instead of being walked through all that are left. It costs a jump
 * at the end of what stands aside, and is done where there are so many rounds that ways through one of them would count.
 */
export function skipsFirst(fn: MFunction, canTurn: (jump: MInst) => boolean): void {
	const preds = predecessors(fn);
	for (const block of fn.blocks.slice()) {
		const aside = onlyForOne(fn.blocks, block, preds, canTurn);
		if (aside.size === 0) continue;
		fn.blocks = [...fn.blocks.filter((one) => !aside.has(one)), ...fn.blocks.filter((one) => aside.has(one))];
	}
}

/** With fewer rounds than that each way through one is walked on at little cost. */
const MANY_ROUNDS = 32;

/** What is done where the numbers that the block compares are equal, if otherwise the round ends. */
function onlyForOne(
	blocks: readonly MBlock[],
	block: MBlock,
	preds: ReadonlyMap<MBlock, readonly MBlock[]>,
	canTurn: (jump: MInst) => boolean,
): ReadonlySet<MBlock> {
	const none: ReadonlySet<MBlock> = new Set();
	const jump = block.insts[block.insts.length - 1];
	if (block.depth === 0 || block.rounds < MANY_ROUNDS || !Number.isFinite(block.rounds)) return none;
	if (jump?.kind !== "jump" || (jump.op !== "jeq" && jump.op !== "jne") || !canTurn(jump)) return none;
	const [equal, skip] = jump.op === "jeq" ? jump.blocks : jump.blocks.toReversed();
	const at = blocks.indexOf(block);
	const isBack = (to: MBlock): boolean => to.depth === block.depth && blocks.indexOf(to) <= at;
	if (blocks[at + 1] !== equal || skip.depth !== block.depth || isBack(skip) || !successors(skip).some(isBack)) return none;
	const aside = dominated(equal, block, preds);
	// What is left falls from one to the other.
	return !aside.has(skip) && blocks.slice(at + 1).find((one) => !aside.has(one)) === skip ? aside : none;
}

/** What can be reached only by the way from `from` to `first`. */
function dominated(first: MBlock, from: MBlock, preds: ReadonlyMap<MBlock, readonly MBlock[]>): ReadonlySet<MBlock> {
	const inside = new Set<MBlock>();
	if (preds.get(first)!.some((pred) => pred !== from)) return inside;
	inside.add(first);
	for (let size = 0; size !== inside.size; ) {
		size = inside.size;
		for (const block of inside)
			for (const next of successors(block)) if (next !== from && preds.get(next)!.every((pred) => inside.has(pred))) inside.add(next);
	}
	return inside;
}
