/**
 * A pasted kernel log, explained with the object that it is about: the same words as for our own rejections, in the object's C lines.
 *
 * In: the images of the object and the log's text; out: one answer for each program that the log speaks of. The program is found by its name,
 * or by the instructions that the log shows. Without line records in the object the lines that the log quotes are used.
 */
import type { LineRecord, ProgramImage } from "../../image.ts";
import type { Rejection } from "../facts.ts";
import { diagnose } from "./diagnoses.ts";
import { type Explanation, explain } from "./explain.ts";
import { busiestOf, openLoop } from "./open-loop.ts";
import { type LoggedProgram, readLog } from "./read-log.ts";
import { verify } from "../verify.ts";

export interface LogAnswer {
	/** Null: no program of the object fits. */
	readonly explanation: Explanation | null;
	readonly program: string | null;
	/** The kernel's. */
	readonly message: string | null;
	readonly accepted: boolean;
	/** What the reader should know about log and object. */
	readonly remarks: readonly string[];
}

/** Instructions that must agree for a program to be the one meant, of a hundred. */
const ENOUGH = 90;

export function explainLog(images: readonly ProgramImage[], text: string): LogAnswer[] {
	return readLog(text).map((logged) => answer(images, logged));
}

function answer(images: readonly ProgramImage[], logged: LoggedProgram): LogAnswer {
	const remarks: string[] = [];
	const { message, accepted } = logged;
	const named = images.filter(({ name }) => name === logged.program || (logged.program?.length === 15 && name.startsWith(logged.program)));
	const image = mostAlike(named.length > 0 ? named : images, logged);
	const about = { program: image?.name ?? logged.program, message, accepted };
	if (image === null) return { ...about, explanation: null, remarks: ["the object has no program"] };
	if (logged.program === null && images.length > 1)
		remarks.push(`the log names no program; ${image.name} is the one whose instructions it shows`);
	if (logged.program !== null && named.length === 0)
		remarks.push(`the object has no program ${logged.program}; ${image.name} is the most alike`);
	const fit = likeness(image, logged);
	if (fit < ENOUGH)
		remarks.push(`the log is of another build of the object: ${100 - fit} % of its instructions differ, so that lines may be wrong`);
	if (logged.truncated) remarks.push("the log is cut off: the path may be incomplete");
	if (accepted) return { ...about, explanation: null, remarks };
	if (message === null)
		return {
			...about,
			explanation: null,
			remarks: [...remarks, "the log ends before it says what is wrong; load again with a larger log buffer"],
		};
	if (diagnose(message) === null) remarks.push("this message is not one that has words here");
	const lineInfo = linesFor(image, logged, remarks);
	if (logged.validating !== null)
		remarks.push(`global function ${logged.validating}(), which the kernel verifies on its own, for any arguments`);
	return { ...about, explanation: explain({ ...image, lineInfo }, placed(image, rejectionOf(image, logged, message))), remarks };
}

/** Of the stack as a whole the kernel names no place; the program, walked here, has one. */
function placed(image: ProgramImage, rejection: Rejection): Rejection {
	if (rejection.insn >= 0 || !/^(?:tail_calls are not allowed when call stack|combined stack size)/.test(rejection.message))
		return rejection;
	const verdict = verify(image);
	return verdict.verdict === "reject" && verdict.rejection.message === rejection.message
		? { ...rejection, insn: verdict.rejection.insn, known: verdict.rejection.known ?? "" }
		: rejection;
}

function linesFor(image: ProgramImage, { lines }: LoggedProgram, remarks: string[]): readonly LineRecord[] {
	if (image.lineInfo.length > 0) return image.lineInfo;
	const quoted = lines.filter(({ line }) => line > 0);
	if (quoted.length > 0) {
		remarks.push("the object has no line information; these are the lines that the log quotes");
		return quoted;
	}
	remarks.push("neither object nor log has line information, so that only instructions can be named; compile with -g");
	return [];
}

function rejectionOf(image: ProgramImage, logged: LoggedProgram, message: string): Rejection {
	const { insn, executed, notes, visits } = logged;
	// A pointer that a call made unusable changes without a word in the log; the message knows.
	const gone = /^R(\d+) invalid mem access '(?:scalar|inv)'/.exec(message);
	const state =
		gone === null || /^P?(?:scalar|inv|-?\d|0x)/.test(logged.state[`R${gone[1]}`] ?? "")
			? logged.state
			: { ...logged.state, [`R${gone[1]}`]: "scalar()" };
	const busiest = /too large|too complex/.test(message) ? busiestOf(image, visits) : null;
	const register = Number(/\bR(\d+)\b/.exec(message)?.[1] ?? -1);
	const loop = /too large/.test(message) ? openLoop(image, executed, () => state) : null;
	return {
		code: diagnose(message, notes, state, loop ?? undefined)?.row.code ?? "V0000",
		message,
		errno: 0,
		insn,
		register,
		executed: loop === null ? executed : executed.slice(loop.at + 1),
		state,
		notes,
		...(loop === null ? {} : { loop }),
		...(busiest === null ? {} : { busiest }),
	};
}

/** Of the instructions that the log shows, how many of a hundred the program has at the same place. */
function likeness(image: ProgramImage, { opcodes }: LoggedProgram): number {
	let same = 0;
	for (const [at, opcode] of opcodes) if (image.insns[at]?.opcode === opcode) same++;
	return opcodes.size === 0 ? 100 : Math.round((100 * same) / opcodes.size);
}

function mostAlike(images: readonly ProgramImage[], logged: LoggedProgram): ProgramImage | null {
	let best: ProgramImage | null = null;
	for (const image of images) if (best === null || likeness(image, logged) > likeness(best, logged)) best = image;
	return best;
}
