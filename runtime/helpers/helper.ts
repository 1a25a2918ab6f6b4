/**
 * How helpers are called, the same from the interpreter, generated JavaScript and Wasm.
 *
 *     run(machine, a1, a2, a3, a4, a5): low word of r0
 *
 * Arguments and result are the low 32 bits as int32s, so that no BigInt and no 64-bit value crosses the border. Missing arguments are 0 or rubbish.
 *
 * - `wide` has bit k−1 set when the helper needs all 64 bits of argument k; callers store that argument's high word at
 *   `exchange.args + 4 * (k - 1)` beforehand, and only those. In the helper: `machine.wide(k, low)`.
 * - `result` says what the high word of r0 is: "unsigned" 0 (also for addresses), "signed" copies of the sign bit (errors are −errno),
 *   "wide" the word that the helper left at `exchange.result` (`machine.result(value)` does both).
 */
import type { Machine } from "../machine.ts";
import type { HelperName } from "../../assembler/spec/helpers.ts";

/** Low words of the arguments in, low word of r0 out, all as int32s. */
export type HelperRun = (machine: Machine, a1: number, a2: number, a3: number, a4: number, a5: number) => number;

/** What engines must know to call a helper or kernel function: see the top of this file. */
export interface HelperImplementation {
	readonly wide: number;
	readonly result: "unsigned" | "signed" | "wide";
	readonly run: HelperRun;
}

/** One family's file exports one of these. */
export type HelperFamily = Readonly<Partial<Record<HelperName, HelperImplementation>>>;

/** Bits of the `wide` mask by argument number. @example wide(3, 4) // 0b1100 */
export function wide(...args: readonly number[]): number {
	return args.reduce((mask, k) => mask | (1 << (k - 1)), 0);
}

/** The common case: low words in, a sign-extended number (0 or −errno) out. */
export function signed(run: HelperRun, wideArgs = 0): HelperImplementation {
	return { wide: wideArgs, result: "signed", run };
}

/** An address or a u32. */
export function unsigned(run: HelperRun, wideArgs = 0): HelperImplementation {
	return { wide: wideArgs, result: "unsigned", run };
}

/** A 64-bit number: the helper ends in `return machine.result(value)`. */
export function wideResult(run: HelperRun, wideArgs = 0): HelperImplementation {
	return { wide: wideArgs, result: "wide", run };
}
