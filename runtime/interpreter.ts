/**
 * The interpreter as an engine. `prepare` gives the same kind of function as the JITs do; `startExecution` gives a run that can be
 * stepped, inspected and watched.
 */
import { Execution } from "./interpreter/execution.ts";
import type { ExecutionOptions } from "./interpreter/execution.ts";
import { defaultFuel } from "./limits.ts";
import { exchange, layout } from "./memory.ts";
import type { BoundProgram, Engine, Entry } from "./program.ts";
import { trusted } from "./trust.ts";

export interface InterpreterOptions extends Partial<ExecutionOptions> {}

/** Checks every access unless told otherwise, or unless a verifier vouched for the program. */
export function createInterpreter(options: InterpreterOptions = {}): Engine {
	return {
		name: "interpreter",
		prepare(bound: BoundProgram): Entry {
			const program = trusted(bound);
			const settings = { ...options, checked: options.checked ?? program.facts === null, budget: options.budget ?? defaultFuel };
			const handles = new Map<number, number>();
			return (r1, r2) => {
				const words = program.machine.memory.i32;
				const top = words[exchange.frame >> 2] || layout.stackTop;
				words[exchange.frame >> 2] = 0;
				const r0 = new Execution(program, settings, 0, [r1, r2], top, handles).run();
				words[exchange.result >> 2] = Number(BigInt.asIntN(32, r0 >> 32n));
				return Number(BigInt.asIntN(32, r0));
			};
		},
	};
}

/** A run that stands before its first instruction: `step()` it, read `registers`, `pc`, `frames`. */
export function startExecution(program: BoundProgram, r1: number, r2: number, options: InterpreterOptions = {}): Execution {
	const settings = { ...options, checked: options.checked ?? program.facts === null, budget: options.budget ?? defaultFuel };
	return new Execution(program, settings, 0, [r1, r2], layout.stackTop, new Map());
}
