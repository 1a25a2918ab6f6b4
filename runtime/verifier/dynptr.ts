/**
 * Dynptrs, iterators and saved interrupt flags: objects of several stack slots that only helpers and kfuncs may change.
 *
 * Source: process_dynptr_func, mark_stack_slots_dynptr, mark_stack_slots_iter, process_irq_flag of kernel/bpf/verifier.c.
 */
import { EINVAL, ERANGE, EPROTO, type Env, reject } from "./env.ts";
import type { TypeSource } from "./btf.ts";
import { constNumber, isConst } from "./range.ts";
import { inRcu } from "./objects.ts";
import { accessMemory } from "./memory.ts";
import { acquire, acquireIrq, release, releaseIrq } from "./references.ts";
import { clearDynptr, destroyDynptr, framePointedTo, slotOf } from "./stack.ts";
import { ITER_ACTIVE, type Frame, type Reg, notInit, pointer } from "./state.ts";
import { CONST_PTR_TO_DYNPTR, DYNPTR, INVALID, IRQ, ITER, kindAt, kindsOf, PTR_TO_STACK, RCU, UNTRUSTED } from "./types.ts";
import { DYN_RINGBUF, DYNPTR_NAMES } from "./dynptr-kinds.ts";

/**
 * The slot of an object of `count` slots that the register points to; a negative errno when there is none. 6.18 takes fp+0 for the slot at fp-8: of what is
 * still to be `made` there the write is refused.
 */
export function objectSlot(env: Env, reg: Reg, what: string, count: number, made = false): number {
	if (!isConst(reg.range)) {
		env.note(`${what} has to be at a constant offset`);
		return -EINVAL;
	}
	const off = reg.off + constNumber(reg.range);
	if (off % 8) {
		env.note(`cannot pass in ${what} at an offset=${off}`);
		return -EINVAL;
	}
	const slot = off === 0 ? 0 : slotOf(off);
	if (slot + 1 < count || (off >= 0 && !(made && off === 0))) {
		// A single slot at fp+0 6.18 takes for that at fp-8, and says nothing.
		if (off !== 0 || count > 1) env.note(`cannot pass in ${what} at an offset=${off}`);
		return -EINVAL;
	}
	return slot - count + 1 >= 0 && slot < framePointedTo(env, reg).kinds.length ? slot : -ERANGE;
}

/** Marks the slots as written, as the callee will do. */
function writeSlots(env: Env, regno: number, bytes: number): void {
	for (let i = 0; i < bytes; i += 8)
		accessMemory(env, regno, { off: i, size: 8, write: true, value: -1, imm: null, strict: false, signExtend: false });
}

function markObjectRead(env: Env, reg: Reg, slot: number, count: number): void {
	for (let i = 0; i < count; i++) {
		env.liveness.markRead(reg.frameno, env.insn, slot - i);
		env.trace?.touchSlot(slot - i);
	}
}

function isWhole(frame: Frame, slot: number, count: number, kind: number): boolean {
	for (let i = 0; i < count; i++) if (frame.kinds[slot - i] !== kindsOf(kind)) return false;
	return true;
}

export interface DynptrUse {
	readonly uninit: boolean;
	readonly readonly: boolean;
	/** Wanted or made type; 0: any. */
	readonly type: number;
	readonly cloneRef: number;
}

export function useDynptr(env: Env, regno: number, use: DynptrUse): void {
	const reg = env.regs[regno];
	if (reg.type !== PTR_TO_STACK && reg.type !== CONST_PTR_TO_DYNPTR) {
		reject(EINVAL, `arg#${regno - 1} expected pointer to stack or const struct bpf_dynptr`, { code: "V0603", register: regno });
	}
	if (use.uninit) {
		const at = reg.type === CONST_PTR_TO_DYNPTR ? -EINVAL : objectSlot(env, reg, "dynptr", 2);
		if (at < 0 && at !== -ERANGE) reject(EINVAL, "Dynptr has to be an uninitialized dynptr", { code: "V0604", register: regno });
		writeSlots(env, regno, 16);
		makeDynptr(env, env.regs[regno], use);
		return;
	}
	if (reg.type === CONST_PTR_TO_DYNPTR && !use.readonly)
		reject(EINVAL, "cannot pass pointer to const bpf_dynptr, the helper mutates it", { code: "V0603" });
	if (!isInitialised(env, reg)) reject(EINVAL, `Expected an initialized dynptr as arg #${regno - 1}`, { code: "V0605", register: regno });
	if (use.type !== 0 && dynptrReg(env, reg).dynptrType !== use.type)
		reject(EINVAL, `Expected a dynptr of type ${DYNPTR_NAMES[use.type]} as arg #${regno - 1}`, { code: "V0605" });
	if (reg.type === PTR_TO_STACK) markObjectRead(env, reg, objectSlot(env, reg, "dynptr", 2), 2);
}

function isInitialised(env: Env, reg: Reg): boolean {
	if (reg.type === CONST_PTR_TO_DYNPTR) return true;
	const slot = objectSlot(env, reg, "dynptr", 2);
	if (slot < 0) return false;
	const frame = framePointedTo(env, reg);
	return isWhole(frame, slot, 2, DYNPTR) && frame.slots[slot].dynptrFirst;
}

/** The register state that describes the dynptr: the argument itself, or its first stack slot. */
export function dynptrReg(env: Env, reg: Reg): Reg {
	if (reg.type === CONST_PTR_TO_DYNPTR) return reg;
	const slot = objectSlot(env, reg, "dynptr", 2);
	return slot < 0 ? notInit : framePointedTo(env, reg).slots[slot];
}

function makeDynptr(env: Env, reg: Reg, use: DynptrUse): void {
	const slot = objectSlot(env, reg, "dynptr", 2);
	if (slot < 0) reject(EINVAL, "Dynptr has to be an uninitialized dynptr", { code: "V0604" });
	const frame = framePointedTo(env, reg);
	destroyDynptr(env, frame, slot);
	destroyDynptr(env, frame, slot - 1);
	frame.kinds[slot] = frame.kinds[slot - 1] = kindsOf(DYNPTR);
	const id = env.newId();
	const ref = use.type === DYN_RINGBUF ? use.cloneRef || acquire(env) : 0;
	frame.slots[slot] = dynptrPart(use.type, true, id, ref);
	frame.slots[slot - 1] = dynptrPart(use.type, false, id, ref);
	env.liveness.markWrite(frame.frameno, slot);
	env.trace?.touchSlot(slot);
	env.liveness.markWrite(frame.frameno, slot - 1);
	env.trace?.touchSlot(slot - 1);
}

export function dynptrPart(type: number, first: boolean, id: number, ref: number): Reg {
	const r = pointer(CONST_PTR_TO_DYNPTR);
	r.dynptrType = type;
	r.dynptrFirst = first;
	r.id = id;
	r.refObjId = ref;
	return r;
}

/** Gives a dynptr back, with its clones and slices. */
export function releaseDynptr(env: Env, reg: Reg): void {
	const slot = objectSlot(env, reg, "dynptr", 2);
	if (slot < 0) reject(EINVAL, "Dynptr has to be an initialized dynptr", { code: "V0605" });
	const frame = framePointedTo(env, reg);
	const first = frame.slots[slot];
	if (first.dynptrType !== DYN_RINGBUF) return clearDynptr(env, frame, slot);
	const ref = first.refObjId;
	release(env, ref);
	for (let i = 1; i < frame.kinds.length; i++) {
		const part = frame.slots[i];
		if (part.refObjId === ref && kindAt(frame.kinds[i], 0) === DYNPTR && part.dynptrFirst) clearDynptr(env, frame, i);
	}
}

export function newIterator(
	env: Env,
	regno: number,
	types: TypeSource,
	typeId: number,
	slots: number,
	rcuProtected: boolean,
	name: string,
): void {
	const reg = env.regs[regno];
	const at = objectSlot(env, reg, "iter", slots, true);
	const frame = framePointedTo(env, reg);
	let free = at >= 0 || at === -ERANGE;
	if (at >= 0) for (let i = 0; i < slots; i++) for (let j = 0; j < 8; j++) if (kindAt(frame.kinds[at - i], j) === ITER) free = false;
	if (!free) reject(EINVAL, `expected uninitialized iter_${name} as arg #${regno - 1}`, { code: "V0620", register: regno });
	writeSlots(env, regno, slots * 8);
	const slot = objectSlot(env, env.regs[regno], "iter", slots);
	const id = acquire(env);
	for (let i = 0; i < slots; i++) {
		const part = pointer(PTR_TO_STACK | (rcuProtected ? (inRcu(env) ? RCU : UNTRUSTED) : 0));
		part.refObjId = i === 0 ? id : 0;
		part.btf = types;
		part.btfId = typeId;
		part.iterState = ITER_ACTIVE;
		frame.kinds[slot - i] = kindsOf(ITER);
		frame.slots[slot - i] = part;
		env.liveness.markWrite(frame.frameno, slot - i);
		env.trace?.touchSlot(slot - i);
	}
}

/** The slot of a live iterator of the type. */
export function knownIterator(
	env: Env,
	regno: number,
	types: TypeSource,
	typeId: number,
	slots: number,
	name: string,
	func: string,
): number {
	const reg = env.regs[regno];
	const slot = objectSlot(env, reg, "iter", slots);
	const bad = (): never => reject(EINVAL, `expected an initialized iter_${name} as arg #${regno - 1}`, { code: "V0621", register: regno });
	if (slot < 0) bad();
	const frame = framePointedTo(env, reg);
	for (let i = 0; i < slots; i++) {
		const part = frame.slots[slot - i];
		if (part.type & UNTRUSTED) reject(EPROTO, `expected an RCU CS when using ${func}`, { code: "V0622", register: regno });
		if ((i === 0) !== (part.refObjId !== 0) || part.btf !== types || part.btfId !== typeId || frame.kinds[slot - i] !== kindsOf(ITER))
			bad();
	}
	markObjectRead(env, reg, slot, slots);
	return slot;
}

export function destroyIterator(env: Env, regno: number, slot: number, slots: number): void {
	const frame = framePointedTo(env, env.regs[regno]);
	release(env, frame.slots[slot].refObjId);
	for (let i = 0; i < slots; i++) {
		frame.kinds[slot - i] = kindsOf(INVALID);
		frame.slots[slot - i] = notInit;
		env.liveness.markWrite(frame.frameno, slot - i);
		env.trace?.touchSlot(slot - i);
	}
}

export function saveIrq(env: Env, regno: number, lockClass: boolean): void {
	const reg = env.regs[regno];
	const at = objectSlot(env, reg, "irq_flag", 1, true);
	const frame = framePointedTo(env, reg);
	let free = at >= 0 || at === -ERANGE;
	if (at >= 0) for (let j = 0; j < 8; j++) if (kindAt(frame.kinds[at], j) === IRQ) free = false;
	if (!free) reject(EINVAL, `expected uninitialized irq flag as arg#${regno - 1}`, { code: "V0623" });
	writeSlots(env, regno, 8);
	const slot = objectSlot(env, env.regs[regno], "irq_flag", 1);
	const part = pointer(PTR_TO_STACK);
	part.refObjId = acquireIrq(env);
	part.irqClass = lockClass ? 1 : 0;
	frame.kinds[slot] = kindsOf(IRQ);
	frame.slots[slot] = part;
	env.liveness.markWrite(frame.frameno, slot);
	env.trace?.touchSlot(slot);
}

export function restoreIrq(env: Env, regno: number, lockClass: boolean): void {
	const reg = env.regs[regno];
	const slot = objectSlot(env, reg, "irq_flag", 1);
	const frame = framePointedTo(env, reg);
	if (slot < 0 || !frame.slots[slot].refObjId || frame.kinds[slot] !== kindsOf(IRQ))
		reject(EINVAL, `expected an initialized irq flag as arg#${regno - 1}`, { code: "V0623" });
	markObjectRead(env, reg, slot, 1);
	const part = frame.slots[slot];
	if (part.irqClass !== (lockClass ? 1 : 0)) {
		reject(
			EINVAL,
			`irq flag acquired by ${part.irqClass ? "lock" : "native"} kfuncs cannot be restored with ${lockClass ? "lock" : "native"} kfuncs`,
			{ code: "V0623" },
		);
	}
	const error = releaseIrq(env.current, part.refObjId);
	const active = env.current.refs.find(({ id }) => id === env.current.activeIrqId);
	if (error)
		reject(
			error,
			`cannot restore irq state out of order, expected id=${env.current.activeIrqId} acquired at insn_idx=${active?.insn ?? -1}`,
			{ code: "V0624" },
		);
	frame.kinds[slot] = kindsOf(INVALID);
	frame.slots[slot] = notInit;
	env.liveness.markWrite(frame.frameno, slot);
	env.trace?.touchSlot(slot);
}
