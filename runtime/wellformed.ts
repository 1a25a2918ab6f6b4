/**
 * What an engine refuses before it runs a program that no verifier saw: instructions that do not exist, registers above r10, halves of ld_imm64 that do not
 * belong together, jumps out of the subprogram or into the middle of an instruction, subprograms that run into the next one, a program that may end without a result.
 * In: instructions; out: the first slot that is wrong and why, or null. What only a run can show (addresses, the budget) is left to the checks of the run.
 * Source: RFC 9669, sections 3 to 5; check_subprogs and resolve_pseudo_ldimm64 of kernel/bpf/verifier.c. callx, which Linux refuses, is allowed.
 */
import type { Insn } from "../assembler/spec/insn.ts";

export interface Malformed {
	readonly insn: number;
	readonly why: string;
}

export const LD_IMM64 = 0x18;
export const CALL = 0x85;
export const CALLX = 0x8d;
export const EXIT = 0x95;
const JA = 0x05;
const JA32 = 0x06;

export const isJump = ({ opcode }: Insn): boolean =>
	((opcode & 7) === 5 || (opcode & 7) === 6) && opcode !== CALL && opcode !== CALLX && opcode !== EXIT;
export const isUnconditional = ({ opcode }: Insn): boolean => opcode === JA || opcode === JA32;
/** Slot that a jump goes to when it is taken. */
export const jumpTarget = (insn: Insn, at: number): number => at + 1 + (insn.opcode === JA32 ? insn.imm : insn.off);

export function findMalformed(insns: readonly Insn[]): Malformed | null {
	if (insns.length === 0) return { insn: 0, why: "it has no instructions" };
	const second = new Uint8Array(insns.length);
	const starts = new Set<number>([0]);
	for (let i = 0; i < insns.length; i++) {
		const insn = insns[i];
		if (insn.dst > 10) return { insn: i, why: `register r${insn.dst} does not exist` };
		if (insn.src > 10) return { insn: i, why: `register r${insn.src} does not exist` };
		if (insn.opcode === LD_IMM64) {
			const next = insns[i + 1];
			if (next === undefined || next.opcode !== 0 || next.dst !== 0 || next.src !== 0 || next.off !== 0)
				return { insn: i, why: "ld_imm64 without its second half" };
			if (insn.src === 4) starts.add(i + 1 + insn.imm);
			second[++i] = 1;
			continue;
		}
		if ((insn.opcode & 7) === 0 && (insn.opcode & 0xe0) === 0) return { insn: i, why: `unknown opcode 0x${insn.opcode.toString(16)}` };
		if ((insn.opcode & 0xf7) === 0xd4 && ![16, 32, 64].includes(insn.imm)) return { insn: i, why: `byte swap of ${insn.imm} bits` };
		if (insn.opcode === CALL && insn.src === 1) starts.add(i + 1 + insn.imm);
		if (insn.opcode === JA && insn.off === -1) return { insn: i, why: "jumps to itself for ever" };
	}
	const bounds = [...starts, insns.length].sort((a, b) => a - b);
	for (const start of bounds.slice(0, -1))
		if (start < 0 || start >= insns.length || second[start])
			return { insn: 0, why: `a call to slot ${start}, where no instruction starts` };
	return checkSubprograms(insns, second, bounds) ?? withoutResult(insns);
}

/** Walks what each subprogram reaches: dead code behind an exit may be anything. */
function checkSubprograms(insns: readonly Insn[], second: Uint8Array, bounds: readonly number[]): Malformed | null {
	const seen = new Uint8Array(insns.length);
	for (let k = 0; k + 1 < bounds.length; k++) {
		const [start, end] = [bounds[k], bounds[k + 1]];
		const open = [start];
		for (let at = open.pop(); at !== undefined; at = open.pop()) {
			if (seen[at]) continue;
			seen[at] = 1;
			const insn = insns[at];
			if (insn.opcode === EXIT) continue;
			if (isJump(insn)) {
				const to = jumpTarget(insn, at);
				if (to < start || to >= end) return { insn: at, why: `a jump to slot ${to}, out of the subprogram` };
				if (second[to]) return { insn: at, why: `a jump into the middle of the ld_imm64 at slot ${to - 1}` };
				open.push(to);
				if (isUnconditional(insn)) continue;
			}
			const next = at + (insn.opcode === LD_IMM64 ? 2 : 1);
			if (next >= end) return { insn: at, why: "control flow runs past the end of the subprogram" };
			open.push(next);
		}
	}
	return null;
}

/** The main program's r0 must be written on every way to an exit: it is the result. */
function withoutResult(insns: readonly Insn[]): Malformed | null {
	const seen = new Uint8Array(insns.length);
	const open = [0];
	for (let at = open.pop(); at !== undefined; at = open.pop()) {
		if (seen[at]) continue;
		seen[at] = 1;
		const insn = insns[at];
		if (insn.opcode === EXIT) return { insn: at, why: "exit, but r0 was never set" };
		if (insn.opcode === CALL || insn.opcode === CALLX || setsR0(insn)) continue;
		if (isJump(insn)) open.push(jumpTarget(insn, at));
		if (!isUnconditional(insn)) open.push(at + (insn.opcode === LD_IMM64 ? 2 : 1));
	}
	return null;
}

function setsR0(insn: Insn): boolean {
	const kind = insn.opcode & 7;
	if (kind === 0) return insn.opcode !== LD_IMM64 || insn.dst === 0;
	if (kind === 1 || kind === 4 || kind === 7) return insn.dst === 0;
	if (kind !== 3 || (insn.opcode & 0xe0) !== 0xc0) return false;
	return insn.imm === 0xf1 || ((insn.imm & 1) !== 0 && insn.src === 0) || (insn.imm === 0x100 && insn.dst === 0);
}
