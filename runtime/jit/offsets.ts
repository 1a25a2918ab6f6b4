/**
 * Registers as "some root plus an offset between two bounds": the domain that induction.ts follows through one pass of a loop (roots:
 * the registers at its head) and windows.ts through a whole function (roots: where pointers come from).
 *
 *     +0 root    a number from 0, −1: nothing is known
 *     +1 low  +2 high    what was added to it since, as true integers; infinite: unbounded
 *
 * In: operations, and the bounds that the forward analysis knows of their operands. Sound modulo 2⁶⁴: value ≡ root + offset.
 */
import type { Op } from "./decode.ts";
import * as range from "./range.ts";
import type { State } from "./range.ts";

export const OFFSET_STRIDE = 3;
export type Offsets = Float64Array;

/** Signed bounds of both operands, four by slot of an addition or subtraction: of dst, then of what is added or subtracted. */
export type Sums = Float64Array;

const U32 = 0xffffffff;
const TOP = 2 ** 63;
const bound = (value: number): number => (value >= TOP ? Number.POSITIVE_INFINITY : value <= -TOP ? Number.NEGATIVE_INFINITY : value);

/** Before the operation at index `at` takes effect on `state`. */
export function recordSums(op: Op, at: number, state: State, sums: Sums): void {
	if (op.kind !== "alu" || (op.op !== "add" && op.op !== "sub" && op.op !== "mov")) return;
	const d = op.dst * range.STRIDE;
	sums[at * 4] = bound(state[d + 2]);
	sums[at * 4 + 1] = bound(state[d + 3]);
	const s = op.src * range.STRIDE;
	sums[at * 4 + 2] = op.src < 0 ? op.imm : bound(state[s + 2]);
	sums[at * 4 + 3] = op.src < 0 ? op.imm : bound(state[s + 3]);
}

export function setRoot(state: Offsets, r: number, root: number): void {
	state[r * OFFSET_STRIDE] = root;
	state[r * OFFSET_STRIDE + 1] = 0;
	state[r * OFFSET_STRIDE + 2] = 0;
}

export const forget = (state: Offsets, r: number): void => setRoot(state, r, -1);

export function shift(state: Offsets, r: number, low: number, high: number): void {
	state[r * OFFSET_STRIDE + 1] += low;
	state[r * OFFSET_STRIDE + 2] += high;
	// Beyond 2^53 doubles are no integers; opposite infinities would be no number.
	if (!(state[r * OFFSET_STRIDE + 1] >= -(2 ** 53))) state[r * OFFSET_STRIDE + 1] = Number.NEGATIVE_INFINITY;
	if (!(state[r * OFFSET_STRIDE + 2] <= 2 ** 53)) state[r * OFFSET_STRIDE + 2] = Number.POSITIVE_INFINITY;
}

/** Moves, additions and subtractions; what else an operation defines is the caller's to set. True: it was one of those. */
export function follow(op: Op, at: number, state: Offsets, sums: Sums): boolean {
	if (op.kind !== "alu" || (op.op !== "add" && op.op !== "sub" && op.op !== "mov")) return false;
	const dLow = sums[at * 4];
	const dHigh = sums[at * 4 + 1];
	const sLow = sums[at * 4 + 2];
	const sHigh = sums[at * 4 + 3];
	if (op.op === "mov") {
		const whole = op.width === 64 || (sLow >= 0 && sHigh <= U32);
		if (op.src < 0 || !whole) forget(state, op.dst);
		else state.copyWithin(op.dst * OFFSET_STRIDE, op.src * OFFSET_STRIDE, op.src * OFFSET_STRIDE + OFFSET_STRIDE);
		return true;
	}
	const low = op.op === "add" ? sLow : -sHigh;
	const high = op.op === "add" ? sHigh : -sLow;
	if (op.width === 32 && !(dLow >= 0 && dHigh <= U32 && dLow + low >= 0 && dHigh + high <= U32)) forget(state, op.dst);
	else if (state[op.dst * OFFSET_STRIDE] >= 0) shift(state, op.dst, low, high);
	else if (op.op === "add" && op.src >= 0 && state[op.src * OFFSET_STRIDE] >= 0) {
		state.copyWithin(op.dst * OFFSET_STRIDE, op.src * OFFSET_STRIDE, op.src * OFFSET_STRIDE + OFFSET_STRIDE);
		shift(state, op.dst, dLow, dHigh);
	}
	return true;
}

/** `to` ⊔= `from`, register by register; true when it grew. */
export function joinOffsets(to: Offsets, from: Offsets): boolean {
	let grew = false;
	for (let at = 0; at < to.length; at += OFFSET_STRIDE) {
		if (to[at] < 0) continue;
		if (from[at] !== to[at]) {
			to[at] = -1;
			to[at + 1] = to[at + 2] = 0;
			grew = true;
			continue;
		}
		if (from[at + 1] < to[at + 1]) (to[at + 1] = from[at + 1]), (grew = true);
		if (from[at + 2] > to[at + 2]) (to[at + 2] = from[at + 2]), (grew = true);
	}
	return grew;
}
