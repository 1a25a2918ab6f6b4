/**
 * Live stack slots: whether a slot can still be read from an instruction on, so that saved states may forget the others.
 *
 * Data is gathered as the walk goes, per call chain and instruction: slots that it may read (a union over visits) and slots that it always writes
 * (an intersection); a textbook backward data flow then gives the live ones, looking anew only at instructions whose inputs changed. A callee's effect
 * on its callers' frames is carried to the call.
 *
 *     per instruction and frame, eight words:  mayRead lo hi · mustWrite lo hi · mustWriteLater lo hi · live lo hi     (bit i: slot i)
 *
 * Source: kernel/bpf/liveness.c, Linux 6.18.
 */
import { type Env, unsupported } from "./env.ts";
import type { KernelLog } from "./kernel-log.ts";
import { chainText, logSlots } from "./liveness-log.ts";
import type { State } from "./state.ts";
import type { FrameFlow, LiveChain } from "./live-chain.ts";

const WORDS = 8;
const READ = 0;
const WRITE = 2;
const LATER = 4;
const LIVE = 6;
/** Bytes of what is gathered, over all chains: long functions that are called along very many chains would fill any memory. */
const MAX_BYTES = 640 * 2 ** 20;

export class Liveness {
	private readonly chains = new Map<string, LiveChain>();
	private current: LiveChain | null = null;
	private readonly pendingLow = new Int32Array(8);
	private readonly pendingHigh = new Int32Array(8);
	private pendingInsn = 0;
	private readonly env: Env;
	private query: LiveChain[] = [];
	private queryInsn = 0;
	private cached: Order | null = null;
	private bytes = 0;

	constructor(env: Env) {
		this.env = env;
	}

	private lookup(callsites: readonly number[], starts: readonly number[]): LiveChain {
		const key = callsites.join(",");
		let chain = this.chains.get(key);
		if (!chain) {
			const start = starts[starts.length - 1];
			const subprog = this.env.subprogOf[start];
			const count = this.env.subprogs[subprog].end - start;
			chain = {
				callsites,
				starts,
				start,
				count,
				subprog,
				frames: [],
				writeSet: new Uint8Array(count),
				updated: false,
				writeDropped: false,
				outer: null,
			};
			this.chains.set(key, chain);
		}
		return chain;
	}

	private chainOf(state: State, frame: number): LiveChain {
		return (state.frames[frame].chain ??= this.find(state, frame));
	}

	private find(state: State, frame: number): LiveChain {
		const callsites: number[] = [];
		const starts: number[] = [];
		for (let i = 0; i <= frame; i++) {
			const start = this.env.subprogs[state.frames[i].subprog].start;
			starts.push(start);
			callsites.push(i < frame ? state.frames[i + 1].callsite : start);
		}
		return this.lookup(callsites, starts);
	}

	/** The current state entered or left a call: find the chain anew. */
	resetChain(): void {
		this.current = null;
	}

	private now(): LiveChain {
		return (this.current ??= this.chainOf(this.env.current, this.env.current.curframe));
	}

	private flow(chain: LiveChain, frame: number): FrameFlow {
		return (chain.frames[frame] ??= this.newFlow(chain.count));
	}

	private newFlow(count: number): FrameFlow {
		this.bytes += count * (4 * WORDS + 1);
		if (this.bytes > MAX_BYTES)
			unsupported("long functions called along so many chains of calls that their live stack slots do not fit the memory");
		return { words: new Int32Array(count * WORDS), dirty: new Uint8Array(count), first: count };
	}

	/** The instruction has to be computed anew. */
	private soil(chain: LiveChain, flow: FrameFlow, insn: number): void {
		const place = this.order().place[insn] - this.env.subprogs[chain.subprog].postorderStart;
		if (place < 0) return;
		flow.dirty[place] = 1;
		if (place < flow.first) flow.first = place;
	}

	private order(): Order {
		return (this.cached ??= orderOf(this.env));
	}

	markRead(frame: number, insn: number, slot: number): void {
		if (slot < 32) this.read(this.now(), frame, insn, 1 << slot, 0);
		else this.read(this.now(), frame, insn, 0, 1 << (slot - 32));
	}

	private read(chain: LiveChain, frame: number, insn: number, lo: number, hi: number): void {
		if ((lo | hi) === 0 && !chain.frames[frame]) return;
		const flow = this.flow(chain, frame);
		const m = flow.words;
		const p = (insn - chain.start) * WORDS;
		const newLo = m[p + READ] | lo;
		const newHi = m[p + READ + 1] | hi;
		if (newLo === m[p + READ] && newHi === m[p + READ + 1]) return;
		this.soil(chain, flow, insn);
		if ((newLo & ~m[p + LIVE]) !== 0 || (newHi & ~m[p + LIVE + 1]) !== 0) chain.updated = true;
		m[p + READ] = newLo;
		m[p + READ + 1] = newHi;
	}

	beginInsn(insn: number): void {
		this.begin(this.now(), insn);
	}

	private begin(chain: LiveChain, insn: number): void {
		this.pendingInsn = insn;
		for (let i = 0; i < chain.callsites.length; i++) this.pendingLow[i] = this.pendingHigh[i] = 0;
	}

	markWrite(frame: number, slot: number): void {
		if (slot < 32) this.pendingLow[frame] |= 1 << slot;
		else this.pendingHigh[frame] |= 1 << (slot - 32);
	}

	/** An instruction that entered a call has no chain to commit to: its marks belong to the callee's chain, which has none yet. */
	commitInsn(): void {
		if (this.current) this.commit(this.current);
	}

	private commit(chain: LiveChain): void {
		const idx = this.pendingInsn - chain.start;
		if (idx < 0 || idx >= chain.count) return;
		const was = chain.writeSet[idx] !== 0;
		for (let frame = 0; frame < chain.callsites.length; frame++) {
			let lo = this.pendingLow[frame];
			let hi = this.pendingHigh[frame];
			if (lo === 0 && hi === 0 && !was) continue;
			const flow = this.flow(chain, frame);
			const m = flow.words;
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
				this.soil(chain, flow, this.pendingInsn);
				chain.updated = true;
			}
			if ((oldLo & ~lo) !== 0 || (oldHi & ~hi) !== 0) chain.writeDropped = true;
		}
		chain.writeSet[idx] = 1;
		this.pendingInsn = 0;
	}

	/** Propagates what was gathered in the chain of the current state. */
	update(): void {
		this.resetChain();
		const state = this.env.current;
		for (let frame = state.curframe; frame >= 0; frame--) {
			const chain = this.chainOf(state, frame);
			if (!chain.updated) continue;
			this.propagate(chain);
			chain.updated = false;
			chain.writeDropped = false;
		}
	}

	private propagate(chain: LiveChain): void {
		const { env } = this;
		const depth = chain.callsites.length;
		if (chain.writeDropped) {
			for (const flow of chain.frames) {
				if (!flow) continue;
				for (let p = LATER; p < flow.words.length; p += WORDS) flow.words[p] = flow.words[p + 1] = 0;
				flow.dirty.fill(1);
				flow.first = 0;
			}
		}
		const from = env.subprogs[chain.subprog].postorderStart;
		const to = env.subprogs[chain.subprog + 1]?.postorderStart ?? env.postorder.length;
		if (env.trace !== null && env.trace.level > 1) this.sweepShown(env.trace, chain, from, to);
		else for (const flow of chain.frames) if (flow) while (flow.first < to - from) this.sweep(chain, flow, from, to);
		if (depth > 1) this.toCaller(chain);
	}

	/** Computes what is dirty, in postorder; what that soils further on, too. */
	private sweep(chain: LiveChain, flow: FrameFlow, from: number, to: number): void {
		const { postorder } = this.env;
		const { place, starts, predecessors } = this.order();
		const { dirty, words } = flow;
		const first = flow.first;
		flow.first = to - from;
		for (let i = first; i < to - from; i++) {
			if (dirty[i] === 0) continue;
			dirty[i] = 0;
			const insn = postorder[from + i];
			if (!this.step(chain, words, insn)) continue;
			for (let k = starts[insn]; k < starts[insn + 1]; k++) {
				const before = place[predecessors[k]] - from;
				if (before < 0) continue;
				dirty[before] = 1;
				if (before <= i && before < flow.first) flow.first = before;
			}
		}
	}

	/** For the log, which shows every change: round by round, all instructions, as the kernel. */
	private sweepShown(log: KernelLog, chain: LiveChain, from: number, to: number): void {
		const { env } = this;
		const { postorder } = env;
		let rounds = 0;
		for (let changed = true; changed; rounds++) {
			changed = false;
			for (const [frame, flow] of chain.frames.entries()) {
				if (!flow) continue;
				for (let i = from; i < to; i++) {
					const insn = postorder[i];
					const p = (insn - chain.start) * WORDS;
					const before = flow.words.slice(p, p + WORDS);
					if (!this.step(chain, flow.words, insn)) continue;
					changed = true;
					const after = flow.words.subarray(p, p + WORDS);
					if ((after[READ] | after[READ + 1] | after[WRITE] | after[WRITE + 1]) === 0 && insn !== chain.start && env.prunePoint[insn] === 0)
						continue;
					logSlots(log, chain.callsites, "live", frame, insn, before.subarray(LIVE), after.subarray(LIVE));
					logSlots(log, chain.callsites, "written", frame, insn, before.subarray(LATER), after.subarray(LATER));
				}
				flow.dirty.fill(0);
				flow.first = flow.dirty.length;
			}
		}
		log.write(`${chainText(chain.callsites)} live stack update done in ${rounds} iterations\n`);
	}

	private step(chain: LiveChain, m: Int32Array, insn: number): boolean {
		const straight = this.env.straight[insn];
		const jump = this.env.jump[insn];
		if (straight < 0 && jump < 0) return false;
		const p = (insn - chain.start) * WORDS;
		let afterLo = 0;
		let afterHi = 0;
		let laterLo = -1;
		let laterHi = -1;
		if (straight >= 0) {
			const q = (straight - chain.start) * WORDS;
			afterLo = m[q + LIVE];
			afterHi = m[q + LIVE + 1];
			laterLo = m[q + LATER];
			laterHi = m[q + LATER + 1];
		}
		if (jump >= 0) {
			const q = (jump - chain.start) * WORDS;
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

	private toCaller(chain: LiveChain): void {
		const depth = chain.callsites.length;
		const callsite = chain.callsites[depth - 2];
		const outer = (chain.outer ??= this.lookup(
			[...chain.callsites.slice(0, depth - 2), chain.starts[depth - 2]],
			chain.starts.slice(0, depth - 1),
		));
		this.begin(outer, callsite);
		for (let frame = 0; frame < depth - 1; frame++) {
			const m = chain.frames[frame]?.words;
			if (!m) continue;
			this.pendingLow[frame] |= m[LATER];
			this.pendingHigh[frame] |= m[LATER + 1];
			this.read(outer, frame, callsite, m[LIVE], m[LIVE + 1]);
		}
		this.commit(outer);
	}

	startQuery(state: State): void {
		this.query = [];
		for (let i = 0; i <= state.curframe; i++) this.query.push(this.chainOf(state, i));
		this.queryInsn = state.insn;
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

function liveBefore(chain: LiveChain, insn: number, frame: number, slot: number): boolean {
	const m = chain.frames[frame]?.words;
	const p = (insn - chain.start) * WORDS + LIVE;
	return m !== undefined && (slot < 32 ? (m[p] & (1 << slot)) !== 0 : (m[p + 1] & (1 << (slot - 32))) !== 0);
}

/** The flow graph backwards, and each instruction's place in its postorder (−1: not reached). */
interface Order {
	readonly place: Int32Array;
	/** Predecessors of instruction i: those from starts[i] to starts[i + 1]. */
	readonly starts: Int32Array;
	readonly predecessors: Int32Array;
}

function orderOf(env: Env): Order {
	const count = env.insns.length;
	const place = new Int32Array(count).fill(-1);
	for (let i = 0; i < env.postorder.length; i++) place[env.postorder[i]] = i;
	const starts = new Int32Array(count + 2);
	const { straight, jump } = env;
	// Counted one place further, so that filling them in moves each start to where it belongs.
	for (let i = 0; i < count; i++) {
		if (straight[i] >= 0) starts[straight[i] + 2]++;
		if (jump[i] >= 0) starts[jump[i] + 2]++;
	}
	for (let i = 2; i < starts.length; i++) starts[i] += starts[i - 1];
	const predecessors = new Int32Array(starts[count + 1]);
	for (let i = 0; i < count; i++) {
		if (straight[i] >= 0) predecessors[starts[straight[i] + 1]++] = i;
		if (jump[i] >= 0) predecessors[starts[jump[i] + 1]++] = i;
	}
	return { place, starts, predecessors };
}
