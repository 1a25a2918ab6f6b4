import { type MBlock, type MFunction, type MInst, predecessors, successors } from "./machine.ts";

/**
 *     if (p[0] != 'a') goto J        if (p[0] == 'a') goto M
 *     if (p[1] != 'b') goto J        J: …                          the rest of the function
 *     …                         →    M: if (p[1] != 'b') goto J
 *     J: …                           …
 *
 * The kernel's verifier goes straight on at a jump, and lets the other way wait. It comes to J first from the last of the questions, when all of them
 * wait, and they wait till everything behind J has been walked: a text that is looked for at every place of a buffer, in a loop, is more than the 8,192
 * ways that may wait ("The sequence of 8193 jumps is too complex"). With the questions aside, J is walked first and one way waits; the others end at J,
 * where no less is known than before. It costs nothing but a jump where the last question's other side goes on to J as well, and it is done only where
 * too many would wait.
 */
export function moveAside(fn: MFunction, canTurn: (jump: MInst) => boolean): void {
	if (mostWaiting(fn.blocks) <= MOST_WAITING) return;
	const preds = predecessors(fn);
	// What stands aside is come to in its turn: there may be such questions in it.
	for (let i = 0; i < fn.blocks.length; i++) fn.blocks.push(...fn.blocks.splice(i + 1, questionsBehind(fn.blocks, i, preds, canTurn)));
}

/** Of the 8,192; what is counted is a guess, and some ways wait for what is not seen here. */
const MOST_WAITING = 4096;

/**
 * How many blocks behind the one at `at` are its questions: nobody else comes there, they are in no loop of their own, and at least two of them go to
 * where the block itself goes.
 */
function questionsBehind(
	blocks: readonly MBlock[],
	at: number,
	preds: ReadonlyMap<MBlock, readonly MBlock[]>,
	canTurn: (jump: MInst) => boolean,
): number {
	const jump = lastOf(blocks[at]);
	const next = blocks[at + 1];
	if (jump?.kind !== "jump" || !jump.blocks.includes(next) || (jump.blocks[0] !== next && !canTurn(jump))) return 0;
	const meet = jump.blocks[0] === next ? jump.blocks[1] : jump.blocks[0];
	const end = blocks.indexOf(meet, at + 1);
	if (end < at + 3) return 0;
	const inside = new Set(blocks.slice(at + 1, end));
	let meeting = 0;
	for (const block of inside) {
		if (block.depth > blocks[at].depth || !preds.get(block)!.every((from) => inside.has(from) || from === blocks[at])) return 0;
		if (successors(block).includes(meet)) meeting++;
	}
	return meeting >= 2 ? inside.size : 0;
}

/** How many ways wait at once, at most: what is walked first is walked once, in a loop as often as it has rounds. */
function mostWaiting(blocks: readonly MBlock[]): number {
	const next = new Map(blocks.map((block, i) => [block, blocks[i + 1]]));
	const seen = new Set<MBlock>();
	const ways: { readonly to: MBlock; readonly weight: number }[] = [{ to: blocks[0], weight: 0 }];
	let waiting = 0;
	let most = 0;
	while (ways.length > 0) {
		const way = ways.pop()!;
		waiting -= way.weight;
		for (let block: MBlock | undefined = way.to; block !== undefined && !seen.has(block); ) {
			seen.add(block);
			const after: readonly MBlock[] = successors(block);
			const straight: MBlock | undefined = after.find((to) => to === next.get(block!)) ?? after[after.length - 1];
			const other = after.find((to) => to !== straight);
			if (other !== undefined) {
				const weight = Number.isFinite(block.rounds) ? block.rounds : 1;
				ways.push({ to: other, weight });
				waiting += weight;
				most = Math.max(most, waiting);
			}
			block = straight;
		}
	}
	return most;
}

function lastOf({ insts }: MBlock): MInst | undefined {
	return insts[insts.length - 1];
}
