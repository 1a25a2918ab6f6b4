/**
 * Stores to the stack: whole registers are spilled, of the bytes of others is known whether they are zero.
 * Source: check_stack_write_fixed_off, check_stack_write_var_off of kernel/bpf/verifier.c.
 */
import { EACCES, EINVAL, type Env, reject } from "./env.ts";
import { fitsBits } from "./range.ts";
import { markPrecise, pushHistory, stackAccess } from "./precision.ts";
import { type Frame, type Reg, constScalar, isNull, notInit, slotIsSpilled } from "./state.ts";
import { INVALID, MISC, PTR_TO_STACK, SCALAR, SPILL, ZERO, isSpillable, kindAt, withKind } from "./types.ts";
import { byteOf, checkFastcall, destroyDynptr, slotOf, withScalarId } from "./stack.ts";

/** Puts a register into a slot; its upper bytes, when it is narrower, keep zero or become unknown. */
function spill(_env: Env, frame: Frame, slot: number, reg: Reg, size: number): void {
	frame.slots[slot] = reg;
	let kinds = frame.kinds[slot];
	for (let i = 7; i > 7 - size; i--) kinds = withKind(kinds, i, SPILL);
	for (let i = 7 - size; i >= 0; i--) {
		const k = kindAt(kinds, i);
		if (k !== ZERO && k !== INVALID) kinds = withKind(kinds, i, MISC);
	}
	frame.kinds[slot] = kinds;
}

const narrow = (reg: Reg, size: number): boolean => fitsBits(reg.range, size * 8);

export function writeFixed(env: Env, frame: Frame, off: number, size: number, valueRegno: number, imm: number | null): void {
	const slot = slotOf(off);
	const kindsBefore = frame.kinds[slot];
	if (!env.allowPtrLeaks && slotIsSpilled(kindsBefore) && frame.slots[slot].type !== SCALAR && size !== 8) {
		reject(EACCES, "attempt to corrupt spilled pointer on stack", { code: "V0212" });
	}
	const { regs } = env;
	let reg: Reg | null = valueRegno >= 0 ? regs[valueRegno] : null;
	if (!env.bypassSpecV4) {
		let sanitize = reg !== null && isSpillable(reg.type);
		for (let i = 0; i < size && !sanitize; i++) {
			const k = kindAt(kindsBefore, (byteOf(off) - i + 8) % 8);
			if (k !== MISC && k !== ZERO) sanitize = true;
		}
		if (sanitize) env.nospecResult[env.insn] = 1;
	}
	destroyDynptr(env, frame, slot);
	if (env.trace !== null) env.trace.touchSlot(slot);
	const aligned = off % 8 === 0;
	if (aligned && size === 8) env.liveness.markWrite(frame.frameno, slot);
	checkFastcall(env, frame, off);
	let flags = stackAccess(frame.frameno, slot);
	if (reg && aligned && reg.type === SCALAR) {
		const fits = narrow(reg, size);
		if (fits) regs[valueRegno] = reg = withScalarId(env, reg);
		if (!fits && reg.id !== 0) {
			const copy = reg.copy();
			copy.id = 0;
			reg = copy;
		}
		spill(env, frame, slot, reg, size);
	} else if (!reg && aligned && imm !== null) {
		spill(env, frame, slot, constScalar(imm), size);
	} else if (reg && isSpillable(reg.type)) {
		if (size !== 8) reject(EACCES, "invalid size of register spill", { code: "V0213", register: valueRegno });
		if (frame !== env.frame && reg.type === PTR_TO_STACK)
			reject(EINVAL, "cannot spill pointers to stack into stack frame of the caller", { code: "V0214" });
		spill(env, frame, slot, reg, 8);
	} else {
		let kinds = frame.kinds[slot];
		const top = kindAt(kinds, 7);
		if (top !== INVALID && top !== MISC && top !== ZERO) {
			for (let i = 0; i < 8; i++) if (kindAt(kinds, i) !== INVALID) kinds = withKind(kinds, i, MISC);
		}
		frame.slots[slot] = notInit;
		let kind = MISC;
		if ((reg && isNull(reg)) || (!reg && imm === 0)) {
			if (valueRegno >= 0) markPrecise(env, valueRegno);
			kind = ZERO;
		}
		const first = byteOf(off);
		for (let i = 0; i < size; i++) kinds = withKind(kinds, (first - i + 8) % 8, kind);
		frame.kinds[slot] = kinds;
		flags = 0;
	}
	if (flags) pushHistory(env, env.current, flags, null);
}

export function writeVariable(
	env: Env,
	frame: Frame,
	ptrRegno: number,
	off: number,
	size: number,
	valueRegno: number,
	imm: number | null,
): void {
	const ptr = env.regs[ptrRegno];
	const lo = ptr.range.sminNumber + off;
	const hi = ptr.range.smaxNumber + off + size;
	const reg = valueRegno >= 0 ? env.regs[valueRegno] : null;
	const zero = (reg !== null && isNull(reg)) || (reg === null && imm === 0);
	let usedZero = false;
	for (let i = lo; i < hi; i++) destroyDynptr(env, frame, slotOf(i));
	checkFastcall(env, frame, lo);
	for (let i = lo; i < hi; i++) {
		const slot = slotOf(i);
		const b = byteOf(i);
		const k = kindAt(frame.kinds[slot], b);
		if (!env.allowPtrLeaks && k !== MISC && k !== ZERO) {
			reject(EINVAL, `spilled ptr in range of var-offset stack write; insn ${env.insn}, ptr off: ${i}`, { code: "V0215" });
		}
		if (zero && k === SPILL && slotIsSpilled(frame.kinds[slot]) && isNull(frame.slots[slot])) {
			usedZero = true;
			continue;
		}
		// A register that loses a byte is no register any more.
		if (slotIsSpilled(frame.kinds[slot]))
			for (let j = 0; j < 8; j++) if (kindAt(frame.kinds[slot], j) !== INVALID) frame.kinds[slot] = withKind(frame.kinds[slot], j, MISC);
		frame.slots[slot] = notInit;
		env.trace?.touchSlot(slot);
		let kind = MISC;
		if (zero && k === ZERO) {
			kind = ZERO;
			usedZero = true;
		}
		if (k === INVALID && !env.allowUninitStack) {
			reject(EINVAL, `uninit stack in range of var-offset write prohibited for !root; insn ${env.insn}, off: ${i}`, { code: "V0216" });
		}
		frame.kinds[slot] = withKind(frame.kinds[slot], b, kind);
	}
	if (usedZero && valueRegno >= 0) markPrecise(env, valueRegno);
}
