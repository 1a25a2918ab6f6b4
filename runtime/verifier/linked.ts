/**
 * Registers and slots that hold one number, or numbers at a constant distance: what a comparison says of one holds for all.
 * Source: collect_linked_regs, sync_linked_regs of kernel/bpf/verifier.c, Linux 6.18.
 */
import type { Env } from "./env.ts";
import { sync } from "./bounds.ts";
import { zeroExtend32 } from "./extend.ts";
import { addConstant } from "./scalar.ts";
import { type LinkedReg, type Reg, type State, baseId, frameInsn, isAddConst, isAddConstLow, slotIsSpilled } from "./state.ts";
import { SCALAR } from "./types.ts";

const MAX_LINKED = 6;

// Not a closure: this runs at every branch on a number that has equals.
function addLinked(into: LinkedReg[], id: number, frame: number, list: Reg[], index: number, isReg: boolean): void {
	const reg = list[index];
	if (reg.type !== SCALAR || baseId(reg.id) !== id) return;
	if (into.length < MAX_LINKED) into.push({ frame, isReg, index });
	else {
		const r = reg.copy();
		r.id = 0;
		list[index] = r;
	}
}

/** Registers and slots with the id: what is learned of one holds for all. Beyond six, the rest lose the link. */
export function collectLinked(env: Env, state: State, id: number, into: LinkedReg[]): void {
	id = baseId(id);
	for (let f = state.curframe; f >= 0; f--) {
		const frame = state.frames[f];
		const live = env.liveRegs[frameInsn(state, f)];
		for (let i = 0; i < 10; i++) if (live & (1 << i)) addLinked(into, id, f, frame.regs, i, true);
		for (let i = 0; i < frame.slots.length; i++) if (slotIsSpilled(frame.kinds[i])) addLinked(into, id, f, frame.slots, i, false);
	}
}

export function syncLinked(state: State, known: Reg, knownAt: number, linked: readonly LinkedReg[]): void {
	for (const l of linked) {
		const frame = state.frames[l.frame];
		const list = l.isReg ? frame.regs : frame.slots;
		const reg = list[l.index];
		if (reg.type !== SCALAR || baseId(reg.id) !== baseId(known.id)) continue;
		if (l.isReg && l.frame === state.curframe && l.index === knownAt) continue;
		// Distances of 32 and 64 bits do not mix.
		if (isAddConst(reg.id) && isAddConst(known.id) && isAddConstLow(reg.id) !== isAddConstLow(known.id)) continue;
		if ((!isAddConst(reg.id) && !isAddConst(known.id)) || reg.off === known.off) {
			list[l.index] = known;
			continue;
		}
		const r = known.copy();
		r.off = reg.off;
		r.id = reg.id;
		const sum = addConstant(known.range, reg.off - known.off);
		if (isAddConstLow(known.id) || isAddConstLow(reg.id)) zeroExtend32(sum);
		r.range = sync(sum);
		list[l.index] = r;
	}
}
