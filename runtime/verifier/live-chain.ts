/** What the liveness of stack slots (`liveness.ts`) gathered for one chain of calls, in the function at its end. */
export interface LiveChain {
	/** Call instructions of the outer frames, then the start of this subprogram. */
	readonly callsites: readonly number[];
	readonly starts: readonly number[];
	readonly start: number;
	readonly count: number;
	readonly subprog: number;
	readonly frames: (FrameFlow | undefined)[];
	readonly writeSet: Uint8Array;
	updated: boolean;
	writeDropped: boolean;
	/** The chain without its last call. */
	outer: LiveChain | null;
}

/** One frame's slots at each instruction of the chain's function. */
export interface FrameFlow {
	readonly words: Int32Array;
	/** By place in the function's postorder: an input of the instruction changed since it was last computed. */
	readonly dirty: Uint8Array;
	/** No place below is dirty. */
	first: number;
}
