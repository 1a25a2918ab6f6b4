import { helperById } from "../assembler/spec/helpers.ts";
import type { LineRecord, ProgramImage } from "./image.ts";

/**
 * A program did what it must not: an access outside its memory, an unknown instruction, more instructions than its budget.
 * Verified programs do not fault; unverified ones, run with checks on, may. It travels as an exception because it leaves from
 * inside generated functions and callbacks; the `run` methods of the API hand it on to their caller.
 */
export class ProgramFault extends Error {
	readonly insn: number;
	readonly program: string;
	/** The C line, when the object has line info. */
	readonly line: LineRecord | null;

	constructor(image: ProgramImage | null, insn: number, reason: string) {
		const line = image === null ? null : lineAt(image, insn);
		super(
			line === null
				? `${image?.name ?? "program"}: instruction ${insn}: ${reason}`
				: `${line.file}:${line.line}:${line.column}: ${reason} (instruction ${insn} of ${image?.name ?? "program"})`,
		);
		this.name = "ProgramFault";
		this.insn = insn;
		this.program = image?.name ?? "";
		this.line = line;
	}
}

/** The reason of a fault at a call of what the host has not. */
export const absentHelper = (id: number): string => `calls helper ${helperById(id)?.name ?? id}, which does not exist or is not simulated`;
export const absentKfunc = (name: string): string => `calls kernel function ${name}, which is not simulated`;

/** The last line record at or before the slot. */
export function lineAt(image: ProgramImage, insn: number): LineRecord | null {
	let low = 0;
	let high = image.lineInfo.length;
	while (low < high) {
		const middle = (low + high) >>> 1;
		if (image.lineInfo[middle].insn <= insn) low = middle + 1;
		else high = middle;
	}
	return low === 0 ? null : image.lineInfo[low - 1];
}

/** bpf_throw and hosts' helpers of the same kind: the program ends at once with this r0. */
export class ProgramExit {
	readonly value: bigint;

	constructor(value: bigint) {
		this.value = value;
	}
}
