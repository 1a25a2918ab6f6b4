/**
 * Where programs are loaded for: program type × attach type × target. `HOOKS` are those without a target in the kernel's BTF; `targetHooks` finds the
 * others there. Left out: fentry, fexit, fmod_ret, LSM and extension programs, which a load without attaching may not ask for (EPERM).
 */
import { type TypeSource, isRecord, nameOf, resolved, skipModifiers } from "../../runtime/verifier/btf.ts";
import { specOf } from "../../runtime/verifier/programs/table.ts";

export interface Hook {
	readonly name: string;
	readonly type: number;
	readonly attach: number;
	/** BPF_F_*; 16 sleepable. */
	readonly flags: number;
	readonly target?: { readonly id: number; readonly name: string };
}

export const SLEEPABLE = 16;
const TRACING = 26;
const STRUCT_OPS = 27;
const RAW_TP = 23;
const ITER = 28;

/** Program type: attach types. kprobe has multi, session and uprobe forms; system call programs always sleep. */
const ATTACH: readonly (readonly [type: number, attach: readonly number[]])[] = [
	[1, [0]], [2, [0, 42, 48, 56, 57]], [3, [0, 46, 47, 54, 55]], [4, [0]], [5, [0]], [6, [0, 33, 35, 37]], [7, [0]], [8, [0, 1]], [9, [2, 12, 13, 34]], [10, [0]], [11, [0]], [12, [0]], [13, [3, 0]],
	[14, [0, 4, 5, 38]], [15, [6, 0]], [16, [7, 0]], [17, [0]], [18, [8, 9, 10, 11, 14, 15, 19, 20, 29, 30, 31, 32, 49, 50, 51, 52, 53]], [19, [0]], [21, [39, 40]], [22, [17, 0]], [23, [18, 0]], [24, [0]], [25, [21, 22]],
	[30, [36]], [31, [0]], [32, [45]],
];
/** Program types that are in the table of the verifier and that this kernel was built without. */
export const NOT_BUILT: readonly { readonly type: number; readonly why: string }[] = [{ type: 20, why: "lirc_mode2: the kernel has no infrared remote control" }];

export const HOOKS: readonly Hook[] = ATTACH.flatMap(([type, attaches]) => attaches.flatMap((attach) => {
	const name = `${specOf(type)?.name ?? type}/${attach}`;
	if (type === 31) return [{ name, type, attach, flags: SLEEPABLE }];
	return type === 2 ? [{ name, type, attach, flags: 0 }, { name: `${name}.s`, type, attach, flags: SLEEPABLE }] : [{ name, type, attach, flags: 0 }];
}));

export const hook = (type: number, attach = 0, flags = 0): Hook => ({ name: `${specOf(type)?.name ?? type}/${attach}`, type, attach, flags });

export interface Targets {
	readonly tracepoints: readonly Hook[];
	readonly iterators: readonly Hook[];
	readonly members: readonly Hook[];
}

/** The hooks that are named in the kernel's BTF. */
export function targetHooks(kernel: TypeSource): Targets {
	const tracepoints: Hook[] = [];
	const iterators: Hook[] = [];
	const members: Hook[] = [];
	for (let id = 1; id < kernel.count; id++) {
		const t = kernel.type(id);
		if (t.kind === "typedef" && t.name.startsWith("btf_trace_")) tracepoints.push({ name: `tp_btf/${t.name.slice(10)}`, type: TRACING, attach: RAW_TP, flags: 0, target: { id, name: t.name } });
		else if (t.kind === "func" && t.name.startsWith("bpf_iter_") && takesIteration(kernel, t.type)) {
			for (const flags of [0, SLEEPABLE]) iterators.push({ name: `iter/${t.name.slice(9)}${flags ? ".s" : ""}`, type: TRACING, attach: ITER, flags, target: { id, name: t.name } });
		} else if (t.kind === "struct" && t.name.startsWith("bpf_struct_ops_")) {
			const struct = kernel.find(t.name.slice("bpf_struct_ops_".length), "struct");
			const s = struct > 0 ? kernel.type(struct) : null;
			if (s?.kind !== "struct") continue;
			for (const [index, member] of s.members.entries()) {
				const pointer = resolved(kernel, member.type);
				if (pointer.kind !== "ptr" || resolved(kernel, pointer.type).kind !== "func_proto") continue;
				for (const flags of [0, SLEEPABLE]) members.push({ name: `${s.name}/${member.name}${flags ? ".s" : ""}`, type: STRUCT_OPS, attach: index, flags, target: { id: struct, name: s.name } });
			}
		}
	}
	return { tracepoints, iterators, members };
}

/** What stands for an iterator's target takes its state first; other functions have such names too. */
function takesIteration(kernel: TypeSource, proto: number): boolean {
	const t = kernel.type(proto);
	return t.kind === "func_proto" && t.params.length > 0 && nameOf(kernel, pointedRecord(kernel, t.params[0].type)) === "bpf_iter_meta";
}

/** The type ids of the parameters that the target gives to the program: its context has a word for each. */
export function parametersOf(kernel: TypeSource, { attach, target }: Hook): readonly number[] {
	if (target === undefined) return [];
	const t = kernel.type(target.id);
	let proto = t;
	if (t.kind === "struct") proto = resolved(kernel, t.members[attach].type);
	else if (t.kind === "func") proto = kernel.type(t.type);
	else if (t.kind === "typedef") proto = resolved(kernel, t.type);
	if (proto.kind === "ptr") proto = resolved(kernel, proto.type);
	if (proto.kind !== "func_proto") return [];
	// A tracepoint's typedef has a data pointer in front.
	return proto.params.slice(t.kind === "typedef" ? 1 : 0).map(({ type }) => type);
}

/** The record that a type points to; 0: none. */
export function pointedRecord(kernel: TypeSource, type: number): number {
	const pointer = resolved(kernel, type);
	const to = pointer.kind === "ptr" ? skipModifiers(kernel, pointer.type) : 0;
	return isRecord(kernel.type(to)) ? to : 0;
}

/** A constant that the hook lets a program return. */
export const returnable = ({ type }: Hook): number => (type === STRUCT_OPS || type === TRACING ? 0 : 1);
