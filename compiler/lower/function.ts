import type { FunctionSym, LExpr, ObjectSym, TExpr } from "../types/typed.ts";
import type { Block, Inst, IrFunction, Value } from "../ir/types.ts";
import type { Lowering, Targets, UnitLowering } from "./state.ts";
import { Builder } from "../ir/build.ts";
import { newBlock, newInst, undef } from "../ir/values.ts";
import { sizeOf } from "../types/layout.ts";
import { type Beyond, beyond, warnOfBounds } from "./bounds.ts";
import { lowerBuiltin, isLibraryBuiltin } from "./builtins.ts";
import { lowerCall, parameterTypes, passing, resultType, returnsIndirectly, storePieces } from "./calls.ts";
import { lowerAggregate, lowerEffect, lowerValue } from "./expressions.ts";
import { lowerCondition } from "./conditions.ts";
import { storeInit } from "./init.ts";
import { lowerWide } from "./int128.ts";
import { access, copyPlace, lowerPlace } from "./places.ts";
import { shapeOf } from "./state.ts";
import { takenOrder, warnOfUninitialized } from "./uninitialized.ts";
import { endFunction, finishComputedGotos, lowerStatement } from "./statements.ts";

/** One function: parameters into slots, the body, the return at its end. Every local is a slot; promotion comes later. */
export function lowerFunction(unit: UnitLowering, symbol: FunctionSym): IrFunction {
	const body = symbol.body!;
	const fn = newFunction(unit, symbol);
	const slots = new Slots(fn);
	const bounds = new Bounds();
	const f = lowering(unit, symbol, fn, slots, bounds);
	const { b } = f;

	if (!symbol.naked) storeParameters(f, symbol, f.result.indirect === null ? 0 : 1);
	for (const stmt of body.statements) f.statement(stmt);
	b.loc = body.end;
	if (symbol.naked || symbol.noreturn) {
		if (b.open) b.append("unreachable", null, []);
	} else endFunction(f);
	finishComputedGotos(f);
	placeUnreachedLabels(f);
	fn.blocks[0].insts.unshift(...slots.all);
	warnOfUninitialized(fn, slots.ofVariables, f.origins, unit.context.diagnostics);
	if (bounds.exceeded.length > 0) warnOfBounds(bounds.exceeded, new Set(takenOrder(fn)), unit.context.diagnostics);
	return fn;
}

function newFunction(unit: UnitLowering, symbol: FunctionSym): IrFunction {
	const fn: IrFunction = {
		symbol,
		name: symbol.asmLabel ?? symbol.name,
		params: [],
		result: resultType(symbol.type),
		blocks: [],
		nextId: 0,
		end: symbol.body!.end,
		...(unit.context.nullIsAddress ? { nullIsAddress: true } : {}),
	};
	for (const [param, ty] of parameterTypes(symbol.type).entries()) fn.params.push(newInst(fn, "param", ty, [], { param }, symbol.span));
	fn.blocks.push(newBlock(fn, "entry"));
	return fn;
}

class Slots {
	readonly all: Inst[] = [];
	readonly ofVariables = new Map<ObjectSym, Inst>();
	readonly #fn: IrFunction;

	constructor(fn: IrFunction) {
		this.#fn = fn;
	}

	of(variable: ObjectSym): Inst {
		let slot = this.ofVariables.get(variable);
		if (slot === undefined) {
			const size = sizeOf(variable.type);
			slot = this.add(size, slotAlign(size, variable.align), variable.name);
			this.ofVariables.set(variable, slot);
		}
		return slot;
	}

	add(size: number, align: number, variable: string): Inst {
		const slot = newInst(this.#fn, "alloca", "ptr", [], { size, align, variable });
		this.all.push(slot);
		return slot;
	}
}

/** Elements that lie outside of their arrays; each is looked at once. */
class Bounds {
	readonly exceeded: Beyond[] = [];
	readonly #asked = new Set<LExpr>();

	check(element: Parameters<Lowering["inBounds"]>[0], block: Block, address: boolean): void {
		if (this.#asked.has(element)) return;
		this.#asked.add(element);
		const wrong = beyond(element, block, address);
		if (wrong !== null) this.exceeded.push(wrong);
	}
}

/** What the parts of lowering call of each other. */
function lowering(unit: UnitLowering, symbol: FunctionSym, fn: IrFunction, slots: Slots, bounds: Bounds): Lowering {
	const builder = new Builder(fn, fn.blocks[0]);
	builder.loc = symbol.span;
	const noTargets: Targets = { break: null, continue: null };
	const f: Lowering = {
		unit,
		fn,
		b: builder,
		targets: noTargets,
		cases: new Map(),
		labels: new Map(),
		addressed: [],
		computedGotos: [],
		origins: { branches: new Map(), labels: new Map() },
		result: { type: symbol.type.result, indirect: returnsIndirectly(symbol.type.result) ? fn.params[0] : null },
		value: (expr) => lowerValue(f, expr),
		wide: (expr) => lowerWide(f, expr),
		aggregate: (expr, into) => lowerAggregate(f, expr, into),
		effect: (expr) => lowerEffect(f, expr),
		condition: (expr, then, otherwise, why) => lowerCondition(f, expr, then, otherwise, why),
		place: (expr) => lowerPlace(f, expr),
		initialise: (place, init) => storeInit(f, place, init),
		statement: (stmt) => lowerStatement(f, stmt),
		builtin: (expr, used) => lowerBuiltin(f, expr, used),
		call: (expr, into) => {
			const known = asBuiltin(expr);
			return known === null ? lowerCall(f, expr, into) : lowerBuiltin(f, known, true);
		},
		slot: (variable) => slots.of(variable),
		newSlot: (size, align, variable) => slots.add(size, align, variable),
		inBounds: (element, address) => {
			if (builder.open) bounds.check(element, builder.block, address);
		},
		refuse: (code, message, span) => {
			unit.refuse(code, message, span);
			return undef("i32");
		},
	};
	return f;
}

/** A C library function that clang knows too: `memcpy` declared by a header. */
function asBuiltin({ callee, args, type, span }: TExpr & { kind: "call" }): (TExpr & { kind: "builtin" }) | null {
	if (callee.kind !== "function" || callee.symbol.body !== undefined || !isLibraryBuiltin(callee.symbol.name)) return null;
	return { kind: "builtin", name: `__builtin_${callee.symbol.name}`, args, typeArgs: [], type, span };
}

/** Ours to choose: as wide as accesses to it may be. */
function slotAlign(size: number, wanted: number): number {
	const useful = size >= 8 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1;
	return Math.min(8, Math.max(wanted, useful, 1));
}

function storeParameters(f: Lowering, symbol: FunctionSym, from: number): void {
	let at = from;
	for (const param of symbol.body!.params) {
		const how = passing(param.type);
		const slot = f.slot(param);
		if (how.kind === "scalar") {
			const size = sizeOf(param.type);
			if (shapeOf(param.type).kind === "float") f.refuse("E0601", "eBPF has no floating-point values to pass", param.span);
			else f.b.store(slot, f.fn.params[at], access(size, 8, false));
			at++;
		} else if (how.kind === "address") {
			const type = param.type;
			copyPlace(
				f,
				{ base: slot, type, align: param.align, volatile: false },
				{ base: f.fn.params[at++], type, align: param.align, volatile: false },
			);
		} else {
			const pieces: Value[] = f.fn.params.slice(at, at + how.count);
			at += how.count;
			storePieces(f, slot, pieces, sizeOf(param.type));
		}
	}
}

/** A label that the checker let through but no statement carries (its statement was dropped) ends nowhere. */
function placeUnreachedLabels(f: Lowering): void {
	const placed = new Set(f.fn.blocks);
	for (const block of f.labels.values()) {
		if (placed.has(block)) continue;
		f.fn.blocks.push(block);
		f.b.block = block;
		f.b.append("unreachable", null, []);
	}
}
