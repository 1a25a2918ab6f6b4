import type { Const, Inst, IrFunction, IrModule, Value } from "../../ir/types.ts";
import type { FunctionSym } from "../../types/typed.ts";
import { isConst, isInst, replaceAll, sameValue, terminator, undef, usersOf } from "../../ir/values.ts";
import { callGraph } from "./inline.ts";

/**
 * What all calls of a static function have in common (LLVM: IPSCCP and DeadArgumentElimination). A parameter for which every
 * call passes the same constant is that constant; a result that always is the same constant is that constant at the calls;
 * what a function does not read is not passed.
 *
 * Only where all calls can be seen: not for functions whose address is taken, and not for global ones, which other
 * objects may call or replace and which the kernel's verifier checks for all arguments that there are.
 *
 * Comes back with the functions that changed.
 */
export function settleArguments(module: IrModule): ReadonlySet<IrFunction> {
	const changed = new Set<IrFunction>();
	const { functions, addressTaken } = callGraph(module);
	const calls = callsOf(module, functions);
	for (const callee of module.functions) {
		const { symbol } = callee;
		const sites = calls.get(callee);
		if (
			sites === undefined ||
			symbol.linkage !== "static" ||
			symbol.used ||
			symbol.weak ||
			symbol.naked ||
			addressTaken.has(symbol) ||
			callee.blocks.length === 0
		)
			continue;
		if (sites.some(({ call }) => call.args.length !== callee.params.length)) continue;
		if (takeConstants(callee, sites)) changed.add(callee);
		for (const caller of giveResult(callee, sites)) changed.add(caller);
		for (const caller of passLess(callee, sites)) changed.add(caller);
	}
	return changed;
}

interface Site {
	readonly call: Inst;
	readonly caller: IrFunction;
}

function callsOf(module: IrModule, functions: ReadonlyMap<FunctionSym, IrFunction>): Map<IrFunction, Site[]> {
	const calls = new Map<IrFunction, Site[]>();
	for (const caller of module.functions) {
		for (const block of caller.blocks) {
			for (const call of block.insts) {
				if (call.op !== "call" || call.attr!.callee!.kind !== "function") continue;
				const callee = functions.get(call.attr!.callee!.symbol);
				if (callee === undefined) continue;
				const sites = calls.get(callee);
				if (sites === undefined) calls.set(callee, [{ call, caller }]);
				else sites.push({ call, caller });
			}
		}
	}
	return calls;
}

/** The one constant among the values; `own` says nothing (a recursive call that hands its parameter on). */
function common(values: readonly Value[], own: Value | null): Const | null {
	let found: Const | null = null;
	for (const value of values) {
		if (value === own) continue;
		if (!isConst(value) || (found !== null && !sameValue(found, value))) return null;
		found = value;
	}
	return found;
}

function takeConstants(callee: IrFunction, sites: readonly Site[]): boolean {
	const users = usersOf(callee);
	const known = new Map<Inst, Value>();
	callee.params.forEach((param, i) => {
		if ((users.get(param)?.length ?? 0) === 0) return;
		const value = common(
			sites.map(({ call }) => call.args[i]),
			param,
		);
		if (value !== null && value.ty === param.ty) known.set(param, value);
	});
	replaceAll(callee, known);
	return known.size > 0;
}

function giveResult(callee: IrFunction, sites: readonly Site[]): Set<IrFunction> {
	const results = callee.blocks.map(terminator).filter(({ op }) => op === "ret");
	const value =
		callee.result === null || results.some(({ args }) => args.length === 0)
			? null
			: common(
					results.map(({ args }) => args[0]),
					null,
				);
	const changed = new Set<IrFunction>();
	if (value === null) return changed;
	for (const { call, caller } of sites) {
		if (call.ty !== value.ty) continue;
		for (const block of caller.blocks) {
			for (const inst of block.insts) {
				if (!inst.args.includes(call)) continue;
				inst.args = inst.args.map((arg) => (arg === call ? value : arg));
				changed.add(caller);
			}
		}
	}
	return changed;
}

/**
 * What the functions that are called, which are finished, do not read, is not passed. Before they are copied: calls that are alike then can be
 * one (`if (wrapped) return f(regs->di); return f(ctx->di);`, and `f` asks for none of it).
 */
export function passUnread(caller: IrFunction, functions: ReadonlyMap<FunctionSym, IrFunction>): boolean {
	let changed = false;
	for (const { insts } of caller.blocks) {
		for (const call of insts) {
			if (call.op !== "call" || call.attr!.callee!.kind !== "function") continue;
			const { symbol } = call.attr!.callee!;
			const callee = functions.get(symbol);
			if (callee === undefined || callee === caller || symbol.linkage !== "static" || symbol.weak || symbol.naked) continue;
			if (callee.blocks.length === 0 || call.args.length !== callee.params.length) continue;
			const users = usersOf(callee);
			callee.params.forEach((param, i) => {
				if (call.args[i].op === "undef" || (users.get(param) ?? []).length > 0) return;
				call.args[i] = undef(param.ty!);
				changed = true;
			});
		}
	}
	return changed;
}

function passLess(callee: IrFunction, sites: readonly Site[]): Set<IrFunction> {
	const users = usersOf(callee);
	const changed = new Set<IrFunction>();
	callee.params.forEach((param, i) => {
		if (
			(users.get(param) ?? []).some(
				(use) => !(use.op === "call" && use.attr!.callee!.kind === "function" && use.attr!.callee!.symbol === callee.symbol),
			)
		)
			return;
		for (const { call, caller } of sites) {
			if (call.args[i].op === "undef") continue;
			if (isInst(call.args[i])) changed.add(caller);
			call.args[i] = undef(param.ty!);
		}
	});
	return changed;
}
