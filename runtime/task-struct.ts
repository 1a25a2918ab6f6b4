/**
 * The current task as programs see it through `bpf_get_current_task()`: a `struct task_struct` with the environment's numbers and name, where the types say
 * that these lie. Its own parent and group leader, as the first task is; everything else is zero.
 */
import { resolved, sizeOf, type TypeSource } from "../assembler/btf/type-source.ts";
import type { BtfRecord } from "../assembler/btf/types.ts";
import type { Task } from "./environment.ts";
import type { LinearMemory } from "./memory.ts";

interface Field {
	readonly offset: number;
	readonly size: number;
}

/** A kernel's has some 10,000 bytes. */
const LEAST = 16384;
const NUMBERS = ["pid", "tgid"] as const;
const RELATIVES = ["real_parent", "parent", "group_leader"] as const;
const NAME = "comm";

const layouts = new WeakMap<TypeSource, ReadonlyMap<string, Field>>();

/** Bytes for one. */
export function taskSize(types: TypeSource | null): number {
	return Math.max(LEAST, (types === null ? null : taskStruct(types))?.size ?? 0);
}

/** Writes what the environment says of the task. */
export function writeTask({ u8, view }: LinearMemory, at: number, task: Task, types: TypeSource): void {
	const fields = fieldsOf(types);
	const put = (name: string, value: bigint): void => {
		const field = fields.get(name);
		if (field?.size === 4) view.setUint32(at + field.offset, Number(BigInt.asUintN(32, value)), true);
		else if (field?.size === 8) view.setBigUint64(at + field.offset, BigInt.asUintN(64, value), true);
	};
	for (const name of NUMBERS) put(name, BigInt(task[name]));
	for (const name of RELATIVES) put(name, BigInt(at));
	const comm = fields.get(NAME);
	if (comm === undefined) return;
	const bytes = new TextEncoder().encode(task.comm).subarray(0, comm.size - 1);
	u8.fill(0, at + comm.offset, at + comm.offset + comm.size);
	u8.set(bytes, at + comm.offset);
}

function taskStruct(types: TypeSource): BtfRecord | null {
	for (const id of types.find("task_struct")) {
		const type = types.type(id);
		if (type.kind === "struct") return type;
	}
	return null;
}

function fieldsOf(types: TypeSource): ReadonlyMap<string, Field> {
	const known = layouts.get(types);
	if (known !== undefined) return known;
	const wanted: readonly string[] = [...NUMBERS, ...RELATIVES, NAME];
	const fields = new Map<string, Field>();
	const collect = (struct: BtfRecord, base: number): void => {
		for (const { name, type, bitOffset } of struct.members) {
			const inner = resolved(types, type);
			if (name === "" && inner.kind === "struct") collect(inner, base + bitOffset / 8);
			else if (wanted.includes(name)) fields.set(name, { offset: base + bitOffset / 8, size: sizeOf(types, type) });
		}
	};
	const struct = taskStruct(types);
	if (struct !== null) collect(struct, 0);
	layouts.set(types, fields);
	return fields;
}
