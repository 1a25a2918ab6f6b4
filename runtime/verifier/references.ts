/**
 * References and locks that a path holds: taken, given back, and what becomes of the registers that point to what was given back.
 *
 * Source: acquire_reference, release_reference, check_resource_leak, process_spin_lock of kernel/bpf/verifier.c.
 */
import { EACCES, EINVAL, type Env, R, reject } from "./env.ts";
import { FIELD, type Fields, hasField, objectFields } from "./fields.ts";
import { constNumber, isConst } from "./range.ts";
import { invalidated } from "./stack.ts";
import { REF_IRQ, REF_LOCK, REF_PTR, REF_RES_LOCK, REF_RES_LOCK_IRQ, type Reference, type Reg, type State, mapRegs } from "./state.ts";
import { PTR_TO_MAP_VALUE, isAllocObject, isNonOwning } from "./types.ts";

export function fieldsOf(env: Env, reg: Reg): Fields | null {
	if (reg.type === PTR_TO_MAP_VALUE) return reg.map!.fields;
	if (isAllocObject(reg.type) && reg.btf) return objectFields(reg.btf, env.kernel, reg.btfId);
	return null;
}

export function acquire(env: Env): number {
	const id = env.newId();
	env.current.refs = [...env.current.refs, { kind: REF_PTR, id, insn: env.insn, owner: null }];
	return id;
}

/** True when there was such a reference. */
export function releaseNoMark(state: State, id: number): boolean {
	const i = state.refs.findIndex((r) => r.kind === REF_PTR && r.id === id);
	if (i < 0) return false;
	removeRef(state, i);
	return true;
}

function removeRef(state: State, i: number): void {
	// The last one takes its place.
	const kept = state.refs.slice(0, -1);
	if (i < kept.length) kept[i] = state.refs[kept.length];
	state.refs = kept;
}

/** Gives the reference back; registers that hold it become unusable. */
export function release(env: Env, id: number): boolean {
	if (!releaseNoMark(env.current, id)) return false;
	mapRegs(env.current, (reg) => (reg.refObjId === id ? invalidated(env) : reg));
	return true;
}

function acquireLock(env: Env, kind: number, id: number, owner: object): void {
	const state = env.current;
	state.refs = [...state.refs, { kind, id, insn: env.insn, owner }];
	state.activeLocks++;
	state.activeLockId = id;
	state.activeLockOwner = owner;
}

export function findLock(state: State, mask: number, id: number, owner: object | null): Reference | undefined {
	return state.refs.find((r) => (r.kind & mask) !== 0 && r.id === id && r.owner === owner);
}

function releaseLock(state: State, kind: number, id: number, owner: object): boolean {
	let previousOwner: object | null = null;
	let previousId = 0;
	for (let i = 0; i < state.refs.length; i++) {
		const r = state.refs[i];
		if (r.kind === kind && r.id === id && r.owner === owner) {
			state.refs = state.refs.filter((_, k) => k !== i);
			state.activeLocks--;
			state.activeLockId = previousId;
			state.activeLockOwner = previousOwner;
			return true;
		}
		if (r.kind & (REF_LOCK | REF_RES_LOCK | REF_RES_LOCK_IRQ)) {
			previousId = r.id;
			previousOwner = r.owner;
		}
	}
	return false;
}

export function acquireIrq(env: Env): number {
	const id = env.newId();
	env.current.refs = [...env.current.refs, { kind: REF_IRQ, id, insn: env.insn, owner: null }];
	env.current.activeIrqId = id;
	return id;
}

/** 0, or EACCES when the flags are restored out of order. */
export function releaseIrq(state: State, id: number): number {
	if (id !== state.activeIrqId) return EACCES;
	let previous = 0;
	for (let i = 0; i < state.refs.length; i++) {
		const r = state.refs[i];
		if (r.kind !== REF_IRQ) continue;
		if (r.id === id) {
			state.refs = state.refs.filter((_, k) => k !== i);
			state.activeIrqId = previous;
			return 0;
		}
		previous = r.id;
	}
	return EINVAL;
}

/** Nothing may be held where control leaves for good. */
export function checkHeld(env: Env, exception: boolean, locks: boolean, what: string): void {
	const state = env.current;
	if (locks && state.activeLocks)
		reject(EINVAL, `${what} cannot be used inside bpf_spin_lock-ed region`, { code: "V0611", suggestion: "unlock on every path before" });
	if (exception || state.curframe === 0) {
		const r0 = env.regs[0];
		const leaks = state.refs.filter((r) => r.kind === REF_PTR && !(env.spec.id === 27 && !exception && r0.refObjId === r.id));
		for (const { id, insn } of leaks) env.note(`Unreleased reference id=${id} alloc_insn=${insn}`);
		if (leaks.length > 0) {
			reject(EINVAL, `${what} would lead to reference leak`, {
				code: "V0610",
				needed: "every reference given back",
				known: `the one acquired at instruction ${leaks[0].insn} is still held`,
				suggestion: "release it on this path too",
			});
		}
	}
	if (locks && state.activeIrqId) reject(EINVAL, `${what} cannot be used inside bpf_local_irq_save-ed region`, { code: "V0611" });
	if (locks && state.activeRcu) reject(EINVAL, `${what} cannot be used inside bpf_rcu_read_lock-ed region`, { code: "V0611" });
	if (locks && state.activePreempt) reject(EINVAL, `${what} cannot be used inside bpf_preempt_disable-ed region`, { code: "V0611" });
}

/** bpf_spin_lock and its kin, on the lock that the register points to. */
export function spinLock(env: Env, regno: number, lock: boolean, resilient: boolean, irq: boolean): void {
	const reg = env.regs[regno];
	const state = env.current;
	const name = resilient ? "bpf_res_spin" : "bpf_spin";
	if (!isConst(reg.range))
		reject(EINVAL, `${R(regno)} doesn't have constant offset. ${name}_lock has to be at the constant offset`, { code: "V0612" });
	const inMap = reg.type === PTR_TO_MAP_VALUE;
	if (inMap && !reg.map!.types) reject(EINVAL, `map '${reg.map!.name}' has to have BTF in order to use ${name}_lock`, { code: "V0612" });
	const fields = fieldsOf(env, reg);
	if (!hasField(fields, resilient ? FIELD.resSpinLock : FIELD.spinLock)) {
		reject(EINVAL, `${inMap ? "map" : "local"} '${inMap ? reg.map!.name : "kptr"}' has no valid ${name}_lock`, { code: "V0612" });
	}
	const at = resilient ? fields!.resSpinLock : fields!.spinLock;
	const off = constNumber(reg.range) + reg.off;
	if (at !== off) reject(EINVAL, `off ${off} doesn't point to 'struct ${name}_lock' that is at ${at}`, { code: "V0612" });
	const owner: object = inMap ? reg.map! : reg.btf!;
	const kind = resilient ? (irq ? REF_RES_LOCK_IRQ : REF_RES_LOCK) : REF_LOCK;
	if (lock) {
		if (!resilient && state.activeLocks) {
			if (state.refs.some((r) => r.kind === REF_LOCK)) reject(EINVAL, "Locking two bpf_spin_locks are not allowed", { code: "V0613" });
		} else if (resilient && state.activeLocks && findLock(state, REF_RES_LOCK | REF_RES_LOCK_IRQ, reg.id, owner)) {
			reject(EINVAL, "Acquiring the same lock again, AA deadlock detected", { code: "V0613" });
		}
		acquireLock(env, kind, reg.id, owner);
		return;
	}
	if (!state.activeLocks) reject(EINVAL, `${name}_unlock without taking a lock`, { code: "V0614" });
	if (!findLock(state, kind, reg.id, owner)) reject(EINVAL, `${name}_unlock of different lock`, { code: "V0614" });
	if (reg.id !== state.activeLockId || owner !== state.activeLockOwner)
		reject(EINVAL, `${name}_unlock cannot be out of order`, { code: "V0614" });
	if (!releaseLock(state, kind, reg.id, owner)) reject(EINVAL, `${name}_unlock of different lock`, { code: "V0614" });
	dropNonOwning(env);
}

/** References into a list or tree hold only while its lock is held. */
function dropNonOwning(env: Env): void {
	mapRegs(env.current, (reg) => (isNonOwning(reg.type) ? invalidated(env) : reg));
}
