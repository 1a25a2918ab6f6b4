/**
 * One step of the walk for precision: from the registers and stack slots that must be exact after an instruction to those that must be before it.
 * Source: backtrack_insn of kernel/bpf/verifier.c.
 */
import { HELPER_TAIL_CALL, isHelperCall, isKfuncCall, isSubprogCall, LD_IMM64 } from "./structure.ts";
import { isSyncCallbackCall } from "./calls/summary.ts";
import { type Env, internal } from "./env.ts";
import { JUMP_DST_STACK, JUMP_SRC_STACK, JUMP_STACK_ACCESS, type JumpEntry } from "./state.ts";

/** r1 to r5. */
export const ARGS = 0x3e;

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

function syncLinked(bt: Backtrack, entry: JumpEntry | null): void {
	if (!entry?.linked) return;
	if (!entry.linked.some((l) => (l.isReg ? (bt.regs[l.frame] & (1 << l.index)) !== 0 : bt.hasSlot(l.frame, l.index)))) return;
	for (const l of entry.linked) {
		if (l.isReg) bt.regs[l.frame] |= 1 << l.index;
		else bt.setSlot(l.frame, l.index);
	}
}

/** One instruction backwards. False: it cannot be followed, mark everything. */
export function backtrackInsn(env: Env, idx: number, subsequent: number, entry: JumpEntry | null, bt: Backtrack): boolean {
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
	if (low[frame] | high[frame])
		fail(bt, `${what} leftover stack slots ${((BigInt(high[frame] >>> 0) << 32n) | BigInt(low[frame] >>> 0)).toString(16)}`);
	if (frame === 0) fail(bt, "subprog exit from frame 0");
}

const maskText = ({ regs, frame }: Backtrack): string => regs[frame].toString(16);

function fail(bt: Backtrack, what: string): never {
	bt.reset();
	internal(what);
}
