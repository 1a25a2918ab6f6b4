import type { Value } from "../ir/types.ts";
import type { TExpr } from "../types/typed.ts";
import type { Lowering, Place } from "./state.ts";
import { bug } from "../diagnostics/diagnostic.ts";
import { constant, undef } from "../ir/values.ts";
import { changeSpace, convert, moved } from "./convert.ts";
import { copyPlace, preservedElement, readPlace, temporary } from "./places.ts";
import { isMemory, isWide, shapeOf, tyOf } from "./state.ts";
import { narrowWide } from "./int128.ts";
import { unary, arithmetic, comparison, difference } from "./arithmetic.ts";
import { joined } from "./conditions.ts";
import { assign, assignMemory, update } from "./assignments.ts";

/** Expressions of scalar type → values, of records → places, expressions for their effect. */
export function lowerValue(f: Lowering, expr: TExpr): Value {
	const before = f.b.loc;
	f.b.loc = expr.span;
	const value = scalar(f, expr);
	f.b.loc = before;
	// What was refused has the type that was asked for.
	return value.op === "undef" ? undef(tyOf(expr.type)) : value;
}

function scalar(f: Lowering, expr: TExpr): Value {
	const { b } = f;
	switch (expr.kind) {
		case "int":
			return constant(tyOf(expr.type), expr.value);
		case "float":
			return f.refuse("E0601", "eBPF has no floating-point values", expr.span);
		case "load": {
			const place = f.place(expr.from);
			b.loc = expr.span;
			return readPlace(f, { ...place, volatile: place.volatile || expr.volatile });
		}
		case "address":
			if (expr.of.kind === "element") f.inBounds(expr.of, true);
			return f.place(expr.of).base;
		case "function-address":
			f.unit.reach(expr.symbol);
			return b.append("global", "ptr", [], { global: expr.symbol, offset: 0 });
		case "convert":
			return conversion(f, expr);
		case "unary":
			return unary(f, expr);
		case "binary":
			return arithmetic(f, expr.op, f.value(expr.left), f.value(expr.right), expr.type);
		case "compare":
			return comparison(f, expr);
		case "logical":
			return joined(f, expr, "i32");
		case "pointer-add":
			if (expr.preserve && !expr.subtract) return preservedElement(f, expr);
			return moved(f.b, f.value(expr.pointer), f.value(expr.index), expr.index.type, expr.scale, expr.subtract);
		case "pointer-diff":
			return difference(f, f.value(expr.left), f.value(expr.right), expr.scale);
		case "conditional":
			return joined(f, expr, tyOf(expr.type));
		case "comma":
			f.effect(expr.left);
			return f.value(expr.right);
		case "assign":
			return assign(f, expr)!;
		case "update":
			return update(f, expr, true);
		case "call": {
			const result = f.call(expr, null);
			return result !== null && "op" in result ? result : undef(tyOf(expr.type));
		}
		case "builtin":
			return f.builtin(expr, true);
		case "statement-expression":
			for (const stmt of expr.body) f.statement(stmt);
			return expr.result === undefined ? undef(tyOf(expr.type)) : f.value(expr.result);
		case "core-info": {
			const { root, access, value } = expr.core;
			const info = b.append("coreinfo", "i64", [], { core: { root, access, relo: expr.relo, value } });
			return tyOf(expr.type) === "i32" ? b.truncate(info) : info;
		}
		case "label-address": {
			if (!f.addressed.includes(expr.label)) f.addressed.push(expr.label);
			return constant("ptr", f.addressed.indexOf(expr.label) + 1);
		}
	}
}

function conversion(f: Lowering, expr: TExpr & { kind: "convert" }): Value {
	const { operand } = expr;
	if (shapeOf(expr.type).kind === "void") {
		f.effect(operand);
		return undef("i32");
	}
	if (shapeOf(expr.type).kind === "float" || shapeOf(operand.type).kind === "float")
		return f.refuse("E0601", "eBPF has no floating-point arithmetic", expr.span);
	if (isWide(operand.type)) return narrowWide(f, f.wide(operand), expr.type);
	if (isMemory(operand.type)) return f.aggregate(operand).base;
	const value = convert(f.b, f.value(operand), operand.type, expr.type);
	return changeSpace(f.b, value, operand.type, expr.type);
}

/** Only for what it does. */
export function lowerEffect(f: Lowering, expr: TExpr): void {
	const before = f.b.loc;
	f.b.loc = expr.span;
	effect(f, expr);
	f.b.loc = before;
}

function effect(f: Lowering, expr: TExpr): void {
	switch (expr.kind) {
		case "convert":
			if (shapeOf(expr.type).kind === "void" || shapeOf(expr.type).kind === "float") return f.effect(expr.operand);
			break;
		case "comma":
			f.effect(expr.left);
			return f.effect(expr.right);
		case "conditional": {
			if (expr.then === undefined) break;
			const { b } = f;
			const yes = b.newBlock("cond.true");
			const no = b.newBlock("cond.false");
			const end = b.newBlock("cond.end");
			f.condition(expr.condition, yes, no);
			b.begin(yes);
			f.effect(expr.then);
			b.jump(end);
			b.begin(no);
			f.effect(expr.else);
			b.begin(end);
			return;
		}
		case "statement-expression":
			for (const stmt of expr.body) f.statement(stmt);
			if (expr.result !== undefined) f.effect(expr.result);
			return;
		case "assign":
			if (isMemory(expr.target.type)) assignMemory(f, expr);
			else assign(f, expr);
			return;
		case "update":
			update(f, expr, false);
			return;
		case "call":
			f.call(expr, null);
			return;
		case "builtin":
			f.builtin(expr, false);
			return;
		case "load":
			// A record read for nothing needs its address computed only.
			if (isMemory(expr.type)) {
				f.place(expr.from);
				return;
			}
			break;
	}
	if (isMemory(expr.type)) f.aggregate(expr);
	else if (isWide(expr.type)) f.wide(expr);
	else if (shapeOf(expr.type).kind !== "float" || expr.kind !== "int") f.value(expr);
}

/** A record value → the place it is in. */
export function lowerAggregate(f: Lowering, expr: TExpr, into?: Place): Place {
	const { b } = f;
	const target = (): Place => into ?? temporary(f, expr.type, "tmp");
	const deliver = (place: Place): Place => {
		if (into === undefined) return place;
		copyPlace(f, into, place);
		return into;
	};
	switch (expr.kind) {
		case "load":
			return deliver(f.place(expr.from));
		case "assign":
			return deliver(assignMemory(f, expr));
		case "comma":
			f.effect(expr.left);
			return f.aggregate(expr.right, into);
		case "convert":
			return f.aggregate(expr.operand, into);
		case "statement-expression":
			for (const stmt of expr.body) f.statement(stmt);
			return expr.result === undefined ? target() : f.aggregate(expr.result, into);
		case "conditional": {
			const to = target();
			const yes = b.newBlock("cond.true");
			const no = b.newBlock("cond.false");
			const end = b.newBlock("cond.end");
			if (expr.then === undefined) return bug("a record has no truth value");
			f.condition(expr.condition, yes, no);
			b.begin(yes);
			f.aggregate(expr.then, to);
			b.jump(end);
			b.begin(no);
			f.aggregate(expr.else, to);
			b.begin(end);
			return to;
		}
		case "call": {
			const result = f.call(expr, into ?? null);
			return result !== null && "base" in result ? result : target();
		}
		default:
			return bug(`no record comes from ${expr.kind}`);
	}
}
