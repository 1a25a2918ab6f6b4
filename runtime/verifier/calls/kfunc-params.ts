/**
 * What a parameter of a kernel function wants, as its BTF type and the suffix of its name tell:
 *
 *     __sz, __szk   size of the memory before (a constant)     __k     constant         __ign    not looked at       __uninit  filled by the callee
 *     __nullable, __opt  may be null      __alloc  object of bpf_obj_new      __refcounted_kptr      __str  constant string      __map, __iter, __irq_flag
 *
 * Source: get_kfunc_ptr_arg_type of kernel/bpf/verifier.c, Linux 6.18.
 */
import { EINVAL, type Env, reject } from "../env.ts";
import { type BtfType, isProjectionOf, isRecord, isScalarStruct, isScalarType, kindName, resolved, skipModifiers } from "../btf.ts";
import { standsForStruct } from "../objects.ts";
import { type Reg, isNull } from "../state.ts";
import { PTR_TO_BTF_ID, SCALAR, baseOf } from "../types.ts";
import type { Kfunc } from "./kfuncs.ts";

export interface Param {
	readonly name: string;
	readonly type: number;
}

export type PointerKind =
	| "ctx"
	| "null"
	| "alloc"
	| "refcounted"
	| "dynptr"
	| "iter"
	| "list-head"
	| "list-node"
	| "rb-root"
	| "rb-node"
	| "str"
	| "map"
	| "wq"
	| "timer"
	| "task-work"
	| "irq"
	| "res-lock"
	| "btf"
	| "callback"
	| "mem"
	| "mem-size";

/** Structs of which the kernel keeps what is in them. */
const STRUCT_KINDS: ReadonlyMap<string, PointerKind> = new Map([
	["bpf_list_head", "list-head"],
	["bpf_list_node", "list-node"],
	["bpf_rb_root", "rb-root"],
	["bpf_rb_node", "rb-node"],
	["bpf_wq", "wq"],
	["bpf_task_work", "task-work"],
	["bpf_timer", "timer"],
]);
const GRAPH_KINDS: ReadonlySet<PointerKind | undefined> = new Set(["list-head", "list-node", "rb-root", "rb-node"]);
/** They take the context, whatever their prototypes say. */
const WITH_CONTEXT: ReadonlySet<string> = new Set(["bpf_cast_to_kern_ctx", "bpf_session_is_return", "bpf_session_cookie"]);

export const ends = (p: Param, suffix: string): boolean => p.name.endsWith(suffix);
export const isNullable = (p: Param): boolean => ends(p, "__nullable") || ends(p, "__opt");

/** What the argument in register `i + 1` must be. In the kernel's order: the first that fits counts. */
export function pointerKind(env: Env, kfunc: Kfunc, params: readonly Param[], i: number): PointerKind {
	const kernel = env.kernel!;
	const p = params[i];
	const reg = env.regs[i + 1];
	if (WITH_CONTEXT.has(kfunc.name)) return "ctx";
	const sized = isSizeOf(env, params[i + 1], env.regs[i + 2]);
	const target = kernel.type(targetOf(env, p));
	const name = (target as { name?: string }).name ?? "";
	if (isContext(env, target, name)) return "ctx";
	if (ends(p, "__nullable") && isNull(reg) && !sized) return "null";
	if (ends(p, "__alloc")) return "alloc";
	if (ends(p, "__refcounted_kptr")) return "refcounted";
	if (name === "bpf_dynptr") return "dynptr";
	const iterates = kfunc.flags.has("iter-new") || kfunc.flags.has("iter-next") || kfunc.flags.has("iter-destroy");
	if (iterates ? i === 0 : ends(p, "__iter")) return "iter";
	const kept = isRecord(target) ? STRUCT_KINDS.get(name) : undefined;
	if (kept && GRAPH_KINDS.has(kept)) return kept;
	if (ends(p, "__str")) return "str";
	if (ends(p, "__map")) return "map";
	if (kept) return kept;
	if (ends(p, "__irq_flag")) return "irq";
	if (name === "bpf_res_spin_lock") return "res-lock";
	if (baseOf(reg.type) === PTR_TO_BTF_ID || standsForStruct[baseOf(reg.type)]) {
		if (isRecord(target)) return "btf";
		reject(EINVAL, `kernel function ${kfunc.name} args#${i} pointer type ${kindName(target)} ${name} is not supported`, { code: "V0657" });
	}
	if (target.kind === "func_proto") return "callback";
	if (!isScalarType(target) && !isScalarStruct(kernel, target, (text) => env.note(text)) && !(sized && target.kind === "void")) {
		reject(
			EINVAL,
			`arg#${i} pointer type ${kindName(target)} ${name} must point to ${sized ? "void, " : ""}scalar, or struct with scalar`,
			{ code: "V0657" },
		);
	}
	return sized ? "mem-size" : "mem";
}

/** The number is the size of the memory in the register before. */
function isSizeOf(env: Env, p: Param | undefined, reg: Reg | undefined): boolean {
	return p !== undefined && reg?.type === SCALAR && isScalarType(resolved(env.kernel!, p.type)) && (ends(p, "__sz") || ends(p, "__szk"));
}

function isContext(env: Env, target: BtfType, name: string): boolean {
	const { contextType, id } = env.spec;
	if (!isRecord(target) || contextType === "") return false;
	if (id === 2 && name === "bpf_user_pt_regs_t") return true;
	return name === contextType || isProjectionOf(contextType, name);
}

/** Type id of what the parameter points to; 0: it is no pointer. */
export function targetOf(env: Env, p: Param): number {
	const t = resolved(env.kernel!, p.type);
	return t.kind === "ptr" ? skipModifiers(env.kernel!, t.type) : 0;
}
