/**
 * What loops add up: a graph with the ranges of a first analysis in; out, for each loop, the most times it repeats and how far each
 * register moves from one pass to the next. A sum of 740 bytes then has a bound, though no comparison ever looks at it.
 *
 * Idea: inside one pass, follow each register as "its value at the loop's head plus an offset" (offsets.ts). A register that moves by at least
 * s ≠ 0 in one direction, and that the ranges hold between a and b at the head, lets the loop repeat at most (b − a) / s times. With that,
 * every register's value at the head lies within its value before the loop plus that many times its own step. Inner loops first: an outer pass takes an
 * inner loop as one step.
 */
import type { Cfg } from "./cfg.ts";
import { holdsLow } from "./compare.ts";
import type { Op } from "./decode.ts";
import { isCall } from "./op.ts";
import { definedBy, type LoopFacts, type LoopTest } from "./representation.ts";
import type { Offsets, Sums } from "./offsets.ts";
import { follow, forget, joinOffsets, OFFSET_STRIDE, setRoot, shift } from "./offsets.ts";
import * as range from "./range.ts";
import type { State } from "./range.ts";

/** Beyond this many passes nobody asks for their exact number. */
const MOST_PASSES = 65_536;

/** Beyond this many blocks in all loops together, outer loops are left alone. */
const MOST_WORK = 20_000;

/** Facts by loop head. `before`: the ranges at each block's start; `sums`: those of the operands, by slot from the entry. */
export function induction(
	ops: readonly (Op | null)[],
	cfg: Cfg,
	registers: number,
	before: readonly (State | null)[],
	sums: Sums,
): Map<number, LoopFacts> {
	const found = new Map<number, LoopFacts>();
	const { blocks } = cfg;
	const members = new Map<number, number[]>();
	const incomplete = new Set<number>();
	let work = 0;
	for (const block of blocks) {
		if (before[block.id] === null) continue;
		for (let head = block.loop; head >= 0; head = cfg.outerLoop[head]) {
			const list = members.get(head);
			if (++work > MOST_WORK) {
				// A loop of which a block is missing is none that we know.
				incomplete.add(head);
				continue;
			}
			if (list === undefined) members.set(head, [block.id]);
			else list.push(block.id);
		}
	}
	const states: (Offsets | null)[] = blocks.map(() => null);
	for (const head of [...members.keys()].sort((a, b) => b - a)) {
		if (incomplete.has(head)) continue;
		const list = members.get(head)!;
		const steps = new Float64Array(2 * registers).fill(Number.POSITIVE_INFINITY);
		const inside = new Set(list);
		let known = false;
		let exits = 0;
		let last: { readonly block: number; readonly state: Offsets } | null = null;
		const state: Offsets = new Float64Array(registers * OFFSET_STRIDE);
		for (const id of list) states[id] = null;
		for (const id of list) {
			const block = blocks[id];
			if (id === head) for (let r = 0; r < registers; r++) setRoot(state, r, r);
			else {
				const joined = states[id];
				if (joined === null) continue;
				state.set(joined);
				if (block.loop === id) applyLoop(found.get(id), state, registers);
			}
			for (let pc = block.start; pc < block.end; pc++) {
				const op = ops[pc];
				if (op !== null) change(op, pc - cfg.entry, state, sums);
			}
			for (const to of block.succs) {
				if (!inside.has(to)) exits++;
				if (to === head) {
					last = last === null ? { block: id, state: state.slice() } : { block: -1, state };
					mergeSteps(steps, state, registers, !known);
					known = true;
				} else if (to > id) {
					const there = states[to];
					if (there === null) states[to] = state.slice();
					else joinOffsets(there, state);
				}
			}
		}
		if (!known) steps.fill(Number.NaN);
		const test = exits === 1 && last !== null && last.block >= 0 ? loopTest(ops, cfg, last.block, last.state, steps) : null;
		found.set(head, { trips: mostTrips(before[head]!, steps, registers), steps, test });
	}
	return found;
}

function change(op: Op, at: number, state: Offsets, sums: Sums): void {
	if (follow(op, at, state, sums)) return;
	if (isCall(op)) for (let r = 0; r <= 5; r++) forget(state, r);
	else {
		const dst = definedBy(op);
		if (dst >= 0) forget(state, dst);
	}
}

/** What a whole inner loop does to the registers at its head. */
function applyLoop(facts: LoopFacts | undefined, state: Offsets, registers: number): void {
	for (let r = 0; r < registers; r++) {
		const low = facts?.steps[2 * r] ?? Number.NaN;
		const high = facts?.steps[2 * r + 1] ?? Number.NaN;
		if (low === 0 && high === 0) continue;
		if (facts === undefined || Number.isNaN(low) || facts.trips === Number.POSITIVE_INFINITY) forget(state, r);
		else shift(state, r, Math.min(0, facts.trips * low), Math.max(0, facts.trips * high));
	}
}

function mergeSteps(steps: Float64Array, state: Offsets, registers: number, first: boolean): void {
	for (let r = 0; r < registers; r++) {
		const at = r * OFFSET_STRIDE;
		const follows = state[at] === r && Number.isFinite(state[at + 1]) && Number.isFinite(state[at + 2]);
		if (!follows) steps[2 * r] = steps[2 * r + 1] = Number.NaN;
		else if (first) {
			steps[2 * r] = state[at + 1];
			steps[2 * r + 1] = state[at + 2];
		} else {
			// Math.min and max keep NaN.
			steps[2 * r] = Math.min(steps[2 * r], state[at + 1]);
			steps[2 * r + 1] = Math.max(steps[2 * r + 1], state[at + 2]);
		}
	}
}

function loopTest(ops: readonly (Op | null)[], cfg: Cfg, id: number, state: Offsets, steps: Float64Array): LoopTest | null {
	const block = cfg.blocks[id];
	const branch = block.exit < 0 ? null : ops[block.exit];
	if (branch?.kind !== "branch" || branch.src >= 0 || branch.op === "set" || block.succs.length !== 2) return null;
	const at = branch.dst * OFFSET_STRIDE;
	const counter = state[at];
	if (counter < 0 || state[at + 1] !== state[at + 2] || !Number.isFinite(state[at + 1])) return null;
	const step = steps[2 * counter];
	return step === steps[2 * counter + 1] && step !== 0 ? { block: id, branch, counter, offset: state[at + 1], step } : null;
}

/** How many times the loop's body runs, each time that it is entered in a state like `entry`; 0: unknown. */
export function countPasses(test: LoopTest, entry: State, cfg: Cfg, head: number): number {
	const { branch, step } = test;
	const at = test.counter * range.STRIDE;
	if (branch.op === "set" || entry[at + 2] !== entry[at + 3]) return 0;
	const goesOn = cfg.blocks[test.block].succs[0] === head;
	let value = entry[at + 2] + test.offset;
	for (let pass = 1; pass <= MOST_PASSES; pass++, value += step) {
		// Words below 2³¹ are in one order, however they are compared.
		if (!(value >= 0 && value <= 0x7fffffff && branch.imm >= 0)) return 0;
		if (holdsLow(branch.op, value, branch.imm) !== goesOn) return pass;
	}
	return 0;
}

function mostTrips(head: State, steps: Float64Array, registers: number): number {
	let trips = Number.POSITIVE_INFINITY;
	for (let r = 0; r < registers; r++) {
		const step = steps[2 * r] > 0 ? steps[2 * r] : steps[2 * r + 1] < 0 ? -steps[2 * r + 1] : 0;
		const span = head[r * range.STRIDE + 3] - head[r * range.STRIDE + 2];
		if (step > 0 && span <= 2 ** 53) trips = Math.min(trips, Math.floor(span / step));
	}
	return trips;
}

/** Cuts the ranges at a loop's head down to what its registers can have reached from `entry`, the state before the loop. */
export function capByInduction(head: State, entry: State, facts: LoopFacts, registers: number): void {
	if (facts.trips === Number.POSITIVE_INFINITY) return;
	for (let r = 0; r < registers; r++) {
		const low = facts.trips * facts.steps[2 * r];
		const high = facts.trips * facts.steps[2 * r + 1];
		if (!Number.isNaN(low)) range.boundByOffset(head, r, entry, r, Math.min(0, low), Math.max(0, high));
	}
}
