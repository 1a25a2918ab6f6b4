import type { MBlock, MFunction, MInst } from "./machine.ts";
import { NONE, predecessors } from "./machine.ts";

/**
 *     r1 = 0                          r1 = 0
 *     H: if r1 >= 16 goto out         B: …
 *     B: …                       →    r1 += 1
 *     r1 += 1                         if r1 < 16 goto B
 *     goto H                          out:
 *     out:
 *
 * A loop asks at its end whether to go on: a jump less in every round. Where the first question has a known answer it goes as well. Two questions at its
 * head (`i < 16 && i < n`) are both asked at the end, in their order: where the second one ends the loop the verifier goes on first, with the fewest
 * rounds behind it. What follows may stand elsewhere if the first question goes. In comes code with registers and in order (`layout.ts`); it gets longer
 * by one instruction at most.
 *
 * The kernel's verifier remembers a state after two jumps or more. With two of them in each round of an inner loop it also did so where the outer
 * loop goes on, before it had seen what else leads there, and had forgotten that state again (it keeps few that were of no use) when it could
 * have ended the other ways with it.
 */
export function rotateLoops(fn: MFunction, canTurn: (jump: MInst) => boolean): void {
	const preds = predecessors(fn);
	const index = new Map(fn.blocks.map((block, i) => [block, i]));
	/** What follows a block that asks now: the second question, the way to what is not next. */
	const behind = new Map<MBlock, readonly MBlock[]>();
	const newBlock = (like: MBlock, inst: MInst): MBlock => ({ ...like, id: fn.nextBlock++, insts: [inst] });
	fn.blocks.forEach((latch, i) => {
		const back = latch.insts[latch.insts.length - 1];
		if (back?.kind !== "goto") return;
		const [head] = back.blocks;
		const at = index.get(head)!;
		const first = fn.blocks[at + 1];
		const [test] = head.insts;
		const out = test.kind === "jump" ? test.blocks.find((to) => to !== first) : undefined;
		if (at > i || out === undefined || (index.get(out)! >= at && index.get(out)! <= i) || !isQuestion(head, out)) return;
		const two = first !== latch && test.blocks.includes(first) && isQuestion(first, out) && preds.get(first)!.length === 1;
		const last = two ? first.insts[0] : test;
		if (last.blocks[0] === out && !canTurn(last)) return;
		if (two && test.blocks[0] !== out && !canTurn(test)) return;
		const [entry, ...more] = preds.get(head)!.filter((from) => from !== latch);
		const start = entry?.insts[entry.insts.length - 1];
		const starts =
			at > 0 &&
			more.length === 0 &&
			entry === fn.blocks[at - 1] &&
			(start.kind === "goto" || start.kind === "jump") &&
			goesTo(test, constantIn(entry, test.dst)) === first;
		// Elsewhere it takes a jump to get there, which pays only where the first question goes.
		if (out !== fn.blocks[i + 1] && !starts) return;
		const exit = out === fn.blocks[i + 1] ? [] : [newBlock(out, { ...back, blocks: [out] })];
		const leave = (to: MBlock): MBlock => (to === out ? (exit[0] ?? out) : to);
		if (two) {
			const next = newBlock(first, { ...last, blocks: last.blocks.map(leave) });
			behind.set(latch, [next, ...exit]);
			latch.insts[latch.insts.length - 1] = { ...test, blocks: test.blocks.map((to) => (to === first ? next : to)) };
		} else {
			latch.insts[latch.insts.length - 1] = { ...test, blocks: test.blocks.map(leave) };
			behind.set(latch, exit);
		}
		preds.set(
			head,
			preds.get(head)!.filter((from) => from !== latch),
		);
		if (starts) entry.insts[entry.insts.length - 1] = { ...start, blocks: start.blocks.map((to) => (to === head ? first : to)) };
	});
	if (behind.size === 0) return;
	fn.blocks = fn.blocks.flatMap((block) => [block, ...(behind.get(block) ?? [])]);
	const left = predecessors(fn);
	fn.blocks = fn.blocks.filter((block, i) => i === 0 || left.get(block)!.length > 0);
}

/**
 *     goto H before H:                     goto H
 *     H: …                                 L: r1 += 1
 *     if r2 >= r3 goto out        →        H: …
 *     L: r1 += 1                           if r2 < r3 goto L
 *     goto H                               out:
 *     out:
 *
 * What a loop does after its last question stands in front of it: a jump less in every round, one more on the way in. The verifier walks the way out
 * first, where a round knows least; later rounds, which have learnt more (`lo < hi` of a search), then end there instead of being walked on.
 */
export function stepsInFront(fn: MFunction, canTurn: (jump: MInst) => boolean): void {
	const preds = predecessors(fn);
	for (const latch of fn.blocks.slice()) {
		const back = latch.insts[latch.insts.length - 1];
		const i = fn.blocks.indexOf(latch);
		const [asks, out] = [fn.blocks[i - 1], fn.blocks[i + 1]];
		if (back?.kind !== "goto" || asks === undefined || out === undefined) continue;
		const at = fn.blocks.indexOf(back.blocks[0]);
		const jump = asks.insts[asks.insts.length - 1];
		if (at <= 0 || at >= i || jump?.kind !== "jump" || preds.get(latch)!.length !== 1 || out.depth >= latch.depth) continue;
		if (!jump.blocks.includes(latch) || !jump.blocks.includes(out) || (jump.blocks[0] !== latch && !canTurn(jump))) continue;
		fn.blocks.splice(i, 1);
		fn.blocks.splice(at, 0, latch);
	}
}

/** A block that does nothing but ask whether the loop ends. */
const isQuestion = ({ insts }: MBlock, out: MBlock): boolean =>
	insts.length === 1 && insts[0].kind === "jump" && insts[0].blocks.includes(out);

/** What a register is at the end of a block, if the block says so. */
function constantIn({ insts }: MBlock, reg: number): number | null {
	for (let i = insts.length - 2; i >= 0; i--) {
		const inst = insts[i];
		if (
			inst.dst !== reg &&
			inst.src !== reg &&
			inst.kind !== "call" &&
			inst.kind !== "asm" &&
			inst.kind !== "packet" &&
			inst.kind !== "atomic"
		)
			continue;
		return inst.kind === "alu" && inst.op === "mov" && inst.dst === reg && inst.src === NONE && inst.core === null ? inst.imm : null;
	}
	return null;
}

/** Where a comparison of a small constant with another one goes; null: not known. */
function goesTo({ op, src, imm, blocks }: MInst, value: number | null): MBlock | null {
	if (value === null || src !== NONE || value < 0 || imm < 0) return null;
	const holds = COMPARISONS[op];
	return holds === undefined ? null : holds(value, imm) ? blocks[0] : blocks[1];
}

/** Of numbers from 0 to 2³¹ − 1, where signs and widths make no difference. */
const COMPARISONS: Partial<Record<MInst["op"], (a: number, b: number) => boolean>> = {
	jeq: (a, b) => a === b,
	jne: (a, b) => a !== b,
	jlt: (a, b) => a < b,
	jle: (a, b) => a <= b,
	jgt: (a, b) => a > b,
	jge: (a, b) => a >= b,
	jslt: (a, b) => a < b,
	jsle: (a, b) => a <= b,
	jsgt: (a, b) => a > b,
	jsge: (a, b) => a >= b,
};
