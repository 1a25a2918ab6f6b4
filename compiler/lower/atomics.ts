import type { Attr, Value } from "../ir/types.ts";
import type { TExpr } from "../types/typed.ts";
import type { CType } from "../types/types.ts";
import type { BuiltinExpr, Lowering, Place } from "./state.ts";
import { constant } from "../ir/values.ts";
import { asPointer, qualifiersOf } from "../types/basic.ts";
import { sizeOf } from "../types/layout.ts";
import { extendFrom, moved } from "./convert.ts";
import { reach } from "./places.ts";
import { isSigned, shapeOf, tyOf } from "./state.ts";

/**
 * `__sync_*`, `__atomic_*`, `__c11_atomic_*` and operators on `_Atomic` objects. eBPF has add, and, or, xor (with or
 * without the old value), exchange and compare-exchange on 4 and 8 bytes (RFC 9669 section 5.3).
 */
type Rmw = NonNullable<Attr["rmw"]>;

const RMW: Record<string, Rmw> = { add: "add", sub: "sub", and: "and", or: "or", xor: "xor" };

/** memory_order values as the compiler predefines them. */
const RELAXED = 0n;

export function isAtomicBuiltin(name: string): boolean {
	return /^__(sync|atomic|c11_atomic)_/.test(name);
}

export function lowerAtomic(f: Lowering, expr: BuiltinExpr, used: boolean): Value {
	const { b } = f;
	const name = expr.name.replace(/^__c11_atomic_/, "__atomic_").replace(/_explicit$/, "");
	const none = constant("i32", 0);
	const pointee = expr.args.length > 0 ? asPointer(expr.args[0].type)?.target : undefined;
	if (name === "__sync_synchronize" || name === "__atomic_thread_fence" || name === "__atomic_signal_fence") {
		b.append("fence", null, []);
		return none;
	}
	if (pointee === undefined) return f.refuse("E0603", `${expr.name} needs a pointer`, expr.span);
	const size = sizeOf(pointee);
	const plain = /_(load|store)(_n)?$|_clear$|release$|_init$/.test(name);
	if (size !== 4 && size !== 8 && !(plain && (size === 1 || size === 2))) {
		const what = plain ? "loads and stores of 1, 2, 4 and 8" : "operations on 4 and 8";
		return f.refuse("E0603", `eBPF has atomic ${what} bytes, not ${plain ? "of" : "on"} ${size}`, expr.span);
	}
	const { addressSpace } = qualifiersOf(pointee);
	const given = f.value(expr.args[0]);
	const pointer = addressSpace === 0 ? given : b.append("addrspace", "ptr", [given], { from: addressSpace, to: 0 });
	const arg = (index: number): Value => fit(f, expr.args[index], pointee);
	const order = (index: number): bigint => orderOf(expr.args[index]);

	const fetch = /^__(?:sync|atomic)_(?:fetch_and_|fetch_)(\w+)$/.exec(name);
	if (fetch !== null && fetch[1] in RMW) return modify(f, RMW[fetch[1]], pointer, arg(1), pointee, used, false);
	const after = /^__(?:sync|atomic)_(\w+?)_(?:and_)?fetch$/.exec(name);
	if (after !== null && after[1] in RMW) return modify(f, RMW[after[1]], pointer, arg(1), pointee, used, true);

	switch (name) {
		case "__sync_lock_test_and_set":
		case "__atomic_exchange_n":
		case "__sync_swap":
		case "__atomic_exchange":
			if (expr.name !== "__atomic_exchange") return modify(f, "xchg", pointer, arg(1), pointee, true, false);
			exchange(f, expr, pointer, pointee);
			return none;
		case "__sync_val_compare_and_swap":
			return back(f, b.append("cmpxchg", intTy(pointee), [pointer, integer(f, arg(1)), integer(f, arg(2))], { size }), pointee);
		case "__sync_bool_compare_and_swap": {
			const expected = integer(f, arg(1));
			return b.icmp("eq", b.append("cmpxchg", intTy(pointee), [pointer, expected, integer(f, arg(2))], { size }), expected);
		}
		case "__atomic_compare_exchange_n":
		case "__atomic_compare_exchange_strong":
		case "__atomic_compare_exchange_weak":
		case "__atomic_compare_exchange":
			return compareExchange(f, expr, pointer, pointee, size);
		case "__sync_lock_release":
			b.append("storerel", null, [pointer, constant(intTy(pointee), 0)], { size });
			return none;
		case "__atomic_load_n":
		case "__atomic_load": {
			const generic = expr.name === "__atomic_load";
			const value = load(f, pointer, pointee, size, order(generic ? 2 : 1));
			if (!generic) return value;
			b.store(f.value(expr.args[1]), value, { size });
			return none;
		}
		case "__atomic_store_n":
		case "__atomic_store":
		case "__atomic_clear": {
			const isRelaxed = order(name === "__atomic_clear" ? 1 : 2) === RELAXED;
			const value = storedBy(f, expr, name, pointee);
			if (isRelaxed) b.store(pointer, value, { size, volatile: true });
			else b.append("storerel", null, [pointer, value], { size });
			return none;
		}
		case "__atomic_init":
			b.store(pointer, arg(1), { size });
			return none;
		default:
			return f.refuse("E0603", `eBPF has no instruction for ${expr.name}`, expr.span);
	}
}

/** What is not a constant is taken for the strictest order. */
function orderOf(given: TExpr | undefined): bigint {
	return given?.kind === "int" ? given.value : given?.kind === "convert" && given.operand.kind === "int" ? given.operand.value : 5n;
}

/** The generic form: the new value and the old one are in memory. */
function exchange(f: Lowering, expr: BuiltinExpr, pointer: Value, type: CType): void {
	const size = sizeOf(type);
	const fresh = f.b.load(tyOf(type), f.value(expr.args[1]), { size });
	const old = f.b.append("atomic", intTy(type), [pointer, integer(f, fresh)], { rmw: "xchg", size, fetch: true });
	f.b.store(f.value(expr.args[2]), old, { size });
}

function storedBy(f: Lowering, expr: BuiltinExpr, name: string, type: CType): Value {
	if (name === "__atomic_clear") return constant("i32", 0);
	return expr.name === "__atomic_store" ? f.b.load(tyOf(type), f.value(expr.args[1]), { size: sizeOf(type) }) : fit(f, expr.args[1], type);
}

/** An operand, as a value of the object's type. */
function fit(f: Lowering, expr: TExpr, type: CType): Value {
	const value = f.value(expr);
	const ty = tyOf(type);
	if (ty === "ptr") return value.ty === "ptr" ? value : f.b.pure("inttoptr", "ptr", [f.b.extend(value, isSigned(expr.type))]);
	return ty === "i64" ? f.b.extend(value, isSigned(expr.type)) : f.b.truncate(value);
}

const intTy = (type: CType): "i32" | "i64" => (tyOf(type) === "i32" ? "i32" : "i64");

const integer = (f: Lowering, value: Value): Value => (value.ty === "ptr" ? f.b.pure("ptrtoint", "i64", [value]) : value);

const back = (f: Lowering, value: Value, type: CType): Value => (tyOf(type) === "ptr" ? f.b.pure("inttoptr", "ptr", [value]) : value);

function load(f: Lowering, pointer: Value, type: CType, size: number, order: bigint): Value {
	const signed = size < 4 && isSigned(type) ? { signed: true } : {};
	if (order === RELAXED) return f.b.load(tyOf(type), pointer, { size, volatile: true, ...signed });
	const value = f.b.append("loadacq", tyOf(type), [pointer], { size });
	return size < 4 ? extendFrom(f.b, value, size * 8, isSigned(type)) : value;
}

/** `fresh`: the result is the new value, computed again from the old one. */
function modify(f: Lowering, rmw: Rmw, pointer: Value, operand: Value, type: CType, used: boolean, fresh: boolean): Value {
	const { b } = f;
	const size = sizeOf(type);
	let value = integer(f, operand);
	let op = rmw;
	if (op === "sub") {
		value = b.pure("neg", value.ty!, [value]);
		op = "add";
	}
	if (!used && op !== "xchg") {
		b.append("atomic", null, [pointer, value], { rmw: op, size });
		return constant("i32", 0);
	}
	const old = b.append("atomic", intTy(type), [pointer, value], { rmw: op, size, fetch: true });
	if (!fresh) return back(f, old, type);
	return back(f, b.binary(op === "xchg" ? "add" : op, old, value), type);
}

function compareExchange(f: Lowering, expr: BuiltinExpr, pointer: Value, type: CType, size: number): Value {
	const { b } = f;
	const expectedAt = f.value(expr.args[1]);
	const desired =
		expr.name === "__atomic_compare_exchange"
			? b.load(intTy(type), f.value(expr.args[2]), { size })
			: integer(f, fit(f, expr.args[2], type));
	const expected = b.load(intTy(type), expectedAt, { size });
	const old = b.append("cmpxchg", intTy(type), [pointer, expected, desired], { size });
	const same = b.icmp("eq", old, expected);
	const failed = b.newBlock("cmpxchg.failed");
	const end = b.newBlock("cmpxchg.end");
	b.branch(same, end, failed);
	b.begin(failed);
	b.store(expectedAt, old, { size });
	b.begin(end);
	return same;
}

/** `x op= v` and `x++` on an `_Atomic` object. */
export function updateAtomically(f: Lowering, expr: TExpr & { kind: "update" }, place: Place, right: Value, used: boolean): Value {
	const type = expr.target.type;
	const rmw = { "+": "add", "-": "sub", "&": "and", "|": "or", "^": "xor" }[expr.op as "+"] as Rmw | undefined;
	const size = sizeOf(type);
	if (rmw === undefined || (size !== 4 && size !== 8))
		return f.refuse("E0603", `eBPF has no atomic ${expr.op}= on ${size} bytes`, expr.span);
	if (shapeOf(type).kind === "pointer") {
		const offset = integer(f, moved(f.b, constant("ptr", 0), right, expr.value.type, Math.max(expr.scale, 1), false));
		return modify(f, rmw, reach(f, place), offset, type, used, !expr.post);
	}
	const operand = tyOf(type) === "i64" ? f.b.extend(right, isSigned(expr.value.type)) : f.b.truncate(right);
	return modify(f, rmw, reach(f, place), operand, type, used, !expr.post);
}
