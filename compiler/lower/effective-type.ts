import type { EffectiveType } from "../ir/types.ts";
import type { CType } from "../types/types.ts";
import type { Place } from "./state.ts";
import { canonical } from "../types/basic.ts";
import { sizeOf } from "../types/layout.ts";

/**
 * Which C object an access is of (C11 6.5p7), for passes that ask whether a store can change what was loaded: the packet's
 * bytes do not hold the context's fields. As clang's TBAA has it: characters and enumerations may be anything, but one that
 * is named as a structure's member is of such a structure; all pointers are one type, what lies in a union may be anything.
 * Unlike clang, integers of one size are one type.
 */
export function effectiveType(place: Place): { effective?: EffectiveType } {
	if (place.punned || place.volatile) return {};
	const scalar = scalarOf(place.type);
	if (scalar === null) return {};
	if (place.within !== undefined) return { effective: { scalar, record: place.within.record, offset: place.within.offset } };
	return scalar === "any" ? {} : { effective: { scalar } };
}

function scalarOf(type: CType): EffectiveType["scalar"] | null {
	if (mayAlias(type)) return null;
	const { kind } = canonical(type);
	if (kind === "pointer") return "pointer";
	if (kind === "enum") return "any";
	if (kind !== "int") return null;
	const size = sizeOf(type);
	return size === 1 ? "any" : size === 2 ? "int16" : size === 4 ? "int32" : size === 8 ? "int64" : null;
}

/** `__attribute__((may_alias))` on a typedef on the way to the type. */
function mayAlias(type: CType): boolean {
	let t = type;
	for (; t.kind === "typedef" || t.kind === "qualified" || t.kind === "tagged"; t = t.target)
		if (t.kind === "typedef" && t.mayAlias === true) return true;
	return false;
}
