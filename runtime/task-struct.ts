/**
 * The current task as programs see it through `bpf_get_current_task()`: a `struct task_struct` with the environment's numbers and name, where the types say
 * that these lie. Its own parent and group leader, as the first task is; everything else is zero.
 */
import type { TypeSource } from "../assembler/btf/type-source.ts";
import type { Task } from "./environment.ts";
import { type KernelStruct, kernelStruct, writeMembers } from "./kernel-struct.ts";
import type { LinearMemory } from "./memory.ts";

/** A kernel's has some 10,000 bytes. */
const LEAST = 16384;

const taskStruct = (types: TypeSource): KernelStruct =>
	kernelStruct(types, "task_struct", ["pid", "tgid", "comm", "real_parent", "parent", "group_leader"]);

/** Bytes for one. */
export function taskSize(types: TypeSource | null): number {
	return Math.max(LEAST, types === null ? 0 : taskStruct(types).size);
}

/** Writes what the environment says of the task. */
export function writeTask({ u8 }: LinearMemory, at: number, { pid, tgid, comm }: Task, types: TypeSource): void {
	writeMembers(taskStruct(types), u8, at, { pid, tgid, comm, real_parent: at, parent: at, group_leader: at });
}
