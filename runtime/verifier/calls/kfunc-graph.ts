/**
 * Lists and trees as arguments of kernel functions: the root (or head) lies in a map value or an object whose lock is held; a node is a member of an
 * object of the very struct, at the very offset, that the root was declared to hold.
 *
 * Source: __process_kf_arg_ptr_to_graph_root, __process_kf_arg_ptr_to_graph_node of kernel/bpf/verifier.c, Linux 6.18.
 */
import { EINVAL, type Env, R, internal, reject } from "../env.ts";
import { nameOf, sameStruct } from "../btf.ts";
import { fieldAt, fieldName } from "../fields.ts";
import { constNumber, isConst } from "../range.ts";
import { fieldsOf, findLock } from "../references.ts";
import { REF_LOCK, REF_RES_LOCK, REF_RES_LOCK_IRQ, type Reg } from "../state.ts";
import { PTR_TO_MAP_VALUE } from "../types.ts";
import type { KfuncCall } from "./kfunc-call.ts";

export function graphRoot(env: Env, call: KfuncCall, reg: Reg, regno: number, kind: number): void {
	const name = fieldName(kind);
	const off = constantOffset(reg, regno, name);
	const field = fieldAt(fieldsOf(env, reg), off, kind);
	if (!field) reject(EINVAL, `${name} not found at offset=${off >>> 0}`, { code: "V0630" });
	lockedWith(env, reg, name);
	call.graphField = field;
}

export function graphNode(env: Env, call: KfuncCall, reg: Reg, regno: number, headKind: number, nodeKind: number): void {
	const name = fieldName(nodeKind);
	const off = constantOffset(reg, regno, name);
	if (!fieldAt(fieldsOf(env, reg), off, nodeKind)) reject(EINVAL, `${name} not found at offset=${off >>> 0}`, { code: "V0630" });
	const root = call.graphField;
	if (!root) internal("graph node before its root");
	const wanted = nameOf(root.types!, root.valueId!);
	if (!sameStruct(reg.btf!, reg.btfId, 0, root.types!, root.valueId!, true)) {
		reject(
			EINVAL,
			`operation on ${fieldName(headKind)} expects arg#1 ${name} at offset=${root.nodeOffset} in struct ${wanted}, but arg is at offset=${off} in struct ${nameOf(reg.btf!, reg.btfId)}`,
			{ code: "V0630" },
		);
	}
	call.argBtf = reg.btf;
	call.argBtfId = reg.btfId;
	if (off !== root.nodeOffset)
		reject(EINVAL, `arg#1 offset=${off}, but expected ${name} at offset=${root.nodeOffset} in struct ${wanted}`, { code: "V0630" });
}

function constantOffset(reg: Reg, regno: number, name: string): number {
	if (!isConst(reg.range))
		reject(EINVAL, `${R(regno)} doesn't have constant offset. ${name} has to be at the constant offset`, { code: "V0630" });
	return reg.off + constNumber(reg.range);
}

/** The lock that lives beside the list or tree is held. */
function lockedWith(env: Env, reg: Reg, name: string): void {
	const owner: object | null = reg.type === PTR_TO_MAP_VALUE ? reg.map : reg.btf;
	if (env.current.activeLocks && findLock(env.current, REF_LOCK | REF_RES_LOCK | REF_RES_LOCK_IRQ, reg.id, owner)) return;
	if (env.current.activeLocks) env.note("held lock and object are not in the same allocation");
	reject(EINVAL, `bpf_spin_lock at off=${fieldsOf(env, reg)?.spinLock ?? 0} must be held for ${name}`, { code: "V0618" });
}
