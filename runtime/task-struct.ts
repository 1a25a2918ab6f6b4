/**
 * The current task as programs see it through `bpf_get_current_task()`: a `struct task_struct` with the environment's numbers and name, where the types say
 * that these lie. Its own parent and group leader, as the first task is; everything else is zero.
 */
import { resolved, type TypeSource } from "../assembler/btf/type-source.ts";
import type { BtfRecord } from "../assembler/btf/types.ts";
import type { Task } from "./environment.ts";
import { type Codec, typeCodec, type Value } from "./maps/codec.ts";
import type { LinearMemory } from "./memory.ts";

interface Field {
	readonly offset: number;
	readonly codec: Codec;
}

/** A kernel's has some 10,000 bytes. */
const LEAST = 16384;

const layouts = new WeakMap<TypeSource, ReadonlyMap<string, Field>>();

/** Bytes for one. */
export function taskSize(types: TypeSource | null): number {
	return Math.max(LEAST, (types === null ? null : taskStruct(types))?.size ?? 0);
}

/** Writes what the environment says of the task. */
export function writeTask({ u8 }: LinearMemory, at: number, { pid, tgid, comm }: Task, types: TypeSource): void {
	const values = { pid, tgid, comm, real_parent: at, parent: at, group_leader: at } satisfies Record<string, Value>;
	const fields = fieldsOf(types, Object.keys(values));
	for (const [name, value] of Object.entries(values)) {
		const field = fields.get(name);
		if (field === undefined) continue;
		// A name ends with a NUL.
		u8.set(field.codec.encode(typeof value === "string" ? value.slice(0, field.codec.size - 1) : value), at + field.offset);
	}
}

function taskStruct(types: TypeSource): BtfRecord | null {
	for (const id of types.find("task_struct")) {
		const type = types.type(id);
		if (type.kind === "struct") return type;
	}
	return null;
}

function fieldsOf(types: TypeSource, wanted: readonly string[]): ReadonlyMap<string, Field> {
	const known = layouts.get(types);
	if (known !== undefined) return known;
	const fields = new Map<string, Field>();
	const collect = (struct: BtfRecord, base: number): void => {
		for (const { name, type, bitOffset } of struct.members) {
			const inner = resolved(types, type);
			if (name === "" && inner.kind === "struct") collect(inner, base + bitOffset / 8);
			else if (wanted.includes(name)) fields.set(name, { offset: base + bitOffset / 8, codec: typeCodec(types, type, name) });
		}
	};
	const struct = taskStruct(types);
	if (struct !== null) collect(struct, 0);
	layouts.set(types, fields);
	return fields;
}
