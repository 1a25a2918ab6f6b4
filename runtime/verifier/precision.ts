/**
 * Precision: from a scalar whose exact value decided something, back along the path to where it came from, marking it in every saved state passed.
 * Two states may be taken for equal although an unmarked scalar differs; that is what makes pruning work.
 *
 * In: the state whose register (or slots) must be exact; out: marks in its ancestors' frames (`preciseRegs`, `preciseSlots*`).
 * The walk goes instruction by instruction with a set of registers and stack slots per frame, using the jump history kept since each saved state.
 * Source: __mark_chain_precision and backtrack_insn of kernel/bpf/verifier.c.
 */
import { LD_IMM64, isHelperCall, isKfuncCall, isSubprogCall, HELPER_TAIL_CALL } from "./structure.ts";
import { isSyncCallbackCall } from "./calls/summary.ts";
import { type Env, internal } from "./env.ts";
import type { KernelLog } from "./kernel-log.ts";
import { logForced, logForcedOne, logInsn, logParent, logPropagated, logStart } from "./precision-log.ts";
import { JUMP_DST_STACK, JUMP_SRC_STACK, JUMP_STACK_ACCESS, type JumpEntry, type LinkedReg, type State, slotIsSpilled } from "./state.ts";
import { SCALAR } from "./types.ts";

const ARGS = 0x3e;

export const stackAccess = (frame: number, slot: number): number => JUMP_STACK_ACCESS | (slot << 3) | frame;

/** Registers and slots looked for, per frame. */
export class Backtrack {
	frame = 0;
	readonly regs = new Int32Array(8);
	readonly low = new Int32Array(8);
	readonly high = new Int32Array(8);

	reset(): void {
		this.frame = 0;
		this.regs.fill(0);
		this.low.fill(0);
		this.high.fill(0);
	}

	get empty(): boolean {
		let any = 0;
		for (let i = 0; i <= this.frame; i++) any |= this.regs[i] | this.low[i] | this.high[i];
		return any === 0;
	}

	setSlot(frame: number, slot: number): void {
		if (slot < 32) this.low[frame] |= 1 << slot;
		else this.high[frame] |= 1 << (slot - 32);
	}

	hasSlot(frame: number, slot: number): boolean {
		return slot < 32 ? (this.low[frame] & (1 << slot)) !== 0 : (this.high[frame] & (1 << (slot - 32))) !== 0;
	}

	clearSlot(frame: number, slot: number): void {
		if (slot < 32) this.low[frame] &= ~(1 << slot);
		else this.high[frame] &= ~(1 << (slot - 32));
	}
}

/** Adds to the history of the path, or to the entry that this instruction already made. */
export function pushHistory(env: Env, state: State, flags: number, linked: readonly LinkedReg[] | null): void {
	if (env.historyEntry) {
		env.historyEntry.flags |= flags;
		env.historyEntry.linked = linked;
		return;
	}
	const before = state.history;
	state.history = env.historyEntry = { before, count: before === null ? 1 : before.count + 1, idx: env.insn, prev: env.prevInsn, flags, linked };
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

function syncLinked(bt: Backtrack, entry: JumpEntry | null): void {
	if (!entry?.linked) return;
	if (!entry.linked.some((l) => (l.isReg ? (bt.regs[l.frame] & (1 << l.index)) !== 0 : bt.hasSlot(l.frame, l.index)))) return;
	for (const l of entry.linked) {
		if (l.isReg) bt.regs[l.frame] |= 1 << l.index;
		else bt.setSlot(l.frame, l.index);
	}
}

/** One instruction backwards. False: it cannot be followed, mark everything. */
function backtrackInsn(env: Env, idx: number, subsequent: number, entry: JumpEntry | null, bt: Backtrack): boolean {
	const insn = env.insns[idx];
	const { opcode } = insn;
	if (opcode === 0) return true;
	syncLinked(bt, entry);
	const dst = 1 << insn.dst;
	const src = 1 << insn.src;
	const { regs } = bt;
	const f = bt.frame;
	const reg = (opcode & 8) !== 0;
	const isLoadAcquire = (opcode & 0xe7) === 0xc3 && insn.imm === 0x100;
	switch (opcode & 7) {
		case 4:
		case 7: {
			if (!(regs[f] & dst)) return true;
			const op = opcode & 0xf0;
			if (op === 0xd0 || op === 0x80) return true;
			if (op === 0xb0) {
				regs[f] &= ~dst;
				if (reg && insn.src !== 10) regs[f] |= src;
			} else if (reg && insn.src !== 10) regs[f] |= src;
			break;
		}
		case 2:
		case 3:
			if (!isLoadAcquire) {
				if (regs[f] & dst) return false;
				if (!entry || !(entry.flags & JUMP_STACK_ACCESS)) return true;
				const slot = (entry.flags >> 3) & 63;
				const fr = entry.flags & 7;
				if (!bt.hasSlot(fr, slot)) return true;
				bt.clearSlot(fr, slot);
				if ((opcode & 7) === 3) regs[f] |= src;
				break;
			}
		// A load-acquire is a load.
		case 1:
			if (!(regs[f] & dst)) return true;
			regs[f] &= ~dst;
			if (!entry || !(entry.flags & JUMP_STACK_ACCESS)) return true;
			bt.setSlot(entry.flags & 7, (entry.flags >> 3) & 63);
			break;
		case 0:
			if (opcode !== LD_IMM64 && subsequent - idx !== 1 && subsequent >= 0 && env.thorough) {
				// The load left the subprogram, as an exit does; 6.18 takes what comes before for the caller's.
				regs[f] &= ~1;
				if (f === 7) fail(bt, "subprog enter past frame 7");
				bt.frame++;
				return true;
			}
			if (!(regs[f] & dst)) return true;
			regs[f] &= ~dst;
			if (opcode !== LD_IMM64) return false;
			break;
		default:
			return backtrackJump(env, idx, subsequent, entry, bt);
	}
	syncLinked(bt, entry);
	return true;
}

function backtrackJump(env: Env, idx: number, subsequent: number, entry: JumpEntry | null, bt: Backtrack): boolean {
	const insn = env.insns[idx];
	const { regs } = bt;
	const f = bt.frame;
	const op = insn.opcode & 0xf0;
	if (op === 0x80) {
		if (isSubprogCall(insn)) {
			const sub = env.subprogs[env.subprogOf[idx + insn.imm + 1]];
			if (sub.global) {
				if (regs[f] & ARGS) fail(bt, `global subprog unexpected regs ${maskText(bt)}`);
				regs[f] &= ~1;
				return true;
			}
			leftover(bt, "static subprog");
			regs[f - 1] |= regs[f] & ARGS;
			regs[f] = 0;
			bt.frame--;
			return true;
		}
		if (isSyncCallbackCall(env, idx) && idx !== subsequent - 1) {
			leftover(bt, "callback");
			regs[f] = 0;
			bt.frame--;
			return true;
		}
		if (isKfuncCall(insn) && insn.imm === 0) return false;
		regs[f] &= ~1;
		if (regs[f] & ARGS) fail(bt, `backtracking call unexpected regs ${maskText(bt)}`);
		if (isHelperCall(insn) && insn.imm === HELPER_TAIL_CALL && subsequent - idx !== 1) {
			// The tail call ended this subprogram and the caller went on.
			if (f === 7) fail(bt, "subprog enter past frame 7");
			bt.frame++;
		}
		syncLinked(bt, entry);
		return true;
	}
	if (op === 0x90) {
		if (subsequent >= 0 && env.callsCallback[subsequent]) regs[f] &= ~ARGS;
		if (regs[f] & ARGS) fail(bt, `backtracking exit unexpected regs ${maskText(bt)}`);
		const r0 = subsequent >= 1 && isSubprogCall(env.insns[subsequent - 1]) && (regs[f] & 1) !== 0;
		regs[f] &= ~1;
		if (f === 7) fail(bt, "subprog enter past frame 7");
		bt.frame++;
		if (r0) regs[bt.frame] |= 1;
		return true;
	}
	if (insn.opcode & 8 && op !== 0) {
		const dst = 1 << insn.dst;
		const src = 1 << insn.src;
		if (!(regs[f] & (dst | src))) return true;
		if (!entry || !(entry.flags & JUMP_SRC_STACK)) regs[f] |= src;
		if (!entry || !(entry.flags & JUMP_DST_STACK)) regs[f] |= dst;
	}
	syncLinked(bt, entry);
	return true;
}

/** Backwards out of a function by its call: nothing of the function's own may still be looked for. */
function leftover(bt: Backtrack, what: string): void {
	const { frame, low, high } = bt;
	if (bt.regs[frame] & ~ARGS) fail(bt, `${what} unexpected regs ${maskText(bt)}`);
	if (low[frame] | high[frame]) fail(bt, `${what} leftover stack slots ${((BigInt(high[frame] >>> 0) << 32n) | BigInt(low[frame] >>> 0)).toString(16)}`);
	if (frame === 0) fail(bt, "subprog exit from frame 0");
}

const maskText = ({ regs, frame }: Backtrack): string => regs[frame].toString(16);

function fail(bt: Backtrack, what: string): never {
	bt.reset();
	internal(what);
}
