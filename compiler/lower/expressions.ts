import type { Block, Op, Pred, Value } from "../ir/types.ts";
import type { TExpr } from "../types/typed.ts";
import type { CType } from "../types/types.ts";
import type { Lowering, Place } from "./state.ts";
import { bug } from "../diagnostics/diagnostic.ts";
import { constant, undef } from "../ir/values.ts";
import { canonical, qualifiersOf } from "../types/basic.ts";
import { changeSpace, convert, moved, truth } from "./convert.ts";
import { copyPlace, reach, readPlace, storedValue, temporary, writePlace, writeWide } from "./places.ts";
import { isMemory, isSigned, isWide, shapeOf, tyOf } from "./state.ts";
import { updateAtomically } from "./atomics.ts";
import { compareWide, narrowWide } from "./int128.ts";

/** Expressions of scalar type → values, expressions for their effect, conditions → branches. */
export function lowerValue(f: Lowering, expr: TExpr): Value {
	const before = f.b.loc;
	f.b.loc = expr.span;
	const value = scalar(f, expr);
	f.b.loc = before;
	return value;
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

function unary(f: Lowering, expr: TExpr & { kind: "unary" }): Value {
	const { b } = f;
	if (expr.op === "!") {
		if (isWide(expr.operand.type)) {
			const { lo, hi } = f.wide(expr.operand);
			return b.icmp("eq", b.binary("or", lo, hi), constant("i64", 0));
		}
		const value = f.value(expr.operand);
		return b.icmp("eq", value, constant(value.ty!, 0));
	}
	const value = f.value(expr.operand);
	if (shapeOf(expr.type).kind === "float") return f.refuse("E0601", "eBPF has no floating-point arithmetic", expr.span);
	return expr.op === "-" ? b.pure("neg", value.ty!, [value]) : b.binary("xor", value, constant(value.ty!, -1));
}

const OPS: Record<string, readonly [unsigned: Op, signed: Op]> = {
	"*": ["mul", "mul"],
	"/": ["udiv", "sdiv"],
	"%": ["umod", "smod"],
	"+": ["add", "add"],
	"-": ["sub", "sub"],
	"<<": ["shl", "shl"],
	">>": ["lshr", "ashr"],
	"&": ["and", "and"],
	"^": ["xor", "xor"],
	"|": ["or", "or"],
};

function arithmetic(f: Lowering, op: string, left: Value, right: Value, type: CType): Value {
	const { b } = f;
	if (shapeOf(type).kind === "float") return f.refuse("E0601", "eBPF has no floating-point arithmetic", b.loc!);
	const a = left.ty === "ptr" ? b.extend(left, false) : left;
	let c = right;
	if (c.ty !== a.ty) c = a.ty === "i64" ? b.extend(c, false) : b.truncate(c);
	const signed = isSigned(type);
	return b.binary(
		OPS[op][signed ? 1 : 0],
		a,
		c,
		signed && "+-*".includes(op) && f.unit.context.strictOverflow ? { signed: true } : undefined,
	);
}

const PREDS: Record<string, readonly [unsigned: Pred, signed: Pred]> = {
	"<": ["ult", "slt"],
	">": ["ugt", "sgt"],
	"<=": ["ule", "sle"],
	">=": ["uge", "sge"],
	"==": ["eq", "eq"],
	"!=": ["ne", "ne"],
};

function comparison(f: Lowering, expr: TExpr & { kind: "compare" }): Value {
	const { left, right, op } = expr;
	if (shapeOf(left.type).kind === "float") return f.refuse("E0601", "eBPF has no floating-point arithmetic", expr.span);
	const pred = PREDS[op][isSigned(left.type) ? 1 : 0];
	if (isWide(left.type)) return compareWide(f, pred, f.wide(left), f.wide(right));
	const a = f.value(left);
	let b = f.value(right);
	if (b.ty !== a.ty) b = convert(f.b, b, right.type, left.type);
	f.b.loc = expr.span;
	return f.b.icmp(pred, a, b);
}

/** (left − right) / scale; the division is exact, so an odd factor is a multiplication by its inverse. */
function difference(f: Lowering, left: Value, right: Value, scale: number): Value {
	const { b } = f;
	const bytes = b.binary("sub", b.extend(left, false), b.extend(right, false));
	if (scale <= 1) return bytes;
	const zeros = Math.log2(scale & -scale);
	const shifted = b.binary("ashr", bytes, constant("i64", zeros));
	const odd = BigInt(scale >> zeros);
	if (odd === 1n) return shifted;
	let inverse = odd;
	for (let i = 0; i < 6; i++) inverse = BigInt.asUintN(64, inverse * (2n - odd * inverse));
	return b.binary("mul", shifted, constant("i64", inverse));
}

/** `?:`, `&&` and `||` as values: a phi over the arms. */
function joined(f: Lowering, expr: TExpr & { kind: "conditional" | "logical" }, ty: "i32" | "i64" | "ptr"): Value {
	const { b } = f;
	const end = b.newBlock("cond.end");
	const arms: { value: Value; from: Block }[] = [];
	const arm = (value: Value): void => {
		if (!b.open) return;
		arms.push({ value, from: b.block });
		b.jump(end);
	};
	if (expr.kind === "logical") {
		const yes = b.newBlock("cond.true");
		const no = b.newBlock("cond.false");
		f.condition(expr, yes, no);
		b.begin(yes);
		arm(constant("i32", 1));
		b.begin(no);
		arm(constant("i32", 0));
	} else if (expr.then === undefined) {
		const no = b.newBlock("cond.false");
		const value = f.value(expr.condition);
		const yes = b.newBlock("cond.true");
		b.branch(value.ty === "ptr" ? truth(b, value) : value, yes, no);
		b.begin(yes);
		arm(convert(b, value, expr.condition.type, expr.type));
		b.begin(no);
		arm(f.value(expr.else));
	} else {
		const yes = b.newBlock("cond.true");
		const no = b.newBlock("cond.false");
		f.condition(expr.condition, yes, no);
		b.begin(yes);
		arm(f.value(expr.then));
		b.begin(no);
		arm(f.value(expr.else));
	}
	f.b.fn.blocks.push(end);
	b.block = end;
	if (arms.length === 0) {
		b.append("unreachable", null, []);
		return undef(ty);
	}
	const phi = b.append(
		"phi",
		ty,
		arms.map((one) => one.value),
		undefined,
		arms.map((one) => one.from),
	);
	return phi;
}

function assign(f: Lowering, expr: TExpr & { kind: "assign" }): Value | null {
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

function assignMemory(f: Lowering, expr: TExpr & { kind: "assign" }): Place {
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

function update(f: Lowering, expr: TExpr & { kind: "update" }, used: boolean): Value {
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

/** Branches on an expression, following `&&`, `||` and `!`. */
export function lowerCondition(f: Lowering, expr: TExpr, then: Block, otherwise: Block): void {
	const { b } = f;
	const before = b.loc;
	b.loc = expr.span;
	condition(f, expr, then, otherwise);
	b.loc = before;
}

function condition(f: Lowering, expr: TExpr, then: Block, otherwise: Block): void {
	const { b } = f;
	if (expr.kind === "logical") {
		const second = b.newBlock(expr.op === "&&" ? "and.rhs" : "or.rhs");
		if (expr.op === "&&") f.condition(expr.left, second, otherwise);
		else f.condition(expr.left, then, second);
		b.begin(second);
		f.condition(expr.right, then, otherwise);
		return;
	}
	if (expr.kind === "unary" && expr.op === "!") return f.condition(expr.operand, otherwise, then);
	if (expr.kind === "comma") {
		f.effect(expr.left);
		return f.condition(expr.right, then, otherwise);
	}
	if (expr.kind === "convert" && keepsTruth(expr)) return f.condition(expr.operand, then, otherwise);
	if (expr.kind === "builtin" && /^__builtin_expect/.test(expr.name)) return f.condition(expr.args[0], then, otherwise);
	if (isWide(expr.type)) {
		const { lo, hi } = f.wide(expr);
		return b.branch(b.icmp("ne", b.binary("or", lo, hi), constant("i64", 0)), then, otherwise);
	}
	const value = f.value(expr);
	b.loc = expr.span;
	b.branch(value.ty === "ptr" ? truth(b, value) : value, then, otherwise);
}

/** Widening, or any conversion to _Bool, of something whose truth is the same. */
function keepsTruth(expr: TExpr & { kind: "convert" }): boolean {
	const to = shapeOf(expr.type);
	const from = shapeOf(expr.operand.type);
	if (to.kind !== "int" || (from.kind !== "int" && from.kind !== "pointer")) return false;
	if (to.type.rank === 0) return true;
	return from.kind === "int" && from.type.size <= to.type.size;
}
