/**
 * The states that still have to be walked: pushed at branches, taken from the end.
 *
 * Source: push_stack, push_async_cb, widen_imprecise_scalars of kernel/bpf/verifier.c.
 */
import { E2BIG, type Env, reject } from "./env.ts";
import { IdMap } from "./id-map.ts";
import { same } from "./range.ts";
import { Frame, State, slotIsSpilled, unknownScalar, type Reg } from "./state.ts";
import { SCALAR } from "./types.ts";

const MAX_PENDING = 8192;

/** A copy of the current state, to continue at `insn`. */
export function pushBranch(env: Env, insn: number, prev: number, speculative: boolean): State {
	const state = env.current.copy();
	if (speculative) state.speculative = true;
	push(env, state, insn, prev, "The sequence of");
	if (state.parent) state.parent.branches++;
	return state;
}

/** The body of an asynchronous callback: walked on its own, later. */
export function pushAsync(env: Env, insn: number, prev: number, subprog: number, sleepable: boolean): Frame {
	const frame = new Frame(-1, 0, subprog);
	const state = new State([frame]);
	state.branches = 1;
	state.inSleepable = sleepable;
	push(env, state, insn, prev, "The sequence of");
	return frame;
}

function push(env: Env, state: State, insn: number, prev: number, text: string): void {
	env.stack.push({ state, insn, prev, logged: env.trace === null ? 0 : env.trace.position });
	if (env.stack.length > MAX_PENDING) reject(E2BIG, `${text} ${env.stack.length} jumps is too complex.`, { code: "V0402" });
}

const idMap = new IdMap();

/** Scalars that differ between two turns of a loop and matter to nobody become unknown, so that the loop converges. */
export function widen(env: Env, old: State, now: State): void {
	idMap.reset(env.ids + env.refIds);
	for (let f = old.curframe; f >= 0; f--) {
		const a = old.frames[f];
		const b = now.frames[f];
		for (let i = 0; i < 11; i++) b.regs[i] = widenReg(a.regs[i], b.regs[i], (a.preciseRegs & (1 << i)) !== 0);
		const slots = Math.min(a.kinds.length, b.kinds.length);
		for (let i = 0; i < slots; i++) {
			if (slotIsSpilled(a.kinds[i]) && slotIsSpilled(b.kinds[i])) b.slots[i] = widenReg(a.slots[i], b.slots[i], a.slotIsPrecise(i));
		}
	}
}

function widenReg(old: Reg, now: Reg, precise: boolean): Reg {
	if (
		old.type !== SCALAR ||
		now.type !== SCALAR ||
		precise ||
		(same(old.range, now.range) && old.off === now.off && idMap.match(old.id, now.id))
	)
		return now;
	return unknownScalar;
}
