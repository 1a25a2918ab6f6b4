import type { IrFunction, IrModule } from "../ir/types.ts";
import type { FunctionSym, Sym, TypedUnit } from "../types/typed.ts";
import type { LowerContext, UnitLowering } from "./state.ts";
import { lowerFunction } from "./function.ts";
import { createGlobals } from "./globals.ts";

/**
 * Typed tree → IR module. Functions come out in source order; a `static` or `inline` function that nothing reaches is
 * left out, as clang leaves it out. Objects are those that somebody uses, or that must stay.
 */
export function lower(unit: TypedUnit, context: LowerContext): IrModule {
	const globals = createGlobals();
	const wanted = new Set<FunctionSym>();
	const work: FunctionSym[] = [];
	const refused = new Set<string>();
	const state: UnitLowering = {
		context,
		global: (symbol) => globals.of(symbol),
		string: (bytes) => globals.string(bytes),
		reach: (symbol) => {
			if (symbol.body === undefined || wanted.has(symbol)) return;
			wanted.add(symbol);
			work.push(symbol);
		},
		refuse: (code, message, span) => {
			const key = `${span.from} ${message}`;
			if (refused.has(key)) return;
			refused.add(key);
			context.diagnostics.report({ code, severity: "error", message, span });
		},
	};
	const stays = (symbol: Sym): boolean =>
		symbol.used || symbol.linkage === "global" || (symbol.section !== null && symbol.linkage !== "extern");
	for (const object of unit.objects) if (object.storage === "static" && object.linkage !== "extern" && stays(object)) globals.of(object);
	for (const fn of unit.functions) if (stays(fn)) state.reach(fn);

	const lowered = new Map<FunctionSym, IrFunction>();
	const reachFromGlobals = (): void => {
		for (const global of globals.list) {
			for (const { symbol } of global.relocs) if ("kind" in symbol && symbol.kind === "function") state.reach(symbol);
		}
	};
	reachFromGlobals();
	while (work.length > 0) {
		const symbol = work.pop()!;
		lowered.set(symbol, lowerFunction(state, symbol));
		reachFromGlobals();
	}
	for (const { span } of unit.fileAsm) state.refuse("E0605", "assembly outside of functions is not supported", span);
	const order = new Map(unit.functions.map((symbol, i) => [symbol, i]));
	const functions = [...lowered.values()].sort((a, b) => (order.get(a.symbol) ?? 0) - (order.get(b.symbol) ?? 0));
	return { functions, globals: globals.list, extraTypes: unit.extraTypes };
}
