/**
 * What the kernel's log of level 2 says while precision goes back: `mark_precise: frame0: regs=r1 stack=-8 before 7: (b7) r0 = 0`.
 *
 * In: the registers and slots looked for, at each step; out: lines in the log.
 * Source: __mark_chain_precision, backtrack_insn, propagate_precision, mark_all_scalars_precise of kernel/bpf/verifier.c, Linux 6.18.
 */
import type { KernelLog } from "./kernel-log.ts";
import { stateText } from "./print-state.ts";
import type { State } from "./state.ts";
import type { Backtrack } from "./backtrack.ts";

function registers(bt: Backtrack, frame: number): string[] {
	const out: string[] = [];
	for (let r = 0; r < 10; r++) if (bt.regs[frame] & (1 << r)) out.push(`r${r}`);
	return out;
}

/** "-8,-16" for the slots in two words of bits. */
export function slotsText(low: number, high: number): string {
	const out: number[] = [];
	for (let s = 0; s < 64; s++) if ((s < 32 ? low >>> s : high >>> (s - 32)) & 1) out.push(-8 * (s + 1));
	return out.join(",");
}

const wanted = (bt: Backtrack, frame: number): string =>
	`regs=${registers(bt, frame).join(",")} stack=${slotsText(bt.low[frame], bt.high[frame])}`;

export function logStart(log: KernelLog, bt: Backtrack, last: number, first: number, subsequent: number): void {
	log.write(`mark_precise: frame${bt.frame}: last_idx ${last} first_idx ${first} subseq_idx ${subsequent} \n`);
}

export function logInsn(log: KernelLog, bt: Backtrack, at: number): void {
	log.write(`mark_precise: frame${bt.frame}: ${wanted(bt, bt.frame)} before ${at}: ${log.insnText(at)}\n`);
}

export function logParent(log: KernelLog, bt: Backtrack, frame: number, state: State): void {
	log.write(`mark_precise: frame${frame}: parent state ${wanted(bt, frame)}: ${stateText(state, frame, null)}\n`);
}

export function logPropagated(log: KernelLog, bt: Backtrack): void {
	for (let frame = bt.frame; frame >= 0; frame--) {
		const slots = slotsText(bt.low[frame], bt.high[frame]);
		const all = [...registers(bt, frame), ...(slots === "" ? [] : slots.split(",").map((at) => `fp${at}`))];
		if (all.length > 0) log.write(`frame ${frame}: propagating ${all.join(",")}\n`);
	}
}

export function logForced(log: KernelLog, state: State): void {
	log.write(`mark_precise: frame${state.curframe}: falling back to forcing all scalars precise\n`);
}

export function logForcedOne(log: KernelLog, frame: number, what: string): void {
	log.write(`force_precise: frame${frame}: forcing ${what} to be precise\n`);
}
