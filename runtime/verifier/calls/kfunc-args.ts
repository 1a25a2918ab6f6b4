/**
 * Arguments of kernel functions: what each parameter wants is told by its BTF type and the suffix of its name.
 *
 *     __sz, __szk   size of the memory before (a constant)     __k     constant         __ign    not looked at       __uninit  filled by the callee
 *     __nullable, __opt  may be null      __alloc  object of bpf_obj_new      __refcounted_kptr      __str  constant string      __map, __iter, __irq_flag
 *
 * Source: check_kfunc_args, get_kfunc_ptr_arg_type of kernel/bpf/verifier.c, Linux 6.18.
 */
import { EACCES, EINVAL, type Env, R, Refusal, internal, reject, unsupported } from "../env.ts";
import {
	type BtfType,
	type TypeSource,
	isProjectionOf,
	isRecord,
	isScalarStruct,
	isScalarType,
	kindName,
	nameOf,
	resolved,
	sameStruct,
	sizeOf,
	skipModifiers,
} from "../btf.ts";
import { FIELD, type Field, fieldAt, fieldName, hasField } from "../fields.ts";
import type { MapInfo } from "../maps.ts";
import { constNumber, isConst } from "../range.ts";
import { markPrecise } from "../precision.ts";
import { hasUnsafeModifiers, isRcu, isTrusted, standsForStruct } from "../objects.ts";
import { fieldsOf, findLock, spinLock } from "../references.ts";
import { destroyIterator, dynptrReg, knownIterator, newIterator, restoreIrq, saveIrq, useDynptr } from "../dynptr.ts";
import { REF_LOCK, REF_RES_LOCK, REF_RES_LOCK_IRQ, type Reg, isNull } from "../state.ts";
import { checkConstString, checkFieldPointer } from "./arguments.ts";
import { inTreeCallback } from "./callbacks.ts";
import type { Kfunc } from "./kfuncs.ts";
import { notNullReg } from "../jump.ts";
import {
	ALLOC,
	CONST_PTR_TO_DYNPTR,
	MAYBE_NULL,
	PERCPU,
	PTR_TO_BTF_ID,
	PTR_TO_CTX,
	PTR_TO_FUNC,
	PTR_TO_MAP_VALUE,
	PTR_TO_STACK,
	SCALAR,
	baseOf,
	isAllocObject,
	isNonOwning,
	typeName,
} from "../types.ts";
import { checkArgOffset, checkSize, checkWholeMemory } from "./argument-memory.ts";
import { DYN_RINGBUF, DYN_SKB, DYN_SKB_META, DYN_XDP } from "../dynptr-kinds.ts";

export interface KfuncCall {
	readonly kfunc: Kfunc;
	refObjId: number;
	releaseRegno: number;
	subprog: number;
	/** The __k or __szk argument. */
	constant: bigint | null;
	resultSize: number;
	resultReadonly: boolean;
	resultId: number;
	argBtf: TypeSource | null;
	argBtfId: number;
	owningRef: boolean;
	graphField: Field | null;
	dynptr: { readonly type: number; readonly id: number; readonly refObjId: number } | null;
	iterFrame: number;
	iterSlot: number;
	map: MapInfo | null;
	mapUid: number;
}

export function newKfuncCall(kfunc: Kfunc): KfuncCall {
	return {
		kfunc,
		refObjId: 0,
		releaseRegno: 0,
		subprog: 0,
		constant: null,
		resultSize: 0,
		resultReadonly: false,
		resultId: 0,
		argBtf: null,
		argBtfId: 0,
		owningRef: false,
		graphField: null,
		dynptr: null,
		iterFrame: 0,
		iterSlot: 0,
		map: null,
		mapUid: 0,
	};
}

type Kind =
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

const STRUCT_ARGS: Readonly<Record<string, Kind>> = {
	bpf_dynptr: "dynptr",
	bpf_list_head: "list-head",
	bpf_list_node: "list-node",
	bpf_rb_root: "rb-root",
	bpf_rb_node: "rb-node",
	bpf_wq: "wq",
	bpf_res_spin_lock: "res-lock",
	bpf_task_work: "task-work",
	bpf_timer: "timer",
};

interface Param {
	readonly name: string;
	readonly type: number;
}

const ends = (p: Param, suffix: string): boolean => p.name.endsWith(suffix);
const nullableParam = (p: Param): boolean => ends(p, "__nullable") || ends(p, "__opt");

function isSizeOf(env: Env, p: Param | undefined, reg: Reg | undefined): boolean {
	return p !== undefined && reg?.type === SCALAR && isScalarType(resolved(env.kernel!, p.type)) && (ends(p, "__sz") || ends(p, "__szk"));
}

function kindOf(env: Env, call: KfuncCall, params: readonly Param[], i: number): Kind {
	const kernel = env.kernel!;
	const { kfunc } = call;
	const p = params[i];
	const reg = env.regs[i + 1];
	if (kfunc.name === "bpf_cast_to_kern_ctx" || kfunc.name === "bpf_session_is_return" || kfunc.name === "bpf_session_cookie") return "ctx";
	const sized = isSizeOf(env, params[i + 1], env.regs[i + 2]);
	const ptr = resolved(kernel, p.type);
	const targetId = ptr.kind === "ptr" ? skipModifiers(kernel, ptr.type) : 0;
	const target = kernel.type(targetId);
	const targetName = (target as { name?: string }).name ?? "";
	if (isContext(env, target, targetName)) return "ctx";
	if (ends(p, "__nullable") && isNull(reg) && !sized) return "null";
	if (ends(p, "__alloc")) return "alloc";
	if (ends(p, "__refcounted_kptr")) return "refcounted";
	if (targetName === "bpf_dynptr") return "dynptr";
	const iterates = kfunc.flags.has("iter-new") || kfunc.flags.has("iter-next") || kfunc.flags.has("iter-destroy");
	if (iterates ? i === 0 : ends(p, "__iter")) return "iter";
	if (isRecord(target) && ["list-head", "list-node", "rb-root", "rb-node"].includes(STRUCT_ARGS[targetName] ?? ""))
		return STRUCT_ARGS[targetName];
	if (ends(p, "__str")) return "str";
	if (ends(p, "__map")) return "map";
	if (isRecord(target) && STRUCT_ARGS[targetName] && STRUCT_ARGS[targetName] !== "res-lock") return STRUCT_ARGS[targetName];
	if (ends(p, "__irq_flag")) return "irq";
	if (targetName === "bpf_res_spin_lock") return "res-lock";
	if (baseOf(reg.type) === PTR_TO_BTF_ID || standsForStruct[baseOf(reg.type)]) {
		if (!isRecord(target))
			reject(EINVAL, `kernel function ${kfunc.name} args#${i} pointer type ${kindName(target)} ${targetName} is not supported`, {
				code: "V0657",
			});
		return "btf";
	}
	if (target.kind === "func_proto") return "callback";
	if (!isScalarType(target) && !isScalarStruct(kernel, target, (text) => env.note(text)) && !(sized && target.kind === "void")) {
		reject(
			EINVAL,
			`arg#${i} pointer type ${kindName(target)} ${targetName} must point to ${sized ? "void, " : ""}scalar, or struct with scalar`,
			{ code: "V0657" },
		);
	}
	return sized ? "mem-size" : "mem";
}

function isContext(env: Env, target: BtfType, name: string): boolean {
	const { contextType, id } = env.spec;
	if (!isRecord(target) || contextType === "") return false;
	if (id === 2 && name === "bpf_user_pt_regs_t") return true;
	return name === contextType || isProjectionOf(contextType, name);
}

/** The kernel's own context struct of a program type. */
const KERNEL_CONTEXT: Readonly<Record<number, string>> = {
	1: "sk_buff",
	2: "pt_regs",
	3: "sk_buff",
	4: "sk_buff",
	6: "xdp_buff",
	7: "bpf_perf_event_data_kern",
	8: "sk_buff",
	9: "sock",
	10: "sk_buff",
	11: "sk_buff",
	12: "sk_buff",
	13: "bpf_sock_ops_kern",
	14: "sk_buff",
	15: "bpf_cgroup_dev_ctx",
	16: "sk_msg",
	18: "bpf_sock_addr_kern",
	19: "sk_buff",
	21: "sk_reuseport_kern",
	22: "bpf_flow_dissector",
	23: "bpf_sysctl_kern",
	25: "bpf_sockopt_kern",
	30: "bpf_sk_lookup_kern",
	32: "bpf_nf_ctx",
};

export function checkKfuncArgs(env: Env, call: KfuncCall): void {
	const kernel = env.kernel!;
	const { kfunc } = call;
	const params: readonly Param[] = kfunc.proto!.params;
	if (params.length > 5) reject(EINVAL, `Function ${kfunc.name} has ${params.length} > 5 args`, { code: "V0657" });
	for (let i = 0; i < params.length; i++) {
		const p = params[i];
		const regno = i + 1;
		const reg = env.regs[regno];
		const t = resolved(kernel, p.type);
		if (ends(p, "__ign") || ends(p, "__prog")) continue;
		if (isScalarType(t)) {
			scalarArgument(env, call, p, reg, regno);
			continue;
		}
		if (t.kind !== "ptr") reject(EINVAL, `Unrecognized arg#${i} type ${kindName(t)}`, { code: "V0657" });
		// Every kernel function wants pointers that stay valid; some are content with RCU's protection.
		const rcu = kfunc.flags.has("rcu");
		if ((isNull(reg) || reg.type & MAYBE_NULL) && !nullableParam(p)) {
			reject(EACCES, `Possibly NULL pointer passed to trusted arg${i}`, {
				code: "V0101",
				register: regno,
				suggestion: "check the pointer first: if (!$v) return …;",
			});
		}
		const releases = kfunc.flags.has("release");
		if (reg.refObjId) {
			if (releases && call.refObjId) internal("more than one arg with ref_obj_id");
			call.refObjId = reg.refObjId;
			if (releases) call.releaseRegno = regno;
		}
		const kind = kindOf(env, call, params, i);
		if (kind === "null") continue;
		if (kind === "map" || kind === "alloc" || kind === "btf") {
			if (kind === "map") mapArgument(call, reg, regno);
			if (!isTrusted(reg)) {
				if (!rcu) reject(EINVAL, `${R(regno)} must be referenced or trusted`, { code: "V0658", register: regno });
				if (!isRcu(reg)) reject(EINVAL, `${R(regno)} must be a rcu pointer`, { code: "V0658", register: regno });
			}
		}
		checkArgOffset(env, reg, regno, releases && reg.refObjId !== 0, kind === "dynptr");
		if (pointerArgument(env, call, kind, params, i)) i++;
	}
	if (kfunc.flags.has("release") && !call.releaseRegno)
		reject(EINVAL, `release kernel function ${kfunc.name} expects refcounted PTR_TO_BTF_ID`, { code: "V0615" });
}

function scalarArgument(env: Env, call: KfuncCall, p: Param, reg: Reg, regno: number): void {
	if (reg.type !== SCALAR) reject(EINVAL, `${R(regno)} is not a scalar`, { code: "V0110", register: regno });
	const known = (): bigint => {
		markPrecise(env, regno);
		return reg.range.tnum.value;
	};
	if (ends(p, "__k")) {
		if (!isConst(reg.range)) reject(EINVAL, `${R(regno)} must be a known constant`, { code: "V0275", register: regno });
		call.constant = known();
	} else if (p.name === "rdonly_buf_size" || p.name === "rdwr_buf_size") {
		if (call.resultSize) reject(EINVAL, "2 or more rdonly/rdwr_buf_size parameters for kfunc", { code: "V0657" });
		if (!isConst(reg.range)) reject(EINVAL, `${R(regno)} is not a const`, { code: "V0275", register: regno });
		call.resultReadonly = p.name === "rdonly_buf_size";
		const size = known();
		call.resultSize = Number(size > 0xffff_ffffn ? 0xffff_ffffn : size);
	}
}

function mapArgument(call: KfuncCall, reg: Reg, regno: number): void {
	if (!reg.map && !reg.btf) reject(EINVAL, `pointer in ${R(regno)} isn't map pointer`, { code: "V0110", register: regno });
	// Only a map whose values have such a field is held against the field's own.
	const fields = reg.map?.fields ?? null;
	if (
		call.map &&
		(call.map !== reg.map || call.mapUid !== reg.mapUid) &&
		(fields === null || hasField(fields, FIELD.wq | FIELD.taskWork))
	) {
		if (hasField(fields, FIELD.taskWork))
			reject(EINVAL, `bpf_task_work pointer in R2 map_uid=${call.mapUid} doesn't match map pointer in R3 map_uid=${reg.mapUid}`, {
				code: "V0632",
			});
		reject(EINVAL, `workqueue pointer in R1 map_uid=${call.mapUid} doesn't match map pointer in R2 map_uid=${reg.mapUid}`, {
			code: "V0632",
		});
	}
	call.map = reg.map;
	call.mapUid = reg.mapUid;
}

const DYNPTR_MAKERS: Readonly<Record<string, number>> = {
	bpf_dynptr_from_skb: DYN_SKB,
	bpf_dynptr_from_xdp: DYN_XDP,
	bpf_dynptr_from_skb_meta: DYN_SKB_META,
};

/** True: the next argument (a size) was checked too. */
function pointerArgument(env: Env, call: KfuncCall, kind: Kind, params: readonly Param[], i: number): boolean {
	const kernel = env.kernel!;
	const regno = i + 1;
	const reg = env.regs[regno];
	const { kfunc } = call;
	const p = params[i];
	const expected = (what: string): never =>
		reject(EINVAL, `arg#${i} expected ${what}`, { code: "V0110", register: regno, needed: what, known: typeName(reg.type) });
	const mapOrObject = (): void => {
		if (reg.type !== PTR_TO_MAP_VALUE && reg.type !== (PTR_TO_BTF_ID | ALLOC)) expected("pointer to map value or allocated object");
		if (reg.type === (PTR_TO_BTF_ID | ALLOC) && !reg.refObjId)
			reject(EINVAL, "allocated object must be referenced", { code: "V0616", register: regno });
	};
	switch (kind) {
		case "ctx":
			if (reg.type !== PTR_TO_CTX)
				reject(EINVAL, `arg#${i} expected pointer to ctx, but got ${typeName(reg.type)}`, { code: "V0110", register: regno });
			if (kfunc.name === "bpf_cast_to_kern_ctx") {
				const name = KERNEL_CONTEXT[env.spec.id];
				if (!name) reject(EINVAL, `kern ctx type id ${kernelContextType(env, kernel)} is not a struct`, { code: "V0656" });
				call.resultId = kernel.find(name, "struct");
			}
			break;
		case "alloc":
			if (reg.type === (PTR_TO_BTF_ID | ALLOC)) {
				if (kfunc.name !== "bpf_obj_drop_impl") expected("for bpf_obj_drop_impl()");
			} else if (reg.type === (PTR_TO_BTF_ID | ALLOC | PERCPU)) {
				if (kfunc.name !== "bpf_percpu_obj_drop_impl") expected("for bpf_percpu_obj_drop_impl()");
			} else expected("pointer to allocated object");
			if (!reg.refObjId) reject(EINVAL, "allocated object must be referenced", { code: "V0616", register: regno });
			call.argBtf = reg.btf;
			call.argBtfId = reg.btfId;
			break;
		case "dynptr": {
			const uninit = ends(p, "__uninit");
			let type = DYNPTR_MAKERS[kfunc.name] ?? 0;
			let cloneRef = 0;
			if (kfunc.name === "bpf_dynptr_clone" && uninit) {
				type = call.dynptr?.type ?? 0;
				cloneRef = call.dynptr?.refObjId ?? 0;
			}
			useDynptr(env, regno, { uninit, readonly: reg.type === CONST_PTR_TO_DYNPTR, type, cloneRef: type === DYN_RINGBUF ? cloneRef : 0 });
			if (!uninit) {
				const d = dynptrReg(env, env.regs[regno]);
				call.dynptr = { type: d.dynptrType, id: d.id, refObjId: d.refObjId };
			}
			break;
		}
		case "iter":
			iteratorArgument(env, call, p, regno);
			break;
		case "list-head":
			mapOrObject();
			graphRoot(env, call, reg, regno, FIELD.listHead);
			break;
		case "rb-root":
			mapOrObject();
			graphRoot(env, call, reg, regno, FIELD.rbRoot);
			break;
		case "list-node":
			if (reg.type !== (PTR_TO_BTF_ID | ALLOC)) expected("pointer to allocated object");
			if (!reg.refObjId) reject(EINVAL, "allocated object must be referenced", { code: "V0616", register: regno });
			graphNode(env, call, reg, regno, FIELD.listHead, FIELD.listNode);
			break;
		case "rb-node":
			if (kfunc.name === "bpf_rbtree_add_impl") {
				if (reg.type !== (PTR_TO_BTF_ID | ALLOC)) expected("pointer to allocated object");
				if (!reg.refObjId) reject(EINVAL, "allocated object must be referenced", { code: "V0616", register: regno });
			} else {
				if (!isNonOwning(reg.type) && !reg.refObjId)
					reject(EINVAL, `${kfunc.name} can only take non-owning or refcounted bpf_rb_node pointer`, { code: "V0616", register: regno });
				if (inTreeCallback(env)) reject(EINVAL, `${kfunc.name} not allowed in rbtree cb`, { code: "V0617" });
			}
			graphNode(env, call, reg, regno, FIELD.rbRoot, FIELD.rbNode);
			break;
		case "map":
		case "btf":
			if (!(baseOf(reg.type) === PTR_TO_BTF_ID && (!hasUnsafeModifiers(reg.type) || isRcu(reg))) && !standsForStruct[baseOf(reg.type)]) {
				reject(EINVAL, `arg#${i} is ${typeName(reg.type)} expected ptr_ or socket`, { code: "V0110", register: regno });
			}
			structArgument(env, call, reg, regno, kind === "map" ? "bpf_map" : null, p, i);
			break;
		case "mem": {
			const target = targetOf(env, p);
			const size = sizeOf(kernel, target);
			if (size === null)
				reject(
					EINVAL,
					`arg#${i} reference type('${kindName(kernel.type(target))} ${nameOf(kernel, target)}') size cannot be determined: -22`,
					{ code: "V0724" },
				);
			checkWholeMemory(env, regno, size);
			break;
		}
		case "mem-size": {
			const sizeParam = params[i + 1];
			if (!isNull(reg) || !nullableParam(p)) {
				if (reg.type & MAYBE_NULL) env.regs[regno] = notNullReg(env, reg);
				try {
					checkSize(env, regno + 1, false, true, null, null);
					checkSize(env, regno + 1, true, true, null, null);
				} catch (e) {
					if (!(e instanceof Refusal) || e.unsupported) throw e;
					env.note(e.message);
					reject(e.errno, `arg#${i} arg#${i + 1} memory, len pair leads to invalid memory access`, { ...e.why, known: e.message });
				}
				env.regs[regno] = reg;
			}
			if (ends(sizeParam, "__szk")) {
				const size = env.regs[regno + 1];
				if (!isConst(size.range)) reject(EINVAL, `${R(regno + 1)} must be a known constant`, { code: "V0275", register: regno + 1 });
				call.constant = size.range.tnum.value;
			}
			return true;
		}
		case "callback":
			if (reg.type !== PTR_TO_FUNC) reject(EINVAL, `arg${i} expected pointer to func`, { code: "V0110", register: regno });
			call.subprog = reg.subprog;
			break;
		case "refcounted": {
			if (!isAllocObject(reg.type)) reject(EINVAL, `arg#${i} is neither owning or non-owning ref`, { code: "V0616", register: regno });
			if (!isNonOwning(reg.type)) call.owningRef = true;
			const fields = fieldsOf(env, reg);
			if (!fields) internal("Couldn't find btf_record");
			if (fields.refcount < 0)
				reject(EINVAL, `arg#${i} doesn't point to a type with bpf_refcount field`, { code: "V0616", register: regno });
			call.argBtf = reg.btf;
			call.argBtfId = reg.btfId;
			break;
		}
		case "str":
			if (reg.type !== PTR_TO_MAP_VALUE) reject(EINVAL, `arg#${i} doesn't point to a const string`, { code: "V0273", register: regno });
			checkConstString(env, regno);
			break;
		case "wq":
		case "timer":
		case "task-work":
			if (reg.type !== PTR_TO_MAP_VALUE) reject(EINVAL, `arg#${i} doesn't point to a map value`, { code: "V0110", register: regno });
			checkFieldPointer(
				env,
				regno,
				kind === "wq" ? FIELD.wq : kind === "timer" ? FIELD.timer : FIELD.taskWork,
				kind === "wq" ? "bpf_wq" : kind === "timer" ? "bpf_timer" : "bpf_task_work",
				call,
			);
			break;
		case "irq": {
			if (reg.type !== PTR_TO_STACK) reject(EINVAL, `arg#${i} doesn't point to an irq flag on stack`, { code: "V0110", register: regno });
			const lock = kfunc.name.startsWith("bpf_res_spin_");
			if (kfunc.name === "bpf_local_irq_save" || kfunc.name === "bpf_res_spin_lock_irqsave") saveIrq(env, regno, lock);
			else restoreIrq(env, regno, lock);
			break;
		}
		case "res-lock":
			if (reg.type !== PTR_TO_MAP_VALUE && reg.type !== (PTR_TO_BTF_ID | ALLOC))
				reject(EINVAL, `arg#${i} doesn't point to map value or allocated object`, { code: "V0110", register: regno });
			spinLock(env, regno, kfunc.name.startsWith("bpf_res_spin_lock"), true, kfunc.name.includes("irq"));
			break;
		case "null":
			break;
		default:
			kind satisfies never;
			unsupported(`argument of ${kfunc.name}`);
	}
	return false;
}

function targetOf(env: Env, p: Param): number {
	const t = resolved(env.kernel!, p.type);
	return t.kind === "ptr" ? skipModifiers(env.kernel!, t.type) : 0;
}

function iteratorArgument(env: Env, call: KfuncCall, p: Param, regno: number): void {
	const kernel = env.kernel!;
	const { kfunc } = call;
	if (
		kfunc.name === "bpf_iter_css_task_new" &&
		!(env.spec.id === 29 || (env.spec.id === 26 && env.image.expectedAttachType === 28) || env.current.inSleepable)
	) {
		reject(EINVAL, "css_task_iter is only allowed in bpf_lsm, bpf_iter and sleepable progs", { code: "V0652" });
	}
	if (env.regs[regno].type !== PTR_TO_STACK)
		reject(EINVAL, `arg#${regno - 1} expected pointer to an iterator on stack`, { code: "V0620", register: regno });
	const id = targetOf(env, p);
	const t = kernel.type(id);
	if (t.kind !== "struct" || !t.name.startsWith("bpf_iter_"))
		reject(EINVAL, `expected valid iter pointer as arg #${regno - 1}`, { code: "V0620" });
	const slots = t.size >> 3;
	const name = t.name.slice("bpf_iter_".length);
	if (kfunc.flags.has("iter-new")) {
		newIterator(env, regno, kernel, id, slots, kfunc.flags.has("rcu-protected"), name);
		return;
	}
	const slot = knownIterator(env, regno, kernel, id, slots, name, kfunc.name);
	call.iterSlot = slot;
	call.iterFrame = env.regs[regno].frameno;
	call.refObjId = env.current.frames[call.iterFrame].slots[slot].refObjId;
	if (kfunc.flags.has("iter-destroy")) destroyIterator(env, regno, slot, slots);
}

/** The lock that lives beside the list or tree is held. */
function lockedWith(env: Env, reg: Reg, name: string): void {
	const owner: object | null = reg.type === PTR_TO_MAP_VALUE ? reg.map : reg.btf;
	if (env.current.activeLocks && findLock(env.current, REF_LOCK | REF_RES_LOCK | REF_RES_LOCK_IRQ, reg.id, owner)) return;
	if (env.current.activeLocks) env.note("held lock and object are not in the same allocation");
	reject(EINVAL, `bpf_spin_lock at off=${fieldsOf(env, reg)?.spinLock ?? 0} must be held for ${name}`, { code: "V0618" });
}

function graphRoot(env: Env, call: KfuncCall, reg: Reg, regno: number, kind: number): void {
	const name = fieldName(kind);
	if (!isConst(reg.range))
		reject(EINVAL, `${R(regno)} doesn't have constant offset. ${name} has to be at the constant offset`, { code: "V0630" });
	const off = reg.off + constNumber(reg.range);
	const field = fieldAt(fieldsOf(env, reg), off, kind);
	if (!field) reject(EINVAL, `${name} not found at offset=${off >>> 0}`, { code: "V0630" });
	lockedWith(env, reg, name);
	call.graphField = field;
}

function graphNode(env: Env, call: KfuncCall, reg: Reg, regno: number, headKind: number, nodeKind: number): void {
	const name = fieldName(nodeKind);
	if (!isConst(reg.range))
		reject(EINVAL, `${R(regno)} doesn't have constant offset. ${name} has to be at the constant offset`, { code: "V0630" });
	const off = reg.off + constNumber(reg.range);
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

/** Struct pointers: the same struct, one that begins with it, or (release, nocast) exactly it. */
function structArgument(env: Env, call: KfuncCall, reg: Reg, regno: number, wantedName: string | null, p: Param, i: number): void {
	const kernel = env.kernel!;
	const wanted = wantedName ? kernel.find(wantedName, "struct") : targetOf(env, p);
	const wantedStruct = nameOf(kernel, wanted);
	let types: TypeSource = kernel;
	let id: number;
	if (baseOf(reg.type) === PTR_TO_BTF_ID) {
		types = reg.btf!;
		id = reg.btfId;
	} else id = kernel.find(standsForStruct[baseOf(reg.type)], "struct");
	const name = nameOf(types, id);
	const alias = `${wantedStruct}___init` === name || `${name}___init` === wantedStruct;
	const strict = (call.kfunc.flags.has("release") && reg.refObjId !== 0) || alias;
	const same = sameStruct(types, skipModifiers(types, id), reg.off, kernel, wanted, strict);
	if (!same && !isProjectionOf(wantedStruct, name)) {
		reject(
			EINVAL,
			`kernel function ${call.kfunc.name} args#${i} expected pointer to STRUCT ${wantedStruct} but ${R(regno)} has a pointer to STRUCT ${name}`,
			{ code: "V0111", register: regno },
		);
	}
}

/** What the kernel has in the place of a context of its own: its type id, of `struct bpf_ctx_convert`. */
function kernelContextType(env: Env, kernel: TypeSource): number {
	const contexts = kernel.type(kernel.find("bpf_ctx_convert", "struct"));
	const member =
		contexts.kind === "struct"
			? contexts.members.find(({ name }) => name === `BPF_PROG_TYPE_${env.spec.name.toUpperCase()}_kern`)
			: undefined;
	return member?.type ?? 0;
}
