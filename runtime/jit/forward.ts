/**
 * Forward over the graph: ranges, address-ness and alignment of each register (range.ts), widened at loop heads to thresholds
 * that the program's own comparisons suggest, then narrowed once by what loops can add up. In: operations, graph, the state at the entry. Out: a draft.
 *
 * Of the verifier's facts, reachability and address-ness are used, which hold on every path. Its ranges are not: where it pruned,
 * a value that its proof did not need may lie outside them.
 */
import { arithmetic, assignSignExtended } from "./arithmetic.ts";
import type { Block, Cfg } from "./cfg.ts";
import type { Op } from "./decode.ts";
import { capByInduction, countPasses, induction } from "./induction.ts";
import { Links } from "./links.ts";
import type { Sums } from "./offsets.ts";
import { recordSums } from "./offsets.ts";
import * as range from "./range.ts";
import type { State } from "./range.ts";
import { refine } from "./refine.ts";
import { record, recordExposure, valueFlags } from "./record.ts";
import type { AnalysisOptions, CountedLoop, Draft, LoopFacts } from "./representation.ts";
import { definedBy } from "./representation.ts";

const { STRIDE } = range;

/** One walk's constants and its scratch states. */
interface Walk {
	readonly ops: readonly (Op | null)[];
	readonly cfg: Cfg;
	readonly registers: number;
	readonly options: AnalysisOptions;
	readonly links: Links;
	/** The state that `runBlock` changes, and that of an edge out of the block. */
	readonly state: State;
	readonly edge: State;
	/** Loops whose number of passes is known, by head. */
	readonly passes: Map<number, CountedLoop>;
	/** The first slot of each 64-bit immediate, by its words. */
	readonly immediates: Map<string, number>;
	/** Set for the last walk, which writes down what it finds. */
	draft: Draft | null;
	call: ((target: number, state: State) => void) | null;
}

export function forward(
	ops: readonly (Op | null)[],
	cfg: Cfg,
	registers: number,
	entry: State,
	options: AnalysisOptions,
	draft: Draft,
	call: (target: number, state: State) => void,
): void {
	const { blocks } = cfg;
	// One register more: scratch for constants.
	const size = (registers + 1) * STRIDE;
	const before: (State | null)[] = blocks.map(() => null);
	const start = new Float64Array(size);
	start.set(entry.subarray(0, Math.min(entry.length, size)));
	for (let r = entry.length / STRIDE; r < registers; r++) range.assignConstant(start, r, 0);
	before[0] = start;
	const walk: Walk = {
		ops,
		cfg,
		registers,
		options,
		links: new Links(registers),
		state: new Float64Array(size),
		edge: new Float64Array(size),
		passes: draft.counted,
		immediates: new Map(),
		draft: null,
		call: null,
	};
	const acyclic = cfg.reducible && blocks.every((b) => b.loop !== b.id);
	if (!acyclic) {
		toFixpoint(walk, before);
		draft.loops = narrow(walk, before, start);
	}
	walk.draft = draft;
	walk.call = call;
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
		if (!acyclic || !reached) return;
		const known = before[to];
		if (known !== null) range.join(known, edge);
		else (before[to] = spare.pop() ?? new Float64Array(size)).set(edge);
	};
	for (const block of blocks) {
		const known = before[block.id];
		reached = known !== null;
		if (known === null) draft.unreached[block.id] = 1;
		runBlock(walk, block, known ?? nothing, draft.sums);
		// Without loops one walk in this order is the fixpoint already: it finds and writes down at once.
		if (acyclic && known !== null) spare.push(known);
		ways = 0;
		if (block.succs.length === 2 || (acyclic && reached)) eachEdge(walk, block, take);
		if (block.succs.length === 2 && ways === 1) draft.oneWay.set(block.exit, blocks[way].start);
	}
}

/** Until nothing changes; `before` holds the state before each block, null where none arrived. */
function toFixpoint(walk: Walk, before: (State | null)[]): void {
	const { cfg, ops } = walk;
	const { blocks } = cfg;
	const visits = new Int32Array(blocks.length);
	const thresholds = collectThresholds(ops, cfg);
	const pending = new Uint8Array(blocks.length);
	pending[0] = 1;
	const old: State = new Float64Array(walk.state.length);
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
			runBlock(walk, blocks[b], before[b]!);
			eachEdge(walk, blocks[b], (to, edge) => {
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
 * heads, what comes around is as it was before, cut down to what the loop can add up (induction.ts).
 */
function narrow(walk: Walk, before: (State | null)[], start: State): Map<number, LoopFacts> | null {
	const { ops, cfg, registers } = walk;
	if (!cfg.reducible || !cfg.blocks.some((b) => b.loop === b.id)) return null;
	const sums: Sums = new Float64Array((cfg.blocks.reduce((last, b) => Math.max(last, b.end), 0) - cfg.entry) * 4);
	/** What back edges bring to each head. */
	const around: (State | null)[] = cfg.blocks.map(() => null);
	for (const block of cfg.blocks) {
		const from = before[block.id];
		if (from === null || block.loop < 0) continue;
		runBlock(walk, block, from, sums);
		eachEdge(walk, block, (to, edge) => {
			if (to <= block.id) around[to] = joined(around[to], edge);
		});
	}
	const loops = induction(ops, cfg, registers, before, sums);
	const fresh: (State | null)[] = cfg.blocks.map(() => null);
	fresh[0] = start.slice();
	for (const block of cfg.blocks) {
		const entry = fresh[block.id];
		const old = before[block.id];
		if (entry === null || old === null) {
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
			if (passes > 0) walk.passes.set(block.id, { passes, block: facts.test!.block });
		}
		before[block.id] = now;
		runBlock(walk, block, now);
		eachEdge(walk, block, (to, edge) => {
			if (to > block.id) fresh[to] = joined(fresh[to], edge);
		});
	}
	return loops;
}

function joined(known: State | null, more: State): State {
	if (known === null) return more.slice();
	range.join(known, more);
	return known;
}

function collectThresholds(ops: readonly (Op | null)[], cfg: Cfg): number[] {
	const found = new Set([0xff, 0xffff, 0x7fffffff, 2 ** 31, 0xffffffff, 2 ** 40, 2 ** 52]);
	for (const block of cfg.blocks) {
		const op = block.exit >= 0 ? ops[block.exit] : null;
		if (op?.kind === "branch" && op.src < 0 && op.imm !== 0 && found.size < 64)
			for (const step of [-1, 0, 1]) found.add(Math.abs(op.imm) + step);
		for (let pc = block.start; pc < block.end; pc++) {
			// Clang compares with a constant that it keeps in a register.
			const mov = ops[pc];
			if (
				mov?.kind === "alu" &&
				mov.op === "add" &&
				mov.src < 0 &&
				mov.imm > 1 &&
				op?.kind === "branch" &&
				op.src < 0 &&
				op.imm > mov.imm &&
				found.size < 64
			)
				found.add(op.imm - mov.imm);
		}
	}
	return [...found].sort((a, b) => a - b);
}

/** Gives the state along each edge that some value passes; good until the next one. The block's own state is gone afterwards. */
function eachEdge(walk: Walk, block: Block, take: (to: number, edge: State) => void): void {
	const { ops, registers, links, state } = walk;
	const op = block.exit >= 0 ? ops[block.exit] : null;
	const last = block.succs.length - 1;
	for (let i = 0; i <= last; i++) {
		const edge = i === last ? state : walk.edge;
		if (i < last) edge.set(state);
		if (op?.kind === "branch" && last === 1) {
			let other = op.src;
			if (other < 0) {
				range.assignConstant(edge, registers, op.imm);
				other = registers;
			}
			if (op.dst !== other) {
				if (!refine(edge, op.op, op.width, op.dst, other, i === 0)) continue;
				links.spread(edge, op.dst);
				if (op.src >= 0) links.spread(edge, op.src);
			}
		}
		take(block.succs[i], edge);
	}
}

/** The block's effect on `walk.state`, which begins as `from`. */
function runBlock(walk: Walk, block: Block, from: State, sums: Sums | null = null): void {
	const { ops, registers, options, links, state, draft, call } = walk;
	const base = walk.cfg.entry;
	const scratch = registers;
	const pointers = options.facts?.pointers;
	state.set(from);
	links.reset();
	for (let pc = block.start; pc < block.end; pc++) {
		const op = ops[pc];
		if (op === null) continue;
		if (pointers !== undefined && pointers[pc] !== 0) applyPointers(state, pointers[pc]);
		if (sums !== null) recordSums(op, pc - base, state, sums);
		if (draft !== null) {
			record(op, pc - base, state, registers, draft);
			if (op.kind === "load" || op.kind === "store" || op.kind === "atomic") {
				const other = options.checked ? -1 : links.below(state, op.base);
				const gap = other < 0 ? 0 : links.delta[op.base] - links.delta[other];
				draft.from[pc - base] = gap + op.off >= 0 && other >= 0 ? other : op.base;
				draft.added[pc - base] = draft.from[pc - base] === op.base ? op.off : gap + op.off;
			}
			recordExposure(op, pc, state, options, draft);
			if (op.kind === "helper" && draft.map[pc - base] < 0) draft.map[pc - base] = options.facts?.callMap[pc] ?? -1;
		}
		const dst = definedBy(op);
		if (dst >= 0) links.follow(op, dst, state);
		switch (op.kind) {
			case "alu":
				if (op.src < 0) range.assignConstant(state, scratch, op.imm);
				arithmetic(state, op.op, op.width, op.dst, op.src < 0 ? scratch : op.src, options.pointers);
				break;
			case "movsx":
				assignSignExtended(state, op.dst, op.src, op.bits, op.width);
				break;
			case "extract":
				range.assignUnsigned(state, op.dst, 0, 2 ** op.bits - 1);
				break;
			case "cast":
				range.assignPointer(state, op.dst);
				break;
			case "neg":
				range.copy(state, scratch, op.dst);
				range.assignConstant(state, op.dst, 0);
				arithmetic(state, "sub", op.width, op.dst, scratch, false);
				break;
			case "swap":
				if (op.bits === 64) {
					if (op.swap) range.assignUnknown(state, op.dst);
				} else if (op.swap) range.assignUnsigned(state, op.dst, 0, 2 ** op.bits - 1);
				else {
					range.assignConstant(state, scratch, 2 ** op.bits - 1);
					arithmetic(state, "and", 64, op.dst, scratch, false);
				}
				break;
			case "imm64":
				if (op.pseudo === 1 || op.pseudo === 5) range.assignPointer(state, op.dst, range.MAP + op.lo);
				else if (op.pseudo !== 0) range.assignPointer(state, op.dst);
				else range.assignWords(state, op.dst, op.lo, op.hi, firstOf(walk, op, pc));
				break;
			case "load": {
				const bits = op.size * 8;
				if (op.signed) range.assignSigned(state, op.dst, -range.power(bits - 1), range.power(bits - 1) - 1);
				else if (op.size === 8) range.assignUnknown(state, op.dst);
				else range.assignUnsigned(state, op.dst, 0, range.power(bits) - 1);
				break;
			}
			case "atomic":
				if (op.fetch) {
					const dst = op.op === "cmpxchg" ? 0 : op.src;
					if (op.size === 8) range.assignUnknown(state, dst);
					else range.assignUnsigned(state, dst, 0, 0xffffffff);
				}
				break;
			case "packet":
				range.assignUnsigned(state, 0, 0, 2 ** (op.size * 8) - 1);
				break;
			case "call":
			case "callx":
				if (op.kind === "call" && call !== null && draft !== null && !draft.unreached[block.id]) call(op.target, state);
				for (let r = 0; r <= 5; r++) range.assignUnknown(state, r);
				break;
			case "helper":
			case "kfunc": {
				const { result } = options.shape(op, pc);
				for (let r = 1; r <= 5; r++) range.assignUnknown(state, r);
				if (result === "unsigned") range.assignUnsigned(state, 0, 0, 0xffffffff);
				else if (result === "signed") range.assignSigned(state, 0, -0x80000000, 0x7fffffff);
				else range.assignUnknown(state, 0);
				break;
			}
			case "store":
			case "jump":
			case "branch":
			case "may_goto":
			case "exit":
			case "invalid":
				break;
			default:
				op satisfies never;
		}
		if (draft !== null && dst >= 0) draft.flags[pc - base] |= valueFlags(state, dst) << 8;
	}
}

/** Equal immediates in different places, as compilers make them, are one number. */
function firstOf(walk: Walk, { lo, hi }: Extract<Op, { kind: "imm64" }>, pc: number): number {
	const words = `${hi}:${lo}`;
	const known = walk.immediates.get(words);
	if (known === undefined) walk.immediates.set(words, pc);
	return known ?? pc;
}

function applyPointers(state: State, mask: number): void {
	for (let r = 0; r < 10; r++) {
		if (mask & (1 << r) && Number.isNaN(state[r * STRIDE + 4]))
			range.assignPointer(state, r, range.POINTER, Math.min(3, state[r * STRIDE + 5]));
	}
}
