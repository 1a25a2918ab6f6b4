/**
 * Accesses of a program that nothing verified: which need a check, and what that check looks like.
 *
 * In: operations, graph, and what the forward analysis knows. Every register is followed as "where it came from plus an offset" (offsets.ts): from r1, from a
 * load, from a call. Two things come out:
 *
 * - a guard: all that accesses through r1 with bounded offsets can touch, as one interval around r1. Where one region holds it (tested once, at the program's
 *   entry) none of those accesses needs a check of its own;
 * - for every other access a window: the bounds of the region that its last access of the same origin and size hit. Origins are guesses that make windows last;
 *   nothing depends on them but speed.
 */
import type { Cfg } from "./cfg.ts";
import type { MemorySize, Op } from "./decode.ts";
import type { Offsets, Sums } from "./offsets.ts";
import { follow, forget, joinOffsets, OFFSET_STRIDE, setRoot, shift } from "./offsets.ts";
import type { Draft, LoopFacts } from "./representation.ts";
import { definedBy, FLAG } from "./representation.ts";

export interface Window {
	readonly size: MemorySize;
	readonly store: boolean;
}

export interface Guard {
	/** Offsets from r1, [low, high). */
	readonly low: number;
	readonly high: number;
	/** Something is stored there too. */
	readonly store: boolean;
}

export interface AccessPlan {
	/** By slot from the entry: index into `windows`, −1 where there is no access or it needs no check. */
	readonly window: Int16Array;
	readonly windows: readonly Window[];
	readonly guard: Guard | null;
	/** By slot from the entry: 1 where the guard makes the check superfluous. */
	readonly guarded: Uint8Array;
}

/** A guard wider than this fails more often than it helps. */
const WIDEST = 65536;
/** Larger functions get one window for each size, and no guard. */
const MOST_BLOCKS = 4000;
/** Windows beyond this share those of unknown origin. */
const MOST_WINDOWS = 64;

/** Origins: 0 to 10 the registers at the entry, then slots. */
const FIRST_SLOT = 16;

export function planAccesses(ops: readonly (Op | null)[], cfg: Cfg, registers: number, draft: Draft, main: boolean): AccessPlan {
	const slots = draft.flags.length;
	const window = new Int16Array(slots).fill(-1);
	const guarded = new Uint8Array(slots);
	const windows: Window[] = [];
	const byKey = new Map<string, number>();
	const windowFor = (origin: number, size: MemorySize, store: boolean): number => {
		const key = `${windows.length >= MOST_WINDOWS ? -1 : origin}/${size}/${store}`;
		const known = byKey.get(key);
		if (known !== undefined) return known;
		byKey.set(key, windows.length);
		return windows.push({ size, store }) - 1;
	};
	let low = Number.POSITIVE_INFINITY;
	let high = Number.NEGATIVE_INFINITY;
	let store = false;
	const states = cfg.blocks.length > MOST_BLOCKS || draft.sums === null ? null : origins(ops, cfg, registers, draft, draft.sums);
	const state: Offsets = new Float64Array(registers * OFFSET_STRIDE).fill(-1);
	for (const block of cfg.blocks) {
		const before = states?.[block.id] ?? null;
		if (before !== null) state.set(before);
		else for (let r = 0; r < registers; r++) forget(state, r);
		for (let pc = block.start; pc < block.end; pc++) {
			const op = ops[pc];
			if (op === null) continue;
			const at = pc - cfg.entry;
			if ((op.kind === "load" || op.kind === "store" || op.kind === "atomic") && !(draft.flags[at] & FLAG.proved)) {
				const writes = op.kind !== "load";
				const base = op.base * OFFSET_STRIDE;
				window[at] = windowFor(state[base], op.size, writes);
				const from = state[base + 1] + op.off;
				const to = state[base + 2] + op.off + op.size;
				if (main && state[base] === 1 && Math.max(high, to) - Math.min(low, from) <= WIDEST && from > -WIDEST && to < WIDEST) {
					guarded[at] = 1;
					low = Math.min(low, from);
					high = Math.max(high, to);
					store ||= writes;
				}
			}
			if (states !== null && draft.sums !== null) move(op, pc, at, state, draft.sums);
		}
	}
	return { window, windows, guard: low < high ? { low, high, store } : null, guarded };
}

/** What each register is at the start of each block; null: nothing reaches it. */
function origins(ops: readonly (Op | null)[], cfg: Cfg, registers: number, draft: Draft, sums: Sums): (Offsets | null)[] {
	const { blocks } = cfg;
	const before: (Offsets | null)[] = blocks.map(() => null);
	const after: (Offsets | null)[] = blocks.map(() => null);
	const start: Offsets = new Float64Array(registers * OFFSET_STRIDE);
	for (let r = 0; r < registers; r++) setRoot(start, r, r >= 1 && r <= 5 ? r : -1);
	for (let pass = 0, changed = true; changed; pass++) {
		changed = false;
		for (const block of blocks) {
			if (draft.unreached[block.id]) continue;
			const now = arrive(
				block.id,
				block.id === 0 ? start.slice() : null,
				cfg,
				registers,
				after,
				draft.loops?.get(block.id),
				!cfg.reducible,
			);
			if (now === null) continue;
			const old = before[block.id];
			if (old !== null) {
				// Only ever upwards: what still grows in the third pass has no bounds.
				const grown = old.slice();
				if (!joinOffsets(grown, now)) continue;
				if (pass > 1)
					for (let at = 0; at < grown.length; at += OFFSET_STRIDE)
						if (grown[at + 1] !== old[at + 1] || grown[at + 2] !== old[at + 2])
							(grown[at + 1] = Number.NEGATIVE_INFINITY), (grown[at + 2] = Number.POSITIVE_INFINITY);
				before[block.id] = grown;
			} else before[block.id] = now;
			changed = true;
			const state = before[block.id]!.slice();
			for (let pc = block.start; pc < block.end; pc++) {
				const op = ops[pc];
				if (op !== null) move(op, pc, pc - cfg.entry, state, sums);
			}
			after[block.id] = state;
		}
	}
	return before;
}

/** The state at a block's start, from its predecessors. At a loop's head, what the loop adds is known for some registers. */
function arrive(
	id: number,
	now: Offsets | null,
	cfg: Cfg,
	registers: number,
	after: readonly (Offsets | null)[],
	loop: LoopFacts | undefined,
	all: boolean,
): Offsets | null {
	const block = cfg.blocks[id];
	for (const p of block.preds) {
		const from = after[p];
		if (from === null || (p >= id && !all)) continue;
		if (now === null) now = from.slice();
		else joinOffsets(now, from);
	}
	if (now === null || block.loop !== id || all) return now;
	const counted = (r: number): boolean => loop !== undefined && !Number.isNaN(loop.steps[2 * r]);
	const merged = now.slice();
	for (const p of block.preds) {
		const from = p >= id ? after[p] : null;
		if (from !== null) joinOffsets(merged, from);
	}
	for (let r = 0; r < registers; r++) {
		if (!counted(r)) now.set(merged.subarray(r * OFFSET_STRIDE, r * OFFSET_STRIDE + OFFSET_STRIDE), r * OFFSET_STRIDE);
		else if (loop!.steps[2 * r] !== 0 || loop!.steps[2 * r + 1] !== 0)
			shift(now, r, times(loop!.trips, Math.min(0, loop!.steps[2 * r])), times(loop!.trips, Math.max(0, loop!.steps[2 * r + 1])));
	}
	return now;
}

const times = (trips: number, step: number): number => (step === 0 ? 0 : trips * step);

function move(op: Op, pc: number, at: number, state: Offsets, sums: Sums): void {
	if (follow(op, at, state, sums)) return;
	switch (op.kind) {
		case "helper":
		case "kfunc":
		case "call":
		case "callx":
			for (let r = 1; r <= 5; r++) forget(state, r);
			return setRoot(state, 0, FIRST_SLOT + pc);
		case "load":
			return op.size >= 4 ? setRoot(state, op.dst, FIRST_SLOT + pc) : forget(state, op.dst);
		case "imm64":
			return op.pseudo === 0 ? forget(state, op.dst) : setRoot(state, op.dst, FIRST_SLOT + pc);
		default: {
			const dst = definedBy(op);
			if (dst >= 0) forget(state, dst);
		}
	}
}
