/**
 * A call of a kernel function: arguments by its BTF prototype and parameter names, results by its flags.
 *
 * Source: check_kfunc_call, check_kfunc_args, check_special_kfunc of kernel/bpf/verifier.c, Linux 6.18.
 */
import type { Insn } from "../../../assembler/spec/insn.ts";
import { EACCES, EFAULT, EINVAL, type Env, internal, reject, unsupported } from "../env.ts";
import { isRecord, isScalarType, kindName, sizeOf, skipModifiers } from "../btf.ts";
import { FIELD, hasField, objectFields } from "../fields.ts";
import { rangeBetween } from "../bounds.ts";
import { findUnfinished } from "../prune.ts";
import { inRcu, isRcu } from "../objects.ts";
import { acquire, fieldsOf, release } from "../references.ts";
import { releaseDynptr } from "../dynptr.ts";
import { mayAccessPacket } from "../regions.ts";
import { notNullReg } from "../null-checks.ts";
import { pushBranch, widen } from "../walk.ts";
import { checkReturn } from "../returns.ts";
import { isScalarStruct } from "../btf.ts";
import {
	ITER_ACTIVE,
	ITER_DRAINED,
	type Reg,
	mapRegs,
	pointer,
	scalar,
	sameCallsites,
	slotIsSpilled,
	unknownScalar,
	zeroScalar,
} from "../state.ts";
import { checkKfuncArgs } from "./kfunc-args.ts";
import { type KfuncCall, newKfuncCall } from "./kfunc-call.ts";
import {
	clearCallerSaved,
	dropPacketPointers,
	inTreeCallback,
	pushCallback,
	taskWorkCallback,
	timerCallback,
	treeCallback,
} from "./callbacks.ts";
import { type Kfunc, kfuncOf, mayCallKfunc } from "./kfuncs.ts";
import {
	ALLOC,
	ITER,
	MAYBE_NULL,
	NON_OWN_REF,
	PERCPU,
	PTR_TO_BTF_ID,
	PTR_TO_MEM,
	RCU,
	RDONLY,
	TRUSTED,
	UNTRUSTED,
	kindAt,
} from "../types.ts";
import { DYNPTR_FLAG } from "../dynptr-kinds.ts";

/** The instruction to go on with; −1: the program ends (bpf_throw). */
export function callKfunc(env: Env, insn: Insn): number {
	const at = env.insn;
	if (insn.imm === 0) {
		// A weak one that nobody looked for.
		if (!env.kernel) unsupported(`kernel function ${kfuncOf(env, at)?.name ?? ""} without the kernel's BTF`);
		// Stands for a function that this kernel lacks; only dead code may hold it, which is known after the walk.
		return at + 1;
	}
	const kfunc = kfuncOf(env, at);
	if (!kfunc || insn.off !== 0) unsupported(`function ${kfunc?.name ?? ""} of a kernel module`);
	if (!env.kernel) unsupported(`kernel function ${kfunc.name} without the kernel's BTF`);
	if (!kfunc.known || !mayCallKfunc(env, kfunc)) reject(EACCES, `calling kernel function ${kfunc.name} is not allowed`, { code: "V0652" });
	if (!kfunc.proto) reject(EINVAL, `kernel function btf_id ${kfunc.id} does not have a valid func_proto`, { code: "V0650" });
	const state = env.current;
	const { name } = kfunc;
	if (name === "bpf_iter_num_next" || kfunc.flags.has("iter-next")) env.isIterNext[at] = 1;
	if (name === "bpf_res_spin_lock" || name === "bpf_res_spin_lock_irqsave") failedLock(env, at);
	if (name === "__bpf_trap") reject(EFAULT, "unexpected __bpf_trap() due to uninitialized variable?", { code: "V0653" });
	const sleepable = kfunc.flags.has("sleepable");
	if (sleepable && !state.inSleepable) reject(EACCES, `program must be sleepable to call sleepable kfunc ${name}`, { code: "V0706" });
	const call = newKfuncCall(kfunc);
	checkKfuncArgs(env, call);
	callbacks(env, call);
	sections(env, kfunc, sleepable);
	if (kfunc.flags.has("rcu-protected") && !inRcu(env))
		reject(EACCES, `kernel func ${name} requires RCU critical section protection`, { code: "V0622" });
	releases(env, call);
	if (name === "bpf_throw") {
		env.seenException = true;
		if (!env.exceptionCallback) checkReturn(env, 1, "R1");
	}
	const { regs } = env.frame;
	clearCallerSaved(regs);
	setResult(env, call, regs);
	if (name === "bpf_xdp_pull_data") dropPacketPointers(env);
	if (kfunc.flags.has("iter-next")) iterate(env, call, at);
	if (name === "bpf_throw") return -1;
	return at + 1;
}

/** Taking a resilient lock may fail: that way the call returns an error and no lock is held. */
function failedLock(env: Env, at: number): void {
	const other = pushBranch(env, at + 1, at, false);
	const { regs } = other.frames[other.curframe];
	clearCallerSaved(regs);
	regs[0] = scalar(rangeBetween(-4095, -1));
}

function callbacks(env: Env, call: KfuncCall): void {
	const { name } = call.kfunc;
	if (name === "bpf_rbtree_add_impl") pushCallback(env, call.subprog, treeCallback);
	else if (name.startsWith("bpf_wq_set_callback")) pushCallback(env, call.subprog, timerCallback);
	else if (name.startsWith("bpf_task_work_schedule_")) pushCallback(env, call.subprog, taskWorkCallback);
}

/** RCU, preemption and interrupt sections. */
function sections(env: Env, kfunc: Kfunc, sleepable: boolean): void {
	const state = env.current;
	const { name } = kfunc;
	const lock = name === "bpf_rcu_read_lock";
	const unlock = name === "bpf_rcu_read_unlock";
	if (state.activeRcu) {
		if ((lock || unlock) && inTreeCallback(env))
			reject(EACCES, "Calling bpf_rcu_read_{lock,unlock} in unnecessary rbtree callback", { code: "V0617" });
		if (lock) reject(EINVAL, `nested rcu read lock (kernel function ${name})`, { code: "V0626" });
		if (unlock) {
			state.activeRcu = 0;
			leaveRcu(env);
		} else if (sleepable) reject(EACCES, `kernel func ${name} is sleepable within rcu_read_lock region`, { code: "V0706" });
	} else if (lock) state.activeRcu = 1;
	else if (unlock) reject(EINVAL, `unmatched rcu read unlock (kernel function ${name})`, { code: "V0625" });
	if (name === "bpf_preempt_disable") state.activePreempt++;
	else if (name === "bpf_preempt_enable") {
		if (!state.activePreempt) reject(EINVAL, `unmatched attempt to enable preemption (kernel function ${name})`, { code: "V0625" });
		state.activePreempt--;
	} else if (state.activePreempt && sleepable)
		reject(EACCES, `kernel func ${name} is sleepable within non-preemptible region`, { code: "V0706" });
	if (state.activeIrqId && sleepable) reject(EACCES, `kernel func ${name} is sleepable within IRQ-disabled region`, { code: "V0706" });
}

/** Pointers protected by RCU alone are not to be trusted any more; iterators' slots among them. */
function leaveRcu(env: Env): void {
	const lose = (reg: Reg): Reg => {
		if (!isRcu(reg)) return reg;
		const r = reg.copy();
		r.type = (r.type & ~(RCU | MAYBE_NULL)) | UNTRUSTED;
		return r;
	};
	mapRegs(env.current, lose);
	for (let f = 0; f <= env.current.curframe; f++) {
		const { slots, kinds } = env.current.frames[f];
		for (let i = 0; i < slots.length; i++) if (kindAt(kinds[i], 7) === ITER && !slotIsSpilled(kinds[i])) slots[i] = lose(slots[i]);
	}
}

const INSERTS = new Set(["bpf_list_push_front_impl", "bpf_list_push_back_impl", "bpf_rbtree_add_impl"]);

function releases(env: Env, call: KfuncCall): void {
	const { name } = call.kfunc;
	if (call.releaseRegno) {
		const reg = env.regs[call.releaseRegno];
		if (call.dynptr?.refObjId && reg.type === 6) releaseDynptr(env, reg);
		else if (!release(env, reg.refObjId))
			reject(EINVAL, `kfunc ${name}#${call.kfunc.id} reference has not been acquired before`, { code: "V0615" });
	}
	if (INSERTS.has(name)) {
		// The list or tree owns the object now; what points to it stays usable while the lock is held.
		const ref = env.regs[2].refObjId;
		mapRegs(env.current, (reg) => {
			if (reg.refObjId !== ref || ref === 0) return reg;
			const r = reg.copy();
			r.refObjId = 0;
			r.type |= NON_OWN_REF;
			if ((fieldsOf(env, r)?.refcount ?? -1) >= 0) r.type |= RCU;
			return r;
		});
		if (!release(env, ref)) reject(EINVAL, `kfunc ${name}#${call.kfunc.id} reference has not been acquired before`, { code: "V0615" });
	}
}

/** A node that a list or tree gives: of the struct that its root holds. */
function graphNode(call: KfuncCall): Reg {
	const root = call.graphField;
	if (!root) internal("graph node without a root");
	const r = pointer(PTR_TO_BTF_ID | ALLOC);
	r.btf = root.types!;
	r.btfId = root.valueId!;
	r.off = root.nodeOffset!;
	return r;
}

function setResult(env: Env, call: KfuncCall, regs: Reg[]): void {
	const kernel = env.kernel!;
	const { kfunc } = call;
	const { name, flags } = kfunc;
	const resultId = skipModifiers(kernel, kfunc.proto!.result);
	const t = kernel.type(resultId);
	const acquires = flags.has("acquire");
	if (isScalarType(t)) {
		regs[0] = name === "bpf_res_spin_lock" || name === "bpf_res_spin_lock_irqsave" ? zeroScalar : unknownScalar;
		return;
	}
	if (t.kind !== "ptr") return;
	const targetId = skipModifiers(kernel, t.type);
	const target = kernel.type(targetId);
	const targetName = (target as { name?: string }).name ?? "";
	const node = targetName === "bpf_list_node" || targetName === "bpf_rb_node";
	let r: Reg;
	const special = specialResult(env, call, node);
	if (special) r = special;
	else if (target.kind === "void") {
		regs[0] = unknownScalar;
		return;
	} else if (!isRecord(target)) {
		let size = call.resultSize;
		let readonly = call.resultReadonly;
		if (!size) {
			const own = sizeOf(kernel, targetId);
			if (own) {
				size = own;
				readonly = name !== "bpf_session_cookie";
			}
		}
		if (!size)
			reject(EINVAL, `kernel function ${name} returns pointer type ${kindName(target)} ${targetName} is not supported`, { code: "V0654" });
		r = pointer(PTR_TO_MEM | (readonly ? RDONLY : 0) | (flags.has("rcu-protected") ? RCU : 0));
		r.memSize = size;
		r.refObjId = call.refObjId;
	} else {
		let type = PTR_TO_BTF_ID;
		if (name === "bpf_get_kmem_cache") type |= UNTRUSTED;
		else if (flags.has("rcu-protected")) type |= RCU;
		else if (flags.has("iter-next")) type |= iteratorReg(env, call).type & RCU ? RCU : TRUSTED;
		r = pointer(type);
		r.btf = kernel;
		r.btfId = targetId;
	}
	const nullable = flags.has("ret-null") && !(name === "bpf_refcount_acquire_impl" && call.owningRef);
	if (nullable) {
		r.type |= MAYBE_NULL;
		r.id = env.newId();
	}
	if (acquires) {
		const ref = acquire(env);
		if (nullable) r.id = ref;
		r.refObjId = ref;
	} else if (node) {
		r.type |= NON_OWN_REF;
		if ((fieldsOf(env, r)?.refcount ?? -1) >= 0) r.type |= RCU;
	}
	if (hasField(fieldsOf(env, r), FIELD.spinLock | FIELD.resSpinLock) && !r.id) r.id = env.newId();
	regs[0] = r;
}

function specialResult(env: Env, call: KfuncCall, node: boolean): Reg | null {
	const { name } = call.kfunc;
	const kernel = env.kernel!;
	switch (name) {
		case "bpf_obj_new_impl":
		case "bpf_percpu_obj_new_impl": {
			const percpu = name === "bpf_percpu_obj_new_impl";
			const id = call.constant ?? 0n;
			if (id > 0xffff_ffffn) reject(EINVAL, "local type ID argument must be in range [0, U32_MAX]", { code: "V0655" });
			const types = env.types;
			if (!types) reject(EINVAL, "bpf_obj_new/bpf_percpu_obj_new requires prog BTF", { code: "V0655" });
			const t = types.type(Number(id));
			if (t.kind !== "struct") reject(EINVAL, "bpf_obj_new/bpf_percpu_obj_new type ID argument must be of a struct", { code: "V0655" });
			const fields = objectFields(types, kernel, Number(id));
			if (percpu) {
				if (t.size > 512) reject(EINVAL, `bpf_percpu_obj_new type size (${t.size}) is greater than 512`, { code: "V0655" });
				if (!isScalarStruct(types, t, (text) => env.note(text)))
					reject(EINVAL, "bpf_percpu_obj_new type ID argument must be of a struct of scalars", { code: "V0655" });
				if (fields) reject(EINVAL, "bpf_percpu_obj_new type ID argument must not contain special fields", { code: "V0655" });
			}
			const r = pointer(PTR_TO_BTF_ID | ALLOC | (percpu ? PERCPU : 0));
			r.btf = types;
			r.btfId = Number(id);
			return r;
		}
		case "bpf_refcount_acquire_impl": {
			const r = pointer(PTR_TO_BTF_ID | ALLOC);
			r.btf = call.argBtf;
			r.btfId = call.argBtfId;
			return r;
		}
		case "bpf_cast_to_kern_ctx": {
			const r = pointer(PTR_TO_BTF_ID | TRUSTED);
			r.btf = kernel;
			r.btfId = call.resultId;
			return r;
		}
		case "bpf_rdonly_cast": {
			const id = Number(call.constant ?? 0n);
			const t = kernel.type(id);
			if (id < 0 || id >= kernel.count)
				reject(EINVAL, `Unknown type ID ${BigInt.asIntN(64, call.constant ?? 0n)} passed to kfunc bpf_rdonly_cast`, { code: "V0656" });
			if (isRecord(t)) {
				const r = pointer(PTR_TO_BTF_ID | UNTRUSTED);
				r.btf = kernel;
				r.btfId = id;
				return r;
			}
			if (t.kind === "void") return pointer(PTR_TO_MEM | RDONLY | UNTRUSTED);
			reject(EINVAL, "kfunc bpf_rdonly_cast type ID argument must be of a struct or void", { code: "V0656" });
			break;
		}
		case "bpf_dynptr_slice":
		case "bpf_dynptr_slice_rdwr": {
			const d = call.dynptr;
			if (call.constant === null) internal("bpf_dynptr_slice(_rdwr) no constant size");
			const r = pointer(PTR_TO_MEM | DYNPTR_FLAG[d?.type ?? 1]);
			r.memSize = Number(call.constant & 0xffff_ffffn);
			if (name === "bpf_dynptr_slice") r.type |= RDONLY;
			else if (!mayAccessPacket(env, true)) reject(EINVAL, "the prog does not allow writes to packet data", { code: "V0302" });
			r.dynptrId = d?.id ?? 0;
			return r;
		}
	}
	return node ? graphNode(call) : null;
}

function iteratorReg(env: Env, call: KfuncCall): Reg {
	return env.current.frames[call.iterFrame].slots[call.iterSlot];
}

/** `next` either gives one more element (walked later, with the loop's scalars widened) or ends the loop (walked now). */
function iterate(env: Env, call: KfuncCall, at: number): void {
	const state = env.current;
	const iter = iteratorReg(env, call);
	if (iter.iterState === ITER_ACTIVE) {
		const parent = state.parent;
		if (!parent || parent.insn !== at || !sameCallsites(parent, state)) internal("bad parent state for iter next call");
		const previous = findUnfinished(env, parent, at);
		const queued = pushBranch(env, at + 1, at, false);
		const slots = queued.frames[call.iterFrame].slots;
		const active = slots[call.iterSlot].copy();
		active.iterState = ITER_ACTIVE;
		active.iterDepth++;
		slots[call.iterSlot] = active;
		if (previous) widen(env, previous, queued);
		const { regs } = queued.frames[queued.curframe];
		regs[0] = notNullReg(regs[0]);
	}
	const drained = iter.copy();
	drained.iterState = ITER_DRAINED;
	env.current.frames[call.iterFrame].slots[call.iterSlot] = drained;
	env.regs[0] = zeroScalar;
}
