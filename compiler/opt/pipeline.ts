import type { DiagnosticSink } from "../diagnostics/diagnostic.ts";
import type { IrFunction, IrModule } from "../ir/types.ts";
import type { OptContext, Pass } from "./pass.ts";
import { bug } from "../diagnostics/diagnostic.ts";
import { checkIr } from "../ir/check.ts";
import { printFunction } from "../ir/print.ts";
import { forget, type Kept } from "./analysis/analyses.ts";
import { passUnread, settleArguments } from "./calls/arguments.ts";
import { askedAddresses } from "./scalar/asked-addresses.ts";
import { askBoth } from "./control/ask-both.ts";
import { bitQuestions } from "./scalar/bit-questions.ts";
import { carryLoads } from "./loops/carry.ts";
import { combine } from "./scalar/combine.ts";
import { constSlots } from "./memory/const-slots.ts";
import { foldStrings, refuseStrings } from "./memory/const-strings.ts";
import { foldConstGlobals } from "./memory/const-globals.ts";
import { resolveCalls } from "./calls/resolve-calls.ts";
import { compareExtended } from "./scalar/compare-extended.ts";
import { copiedBits, countedBits } from "./scalar/copied-bits.ts";
import { correlate } from "./scalar/correlate.ts";
import { dce } from "./scalar/dce.ts";
import { delay } from "./scalar/delay.ts";
import { farMembers } from "./scalar/far-members.ts";
import { stepsLast } from "./scalar/steps-last.ts";
import { dse } from "./memory/dse.ts";
import { equalPhis } from "./scalar/equal-phis.ts";
import { fewValues } from "./scalar/few-values.ts";
import { foldIntoPhi } from "./scalar/fold-into-phi.ts";
import { foldBranches } from "./control/fold-branches.ts";
import { forwardSwitch } from "./control/forward-switch.ts";
import { gvn } from "./scalar/gvn.ts";
import { hoistAddresses, hoistLimits } from "./loops/hoist.ts";
import { hoistCalls, hoistCommon } from "./control/hoist-common.ts";
import { idleBranches } from "./control/idle-branches.ts";
import { ifChains } from "./control/if-chains.ts";
import { impossibleWays } from "./control/impossible-ways.ts";
import { indexPointers } from "./loops/index-pointers.ts";
import { type CallGraph, callGraph, inlineCalls, inlineOrder, stripUnused } from "./calls/inline.ts";
import { answerQuestions } from "./legal/questions.ts";
import { settleSlots } from "./legal/settle-slots.ts";
import { expandSignedDivision } from "./legal/signed-division.ts";
import { splitUnaligned } from "./legal/unaligned.ts";
import { expandMemory } from "./legal/mem-expand.ts";
import { extendFirst } from "./scalar/extend-first.ts";
import { keepNarrow } from "./scalar/keep-narrow.ts";
import { loadPhis } from "./memory/load-phis.ts";
import { lowerSwitches } from "./legal/lower-switches.ts";
import { mem2reg } from "./memory/mem2reg.ts";
import { copiedSlots } from "./memory/copied-slots.ts";
import { mergeSlots } from "./memory/merge-slots.ts";
import { mergeStores } from "./memory/merge-stores.ts";
import { narrowPhis } from "./scalar/narrow-phi.ts";
import { partialLoads } from "./memory/partial-loads.ts";
import { noObject } from "./memory/no-object.ts";
import { needlessBranches } from "./control/needless-branches.ts";
import { removeDeadBlocks, simplifyCfg } from "./control/simplify-cfg.ts";
import { sink, sinkCalls } from "./control/sink.ts";
import { sparseConstants } from "./scalar/sparse-constants.ts";
import { sroa } from "./memory/sroa.ts";
import { tailRecursion } from "./calls/tail-recursion.ts";
import { threadJumps } from "./control/thread.ts";
import { unreadBits } from "./scalar/unread-bits.ts";
import { unroll } from "./loops/unroll.ts";
import { wideCounters } from "./loops/wide-counters.ts";
import { widenLoads } from "./scalar/widen-loads.ts";

/**
 * The list of passes, read from top to bottom. Level 0 is short but not empty: without inlining and with locals in
 * memory the kernel takes a quarter of the programs that it takes optimised, so those two are not optional; nor is it
 * that a value read twice is one value when the first reading was the one that was checked.
 */
export interface OptimizeOptions {
	readonly level: 0 | 1 | 2 | 3;
	readonly cpu: 1 | 2 | 3 | 4;
	readonly diagnostics: DiagnosticSink;
	/** Check the IR after every pass (tests, `--check`). */
	readonly check?: boolean;
	/** Called after every pass that changed something: `--emit=passes`. */
	readonly trace?: (pass: string, fn: IrFunction) => void;
}

/** Locals out of memory. */
const promote: readonly Pass[] = [constSlots, sroa, mem2reg];

/** Until nothing changes; each one feeds the others. */
const tidy: readonly Pass[] = [
	combine,
	narrowPhis,
	widenLoads,
	sparseConstants,
	simplifyCfg,
	foldConstGlobals,
	foldStrings,
	resolveCalls,
	noObject,
	gvn,
	correlate,
	fewValues,
	foldIntoPhi,
	askBoth,
	impossibleWays,
	foldBranches,
	needlessBranches,
	equalPhis,
	copiedBits,
	carryLoads,
	partialLoads,
	threadJumps,
	dse,
	dce,
	idleBranches,
];

/** At level 0 too: what was checked and what is used must be one value, and the same address one register. */
const proofs: readonly Pass[] = [gvn, combine, narrowPhis, widenLoads, combine, gvn, simplifyCfg, dce];

/** What the machine cannot do becomes what it can. */
const legal: readonly Pass[] = [refuseStrings, expandMemory, splitUnaligned, lowerSwitches, expandSignedDivision];

const ROUNDS = 6;

export function optimize(module: IrModule, options: OptimizeOptions): IrModule {
	const pipeline = new Pipeline(module, options);
	// Callees first: what is copied into a caller is finished, so its size is what it costs.
	const graph = callGraph(module);
	for (const fn of inlineOrder(module)) pipeline.inline(fn, graph);
	stripUnused(module);
	if (options.level > 0) {
		pipeline.settleCalls();
		stripUnused(module);
	}
	for (const fn of module.functions) pipeline.finish(fn);
	stripUnused(module);
	return module;
}

class Pipeline {
	readonly #options: OptimizeOptions;
	readonly #context: OptContext;
	readonly #kept: Kept = { analyses: null };
	/** Not at level 0. */
	readonly #optimizing: boolean;

	constructor(module: IrModule, options: OptimizeOptions) {
		const { level, cpu, diagnostics } = options;
		this.#options = options;
		this.#context = { level, cpu, diagnostics, module, kept: this.#kept };
		this.#optimizing = level > 0;
	}

	/** What a function calls becomes part of it, as far as that pays, and both are tidied. */
	inline(fn: IrFunction, graph: CallGraph): void {
		const optimizing = this.#optimizing;
		this.#run(removeDeadBlocks, fn);
		this.#run(resolveCalls, fn);
		if (optimizing) {
			if (passUnread(fn, graph.functions)) forget(this.#context);
			this.#run(sinkCalls, fn);
			this.#run(hoistCalls, fn);
		}
		inlineCalls(fn, graph, !optimizing);
		forget(this.#context);
		if (this.#options.check) verify("inline", fn, this.#kept);
		// While what is returned by value is still copied whole.
		if (optimizing) this.#run(copiedSlots, fn);
		this.#runAll(promote, fn);
		// Enough to turn `ctx->data` into one wide load and constants into operands.
		// What was written down twice is found while each choice still has blocks of its own.
		this.#runAll([combine, widenLoads, ...(optimizing ? [gvn] : []), simplifyCfg, dce], fn);
		if (optimizing) {
			this.#settle(fn);
			if (this.#run(tailRecursion, fn)) this.#settle(fn);
			// What a loop comes to is known before its function is copied, except where it is copied in any case: what the caller knows decides there.
			if (fn.symbol.inline !== "always" && this.#run(unroll, fn)) this.#settle(fn);
		}
		// Function pointers that became known by inlining are calls to be inlined in their turn.
		for (let again = 0; again < 4 && this.#run(resolveCalls, fn) && inlineCalls(fn, graph, !optimizing); again++) {
			forget(this.#context);
			if (optimizing) this.#settle(fn);
			else this.#runAll([...promote, combine, widenLoads, simplifyCfg, dce], fn);
		}
	}

	/** What is known of one function's arguments may be what it passes on. */
	settleCalls(): void {
		for (let round = 0; round < ROUNDS; round++) {
			const changed = settleArguments(this.#context.module);
			forget(this.#context);
			for (const fn of changed) this.#settle(fn);
			if (changed.size === 0) break;
		}
	}

	/** Each step is followed by tidying only when it changed something: the function is tidy when it gets here. */
	finish(fn: IrFunction): void {
		const optimizing = this.#optimizing;
		if (optimizing) this.#shape(fn);
		else {
			this.#run(answerQuestions, fn);
			this.#runAll(
				[combine, simplifyCfg, unroll, ...promote, combine, simplifyCfg, foldConstGlobals, foldStrings, resolveCalls, ...proofs],
				fn,
			);
		}
		if (this.#runAll(legal, fn)) {
			this.#runAll(promote, fn);
			this.#runAll([combine, simplifyCfg, dce], fn);
			if (optimizing) this.#runAll([gvn, combine, dse, dce, simplifyCfg], fn);
		}
		if (optimizing) this.#polish(fn);
		// What was inlined twice, on two ways, does the same to the same bytes now.
		if (this.#run(mergeSlots, fn) && optimizing) while (this.#run(sink, fn)) this.#runAll([combine, dce, simplifyCfg], fn);
		this.#run(settleSlots, fn);
		if (optimizing) this.#runAll([stepsLast, askedAddresses, farMembers], fn);
	}

	/** Loops and branches get the form that they keep. */
	#shape(fn: IrFunction): void {
		if (this.#run(answerQuestions, fn)) this.#settle(fn);
		if (this.#run(unroll, fn)) this.#settle(fn);
		if (this.#run(expandMemory, fn)) {
			this.#settle(fn);
			if (this.#run(unroll, fn)) this.#settle(fn);
		}
		// What one place holds may be what makes the number in another one small: `l4 = l3 + length`.
		for (const passes of [[indexPointers], [loadPhis], [loadPhis], [hoistCommon, sink], [ifChains, forwardSwitch]])
			if (this.#runAll(passes, fn)) this.#settle(fn);
	}

	/** On what the machine has. */
	#polish(fn: IrFunction): void {
		this.#run(mergeStores, fn);
		if (this.#runAll([countedBits, bitQuestions], fn)) this.#runAll([simplifyCfg, combine, gvn, combine, dce], fn);
		if (this.#run(unreadBits, fn)) this.#run(dce, fn);
		if (this.#run(wideCounters, fn)) this.#runAll([dce, combine, dce], fn);
		this.#runAll([hoistAddresses, hoistLimits, keepNarrow, delay, extendFirst, compareExtended], fn);
	}

	/** A pass that found nothing is not asked again before another one has changed something. */
	#settle(fn: IrFunction): void {
		const foundNothing = new Map<Pass, number>();
		let changes = 0;
		const runAgain = (passes: readonly Pass[]): boolean => {
			const before = changes;
			for (const pass of passes) {
				if (foundNothing.get(pass) === changes) continue;
				if (this.#run(pass, fn)) changes++;
				else foundNothing.set(pass, changes);
			}
			return changes !== before;
		};
		for (let round = 0; round < ROUNDS; round++) {
			runAgain(promote);
			if (!runAgain(tidy)) break;
		}
	}

	#runAll(passes: readonly Pass[], fn: IrFunction): boolean {
		let changed = false;
		for (const pass of passes) if (this.#run(pass, fn)) changed = true;
		return changed;
	}

	#run(pass: Pass, fn: IrFunction): boolean {
		const changed = pass.run(fn, this.#context);
		if (changed) forget(this.#context);
		if (this.#options.check) verify(pass.name, fn, this.#kept);
		if (changed) this.#options.trace?.(pass.name, fn);
		return changed;
	}
}

function verify(pass: string, fn: IrFunction, { analyses }: Kept): void {
	const faults = checkIr(fn);
	const stale = analyses?.fn === fn ? analyses.stale() : null;
	if (stale !== null) faults.push(`it changed the function's ${stale} without saying so`);
	if (faults.length > 0) bug(`after ${pass}:\n${faults.join("\n")}\n${printFunction(fn)}`);
}
