/** After a rejection: the instructions that led to it, found again from the history that walking backwards keeps. For words only. */
import type { Env } from "./env.ts";
import type { State } from "./state.ts";

const LIMIT = 1_000_000;

/** Slots executed up to the one where the walk stopped, newest first and that one excluded; at most `LIMIT` of them. */
export function executedBefore(env: Env): number[] {
	const out: number[] = [];
	let at = env.insn;
	for (let state: State | null = env.current; state && out.length < LIMIT; state = state.parent) {
		let { history } = state;
		for (;;) {
			if (at === state.firstInsn && (history === null || (history.count === 1 && history.idx === at))) break;
			if (history !== null && history.idx === at) {
				at = history.prev;
				history = history.before;
			} else at--;
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
