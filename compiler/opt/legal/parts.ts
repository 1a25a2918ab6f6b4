import type { Attr, Inst, Value } from "../../ir/types.ts";
import { constant, isInst } from "../../ir/values.ts";
import { rootOf } from "../analysis/slots.ts";

/** How memory is accessed where little is known of its address: its alignment, and the widest accesses that this allows. */

/** What can be proven of an address; stack slots are aligned as we like (up to 8). */
export function alignmentOf(address: Value, claimed: number): number {
	const { root, offset } = rootOf(address);
	if (!isInst(root) || offset === null) return claimed;
	let base = claimed;
	if (root.op === "alloca") base = Math.max(root.attr!.align!, 1);
	else if (root.op === "global") {
		const target = root.attr!.global!;
		base = "section" in target && "size" in target ? target.align : claimed;
	} else return claimed;
	let align = Math.min(8, base);
	const distance = offset + (root.op === "global" ? (root.attr!.offset ?? 0) : 0);
	while (distance % align !== 0) align /= 2;
	return Math.max(align, claimed);
}

/** The accesses that cover `size` bytes of that alignment: each at a multiple of its width, offsets in bytes. */
export function partsOf(size: number, align: number): { offset: number; width: number }[] {
	const parts: { offset: number; width: number }[] = [];
	for (let offset = 0; offset < size; ) {
		let width = Math.min(8, align);
		while (width > size - offset || offset % width !== 0) width /= 2;
		parts.push({ offset, width });
		offset += width;
	}
	return parts;
}

export const littleEndian = (bytes: Uint8Array): bigint => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

/** The byte, again and again. */
export const pattern = (byte: bigint, width: number): bigint => {
	let value = 0n;
	for (let i = 0; i < width; i++) value = (value << 8n) | (byte & 0xffn);
	return value;
};

/** The same of a byte that is not known, in eight. */
export function spread(byte: Value, emit: (op: Inst["op"], ty: Inst["ty"], args: Value[], attr?: Attr) => Inst): Value {
	const low = emit("and", "i32", [byte, constant("i32", 0xff)]);
	return emit("mul", "i64", [emit("zext", "i64", [low]), constant("i64", 0x0101010101010101n)]);
}
