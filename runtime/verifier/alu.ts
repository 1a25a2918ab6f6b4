/**
 * ALU instructions: scalars by scalar.ts, pointers plus or minus scalars here.
 *
 * Source: check_alu_op, adjust_ptr_min_max_vals, sanitize_* of kernel/bpf/verifier.c, Linux 6.18.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { EACCES, EINVAL, type Env, R, Refusal, reject } from "./env.ts";
import {
	type Range, S32_MAX, S64_MAX, S64_MIN, asS64, assign32Into64, constValue, contradiction, editable, isConst, isConstWidth, rangeConst, rangeConstNumber, setConst, setConst32,
	signExtend, signExtend32, sync, truncate, unbound32, unbounded, zeroExtend32,
} from "./range.ts";
import { ALU_ADD, ALU_AND, ALU_ARSH, ALU_DIV, ALU_END, ALU_LSH, ALU_MOD, ALU_MOV, ALU_NEG, ALU_OR, ALU_RSH, ALU_SUB, ALU_XOR, applyAlu } from "./scalar.ts";
import { U64, bitLength, tnumAdd, tnumByteSwap, tnumSub, tnumText } from "./tnum.ts";
import { markPrecise } from "./precision.ts";
import { pushBranch } from "./walk.ts";
import { ADD_CONST, ADD_CONST_LOW, type Reg, isAddConst, pointer, scalar, unknownScalar } from "./state.ts";
import { checkMapValue } from "./memory.ts";
import { withScalarId } from "./stack.ts";
import {
	CONST_PTR_TO_DYNPTR, CONST_PTR_TO_MAP, MAYBE_NULL, NOT_INIT, PTR_TO_ARENA, PTR_TO_BTF_ID, PTR_TO_BUF, PTR_TO_CTX, PTR_TO_FLOW_KEYS, PTR_TO_FUNC,
	PTR_TO_MAP_KEY, PTR_TO_MAP_VALUE, PTR_TO_MEM, PTR_TO_PACKET, PTR_TO_PACKET_META, PTR_TO_STACK, PTR_TO_TP_BUFFER, SCALAR, UNTRUSTED, baseOf, isPacket,
	typeName,
} from "./types.ts";

const MAX_VAR_OFF = 1 << 29;
const MAX_VAR_OFF_BIG = BigInt(MAX_VAR_OFF);

export function checkReadable(env: Env, regno: number): void {
	if (regno > 10) reject(EINVAL, `${R(regno)} is invalid`, { code: "V0010", register: regno });
	if (env.regs[regno].type === NOT_INIT) {
		reject(EACCES, `${R(regno)} !read_ok`, { code: "V0100", register: regno, needed: `a value in r${regno}`, known: "it was never set on this path, or lost in a call" });
	}
}

export function checkWritable(_env: Env, regno: number): void {
	if (regno > 10) reject(EINVAL, `${R(regno)} is invalid`, { code: "V0010", register: regno });
	if (regno === 10) reject(EACCES, "frame pointer is read only", { code: "V0011", register: 10 });
}

const SYMBOLS: Readonly<Record<number, string>> = {
	[ALU_ADD]: "+=", [ALU_SUB]: "-=", 0x20: "*=", [ALU_DIV]: "/=", [ALU_OR]: "|=", [ALU_AND]: "&=", [ALU_LSH]: "<<=", [ALU_RSH]: ">>=", [ALU_NEG]: "neg",
	[ALU_MOD]: "%=", [ALU_XOR]: "^=", [ALU_MOV]: "=", [ALU_ARSH]: "s>>=",
};

export function checkAlu(env: Env, insn: Insn): void {
	const op = insn.opcode & 0xf0;
	const wide = (insn.opcode & 7) === 7;
	const byReg = (insn.opcode & 8) !== 0;
	const { regs } = env;
	const leaks = env.allowPtrLeaks;
	if (op === ALU_END || op === ALU_NEG) {
		if (op === ALU_NEG ? byReg || insn.src !== 0 || insn.off !== 0 || insn.imm !== 0 : insn.src !== 0 || insn.off !== 0 || ![16, 32, 64].includes(insn.imm) || (wide && byReg)) {
			reject(EINVAL, `${op === ALU_NEG ? "BPF_NEG" : "BPF_END"} uses reserved fields`, { code: "V0012" });
		}
		checkReadable(env, insn.dst);
		const dst = regs[insn.dst];
		if (!leaks && dst.type !== SCALAR) reject(EACCES, `${R(insn.dst)} pointer arithmetic prohibited`, { code: "V0251", register: insn.dst });
		checkWritable(env, insn.dst);
		regs[insn.dst] = dst.type !== SCALAR ? unknownScalar : scalar(op === ALU_NEG ? applyAlu(ALU_NEG, dst.range, dst.range, wide) : swapBytes(dst.range, insn.imm, wide || byReg));
	} else if (op === ALU_MOV) checkMove(env, insn, wide, byReg);
	else if (op > ALU_END) reject(EINVAL, `invalid BPF_ALU opcode ${op.toString(16)}`, { code: "V0012" });
	else {
		const signed = insn.off === 1 && (op === ALU_MOD || op === ALU_DIV);
		if ((byReg ? insn.imm !== 0 : insn.src !== 0) || (insn.off !== 0 && !signed)) reject(EINVAL, "BPF_ALU uses reserved fields", { code: "V0012" });
		if (byReg) checkReadable(env, insn.src);
		checkReadable(env, insn.dst);
		if ((op === ALU_MOD || op === ALU_DIV) && !byReg && insn.imm === 0) reject(EINVAL, "div by zero", { code: "V0013" });
		if ((op === ALU_LSH || op === ALU_RSH || op === ALU_ARSH) && !byReg && (insn.imm < 0 || insn.imm >= (wide ? 64 : 32))) reject(EINVAL, `invalid shift ${insn.imm}`, { code: "V0014" });
		checkWritable(env, insn.dst);
		operate(env, insn, op, wide, byReg);
	}
	const result = env.regs[insn.dst];
	if (contradiction(result.range)) {
		const r = result.copy();
		r.range = withTnum(result.range);
		env.regs[insn.dst] = r;
	}
}

/** le16 … bswap64: `swap` when the order changes on a little-endian machine; 16 and 32 bits are zero-extended. */
function swapBytes(range: Range, bits: number, swap: boolean): Range {
	let r = range;
	if (swap) {
		r = editable(unbounded);
		r.tnum = tnumByteSwap(range.tnum, bits);
	}
	return bits === 64 ? sync(editable(r)) : truncate(r, bits / 8);
}

/** Bounds that contradict one another are dropped; the known bits stay. */
export function withTnum(range: Range): Range {
	const r = editable(unbounded);
	r.tnum = range.tnum;
	return r;
}

function checkMove(env: Env, insn: Insn, wide: boolean, byReg: boolean): void {
	const { regs } = env;
	if (byReg) {
		if (wide && insn.off === 1) {
			if (insn.imm !== 1 && insn.imm !== 1 << 16) reject(EINVAL, "addr_space_cast insn can only convert between address space 1 and 0", { code: "V0012" });
			if (!env.arena) reject(EINVAL, "addr_space_cast insn can only be used in a program that has an associated arena", { code: "V0015" });
		} else if (insn.imm !== 0 || !(insn.off === 0 || insn.off === 8 || insn.off === 16 || (wide && insn.off === 32))) reject(EINVAL, "BPF_MOV uses reserved fields", { code: "V0012" });
		checkReadable(env, insn.src);
	} else if (insn.src !== 0 || insn.off !== 0) reject(EINVAL, "BPF_MOV uses reserved fields", { code: "V0012" });
	checkWritable(env, insn.dst);
	if (!byReg) {
		regs[insn.dst] = scalar(wide ? rangeConstNumber(insn.imm) : rangeConstNumber(insn.imm >>> 0));
		return;
	}
	let src = regs[insn.src];
	if (wide && insn.imm !== 0) {
		regs[insn.dst] = insn.imm === 1 ? arenaPointer() : unknownScalar;
		return;
	}
	if (wide && insn.off === 0) {
		regs[insn.src] = src = withScalarId(env, src);
		regs[insn.dst] = src;
		return;
	}
	if (!env.allowPtrLeaks && src.type !== SCALAR) {
		reject(EACCES, `${R(insn.src)} ${wide ? "sign-extension part of pointer" : "partial copy of pointer"}`, { code: "V0252", register: insn.src });
	}
	if (src.type !== SCALAR) {
		if (wide) regs[insn.dst] = unknownScalar;
		else {
			const r = editable(unbounded);
			zeroExtend32(r);
			regs[insn.dst] = scalar(sync(r));
		}
		return;
	}
	const same = insn.off === 0 ? bitLength(src.range.umax) <= 32 : src.range.umax < 1n << BigInt(insn.off - 1);
	if (same) regs[insn.src] = src = withScalarId(env, src);
	const dst = src.copy();
	if (!same) dst.id = 0;
	if (wide) dst.range = signExtend(src.range, insn.off >> 3);
	else {
		const r = insn.off === 0 ? editable(src.range) : signExtend32(src.range, insn.off >> 3);
		zeroExtend32(r);
		dst.range = isConst(src.range) && insn.off === 0 ? rangeConst(src.range.tnum.value & 0xffff_ffffn) : sync(r);
	}
	regs[insn.dst] = dst;
}

function arenaPointer(): Reg {
	const r = pointer(PTR_TO_ARENA);
	r.range = unbounded;
	return r;
}

function operate(env: Env, insn: Insn, op: number, wide: boolean, byReg: boolean): void {
	const { regs } = env;
	const dst = regs[insn.dst];
	if (dst.type === PTR_TO_ARENA) return;
	if (byReg && regs[insn.src].type === PTR_TO_ARENA) {
		// Any number is an arena pointer: accesses are confined when they happen.
		regs[insn.dst] = regs[insn.src];
		return;
	}
	if (byReg) {
		const src = regs[insn.src];
		if (src.type !== SCALAR) {
			if (dst.type !== SCALAR) {
				if (op === ALU_SUB && env.allowPtrLeaks) {
					regs[insn.dst] = unknownScalar;
					return;
				}
				reject(EACCES, `${R(insn.dst)} pointer ${SYMBOLS[op]} pointer prohibited`, { code: "V0253", register: insn.dst });
			}
			markPrecise(env, insn.dst);
			return pointerArithmetic(env, insn, op, src, dst, false);
		}
		if (dst.type !== SCALAR) {
			markPrecise(env, insn.src);
			return pointerArithmetic(env, insn, op, dst, src, true);
		}
	}
	const src = byReg ? regs[insn.src] : scalar(rangeConstNumber(insn.imm));
	if (dst.type !== SCALAR) return pointerArithmetic(env, insn, op, dst, src, true);
	if ((op === ALU_ADD || op === ALU_SUB) && !env.bypassSpecV1 && byReg && !env.nospec[env.insn]) updateAluState(env, insn, 1 << 30, 0, null);
	const before = dst.range;
	const range = (op === ALU_AND || op === ALU_OR) && isConst(src.range) ? forked(env, insn, dst) : before;
	const result = scalar(applyAlu(op, range, src.range, wide));
	// The sum of a scalar and a constant stays linked with it.
	if ((op === ALU_ADD || op === ALU_SUB) && dst.id !== 0 && !isAddConst(dst.id) && isConstWidth(src.range, !wide) && (wide || before.umax <= 0xffff_ffffn)) {
		const value = wide ? asS64(constValue(src.range, false)) : BigInt.asIntN(32, constValue(src.range, true));
		const distance = op === ALU_SUB ? -value : value;
		if (value >= -0x8000_0000n && value <= BigInt(S32_MAX) && distance <= BigInt(S32_MAX)) {
			result.id = dst.id + (wide ? ADD_CONST : ADD_CONST_LOW);
			result.off = Number(distance);
		}
	}
	regs[insn.dst] = result;
}

/** A value that is 0 or −1 (a sign spread over the register) is walked as each of the two, so that masks with it stay exact. */
function forked(env: Env, insn: Insn, dst: Reg): Range {
	const { range } = dst;
	const wide = range.smin === -1n && range.smax === 0n;
	if (!wide && !(range.s32min === -1 && range.s32max === 0)) return range;
	const zeroed = editable(range);
	const ones = editable(range);
	if (wide) {
		setConst(zeroed, 0n);
		setConst(ones, -1n);
	} else {
		setConst32(zeroed, 0);
		setConst32(ones, -1);
	}
	// The other value goes through this instruction again.
	const other = pushBranch(env, env.insn, env.insn, false);
	const copy = wide ? scalar(zeroed) : dst.copy();
	copy.range = zeroed;
	other.frames[other.curframe].regs[insn.dst] = copy;
	return ones;
}

function saneOffset(env: Env, reg: Reg, type: number): void {
	void env;
	const name = typeName(type);
	const { range } = reg;
	if (isConst(range)) {
		const value = asS64(range.tnum.value);
		if (value >= MAX_VAR_OFF_BIG || value <= -MAX_VAR_OFF_BIG) reject(EINVAL, `math between ${name} pointer and ${value} is not allowed`, { code: "V0254" });
	}
	if (reg.off >= MAX_VAR_OFF || reg.off <= -MAX_VAR_OFF) reject(EINVAL, `${name} pointer offset ${reg.off} is not allowed`, { code: "V0254" });
	if (range.smin === S64_MIN) reject(EINVAL, `math between ${name} pointer and register with unbounded min value is not allowed`, { code: "V0255", suggestion: "bound the index from below, or make it unsigned" });
	if (range.smin >= MAX_VAR_OFF_BIG || range.smin <= -MAX_VAR_OFF_BIG) reject(EINVAL, `value ${range.smin} makes ${name} pointer be out of bounds`, { code: "V0254" });
}

const inS64 = (x: bigint): boolean => x >= S64_MIN && x <= S64_MAX;
const inS32 = (x: bigint): boolean => x >= -0x8000_0000n && x <= 0x7fff_ffffn;

/** `ptr op off`; the result goes to the instruction's dst. */
function pointerArithmetic(env: Env, insn: Insn, op: number, ptr: Reg, off: Reg, ptrIsDst: boolean): void {
	const d = insn.dst;
	const known = isConst(off.range);
	const { smin, smax, umin, umax } = off.range;
	if ((known && (smin !== smax || umin !== umax)) || smin > smax || umin > umax) {
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
		reject(EACCES, `${R(d)} pointer arithmetic on ${typeName(ptr.type)} prohibited, null-check it first`, { code: "V0102", register: d, suggestion: "check the pointer first: if (!$v) return …;" });
	}
	if (baseOf(ptr.type) === PTR_TO_MEM && ptr.type & UNTRUSTED) {
		// Any address may be read through it, so the offset need not be known. (dst keeps what it was.)
		return;
	}
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
			break;
		default:
			if (baseOf(ptr.type) === PTR_TO_FLOW_KEYS && known) break;
			if ((baseOf(ptr.type) === CONST_PTR_TO_MAP || baseOf(ptr.type) === PTR_TO_FLOW_KEYS) && known && smin === 0n && op === ALU_ADD) break;
			reject(EACCES, `${R(d)} pointer arithmetic on ${typeName(ptr.type)} prohibited`, { code: "V0257", register: d });
	}
	saneOffset(env, off, ptr.type);
	saneOffset(env, ptr, ptr.type);
	const result = ptr.copy();
	const plan = op === ALU_ADD || op === ALU_SUB ? sanitizeFirst(env, insn, op, ptr, off, ptrIsDst) : null;
	const r = editable(ptr.range);
	unbound32(r);
	if (op === ALU_ADD) {
		if (known && inS32(BigInt(ptr.off) + smin)) {
			result.off = ptr.off + Number(smin);
		} else {
			const lo = ptr.range.smin + smin;
			const hi = ptr.range.smax + smax;
			if (inS64(lo) && inS64(hi)) {
				r.smin = lo;
				r.smax = hi;
			} else {
				r.smin = S64_MIN;
				r.smax = S64_MAX;
			}
			const ulo = ptr.range.umin + umin;
			const uhi = ptr.range.umax + umax;
			if (uhi > U64 || ulo > U64) {
				r.umin = 0n;
				r.umax = U64;
			} else {
				r.umin = ulo;
				r.umax = uhi;
			}
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
		if (known && inS32(BigInt(ptr.off) - smin)) {
			result.off = ptr.off - Number(smin);
		} else {
			const lo = ptr.range.smin - smax;
			const hi = ptr.range.smax - smin;
			if (inS64(lo) && inS64(hi)) {
				r.smin = lo;
				r.smax = hi;
			} else {
				r.smin = S64_MIN;
				r.smax = S64_MAX;
			}
			if (ptr.range.umin < umax) {
				r.umin = 0n;
				r.umax = U64;
			} else {
				r.umin = ptr.range.umin - umax;
				r.umax = ptr.range.umax - umin;
			}
			r.tnum = tnumSub(ptr.range.tnum, off.range.tnum);
			if (isPacket(ptr.type)) {
				result.id = env.newId();
				if (smin < 0n) result.packetRange = 0;
			}
		}
	} else if (op === ALU_AND || op === ALU_OR || op === ALU_XOR) {
		reject(EACCES, `${R(d)} bitwise operator ${SYMBOLS[op]} on pointer prohibited`, { code: "V0259", register: d });
	} else reject(EACCES, `${R(d)} pointer arithmetic with ${SYMBOLS[op]} operator prohibited`, { code: "V0259", register: d });
	result.range = r;
	saneOffset(env, result, ptr.type);
	result.range = sync(r);
	env.regs[d] = result;
	if (!env.bypassSpecV1) sanitizeBounds(env, d, result);
	if (plan) sanitizeSecond(env, insn, plan, result, off);
}

// Speculation: without CAP_PERFMON, pointer arithmetic is masked, and a mask must be the same on every path.

const ALU_SANITIZE_SRC = 1;
const ALU_SANITIZE_DST = 2;
const ALU_NEG_VALUE = 4;
const ALU_IMMEDIATE = 16;
const FORBIDDEN = "pointer arithmetic with it prohibited for !root";

interface Plan {
	readonly maskToLeft: boolean;
	readonly state: number;
	readonly limit: number;
}

function sanitizeFirst(env: Env, insn: Insn, op: number, ptr: Reg, off: Reg, ptrIsDst: boolean): Plan | null {
	if (env.bypassSpecV1 || !(insn.opcode & 8) || env.nospec[env.insn]) return null;
	const immediate = isConst(off.range);
	let plan: Plan = { maskToLeft: false, state: 0, limit: 0 };
	if (!env.current.speculative) {
		const negative = off.range.smin < 0n;
		if (!immediate && negative !== off.range.smax < 0n) {
			reject(EACCES, `${R(ptrIsDst ? insn.src : insn.dst)} has unknown scalar with mixed signed bounds, ${FORBIDDEN}`, { code: "V0801" });
		}
		const maskToLeft = (op === ALU_ADD && negative) || (op === ALU_SUB && !negative);
		const limit = pointerLimit(env, insn, ptr, maskToLeft, ptrIsDst);
		const state = (negative ? ALU_NEG_VALUE : 0) | (immediate ? ALU_IMMEDIATE : 0) | (ptrIsDst ? ALU_SANITIZE_SRC : ALU_SANITIZE_DST);
		if (!immediate) env.exploreAluLimits = true;
		plan = { maskToLeft, state, limit };
	}
	if (!immediate) {
		// The truncated value is walked as if it were speculated: dst is the pointer itself.
		const saved = env.regs[insn.dst];
		if (!ptrIsDst) env.regs[insn.dst] = ptr;
		pushBranch(env, env.insn + 1, env.insn, true);
		env.regs[insn.dst] = saved;
	}
	return plan;
}

function sanitizeSecond(env: Env, insn: Insn, plan: Plan, result: Reg, off: Reg): void {
	void off;
	if (env.current.speculative) return;
	const limit = pointerLimit(env, insn, result, plan.maskToLeft, true);
	updateAluState(env, insn, plan.state, Math.abs(plan.limit - limit), plan);
}

function pointerLimit(env: Env, insn: Insn, ptr: Reg, maskToLeft: boolean, ptrIsDst: boolean): number {
	void env;
	let max: number;
	let limit: number;
	if (ptr.type === PTR_TO_STACK) {
		max = 512 + (maskToLeft ? 1 : 0);
		limit = -(Number(asS64(ptr.range.tnum.value)) + ptr.off);
	} else if (ptr.type === PTR_TO_MAP_VALUE) {
		max = ptr.map!.valueSize;
		limit = Number(maskToLeft ? ptr.range.smin : ptr.range.umax) + ptr.off;
	} else reject(EACCES, `${R(ptrIsDst ? insn.dst : insn.src)} has pointer with unsupported alu operation, ${FORBIDDEN}`, { code: "V0802" });
	if (limit >>> 0 !== limit || limit >= max) reject(EACCES, `${R(insn.dst)} tried to ${(insn.opcode & 0xf0) === ALU_ADD ? "add" : "sub"} beyond pointer bounds, ${FORBIDDEN}`, { code: "V0803" });
	return limit;
}

function updateAluState(env: Env, insn: Insn, state: number, limit: number, plan: Plan | null): void {
	void plan;
	const at = env.insn;
	if (env.aluState[at] !== 0 && (env.aluState[at] !== state || env.aluLimit[at] !== limit)) {
		reject(EACCES, `${R(insn.dst)} tried to ${(insn.opcode & 0xf0) === ALU_ADD ? "add" : "sub"} from different maps, paths or scalars, ${FORBIDDEN}`, { code: "V0804" });
	}
	env.aluState[at] = state;
	env.aluLimit[at] = limit;
}

function sanitizeBounds(env: Env, d: number, reg: Reg): void {
	if (reg.type === PTR_TO_STACK) {
		if (!isConst(reg.range)) reject(EACCES, `${R(d)} variable stack access prohibited for !root, var_off=${tnumText(reg.range.tnum)} off=${reg.off}`, { code: "V0220" });
		const off = reg.off + Number(asS64(reg.range.tnum.value));
		if (off >= 0 || off < -512) reject(EACCES, `${R(d)} stack pointer arithmetic goes out of range, prohibited for !root; off=${off}`, { code: "V0805" });
	} else if (reg.type === PTR_TO_MAP_VALUE) {
		try {
			checkMapValue(env, d, reg.off, 1, false, false);
		} catch (e) {
			if (e instanceof Refusal) reject(EACCES, `${R(d)} pointer arithmetic of map value goes out of range, prohibited for !root`, { code: "V0805" });
			throw e;
		}
	}
}

export { assign32Into64 };
