/**
 * Control flow without values: reachability, the points where states are compared, strongly connected components, live registers.
 *
 * In: the instructions and `env.subprogs`. Out: `env.prunePoint`, `jumpPoint`, `forceCheckpoint`, `callsCallback`, `successors`, `postorder`, `scc`,
 * `liveRegs`. All are linear or nearly so; no state is walked.
 * Source: check_cfg, compute_postorder, compute_scc (Tarjan, iterative), compute_live_registers of kernel/bpf/verifier.c.
 */
import { EINVAL, type Env, reject } from "./env.ts";
import {
	CALL, HELPER_TAIL_CALL, JA, JA32, LD_IMM64, isFuncPointer, isHelperCall, isJump, isKfuncCall, isMayGoto, isSubprogCall, jumpOffset,
} from "./structure.ts";
import { callSummary, helperChangesPacket, helperMightSleep } from "./calls/summary.ts";
import { isAsyncCallbackCall, isSyncCallbackCall, kfuncAt, kfuncIs } from "./calls/summary.ts";

const DISCOVERED = 1;
const EXPLORED = 2;

/** Depth-first over instructions, as the kernel does it, for the same prune points and the same first error. */
export function checkCfg(env: Env): void {
	const { insns } = env;
	const n = insns.length;
	const state = new Uint8Array(n);
	// Which edge of an instruction was taken last: 0 none, 1 fall through, 2 branch.
	const edge = new Uint8Array(n);
	const stack: number[] = [0];
	state[0] = DISCOVERED;

	const push = (t: number, w: number, e: 1 | 2): boolean => {
		if (edge[t] >= e) return false;
		if (w < 0 || w >= n) reject(EINVAL, `jump out of range from insn ${t} to ${w}`);
		if (e === 2) env.prunePoint[w] = env.jumpPoint[w] = 1;
		if (state[w] === 0) {
			edge[t] = e;
			state[w] = DISCOVERED;
			stack.push(w);
			return true;
		}
		if (state[w] === EXPLORED) edge[t] = e;
		return false;
	};

	/** Whether there is more to explore below t first. */
	const visit = (t: number): boolean => {
		const insn = insns[t];
		if (isFuncPointer(insn)) return call(t, true);
		if (!isJump(insn)) {
			const abs = (insn.opcode & 7) === 0 && insn.opcode !== LD_IMM64;
			const sub = env.subprogAt(t);
			if (abs && sub.exitIndex) env.successors[t] = [t + 1, sub.exitIndex];
			return push(t, t + (insn.opcode === LD_IMM64 ? 2 : 1), 1);
		}
		switch (insn.opcode & 0xf0) {
			case 0x90:
				return false;
			case 0x80: {
				if (isAsyncCallbackCall(env, t)) env.prunePoint[t] = 1;
				if (isSyncCallbackCall(env, t)) env.callsCallback[t] = env.forceCheckpoint[t] = env.prunePoint[t] = env.jumpPoint[t] = 1;
				const sub = env.subprogAt(t);
				if (isHelperCall(insn)) {
					if (helperMightSleep(env, insn.imm)) sub.mightSleep = true;
					if (helperChangesPacket(insn.imm)) sub.changesPacket = true;
					if (insn.imm === HELPER_TAIL_CALL && sub.exitIndex) env.successors[t] = [t + 1, sub.exitIndex];
				} else if (isKfuncCall(insn)) {
					const kfunc = kfuncAt(env, t);
					if (kfunc && kfuncIs(kfunc, "iter-next")) env.prunePoint[t] = env.forceCheckpoint[t] = 1;
					if (kfunc && kfuncIs(kfunc, "sleepable")) sub.mightSleep = true;
					if (kfunc && kfunc.name === "bpf_xdp_pull_data") sub.changesPacket = true;
				}
				return call(t, isSubprogCall(insn));
			}
			case 0x00: {
				const to = t + jumpOffset(insn) + 1;
				const more = push(t, to, 1);
				env.prunePoint[to] = env.jumpPoint[to] = 1;
				return more;
			}
			default:
				env.prunePoint[t] = 1;
				if (isMayGoto(insn)) env.forceCheckpoint[t] = 1;
				return push(t, t + 1, 1) || push(t, t + insn.off + 1, 2);
		}
	};

	const call = (t: number, visitCallee: boolean): boolean => {
		const next = t + (insns[t].opcode === LD_IMM64 ? 2 : 1);
		if (push(t, next, 1)) return true;
		env.prunePoint[next] = env.jumpPoint[next] = 1;
		if (!visitCallee) return false;
		const target = t + insns[t].imm + 1;
		env.prunePoint[t] = 1;
		const caller = env.subprogAt(t);
		const callee = env.subprogAt(target);
		// The callee's effects are known on the second visit of the call, after its body.
		caller.changesPacket ||= callee.changesPacket;
		caller.mightSleep ||= callee.mightSleep;
		return push(t, target, 2);
	};

	const walk = (): void => {
		while (stack.length > 0) {
			const t = stack[stack.length - 1];
			if (!visit(t)) {
				state[t] = EXPLORED;
				stack.pop();
			}
		}
	};
	walk();
	const exception = env.exceptionCallback ? env.subprogs[env.exceptionCallback].start : 0;
	if (exception && state[exception] !== EXPLORED) {
		state[exception] = DISCOVERED;
		stack.push(exception);
		walk();
	}
	for (let i = 0; i < n; i++) {
		if (state[i] !== EXPLORED) reject(EINVAL, `unreachable insn ${i}`);
		if (insns[i].opcode === LD_IMM64) {
			if (state[i + 1] !== 0) reject(EINVAL, `jump into the middle of ldimm64 insn ${i}`);
			i++;
		}
	}
}

/** Successors inside the subprogram; a call's is the instruction after it. */
function computeSuccessors(env: Env): void {
	const { insns } = env;
	for (let i = 0; i < insns.length; i++) {
		if (env.successors[i]) continue;
		const insn = insns[i];
		const next = i + (insn.opcode === LD_IMM64 ? 2 : 1);
		if (!isJump(insn) || insn.opcode === CALL || (insn.opcode & 0xf0) === 0x80) env.successors[i] = next < insns.length ? [next] : [];
		else if ((insn.opcode & 0xf0) === 0x90) env.successors[i] = [];
		else if (insn.opcode === JA || insn.opcode === JA32) env.successors[i] = [i + jumpOffset(insn) + 1];
		else env.successors[i] = [next, i + insn.off + 1];
	}
}

function computePostorder(env: Env): void {
	const n = env.insns.length;
	const order: number[] = [];
	const seen = new Uint8Array(n);
	for (const sub of env.subprogs) {
		sub.postorderStart = order.length;
		const stack = [sub.start];
		while (stack.length) {
			const top = stack[stack.length - 1];
			seen[top] |= DISCOVERED;
			if (seen[top] & EXPLORED) {
				order.push(top);
				stack.pop();
				continue;
			}
			for (const s of env.successors[top]) {
				if (seen[s] === 0) {
					stack.push(s);
					seen[s] |= DISCOVERED;
				}
			}
			seen[top] |= EXPLORED;
		}
	}
	env.postorder = Int32Array.from(order);
}

function computeScc(env: Env): void {
	const n = env.insns.length;
	const pre = new Uint32Array(n);
	const low = new Uint32Array(n);
	const NOT_ON_STACK = 0xffff_ffff;
	let order = 1;
	let id = 1;
	const stack: number[] = [];
	for (let i = 0; i < n; i++) {
		if (pre[i]) continue;
		const dfs = [i];
		while (dfs.length) {
			const w = dfs[dfs.length - 1];
			if (pre[w] === 0) {
				low[w] = pre[w] = order++;
				stack.push(w);
			}
			const successors = env.successors[w];
			let deeper = false;
			for (const s of successors) {
				if (pre[s]) low[w] = Math.min(low[w], low[s]);
				else {
					dfs.push(s);
					deeper = true;
					break;
				}
			}
			if (deeper) continue;
			dfs.pop();
			if (low[w] < pre[w]) continue;
			const cyclic = stack[stack.length - 1] !== w || successors.includes(w) || env.callsCallback[w] !== 0;
			let t: number;
			do {
				t = stack.pop()!;
				low[t] = NOT_ON_STACK;
				if (cyclic) env.scc[t] = id;
			} while (t !== w);
			if (cyclic) id++;
		}
	}
}

const CALLER_SAVED = 0x3f;

/** Registers read and written by an instruction, as bits; `use` 0xffff where the kernel does not look closer. */
function useDef(env: Env, i: number): [use: number, def: number] {
	const insn = env.insns[i];
	const { opcode } = insn;
	const src = 1 << insn.src;
	const dst = 1 << insn.dst;
	const reg = (opcode & 8) !== 0;
	switch (opcode & 7) {
		case 0:
			return opcode === LD_IMM64 ? [0, dst] : [0xffff, 0];
		case 1:
			return [src, dst];
		case 2:
			return [dst, 0];
		case 3:
			if ((opcode & 0xe0) !== 0xc0) return [dst | src, 0];
			if (insn.imm === 0xf1) return [1 | dst | src, 1];
			if (insn.imm === 0x100) return [src, dst];
			if (insn.imm === 0x110) return [dst | src, 0];
			return [dst | src, insn.imm & 1 ? src : 0];
		case 4:
		case 7:
			switch (opcode & 0xf0) {
				case 0xd0:
					return [dst, dst];
				case 0xb0:
					return [reg ? src : 0, dst];
				default:
					return [reg ? dst | src : dst, dst];
			}
		default:
			switch (opcode & 0xf0) {
				case 0x00:
				case 0xe0:
					return [0, 0];
				case 0x90:
					return [1, 0];
				case 0x80: {
					const summary = callSummary(env, i);
					return [summary ? ((1 << summary.params) - 1) << 1 : CALLER_SAVED & ~1, CALLER_SAVED];
				}
				default:
					return [reg ? dst | src : dst, 0];
			}
	}
}

function computeLiveRegisters(env: Env): void {
	const n = env.insns.length;
	const use = new Uint16Array(n);
	const def = new Uint16Array(n);
	for (let i = 0; i < n; i++) [use[i], def[i]] = useDef(env, i);
	const live = env.liveRegs;
	for (let changed = true; changed; ) {
		changed = false;
		for (const i of env.postorder) {
			let out = 0;
			for (const s of env.successors[i]) out |= live[s];
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
