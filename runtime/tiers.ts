/**
 * The default engine: a program is interpreted as long as that takes less than to compile it. A test, a command, a filter that sees one packet run a
 * program once or a few times, and its instructions once each; compiling them costs ten runs or more.
 *
 * Interpreted runs must be short whatever their input: `longestRun` says so for programs without loops. Everything else is compiled at once.
 */
import type { Insn } from "../assembler/spec/insn.ts";
import { CALL_SOURCES } from "../assembler/spec/opcodes.ts";
import { explainedBy, explainFault } from "./jit/faults.ts";
import type { BoundProgram, Engine, Entry } from "./program.ts";
import { trusted } from "./trust.ts";
import { CALL, CALLX, EXIT, isJump, isUnconditional, jumpTarget, LD_IMM64 } from "./wellformed.ts";

/** Runs before a program is compiled. To compile an instruction takes some 1.2 µs in a warm process, to interpret it 0.1 to 0.2. */
const INTERPRETED_RUNS = 8;
/** Instructions of one run, which then takes a millisecond at most. */
const SHORT = 8192;

/** An engine of the compiler's name, which takes over in the run after the last interpreted one. */
export function tiered(interpreter: Engine, compiler: Engine): Engine {
	const interprets = (bound: BoundProgram): boolean => holds(bound) && longestRun(bound.image.insns) <= SHORT;
	return {
		name: compiler.name,
		prepare: (bound) => (interprets(bound) ? interpretFirst(bound, interpreter, compiler) : compiler.prepare(bound)),
	};
}

/** A verifier passed these very instructions. Nobody has copied them yet, so each run asks. */
const holds = (bound: BoundProgram): boolean => bound.facts !== null && trusted(bound) === bound;

function interpretFirst(bound: BoundProgram, interpreter: Engine, compiler: Engine): Entry {
	let left = INTERPRETED_RUNS;
	let current: Entry = interpreter.prepare(bound);
	const step = (r1: number, r2: number): number => {
		if (left-- === 0 || !holds(bound)) {
			current = compiler.prepare(bound);
			run = current;
		}
		return current(r1, r2);
	};
	let run: Entry = step;
	return explainedBy(
		(r1, r2) => run(r1, r2),
		(thrown) => explainFault(current, thrown),
	);
}

/** Instructions that one run executes at most, those of callees counted for each call; Infinity: it loops, or calls what its instructions do not say. */
export function longestRun(insns: readonly Insn[]): number {
	const starts = new Set([0]);
	let goesBack = false;
	for (let at = 0; at < insns.length; at++) {
		const insn = insns[at];
		if (insn.opcode === LD_IMM64) {
			// A function's address goes to a helper that calls it as often as it likes.
			if (insn.src === 4) return Number.POSITIVE_INFINITY;
			at++;
		} else if (insn.opcode === CALLX) return Number.POSITIVE_INFINITY;
		else if (isJump(insn)) goesBack ||= jumpTarget(insn, at) <= at;
		else if (isLocalCall(insn)) starts.add(at + 1 + insn.imm);
	}
	// Compilers put blocks behind what they jump back to: that alone is no loop.
	if (goesBack && loops(insns, starts)) return Number.POSITIVE_INFINITY;
	return sumFrom(
		0,
		insns,
		[...starts, insns.length].sort((a, b) => a - b),
		new Map(),
	);
}

/** Whether any function's control flow has a cycle. Depth first: `OPEN` are the slots of the way to where it is. */
function loops(insns: readonly Insn[], starts: Iterable<number>): boolean {
	const NEW = 0;
	const OPEN = 1;
	const DONE = 2;
	const colour = new Uint8Array(insns.length);
	const way = [...starts];
	const closes = (next: number): boolean => {
		if (colour[next] === NEW) way.push(next);
		return colour[next] === OPEN;
	};
	while (way.length > 0) {
		const at = way[way.length - 1];
		if (colour[at] !== NEW) {
			colour[at] = DONE;
			way.pop();
			continue;
		}
		colour[at] = OPEN;
		const insn = insns[at];
		if (insn.opcode === EXIT) continue;
		if (isJump(insn) && closes(jumpTarget(insn, at))) return true;
		if (!isUnconditional(insn) && closes(at + (insn.opcode === LD_IMM64 ? 2 : 1))) return true;
	}
	return false;
}

/** `known`: functions that were summed up before; one that is being summed up calls itself, which has no end. */
function sumFrom(start: number, insns: readonly Insn[], bounds: readonly number[], known: Map<number, number>): number {
	const before = known.get(start);
	if (before !== undefined) return before;
	known.set(start, Number.POSITIVE_INFINITY);
	const end = bounds[bounds.indexOf(start) + 1];
	let sum = end - start;
	for (let at = start; at < end; at++) {
		const insn = insns[at];
		if (insn.opcode === LD_IMM64) at++;
		else if (isLocalCall(insn)) sum += sumFrom(at + 1 + insn.imm, insns, bounds, known);
	}
	known.set(start, sum);
	return sum;
}

const isLocalCall = (insn: Insn): boolean => insn.opcode === CALL && insn.src === CALL_SOURCES.local;
