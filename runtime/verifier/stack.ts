/**
 * Loads and stores on the stack: spills and fills of whole registers, bytes of known and unknown content, variable offsets.
 *
 * In: a frame, offset and size already known to be inside the stack; out: the value loaded, or the frame changed.
 * Source: check_stack_read_fixed_off and its neighbours in kernel/bpf/verifier.c.
 */
import { EACCES, EFAULT, EINVAL, type Env, R, reject } from "./env.ts";
import { tnumIsConst, tnumText } from "./tnum.ts";
import { asS64, constNumber, fitsBits, isConst } from "./range.ts";
import { markPrecise, pushHistory, stackAccess } from "./precision.ts";
import {
	type Frame,
	type Reg,
	constScalar,
	isAddConst,
	isNull,
	mapRegs,
	notInit,
	slotIsSpilled,
	unknownScalar,
	zeroScalar,
} from "./state.ts";
import {
	DYNPTR,
	INVALID,
	MAYBE_NULL,
	MISC,
	PTR_TO_MEM,
	PTR_TO_STACK,
	SCALAR,
	SPILL,
	ZERO,
	isSpillable,
	kindAt,
	kindsOf,
	withKind,
} from "./types.ts";

const MAX_STACK = 512;
const MAX_VAR_OFF = 1 << 29;
const RINGBUF_DYNPTR = 2;

export const slotOf = (off: number): number => Math.trunc((-off - 1) / 8);
const byteOf = (off: number): number => (-off - 1) % 8;

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
	if (sub.stackDepth < -lo) sub.stackDepth = -lo;
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
function checkFastcall(env: Env, frame: Frame, off: number): void {
	const sub = env.subprogs[frame.subprog];
	if (sub.fastcallStackOff <= off || env.fastcallPattern[env.insn]) return;
	sub.fastcallStackOff = -32768;
	env.fastcallPattern.fill(0, sub.start, sub.end);
	env.fastcallSpills.fill(0, sub.start, sub.end);
}

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
