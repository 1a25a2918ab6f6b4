import type { Builder } from "../ir/build.ts";
import type { Value } from "../ir/types.ts";
import type { CType, IntType } from "../types/types.ts";
import { constant } from "../ir/values.ts";
import { asPointer, qualifiersOf } from "../types/basic.ts";
import { isSigned, shapeOf } from "./state.ts";

/**
 * Conversions between scalars of up to 64 bits (C11 6.3). A value of a type narrower than int is an i32 extended as
 * the type says, so converting upwards is often nothing, and downwards is a mask or a sign extension from its top bit.
 */
export function convert(b: Builder, value: Value, from: CType, to: CType): Value {
	const source = shapeOf(from);
	const target = shapeOf(to);
	if (target.kind === "pointer") return toPointer(b, value, source.kind === "int" && source.type.signed);
	if (target.kind !== "int") return value;
	if (target.type.rank === 0) return truth(b, value);
	if (value.ty === "ptr") return narrow(b, b.pure("ptrtoint", "i64", [value]), null, target.type);
	return narrow(b, value, source.kind === "int" ? source.type : null, target.type);
}

function toPointer(b: Builder, value: Value, signed: boolean): Value {
	if (value.ty === "ptr") return value;
	return b.pure("inttoptr", "ptr", [b.extend(value, signed)]);
}

/** A cast between address spaces (arena pointers). */
export function changeSpace(b: Builder, value: Value, from: CType, to: CType): Value {
	const source = asPointer(from);
	const target = asPointer(to);
	if (source === null || target === null) return value;
	const spaces = { from: qualifiersOf(source.target).addressSpace, to: qualifiersOf(target.target).addressSpace };
	if (spaces.from === spaces.to || value.op === "const") return value;
	return b.append("addrspace", "ptr", [value], spaces);
}

/** value ≠ 0 as an i32 of 0 or 1. */
export function truth(b: Builder, value: Value): Value {
	if (value.op === "icmp") return value;
	return b.icmp("ne", value, constant(value.ty!, 0));
}

function narrow(b: Builder, value: Value, from: IntType | null, to: IntType): Value {
	if (to.size === 8) return b.extend(value, from?.signed ?? false);
	const low = b.truncate(value);
	if (to.size === 4) return low;
	if (from !== null && from.size <= 2 && representable(from, to)) return low;
	return extendFrom(b, low, to.size * 8, to.signed);
}

/** Every value of `from` is a value of `to`. */
const representable = (from: IntType, to: IntType): boolean =>
	from.rank === 0 || (from.signed === to.signed ? from.size <= to.size : !from.signed && from.size < to.size);

/** Takes the low bits and extends them again. */
export function extendFrom(b: Builder, value: Value, bits: number, signed: boolean): Value {
	const ty = value.ty!;
	const width = ty === "i32" ? 32 : 64;
	if (bits >= width) return value;
	if (!signed) return b.binary("and", value, constant(ty, (1n << BigInt(bits)) - 1n));
	if (bits === 8 || bits === 16 || bits === 32) return b.pure("sextfrom", ty, [value], { bits });
	const shift = constant(ty, width - bits);
	return b.binary("ashr", b.binary("shl", value, shift), shift);
}

/** pointer ± index·scale. */
export function moved(b: Builder, pointer: Value, index: Value, indexType: CType, scale: number, subtract: boolean): Value {
	const offset = b.binary("mul", b.extend(index, isSigned(indexType)), constant("i64", scale));
	return b.ptradd(pointer, subtract ? b.pure("neg", "i64", [offset]) : offset);
}
