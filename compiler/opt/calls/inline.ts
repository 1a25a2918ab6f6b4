import type { Block, Inst, IrFunction, IrModule, Value } from "../../ir/types.ts";
import type { FunctionSym } from "../../types/typed.ts";
import { cloneBlocks } from "../control/clone.ts";
import { blockFrequencies } from "../analysis/frequency.ts";
import { inlineCost, RARE } from "./inline-cost.ts";
import { makeJump, newInst, splitAround, terminator, undef } from "../../ir/values.ts";

/**
 * Calls of functions of this module become copies of their blocks. always_inline ones must; small ones and static ones
 * with one caller do as clang -O2 does (`inline-cost.ts` says what small is); noinline and weak ones never. Callees are
 * finished before their callers (`inlineOrder`), so what is copied is optimised already.
 */

/** A single caller is no reason to make one function out of two huge ones. */
const ONE_CALLER = 3000;

export interface CallGraph {
	readonly functions: ReadonlyMap<FunctionSym, IrFunction>;
	/** Direct calls of each function, once those of `always_inline` ones are where these are called. */
	readonly callers: ReadonlyMap<FunctionSym, number>;
	readonly addressTaken: ReadonlySet<FunctionSym>;
}

export function callGraph(module: IrModule): CallGraph {
	const functions = new Map(module.functions.map((fn) => [fn.symbol, fn]));
	const calledFrom = new Map<FunctionSym, FunctionSym[]>();
	const addressTaken = new Set<FunctionSym>();
	for (const fn of module.functions) {
		for (const block of fn.blocks) {
			for (const inst of block.insts) {
				const callee = calleeOf(inst);
				if (callee !== null) {
					const list = calledFrom.get(callee);
					if (list === undefined) calledFrom.set(callee, [fn.symbol]);
					else list.push(fn.symbol);
				}
				const target = inst.attr?.global;
				if (target !== undefined && "kind" in target && target.kind === "function") addressTaken.add(target);
			}
		}
	}
	for (const global of module.globals)
		for (const { symbol } of global.relocs) if ("kind" in symbol && symbol.kind === "function") addressTaken.add(symbol);
	const callers = new Map<FunctionSym, number>();
	const count = (symbol: FunctionSym): number => {
		const known = callers.get(symbol);
		if (known !== undefined) return known;
		// For what calls itself.
		callers.set(symbol, 1);
		const calls = (calledFrom.get(symbol) ?? []).reduce((sum, from) => sum + (from.inline === "always" ? count(from) : 1), 0);
		callers.set(symbol, calls);
		return calls;
	};
	for (const symbol of calledFrom.keys()) count(symbol);
	return { functions, callers, addressTaken };
}

const calleeOf = (inst: Inst): FunctionSym | null =>
	inst.op === "call" && inst.attr!.callee!.kind === "function" ? inst.attr!.callee!.symbol : null;

/** Callees before callers; within a cycle, as it comes. */
export function inlineOrder(module: IrModule): IrFunction[] {
	const functions = new Map(module.functions.map((fn) => [fn.symbol, fn]));
	const done = new Set<IrFunction>();
	const order: IrFunction[] = [];
	const visit = (fn: IrFunction): void => {
		if (done.has(fn)) return;
		done.add(fn);
		for (const block of fn.blocks) {
			for (const inst of block.insts) {
				const callee = calleeOf(inst);
				const next = callee === null ? undefined : functions.get(callee);
				if (next !== undefined) visit(next);
			}
		}
		order.push(fn);
	};
	for (const fn of module.functions) visit(fn);
	return order;
}

function isWanted(call: Inst, callee: IrFunction, graph: CallGraph, onlyRequired: boolean, frequency: () => number): boolean {
	const { symbol } = callee;
	if (symbol.naked || symbol.inline === "never") return false;
	if (symbol.inline === "always") return true;
	if (symbol.weak) return false;
	const needsIt = callee.params.length > 5;
	if (onlyRequired) return needsIt;
	const isStatic = symbol.linkage === "static";
	if (isStatic && needsIt) return true;
	const isRare = frequency() < RARE;
	const single = isStatic && graph.callers.get(symbol) === 1 && !graph.addressTaken.has(symbol) && !symbol.used;
	if (single && !isRare && sizeOf(callee) <= ONE_CALLER) return true;
	const { cost, limit } = inlineCost(callee, call, isRare);
	return cost < limit;
}

const sizeOf = (fn: IrFunction): number => fn.blocks.reduce((sum, block) => sum + block.insts.length, 0);

/** Copies what is wanted into `caller`; true when something was. `path`: symbols being expanded, against recursion. */
export function inlineCalls(caller: IrFunction, graph: CallGraph, onlyRequired: boolean): boolean {
	let changed = false;
	// Calls that come in with a copied body were decided when that body was finished.
	const fresh = new Set<Inst>();
	let known: ReadonlyMap<Block, number> | null = null;
	/** How often the call at hand happens; its block is what is left of one that the function had in the beginning. */
	const origin = new Map<Block, Block>();
	const frequencyOf = (block: Block): number => {
		known ??= blockFrequencies(caller);
		return known.get(origin.get(block) ?? block) ?? 1;
	};
	for (let at = 0; at < caller.blocks.length; at++) {
		const block = caller.blocks[at];
		const index = block.insts.findIndex((inst) => {
			const symbol = calleeOf(inst);
			const callee = symbol === null ? undefined : graph.functions.get(symbol);
			return (
				callee !== undefined &&
				callee !== caller &&
				!fresh.has(inst) &&
				callee.blocks.length > 0 &&
				matches(inst, callee) &&
				isWanted(inst, callee, graph, onlyRequired, () => frequencyOf(block))
			);
		});
		if (index < 0) continue;
		const rest = expand(caller, block, index, graph.functions.get(calleeOf(block.insts[index])!)!, fresh);
		origin.set(rest, origin.get(block) ?? block);
		changed = true;
	}
	return changed;
}

/** A call through a type that is not the function's own is left alone. What `...` stands for nobody reads: there is no va_arg. */
const matches = (call: Inst, callee: IrFunction): boolean =>
	(call.args.length === callee.params.length || (callee.symbol.type.variadic && call.args.length > callee.params.length)) &&
	callee.params.every((param, i) => call.args[i].ty === param.ty) &&
	(call.ty === null || call.ty === callee.result);

function expand(caller: IrFunction, block: Block, index: number, callee: IrFunction, fresh: Set<Inst>): Block {
	const call = block.insts[index];
	const rest = splitAround(caller, block, index, ".after");

	const values = new Map<Inst, Value>();
	callee.params.forEach((param, i) => values.set(param, call.args[i]));
	const map = cloneBlocks(caller, callee.blocks, values, "");
	for (const inst of values.values()) if (inst.op === "call") fresh.add(inst);

	// Slots of the callee live in the caller's frame, and are born anew at each call.
	const slots: Inst[] = [];
	const copies = [...map.values()];
	for (const copy of copies) {
		copy.insts = copy.insts.filter((inst) => {
			if (inst.op !== "alloca") return true;
			slots.push(inst);
			return false;
		});
	}
	caller.blocks[0].insts.unshift(...slots);
	for (const slot of slots) block.insts.push(newInst(caller, "lifetime", null, [slot], undefined, call.loc));
	block.insts.push(newInst(caller, "jump", null, [], undefined, call.loc, [map.get(callee.blocks[0])!]));

	const results: Value[] = [];
	const sources: Block[] = [];
	for (const copy of copies) {
		const end = terminator(copy);
		if (end.op !== "ret") continue;
		if (call.ty !== null) results.push(end.args[0] ?? undef(call.ty));
		sources.push(copy);
		makeJump(end, rest);
	}
	if (call.ty !== null) {
		// The call's own instruction turns into the phi, so that its uses need no change.
		if (sources.length === 0) Object.assign(call, { op: "add", args: [undef(call.ty), undef(call.ty)], attr: {} });
		else Object.assign(call, { op: "phi", args: results, blocks: sources, attr: undefined });
		if (sources.length === 0 && call.ty === "ptr") Object.assign(call, { op: "inttoptr", args: [undef("i64")] });
		rest.insts.unshift(call);
	}
	// And they are dead when it returns.
	rest.insts.splice(
		call.ty !== null && call.op === "phi" ? 1 : 0,
		0,
		...slots.map((slot) => newInst(caller, "lifetime", null, [slot], undefined, call.loc)),
	);
	const at = caller.blocks.indexOf(block);
	caller.blocks.splice(at + 1, 0, ...copies, rest);
	return rest;
}

/** Functions and objects that nothing refers to any more. */
export function stripUnused(module: IrModule): boolean {
	const functions = new Map(module.functions.map((fn) => [fn.symbol, fn]));
	const keep = new Set<unknown>();
	const work: unknown[] = [];
	const reach = (what: unknown): void => {
		if (keep.has(what)) return;
		keep.add(what);
		work.push(what);
	};
	const stays = (symbol: { used: boolean; linkage: string }): boolean => symbol.used || symbol.linkage === "global";
	for (const fn of module.functions) if (stays(fn.symbol)) reach(fn);
	for (const global of module.globals) if (stays(global.symbol)) reach(global);
	while (work.length > 0) {
		const what = work.pop() as IrFunction | IrModule["globals"][number];
		if ("blocks" in what) {
			for (const block of what.blocks) {
				for (const inst of block.insts) {
					const callee = calleeOf(inst);
					if (callee !== null && functions.has(callee)) reach(functions.get(callee)!);
					const target = inst.attr?.global;
					if (target === undefined) continue;
					if (!("kind" in target)) reach(target);
					else if (target.kind === "function" && functions.has(target)) reach(functions.get(target)!);
				}
			}
		} else {
			for (const { symbol } of what.relocs) {
				if (!("kind" in symbol)) reach(symbol);
				else if (symbol.kind === "function" && functions.has(symbol)) reach(functions.get(symbol)!);
			}
		}
	}
	const before = module.functions.length + module.globals.length;
	module.functions.splice(0, module.functions.length, ...module.functions.filter((fn) => keep.has(fn)));
	module.globals.splice(0, module.globals.length, ...module.globals.filter((global) => keep.has(global)));
	return module.functions.length + module.globals.length !== before;
}
