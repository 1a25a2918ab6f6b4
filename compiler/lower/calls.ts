import type { Attr, IrCallee, Ty, Value } from "../ir/types.ts";
import type { TExpr } from "../types/typed.ts";
import type { CType, FunctionType } from "../types/types.ts";
import type { CallExpr, Lowering, Place } from "./state.ts";
import { constant } from "../ir/values.ts";
import { sizeOf } from "../types/layout.ts";
import { extendFrom } from "./convert.ts";
import { copyPlace, temporary } from "./places.ts";
import { isMemory, isSigned, shapeOf, tyOf } from "./state.ts";

/**
 * Calls, and how arguments travel. clang's BPF ABI: scalars in a register each; a record of up to 8 bytes in one, up
 * to 16 in two; larger ones by the address of a copy. A record result is written through a hidden first argument,
 * which works between functions of one program (clang gives up there) and vanishes by inlining.
 */
export type Passing =
	| { readonly kind: "scalar"; readonly ty: Ty }
	| { readonly kind: "pieces"; readonly count: number }
	| { readonly kind: "address" };

export function passing(type: CType): Passing {
	const shape = shapeOf(type);
	if (shape.kind === "wide") return { kind: "pieces", count: 2 };
	if (shape.kind !== "memory") return { kind: "scalar", ty: tyOf(type) };
	if (shape.size > 16) return { kind: "address" };
	return { kind: "pieces", count: Math.ceil(shape.size / 8) };
}

/** In memory, by a hidden first argument. */
export const returnsIndirectly = (type: CType): boolean => isMemory(type) || shapeOf(type).kind === "wide";

/** IR types of a function's parameters. */
export function parameterTypes(type: FunctionType): Ty[] {
	const types: Ty[] = returnsIndirectly(type.result) ? ["ptr"] : [];
	for (const param of type.params) {
		const how = passing(param.type);
		if (how.kind === "scalar") types.push(how.ty);
		else if (how.kind === "address") types.push("ptr");
		else for (let i = 0; i < how.count; i++) types.push("i64");
	}
	return types;
}

export function resultType(type: FunctionType): Ty | null {
	return shapeOf(type.result).kind === "void" || returnsIndirectly(type.result) ? null : tyOf(type.result);
}

/** `asm("llvm.bpf.load.half")` on a declaration: the packet access instructions of classic BPF, by the names that LLVM gives them. */
const PACKET_LOADS = new Map([
	["llvm.bpf.load.byte", "u8"],
	["llvm.bpf.load.half", "u16"],
	["llvm.bpf.load.word", "u32"],
]);

/** The packet buffer is in r6, the result in r0; the other caller-saved registers are lost (RFC 9669 section 5.6). */
function loadPacket(f: Lowering, width: string, args: readonly TExpr[]): Value {
	const skb = f.value(args[0]);
	const offset = f.value(args[1]);
	const operand = (constraint: string, register?: string) => ({
		constraint,
		memory: false,
		wide: true,
		...(register === undefined ? {} : { register }),
	});
	return f.b.append("asm", "i64", [skb, offset], {
		asm: {
			template: `r0 = *(${width} *)skb[%2]`,
			volatile: true,
			reads: true,
			outputs: [{ constraint: "r", inout: false, earlyClobber: false, memory: false, wide: true, register: "r0" }],
			inputs: [operand("r", "r6"), operand("ri")],
			clobbers: ["r1", "r2", "r3", "r4", "r5"],
			labels: [],
		},
	});
}

export function lowerCall(f: Lowering, expr: CallExpr, into: Place | null): Value | Place | null {
	const { b } = f;
	const packetLoad = expr.callee.kind === "function" ? PACKET_LOADS.get(expr.callee.symbol.asmLabel ?? "") : undefined;
	if (packetLoad !== undefined && expr.args.length === 2) return loadPacket(f, packetLoad, expr.args);
	const span = expr.span;
	let callee: IrCallee;
	let pointer: Value | null = null;
	if (expr.callee.kind === "helper") callee = { kind: "helper", id: expr.callee.id, name: expr.callee.name };
	else if (expr.callee.kind === "function") {
		callee = { kind: "function", symbol: expr.callee.symbol };
		f.unit.reach(expr.callee.symbol);
	} else {
		pointer = f.value(expr.callee.pointer);
		callee = { kind: "indirect" };
		const target = pointer.op === "global" ? pointer.attr!.global! : null;
		if (target !== null && "kind" in target && target.kind === "function") {
			callee = { kind: "function", symbol: target };
			pointer = null;
		}
	}
	const args: Value[] = pointer === null ? [] : [pointer];
	let result: Place | null = null;
	if (returnsIndirectly(expr.type)) {
		// Into a temporary: the arguments may read what the result overwrites.
		result = temporary(f, expr.type, "result");
		args.push(result.base);
	}
	for (const arg of expr.args) passArgument(f, arg, args);
	b.loc = span;
	const ty = result !== null || shapeOf(expr.type).kind === "void" ? null : tyOf(expr.type);
	if (shapeOf(expr.type).kind === "float") return f.refuse("E0601", "eBPF has no floating-point values to return", span);
	const attr: Attr = { callee };
	const call = b.append("call", ty, args, attr);
	if (callee.kind === "function" && callee.symbol.noreturn) b.append("unreachable", null, []);
	if (result !== null) {
		if (into === null) return result;
		copyPlace(f, into, result);
		return into;
	}
	return ty === null ? null : extended(f, call, expr.type, callee);
}

/**
 * Others may leave anything above a narrow result. Functions of this unit extend it, and of a static one the verifier sees that; of a global one it
 * believes no more than that there is a number.
 */
function extended(f: Lowering, call: Value, type: CType, callee: IrCallee): Value {
	const shape = shapeOf(type);
	if (shape.kind !== "int" || shape.type.size >= 4) return call;
	if (callee.kind === "function" && callee.symbol.body !== undefined && callee.symbol.linkage === "static") return call;
	return extendFrom(f.b, call, shape.type.rank === 0 ? 1 : shape.type.size * 8, isSigned(type));
}

function passArgument(f: Lowering, arg: TExpr, args: Value[]): void {
	const how = passing(arg.type);
	if (how.kind === "scalar") {
		if (shapeOf(arg.type).kind === "float") args.push(f.refuse("E0601", "eBPF has no floating-point values to pass", arg.span));
		else if (shapeOf(arg.type).kind !== "void") args.push(f.value(arg));
		return;
	}
	if (shapeOf(arg.type).kind === "wide") {
		const { lo, hi } = f.wide(arg);
		args.push(lo, hi);
		return;
	}
	if (how.kind === "address") {
		const copy = temporary(f, arg.type, "argument");
		f.aggregate(arg, copy);
		args.push(copy.base);
		return;
	}
	if (how.count === 0) return f.effect(arg);
	const slot = f.newSlot(how.count * 8, 8, "argument");
	f.b.append("lifetime", null, [slot]);
	f.aggregate(arg, { base: slot, type: arg.type, align: 8, volatile: false });
	for (let i = 0; i < how.count; i++) args.push(pieceOf(f, slot, sizeOf(arg.type) - i * 8, i * 8));
}

/** Up to eight bytes of a record as an i64; what lies behind its end is zero. */
function pieceOf(f: Lowering, slot: Value, left: number, at: number): Value {
	if (left >= 8) return f.b.load("i64", f.b.ptradd(slot, at), { size: 8 });
	let value: Value = constant("i64", 0);
	for (let done = 0; done < left; ) {
		const size = left - done >= 4 ? 4 : left - done >= 2 ? 2 : 1;
		const part = f.b.extend(f.b.load("i32", f.b.ptradd(slot, at + done), { size }), false);
		value = f.b.binary("or", value, f.b.binary("shl", part, constant("i64", done * 8)));
		done += size;
	}
	return value;
}

/** The other side: a record parameter's pieces into its slot. */
export function storePieces(f: Lowering, slot: Value, pieces: readonly Value[], size: number): void {
	pieces.forEach((piece, i) => {
		let rest = piece;
		for (let done = 0; done < Math.min(8, size - i * 8); ) {
			const left = size - i * 8 - done;
			const width = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
			f.b.store(f.b.ptradd(slot, i * 8 + done), width === 8 ? rest : f.b.truncate(rest), { size: width });
			done += width;
			if (done < 8) rest = f.b.binary("lshr", rest, constant("i64", width * 8));
		}
	});
}
