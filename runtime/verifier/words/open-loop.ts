/**
 * Of a program that is too complex, the loop without a bound that made it so.
 *
 * A loop that asks at its head whether to go on leaves a branch waiting in every round, and the kernel gives up after 8,192 of them. One that asks at
 * its end (clang's all do) has that side walked first and nothing waits: such a program is "too large" like one with too many paths. What tells
 * them apart is on the path: one question, asked again and again, about a number that came from memory or a call and may be large.
 *
 * In: the image, the path that was walked last, what is known of registers; out: the question, or null. For words only.
 */
import type { Insn } from "../../../assembler/spec/insn.ts";
import { JCOND_CODE } from "../../../assembler/spec/isa.ts";
import type { ProgramImage } from "../../image.ts";
import type { Rejection } from "../facts.ts";
import { CALL, EXIT, isJump, JA, JA32, jumpOffset } from "../structure.ts";
import { parseState } from "./known.ts";
import { trace } from "./trace.ts";

export interface OpenLoop {
	/** Slot of the conditional jump. */
	readonly insn: number;
	/** Its newest place in the list of what was executed. */
	readonly at: number;
	/** The register whose bound is open. */
	readonly register: number;
	readonly rounds: number;
}

/** The slot walked most. Of a loop's slots, all walked as often give or take the last round, the question that leaves it. null: nothing was walked. */
export function busiestOf(
	image: ProgramImage,
	visits: Iterable<readonly [insn: number, visits: number]>,
): NonNullable<Rejection["busiest"]> | null {
	const all = [...visits];
	const most = all.reduce((most, [, count]) => Math.max(most, count), 0);
	const busy = all.filter(([, count]) => count > 0 && count >= most - 1);
	const found = busy.find(([insn]) => isConditional(image.insns[insn]) && leaves(image, insn)) ?? busy.find(([, count]) => count === most);
	return found === undefined ? null : { insn: found[0], visits: found[1] };
}

type Registers = Readonly<Record<string, string>> | undefined;

/** Rounds on one path from which on they are the reason. */
const MANY = 100;
/** A number that may be larger is no bound: so many branches may wait. */
const LARGE = 8192n;

/**
 * @param executed slots, newest first
 * @param registersAt what is known of registers at a jump, as a log prints it
 */
export function openLoop(image: ProgramImage, executed: readonly number[], registersAt: (insn: number) => Registers): OpenLoop | null {
	const rounds = new Map<number, { first: number; second: number; count: number }>();
	executed.forEach((insn, at) => {
		if (!isConditional(image.insns[insn])) return;
		const known = rounds.get(insn);
		if (known === undefined) rounds.set(insn, { first: at, second: -1, count: 1 });
		else if (++known.count === 2) known.second = at;
	});
	let found: OpenLoop | null = null;
	for (const [insn, { first, second, count }] of rounds) {
		if (count < MANY || count <= (found?.rounds ?? 0) || !leaves(image, insn)) continue;
		const jump = image.insns[insn];
		const state = registersAt(insn);
		const register =
			(jump.opcode & 8) !== 0
				? openBound(image, executed.slice(first + 1), state, jump)
				: openCounter(image, executed, first, second, state, jump);
		if (register >= 0) found = { insn, at: first, register, rounds: count };
	}
	return found;
}

/** Of a comparison of two registers, the one whose bound is open: it came from memory or a call, and the other counts. −1: none. */
export function openBound(image: ProgramImage, executed: readonly number[], state: Registers, jump: Insn): number {
	if (!isConditional(jump) || (jump.opcode & 8) === 0) return -1;
	return (
		[jump.src, jump.dst].find((register) => {
			const kind = trace(image, executed, 0, register)?.kind;
			return isOpen(state, register) && (kind === "load" || kind === "call");
		}) ?? -1
	);
}

/** `while (n--)`: what is compared with a constant is carried from round to round, and began with a number from memory or a call. */
function openCounter(
	image: ProgramImage,
	executed: readonly number[],
	first: number,
	second: number,
	state: Registers,
	{ dst }: Insn,
): number {
	const from = trace(image, executed, first + 1, dst);
	if (from === null || (from.kind !== "load" && from.kind !== "call") || !isOpen(state, dst)) return -1;
	return executed.indexOf(from.insn) > second ? dst : -1;
}

function isOpen(state: Registers, register: number): boolean {
	const { type, low, high } = parseState(state?.[`R${register}`] ?? "0");
	return type === "scalar" && low !== high && (high === null || high > LARGE);
}

/** One side of the jump never comes back to it. */
function leaves(image: ProgramImage, jump: number): boolean {
	return [jump + 1, jump + 1 + image.insns[jump].off].some((side) => {
		const seen = new Set([side]);
		for (const at of seen) {
			if (at === jump) return false;
			for (const next of nextOf(image.insns[at], at)) if (next >= 0 && next < image.insns.length) seen.add(next);
		}
		return true;
	});
}

/** Slots that may follow in the same function. */
function nextOf(insn: Insn, at: number): readonly number[] {
	if (insn.opcode === EXIT) return [];
	if (insn.opcode === JA || insn.opcode === JA32) return [at + 1 + jumpOffset(insn)];
	return isJump(insn) && insn.opcode !== CALL ? [at + 1, at + 1 + insn.off] : [at + 1];
}

/** Codes of jumps, calls, ends, and of may_goto, whose bound is its own. */
const ONE_SIDED = new Set([JA & 0xf0, CALL & 0xf0, EXIT & 0xf0, JCOND_CODE]);

/** A jump with two sides. */
function isConditional(insn: Insn): boolean {
	return isJump(insn) && !ONE_SIDED.has(insn.opcode & 0xf0);
}
