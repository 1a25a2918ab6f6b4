/**
 * What the verifier proved, by instruction slot, joined over all paths that it walked: the JITs choose representations by it.
 * A slot that no path reached is dead and must not be executed.
 */
export interface Facts {
	/** Of the instructions that they are about (trust.ts). */
	readonly digest: number;
	/** 1: some path reaches the slot. */
	readonly reached: Uint8Array;
	/** Region of the pointer that a load, store or atomic goes through (dst of stores, src of loads). */
	readonly access: readonly (MemoryRegion | undefined)[];
	/**
	 * Before slot i, register r: `ranges[i * 11 + r]` is undefined when it is no scalar (or differs by path), else its 64-bit
	 * unsigned and signed bounds. Empty unless they were asked for (`facts: "ranges"`).
	 */
	readonly ranges: readonly (ScalarRange | undefined)[];
	/** Bit r of `pointers[i]`: register r holds a pointer (or null) on every path before slot i: it fits 32 bits in our memory. */
	readonly pointers: Uint16Array;
	/** First slots of subprograms, sorted; [0] is the main program. */
	readonly subprograms: readonly number[];
	/** Bytes of stack that each subprogram uses. */
	readonly stackDepth: readonly number[];
	/** Map index of each helper call whose map argument is one known map on all paths. */
	readonly callMap: readonly (number | undefined)[];
}

export type MemoryRegion = "stack" | "context" | "packet" | "map-value" | "memory" | "kernel" | "arena" | "mixed";

export interface ScalarRange {
	readonly umin: bigint;
	readonly umax: bigint;
	readonly smin: bigint;
	readonly smax: bigint;
}

export interface VerifierStats {
	readonly insnsProcessed: number;
	readonly totalStates: number;
	readonly peakStates: number;
	readonly maxStatesPerInsn: number;
	readonly stackDepth: readonly number[];
	/** Visits of each slot, for the bill. */
	readonly visits: Uint32Array;
}

/** `log` is the kernel's, when asked for, or its messages; `logCut`: only the end of a log that is very long. */
export type Verdict =
	| { readonly verdict: "accept"; readonly facts: Facts; readonly stats: VerifierStats; readonly log: string; readonly logCut?: boolean }
	| {
			readonly verdict: "reject";
			readonly rejection: Rejection;
			readonly stats: VerifierStats;
			readonly log: string;
			readonly logCut?: boolean;
	  }
	/** Something that we know we do not know; counted apart, treated as a rejection by the loader. */
	| {
			readonly verdict: "unsupported";
			readonly rejection: Rejection;
			readonly stats: VerifierStats;
			readonly log: string;
			readonly logCut?: boolean;
	  };

export interface Rejection {
	/** Stable: "V0107". */
	readonly code: string;
	/** The kernel's message as it words it. */
	readonly message: string;
	/** −errno as the kernel returns it: 13 EACCES, 22 EINVAL, 7 E2BIG … */
	readonly errno: number;
	/** Slot where the walk stopped; −1: the program as a whole. */
	readonly insn: number;
	/** Register concerned, or −1. */
	readonly register: number;
	/** What must hold, and what is known: for people. */
	readonly needed?: string;
	readonly known?: string;
	/** Slots executed on the way, newest first, the failing one excluded; the newest million. */
	readonly executed?: readonly number[];
	/** Registers where it stopped, as the kernel's log prints them: `state.R0` is "map_value(map=m,ks=4,vs=8)". */
	readonly state?: Readonly<Record<string, string>>;
	/** What the log says before the message. */
	readonly notes?: readonly string[];
	/** Of a program that is too complex: the slot visited most. */
	readonly busiest?: { readonly insn: number; readonly visits: number };
	/** Of a program that is too complex: the question of a loop without a bound, and how often it was asked on one path. Registers and the path are those of the question. */
	readonly loop?: { readonly insn: number; readonly register: number; readonly rounds: number };
	/** What to change. */
	readonly suggestion?: string;
	/** Linux 6.18 accepts the program: by a fault of its own it does not see this path. */
	readonly unseenBy618?: boolean;
}
