/**
 * A bound program in; out, everything the emitters print: one record per subprogram with its graph, structured form, operations
 * with promoted stack slots, representations, and the fixed place of its stack frame. Or the reason why it cannot be compiled.
 *
 * Four phases, each over all subprograms: they are drawn (graphs, slots that surely are registers), their values followed (callers first: they say what
 * their callees are given), their needs (callees first: they say what their callers must pass), and what is printed put in order.
 *
 * Verified programs do not recurse, so each subprogram gets one frame at a constant address, below the deepest of its callers:
 * r10 is a constant. Functions whose address is taken run from helpers, below everything that may be on the stack then.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { layout } from "../memory.ts";
import type { Facts } from "../verifier/facts.ts";
import type { Analysis, AnalysisOptions, CallShape, CountedLoop, Draft } from "./representation.ts";
import { analyseBackward, analyseForward } from "./analysis.ts";
import { callersFirst, depths } from "./call-graph.ts";
import type { Cfg } from "./cfg.ts";
import { buildCfg, findSubprograms } from "./cfg.ts";
import type { Op } from "./decode.ts";
import { decodeProgram } from "./decode.ts";
import { calleeEntry, callbackEntry, mainEntry, unknownEntry } from "./entries.ts";
import { joinLoads } from "./joins.ts";
import { promoteByAnalysis, promoteSlots } from "./promote.ts";
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
	shape(op: Op, slot: number): CallShape;
}

/** A subprogram on its way through the phases, which replace its operations and its graph by better ones. */
class Subprogram {
	readonly entry: number;
	readonly limit: number;
	ops: readonly (Op | null)[];
	cfg: Cfg;
	registers: number;
	/** Stack slots may be promoted after the forward analysis. */
	readonly undecided: boolean;
	/** First slots of the subprograms that it calls, and of those whose address it takes. */
	readonly calls: readonly number[];
	readonly takes: readonly number[];
	/** What is known of the registers at its entry; null: nothing leads there. */
	given: range.State | null = null;
	/** Set by the second phase. */
	draft!: Draft;
	/** Set by the third. */
	analysis!: Analysis;
	plan: AccessPlan | null = null;
	/** The analysis for when the guard of `plan` holds. */
	guarded: Analysis | null = null;

	constructor(entry: number, limit: number, cfg: Cfg, ops: readonly (Op | null)[]) {
		const promotion = promoteSlots(ops, cfg);
		const calls: number[] = [];
		const takes: number[] = [];
		for (const block of cfg.blocks) {
			for (let pc = block.start; pc < block.end; pc++) {
				const op = ops[pc];
				if (op?.kind === "call") calls.push(op.target);
				else if (op?.kind === "imm64" && op.pseudo === 4) takes.push(pc + 1 + op.lo);
			}
		}
		this.entry = entry;
		this.limit = limit;
		this.cfg = cfg;
		this.ops = promotion.ops;
		this.registers = promotion.registers;
		this.undecided = promotion.undecided;
		this.calls = calls;
		this.takes = takes;
	}

	/** Some caller, or what calls from outside, gives it this. */
	give(state: range.State): void {
		if (this.given === null) this.given = state.slice();
		else range.join(this.given, state);
	}
}

export function liftProgram(insns: readonly Insn[], options: LiftOptions): JitProgram | JitProblem {
	const subprograms = draw(decodeProgram(insns), options);
	if ("why" in subprograms) return subprograms;
	const order = callersFirst(subprograms);
	if (!Array.isArray(order)) return order;
	const depth = depths(order, subprograms);
	const deepest = Math.max(...depth.values());
	if (deepest >= layout.frames)
		return { slot: order.find((entry) => depth.get(entry) === deepest)!, why: `calls nest deeper than ${layout.frames} frames` };
	const lifting = new Lifting(subprograms, order, depth, options);
	for (const entry of order) lifting.followValues(subprograms.get(entry)!);
	for (const entry of [...order].reverse()) lifting.followNeeds(subprograms.get(entry)!);
	const sorted = [...order].sort((a, b) => a - b);
	return {
		functions: sorted.map((entry, id) => lifting.printed(subprograms.get(entry)!, id)),
		byEntry: new Map(sorted.map((entry, id) => [entry, id])),
	};
}

/** All subprograms by their first slots. */
function draw(ops: readonly (Op | null)[], options: LiftOptions): Map<number, Subprogram> | JitProblem {
	const reached = options.facts?.reached;
	const starts = findSubprograms(ops, reached);
	const drawn = new Map<number, Subprogram>();
	for (let i = 0; i < starts.length; i++) {
		const limit = starts[i + 1] ?? ops.length;
		const cfg = buildCfg(ops, starts[i], limit, reached);
		if ("why" in cfg) return cfg;
		const problem = findInvalid(ops, cfg, reached);
		if (problem !== null) return problem;
		drawn.set(starts[i], new Subprogram(starts[i], limit, cfg, ops));
	}
	return drawn;
}

function findInvalid(ops: readonly (Op | null)[], cfg: Cfg, reached?: Uint8Array): JitProblem | null {
	for (const block of cfg.blocks) {
		for (let pc = block.start; pc < block.end; pc++) {
			const op = ops[pc];
			if (op?.kind === "invalid" && reached?.[pc] !== 0) return { slot: pc, why: op.why };
		}
	}
	return null;
}

/** What the phases share. */
class Lifting {
	readonly #subprograms: ReadonlyMap<number, Subprogram>;
	readonly #depth: ReadonlyMap<number, number>;
	readonly #callbacks: ReadonlySet<number>;
	readonly #options: LiftOptions;
	readonly #analysis: AnalysisOptions;
	/** What subprograms need, by first slot, as far as that is known. */
	readonly #shapes = new Map<number, CallShape>();

	constructor(
		subprograms: ReadonlyMap<number, Subprogram>,
		order: readonly number[],
		depth: ReadonlyMap<number, number>,
		options: LiftOptions,
	) {
		this.#subprograms = subprograms;
		this.#depth = depth;
		this.#callbacks = new Set(order.flatMap((entry) => subprograms.get(entry)!.takes));
		this.#options = options;
		this.#analysis = {
			facts: options.facts,
			pointers: !options.checked,
			checked: options.checked,
			shape: (op, slot) => (op.kind === "call" ? (this.#shapes.get(op.target) ?? EVERYTHING) : options.shape(op, slot)),
		};
		subprograms.get(0)!.give(mainEntry(options.checked));
		for (const entry of this.#callbacks) subprograms.get(entry)?.give(callbackEntry());
	}

	/** The forward analysis, and what it allows: edges that nothing takes go, stack slots become registers, bytes are read as one number. */
	followValues(one: Subprogram): void {
		// A function that nothing reaches still gets code: its callers' dead blocks name it.
		const state = one.given ?? unknownEntry();
		const top = this.#frameTop(one);
		range.assign(state, 10, top, top, top, top, 9, 0);
		if (!one.undecided) this.#join(one);
		this.#analyse(one, state);
		if (!one.cfg.reducible && one.draft.oneWay.size > 0) {
			// Without the edges that nothing takes it may well be reducible; a dispatch loop is worth avoiding.
			const pruned = buildCfg(one.ops, one.entry, one.limit, this.#options.facts?.reached, one.draft.oneWay);
			if (!("why" in pruned)) {
				one.cfg = pruned;
				this.#analyse(one, state);
			}
		}
		if (!one.undecided) return;
		const promoted = promote(one);
		const joined = this.#join(one);
		if (promoted || joined) this.#analyse(one, state);
	}

	#analyse(one: Subprogram, state: range.State): void {
		const call = (target: number, at: range.State): void => this.#subprograms.get(target)?.give(calleeEntry(at));
		one.draft = analyseForward(one.ops, one.limit - one.entry, one.cfg, one.registers, state, this.#analysis, call);
	}

	/** True: there was something to join. */
	#join(one: Subprogram): boolean {
		const { facts, checked, mapped } = this.#options;
		if (checked || mapped === true) return false;
		const joined = joinLoads(one.ops, one.cfg, one.registers, (slot) => facts?.access[slot] === "kernel");
		if (joined === null) return false;
		one.ops = joined.ops;
		one.registers = joined.registers;
		return true;
	}

	/** The backward analysis, after how accesses are checked is planned. */
	followNeeds(one: Subprogram): void {
		const { ops, cfg, registers, draft } = one;
		const { checked, guarded } = this.#options;
		if (checked) {
			one.plan = planAccesses(ops, cfg, registers, draft, one.entry === 0 && guarded === true);
			if (one.plan.guard !== null) one.guarded = analyseBackward(ops, cfg, registers, this.#analysis, vouchedFor(draft, one.plan));
		}
		const result = analyseBackward(ops, cfg, registers, this.#analysis, draft);
		one.analysis = result;
		const args = 32 - Math.clz32((result.liveIn & 0x3e) >> 1);
		this.#shapes.set(one.entry, { args, wide: (result.wideIn & 0x3e) >> 1, result: "wide" });
	}

	printed(one: Subprogram, id: number): JitFunction {
		const { evenBudget, largeBudget, mapped } = this.#options;
		const { entry, ops, registers, analysis, plan } = one;
		const threaded = mapped === true ? null : threadJumps(one.cfg, ops);
		const cfg = threaded?.cfg ?? one.cfg;
		const counted = threaded === null ? analysis.counted : renumbered(analysis.counted, threaded.moved);
		const items = structure(cfg);
		const frameTop = this.#frameTop(one);
		const callback = this.#callbacks.has(entry);
		const base: JitFunction = { id, entry, ops, cfg, items, registers, analysis, frameTop, callback, plan, slow: null };
		const fast = { ...base, items: unrollLoops(items, cfg, ops, counted, evenBudget, largeBudget) };
		return one.guarded === null ? fast : { ...fast, analysis: one.guarded, slow: base };
	}

	#frameTop({ entry }: Subprogram): number {
		return layout.stackTop - layout.frameSize * this.#depth.get(entry)!;
	}
}

const EVERYTHING: CallShape = { args: 5, wide: 31, result: "wide" };

/** True: there was something to promote. */
function promote(one: Subprogram): boolean {
	const promotion = promoteByAnalysis(one.ops, one.cfg, one.draft.stack, NO_OFFSET, one.draft.exposed);
	if (promotion.registers <= one.registers) return false;
	one.ops = promotion.ops;
	one.registers = promotion.registers;
	return true;
}

/** What holds where the guard does: its accesses need no check. */
function vouchedFor(draft: Draft, { guarded }: AccessPlan): Draft {
	return { ...draft, flags: draft.flags.map((bits, at) => (guarded[at] ? bits | FLAG.proved : bits)), wide: draft.wide.slice() };
}

/** Counted loops by the heads of a threaded graph. Where the block with the test was copied, nobody counts. */
function renumbered(counted: ReadonlyMap<number, CountedLoop>, moved: Int32Array): Map<number, CountedLoop> {
	const out = new Map<number, CountedLoop>();
	for (const [head, { passes, block }] of counted)
		if (moved[head] >= 0 && moved[block] >= 0) out.set(moved[head], { passes, block: moved[block] });
	return out;
}
