/**
 * What the analysis says of a subprogram, slot by slot, as plain data: read by both emitters, written by forward.ts, liveness.ts and webs.ts.
 */
import type { Facts } from "../verifier/facts.ts";
import type { Op } from "./decode.ts";

/** What a call needs and leaves, as helper rows say. */
export interface CallShape {
	/** r1 to r`args` are read. */
	readonly args: number;
	/** Bit k−1: the high word of argument k is read too. */
	readonly wide: number;
	readonly result: "unsigned" | "signed" | "wide";
}

export interface AnalysisOptions {
	readonly facts: Facts | null;
	/** The verifier vouches that arithmetic on addresses gives addresses. */
	readonly pointers: boolean;
	/** Addresses are checked: their high halves count. */
	readonly checked: boolean;
	shape(op: Op, pc: number): CallShape;
}

/** Bits of `flags[pc]`, of the values before (D: dst or base, S: src) and after (R: result). */
export const FLAG = {
	/** High word 0. */
	dstZero: 1,
	/** High word repeats bit 31. */
	dstSign: 2,
	/** Below 2^31. */
	dstSmall: 4,
	dstNonZero: 8,
	srcZero: 16,
	srcSign: 32,
	srcSmall: 64,
	srcNonZero: 128,
	resZero: 256,
	resSign: 512,
	resSmall: 1024,
	resNonZero: 2048,
	/** The low, the high half of the result is needed. */
	needLow: 4096,
	needHigh: 8192,
	/** The result's web is wide. */
	resWide: 16384,
	/** The address of a load, store or atomic is a multiple of its size. */
	aligned: 32768,
	/** It surely lies on the stack, or a guard at the entry vouches for it: it is not checked. */
	proved: 65536,
	/** The product of the low words is at most 2^53. */
	exact: 131072,
	/** The divisor lies between 1 and 2^21. */
	tiny: 262144,
	/** The access surely lies inside the memory and below 2^31, if perhaps in no region. */
	inside: 524288,
	/** A 64-bit shift by a register: by 0 to 31, by 32 to 63. */
	shiftsBelow32: 1048576,
	shiftsFrom32: 2097152,
} as const;

export interface CountedLoop {
	readonly passes: number;
	/** The block that ends each pass: there, and nowhere else, the loop goes on or ends. */
	readonly block: number;
}

/** What a loop adds up: of induction.ts. */
export interface LoopFacts {
	/** The most times that a back edge to the head is taken in one go; infinite: unknown. */
	readonly trips: number;
	/** Its only way out is at its only back edge, where a counter meets a constant; null: not so. */
	readonly test: LoopTest | null;
	/** Two by register: the least and the most that it changes from one visit of the head to the next; NaN: unknown. */
	readonly steps: Float64Array;
}

/** The branch at the end of a loop: in pass k (from 0) it compares `counter` at the head before the loop + k · step + offset. */
export interface LoopTest {
	readonly block: number;
	readonly branch: Extract<Op, { kind: "branch" }>;
	readonly counter: number;
	readonly offset: number;
	readonly step: number;
}

export interface Analysis {
	readonly flags: Uint32Array;
	/** Bit r: register r is in its wide form before the slot. */
	readonly wide: Int32Array;
	/** Bit r (calls only): the high word of r is 0, repeats the sign. */
	readonly argZero: Int32Array;
	readonly argSign: Int32Array;
	/** Offset from r10 of a memory access, or NO_OFFSET. */
	readonly stack: Int32Array;
	/**
	 * Of a memory access that is not checked: the register that its address is counted from, and what is added to it (with `off`). Where the base was made by adding a
	 * constant, that is the register before, so that the sum need not be computed.
	 */
	readonly from: Int8Array;
	readonly added: Float64Array;
	/** Map index in r1 (lookups) or r2 (tail calls), −1 unknown. */
	readonly map: Int32Array;
	/** Value of the source register where it is one constant, NaN elsewhere. */
	readonly constant: Float64Array;
	/** Slot of the 64-bit immediate that the source register holds, beyond 2^53; −1 elsewhere. */
	readonly words: Int32Array;
	/** Registers live at the entry, and those of them in wide form. */
	readonly liveIn: number;
	readonly wideIn: number;
	/** Blocks that no path reaches. */
	readonly unreached: Uint8Array;
	/** Bounds of what additions and subtractions combine (offsets.ts); null unless somebody asked. */
	readonly sums: Float64Array | null;
	/** What loops add up, by head. */
	loops: ReadonlyMap<number, LoopFacts> | null;
	/** Loops that run their body the same number of times whenever they are entered, by head. */
	readonly counted: Map<number, CountedLoop>;
	/** What of the frame pointers that are not followed exactly may touch, as [from, to) from r10. */
	readonly exposed: (readonly [from: number, to: number])[];
	/** Branches that go only one way: slot → the slot where they go. */
	readonly oneWay: Map<number, number>;
}

export const NO_OFFSET = 0x7fffffff;

/** Between the phases: `wide` first carries which operands need a high half, then the webs' widths. */
export type Draft = Omit<Analysis, "liveIn" | "wideIn">;

/** The register that an operation defines, −1: none. */
export function definedBy(op: Op): number {
	switch (op.kind) {
		case "alu":
		case "movsx":
		case "extract":
		case "neg":
		case "swap":
		case "imm64":
		case "load":
		case "cast":
			return op.dst;
		case "atomic":
			return op.fetch ? (op.op === "cmpxchg" ? 0 : op.src) : -1;
		case "packet":
		case "helper":
		case "kfunc":
		case "call":
		case "callx":
			return 0;
		default:
			return -1;
	}
}

/** Bit r: the operation may read register r. */
export function readBy(op: Op): number {
	switch (op.kind) {
		case "alu":
			return (op.op === "mov" ? 0 : 1 << op.dst) | (op.src < 0 ? 0 : 1 << op.src);
		case "branch":
			return (1 << op.dst) | (op.src < 0 ? 0 : 1 << op.src);
		case "neg":
		case "swap":
			return 1 << op.dst;
		case "movsx":
		case "extract":
		case "cast":
			return 1 << op.src;
		case "load":
			return 1 << op.base;
		case "store":
			return (1 << op.base) | (op.src < 0 ? 0 : 1 << op.src);
		case "atomic":
			return (1 << op.base) | (1 << op.src) | (op.op === "cmpxchg" ? 1 : 0);
		case "packet":
			return op.src < 0 ? 0 : 1 << op.src;
		case "helper":
		case "kfunc":
		case "call":
			return 0x3e;
		case "callx":
			return 0x3e | (1 << op.reg);
		case "exit":
			return 1;
		case "imm64":
		case "jump":
		case "may_goto":
		case "invalid":
			return 0;
		default:
			return op satisfies never;
	}
}

/** The registers of r1 to r5 that a function reads: its parameters, in order. */
export function parameterRegisters(liveIn: number): number[] {
	return [1, 2, 3, 4, 5].filter((r) => liveIn & (1 << r));
}
