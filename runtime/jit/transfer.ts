/** What one operation does to the state before it: the rows of the forward analysis, by kind. Those of arithmetic are in arithmetic.ts. */
import { arithmetic, assignSignExtended } from "./arithmetic.ts";
import type { Op } from "./decode.ts";
import * as range from "./range.ts";
import type { State } from "./range.ts";
import type { AnalysisOptions } from "./representation.ts";

const U32 = 0xffffffff;

export class Transfer {
	/** The register beyond the last one. */
	readonly #scratch: number;
	readonly #options: AnalysisOptions;
	/** The first slot of each 64-bit immediate, by its words. */
	readonly #immediates = new Map<string, number>();

	constructor(registers: number, options: AnalysisOptions) {
		this.#scratch = registers;
		this.#options = options;
	}

	apply(op: Op, pc: number, state: State): void {
		const scratch = this.#scratch;
		switch (op.kind) {
			case "alu":
				if (op.src < 0) range.assignConstant(state, scratch, op.imm);
				return arithmetic(state, op.op, op.width, op.dst, op.src < 0 ? scratch : op.src, this.#options.pointers);
			case "movsx":
				return assignSignExtended(state, op.dst, op.src, op.bits, op.width);
			case "extract":
				return range.assignUnsigned(state, op.dst, 0, 2 ** op.bits - 1);
			case "cast":
				return range.assignPointer(state, op.dst);
			case "neg":
				range.copy(state, scratch, op.dst);
				range.assignConstant(state, op.dst, 0);
				return arithmetic(state, "sub", op.width, op.dst, scratch, false);
			case "swap":
				return this.#swap(op, state);
			case "imm64":
				return this.#immediate(op, pc, state);
			case "load":
				return loaded(op, state);
			case "atomic":
				if (!op.fetch) return;
				return unsignedBytes(state, op.op === "cmpxchg" ? 0 : op.src, op.size);
			case "packet":
				return unsignedBytes(state, 0, op.size);
			case "call":
			case "callx":
				for (let r = 0; r <= 5; r++) range.assignUnknown(state, r);
				return;
			case "helper":
			case "kfunc":
				return this.#helper(op, pc, state);
			case "store":
			case "jump":
			case "branch":
			case "may_goto":
			case "exit":
			case "invalid":
				return;
			default:
				op satisfies never;
		}
	}

	#swap({ bits, swap, dst }: Extract<Op, { kind: "swap" }>, state: State): void {
		if (swap) unsignedBytes(state, dst, bits / 8);
		else if (bits < 64) {
			range.assignConstant(state, this.#scratch, 2 ** bits - 1);
			arithmetic(state, "and", 64, dst, this.#scratch, false);
		}
	}

	#immediate(op: Extract<Op, { kind: "imm64" }>, pc: number, state: State): void {
		if (op.pseudo === 1 || op.pseudo === 5) range.assignPointer(state, op.dst, range.MAP + op.lo);
		else if (op.pseudo !== 0) range.assignPointer(state, op.dst);
		else range.assignWords(state, op.dst, op.lo, op.hi, this.#firstOf(op, pc));
	}

	/** Equal immediates in different places, as compilers make them, are one number. */
	#firstOf({ lo, hi }: Extract<Op, { kind: "imm64" }>, pc: number): number {
		const words = `${hi}:${lo}`;
		const known = this.#immediates.get(words);
		if (known === undefined) this.#immediates.set(words, pc);
		return known ?? pc;
	}

	#helper(op: Op, pc: number, state: State): void {
		const { result } = this.#options.shape(op, pc);
		for (let r = 1; r <= 5; r++) range.assignUnknown(state, r);
		if (result === "unsigned") range.assignUnsigned(state, 0, 0, U32);
		else if (result === "signed") range.assignSigned(state, 0, -0x80000000, 0x7fffffff);
		else range.assignUnknown(state, 0);
	}
}

function loaded({ dst, size, signed }: Extract<Op, { kind: "load" }>, state: State): void {
	if (!signed) return unsignedBytes(state, dst, size);
	const half = range.power(size * 8 - 1);
	range.assignSigned(state, dst, -half, half - 1);
}

function unsignedBytes(state: State, r: number, size: number): void {
	if (size === 8) range.assignUnknown(state, r);
	else range.assignUnsigned(state, r, 0, range.power(size * 8) - 1);
}
