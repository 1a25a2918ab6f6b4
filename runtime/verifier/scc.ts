/**
 * Loops in the state graph. A state that was found equal to one whose paths are not finished ("back edge") got its precision marks from an incomplete
 * set; when the loop's first state is finished, marks are propagated along all its back edges until nothing changes.
 *
 * In: states as they are saved, finished or found equal; out: precision marks in saved states.
 * Source: maybe_enter_scc, maybe_exit_scc, propagate_backedges of kernel/bpf/verifier.c (6.16 and later).
 */
import type { Env } from "./env.ts";
import { propagatePrecision, markAllScalarsPrecise } from "./precision.ts";
import { type State, frameInsn } from "./state.ts";

export interface SccVisit {
	entry: State | null;
	backedges: State[];
	/** Of these, those that exist because a callback came round, and what followed from them: 6.18 has none of them. */
	byCallback: number;
}

const MAX_ITERATIONS = 64;

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
	if (!visit) env.sccVisits.set(key, (visit = { entry: null, backedges: [], byCallback: 0 }));
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
	for (let i = 0, changed = true; changed; i++) {
		if (i > MAX_ITERATIONS) {
			for (const edge of visit.backedges) markAllScalarsPrecise(edge, env.trace !== null && env.trace.level > 1 ? env.trace : null);
			break;
		}
		changed = false;
		for (const edge of visit.backedges) if (propagatePrecision(env, edge.equalState!, edge)) changed = true;
	}
	visit.backedges = [];
	visit.byCallback = 0;
}

/** States held: saved ones and back edges. */
export function updatePeak(env: Env): void {
	env.peakStates = Math.max(env.peakStates, env.exploredStates + env.freeStates + env.backedges);
}

export function addBackedge(env: Env, target: State, edge: State, byCallback: boolean): void {
	if (!target.loop) return;
	if (byCallback) target.loop.byCallback++;
	// The newest comes first.
	target.loop.backedges.unshift(edge);
	env.trace?.detail(`SCC backedge ${chainText(chain(env, target) ?? "")}\n`);
	env.backedges++;
	updatePeak(env);
}

/** Marks of the state may still grow, through back edges of its component. */
export function marksIncomplete(state: State): boolean {
	return state.loop !== null && state.loop.backedges.length > 0;
}

/** They would be complete in 6.18, where callbacks are no loops. */
export function incompleteByCallback(state: State): boolean {
	return state.loop !== null && state.loop.backedges.length === state.loop.byCallback;
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
