/**
 * Loops in the state graph. A state that was found equal to one whose paths are not finished ("back edge") got its precision marks from an incomplete
 * set; when the loop's first state is finished, marks are propagated along all its back edges until nothing changes.
 *
 * A callback that comes round is such an edge too, but not in 6.18. Its walk is made as 6.18 makes it, the edges are remembered, and when it is over
 * the marks are carried along them: where one changes, some path may have been taken for walked too early ("doubt"), and the program is walked again with
 * callbacks as loops (`env.thorough`).
 *
 * In: states as they are saved, finished or found equal; out: precision marks in saved states.
 * Source: maybe_enter_scc, maybe_exit_scc, propagate_backedges of kernel/bpf/verifier.c (6.16 and later).
 */
import { EFAULT, type Env, reject } from "./env.ts";
import { propagatePrecision, markAllScalarsPrecise } from "./precision.ts";
import { type State, frameInsn } from "./state.ts";

const MAX_ITERATIONS = 64;
/** Edges of callbacks remembered; more are doubt by themselves. */
const MAX_CALLBACK_EDGES = 32_768;

/** Call sites down to the first frame that is inside a component, and that component; null when none is. */
function chain(env: Env, state: State): string | null {
	let key = "";
	for (let i = 0; i <= state.curframe; i++) {
		const insn = frameInsn(state, i);
		const scc = env.scc[insn];
		if (scc) return `${key}@${scc}`;
		if (i === state.curframe) return null;
		key += `${insn},`;
	}
	return null;
}

/** `state` is being saved: it belongs to the visit from now on. */
export function enterScc(env: Env, state: State): void {
	const key = chain(env, state);
	if (key === null) return;
	let visit = env.sccVisits.get(key);
	if (!visit) env.sccVisits.set(key, (visit = { entry: null, backedges: [] }));
	if (visit.entry === null) {
		visit.entry = state;
		env.trace?.detail(`SCC enter ${chainText(key)}\n`);
	}
	state.loop = visit;
}

/** "(2,1)": call sites and the component. */
const chainText = (key: string): string => `(${key.replace("@", "")})`;

function exitScc(env: Env, state: State): void {
	const visit = state.loop;
	if (!visit || visit.entry !== state) return;
	visit.entry = null;
	env.trace?.detail(`SCC exit ${chainText(chain(env, state) ?? "")}\n`);
	env.backedges -= visit.backedges.length;
	// The newest first.
	visit.backedges.reverse();
	for (let i = 0, changed = true; changed; i++) {
		if (i > MAX_ITERATIONS) {
			for (const edge of visit.backedges) markAllScalarsPrecise(edge, env.trace !== null && env.trace.level > 1 ? env.trace : null);
			break;
		}
		changed = false;
		for (const edge of visit.backedges) if (propagatePrecision(env, edge.equalState!, edge)) changed = true;
	}
	visit.backedges = [];
}

/** The path ended in a program's exit or exception. Inside a loop of which no state was saved, 6.18 loses count and refuses. */
export function checkVisited(env: Env, state: State): void {
	if (state.speculative || !env.hasLoops) return;
	const key = chain(env, state);
	if (key !== null && !env.sccVisits.has(key))
		reject(EFAULT, `verifier bug: scc exit: no visit info for call chain ${chainText(key)}`, { code: "V0999" });
}

/** States held: saved ones and back edges. */
export function updatePeak(env: Env): void {
	env.peakStates = Math.max(env.peakStates, env.exploredStates + env.freeStates + env.backedges);
}

export function addBackedge(env: Env, target: State, edge: State): void {
	if (!target.loop) reject(EFAULT, `verifier bug: add backedge: no SCC in verification path, insn_idx ${target.insn}`, { code: "V0999" });
	target.loop.backedges.push(edge);
	env.trace?.detail(`SCC backedge ${chainText(chain(env, target) ?? "")}\n`);
	env.backedges++;
	updatePeak(env);
}

/** Marks of the state may still grow, through back edges of its component. */
export function marksIncomplete(state: State): boolean {
	return state.loop !== null && state.loop.backedges.length > 0;
}

/** A callback came round to the state `edge.equalState`, outside of what the kernel calls a loop. */
export function addCallbackEdge(env: Env, edge: State): void {
	if (env.callbackEdges.length < MAX_CALLBACK_EDGES) env.callbackEdges.push(edge);
	else env.doubt = true;
}

/** The walk is over: whether marks are missing because a callback's coming round was no loop. */
export function settleCallbackEdges(env: Env): void {
	const { trace } = env;
	env.trace = null;
	for (const edge of env.callbackEdges) env.doubt ||= propagatePrecision(env, edge.equalState!, edge);
	env.trace = trace;
	env.callbackEdges = [];
}

/** A path ended: its saved states have one branch less; a state without any is complete. */
export function finishPath(env: Env, state: State | null): void {
	while (state) {
		if (--state.branches) break;
		exitScc(env, state);
		if (state.evicted) {
			state.evicted = false;
			env.freeStates--;
		}
		state = state.parent;
	}
}
