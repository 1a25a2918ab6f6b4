import { asPointer, asRecord } from "./basic.ts";
import { sizeOf } from "./layout.ts";
import type { LExpr, TExpr } from "./typed.ts";
import type { CType } from "./types.ts";

/**
 * CO-RE: how a place is reached, as struct bpf_core_relo (include/uapi/linux/bpf.h) says it: from a root type, past so many of its kind, and
 * then by members and elements. clang's BPFAbstractMemberAccess makes the same chains.
 */
export interface CoreChain {
	/** What the steps begin at. */
	readonly from: LExpr;
	readonly root: CType;
	/** "1:0:2": past one root to the next, its first member, that one's third. */
	readonly access: string;
	/** From `from` to the place, with the types as compiled. */
	readonly bitOffset: number;
	readonly steps: readonly CoreStep[];
}

export type CoreStep = LExpr & { readonly kind: "member" | "element" };

/** An index that is written as a number. */
export const constantIndex = (index: TExpr): number | null =>
	index.kind === "int" ? Number(index.value) : index.kind === "convert" ? constantIndex(index.operand) : null;

/**
 * @param all every step belongs to it, not only those that are marked
 * @returns null for a place that no relocation can name: an element that is no part of a record
 */
export function coreChain(place: LExpr, all: boolean): CoreChain | null {
	const steps: CoreStep[] = [];
	let from = place;
	while (isStep(from, all)) {
		steps.unshift(from);
		from = from.base;
	}
	let bits = 0;
	for (const step of steps) bits += step.kind === "member" ? step.member.bitOffset : constantIndex(step.index)! * sizeOf(step.type) * 8;
	const leading = steps.findIndex(({ kind }) => kind === "member");
	const elements = leading < 0 ? steps : steps.slice(0, leading);
	let moved = 0;
	for (const step of elements) if (step.kind === "element") moved += constantIndex(step.index)! * sizeOf(step.type);
	const indexed = from.kind === "deref" ? pastPointer(from.pointer) : null;
	if (indexed !== null) {
		moved += indexed.bytes;
		bits += indexed.bytes * 8;
		from = { ...from, pointer: indexed.pointer } as LExpr;
	}
	if (indexed === null && elements.length === 0)
		return { from, root: rootOf(from.type, steps[0]), access: ["0", ...steps.map(indexOf)].join(":"), bitOffset: bits, steps };
	// Elements in front of all members, of however many dimensions, are one number: so many records on.
	const element = elements.at(-1)?.type ?? from.type;
	const record = asRecord(element);
	if (record === null) return null;
	const size = sizeOf(record);
	const access = [size === 0 ? 0 : moved / size, ...steps.slice(elements.length).map(indexOf)].join(":");
	return { from, root: record.name === null ? bare(element) : record, access, bitOffset: bits, steps };
}

function isStep(place: LExpr, all: boolean): place is CoreStep {
	if (place.kind === "member") return all || place.preserve;
	return place.kind === "element" && (all || place.preserve) && constantIndex(place.index) !== null;
}

const indexOf = (step: CoreStep): number => (step.kind === "member" ? step.index : constantIndex(step.index)!);

/** `p[2]` of a preserved access: the pointer, and the way that the subscript goes. */
export function pastPointer(pointer: TExpr): { readonly pointer: TExpr; readonly bytes: number } | null {
	if (pointer.kind !== "pointer-add" || !pointer.preserve || pointer.subtract) return null;
	const by = constantIndex(pointer.index);
	return by === null || asRecord(asPointer(pointer.type)!.target) === null ? null : { pointer: pointer.pointer, bytes: by * pointer.scale };
}

/** The type as written, typedefs and all, without its qualifiers; of a bit-field the record itself, if that has a name. */
function rootOf(type: CType, first: CoreStep | undefined): CType {
	const record = first?.kind === "member" && first.member.bitWidth !== null ? asRecord(type) : null;
	return record === null || record.name === null ? bare(type) : record;
}

/** Qualifiers of the root do not matter to a relocation. */
export function bare(type: CType): CType {
	let t = type;
	while (t.kind === "qualified" || t.kind === "tagged") t = t.target;
	return t;
}
