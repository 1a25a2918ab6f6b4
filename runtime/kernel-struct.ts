/** Structures of the kernel's that the simulated one lays into memory: where their members stand, by the types that there are. */
import { resolved, type TypeSource } from "../assembler/btf/type-source.ts";
import type { BtfRecord } from "../assembler/btf/types.ts";
import { type Codec, typeCodec, type Value } from "./maps/codec.ts";

interface Field {
	readonly offset: number;
	readonly codec: Codec;
}

/** A struct as far as some of its members go; those that the types do not have are left out. */
export interface KernelStruct {
	/** Bytes; 0: the types have no such struct. */
	readonly size: number;
	readonly fields: ReadonlyMap<string, Field>;
}

const known = new WeakMap<TypeSource, Map<string, KernelStruct>>();

/** `members` are the same at each call for one struct. Those of anonymous members count as its own. */
export function kernelStruct(types: TypeSource, name: string, members: readonly string[]): KernelStruct {
	let structs = known.get(types);
	if (structs === undefined) known.set(types, (structs = new Map()));
	let struct = structs.get(name);
	if (struct === undefined) structs.set(name, (struct = laidOut(types, name, members)));
	return struct;
}

/** Writes members of a struct that begins at `at`. */
export function writeMembers({ fields }: KernelStruct, bytes: Uint8Array, at: number, values: Readonly<Record<string, Value>>): void {
	for (const [name, value] of Object.entries(values)) {
		const field = fields.get(name);
		if (field === undefined) continue;
		// A name ends with a NUL.
		bytes.set(field.codec.encode(typeof value === "string" ? value.slice(0, field.codec.size - 1) : value), at + field.offset);
	}
}

function laidOut(types: TypeSource, name: string, members: readonly string[]): KernelStruct {
	const fields = new Map<string, Field>();
	const collect = (struct: BtfRecord, base: number): void => {
		for (const { name: member, type, bitOffset } of struct.members) {
			const inner = resolved(types, type);
			if (member === "" && inner.kind === "struct") collect(inner, base + bitOffset / 8);
			else if (members.includes(member)) fields.set(member, { offset: base + bitOffset / 8, codec: typeCodec(types, type, member) });
		}
	};
	for (const id of types.find(name)) {
		const type = types.type(id);
		if (type.kind !== "struct") continue;
		collect(type, 0);
		return { size: type.size, fields };
	}
	return { size: 0, fields };
}
