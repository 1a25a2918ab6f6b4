/**
 * The abstract state of a program at one instruction: registers, stack, references and locks held.
 *
 * Registers (register.ts) are never changed, so that copying a state copies arrays of pointers. Which scalars must be exact ("precise") belongs to a
 * saved state and not to a value, and is therefore kept as bit masks beside the registers.
 * Source: struct bpf_func_state, bpf_verifier_state of include/linux/bpf_verifier.h.
 */
import { type Reg, notInit, pointer } from "./register.ts";
import { INVALID, PTR_TO_STACK, SPILL, kindAt } from "./types.ts";
import type { RetvalRange } from "./programs/spec.ts";
import type { LiveChain } from "./live-chain.ts";

export * from "./register.ts";

const anyReturn: RetvalRange = { min: 0, max: 0 };

function entryRegs(frameno: number): Reg[] {
	const regs = new Array<Reg>(11).fill(notInit);
	const fp = pointer(PTR_TO_STACK);
	fp.frameno = frameno;
	regs[10] = fp;
	return regs;
}

export class Frame {
	readonly regs: Reg[];
	/** Slot i covers bytes −8(i+1) … −8i−1: kinds of its bytes (types.ts), and the register spilled there. */
	readonly kinds: number[];
	readonly slots: Reg[];
	/** Saved states: registers and slots (0–31, 32–63) whose exact value a decision further on depends on. */
	preciseRegs = 0;
	preciseSlotsLow = 0;
	preciseSlotsHigh = 0;
	/** Slot of the call that made this frame; −1 for the entry. */
	callsite: number;
	frameno: number;
	subprog: number;
	inCallback = false;
	inAsyncCallback = false;
	inExceptionCallback = false;
	asyncEntries = 0;
	callbackDepth = 0;
	callbackReturn: RetvalRange = anyReturn;
	/** What is known of live slots for this chain of calls; found when first asked for. */
	chain: LiveChain | null = null;

	constructor(
		callsite: number,
		frameno: number,
		subprog: number,
		regs: Reg[] = entryRegs(frameno),
		kinds: number[] = [],
		slots: Reg[] = [],
	) {
		this.callsite = callsite;
		this.frameno = frameno;
		this.subprog = subprog;
		this.regs = regs;
		this.kinds = kinds;
		this.slots = slots;
	}

	copy(): Frame {
		const f = new Frame(this.callsite, this.frameno, this.subprog, this.regs.slice(), this.kinds.slice(), this.slots.slice());
		f.preciseRegs = this.preciseRegs;
		f.preciseSlotsLow = this.preciseSlotsLow;
		f.preciseSlotsHigh = this.preciseSlotsHigh;
		f.inCallback = this.inCallback;
		f.inAsyncCallback = this.inAsyncCallback;
		f.inExceptionCallback = this.inExceptionCallback;
		f.asyncEntries = this.asyncEntries;
		f.callbackDepth = this.callbackDepth;
		f.callbackReturn = this.callbackReturn;
		f.chain = this.chain;
		return f;
	}

	/** Makes slots for `bytes` bytes below the frame pointer. */
	grow(bytes: number): void {
		const slots = (bytes + 7) >> 3;
		while (this.kinds.length < slots) {
			this.kinds.push(INVALID);
			this.slots.push(notInit);
		}
	}

	slotIsPrecise(i: number): boolean {
		return i < 32 ? (this.preciseSlotsLow & (1 << i)) !== 0 : (this.preciseSlotsHigh & (1 << (i - 32))) !== 0;
	}

	markSlotPrecise(i: number): void {
		if (i < 32) this.preciseSlotsLow |= 1 << i;
		else this.preciseSlotsHigh |= 1 << (i - 32);
	}
}

export const slotIsSpilled = (kinds: number): boolean => kindAt(kinds, 7) === SPILL;

/** What a reference state entry is; the lock kinds are bits, to be searched by mask. */
export const REF_PTR = 2;
export const REF_IRQ = 4;
export const REF_LOCK = 8;
export const REF_RES_LOCK = 16;
export const REF_RES_LOCK_IRQ = 32;

export interface Reference {
	readonly kind: number;
	readonly id: number;
	/** Slot of the instruction that acquired it. */
	readonly insn: number;
	/** For locks: the map or BTF that the lock lives in. */
	readonly owner: object | null;
}

const NO_REFERENCES: readonly Reference[] = [];

/** A step of the path since the last saved state, as far as walking it backwards needs it; what came before is shared by all branches from there. */
export interface JumpEntry {
	readonly before: JumpEntry | null;
	/** How many there are, with this one. */
	readonly count: number;
	readonly idx: number;
	readonly prev: number;
	/** Bits of `JUMP_*` with a stack slot and frame. */
	flags: number;
	/** Registers and slots that shared an id when this branch refined one of them. */
	linked: readonly LinkedReg[] | null;
}
export const JUMP_STACK_ACCESS = 1 << 9;
export const JUMP_DST_STACK = 1 << 10;
export const JUMP_SRC_STACK = 1 << 11;

export interface LinkedReg {
	readonly frame: number;
	readonly isReg: boolean;
	/** Register number or stack slot. */
	readonly index: number;
}

/** A walk through a strongly connected component (scc.ts): where it went in, and states that came round. */
export interface SccVisit {
	entry: State | null;
	backedges: State[];
}

export class State {
	readonly frames: Frame[];
	curframe = 0;
	/** Never changed but replaced: states share it. */
	refs: readonly Reference[] = NO_REFERENCES;
	activeLocks = 0;
	activePreempt = 0;
	activeRcu = 0;
	activeIrqId = 0;
	activeLockId = 0;
	activeLockOwner: object | null = null;
	speculative = false;
	inSleepable = false;
	/** Paths that go through this saved state and are not finished. */
	branches = 0;
	parent: State | null = null;
	/** The newest step since the last saved state. */
	history: JumpEntry | null = null;
	firstInsn = 0;
	lastInsn = -1;
	insn = 0;
	dfsDepth = 0;
	callbackUnroll = 0;
	mayGotoDepth = 0;
	cleaned = false;
	/** Of a saved state: no longer compared with, but kept while paths through it go on. */
	evicted = false;
	/** Of a back edge's state: the saved state it was found equal to. */
	equalState: State | null = null;
	hits = 0;
	misses = 0;
	/** Of a saved state: the loop of the state graph that it is in. */
	loop: SccVisit | null = null;

	constructor(frames: Frame[]) {
		this.frames = frames;
	}

	copy(): State {
		const frames = new Array<Frame>(this.curframe + 1);
		for (let i = 0; i <= this.curframe; i++) frames[i] = this.frames[i].copy();
		const s = new State(frames);
		s.curframe = this.curframe;
		s.refs = this.refs;
		s.activeLocks = this.activeLocks;
		s.activePreempt = this.activePreempt;
		s.activeRcu = this.activeRcu;
		s.activeIrqId = this.activeIrqId;
		s.activeLockId = this.activeLockId;
		s.activeLockOwner = this.activeLockOwner;
		s.speculative = this.speculative;
		s.inSleepable = this.inSleepable;
		s.branches = this.branches;
		s.parent = this.parent;
		s.history = this.history;
		s.firstInsn = this.firstInsn;
		s.lastInsn = this.lastInsn;
		s.insn = this.insn;
		s.dfsDepth = this.dfsDepth;
		s.callbackUnroll = this.callbackUnroll;
		s.mayGotoDepth = this.mayGotoDepth;
		s.cleaned = this.cleaned;
		s.equalState = this.equalState;
		return s;
	}
}

/** Whether two states are in the same chain of calls. */
export function sameCallsites(a: State, b: State): boolean {
	if (a.curframe !== b.curframe) return false;
	for (let i = a.curframe; i >= 0; i--) if (a.frames[i].callsite !== b.frames[i].callsite) return false;
	return true;
}

/** The instruction that frame `i` is at: where it called the next one, or the state's own. */
export function frameInsn(state: State, i: number): number {
	return i === state.curframe ? state.insn : state.frames[i + 1].callsite;
}

/** Replaces each register and spilled register for which `change` gives another. */
export function mapRegs(state: State, change: (reg: Reg) => Reg): void {
	for (let f = 0; f <= state.curframe; f++) {
		const frame = state.frames[f];
		const { regs, slots, kinds } = frame;
		for (let i = 0; i < 11; i++) {
			const changed = change(regs[i]);
			if (changed !== regs[i]) regs[i] = changed;
		}
		for (let i = 0; i < slots.length; i++) {
			if (kindAt(kinds[i], 7) !== SPILL) continue;
			const changed = change(slots[i]);
			if (changed !== slots[i]) slots[i] = changed;
		}
	}
}
