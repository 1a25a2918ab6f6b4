/**
 * Control flow without values: reachability, the points where states are compared, strongly connected components, live registers.
 *
 * In: the instructions and `env.subprogs`. Out: `env.prunePoint`, `jumpPoint`, `forceCheckpoint`, `callsCallback`, `straight`, `jump`, `postorder`,
 * `scc`, `liveRegs`. All are linear or nearly so; no state is walked.
 * Source: check_cfg, compute_postorder, compute_scc (Tarjan, iterative), compute_live_registers of kernel/bpf/verifier.c.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { EINVAL, type Env, reject } from "./env.ts";
import {
	CALL,
	HELPER_TAIL_CALL,
	JA,
	JA32,
	LD_IMM64,
	isFuncPointer,
	isHelperCall,
	isJump,
	isKfuncCall,
	isMayGoto,
	isSubprogCall,
	jumpOffset,
} from "./structure.ts";
import { callSummary, helperChangesPacket, helperMightSleep } from "./calls/summary.ts";
import { isAsyncCallbackCall, isSyncCallbackCall, kfuncAt, kfuncIs } from "./calls/summary.ts";

const DISCOVERED = 1;
const EXPLORED = 2;

/** Every instruction can be reached, by jumps that are right; points where states are kept and compared. */
export function checkCfg(env: Env): void {
	const { insns } = env;
	const walk = new CfgWalk(env);
	walk.from(0);
	const exception = env.exceptionCallback ? env.subprogs[env.exceptionCallback].start : 0;
	if (exception && !walk.hasExplored(exception)) walk.from(exception);
	for (let i = 0; i < insns.length; i++) {
		if (!walk.hasExplored(i)) reject(EINVAL, `unreachable insn ${i}`);
		if (insns[i].opcode === LD_IMM64) {
			if (walk.hasSeen(i + 1)) reject(EINVAL, `jump into the middle of ldimm64 insn ${i}`);
			i++;
		}
	}
}

/** Depth-first over instructions, as the kernel does it, for the same prune points and the same first error. */
class CfgWalk {
	readonly #env: Env;
	/** DISCOVERED, EXPLORED, or 0. */
	readonly #state: Uint8Array;
	/** Which edge of an instruction was taken last: 0 none, 1 fall through, 2 branch. */
	readonly #edge: Uint8Array;
	readonly #stack: number[] = [];

	constructor(env: Env) {
		this.#env = env;
		this.#state = new Uint8Array(env.insns.length);
		this.#edge = new Uint8Array(env.insns.length);
	}

	hasSeen(insn: number): boolean {
		return this.#state[insn] !== 0;
	}

	hasExplored(insn: number): boolean {
		return this.#state[insn] === EXPLORED;
	}

	from(entry: number): void {
		const stack = this.#stack;
		this.#state[entry] = DISCOVERED;
		stack.push(entry);
		while (stack.length > 0) {
			const t = stack[stack.length - 1];
			if (!this.#visit(t)) {
				this.#state[t] = EXPLORED;
				stack.pop();
			}
		}
	}

	/** Goes along an edge, once. True: `w` is new and comes first. */
	#push(t: number, w: number, edge: 1 | 2): boolean {
		if (this.#edge[t] >= edge) return false;
		if (w < 0 || w >= this.#state.length) reject(EINVAL, `jump out of range from insn ${t} to ${w}`);
		if (edge === 2) this.#markJump(w);
		const seen = this.#state[w];
		if (seen !== DISCOVERED) this.#edge[t] = edge;
		if (seen !== 0) return false;
		this.#state[w] = DISCOVERED;
		this.#stack.push(w);
		return true;
	}

	#markJump(to: number): void {
		this.#env.prunePoint[to] = this.#env.jumpPoint[to] = 1;
	}

	/** Whether there is more to explore below t first. */
	#visit(t: number): boolean {
		const env = this.#env;
		const insn = env.insns[t];
		if (isFuncPointer(insn)) return this.#visitCallee(t, true);
		if (!isJump(insn)) {
			const abs = (insn.opcode & 7) === 0 && insn.opcode !== LD_IMM64;
			const sub = env.subprogAt(t);
			// For 6.18 a load of the packet always goes on, and so does a tail call.
			if (abs && sub.exitIndex && env.thorough) env.jump[t] = sub.exitIndex;
			return this.#push(t, t + (insn.opcode === LD_IMM64 ? 2 : 1), 1);
		}
		switch (insn.opcode & 0xf0) {
			case 0x90:
				return false;
			case 0x80:
				return this.#visitCall(t, insn);
			case 0x00: {
				const to = t + jumpOffset(insn) + 1;
				const more = this.#push(t, to, 1);
				this.#markJump(to);
				return more;
			}
			default:
				env.prunePoint[t] = 1;
				if (isMayGoto(insn)) env.forceCheckpoint[t] = 1;
				return this.#push(t, t + 1, 1) || this.#push(t, t + insn.off + 1, 2);
		}
	}

	/** What the function that calls does by it, and whether states are kept there. */
	#visitCall(t: number, insn: Insn): boolean {
		const env = this.#env;
		if (isAsyncCallbackCall(env, t)) env.prunePoint[t] = 1;
		if (isSyncCallbackCall(env, t)) env.callsCallback[t] = env.forceCheckpoint[t] = env.prunePoint[t] = env.jumpPoint[t] = 1;
		const sub = env.subprogAt(t);
		if (isHelperCall(insn)) {
			if (helperMightSleep(env, insn.imm)) sub.mightSleep = true;
			if (helperChangesPacket(insn.imm)) sub.changesPacket = true;
			if (insn.imm === HELPER_TAIL_CALL && sub.exitIndex && env.thorough) env.jump[t] = sub.exitIndex;
		} else if (isKfuncCall(insn)) {
			const kfunc = kfuncAt(env, t);
			if (kfunc && kfuncIs(kfunc, "iter-next")) env.prunePoint[t] = env.forceCheckpoint[t] = 1;
			if (kfunc && kfuncIs(kfunc, "sleepable")) sub.mightSleep = true;
			if (kfunc && kfunc.name === "bpf_xdp_pull_data") sub.changesPacket = true;
		}
		return this.#visitCallee(t, isSubprogCall(insn));
	}

	/** What follows the call, then the function itself. */
	#visitCallee(t: number, isOwn: boolean): boolean {
		const env = this.#env;
		const { insns } = env;
		const next = t + (insns[t].opcode === LD_IMM64 ? 2 : 1);
		if (this.#push(t, next, 1)) return true;
		this.#markJump(next);
		if (!isOwn) return false;
		const target = t + insns[t].imm + 1;
		env.prunePoint[t] = 1;
		const caller = env.subprogAt(t);
		const callee = env.subprogAt(target);
		// The callee's effects are known on the second visit of the call, after its body.
		caller.changesPacket ||= callee.changesPacket;
		caller.mightSleep ||= callee.mightSleep;
		return this.#push(t, target, 2);
	}
}

/** What leaves the subprogram by a failed load or a tail call has its jump already. */
function computeSuccessors(env: Env): void {
	const { insns, straight, jump } = env;
	for (let i = 0; i < insns.length; i++) {
		const insn = insns[i];
		const { opcode } = insn;
		const next = i + (opcode === LD_IMM64 ? 2 : 1);
		if (!isJump(insn) || opcode === CALL || (opcode & 0xf0) === 0x80) straight[i] = next < insns.length ? next : -1;
		else if ((opcode & 0xf0) === 0x90) continue;
		else if (opcode === JA || opcode === JA32) jump[i] = i + jumpOffset(insn) + 1;
		else {
			straight[i] = next;
			jump[i] = i + insn.off + 1;
		}
	}
}

function computePostorder(env: Env): void {
	const { straight, jump } = env;
	const n = env.insns.length;
	const order = new Int32Array(n);
	const seen = new Uint8Array(n);
	const stack = new Int32Array(n);
	let count = 0;
	for (const sub of env.subprogs) {
		sub.postorderStart = count;
		let depth = 0;
		const push = (to: number): void => {
			if (to < 0 || seen[to] !== 0) return;
			seen[to] = DISCOVERED;
			stack[depth++] = to;
		};
		push(sub.start);
		while (depth > 0) {
			const top = stack[depth - 1];
			if (seen[top] === EXPLORED) {
				order[count++] = top;
				depth--;
				continue;
			}
			push(straight[top]);
			push(jump[top]);
			seen[top] = EXPLORED;
		}
	}
	env.postorder = order.subarray(0, count);
}

function computeScc(env: Env): void {
	const { straight, jump } = env;
	const n = env.insns.length;
	const pre = new Uint32Array(n);
	const low = new Uint32Array(n);
	const NOT_ON_STACK = 0xffff_ffff;
	let order = 1;
	let id = 1;
	const stack = new Int32Array(n);
	const path = new Int32Array(n);
	let height = 0;
	for (let i = 0; i < n; i++) {
		if (pre[i]) continue;
		let depth = 0;
		path[depth++] = i;
		while (depth > 0) {
			const w = path[depth - 1];
			if (pre[w] === 0) {
				low[w] = pre[w] = order++;
				stack[height++] = w;
			}
			const a = straight[w];
			const b = jump[w];
			if (a >= 0 && pre[a] === 0) {
				path[depth++] = a;
				continue;
			}
			if (a >= 0 && low[a] < low[w]) low[w] = low[a];
			if (b >= 0 && pre[b] === 0) {
				path[depth++] = b;
				continue;
			}
			if (b >= 0 && low[b] < low[w]) low[w] = low[b];
			depth--;
			if (low[w] < pre[w]) continue;
			const cyclic = stack[height - 1] !== w || a === w || b === w || (env.thorough && env.callsCallback[w] !== 0);
			let t: number;
			do {
				t = stack[--height];
				low[t] = NOT_ON_STACK;
				if (cyclic) env.scc[t] = id;
			} while (t !== w);
			if (cyclic) {
				id++;
				env.hasLoops = true;
			}
		}
	}
}

const CALLER_SAVED = 0x3f;

/** Registers that an instruction reads, as bits; 0xffff where the kernel does not look closer. */
function usedBy(env: Env, i: number): number {
	const insn = env.insns[i];
	const { opcode } = insn;
	const src = 1 << insn.src;
	const dst = 1 << insn.dst;
	const both = (opcode & 8) !== 0 ? dst | src : dst;
	switch (opcode & 7) {
		case 0:
			return opcode === LD_IMM64 ? 0 : 0xffff;
		case 1:
			return src;
		case 2:
			return dst;
		case 3:
			if ((opcode & 0xe0) !== 0xc0) return dst | src;
			if (insn.imm === CMPXCHG) return 1 | dst | src;
			return insn.imm === LOAD_ACQUIRE ? src : dst | src;
		case 4:
		case 7:
			if ((opcode & 0xf0) === 0xd0) return dst;
			return (opcode & 0xf0) !== 0xb0 ? both : (opcode & 8) !== 0 ? src : 0;
		default:
			switch (opcode & 0xf0) {
				case 0x00:
				case 0xe0:
					return 0;
				case 0x90:
					return 1;
				case 0x80: {
					const summary = callSummary(env, i);
					return summary ? ((1 << summary.params) - 1) << 1 : CALLER_SAVED & ~1;
				}
				default:
					return both;
			}
	}
}

const CMPXCHG = 0xf1;
const LOAD_ACQUIRE = 0x100;
const STORE_RELEASE = 0x110;

/** Registers that it writes. */
function definedBy({ opcode, dst, src, imm }: Insn): number {
	switch (opcode & 7) {
		case 0:
			return opcode === LD_IMM64 ? 1 << dst : 0;
		case 2:
			return 0;
		case 3:
			if ((opcode & 0xe0) !== 0xc0 || imm === STORE_RELEASE) return 0;
			if (imm === CMPXCHG) return 1;
			return imm === LOAD_ACQUIRE ? 1 << dst : (imm & 1) !== 0 ? 1 << src : 0;
		case 1:
		case 4:
		case 7:
			return 1 << dst;
		default:
			return (opcode & 0xf0) === 0x80 ? CALLER_SAVED : 0;
	}
}

function computeLiveRegisters(env: Env): void {
	const { straight, jump, postorder } = env;
	const n = env.insns.length;
	const use = new Uint16Array(n);
	const def = new Uint16Array(n);
	for (let i = 0; i < n; i++) {
		use[i] = usedBy(env, i);
		def[i] = definedBy(env.insns[i]);
	}
	const live = env.liveRegs;
	for (let changed = true; changed; ) {
		changed = false;
		for (let k = 0; k < postorder.length; k++) {
			const i = postorder[k];
			const out = (straight[i] >= 0 ? live[straight[i]] : 0) | (jump[i] >= 0 ? live[jump[i]] : 0);
			const before = (out & ~def[i]) | use[i];
			if (before !== live[i]) {
				live[i] = before;
				changed = true;
			}
		}
	}
}

export function analyseFlow(env: Env): void {
	computeSuccessors(env);
	computePostorder(env);
	computeScc(env);
	computeLiveRegisters(env);
}
