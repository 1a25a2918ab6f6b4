import type { FunctionSym, LExpr, ObjectSym, TExpr } from "../types/typed.ts";
import type { Block, Inst, IrFunction, Value } from "../ir/types.ts";
import type { Lowering, Targets, UnitLowering } from "./state.ts";
import { Builder } from "../ir/build.ts";
import { newBlock, newInst, undef } from "../ir/values.ts";
import { sizeOf } from "../types/layout.ts";
import { type Beyond, beyond, warnOfBounds } from "./bounds.ts";
import { lowerBuiltin, isLibraryBuiltin } from "./builtins.ts";
import { lowerCall, parameterTypes, passing, resultType, returnsIndirectly, storePieces } from "./calls.ts";
import { lowerAggregate, lowerCondition, lowerEffect, lowerValue } from "./expressions.ts";
import { storeInit } from "./init.ts";
import { lowerWide } from "./int128.ts";
import { access, copyPlace, lowerPlace } from "./places.ts";
import { shapeOf } from "./state.ts";
import { takenOrder, warnOfUninitialized } from "./uninitialized.ts";
import { endFunction, finishComputedGotos, lowerStatement } from "./statements.ts";

/** One function: parameters into slots, the body, the return at its end. Every local is a slot; promotion comes later. */
export function lowerFunction(unit: UnitLowering, symbol: FunctionSym): IrFunction {
	const body = symbol.body!;
	const fn: IrFunction = {
		symbol,
		name: symbol.asmLabel ?? symbol.name,
		params: [],
		result: resultType(symbol.type),
		blocks: [],
		nextId: 0,
		end: body.end,
		...(unit.context.nullIsAddress ? { nullIsAddress: true } : {}),
	};
	const types = parameterTypes(symbol.type);
	for (const [param, ty] of types.entries()) fn.params.push(newInst(fn, "param", ty, [], { param }, symbol.span));
	const entry = newBlock(fn, "entry");
	fn.blocks.push(entry);
	const builder = new Builder(fn, entry);
	builder.loc = symbol.span;

	const slots = new Map<ObjectSym, Inst>();
	const allocas: Inst[] = [];
	const newSlot = (size: number, align: number, variable: string): Inst => {
		const slot = newInst(fn, "alloca", "ptr", [], { size, align, variable });
		allocas.push(slot);
		return slot;
	};
	const indirect = returnsIndirectly(symbol.type.result) ? fn.params[0] : null;
	const labels = new Map<string, Block>();
	const asked = new Set<LExpr>();
	const outside: Beyond[] = [];
	const noTargets: Targets = { break: null, continue: null };
	const f: Lowering = {
		unit,
		fn,
		b: builder,
		targets: noTargets,
		cases: new Map(),
		labels,
		addressed: [],
		computedGotos: [],
		result: { type: symbol.type.result, indirect },
		value: (expr) => lowerValue(f, expr),
		wide: (expr) => lowerWide(f, expr),
		aggregate: (expr, into) => lowerAggregate(f, expr, into),
		effect: (expr) => lowerEffect(f, expr),
		condition: (expr, then, otherwise) => lowerCondition(f, expr, then, otherwise),
		place: (expr) => lowerPlace(f, expr),
		initialise: (place, init) => storeInit(f, place, init),
		statement: (stmt) => lowerStatement(f, stmt),
		builtin: (expr, used) => lowerBuiltin(f, expr, used),
		call: (expr, into) => {
			const { callee } = expr;
			// A C library function that clang knows too: `memcpy` declared by a header.
			if (callee.kind === "function" && callee.symbol.body === undefined && isLibraryBuiltin(callee.symbol.name)) {
				const known: TExpr & { kind: "builtin" } = {
					kind: "builtin",
					name: `__builtin_${callee.symbol.name}`,
					args: expr.args,
					typeArgs: [],
					type: expr.type,
					span: expr.span,
				};
				return lowerBuiltin(f, known, true);
			}
			return lowerCall(f, expr, into);
		},
		slot: (variable) => {
			let slot = slots.get(variable);
			if (slot === undefined) {
				const size = sizeOf(variable.type);
				slot = newSlot(size, slotAlign(size, variable.align), variable.name);
				slots.set(variable, slot);
			}
			return slot;
		},
		newSlot,
		inBounds: (element, address) => {
			if (!builder.open || asked.has(element)) return;
			asked.add(element);
			const wrong = beyond(element, builder.block, address);
			if (wrong !== null) outside.push(wrong);
		},
		refuse: (code, message, span) => {
			unit.refuse(code, message, span);
			return undef("i32");
		},
	};

	if (!symbol.naked) storeParameters(f, symbol, indirect === null ? 0 : 1);
	for (const stmt of body.statements) f.statement(stmt);
	builder.loc = body.end;
	if (symbol.naked || symbol.noreturn) {
		if (builder.open) builder.append("unreachable", null, []);
	} else endFunction(f);
	finishComputedGotos(f);
	placeUnreachedLabels(f);
	entry.insts.unshift(...allocas);
	warnOfUninitialized(fn, slots, unit.context.diagnostics);
	if (outside.length > 0) warnOfBounds(outside, new Set(takenOrder(fn)), unit.context.diagnostics);
	return fn;
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
