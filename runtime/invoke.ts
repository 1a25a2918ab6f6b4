/**
 * One run, whatever the engine: what must be set before the program's entry is called and undone after it.
 * The memory does not grow meanwhile; runs nest when a helper of one program runs another.
 */
import { ProgramExit } from "./fault.ts";
import { explainFault } from "./jit/faults.ts";
import type { RunState } from "./machine.ts";
import { exchange } from "./memory.ts";
import type { BoundProgram, LoadedProgram } from "./program.ts";

/** The state of a run to be: no packet, no result, the context at an address. */
export function runState(program: BoundProgram, context: number, extra: Partial<RunState> = {}): RunState {
	return { program, context, packet: null, cookie: 0n, functionAddress: 0n, retval: 0, redirect: null, extra: new Map(), ...extra };
}

/** Runs and gives all 64 bits of r0. A `ProgramFault` goes to the caller. */
export function invoke(program: LoadedProgram, r1: number, r2: number, state: RunState): bigint {
	const { machine } = program;
	const { memory } = machine;
	const outer = machine.run;
	const words = memory.i32;
	const outerTailCalls = words[exchange.tailCalls >> 2];
	const outerFrame = words[exchange.frame >> 2];
	machine.run = state;
	memory.lock();
	words[exchange.tailCalls >> 2] = 0;
	words[exchange.frame >> 2] = outer === null ? 0 : outerFrame;
	try {
		const low = program.entry(r1, r2);
		return (BigInt(words[exchange.result >> 2] >>> 0) << 32n) | BigInt(low >>> 0);
	} catch (thrown) {
		if (thrown instanceof ProgramExit) return BigInt.asUintN(64, thrown.value);
		throw explainFault(program.entry, thrown);
	} finally {
		memory.unlock();
		machine.run = outer;
		words[exchange.tailCalls >> 2] = outerTailCalls;
		words[exchange.frame >> 2] = outerFrame;
	}
}

/** For programs that run outside any hook: one argument pair, no packet. */
export function invokePlain(program: LoadedProgram, r1: number, r2: number): bigint {
	return invoke(program, r1, r2, runState(program, r1));
}
