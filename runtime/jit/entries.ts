/** What is known of the registers where a subprogram begins: the main program, one that another calls, one that a helper calls. */
import { FIRST_SLOT } from "./promote.ts";
import * as range from "./range.ts";
import type { State } from "./range.ts";

const U32 = 0xffffffff;

/** Registers that nobody set are 0; r10 is the caller's to say. */
function blank(): State {
	const state = new Float64Array(FIRST_SLOT * range.STRIDE);
	for (let r = 0; r < 10; r++) range.assignConstant(state, r, 0);
	return state;
}

/** r1 is an address (if nobody vouches for it, a number), r2 a number below 2^32. */
export function mainEntry(checked: boolean): State {
	const state = blank();
	if (checked) range.assignUnsigned(state, 1, 0, U32);
	else range.assignPointer(state, 1, range.POINTER, 3);
	range.assignUnsigned(state, 2, 0, U32);
	return state;
}

/** Helpers pass low words, zero-extended. */
export function callbackEntry(): State {
	const state = blank();
	for (let r = 1; r <= 5; r++) range.assignUnsigned(state, r, 0, U32);
	return state;
}

export function unknownEntry(): State {
	const state = blank();
	for (let r = 1; r <= 5; r++) range.assignUnknown(state, r);
	return state;
}

/** The callee sees the arguments; an offset from the caller's r10 is just some address there. */
export function calleeEntry(caller: State): State {
	const state = blank();
	for (let r = 1; r <= 5; r++) {
		const at = r * range.STRIDE;
		state.set(caller.subarray(at, at + range.STRIDE), at);
		if (range.isStackOffset(state[at + 4])) range.assignPointer(state, r);
	}
	return state;
}
