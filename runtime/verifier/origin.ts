/**
 * After a rejection: the path that led to it, and where a register on it got its value. For words only; nothing is decided here.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import type { ProgramImage } from "../image.ts";
import { helperById } from "../../assembler/spec/helpers.ts";
import type { Env } from "./env.ts";
import type { State } from "./state.ts";

const LIMIT = 100_000;
const MOV = 0xb0;
const FRAME_POINTER = 10;

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

/**
 * Where the register's value comes from: moves, arithmetic on it and spills are followed back, to the call, load or constant it began with.
 * `executed` is newest first.
 */
export function originOf(image: ProgramImage, executed: readonly number[], register: number): { readonly insn: number; readonly why: string } | undefined {
	let reg = register;
	let slot: number | null = null;
	let depth = 0;
	for (const at of executed) {
		const insn = image.insns[at];
		const cls = insn.opcode & 7;
		const isCall = insn.opcode === 0x85;
		if (insn.opcode === 0x95) {
			// r0 of a subprogram comes from inside; everything else is of the frame that called.
			if (slot !== null || reg !== 0) depth++;
			continue;
		}
		if (isCall && insn.src === 1) {
			if (depth > 0) depth--;
			else if (slot === null && reg >= 1 && reg <= 5) continue;
			continue;
		}
		if (depth > 0) continue;
		if (slot !== null) {
			if ((cls === 2 || cls === 3) && insn.dst === FRAME_POINTER && insn.off === slot) {
				if (cls === 2) return { insn: at, why: `set to ${insn.imm}` };
				reg = insn.src;
				slot = null;
			}
			continue;
		}
		if (isCall) {
			if (reg === 0) return { insn: at, why: `result of ${calleeName(image, at, insn)}` };
			if (reg <= 5) return { insn: at, why: `lost in the call of ${calleeName(image, at, insn)}` };
			continue;
		}
		if (insn.dst !== reg || cls === 2 || cls === 3 || cls === 5 || cls === 6) continue;
		if (cls === 0) return { insn: at, why: insn.opcode === 0x18 ? constantWhy(insn, image.insns[at + 1]) : "read from the packet" };
		if (cls === 1) {
			if (insn.src !== FRAME_POINTER) return { insn: at, why: "loaded from memory" };
			slot = insn.off;
			continue;
		}
		if ((insn.opcode & 0xf0) !== MOV) continue;
		if ((insn.opcode & 8) === 0) return { insn: at, why: `set to ${insn.imm}` };
		reg = insn.src;
	}
	return slot === null && reg >= 1 && reg <= 5 ? { insn: 0, why: reg === 1 ? "the program's context" : `argument ${reg}` } : undefined;
}

function calleeName(image: ProgramImage, at: number, insn: Insn): string {
	if (insn.src === 2) return image.kfuncs.find((k) => k.insn === at)?.name ?? `kernel function ${insn.imm}`;
	return helperById(insn.imm)?.name ?? `helper ${insn.imm}`;
}

function constantWhy(insn: Insn, next: Insn): string {
	if (insn.src === 1 || insn.src === 5) return "a map";
	if (insn.src === 2 || insn.src === 6) return "a map's value";
	if (insn.src === 4) return "a function";
	if (insn.src === 3) return "a kernel variable";
	return `set to ${BigInt.asIntN(64, (BigInt(next.imm) << 32n) | BigInt(insn.imm >>> 0))}`;
}
