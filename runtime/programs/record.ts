/**
 * Programs whose context is a record that their own parameter describes: tracepoints (`struct trace_event_raw_sys_enter *ctx`) and syscall programs.
 * In: bytes, or the record's members by name. A tracepoint's record is laid out by the kernel, so the kernel's struct of that name counts where its types are
 * known: a program that declares only the members it reads is relocated to it. What a syscall program gets is laid out by the program alone.
 */
import type { TypeSource } from "../../assembler/btf/type-source.ts";
import { nameOf, resolve, resolved, typeSource } from "../../assembler/btf/type-source.ts";
import { runState } from "../invoke.ts";
import type { Codec, Value } from "../maps/codec.ts";
import { typeCodec } from "../maps/codec.ts";
import type { LoadedProgram } from "../program.ts";
import type { Family } from "./run.ts";
import { InputError } from "./input-error.ts";

/** What there is to read where nothing says how large the record is. */
const EMPTY = 256;
/** A member of a tracepoint's record that stands for text behind the record: its length in the high half, where it begins in the low one. */
const DATA_LOC = "__data_loc_";

/** `laidOutBy`: whose struct counts where both have one of that name. */
export function recordFamily(laidOutBy: "kernel" | "program"): Family {
	return (program, kernel) => {
		const { memory } = program.machine;
		// On the first run: the kernel's index of names takes time, and not every program runs.
		let codec: Codec | null | undefined;
		let context = memory.alloc(4096, 8, "context");
		let size = 4096;
		return (input) => {
			const record = (codec ??= recordCodec(program, laidOutBy === "kernel" ? kernel : undefined));
			const bytes = recordBytes(input.context, record);
			if (bytes.length > size) {
				memory.free(context);
				size = bytes.length;
				context = memory.alloc(size, 8, "context");
			}
			memory.u8.fill(0, context, context + size);
			memory.u8.set(bytes, context);
			return {
				r1: context,
				state: runState(program, context, { cookie: input.cookie ?? 0n }),
				finish: () => ({
					context: memory.u8.slice(context, context + bytes.length),
					...(record === null
						? {}
						: { fields: record.decode(memory.u8.slice(context, context + record.size)) as Readonly<Record<string, Value>> }),
				}),
			};
		};
	};
}

function recordBytes(given: Uint8Array | Readonly<Record<string, Value>> | undefined, codec: Codec | null): Uint8Array {
	if (given === undefined) return new Uint8Array(Math.max(EMPTY, codec?.size ?? 0));
	if (given instanceof Uint8Array) return given;
	if (codec === null)
		throw new InputError("this program's context is bytes: its parameter is no pointer to a struct, or the object has no BTF (-g)");
	const { members, tail } = withText(given, codec.size);
	let record: Uint8Array;
	try {
		record = codec.encode(members);
	} catch (thrown) {
		throw thrown instanceof TypeError ? new InputError(thrown.message) : thrown;
	}
	const bytes = new Uint8Array(codec.size + tail.length);
	bytes.set(record);
	bytes.set(tail, codec.size);
	return bytes;
}

/** Texts of `__data_loc_` members, one after the other behind the record, and where they lie as the members' values. */
function withText(
	given: Readonly<Record<string, Value>>,
	size: number,
): { readonly members: Readonly<Record<string, Value>>; readonly tail: readonly number[] } {
	const members: Record<string, Value> = { ...given };
	const tail: number[] = [];
	for (const [name, value] of Object.entries(given)) {
		if (!name.startsWith(DATA_LOC) || !(typeof value === "string" || value instanceof Uint8Array)) continue;
		const bytes = typeof value === "string" ? new TextEncoder().encode(`${value}\0`) : value;
		members[name] = (bytes.length << 16) | (size + tail.length);
		tail.push(...bytes);
	}
	return { members, tail };
}

/** Of the struct that the program's parameter points to; null where it points to none. */
function recordCodec(program: LoadedProgram, kernel: TypeSource | undefined): Codec | null {
	const { btf, funcInfo } = program.image;
	const fn = btf?.types[funcInfo[0]?.[1] ?? 0];
	if (btf === null || fn?.kind !== "func") return null;
	const own = typeSource(btf);
	const proto = own.type(fn.type);
	const pointer = proto.kind === "func_proto" && proto.params[0] !== undefined ? resolved(own, proto.params[0].type) : null;
	if (pointer?.kind !== "ptr") return null;
	const record = own.type(resolve(own, pointer.type));
	if (record.kind !== "struct") return null;
	// What stands behind three underscores is the program's own distinction.
	const name = nameOf(record).replace(/(?<=.)___.*$/, "");
	const theirs = name === "" ? undefined : kernel?.find(name).find((id) => kernel.type(id).kind === "struct");
	return theirs !== undefined && kernel !== undefined
		? typeCodec(kernel, theirs, "context")
		: typeCodec(own, resolve(own, pointer.type), "context");
}
