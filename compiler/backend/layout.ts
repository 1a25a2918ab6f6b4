import { JMP_OPS, type JmpOp } from "../../assembler/spec/isa.ts";
import type { Cpu } from "./cpu.ts";
import {
	FRAME,
	forDefs,
	forUses,
	isLong,
	type MBlock,
	type MFunction,
	type MInst,
	minst,
	NONE,
	predecessors,
	successors,
} from "./machine.ts";
import { keyOf, mergeable } from "./code-key.ts";
import { mergeTails } from "./merge-tails.ts";
import { rotateLoops, stepsInFront } from "./rotate-loops.ts";
import { skipsFirst } from "./skips-first.ts";
import { moveAside } from "./waiting.ts";

/**
 * Orders the blocks. Jumps to jumps are shortened, a lone `exit` is repeated rather than jumped to, and what is left stands in
 * reverse postorder, loops before what follows them, so that most blocks fall into the next one; a loop asks at its end whether to go on.
 * Of two sides the one that the kernel's verifier should walk first comes first; where too many ways would wait, questions stand aside.
 */
export function layOut(fn: MFunction, cpu: Cpu): void {
	const sameAs = sameness();
	do threadJumps(fn);
	while (mergeTwins(fn, sameAs));
	hoistEdgeCopies(fn);
	threadJumps(fn);
	fn.blocks = mergeChains(fn);
	if (mergeTails(fn)) {
		threadJumps(fn);
		fn.blocks = mergeChains(fn);
	}
	fn.blocks = reversePostorder(fn, cpu);
	const canTurn = (jump: MInst): boolean => opposite(jump, cpu) !== null;
	rotateLoops(fn, canTurn);
	stepsInFront(fn, canTurn);
	skipsFirst(fn, canTurn);
	moveAside(fn, canTurn);
	repeatExits(fn);
	flipJumps(fn, cpu);
}

/** A jump to a block that only jumps on goes to the end of the chain. */
function threadJumps(fn: MFunction): void {
	const end = (block: MBlock): MBlock => {
		const seen = new Set<MBlock>();
		let now = block;
		while (!seen.has(now) && now.insts.length === 1 && now.insts[0].kind === "goto") {
			seen.add(now);
			now = now.insts[0].blocks[0];
		}
		return now;
	};
	for (const block of fn.blocks) {
		const last = block.insts[block.insts.length - 1];
		if (last === undefined) continue;
		last.blocks = last.blocks.map(end);
		if (last.kind === "jump" && last.blocks[0] === last.blocks[1])
			block.insts[block.insts.length - 1] = minst("goto", last.loc, { blocks: [last.blocks[0]] });
	}
	const reached = new Set<MBlock>([fn.blocks[0]]);
	for (const block of reached) for (const next of successors(block)) reached.add(next);
	fn.blocks = fn.blocks.filter((block) => reached.has(block));
}

/**
 * The text of what a block does and where it goes: equal for blocks that do the same. Merging changes nothing but where blocks go, so the
 * instructions before the last one are read once and have a number. null: blocks that are not looked into.
 */
function sameness(): (block: MBlock) => string | null {
	const ids = new Map<unknown, number>();
	const idOf = (thing: unknown): number => {
		let id = ids.get(thing);
		if (id === undefined) ids.set(thing, (id = ids.size));
		return id;
	};
	const bodies = new Map<MBlock, number | null>();
	const bodyOf = ({ insts }: MBlock): number | null => {
		if (!insts.every(mergeable)) return null;
		return idOf(
			insts
				.slice(0, -1)
				.map((inst) => keyOf(inst, idOf))
				.join("|"),
		);
	};
	return (block) => {
		let body = bodies.get(block);
		if (body === undefined) bodies.set(block, (body = bodyOf(block)));
		const last = block.insts[block.insts.length - 1];
		return body === null ? null : `${body}|${last === undefined ? "" : keyOf(last, idOf)}`;
	};
}

/**
 * Blocks that do the same and go to the same places become one, the first of them. They are read from the last one on, so that what leads to two that have become one is
 * found in the same round: a chain of a thousand ends would take as many.
 */
function mergeTwins(fn: MFunction, sameAs: (block: MBlock) => string | null): boolean {
	const known = new Map<string, MBlock>();
	/** The block of its class that was met first; in the end, the one that stands first. */
	const met = new Map<MBlock, MBlock>();
	const redirect = (block: MBlock, to: ReadonlyMap<MBlock, MBlock>): void => {
		const last = block.insts[block.insts.length - 1];
		if (last !== undefined) last.blocks = last.blocks.map((target) => to.get(target) ?? target);
	};
	for (const block of fn.blocks.slice(1).reverse()) {
		redirect(block, met);
		const key = sameAs(block);
		if (key === null) continue;
		const twin = known.get(key);
		if (twin === undefined) known.set(key, block);
		else met.set(block, twin);
	}
	if (met.size === 0) return false;
	const first = new Map<MBlock, MBlock>();
	for (const block of fn.blocks) {
		const twin = met.get(block) ?? block;
		if (!first.has(twin)) first.set(twin, block);
		met.set(block, first.get(twin)!);
	}
	for (const block of fn.blocks) redirect(block, met);
	return true;
}

/**
 *     if (c) goto E; …            r = 1
 *     E: r = 1; goto S      →     if (c) goto S; …
 *
 * when `r` is neither asked by the jump nor needed on the other side: the block E, and the jump around it, disappear.
 */
function hoistEdgeCopies(fn: MFunction): void {
	const liveIn = physicalLiveness(fn);
	const preds = predecessors(fn);
	const isFar = isLong(fn);
	for (const block of fn.blocks) {
		const jump = block.insts[block.insts.length - 1];
		if (jump?.kind !== "jump") continue;
		for (const side of [0, 1]) {
			const edge = jump.blocks[side];
			const other = jump.blocks[1 - side];
			if (edge === other || edge.insts.length !== 2 || edge.insts[1].kind !== "goto" || preds.get(edge)!.length !== 1) continue;
			const [move] = edge.insts;
			if ((move.kind !== "alu" || move.op !== "mov" || move.core !== null) && move.kind !== "wide") continue;
			// Two slots, and on the way out of a loop they would be asked for in each round.
			if (move.kind === "wide" && (edge.depth < block.depth || isFar)) continue;
			const bit = 1 << move.dst;
			if (jump.dst === move.dst || jump.src === move.dst || (liveIn.get(other)! & bit) !== 0) continue;
			// A loop's question can be asked at its end as long as it stands alone: then the copy is the beginning of what it leads to.
			if (block.insts.length === 1 && preds.get(block)!.length > 1 && reaches(edge, block) && !reaches(other, block)) continue;
			block.insts.splice(block.insts.length - 1, 0, move);
			edge.insts = [edge.insts[1]];
			break;
		}
	}
}

function reaches(from: MBlock, to: MBlock): boolean {
	const reached = new Set([from]);
	for (const block of reached) for (const next of successors(block)) reached.add(next);
	return reached.has(to);
}

/** Registers live into each block, as bits 0–9, after allocation. */
export function physicalLiveness(fn: MFunction): Map<MBlock, number> {
	const liveIn = new Map<MBlock, number>(fn.blocks.map((block) => [block, 0]));
	const preds = predecessors(fn);
	const work = [...fn.blocks];
	while (work.length > 0) {
		const block = work.pop()!;
		let live = 0;
		for (const next of successors(block)) live |= liveIn.get(next)!;
		for (let i = block.insts.length - 1; i >= 0; i--) live = liveBefore(block.insts[i], live);
		if (live === liveIn.get(block)) continue;
		liveIn.set(block, live);
		work.push(...preds.get(block)!);
	}
	return liveIn;
}

function mergeChains(fn: MFunction): MBlock[] {
	const preds = predecessors(fn);
	const gone = new Set<MBlock>();
	for (const block of fn.blocks) {
		if (gone.has(block)) continue;
		for (;;) {
			const last = block.insts[block.insts.length - 1];
			if (last?.kind !== "goto") break;
			const next = last.blocks[0];
			if (next === block || next === fn.blocks[0] || preds.get(next)!.length !== 1) break;
			block.insts.pop();
			for (const inst of next.insts) block.insts.push(inst);
			for (const after of successors(next)) {
				const list = preds.get(after)!;
				list[list.indexOf(next)] = block;
			}
			gone.add(next);
		}
	}
	return fn.blocks.filter((block) => !gone.has(block));
}

function reversePostorder(fn: MFunction, cpu: Cpu): MBlock[] {
	const seen = new Set<MBlock>([fn.blocks[0]]);
	const order: MBlock[] = [];
	const preds = predecessors(fn);
	const targets = (block: MBlock): MBlock[] => {
		const list = successors(block).slice().reverse();
		const jump = block.insts[block.insts.length - 1];
		// A jump that cannot be turned around needs its other side next.
		if (jump?.kind === "jump" && opposite(jump, cpu) === null) return list.reverse();
		if (list.length !== 2) return list;
		// What is visited first ends up last: leave the loop first.
		if (list[1].depth !== list[0].depth) return list[1].depth < list[0].depth ? list.reverse() : list;
		return walkedLater(list[1], jump, preds) > walkedLater(list[0], jump, preds) && mayWait(list[0], list[1], preds)
			? list.reverse()
			: list;
	};
	const stack = [{ targets: targets(fn.blocks[0]), block: fn.blocks[0], next: 0 }];
	while (stack.length > 0) {
		const top = stack[stack.length - 1];
		if (top.next < top.targets.length) {
			const target = top.targets[top.next++];
			if (seen.has(target)) continue;
			seen.add(target);
			stack.push({ targets: targets(target), block: target, next: 0 });
		} else {
			order.push(top.block);
			stack.pop();
		}
	}
	return order.reverse();
}

/**
 * The kernel's verifier walks what comes next first, and ends later paths where a walked one had known no more. So the side about which more is known
 * comes later, where both sides cost as much:
 *
 *     if (x == 44) A; else B;                 A knows what x is; what follows for any other x is often good for 44 as well
 *     if (x == 44 || x == 45) A; else B;      A knows nothing of x; more of a packet, if it goes on to compare two pointers
 *     if (x == 6) i = *p; else i = 0;         of x without 6 less is known, of i more
 *     if (p + n > end) i = 0; else { … }      of two pointers: A has nothing to do but to say so
 */
function walkedLater(side: MBlock, { op, src, imm, blocks }: MInst, preds: ReadonlyMap<MBlock, readonly MBlock[]>): number {
	if (src !== NONE) return onlyCopies(side) ? 1 : 0;
	if (imm !== 0 && (op === "jeq" || op === "jne") && onlyCopies(side) && side.insts.every(copiesNone)) return 2;
	const equal = imm !== 0 && ((op === "jeq" && blocks[0] === side) || (op === "jne" && blocks[1] === side));
	return equal && (preds.get(side)!.length === 1 || comparesTwo(side)) ? 1 : 0;
}

/** A block that ends with a comparison of two registers. */
function comparesTwo({ insts }: MBlock): boolean {
	const last = insts[insts.length - 1];
	return last?.kind === "jump" && last.src !== NONE;
}

/** Ways that may wait to be walked, of the 8,192 that the verifier lets wait: others do as well. */
const MOST_WAITING = 1024;

/** A way out of a loop waits, in every round, till the loop's last has been walked: the side with fewer of them is first, or one with few rounds. */
const mayWait = (first: MBlock, later: MBlock, preds: ReadonlyMap<MBlock, readonly MBlock[]>): boolean => {
	const ways = waysOut(first, preds);
	return ways <= waysOut(later, preds) || ways * first.rounds <= MOST_WAITING;
};

/** Ways out of the loop on one side before it meets another way. */
function waysOut(side: MBlock, preds: ReadonlyMap<MBlock, readonly MBlock[]>): number {
	let count = 0;
	let block: MBlock | undefined = side.depth > 0 ? side : undefined;
	while (block !== undefined && preds.get(block)!.length === 1) {
		const next: readonly MBlock[] = successors(block);
		const inside = next.filter(({ depth }) => depth >= side.depth);
		if (inside.length < next.length) count++;
		block = inside.length === 1 ? inside[0] : undefined;
	}
	return count;
}

/** No register's value goes on in another register. */
const copiesNone = ({ kind, src }: MInst): boolean => kind !== "alu" || src === NONE;

/** A block that only gives registers values and goes on. */
function onlyCopies({ insts }: MBlock): boolean {
	const last = insts.length - 1;
	return (
		last > 0 &&
		insts[last].kind === "goto" &&
		insts.every(
			(inst, i) =>
				i === last || (inst.kind === "alu" && inst.op === "mov" && inst.core === null) || (inst.kind === "store" && inst.dst === FRAME),
		)
	);
}

/** A jump to a lone `exit` is one. */
function repeatExits(fn: MFunction): void {
	fn.blocks.forEach((block, i) => {
		const last = block.insts[block.insts.length - 1];
		if (last?.kind !== "goto" || last.blocks[0] === fn.blocks[i + 1]) return;
		const [only] = last.blocks[0].insts;
		if (only.kind === "exit") block.insts[block.insts.length - 1] = { ...only };
	});
	const preds = predecessors(fn);
	fn.blocks = fn.blocks.filter((block, i) => i === 0 || preds.get(block)!.length > 0);
}

const mirrored = { jlt: "jgt", jle: "jge", jslt: "jsgt", jsle: "jsge" } as const satisfies Partial<Record<JmpOp, JmpOp>>;

/** The jump that goes exactly when this one does not; null: the machine has none. a <= b is b >= a. */
function opposite(jump: MInst, cpu: Cpu): { readonly op: JmpOp; readonly swap: boolean } | null {
	const { inverse } = JMP_OPS[jump.op as JmpOp];
	if (inverse === null) return null;
	if (JMP_OPS[inverse].cpu === 1 || cpu.lessThan) return { op: inverse, swap: false };
	return jump.src === NONE ? null : { op: mirrored[inverse as keyof typeof mirrored], swap: true };
}

/** Jumps whose target comes next are turned around. */
function flipJumps(fn: MFunction, cpu: Cpu): void {
	fn.blocks.forEach((block, i) => {
		const jump = block.insts[block.insts.length - 1];
		const next = fn.blocks[i + 1];
		if (jump?.kind !== "jump" || jump.blocks[1] === next || jump.blocks[0] !== next) return;
		const turned = opposite(jump, cpu);
		if (turned === null) return;
		jump.op = turned.op;
		if (turned.swap) [jump.dst, jump.src] = [jump.src, jump.dst];
		jump.blocks = [jump.blocks[1], jump.blocks[0]];
	});
}

export function liveBefore(inst: MInst, live: number): number {
	let now = live;
	forDefs(inst, (reg) => {
		now &= ~(1 << reg);
	});
	forUses(inst, (reg) => {
		now |= 1 << reg;
	});
	return now;
}
