/** After a rejection: the instructions that led to it, found again from the history that walking backwards keeps. For words only. */
import type { Env } from "./env.ts";
import type { State } from "./state.ts";

const LIMIT = 100_000;

/** Slots executed up to the one where the walk stopped, newest first and that one excluded; at most `LIMIT` of them. */
export function executedBefore(env: Env): number[] {
	const out: number[] = [];
	let at = env.insn;
	for (let state: State | null = env.current; state && out.length < LIMIT; state = state.parent) {
		let history = state.history.length;
		for (;;) {
			if (at === state.firstInsn && (history === 0 || (history === 1 && state.history[0].idx === at))) break;
			at = history > 0 && state.history[history - 1].idx === at ? state.history[--history].prev : at - 1;
			// The second slot of a wide instruction.
			if (at > 0 && env.insns[at].opcode === 0 && env.insns[at - 1].opcode === 0x18) at--;
			if (at < 0 || out.length >= LIMIT) return out;
			out.push(at);
		}
		// The saved state stands before its own first instruction; its parent ended with the one that ran before.
		const last = state.parent?.lastInsn;
		if (last === undefined || last < 0) break;
		at = last;
		out.push(at);
	}
	return out;
}
