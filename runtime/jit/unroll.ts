/**
 * Structured form in, the same with small innermost loops repeated inside themselves out.
 *
 * V8 puts a stack check at every loop head, in JavaScript and in Wasm; in a loop of ten instructions that is a fifth of its time
 * (measured on a 16-bit checksum). Its own unrolling does not reach these loops. Since every path through a body ends in a jump,
 * copies are just blocks in a row:
 *
 *     loop 3 { body }   →   loop 3 { block a { body, continue 3 → br a }  block b { body, … → br b }  body }
 *
 * A loop that is known to pass n times (induction.ts) is repeated by a divisor of n, and only its last copy asks whether it goes on.
 */
import type { Cfg } from "./cfg.ts";
import type { Op } from "./decode.ts";
import { isCall } from "./op.ts";
import type { CountedLoop } from "./representation.ts";
import type { Item } from "./structure.ts";

/** Copies by instructions in the body: at most this many instructions in all. */
const BUDGET = 64;
const MOST_COPIES = 4;
/** The same where only one copy needs its test, unless a back end says otherwise. */
const EVEN_BUDGET = 96;
const MOST_EVEN_COPIES = 8;
/**
 * The same again for loops too large for that: what a pass hands to the next moves from local to local, and V8 keeps both. Four passes of SHA-256 in a row take 0.86 of the
 * time, of a mixer with twelve values alive 0.88.
 */
const LARGE_BUDGET = 720;
/** Instructions that a function may grow to by that. */
const LARGEST_FUNCTION = 900;

export function unrollLoops(
	items: readonly Item[],
	cfg: Cfg,
	ops: readonly (Op | null)[],
	counted: ReadonlyMap<number, CountedLoop>,
	evenBudget = EVEN_BUDGET,
	largeBudget = LARGE_BUDGET,
): readonly Item[] {
	if (!items.some((item) => item.kind === "loop")) return items;
	let total = printedSize({ items, cfg });
	const out: Item[] = [];
	/** Labels of our own, above those of blocks. */
	let fresh = cfg.blocks.length;
	for (let i = 0; i < items.length; i++) {
		const item = items[i];
		if (item.kind !== "loop") {
			out.push(item);
			continue;
		}
		const end = innermostEnd(items, i);
		const size = end < 0 ? Number.POSITIVE_INFINITY : bodySize(items, i + 1, end, cfg, ops);
		const loop = counted.get(item.label);
		const body = end < 0 ? [] : items.slice(i + 1, end);
		const straight = loop === undefined ? null : withoutTest(body, loop.block);
		const budget = 2 * size <= evenBudget ? evenBudget : Math.min(largeBudget, LARGEST_FUNCTION - total + size);
		const even = straight === null ? 1 : divisor(loop!.passes, Math.min(MOST_EVEN_COPIES, Math.floor(budget / size)));
		const copies = even > 1 ? even : Math.min(MOST_COPIES, Math.floor(BUDGET / size));
		if (end < 0 || copies < 2) {
			out.push(item);
			continue;
		}
		total += (copies - 1) * size;
		out.push({ ...item, copies });
		for (let copy = 1; copy < copies; copy++) {
			const label = fresh++;
			out.push({ kind: "block", label });
			for (const inner of even > 1 ? straight! : body) out.push(inner.kind === "continue" ? { kind: "br", label } : inner);
			out.push({ kind: "end", of: "block", label });
		}
		out.push(...body, items[end]);
		i = end;
	}
	return out;
}

/** The largest divisor of n up to `most`. */
function divisor(n: number, most: number): number {
	for (let d = most; d > 1; d--) if (n % d === 0) return d;
	return 1;
}

/** The body with the test at the end of `block` decided: the loop goes on. Null: it does not look as expected. */
function withoutTest(body: readonly Item[], block: number): Item[] | null {
	const at = body.findIndex((item) => item.kind === "if" && item.block === block);
	const [inner, end, outer] = [body[at + 1], body[at + 2], body[at + 3]];
	if (at < 0 || end?.kind !== "end" || inner === undefined || outer === undefined) return null;
	const goesOn = inner.kind === "continue" ? inner : outer.kind === "continue" ? outer : null;
	const leaves = goesOn === inner ? outer : inner;
	return goesOn === null || leaves.kind !== "br" ? null : [...body.slice(0, at), goesOn, ...body.slice(at + 4)];
}

/** Index of the loop's end; −1: it holds another loop. */
function innermostEnd(items: readonly Item[], start: number): number {
	const loop = items[start];
	for (let i = start + 1; i < items.length; i++) {
		const item = items[i];
		if (item.kind === "loop") return -1;
		if (item.kind === "end" && item.of === "loop" && loop.kind === "loop" && item.label === loop.label) return i;
	}
	return -1;
}

/** Instructions that are printed, repeated loops as often as they are: about as many lines or more. */
export function printedSize({ items, cfg }: { readonly items: readonly Item[]; readonly cfg: Cfg }): number {
	return items.reduce((n, item) => (item.kind === "code" ? n + cfg.blocks[item.block].end - cfg.blocks[item.block].start : n), 0);
}

/** Instructions between two items; calls make a loop too slow for this to matter. */
function bodySize(items: readonly Item[], from: number, to: number, cfg: Cfg, ops: readonly (Op | null)[]): number {
	let size = 0;
	for (let i = from; i < to; i++) {
		const item = items[i];
		if (item.kind !== "code") continue;
		const block = cfg.blocks[item.block];
		for (let pc = block.start; pc < block.end; pc++) {
			const op = ops[pc];
			if (op !== null && isCall(op)) return Number.POSITIVE_INFINITY;
		}
		size += block.end - block.start;
	}
	return size;
}
