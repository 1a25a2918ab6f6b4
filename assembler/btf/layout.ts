/**
 * Sizes and alignments of BTF types, as a C compiler for a 64-bit machine lays them out. In: types. Out: bytes; nothing (`undefined`)
 * for what has no size: void, functions, forward declarations, cycles. Source: the rules of libbpf's btf__resolve_size and btf__align_of.
 */
import { DEPTH, perType } from "./per-type.ts";
import { type BtfRecord, type BtfType, isModifier } from "./types.ts";

export const POINTER_SIZE = 8;

/** A cycle of modifiers ends after so many as no real type has. */
export function stripModifiers(types: readonly BtfType[], id: number): number {
	for (let depth = 0; depth < DEPTH; depth++) {
		const type: BtfType | undefined = types[id];
		if (type === undefined || !isModifier(type)) return id;
		id = type.type;
	}
	return 0;
}

export function sizeOf(types: readonly BtfType[], id: number, depth = 0): number | undefined {
	if (depth > DEPTH) return undefined;
	const type = types[stripModifiers(types, id)];
	switch (type?.kind) {
		case "int":
		case "float":
		case "enum":
		case "enum64":
		case "struct":
		case "union":
		case "datasec":
			return type.size;
		case "ptr":
			return POINTER_SIZE;
		case "array": {
			const element = sizeOf(types, type.type, depth + 1);
			return element === undefined ? undefined : element * type.length;
		}
		case "var":
			return sizeOf(types, type.type, depth + 1);
		default:
			return undefined;
	}
}

export const alignOf = perType<readonly BtfType[], number | undefined>(undefined, (types, id, inner) => {
	const type = types[stripModifiers(types, id)];
	switch (type?.kind) {
		case "int":
		case "float":
		case "enum":
		case "enum64":
			return Math.min(POINTER_SIZE, type.size);
		case "ptr":
			return POINTER_SIZE;
		case "array":
			return inner(type.type);
		case "struct":
		case "union": {
			let greatest = 1;
			for (const member of type.members) {
				const align = inner(member.type);
				if (align === undefined) return undefined;
				greatest = Math.max(greatest, align);
				// A member that is not where its type wants to be: the record is packed.
				if (member.bitSize === 0 && member.bitOffset % (8 * align) !== 0) return 1;
			}
			return type.size % greatest !== 0 ? 1 : greatest;
		}
		default:
			return undefined;
	}
});

/** Whether a struct can only be written with `__attribute__((packed))`. */
export function isPacked(types: readonly BtfType[], record: BtfRecord): boolean {
	let greatest = 1;
	for (const member of record.members) {
		const align = alignOf(types, member.type) ?? 0;
		if (align > 0 && member.bitSize === 0 && member.bitOffset % (8 * align) !== 0) return true;
		greatest = Math.max(greatest, align);
	}
	return record.size % greatest !== 0;
}
