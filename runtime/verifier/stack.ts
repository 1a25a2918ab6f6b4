/**
 * The stack of a frame: where its slots are, how far it reaches, and what no access may break or keep (dynptrs, ids, fastcall patterns).
 * Loads are in `stack-read.ts`, stores in `stack-write.ts`.
 * Source: check_stack_access_within_bounds and its neighbours in kernel/bpf/verifier.c.
 */
import { EACCES, EFAULT, EINVAL, type Env, R, reject } from "./env.ts";
import { tnumText } from "./tnum.ts";
import { asS64, constNumber, isConst } from "./range.ts";
import { type Frame, type Reg, isAddConst, mapRegs, notInit, unknownScalar } from "./state.ts";
import { DYNPTR, INVALID, MAYBE_NULL, PTR_TO_MEM, SCALAR, kindAt, kindsOf } from "./types.ts";

const MAX_STACK = 512;
const MAX_VAR_OFF = 1 << 29;
const RINGBUF_DYNPTR = 2;

export const slotOf = (off: number): number => Math.trunc((-off - 1) / 8);
export const byteOf = (off: number): number => (-off - 1) % 8;

export function framePointedTo(env: Env, reg: Reg): Frame {
	return env.current.frames[reg.frameno];
}

/** A scalar that is about to have a copy gets an id, so that what is learned of one holds for the other. */
export function withScalarId(env: Env, reg: Reg): Reg {
	if (reg.type !== SCALAR) return reg;
	const linked = isAddConst(reg.id);
	if (!linked && (reg.id !== 0 || isConst(reg.range))) return reg;
	const r = reg.copy();
	if (linked) {
		r.id = 0;
		r.off = 0;
	}
	if (r.id === 0 && !isConst(r.range)) r.id = env.newId();
	return r;
}

/** The offset range of an access, checked against the frame; the stack grows to it. */
export function checkStackBounds(env: Env, regno: number, off: number, size: number, write: boolean): void {
	const reg = env.regs[regno];
	const frame = framePointedTo(env, reg);
	const extra = write ? " write to" : " read from";
	const fixed = isConst(reg.range);
	let lo: number;
	let hi: number;
	if (fixed) {
		lo = constNumber(reg.range) + off;
		hi = lo + size;
	} else {
		if (reg.range.smaxNumber >= MAX_VAR_OFF || reg.range.sminNumber <= -MAX_VAR_OFF) {
			reject(EACCES, `invalid unbounded variable-offset${extra} stack ${R(regno)}`, {
				code: "V0210",
				register: regno,
				suggestion: "bound the index before using it",
			});
		}
		lo = reg.range.sminNumber + off;
		hi = reg.range.smaxNumber + off + size;
	}
	const lowest = write || env.allowUninitStack ? -MAX_STACK : -frame.kinds.length * 8;
	let errno = lo < lowest || lo > -1 ? EACCES : 0;
	if (errno === 0 && hi > 0) errno = EINVAL;
	if (errno === 0 && size < 0) errno = EFAULT;
	if (errno !== 0) {
		const where = fixed
			? `off=${asS64(reg.range.tnum.value) + BigInt(off)} size=${size}`
			: `var_off=${tnumText(reg.range.tnum)} off=${off} size=${size}`;
		reject(errno, fixed ? `invalid${extra} stack ${R(regno)} ${where}` : `invalid variable-offset${extra} stack ${R(regno)} ${where}`, {
			code: "V0211",
			register: regno,
			needed: "an offset within the 512 bytes below the frame pointer",
			known: where,
		});
	}
	frame.grow(-lo);
	const sub = env.subprogs[frame.subprog];
	// Slots of eight bytes, as grow_stack_state() counts since Linux 6.9.
	const depth = Math.ceil(-lo / 8) * 8;
	if (sub.stackDepth < depth) sub.stackDepth = depth;
}

/** Writing over half a dynptr destroys the whole of it. */
export function destroyDynptr(env: Env, frame: Frame, slot: number): void {
	if (slot < 0 || slot >= frame.kinds.length || kindAt(frame.kinds[slot], 0) !== DYNPTR) return;
	if (!frame.slots[slot].dynptrFirst) slot++;
	const first = frame.slots[slot];
	if (first.dynptrType === RINGBUF_DYNPTR) reject(EINVAL, "cannot overwrite referenced dynptr", { code: "V0601" });
	clearDynptr(env, frame, slot);
	mapRegs(env.current, (reg) =>
		(reg.type === PTR_TO_MEM || reg.type === (PTR_TO_MEM | MAYBE_NULL)) && reg.dynptrId === first.id ? invalidated(env) : reg,
	);
}

export function clearDynptr(env: Env, frame: Frame, slot: number): void {
	frame.kinds[slot] = frame.kinds[slot - 1] = kindsOf(INVALID);
	frame.slots[slot] = frame.slots[slot - 1] = notInit;
	env.trace?.touchSlot(slot);
	env.trace?.touchSlot(slot - 1);
	env.liveness.markWrite(frame.frameno, slot);
	env.liveness.markWrite(frame.frameno, slot - 1);
}

export function invalidated(env: Env): Reg {
	return env.allowPtrLeaks ? unknownScalar : notInit;
}

/** The stack below the spills that a fastcall pattern makes belongs to the pattern alone; any other access ends the optimisation. */
export function checkFastcall(env: Env, frame: Frame, off: number): void {
	const sub = env.subprogs[frame.subprog];
	if (sub.fastcallStackOff <= off || env.fastcallPattern[env.insn]) return;
	sub.fastcallStackOff = -32768;
	env.fastcallPattern.fill(0, sub.start, sub.end);
	env.fastcallSpills.fill(0, sub.start, sub.end);
}
