/**
 * Loads from the stack, and ranges of it that a helper reads or fills.
 * Source: check_stack_read_fixed_off, check_stack_range_initialized of kernel/bpf/verifier.c.
 */
import { EACCES, type Env, R, reject } from "./env.ts";
import { tnumIsConst, tnumText } from "./tnum.ts";
import { constNumber, fitsBits } from "./range.ts";
import { pushHistory, stackAccess } from "./precision.ts";
import { type Frame, type Reg, isNull, slotIsSpilled, unknownScalar, zeroScalar } from "./state.ts";
import { DYNPTR, INVALID, MISC, SCALAR, SPILL, ZERO, kindAt, withKind } from "./types.ts";
import { byteOf, checkFastcall, checkStackBounds, framePointedTo, slotOf, withScalarId } from "./stack.ts";

/** What bytes lo…hi (exclusive) hold when they are loaded without a spill. */
function loadBytes(env: Env, frame: Frame, lo: number, hi: number): Reg {
	for (let i = lo; i < hi; i++) {
		env.trace?.touchSlot(slotOf(i));
		if (kindAt(frame.kinds[slotOf(i)], byteOf(i)) !== ZERO) return unknownScalar;
	}
	return zeroScalar;
}

function badRead(_env: Env, off: number, i: number, size: number): never {
	reject(EACCES, `invalid read from stack off ${off}+${i} size ${size}`, {
		code: "V0201",
		needed: `${size} initialised bytes at fp${off}`,
		known: `byte fp${off + i} was never written on this path`,
		suggestion: "initialise the variable where it is declared",
	});
}

/** Loads; `dst` −1: only checks. */
export function readFixed(env: Env, frame: Frame, off: number, size: number, dst: number): void {
	const { regs } = env;
	const slot = slotOf(off);
	const first = byteOf(off);
	const kinds = frame.kinds[slot];
	let reg = frame.slots[slot];
	checkFastcall(env, env.frame, off);
	if (env.trace !== null) env.trace.touchSlot(slot);
	env.liveness.markRead(frame.frameno, env.insn, slot);
	let flags = stackAccess(frame.frameno, slot);
	if (slotIsSpilled(kinds)) {
		let spilled = 1;
		for (let i = 7; i > 0 && kindAt(kinds, i - 1) === SPILL; i--) spilled++;
		if (size !== 8 || spilled !== 8) {
			if (reg.type !== SCALAR) reject(EACCES, "invalid size of register fill", { code: "V0217" });
			if (dst < 0) return;
			// Little-endian: the low bytes of the register are at the slot's lowest address.
			if (size <= spilled && off % 8 === 0) {
				if (size === 4 && spilled === 4 && fitsBits(reg.range, 32)) frame.slots[slot] = reg = withScalarId(env, reg);
				if (!fitsBits(reg.range, size * 8) && reg.id) {
					reg = reg.copy();
					reg.id = 0;
				}
				regs[dst] = reg;
			} else {
				let spills = 0;
				let zeros = 0;
				for (let i = 0; i < size; i++) {
					const k = kindAt(kinds, (first - i + 8) % 8);
					if (k === SPILL) spills++;
					else if (k === ZERO) zeros++;
					else if (k !== MISC && !(k === INVALID && env.allowUninitStack)) badRead(env, off, i, size);
				}
				if (spills === size && isNull(reg)) regs[dst] = zeroScalar;
				else {
					regs[dst] = zeros === size ? zeroScalar : unknownScalar;
					flags = 0;
				}
			}
		} else if (dst >= 0) {
			// A scalar that lost its id on the stack (widened in a loop) gets no new one with a whole fill, as it does with one of 4 bytes.
			regs[dst] = reg;
		} else if (!env.allowPtrLeaks && reg.type !== SCALAR) reject(EACCES, `leaking pointer from stack off ${off}`, { code: "V0218" });
	} else {
		for (let i = 0; i < size; i++) {
			const k = kindAt(kinds, (first - i + 8) % 8);
			if (k === MISC || k === ZERO || (k === INVALID && env.allowUninitStack)) continue;
			badRead(env, off, i, size);
		}
		if (dst >= 0) regs[dst] = loadBytes(env, frame, off, off + size);
		flags = 0;
	}
	if (flags) pushHistory(env, env.current, flags, null);
}

export interface RawMode {
	/** Set when the callee fills the bytes itself: they are written after the other arguments were checked. */
	size: number;
	regno: number;
}

/** Bytes that a helper reads (or fills, `write`) through a stack pointer. */
export function checkStackRange(
	env: Env,
	regno: number,
	off: number,
	size: number,
	zeroAllowed: boolean,
	write: boolean,
	raw: RawMode | null,
): void {
	const reg = env.regs[regno];
	const frame = framePointedTo(env, reg);
	if (size === 0 && !zeroAllowed) reject(EACCES, "invalid zero-sized read", { code: "V0219", register: regno });
	checkStackBounds(env, regno, off, size, write);
	const fixed = tnumIsConst(reg.range.tnum);
	let lo: number;
	let hi: number;
	if (fixed) lo = hi = constNumber(reg.range) + off;
	else {
		if (!env.bypassSpecV1)
			reject(EACCES, `${R(regno)} variable offset stack access prohibited for !root, var_off=${tnumText(reg.range.tnum)}`, {
				code: "V0220",
			});
		raw = null;
		lo = reg.range.sminNumber + off;
		hi = reg.range.smaxNumber + off;
	}
	if (raw) {
		for (let i = lo; i < hi + size; i++) {
			if (-i > frame.kinds.length * 8) continue;
			if (kindAt(frame.kinds[slotOf(i)], byteOf(i)) === DYNPTR)
				reject(EACCES, `potential write to dynptr at off=${i} disallowed`, { code: "V0602" });
		}
		raw.size = size;
		raw.regno = regno;
		return;
	}
	for (let i = lo; i < hi + size; i++) {
		const slot = slotOf(i);
		const b = byteOf(i);
		const k = kindAt(frame.kinds[slot], b);
		if (k === MISC) {
			// Known to be initialised.
		} else if (k === ZERO || (k === INVALID && env.allowUninitStack)) {
			if (write) frame.kinds[slot] = withKind(frame.kinds[slot], b, MISC);
		} else if (slotIsSpilled(frame.kinds[slot]) && (frame.slots[slot].type === SCALAR || env.allowPtrLeaks)) {
			if (write) {
				frame.slots[slot] = unknownScalar;
				let kinds = frame.kinds[slot];
				for (let j = 0; j < 8; j++) if (kindAt(kinds, j) !== INVALID) kinds = withKind(kinds, j, MISC);
				frame.kinds[slot] = kinds;
			}
		} else {
			reject(
				EACCES,
				fixed
					? `invalid read from stack ${R(regno)} off ${lo}+${i - lo} size ${size}`
					: `invalid read from stack ${R(regno)} var_off ${tnumText(reg.range.tnum)}+${i - lo} size ${size}`,
				{
					code: "V0202",
					register: regno,
					needed: `${size} initialised bytes`,
					known: `byte fp${i} was never written on this path`,
					suggestion: "initialise the whole object, padding included",
				},
			);
		}
		env.liveness.markRead(reg.frameno, env.insn, slot);
	}
}

export function readVariable(env: Env, ptrRegno: number, off: number, size: number, dst: number): void {
	const reg = env.regs[ptrRegno];
	const frame = framePointedTo(env, reg);
	checkStackRange(env, ptrRegno, off, size, false, false, null);
	const lo = reg.range.sminNumber + off;
	const hi = reg.range.smaxNumber + off;
	env.regs[dst] = loadBytes(env, frame, lo, hi + size);
	checkFastcall(env, frame, lo);
}
