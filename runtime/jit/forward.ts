/**
 * Forward over the graph: ranges, address-ness and alignment of each register (range.ts), widened at loop heads to thresholds
 * that the program's own comparisons suggest, then narrowed once by what loops can add up. In: operations, graph, the state at the entry. Out: a draft.
 *
 * Of the verifier's facts, reachability and address-ness are used, which hold on every path. Its ranges are not: where it pruned,
 * a value that its proof did not need may lie outside them.
 */
import type { Cfg } from "./cfg.ts";
import type { Op } from "./decode.ts";
import { capByInduction, countPasses, induction } from "./induction.ts";
import type { Sums } from "./offsets.ts";
import * as range from "./range.ts";
import type { State } from "./range.ts";
import type { AnalysisOptions, CountedLoop, Draft, LoopFacts } from "./representation.ts";
import type { OnCall } from "./walk.ts";
import { Walk } from "./walk.ts";

const MOST_THRESHOLDS = 64;

/** By block, the state before it; null: nothing arrived there. */
type States = (State | null)[];

export function forward(
	ops: readonly (Op | null)[],
	cfg: Cfg,
	registers: number,
	entry: State,
	options: AnalysisOptions,
	draft: Draft,
	call: OnCall,
): void {
	const walk = new Walk(ops, cfg, registers, options);
	const start = startState(walk, entry);
	const before: States = cfg.blocks.map(() => null);
	before[0] = start;
	// Without loops one round in the blocks' order is the fixpoint already: it finds and writes down at once.
	const acyclic = cfg.reducible && cfg.blocks.every((b) => b.loop !== b.id);
	if (!acyclic) {
		toFixpoint(walk, before);
		draft.loops = narrow(walk, before, start, draft.counted);
	}
	walk.writeInto(draft, call);
	lastRound(walk, before, acyclic, draft);
}

/** What is known at the entry; promoted slots begin as 0, as locals do. */
function startState({ registers, size }: Walk, entry: State): State {
	const start = new Float64Array(size);
	start.set(entry.subarray(0, Math.min(entry.length, size)));
	for (let r = entry.length / range.STRIDE; r < registers; r++) range.assignConstant(start, r, 0);
	return start;
}

/** Every block once, to write down what holds there. `finds`: the states of later blocks are not known yet. */
function lastRound(walk: Walk, before: States, finds: boolean, draft: Draft): void {
	const { cfg, registers, size } = walk;
	const nothing: State = new Float64Array(size);
	for (let r = 0; r < registers; r++) range.assignUnknown(nothing, r);
	/** States of blocks that are done with, for others. */
	const spare: State[] = [];
	let ways = 0;
	let way = 0;
	let reached = false;
	const take = (to: number, edge: State): void => {
		ways++;
		way = to;
		if (!finds || !reached) return;
		const known = before[to];
		if (known !== null) range.join(known, edge);
		else (before[to] = spare.pop() ?? new Float64Array(size)).set(edge);
	};
	for (const block of cfg.blocks) {
		const known = before[block.id];
		reached = known !== null;
		if (known === null) draft.unreached[block.id] = 1;
		walk.run(block, known ?? nothing, draft.sums);
		if (finds && known !== null) spare.push(known);
		ways = 0;
		if (block.succs.length === 2 || (finds && reached)) walk.eachEdge(block, take);
		if (block.succs.length === 2 && ways === 1) draft.oneWay.set(block.exit, cfg.blocks[way].start);
	}
}

/** Until nothing changes. */
function toFixpoint(walk: Walk, before: States): void {
	const { cfg, ops } = walk;
	const { blocks } = cfg;
	const visits = new Int32Array(blocks.length);
	const thresholds = collectThresholds(ops, cfg);
	const pending = new Uint8Array(blocks.length);
	pending[0] = 1;
	const old: State = new Float64Array(walk.size);
	const flowInto = (to: number, from: State): boolean => {
		const known = before[to];
		if (known === null) {
			before[to] = from.slice();
			return true;
		}
		const widens = blocks[to].loop === to || !cfg.reducible;
		if (widens) old.set(known);
		if (!range.join(known, from)) return false;
		if (widens && ++visits[to] > 2) range.widen(known, old, visits[to] > 24 ? [] : thresholds);
		return true;
	};
	let work = 1;
	while (work > 0) {
		for (let b = 0; b < blocks.length && work > 0; b++) {
			if (!pending[b]) continue;
			pending[b] = 0;
			work--;
			walk.run(blocks[b], before[b]!);
			walk.eachEdge(blocks[b], (to, edge) => {
				if (flowInto(to, edge) && !pending[to]) {
					pending[to] = 1;
					work++;
				}
			});
		}
	}
}

/**
 * Every block once more from its predecessors' states, without widening: still above the least fixpoint, and often tighter. At loop
 * heads, what comes around is as it was before, cut down to what the loop can add up (induction.ts). Loops whose number of passes that tells go into `counted`.
 */
function narrow(walk: Walk, before: States, start: State, counted: Map<number, CountedLoop>): Map<number, LoopFacts> | null {
	const { ops, cfg, registers } = walk;
	if (!cfg.reducible || !cfg.blocks.some((b) => b.loop === b.id)) return null;
	const sums: Sums = new Float64Array((cfg.blocks.reduce((last, b) => Math.max(last, b.end), 0) - cfg.entry) * 4);
	const around = comingAround(walk, before, sums);
	const loops = induction(ops, cfg, registers, before, sums);
	const fresh: States = cfg.blocks.map(() => null);
	fresh[0] = start.slice();
	for (const block of cfg.blocks) {
		const entry = fresh[block.id];
		if (entry === null || before[block.id] === null) {
			before[block.id] = null;
			continue;
		}
		const now = entry.slice();
		const back = around[block.id];
		if (back !== null) range.join(now, back);
		const facts = loops.get(block.id);
		if (facts !== undefined) {
			capByInduction(now, entry, facts, registers);
			const passes = facts.test === null ? 0 : countPasses(facts.test, entry, cfg, block.id);
			if (passes > 0) counted.set(block.id, { passes, block: facts.test!.block });
		}
		before[block.id] = now;
		walk.run(block, now);
		walk.eachEdge(block, (to, edge) => {
			if (to > block.id) fresh[to] = joined(fresh[to], edge);
		});
	}
	return loops;
}

/** What back edges bring to each head. Fills `sums`. */
function comingAround(walk: Walk, before: States, sums: Sums): States {
	const { blocks } = walk.cfg;
	const around: States = blocks.map(() => null);
	for (const block of blocks) {
		const from = before[block.id];
		if (from === null || block.loop < 0) continue;
		walk.run(block, from, sums);
		walk.eachEdge(block, (to, edge) => {
			if (to <= block.id) around[to] = joined(around[to], edge);
		});
	}
	return around;
}

function joined(known: State | null, more: State): State {
	if (known === null) return more.slice();
	range.join(known, more);
	return known;
}

/** Bounds that the program itself names: what its branches compare with, and that less a step in the same block. */
function collectThresholds(ops: readonly (Op | null)[], cfg: Cfg): number[] {
	const found = new Set([0xff, 0xffff, 0x7fffffff, 2 ** 31, 0xffffffff, 2 ** 40, 2 ** 52]);
	for (const block of cfg.blocks) {
		const branch = block.exit >= 0 ? ops[block.exit] : null;
		if (branch?.kind !== "branch" || branch.src >= 0) continue;
		if (branch.imm !== 0 && found.size < MOST_THRESHOLDS) for (const step of [-1, 0, 1]) found.add(Math.abs(branch.imm) + step);
		for (let pc = block.start; pc < block.end; pc++) {
			const op = ops[pc];
			if (op?.kind !== "alu" || op.op !== "add" || op.src >= 0 || op.imm <= 1) continue;
			if (branch.imm > op.imm && found.size < MOST_THRESHOLDS) found.add(branch.imm - op.imm);
		}
	}
	return [...found].sort((a, b) => a - b);
}
