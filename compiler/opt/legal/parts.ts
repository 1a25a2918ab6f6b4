import type { Value } from "../../ir/types.ts";
import { isInst } from "../../ir/values.ts";
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
