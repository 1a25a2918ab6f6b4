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
 * A loop that ends next to what follows it asks at its end whether to go on: a jump less in every round. Where the first question has a known
 * answer it goes as well. In comes code with registers and in order (`layout.ts`); nothing gets longer.
 *
 * The kernel's verifier remembers a state after two jumps or more. With two of them in each round of an inner loop it also did so where the outer
 * loop goes on, before it had seen what else leads there, and had forgotten that state again (it keeps few that were of no use) when it could
 * have ended the other ways with it.
 */
export function rotateLoops(fn: MFunction, canTurn: (jump: MInst) => boolean): void {
	const preds = predecessors(fn);
	const index = new Map(fn.blocks.map((block, i) => [block, i]));
	let changed = false;
	fn.blocks.forEach((latch, i) => {
		const back = latch.insts[latch.insts.length - 1];
		if (back?.kind !== "goto") return;
		const [head] = back.blocks;
		const at = index.get(head)!;
		const [test] = head.insts;
		const out = fn.blocks[i + 1];
		if (at > i || head.insts.length !== 1 || test.kind !== "jump" || out === undefined || !test.blocks.includes(out)) return;
		if (test.blocks[0] === out && !canTurn(test)) return;
		latch.insts[latch.insts.length - 1] = { ...test, blocks: [...test.blocks] };
		changed = true;
		preds.set(head, preds.get(head)!.filter((from) => from !== latch));
		const [entry, ...more] = preds.get(head)!;
		if (at === 0 || more.length > 0 || entry !== fn.blocks[at - 1]) return;
		const start = entry.insts[entry.insts.length - 1];
		const first = fn.blocks[at + 1];
		if (start.kind === "goto" && first !== out && goesTo(test, constantIn(entry, test.dst)) === first) entry.insts[entry.insts.length - 1] = { ...start, blocks: [first] };
	});
	if (!changed) return;
	const left = predecessors(fn);
	fn.blocks = fn.blocks.filter((block, i) => i === 0 || left.get(block)!.length > 0);
}

/** What a register is at the end of a block, if the block says so. */
function constantIn({ insts }: MBlock, reg: number): number | null {
	for (let i = insts.length - 2; i >= 0; i--) {
		const inst = insts[i];
		if (inst.dst !== reg && inst.src !== reg && inst.kind !== "call" && inst.kind !== "asm" && inst.kind !== "packet" && inst.kind !== "atomic") continue;
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
