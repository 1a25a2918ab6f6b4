/**
 * Makes the ranges of `Facts` hold on pruned paths too.
 *
 * Pruning takes a path for walked when the saved state agrees in everything that a decision depends on; scalars on which nothing depends may differ.
 * Behind such a place the ranges seen are those of one path only. Each place is noted when it is met (`note`), and afterwards what such registers
 * and stack slots flow into is marked, instruction by instruction, without regard to values (`spread`). Three levels: a range holds (0),
 * the value is at least known to be 32 bits zero-extended (1), nothing is known (2).
 */
import type { Env } from "./env.ts";
import { includes } from "./range.ts";
import type { Frame, Reg, State } from "./state.ts";
import { isSubprogCall } from "./structure.ts";
import { SCALAR, SPILL, kindAt } from "./types.ts";

const REGS = 11;
const WIDE = 2;
const HALF = 1;
/** Stack slots of 8 bytes in a frame. */
const SLOTS = 64;
const ALL_STACK = 0;

export class Imprecision {
	/** Level of register r before slot i, at i * 11 + r. */
	readonly levels: Uint8Array;
	private readonly env: Env;
	/** Level of what a subprogram's stack slot holds at any time; of stores whose place is not known. */
	private readonly slots: Uint8Array;
	private elsewhere = ALL_STACK;
	private anySlot = 0;
	private readonly returned: Uint8Array;
	/** Levels behind the instruction at hand. */
	private readonly out = new Uint8Array(REGS);
	private changed = false;
	private noted = false;

	constructor(env: Env) {
		this.env = env;
		this.levels = new Uint8Array(env.insns.length * REGS);
		this.slots = new Uint8Array(env.subprogs.length * SLOTS);
		this.returned = new Uint8Array(env.subprogs.length);
	}

	/** `now` was pruned at `insn` because it is as good as `old`; `within`: scalars were compared although nothing depends on them. */
	note(old: State, now: State, insn: number, within: boolean): void {
		for (let f = 0; f <= old.curframe; f++) {
			const a = old.frames[f];
			const b = now.frames[f];
			// Frames of callers wait behind their call.
			const at = f === old.curframe ? insn : old.frames[f + 1].callsite + 1;
			for (let r = 0; r < 10; r++)
				if (!covered(a.regs[r], b.regs[r], within || (a.preciseRegs & (1 << r)) !== 0)) this.raise(at * REGS + r, WIDE);
			this.noteSlots(a, b, within);
		}
	}

	private noteSlots(a: Frame, b: Frame, within: boolean): void {
		for (let i = 0; i < a.kinds.length; i++) {
			if (!holdsScalar(a, i)) continue;
			const precise = within || ((i < 32 ? a.preciseSlotsLow : a.preciseSlotsHigh) & (1 << (i & 31))) !== 0;
			if (!holdsScalar(b, i) || kindAt(a.kinds[i], 0) !== kindAt(b.kinds[i], 0) || !covered(a.slots[i], b.slots[i], precise))
				this.raiseSlot(a.subprog, i, WIDE);
		}
	}

	private raise(at: number, level: number): void {
		if (level <= this.levels[at]) return;
		this.levels[at] = level;
		this.changed = this.noted = true;
	}

	private raiseSlot(subprog: number, slot: number, level: number): void {
		const at = subprog * SLOTS + slot;
		if (slot >= SLOTS || level <= this.slots[at]) return;
		this.slots[at] = level;
		this.anySlot = Math.max(this.anySlot, level);
		this.changed = this.noted = true;
	}

	private raiseElsewhere(level: number): void {
		if (level <= this.elsewhere) return;
		this.elsewhere = level;
		this.changed = true;
	}

	/** To the fixed point; `onStack` and `pointers` are facts by slot. */
	spread(onStack: (insn: number) => boolean, pointers: Uint16Array): void {
		if (!this.noted) return;
		const { insns } = this.env;
		do {
			this.changed = false;
			for (let i = 0; i < insns.length; i++) if (this.env.visits[i] > 0) this.flow(i, onStack(i), pointers[i]);
		} while (this.changed);
	}

	private flow(i: number, stack: boolean, pointers: number): void {
		const { env, levels } = this;
		const insn = env.insns[i];
		const cls = insn.opcode & 7;
		const { out } = this;
		let any = 0;
		for (let r = 0; r < REGS; r++) any |= out[r] = levels[i * REGS + r];
		// Where nothing is imprecise, only the stack and a subprogram's result can bring it in.
		if (any === 0 && !(stack && (cls === 1 || cls === 3)) && !isSubprogCall(insn)) return;
		const { dst, src } = insn;
		if (cls === 4 || cls === 7) out[dst] = aluLevel(insn.opcode, insn.off, insn.imm, out[dst], out[src]);
		else if (cls === 0) {
			if (insn.opcode === 0x18) out[dst] = 0;
			else out.fill(0, 0, 6);
		} else if (cls === 1) out[dst] = stack ? loadLevel(insn.opcode, this.stackLevel(i, src, insn.off)) : 0;
		else if (cls === 3 && (insn.opcode & 0xe0) === 0x60) {
			if (stack) this.store(i, dst, insn.off, out[src]);
		} else if (cls === 3) {
			// What was there before, in the register that receives it.
			const before = stack ? loadLevel(insn.opcode, Math.max(this.anySlot, this.elsewhere)) : 0;
			if (insn.imm === 0x100) out[dst] = before;
			else if (insn.imm === 0xf1) out[0] = before;
			else if (insn.imm === 0x110) {
				if (stack) this.raiseElsewhere(out[src]);
			} else if (insn.imm & 1) out[src] = before;
		} else if (insn.opcode === 0x85) this.call(i, out);
		else if (insn.opcode === 0x95) {
			const sub = env.subprogOf[i];
			if (out[0] > this.returned[sub]) {
				this.returned[sub] = out[0];
				this.changed = true;
			}
			return;
		} else if ((cls === 5 || cls === 6) && (insn.opcode & 8) !== 0 && insn.opcode !== 0xe5) this.compare(i, out, pointers);
		this.passOn(env.straight[i], out);
		this.passOn(env.jump[i], out);
	}

	private passOn(next: number, out: Uint8Array): void {
		if (next >= 0) for (let r = 0; r < 10; r++) if (out[r] > 0) this.raise(next * REGS + r, out[r]);
	}

	/** The side whose range holds was narrowed by the other's, and with it whatever is linked to it. */
	private compare(i: number, out: Uint8Array, pointers: number): void {
		const { dst, src } = this.env.insns[i];
		if (out[dst] > 0 === out[src] > 0 || (pointers & ((1 << dst) | (1 << src))) !== 0) {
			if (out[dst] > 0 && out[src] > 0) out[dst] = out[src] = WIDE;
			return;
		}
		out.fill(WIDE, 0, 10);
		this.raiseElsewhere(WIDE);
	}

	private call(i: number, out: Uint8Array): void {
		const insn = this.env.insns[i];
		let result = 0;
		if (insn.src === 1) {
			const start = i + insn.imm + 1;
			for (let r = 1; r <= 5; r++) if (out[r] > 0) this.raise(start * REGS + r, out[r]);
			result = this.returned[this.env.subprogOf[start]] ?? 0;
		}
		out.fill(0, 0, 6);
		out[0] = result;
	}

	private store(i: number, base: number, off: number, level: number): void {
		if (level === 0) return;
		if (base !== 10) this.raiseElsewhere(level);
		else this.raiseSlot(this.env.subprogOf[i], (-off - 1) >> 3, level);
	}

	private stackLevel(i: number, base: number, off: number): number {
		if (base !== 10) return Math.max(this.anySlot, this.elsewhere);
		return Math.max(this.slots[this.env.subprogOf[i] * SLOTS + ((-off - 1) >> 3)], this.elsewhere);
	}
}

function covered(old: Reg, now: Reg, precise: boolean): boolean {
	if (old.type !== SCALAR) return true;
	if (now.type !== SCALAR || !includes(old.range, now.range)) return false;
	return old.id === 0 || precise || (old.id === now.id && old.off === now.off);
}

/** All of the slot or its lower part was spilled from a scalar. */
function holdsScalar(frame: Frame, slot: number): boolean {
	if (frame.slots[slot]?.type !== SCALAR) return false;
	for (let i = 0; i < 8; i++) if (kindAt(frame.kinds[slot], i) === SPILL) return true;
	return false;
}

function aluLevel(opcode: number, off: number, imm: number, dst: number, src: number): number {
	const op = opcode & 0xf0;
	const register = (opcode & 8) !== 0;
	const wide = (opcode & 7) === 7;
	if (op === 0xb0) {
		if (!register) return 0;
		if (src === 0) return 0;
		return wide ? (off === 0 ? src : WIDE) : HALF;
	}
	const level = Math.max(dst, register && op !== 0xd0 && op !== 0x80 ? src : 0);
	if (level === 0) return 0;
	if (op === 0xd0) return imm === 64 ? WIDE : HALF;
	if (!wide) return HALF;
	if (!register && ((op === 0x50 && imm >= 0) || (op === 0x70 && imm >= 32))) return HALF;
	return WIDE;
}

function loadLevel(opcode: number, level: number): number {
	if (level === 0) return 0;
	// The sign of part of a number may fill the upper half.
	if ((opcode & 0xe7) === 0x81) return WIDE;
	return (opcode & 0x18) === 0x18 ? level : HALF;
}
