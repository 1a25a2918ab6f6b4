/**
 * Every path through a program, depth first: from an entry to its end, then from the last branch that is still to be walked.
 *
 * In: `env` with the program's structure; out: nothing but what the checks leave there, or a refusal. An instruction that may only be reached by
 * speculation is walked like any other; what is refused there gets a barrier instead.
 * Source: do_check, do_check_main, do_check_subprogs of kernel/bpf/verifier.c, Linux 6.18.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { entryRegs, subprogArgs } from "./calls/global.ts";
import { E2BIG, EACCES, EFAULT, EINVAL, EPERM, type Env, Refusal, reject } from "./env.ts";
import { execute } from "./instruction.ts";
import { pushHistory } from "./precision.ts";
import { isVisited } from "./prune.ts";
import { acquire } from "./references.ts";
import { checkVisited, finishPath, settleCallbackEdges } from "./scc.ts";
import { Frame, State, pointer } from "./state.ts";
import { PTR_TO_CTX } from "./types.ts";

/** The main program, from its entry. */
export function walkMain(env: Env): void {
	const state = startState(env, 0);
	const { regs } = state.frames[0];
	const main = env.subprogs[0];
	if (env.types && main.typeId) {
		try {
			const args = subprogArgs(env, main);
			if (args.length !== 1 || args[0].kind !== "ctx") main.unreliable = true;
		} catch (e) {
			if (!(e instanceof Refusal)) throw e;
			// Of a static function the kernel does not say why.
			if (main.global) env.trace?.write(`${e.message}\n`);
			main.unreliable = true;
		}
	}
	regs[1] = pointer(PTR_TO_CTX);
	env.stubParams.forEach((name, i) => {
		if (name.endsWith("__ref")) env.contextRefs.set(i, acquire(env));
	});
	walk(env, state);
}

/** Global functions that were called, each from what its signature promises, until no new one is called. */
export function walkGlobals(env: Env): void {
	if (!env.types || env.image.funcInfo.length === 0) return;
	if (env.exceptionCallback) env.subprogs[env.exceptionCallback].called = true;
	for (let again = true; again; ) {
		again = false;
		for (let i = 1; i < env.subprogs.length; i++) {
			const sub = env.subprogs[i];
			if (!sub.global || !sub.called || sub.verified) continue;
			env.insn = sub.start;
			env.trace?.write(`Validating ${sub.name}() func#${i}...\n`);
			const args = subprogArgs(env, sub);
			const state = startState(env, i);
			if (sub.isExceptionCallback) {
				state.frames[0].inExceptionCallback = true;
				if (args.length !== 1 || args[0].kind !== "scalar")
					reject(EINVAL, "exception cb only supports single integer argument", { code: "V0642" });
			}
			entryRegs(env, sub, state.frames[0].regs);
			walk(env, state);
			env.trace?.write(`Func#${i} ('${sub.name}') is safe for any args that match its prototype\n`);
			sub.verified = true;
			again = true;
		}
	}
}

function startState(env: Env, subprog: number): State {
	const state = new State([new Frame(-1, 0, subprog)]);
	state.branches = 1;
	state.inSleepable = env.sleepable || env.spec.id === 31;
	state.firstInsn = env.subprogs[subprog].start;
	state.lastInsn = -1;
	env.insn = state.firstInsn;
	env.explored = new Array<State[] | undefined>(env.insns.length).fill(undefined);
	env.sccVisits = new Map();
	env.current = state;
	env.liveness.resetChain();
	return state;
}

function walk(env: Env, start: State): void {
	const { trace } = env;
	env.current = start;
	env.stack = [];
	trace?.startWalk();
	let prev = -1;
	const { insns } = env;
	for (;;) {
		env.historyEntry = null;
		env.prevInsn = prev;
		const at = env.insn;
		if (at >= insns.length) reject(EFAULT, `invalid insn idx ${at} insn_cnt ${insns.length}`, { code: "V0999" });
		if (++env.insnsProcessed > env.limitInsns) {
			// The words follow the path back from here.
			if (env.jumpPoint[at]) pushHistory(env, env.current, 0, null);
			reject(E2BIG, `BPF program is too large. Processed ${env.insnsProcessed} insn`, {
				code: "V0400",
				needed: "at most 1,000,000 instructions walked",
				known: "the paths through the program are more",
				suggestion: "bound loops more tightly, or use bpf_loop or an iterator",
			});
		}
		const state = env.current;
		state.lastInsn = env.prevInsn;
		state.insn = at;
		let ended = false;
		if (env.prunePoint[at]) {
			ended = isVisited(env, at);
			if (ended && trace !== null) trace.safe();
		}
		if (!ended) {
			if (env.jumpPoint[at]) pushHistory(env, state, 0, null);
			env.visits[at]++;
			if (!state.speculative) env.seen[at] = 1;
			if (trace !== null) trace.insn();
			prev = at;
			ended = step(env, state, insns[at]);
			if (ended) checkVisited(env, env.current);
		}
		if (!ended) continue;
		finishPath(env, env.current);
		env.liveness.update();
		const next = env.stack.pop();
		if (trace !== null) trace.pop(next === undefined ? null : next.logged);
		if (!next) {
			trace?.endWalk();
			settleCallbackEdges(env);
			return;
		}
		env.current = next.state;
		env.insn = next.insn;
		prev = next.prev;
	}
}

/** What may go wrong on a speculative path, which a barrier then keeps away from the instruction. */
const KEPT_AWAY: readonly number[] = [EPERM, EACCES, EINVAL];

/** One instruction. True: the path ends. */
function step(env: Env, state: State, insn: Insn): boolean {
	const at = env.insn;
	if (state.speculative && env.nospec[at]) return true;
	env.collector?.visit(env, at, insn);
	env.liveness.beginInsn(at);
	if (!env.bypassSpecV1 && state.speculative) {
		try {
			const done = execute(env, insn);
			env.liveness.commitInsn();
			if (done) return true;
		} catch (e) {
			if (!(e instanceof Refusal) || !KEPT_AWAY.includes(e.errno)) throw e;
			env.trace?.write(`${e.message}\n${e.why.logged ?? ""}`);
			// A barrier before the instruction keeps speculation away from it.
			env.liveness.commitInsn();
			env.nospec[at] = 1;
			env.aluState[at] = 0;
			return true;
		}
		return env.nospecResult[at] !== 0;
	}
	const done = execute(env, insn);
	env.liveness.commitInsn();
	return done;
}
