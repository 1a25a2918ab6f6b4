import type { Attr, Inst, IrGlobal, Value } from "../../ir/types.ts";
import type { Alignment } from "../analysis/aligned.ts";
import { constant, isInst } from "../../ir/values.ts";
import { LITERALS } from "../../types/typed.ts";
import { isInData, rootOf } from "../analysis/slots.ts";

/** How memory is accessed where little is known of its address: its alignment, and the widest accesses that this allows. */

/** A slot, or an object in this object's data, that is copied, read or written in bytes for want of alignment gets it (LLVM: getOrEnforceKnownAlignment). */
export function alignObject(address: Value): void {
	const { root } = rootOf(address);
	if (!isInst(root)) return;
	if (root.op === "alloca" && root.attr!.size! >= 4 && root.attr!.align! < 8)
		root.attr = { ...root.attr, align: root.attr!.size! >= 8 ? 8 : 4 };
	if (root.op !== "global" || !isInData(root)) return;
	const global = root.attr!.global as IrGlobal;
	if (!global.symbol.weak && global.section !== LITERALS && global.size >= 4)
		global.align = Math.max(global.align, global.size >= 8 ? 8 : 4);
}

/** The accesses that cover `size` bytes from there on: each at a multiple of its width, offsets in bytes. */
export function partsOf(size: number, { align, phase }: Alignment): { offset: number; width: number }[] {
	const parts: { offset: number; width: number }[] = [];
	for (let offset = 0; offset < size; ) {
		let width = Math.min(8, align);
		while (width > size - offset || (phase + offset) % width !== 0) width /= 2;
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
