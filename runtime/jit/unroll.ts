/**
 * Structured form in, the same with small innermost loops repeated inside themselves out.
 *
 * V8 puts a stack check at every loop head, in JavaScript and in Wasm; in a loop of ten instructions that is a fifth of its time
 * (measured on a 16-bit checksum). Its own unrolling does not reach these loops. Since every path through a body ends in a jump,
 * copies are just blocks in a row:
 *
 *     loop 3 { body }   →   loop 3 { block a { body, continue 3 → br a }  block b { body, … → br b }  body }
 */
import type { Cfg } from "./cfg.ts";
import type { Op } from "./decode.ts";
import type { Item } from "./structure.ts";

/** Copies by instructions in the body: at most this many instructions in all. */
const BUDGET = 64;
const MOST_COPIES = 4;

export function unrollLoops(items: readonly Item[], cfg: Cfg, ops: readonly (Op | null)[]): Item[] {
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
		const copies = Math.min(MOST_COPIES, Math.floor(BUDGET / size));
		if (end < 0 || copies < 2) {
			out.push(item);
			continue;
		}
		const body = items.slice(i + 1, end);
		out.push({ ...item, copies });
		for (let copy = 1; copy < copies; copy++) {
			const label = fresh++;
			out.push({ kind: "block", label });
			for (const inner of body) out.push(inner.kind === "continue" ? { kind: "br", label } : inner);
			out.push({ kind: "end", of: "block", label });
		}
		out.push(...body, items[end]);
		i = end;
	}
	return out;
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

/** Instructions between two items; calls make a loop too slow for this to matter. */
function bodySize(items: readonly Item[], from: number, to: number, cfg: Cfg, ops: readonly (Op | null)[]): number {
	let size = 0;
	for (let i = from; i < to; i++) {
		const item = items[i];
		if (item.kind !== "code") continue;
		const block = cfg.blocks[item.block];
		for (let pc = block.start; pc < block.end; pc++) {
			const kind = ops[pc]?.kind;
			if (kind === "helper" || kind === "kfunc" || kind === "call" || kind === "callx") return Number.POSITIVE_INFINITY;
		}
		size += block.end - block.start;
	}
	return size;
}
