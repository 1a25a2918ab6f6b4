import type { Builder } from "../ir/build.ts";
import type { Ty, Value } from "../ir/types.ts";
import { constant, widthOf } from "../ir/values.ts";

/** Counting bits without an instruction for it (Warren, "Hacker's Delight", chapter 5). Both widths; the result is i32. */
function masks(ty: Ty, byte: bigint): Value {
	let value = 0n;
	for (let i = 0; i < widthOf(ty) / 8; i++) value = (value << 8n) | byte;
	return constant(ty, value);
}

export function popcount(b: Builder, x: Value): Value {
	const ty = x.ty!;
	const n = (value: number) => constant(ty, value);
	const pairs = b.binary("sub", x, b.binary("and", b.binary("lshr", x, n(1)), masks(ty, 0x55n)));
	const quads = b.binary("add", b.binary("and", pairs, masks(ty, 0x33n)), b.binary("and", b.binary("lshr", pairs, n(2)), masks(ty, 0x33n)));
	const bytes = b.binary("and", b.binary("add", quads, b.binary("lshr", quads, n(4))), masks(ty, 0x0fn));
	return b.truncate(b.binary("lshr", b.binary("mul", bytes, masks(ty, 0x01n)), n(widthOf(ty) - 8)));
}

/** Ones below the lowest set bit of x, counted. */
export function countTrailingZeros(b: Builder, x: Value): Value {
	const ty = x.ty!;
	return popcount(b, b.binary("and", b.binary("xor", x, constant(ty, -1)), b.binary("add", x, constant(ty, -1))));
}

/** Everything below the highest set bit filled, the rest counted. */
export function countLeadingZeros(b: Builder, x: Value): Value {
	const ty = x.ty!;
	let filled = x;
	for (let by = 1; by < widthOf(ty); by *= 2) filled = b.binary("or", filled, b.binary("lshr", filled, constant(ty, by)));
	return popcount(b, b.binary("xor", filled, constant(ty, -1)));
}

/** Copies of the sign bit that follow it: zeros of what differs from the sign, with a one behind so that there is an end to them. */
export function countSignBits(b: Builder, x: Value): Value {
	const ty = x.ty!;
	const differs = b.binary("xor", x, b.binary("ashr", x, constant(ty, widthOf(ty) - 1)));
	return countLeadingZeros(b, b.binary("or", b.binary("shl", differs, constant(ty, 1)), constant(ty, 1)));
}

/** 1 + the index of the lowest set bit, 0 for 0: `ctz + 1` with the wrap of an empty word masked away. */
export function findFirstSet(b: Builder, x: Value): Value {
	const zeros = countTrailingZeros(b, x);
	const nonzero = b.icmp("ne", x, constant(x.ty!, 0));
	return b.binary("and", b.binary("add", zeros, constant("i32", 1)), b.pure("neg", "i32", [nonzero]));
}
