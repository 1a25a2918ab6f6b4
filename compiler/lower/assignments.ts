import type { Value } from "../ir/types.ts";
import type { TExpr } from "../types/typed.ts";
import type { CType } from "../types/types.ts";
import type { Lowering, Place } from "./state.ts";
import { canonical, qualifiersOf } from "../types/basic.ts";
import { convert, moved } from "./convert.ts";
import { copyPlace, reach, readPlace, storedValue, writePlace, writeWide } from "./places.ts";
import { isMemory, isWide, shapeOf } from "./state.ts";
import { updateAtomically } from "./atomics.ts";
import { narrowWide } from "./int128.ts";
import { arithmetic } from "./arithmetic.ts";

/** `=`, `op=`, `++` and `--`: to places in memory, of any width, atomic where the type says so. */
export function assign(f: Lowering, expr: TExpr & { kind: "assign" }): Value | null {
	const { target, value } = expr;
	if (isMemory(target.type)) {
		assignMemory(f, expr);
		return null;
	}
	if (isWide(target.type)) {
		const wide = f.wide(value);
		writeWide(f, f.place(target), wide);
		return wide.lo;
	}
	const scalarValue = f.value(value);
	const place = f.place(target);
	f.b.loc = expr.span;
	if (qualifiersOf(target.type).atomic) f.b.append("storerel", null, [reach(f, place), scalarValue], { size: sizeForAtomic(target.type) });
	else writePlace(f, place, scalarValue);
	return storedValue(f, place, scalarValue);
}

const sizeForAtomic = (type: CType): number => {
	const t = canonical(type);
	return t.kind === "int" ? t.size : t.kind === "pointer" ? 8 : 4;
};

export function assignMemory(f: Lowering, expr: TExpr & { kind: "assign" }): Place {
	// A call may write through what the target's address depends on, so the value comes first.
	if (expr.value.kind === "load") {
		const from = f.place(expr.value.from);
		const to = f.place(expr.target);
		copyPlace(f, to, from);
		return to;
	}
	const from = f.aggregate(expr.value);
	const to = f.place(expr.target);
	copyPlace(f, to, from);
	return to;
}

export function update(f: Lowering, expr: TExpr & { kind: "update" }, used: boolean): Value {
	const { b } = f;
	const { target, op, compute } = expr;
	if (isWide(compute) || isWide(target.type)) {
		const place = f.place(target);
		return updateWide(f, expr, place);
	}
	if (shapeOf(compute).kind === "float") return f.refuse("E0601", "eBPF has no floating-point arithmetic", expr.span);
	const right = f.value(expr.value);
	const place = f.place(target);
	b.loc = expr.span;
	if (qualifiersOf(target.type).atomic) return updateAtomically(f, expr, place, right, used);
	const old = readPlace(f, place);
	let fresh: Value;
	if (shapeOf(target.type).kind === "pointer") {
		fresh = moved(f.b, old, right, expr.value.type, Math.max(expr.scale, 1), op === "-");
	} else {
		const computed = arithmetic(f, op, convert(b, old, target.type, compute), right, compute);
		fresh = convert(b, computed, compute, target.type);
	}
	writePlace(f, place, fresh);
	return expr.post ? old : storedValue(f, place, fresh);
}

function updateWide(f: Lowering, expr: TExpr & { kind: "update" }, place: Place): Value {
	const old: TExpr = { kind: "load", from: expr.target, volatile: false, type: expr.target.type, span: expr.span };
	const widened: TExpr = { kind: "convert", operand: old, explicit: false, type: expr.compute, span: expr.span };
	const result: TExpr = { kind: "binary", op: expr.op, left: widened, right: expr.value, type: expr.compute, span: expr.span };
	if (isWide(expr.target.type)) {
		const wide = f.wide(result);
		writeWide(f, place, wide);
		return wide.lo;
	}
	const value = narrowWide(f, f.wide(result), expr.target.type);
	writePlace(f, place, value);
	return value;
}
