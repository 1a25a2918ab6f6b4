/**
 * Precision: from a scalar whose exact value decided something, back along the path to where it came from, marking it in every saved state passed.
 * Two states may be taken for equal although an unmarked scalar differs; that is what makes pruning work.
 *
 * In: the state whose register (or slots) must be exact; out: marks in its ancestors' frames (`preciseRegs`, `preciseSlots*`).
 * The walk goes instruction by instruction (backtrack.ts) with a set of registers and stack slots per frame, using the jump history kept since each saved state.
 * Source: __mark_chain_precision of kernel/bpf/verifier.c.
 */
import { type Env, internal } from "./env.ts";
import type { KernelLog } from "./kernel-log.ts";
import { logForced, logForcedOne, logInsn, logParent, logPropagated, logStart } from "./precision-log.ts";
import { JUMP_STACK_ACCESS, type LinkedReg, slotIsSpilled, type State } from "./state.ts";
import { SCALAR } from "./types.ts";
import { ARGS, type Backtrack, backtrackInsn } from "./backtrack.ts";

export const stackAccess = (frame: number, slot: number): number => JUMP_STACK_ACCESS | (slot << 3) | frame;

/** Adds to the history of the path, or to the entry that this instruction already made. */
export function pushHistory(env: Env, state: State, flags: number, linked: readonly LinkedReg[] | null): void {
	if (env.historyEntry) {
		env.historyEntry.flags |= flags;
		env.historyEntry.linked = linked;
		return;
	}
	const before = state.history;
	state.history = env.historyEntry = {
		before,
		count: before === null ? 1 : before.count + 1,
		idx: env.insn,
		prev: env.prevInsn,
		flags,
		linked,
	};
}

export function markPrecise(env: Env, reg: number): void {
	if (env.regs[reg].type !== SCALAR) internal("backtracking misuse");
	const bt = env.backtrack;
	bt.frame = env.current.curframe;
	bt.regs[bt.frame] |= 1 << reg;
	walk(env, env.current);
}

export function markSlotPrecise(env: Env, frame: number, slot: number): void {
	const bt = env.backtrack;
	bt.frame = env.current.curframe;
	bt.setSlot(frame, slot);
	walk(env, env.current);
}

/** `state` was found equal to the saved `old`: what is precise there must be so here. Whether anything changed. */
export function propagatePrecision(env: Env, old: State, state: State): boolean {
	const bt = env.backtrack;
	for (let fr = old.curframe; fr >= 0; fr--) {
		const frame = old.frames[fr];
		let regs = frame.preciseRegs;
		for (let i = 0; i < 10; i++) if (regs & (1 << i) && frame.regs[i].type !== SCALAR) regs &= ~(1 << i);
		bt.regs[fr] |= regs & 0x3ff;
		if (frame.preciseSlotsLow | frame.preciseSlotsHigh) {
			for (let i = 0; i < frame.kinds.length; i++) {
				if (frame.slotIsPrecise(i) && slotIsSpilled(frame.kinds[i]) && frame.slots[i].type === SCALAR) bt.setSlot(fr, i);
			}
		}
	}
	bt.frame = state.curframe;
	if (env.trace !== null && env.trace.level > 1) logPropagated(env.trace, bt);
	return walk(env, state);
}

/** When the way back is lost: everything that could matter, in all ancestors. */
export function markAllScalarsPrecise(start: State, log: KernelLog | null): void {
	if (log !== null) logForced(log, start);
	for (let st = start.parent; st; st = st.parent) {
		for (let i = 0; i <= st.curframe; i++) {
			const frame = st.frames[i];
			for (let r = 0; r < 10; r++) {
				if (frame.regs[r].type !== SCALAR || (frame.preciseRegs & (1 << r)) !== 0) continue;
				frame.preciseRegs |= 1 << r;
				if (log !== null) logForcedOne(log, i, `r${r}`);
			}
			for (let s = 0; s < frame.kinds.length; s++) {
				if (!slotIsSpilled(frame.kinds[s]) || frame.slots[s].type !== SCALAR || frame.slotIsPrecise(s)) continue;
				frame.markSlotPrecise(s);
				if (log !== null) logForcedOne(log, i, `fp${-8 * (s + 1)}`);
			}
		}
	}
}

export function markAllScalarsImprecise(state: State): void {
	for (let i = 0; i <= state.curframe; i++) {
		const frame = state.frames[i];
		frame.preciseRegs = frame.preciseSlotsLow = frame.preciseSlotsHigh = 0;
	}
}

function walk(env: Env, start: State): boolean {
	const bt = env.backtrack;
	let changed = false;
	let st = start;
	if (bt.empty) return false;
	let firstIdx = st.firstInsn;
	let lastIdx = start.insn;
	let subsequent = -1;
	let skipFirst = true;
	const log = env.trace !== null && env.trace.level > 1 ? env.trace : null;
	for (;;) {
		let { history } = st;
		if (log !== null) logStart(log, bt, lastIdx, firstIdx, subsequent);
		if (lastIdx < 0) {
			// The entry of a global function: its scalar arguments are precise, as nothing is known of them.
			const entry = st.frames[0];
			if (st.curframe === 0 && entry.subprog > 0 && entry.callsite === -1 && (bt.low[0] | bt.high[0]) === 0 && (bt.regs[0] & ~ARGS) === 0) {
				for (let i = 1; i <= 5; i++) {
					if (!(bt.regs[0] & (1 << i))) continue;
					if (entry.regs[i].type === SCALAR) {
						entry.preciseRegs |= 1 << i;
						changed = true;
					}
				}
				bt.reset();
				return changed;
			}
			bt.reset();
			internal("backtracking func entry");
		}
		for (let i = lastIdx; ; ) {
			if (skipFirst) skipFirst = false;
			else {
				const entry = history !== null && history.idx === i ? history : null;
				if (log !== null && env.insns[i].opcode !== 0) logInsn(log, bt, i);
				if (!backtrackInsn(env, i, subsequent, entry, bt)) {
					markAllScalarsPrecise(start, log);
					bt.reset();
					return changed;
				}
			}
			if (bt.empty) {
				bt.reset();
				return changed;
			}
			subsequent = i;
			if (i === st.firstInsn && (history === null || (history.count === 1 && history.idx === i))) break;
			if (history !== null && history.idx === i) {
				i = history.prev;
				history = history.before;
			} else i--;
			if (i < 0 || i >= env.insns.length) {
				bt.reset();
				internal(`backtracking idx ${i}`);
			}
		}
		const parent = st.parent;
		if (!parent) break;
		st = parent;
		for (let fr = bt.frame; fr >= 0; fr--) {
			if (markFrame(st, fr, bt)) changed = true;
			if (log !== null) logParent(log, bt, fr, st);
		}
		if (bt.empty) {
			bt.reset();
			return changed;
		}
		subsequent = firstIdx;
		lastIdx = st.lastInsn;
		firstIdx = st.firstInsn;
	}
	if (!bt.empty) markAllScalarsPrecise(start, log);
	bt.reset();
	return changed;
}

/** Marks what is looked for in a saved state; what is marked already, or no scalar, needs no further walk. */
function markFrame(st: State, fr: number, bt: Backtrack): boolean {
	const frame = st.frames[fr];
	if (!frame) return false;
	let changed = false;
	const wanted = bt.regs[fr];
	for (let r = 0; r < 10 && wanted >> r !== 0; r++) {
		const bit = 1 << r;
		if (!(wanted & bit)) continue;
		if (frame.regs[r].type !== SCALAR || frame.preciseRegs & bit) bt.regs[fr] &= ~bit;
		else {
			frame.preciseRegs |= bit;
			changed = true;
		}
	}
	if ((bt.low[fr] | bt.high[fr]) === 0) return changed;
	for (let s = 0; s < 64; s++) {
		if (!bt.hasSlot(fr, s)) continue;
		if (s >= frame.kinds.length) {
			bt.clearSlot(fr, s);
			continue;
		}
		if (!slotIsSpilled(frame.kinds[s]) || frame.slots[s].type !== SCALAR || frame.slotIsPrecise(s)) bt.clearSlot(fr, s);
		else {
			frame.markSlotPrecise(s);
			changed = true;
		}
	}
	return changed;
}
