import { asArray } from "../types/basic.ts";
import { sizeOf } from "../types/layout.ts";
import type { TExpr } from "../types/typed.ts";

/** Bytes from a pointer to the end of the variable (or, for an odd `kind`, of the member) that it points into. */
export function objectSize(pointer: TExpr, kind: bigint): bigint | null {
	if (pointer.kind === "convert") return objectSize(pointer.operand, kind);
	if (pointer.kind === "pointer-add" && pointer.index.kind === "int") {
		const rest = objectSize(pointer.pointer, kind);
		return rest === null ? null : rest - pointer.index.value * BigInt(pointer.scale) * (pointer.subtract ? -1n : 1n);
	}
	if (pointer.kind !== "address") return null;
	let l = pointer.of;
	let offset = 0;
	for (;;) {
		if (l.kind === "variable" || l.kind === "string" || l.kind === "compound-literal") {
			// An initialiser may have given elements to a flexible array member.
			const given = l.kind === "variable" && l.symbol.kind === "object" ? (l.symbol.init?.bytes.length ?? 0) : 0;
			return BigInt(Math.max(0, Math.max(sizeOf(l.type), given) - offset));
		}
		if (l.kind === "member") {
			// Such a member reaches to the end of the variable, at most; at least (kind 3) it has no elements.
			const flexible = asArray(l.type) !== null && sizeOf(l.type) === 0;
			if (kind === 3n || (kind === 1n && !flexible)) return BigInt(Math.max(0, sizeOf(l.type) - offset));
			offset += Math.floor(l.member.bitOffset / 8);
			l = l.base;
		} else if (l.kind === "element" && l.index.kind === "int") {
			offset += Number(l.index.value) * sizeOf(l.type);
			l = l.base;
		} else return null;
	}
}
