/**
 * Live stack slots: whether a slot can still be read from an instruction on, so that saved states may forget the others.
 *
 * Data is gathered as the walk goes, per call chain and instruction: slots that it may read (a union over visits) and slots that it always writes
 * (an intersection); a textbook backward data flow then gives the live ones. A callee's effect on its callers' frames is carried to the call.
 *
 *     per instruction and frame, eight words:  mayRead lo hi · mustWrite lo hi · mustWriteLater lo hi · live lo hi     (bit i: slot i)
 *
 * Source: kernel/bpf/liveness.c, Linux 6.18.
 */
import type { Env } from "./env.ts";
import type { State } from "./state.ts";

const WORDS = 8;
const READ = 0;
const WRITE = 2;
const LATER = 4;
const LIVE = 6;

interface Instance {
	/** Call instructions of the outer frames, then the start of this subprogram. */
	readonly callsites: readonly number[];
	readonly starts: readonly number[];
	readonly start: number;
	readonly count: number;
	readonly subprog: number;
	readonly frames: (Int32Array | undefined)[];
	readonly writeSet: Uint8Array;
	updated: boolean;
	writeDropped: boolean;
}

export class Liveness {
	private readonly instances = new Map<string, Instance>();
	private current: Instance | null = null;
	private readonly pendingLow = new Int32Array(8);
	private readonly pendingHigh = new Int32Array(8);
	private pendingInsn = 0;
	private readonly env: Env;
	private query: Instance[] = [];
	private queryInsn = 0;

	constructor(env: Env) {
		this.env = env;
	}

	private lookup(callsites: readonly number[], starts: readonly number[]): Instance {
		const key = callsites.join(",");
		let instance = this.instances.get(key);
		if (!instance) {
			const start = starts[starts.length - 1];
			const subprog = this.env.subprogOf[start];
			const count = this.env.subprogs[subprog].end - start;
			instance = { callsites, starts, start, count, subprog, frames: [], writeSet: new Uint8Array(count), updated: false, writeDropped: false };
			this.instances.set(key, instance);
		}
		return instance;
	}

	private instanceOf(state: State, frame: number): Instance {
		const callsites: number[] = [];
		const starts: number[] = [];
		for (let i = 0; i <= frame; i++) {
			const start = this.env.subprogs[state.frames[i].subprog].start;
			starts.push(start);
			callsites.push(i < frame ? state.frames[i + 1].callsite : start);
		}
		return this.lookup(callsites, starts);
	}

	/** The current state entered or left a call: find the instance anew. */
	resetChain(): void {
		this.current = null;
	}

	private now(): Instance {
		return (this.current ??= this.instanceOf(this.env.current, this.env.current.curframe));
	}

	private masks(instance: Instance, frame: number): Int32Array {
		return (instance.frames[frame] ??= new Int32Array(instance.count * WORDS));
	}

	markRead(frame: number, insn: number, slot: number): void {
		if (slot < 32) this.read(this.now(), frame, insn, 1 << slot, 0);
		else this.read(this.now(), frame, insn, 0, 1 << (slot - 32));
	}

	private read(instance: Instance, frame: number, insn: number, lo: number, hi: number): void {
		if ((lo | hi) === 0 && !instance.frames[frame]) return;
		const m = this.masks(instance, frame);
		const p = (insn - instance.start) * WORDS;
		const newLo = m[p + READ] | lo;
		const newHi = m[p + READ + 1] | hi;
		if ((newLo !== m[p + READ] || newHi !== m[p + READ + 1]) && ((newLo & ~m[p + LIVE]) !== 0 || (newHi & ~m[p + LIVE + 1]) !== 0)) instance.updated = true;
		m[p + READ] = newLo;
		m[p + READ + 1] = newHi;
	}

	beginInsn(insn: number): void {
		this.begin(this.now(), insn);
	}

	private begin(instance: Instance, insn: number): void {
		this.pendingInsn = insn;
		for (let i = 0; i < instance.callsites.length; i++) this.pendingLow[i] = this.pendingHigh[i] = 0;
	}

	markWrite(frame: number, slot: number): void {
		if (slot < 32) this.pendingLow[frame] |= 1 << slot;
		else this.pendingHigh[frame] |= 1 << (slot - 32);
	}

	/** An instruction that entered a call has no instance to commit to: its marks belong to the callee's chain, which has none yet. */
	commitInsn(): void {
		if (this.current) this.commit(this.current);
	}

	private commit(instance: Instance): void {
		const idx = this.pendingInsn - instance.start;
		if (idx < 0 || idx >= instance.count) return;
		const was = instance.writeSet[idx] !== 0;
		for (let frame = 0; frame < instance.callsites.length; frame++) {
			let lo = this.pendingLow[frame];
			let hi = this.pendingHigh[frame];
			if (lo === 0 && hi === 0 && !was) continue;
			const m = this.masks(instance, frame);
			const p = idx * WORDS;
			const oldLo = m[p + WRITE];
			const oldHi = m[p + WRITE + 1];
			if (was) {
				lo &= oldLo;
				hi &= oldHi;
			}
			if (oldLo !== lo || oldHi !== hi) {
				m[p + WRITE] = lo;
				m[p + WRITE + 1] = hi;
				instance.updated = true;
			}
			if ((oldLo & ~lo) !== 0 || (oldHi & ~hi) !== 0) instance.writeDropped = true;
		}
		instance.writeSet[idx] = 1;
		this.pendingInsn = 0;
	}

	/** Propagates what was gathered in the chain of the current state. */
	update(): void {
		this.resetChain();
		const state = this.env.current;
		for (let frame = state.curframe; frame >= 0; frame--) {
			const instance = this.instanceOf(state, frame);
			if (!instance.updated) continue;
			this.propagate(instance);
			instance.updated = false;
			instance.writeDropped = false;
		}
	}

	private propagate(instance: Instance): void {
		const { env } = this;
		const depth = instance.callsites.length;
		if (instance.writeDropped) {
			for (const m of instance.frames) if (m) for (let i = 0; i < instance.count; i++) m[i * WORDS + LATER] = m[i * WORDS + LATER + 1] = 0;
		}
		const from = env.subprogs[instance.subprog].postorderStart;
		const to = env.subprogs[instance.subprog + 1]?.postorderStart ?? env.postorder.length;
		for (let changed = true; changed; ) {
			changed = false;
			for (let frame = 0; frame < depth; frame++) {
				const m = instance.frames[frame];
				if (!m) continue;
				for (let i = from; i < to; i++) if (this.step(instance, m, env.postorder[i])) changed = true;
			}
		}
		if (depth > 1) this.toCaller(instance);
	}

	private step(instance: Instance, m: Int32Array, insn: number): boolean {
		const successors = this.env.successors[insn];
		if (successors.length === 0) return false;
		const p = (insn - instance.start) * WORDS;
		let afterLo = 0;
		let afterHi = 0;
		let laterLo = -1;
		let laterHi = -1;
		for (const s of successors) {
			const q = (s - instance.start) * WORDS;
			afterLo |= m[q + LIVE];
			afterHi |= m[q + LIVE + 1];
			laterLo &= m[q + LATER];
			laterHi &= m[q + LATER + 1];
		}
		laterLo |= m[p + WRITE];
		laterHi |= m[p + WRITE + 1];
		const lo = (afterLo & ~m[p + WRITE]) | m[p + READ];
		const hi = (afterHi & ~m[p + WRITE + 1]) | m[p + READ + 1];
		if (lo === m[p + LIVE] && hi === m[p + LIVE + 1] && laterLo === m[p + LATER] && laterHi === m[p + LATER + 1]) return false;
		m[p + LIVE] = lo;
		m[p + LIVE + 1] = hi;
		m[p + LATER] = laterLo;
		m[p + LATER + 1] = laterHi;
		return true;
	}

	private toCaller(instance: Instance): void {
		const depth = instance.callsites.length;
		const starts = instance.starts.slice(0, depth - 1);
		const callsites = instance.callsites.slice(0, depth - 1);
		const callsite = callsites[depth - 2];
		callsites[depth - 2] = starts[depth - 2];
		const outer = this.lookup(callsites, starts);
		this.begin(outer, callsite);
		for (let frame = 0; frame < depth - 1; frame++) {
			const m = instance.frames[frame];
			if (!m) continue;
			this.pendingLow[frame] |= m[LATER];
			this.pendingHigh[frame] |= m[LATER + 1];
			this.read(outer, frame, callsite, m[LIVE], m[LIVE + 1]);
		}
		this.commit(outer);
	}

	startQuery(state: State): void {
		this.query = [];
		for (let i = 0; i <= state.curframe; i++) this.query.push(this.queryInstance(state, i));
		this.queryInsn = state.insn;
	}

	private queryInstance(state: State, frame: number): Instance {
		return this.instanceOf(state, frame);
	}

	isLive(frame: number, slot: number): boolean {
		const { query } = this;
		const top = query.length - 1;
		if (liveBefore(query[top], this.queryInsn, frame, slot)) return true;
		for (let i = frame; i < top; i++) {
			const callsite = query[top].callsites[i];
			if (liveBefore(query[i], this.env.callsCallback[callsite] ? callsite : callsite + 1, frame, slot)) return true;
		}
		return false;
	}
}

function liveBefore(instance: Instance, insn: number, frame: number, slot: number): boolean {
	const m = instance.frames[frame];
	const p = (insn - instance.start) * WORDS + LIVE;
	return m !== undefined && (slot < 32 ? (m[p] & (1 << slot)) !== 0 : (m[p + 1] & (1 << (slot - 32))) !== 0);
}
