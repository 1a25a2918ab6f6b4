/**
 * A pointer plus or minus a number: the new offset, where the kind of pointer allows it.
 *
 * In: both registers; out: the instruction's dst. A known number joins the constant part of the offset, any other the variable part.
 * Source: adjust_ptr_min_max_vals, check_reg_sane_offset of kernel/bpf/verifier.c, Linux 6.18.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { EACCES, EINVAL, type Env, R, reject } from "./env.ts";
import { sync } from "./bounds.ts";
import { type Range, S32_MAX, S32_MIN, asS64, constNumber, editable, isConst, unbound32 } from "./range.ts";
import { sanitizeBounds, sanitizeFirst, sanitizeSecond } from "./sanitize.ts";
import { ALU_ADD, ALU_AND, ALU_OR, ALU_SUB, ALU_SYMBOLS, ALU_XOR, addSigned, subSigned } from "./scalar.ts";
import { type Reg, unknownScalar } from "./state.ts";
import { tnumAdd, tnumSub } from "./tnum.ts";
import {
	CONST_PTR_TO_DYNPTR,
	CONST_PTR_TO_MAP,
	MAYBE_NULL,
	PTR_TO_BTF_ID,
	PTR_TO_BUF,
	PTR_TO_CTX,
	PTR_TO_FLOW_KEYS,
	PTR_TO_FUNC,
	PTR_TO_MAP_KEY,
	PTR_TO_MAP_VALUE,
	PTR_TO_MEM,
	PTR_TO_PACKET,
	PTR_TO_PACKET_META,
	PTR_TO_STACK,
	PTR_TO_TP_BUFFER,
	UNTRUSTED,
	baseOf,
	isPacket,
	typeName,
} from "./types.ts";
import { below, borrow, carry, less } from "./word.ts";

const MAX_VAR_OFF = 1 << 29;

function saneOffset(reg: Reg, type: number): void {
	const { range } = reg;
	if (isConst(range)) {
		const value = constNumber(range);
		if (value >= MAX_VAR_OFF || value <= -MAX_VAR_OFF)
			reject(EINVAL, `math between ${typeName(type)} pointer and ${asS64(range.tnum.value)} is not allowed`, { code: "V0254" });
	}
	if (reg.off >= MAX_VAR_OFF || reg.off <= -MAX_VAR_OFF)
		reject(EINVAL, `${typeName(type)} pointer offset ${reg.off} is not allowed`, { code: "V0254" });
	if (range.sminHi === S32_MIN && range.sminLo === 0)
		reject(EINVAL, `math between ${typeName(type)} pointer and register with unbounded min value is not allowed`, {
			code: "V0255",
			suggestion: "bound the index from below, or make it unsigned",
		});
	const smin = range.sminNumber;
	if (smin >= MAX_VAR_OFF || smin <= -MAX_VAR_OFF)
		reject(EINVAL, `value ${range.smin} makes ${typeName(type)} pointer be out of bounds`, { code: "V0254" });
}

const inS32 = (x: number): boolean => x >= S32_MIN && x <= S32_MAX;

/** Of a pointer's offset, unlike of a number, no end may overflow. */
function addOffset(r: Range, s: Range): void {
	addSigned(r, s);
	const uminLo = (r.uminLo + s.uminLo) | 0;
	const uminHi = (r.uminHi + s.uminHi + carry(r.uminLo, uminLo)) | 0;
	const umaxLo = (r.umaxLo + s.umaxLo) | 0;
	const umaxHi = (r.umaxHi + s.umaxHi + carry(r.umaxLo, umaxLo)) | 0;
	if (below(umaxHi, umaxLo, r.umaxHi, r.umaxLo) || below(uminHi, uminLo, r.uminHi, r.uminLo)) r.setUnsigned(0, 0, -1, -1);
	else r.setUnsigned(uminHi, uminLo, umaxHi, umaxLo);
}

function subOffset(r: Range, s: Range): void {
	subSigned(r, s);
	if (below(r.uminHi, r.uminLo, s.umaxHi, s.umaxLo)) return r.setUnsigned(0, 0, -1, -1);
	const uminLo = (r.uminLo - s.umaxLo) | 0;
	const umaxLo = (r.umaxLo - s.uminLo) | 0;
	r.setUnsigned(
		(r.uminHi - s.umaxHi - borrow(r.uminLo, s.umaxLo)) | 0,
		uminLo,
		(r.umaxHi - s.uminHi - borrow(r.umaxLo, s.uminLo)) | 0,
		umaxLo,
	);
}

/** `ptr op off`; the result goes to the instruction's dst. */
export function pointerArithmetic(env: Env, insn: Insn, op: number, ptr: Reg, off: Reg, ptrIsDst: boolean): void {
	const d = insn.dst;
	const known = isConst(off.range);
	const { sminHi, sminLo, smaxHi, smaxLo, uminHi, uminLo, umaxHi, umaxLo } = off.range;
	const differs = sminHi !== smaxHi || sminLo !== smaxLo || uminHi !== umaxHi || uminLo !== umaxLo;
	if (differs && (known || less(smaxHi, smaxLo, sminHi, sminLo) || below(umaxHi, umaxLo, uminHi, uminLo))) {
		env.regs[d] = unknownScalar;
		return;
	}
	if ((insn.opcode & 7) !== 7) {
		if (op === ALU_SUB && env.allowPtrLeaks) {
			env.regs[d] = unknownScalar;
			return;
		}
		reject(EACCES, `${R(d)} 32-bit pointer arithmetic prohibited`, { code: "V0256", register: d });
	}
	if (ptr.type & MAYBE_NULL) {
		reject(EACCES, `${R(d)} pointer arithmetic on ${typeName(ptr.type)} prohibited, null-check it first`, {
			code: "V0102",
			register: d,
			suggestion: "check the pointer first: if (!$v) return …;",
		});
	}
	if (baseOf(ptr.type) === PTR_TO_MEM && ptr.type & UNTRUSTED) {
		// Any address may be read through it, so the offset need not be known. (dst keeps what it was.)
		return;
	}
	if (!mayMove(ptr, op, off))
		reject(EACCES, `${R(d)} pointer arithmetic on ${typeName(ptr.type)} prohibited`, { code: "V0257", register: d });
	saneOffset(off, ptr.type);
	saneOffset(ptr, ptr.type);
	const result = ptr.copy();
	const plan = op === ALU_ADD || op === ALU_SUB ? sanitizeFirst(env, insn, op, ptr, off, ptrIsDst) : null;
	const r = editable(ptr.range);
	unbound32(r);
	if (op === ALU_ADD) {
		const fixed = ptr.off + off.range.sminNumber;
		if (known && inS32(fixed)) result.off = fixed;
		else {
			addOffset(r, off.range);
			r.tnum = tnumAdd(ptr.range.tnum, off.range.tnum);
			if (isPacket(ptr.type)) {
				result.id = env.newId();
				// The old bounds check said nothing about the new pointer.
				result.packetRange = 0;
			}
		}
	} else if (op === ALU_SUB) {
		if (!ptrIsDst) reject(EACCES, `${R(d)} tried to subtract pointer from scalar`, { code: "V0258", register: d });
		if (ptr.type === PTR_TO_STACK) reject(EACCES, `${R(d)} subtraction from stack pointer prohibited`, { code: "V0258", register: d });
		const fixed = ptr.off - off.range.sminNumber;
		if (known && inS32(fixed)) result.off = fixed;
		else {
			subOffset(r, off.range);
			r.tnum = tnumSub(ptr.range.tnum, off.range.tnum);
			if (isPacket(ptr.type)) {
				result.id = env.newId();
				if (sminHi < 0) result.packetRange = 0;
			}
		}
	} else if (op === ALU_AND || op === ALU_OR || op === ALU_XOR) {
		reject(EACCES, `${R(d)} bitwise operator ${ALU_SYMBOLS[op]} on pointer prohibited`, { code: "V0259", register: d });
	} else reject(EACCES, `${R(d)} pointer arithmetic with ${ALU_SYMBOLS[op]} operator prohibited`, { code: "V0259", register: d });
	result.range = r;
	saneOffset(result, ptr.type);
	result.range = sync(r);
	env.regs[d] = result;
	if (!env.bypassSpecV1) sanitizeBounds(env, d, result);
	if (plan) sanitizeSecond(env, insn, plan, result);
}

/** Kinds of pointers that numbers are added to; to those to flow keys constants, to those to maps only 0. */
function mayMove(ptr: Reg, op: number, off: Reg): boolean {
	switch (baseOf(ptr.type)) {
		case PTR_TO_CTX:
		case PTR_TO_MAP_VALUE:
		case PTR_TO_MAP_KEY:
		case PTR_TO_STACK:
		case PTR_TO_PACKET_META:
		case PTR_TO_PACKET:
		case PTR_TO_TP_BUFFER:
		case PTR_TO_BTF_ID:
		case PTR_TO_MEM:
		case PTR_TO_BUF:
		case PTR_TO_FUNC:
		case CONST_PTR_TO_DYNPTR:
			return true;
		case PTR_TO_FLOW_KEYS:
			return isConst(off.range);
		case CONST_PTR_TO_MAP:
			return isConst(off.range) && (off.range.sminHi | off.range.sminLo) === 0 && op === ALU_ADD;
		default:
			return false;
	}
}
