/**
 * A bound program in; out, everything the emitters print: one record per subprogram with its graph, structured form, operations
 * with promoted stack slots, representations, and the fixed place of its stack frame. Or the reason why it cannot be compiled.
 *
 * Verified programs do not recurse, so each subprogram gets one frame at a constant address, below the deepest of its callers:
 * r10 is a constant. Functions whose address is taken run from helpers, below everything that may be on the stack then.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { layout } from "../memory.ts";
import type { Facts } from "../verifier/facts.ts";
import type { Analysis, AnalysisOptions, CallShape, CountedLoop, Draft } from "./representation.ts";
import { analyseBackward, analyseForward } from "./analysis.ts";
import type { Cfg } from "./cfg.ts";
import { buildCfg, findSubprograms } from "./cfg.ts";
import type { Op } from "./decode.ts";
import { decodeProgram } from "./decode.ts";
import { joinLoads } from "./joins.ts";
import { FIRST_SLOT, promoteByAnalysis, promoteSlots } from "./promote.ts";
import * as range from "./range.ts";
import { FLAG, NO_OFFSET } from "./representation.ts";
import type { Item } from "./structure.ts";
import { structure } from "./structure.ts";
import { threadJumps } from "./thread.ts";
import { unrollLoops } from "./unroll.ts";
import type { AccessPlan } from "./windows.ts";
import { planAccesses } from "./windows.ts";

export interface JitFunction {
	/** Position in `JitProgram.functions`; 0 is the main program. */
	readonly id: number;
	readonly entry: number;
	readonly ops: readonly (Op | null)[];
	/** As it is printed: after jump threading, so that its block numbers are not those of the analyses. */
	readonly cfg: Cfg;
	readonly items: readonly Item[];
	/** Registers and promoted slots (11 …). */
	readonly registers: number;
	readonly analysis: Analysis;
	/** The constant value of r10. */
	readonly frameTop: number;
	/** Its address is taken: helpers may call it. */
	readonly callback: boolean;
	/** How accesses are checked; null: they are not. */
	readonly plan: AccessPlan | null;
	/** The same without what the guard of `plan` vouches for: runs where the guard does not hold. */
	readonly slow: JitFunction | null;
}

export interface JitProgram {
	readonly functions: readonly JitFunction[];
	/** Function id by first slot. */
	readonly byEntry: ReadonlyMap<number, number>;
}

export interface JitProblem {
	readonly slot: number;
	readonly why: string;
}

export interface LiftOptions {
	readonly facts: Facts | null;
	/** Check each access against the memory's regions, trust nothing that only a verifier can know. */
	readonly checked: boolean;
	/** With `checked`: also make a version of the main program for when a guard at its entry holds. */
	readonly guarded?: boolean;
	/** Instructions in all copies of a loop that passes a known number of times (unroll.ts). */
	readonly evenBudget?: number;
	/** The same for loops of which that allows no two copies. */
	readonly largeBudget?: number;
	/** The text will be shown as its C: nothing is copied that debuggers and coverage would see twice. */
	readonly mapped?: boolean;
	/** r1 is an address, r2 a number below 2^32. */
	shape(op: Op, slot: number): CallShape;
	/** Value of a ld_imm64 with a pseudo source; functions by id. */
}

interface Draught {
	readonly entry: number;
	readonly limit: number;
	readonly ops: readonly (Op | null)[];
	readonly cfg: Cfg;
	readonly registers: number;
	/** Stack slots may be promoted after the forward analysis. */
	readonly undecided: boolean;
	readonly calls: readonly number[];
	readonly takes: readonly number[];
}

export function liftProgram(insns: readonly Insn[], options: LiftOptions): JitProgram | JitProblem {
	const ops = decodeProgram(insns);
	const { facts } = options;
	const starts = findSubprograms(ops, facts?.reached);
	const drafts = new Map<number, Draught>();
	for (let i = 0; i < starts.length; i++) {
		const draught = draw(ops, starts[i], starts[i + 1] ?? insns.length, options);
		if ("why" in draught) return draught;
		drafts.set(starts[i], draught);
	}
	const order = callersFirst(drafts);
	if (!Array.isArray(order)) return order;
	const depth = depths(order, drafts);
	const callbacks = new Set(order.flatMap((entry) => drafts.get(entry)!.takes));

	const entries = new Map<number, range.State>();
	const enter = (entry: number, state: range.State): void => {
		const known = entries.get(entry);
		if (known === undefined) entries.set(entry, state.slice());
		else range.join(known, state);
	};
	enter(0, mainEntry(options));
	for (const entry of callbacks) enter(entry, callbackEntry());
	const forward = new Map<number, Draft>();
	const shapes = new Map<number, CallShape>();
	const analysis: AnalysisOptions = {
		facts,
		pointers: !options.checked,
		checked: options.checked,
		shape(op, slot) {
			if (op.kind === "call") return shapes.get(op.target) ?? { args: 5, wide: 31, result: "wide" };
			return options.shape(op, slot);
		},
	};
	for (const entry of order) {
		let { ops, cfg, registers, limit } = drafts.get(entry)!;
		// A function that nothing reaches still gets code: its callers' dead blocks name it.
		const state = entries.get(entry) ?? callbackEntry(true);
		const top = frameTop(depth.get(entry)!);
		range.assign(state, 10, top, top, top, top, 9, 0);
		const call = (target: number, at: range.State): void => enter(target, calleeEntry(at));
		const join = (): boolean => {
			const joined =
				options.checked || options.mapped === true ? null : joinLoads(ops, cfg, registers, (slot) => facts?.access[slot] === "kernel");
			if (joined === null) return false;
			({ ops, registers } = joined);
			drafts.set(entry, { ...drafts.get(entry)!, ops, registers });
			return true;
		};
		const { undecided } = drafts.get(entry)!;
		if (!undecided) join();
		let draft = analyseForward(ops, limit - entry, cfg, registers, state, analysis, call);
		if (!cfg.reducible && draft.oneWay.size > 0) {
			// Without the edges that nothing takes it may well be reducible; a dispatch loop is worth avoiding.
			const pruned = buildCfg(ops, entry, limit, facts?.reached, draft.oneWay);
			if (!("why" in pruned)) {
				cfg = pruned;
				drafts.set(entry, { ...drafts.get(entry)!, cfg });
				draft = analyseForward(ops, limit - entry, cfg, registers, state, analysis, call);
			}
		}
		if (undecided) {
			const promotion = promoteByAnalysis(ops, cfg, draft.stack, NO_OFFSET, draft.exposed);
			const promoted = promotion.registers > registers;
			if (promoted) {
				({ ops, registers } = promotion);
				drafts.set(entry, { ...drafts.get(entry)!, ops, registers });
			}
			if (join() || promoted) draft = analyseForward(ops, limit - entry, cfg, registers, state, analysis, call);
		}
		forward.set(entry, draft);
	}
	const results = new Map<number, Analysis>();
	const plans = new Map<number, AccessPlan>();
	let guarded: Analysis | null = null;
	for (const entry of [...order].reverse()) {
		const { ops, cfg, registers } = drafts.get(entry)!;
		if (options.checked) {
			const draft = forward.get(entry)!;
			const plan = planAccesses(ops, cfg, registers, draft, entry === 0 && options.guarded === true);
			plans.set(entry, plan);
			if (plan.guard !== null) {
				const flags = draft.flags.map((bits, at) => (plan.guarded[at] ? bits | FLAG.proved : bits));
				guarded = analyseBackward(ops, cfg, registers, analysis, { ...draft, flags, wide: draft.wide.slice() });
			}
		}
		const result = analyseBackward(ops, cfg, registers, analysis, forward.get(entry)!);
		results.set(entry, result);
		shapes.set(entry, { args: 32 - Math.clz32((result.liveIn & 0x3e) >> 1), wide: (result.wideIn & 0x3e) >> 1, result: "wide" });
	}
	const sorted = [...order].sort((a, b) => a - b);
	const functions = sorted.map((entry, id): JitFunction => {
		const { ops, cfg: analysed, registers } = drafts.get(entry)!;
		const plan = plans.get(entry) ?? null;
		const analysis = results.get(entry)!;
		const threaded = options.mapped === true ? null : threadJumps(analysed, ops);
		const cfg = threaded?.cfg ?? analysed;
		const counted = threaded === null ? analysis.counted : renumbered(analysis.counted, threaded.moved);
		const base: JitFunction = {
			id,
			entry,
			ops,
			cfg,
			items: structure(cfg),
			registers,
			analysis,
			frameTop: frameTop(depth.get(entry)!),
			callback: callbacks.has(entry),
			plan,
			slow: null,
		};
		const fast = { ...base, items: unrollLoops(base.items, cfg, ops, counted, options.evenBudget, options.largeBudget) };
		return plan?.guard == null ? fast : { ...fast, analysis: guarded!, slow: base };
	});
	const deepest = Math.max(...depth.values());
	if (deepest >= layout.frames)
		return { slot: [...depth].find(([, d]) => d === deepest)![0], why: `calls nest deeper than ${layout.frames} frames` };
	return { functions, byEntry: new Map(sorted.map((entry, id) => [entry, id])) };
}

/** Counted loops by the heads of a threaded graph. Where the block with the test was copied, nobody counts. */
function renumbered(counted: ReadonlyMap<number, CountedLoop>, moved: Int32Array): Map<number, CountedLoop> {
	const out = new Map<number, CountedLoop>();
	for (const [head, { passes, block }] of counted)
		if (moved[head] >= 0 && moved[block] >= 0) out.set(moved[head], { passes, block: moved[block] });
	return out;
}

function draw(all: readonly (Op | null)[], entry: number, limit: number, options: LiftOptions): Draught | JitProblem {
	const cfg = buildCfg(all, entry, limit, options.facts?.reached);
	if ("why" in cfg) return cfg;
	const promotion = promoteSlots(all, cfg);
	const calls: number[] = [];
	const takes: number[] = [];
	for (const block of cfg.blocks) {
		for (let pc = block.start; pc < block.end; pc++) {
			const op = all[pc];
			if (op === null) continue;
			if (op.kind === "invalid") {
				if (options.facts?.reached[pc] === 0) continue;
				return { slot: pc, why: op.why };
			}
			if (op.kind === "call") calls.push(op.target);
			else if (op.kind === "imm64" && op.pseudo === 4) takes.push(pc + 1 + op.lo);
		}
	}
	return { entry, limit, ops: promotion.ops, cfg, registers: promotion.registers, undecided: promotion.undecided, calls, takes };
}

/** Topological order from the main program. Recursion has none. */
function callersFirst(drafts: ReadonlyMap<number, Draught>): number[] | JitProblem {
	const done = new Map<number, "open" | "closed">();
	const order: number[] = [];
	let recursion = -1;
	const visit = (entry: number): void => {
		if (done.get(entry) === "open") recursion = entry;
		if (done.has(entry)) return;
		done.set(entry, "open");
		const draught = drafts.get(entry);
		for (const target of draught?.calls ?? []) visit(target);
		// A callback that hands itself on is no recursion of ours: the helper calls it later.
		for (const target of draught?.takes ?? []) if (done.get(target) !== "open") visit(target);
		done.set(entry, "closed");
		order.push(entry);
	};
	visit(0);
	if (recursion >= 0) return { slot: recursion, why: "a subprogram that calls itself" };
	return order.reverse();
}

function depths(order: readonly number[], drafts: ReadonlyMap<number, Draught>): Map<number, number> {
	const depth = new Map<number, number>(order.map((entry) => [entry, 0]));
	for (const entry of order) {
		const { calls, takes } = drafts.get(entry)!;
		const own = depth.get(entry)!;
		for (const target of calls) depth.set(target, Math.max(depth.get(target)!, own + 1));
		// The helper may be called from any function below this one.
		for (const target of takes) if (target !== entry) depth.set(target, Math.max(depth.get(target)!, own + 1 + height(entry, drafts)));
	}
	return depth;
}

/** Longest chain of direct calls from here. */
function height(entry: number, drafts: ReadonlyMap<number, Draught>): number {
	let most = 0;
	for (const target of drafts.get(entry)!.calls) most = Math.max(most, 1 + height(target, drafts));
	return most;
}

const frameTop = (depth: number): number => layout.stackTop - layout.frameSize * depth;

const blank = (): range.State => {
	const state = new Float64Array(FIRST_SLOT * range.STRIDE);
	for (let r = 0; r < 10; r++) range.assignConstant(state, r, 0);
	return state;
};

function mainEntry(options: LiftOptions): range.State {
	const state = blank();
	if (options.checked) range.assignUnsigned(state, 1, 0, 0xffffffff);
	else range.assignPointer(state, 1, range.POINTER, 3);
	range.assignUnsigned(state, 2, 0, 0xffffffff);
	return state;
}

/** Helpers pass low words, zero-extended. */
function callbackEntry(unknown = false): range.State {
	const state = blank();
	for (let r = 1; r <= 5; r++) unknown ? range.assignUnknown(state, r) : range.assignUnsigned(state, r, 0, 0xffffffff);
	return state;
}

/** The callee sees the arguments; an offset from the caller's r10 is just some address there. */
function calleeEntry(caller: range.State): range.State {
	const state = blank();
	for (let r = 1; r <= 5; r++) {
		const at = r * range.STRIDE;
		state.set(caller.subarray(at, at + range.STRIDE), at);
		if (range.isStackOffset(state[at + 4])) range.assignPointer(state, r);
	}
	return state;
}
