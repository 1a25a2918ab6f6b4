import type { Attr, Const, Op, Pred, Ty, Value } from "./types.ts";
import { constant, unsigned, widthOf } from "./values.ts";

/**
 * What an operation gives on constants, as eBPF computes it (RFC 9669 section 4.1: shifts use the low bits of the
 * count, x / 0 = 0, x % 0 = x). One place: the builder, constant propagation and the tests use it.
 */
export function foldOp(op: Op, ty: Ty | null, args: readonly Value[], attr: Attr | undefined): Const | null {
	if (ty === null || args.length === 0) return null;
	for (const arg of args) if (arg.op !== "const") return null;
	const consts = args as readonly Const[];
	const a = consts[0].value;
	const b = consts.length > 1 ? consts[1].value : 0n;
	const from = consts[0].ty;
	switch (op) {
		case "zext":
			return constant(ty, unsigned("i32", a));
		case "sext":
		case "trunc":
		case "ptrtoint":
		case "inttoptr":
			return constant(ty, a);
		case "sextfrom":
			return constant(ty, BigInt.asIntN(attr!.bits!, a));
		case "bswap":
			return constant(ty, swapBytes(unsigned(ty, a), attr!.bits! / 8));
		case "icmp":
			return constant("i32", compare(attr!.pred!, from, a, b) ? 1 : 0);
		case "select":
			return a !== 0n ? consts[1] : consts[2];
		case "isconst":
			return constant("i32", 1);
		case "ptradd":
			return constant("ptr", a + b);
		case "neg":
			return constant(ty, -a);
		default:
			return foldArithmetic(op, ty, a, b);
	}
}

function foldArithmetic(op: Op, ty: Ty, a: bigint, b: bigint): Const | null {
	const width = BigInt(widthOf(ty));
	const ua = unsigned(ty, a);
	const ub = unsigned(ty, b);
	switch (op) {
		case "add":
			return constant(ty, a + b);
		case "sub":
			return constant(ty, a - b);
		case "mul":
			return constant(ty, a * b);
		case "udiv":
			return constant(ty, ub === 0n ? 0n : ua / ub);
		case "sdiv":
			return constant(ty, b === 0n ? 0n : a / b);
		case "umod":
			return constant(ty, ub === 0n ? a : ua % ub);
		case "smod":
			return constant(ty, b === 0n ? a : a % b);
		case "and":
			return constant(ty, a & b);
		case "or":
			return constant(ty, a | b);
		case "xor":
			return constant(ty, a ^ b);
		case "shl":
			return constant(ty, a << (ub & (width - 1n)));
		case "lshr":
			return constant(ty, ua >> (ub & (width - 1n)));
		case "ashr":
			return constant(ty, a >> (ub & (width - 1n)));
		default:
			return null;
	}
}

function swapBytes(value: bigint, bytes: number): bigint {
	let result = 0n;
	for (let i = 0; i < bytes; i++) result = (result << 8n) | ((value >> BigInt(8 * i)) & 0xffn);
	return result;
}

function compare(pred: Pred, ty: Ty, a: bigint, b: bigint): boolean {
	switch (pred) {
		case "eq":
			return a === b;
		case "ne":
			return a !== b;
		case "slt":
			return a < b;
		case "sle":
			return a <= b;
		case "sgt":
			return a > b;
		case "sge":
			return a >= b;
		case "ult":
			return unsigned(ty, a) < unsigned(ty, b);
		case "ule":
			return unsigned(ty, a) <= unsigned(ty, b);
		case "ugt":
			return unsigned(ty, a) > unsigned(ty, b);
		case "uge":
			return unsigned(ty, a) >= unsigned(ty, b);
	}
}
