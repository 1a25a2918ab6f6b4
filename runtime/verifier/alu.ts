/**
 * ALU instructions: what may be computed, and with what; numbers by scalar.ts, pointers by pointer-arithmetic.ts.
 *
 * Source: check_alu_op, adjust_reg_min_max_vals of kernel/bpf/verifier.c, Linux 6.18.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { EACCES, EINVAL, type Env, R, reject } from "./env.ts";
import { pointerArithmetic } from "./pointer-arithmetic.ts";
import { markPrecise } from "./precision.ts";
import { contradiction, sync } from "./bounds.ts";
import { signExtend, signExtend32, truncate, zeroExtend32 } from "./extend.ts";
import {
	type Range,
	S32_MAX,
	S32_MIN,
	assign,
	constNumber,
	editable,
	fitsBits,
	isConst,
	isConstWidth,
	rangeConstNumber,
	rangeOf,
	setConst,
	setConst32,
	settled,
	unbounded,
	withTnum,
} from "./range.ts";
import { updateAluState } from "./sanitize.ts";
import {
	ALU_ADD,
	ALU_AND,
	ALU_ARSH,
	ALU_DIV,
	ALU_END,
	ALU_LSH,
	ALU_MOD,
	ALU_MOV,
	ALU_NEG,
	ALU_OR,
	ALU_RSH,
	ALU_SUB,
	ALU_SYMBOLS,
	applyAlu,
} from "./scalar.ts";
import { withScalarId } from "./stack.ts";
import {
	ADD_CONST,
	ADD_CONST_LOW,
	type Reg,
	constScalar,
	isAddConst,
	pointer,
	scalar,
	scalarOf,
	unknownScalar,
	unknownScalar32,
} from "./state.ts";
import { tnumByteSwap } from "./tnum.ts";
import { NOT_INIT, PTR_TO_ARENA, SCALAR } from "./types.ts";
import { pushBranch } from "./walk.ts";

export function checkReadable(env: Env, regno: number): void {
	if (regno > 10) reject(EINVAL, `${R(regno)} is invalid`, { code: "V0010", register: regno });
	if (env.regs[regno].type === NOT_INIT) {
		reject(EACCES, `${R(regno)} !read_ok`, {
			code: "V0100",
			register: regno,
			needed: `a value in r${regno}`,
			known: "it was never set on this path, or lost in a call",
		});
	}
}

export function checkWritable(_env: Env, regno: number): void {
	if (regno > 10) reject(EINVAL, `${R(regno)} is invalid`, { code: "V0010", register: regno });
	if (regno === 10) reject(EACCES, "frame pointer is read only", { code: "V0011", register: 10 });
}

export function checkAlu(env: Env, insn: Insn): void {
	const op = insn.opcode & 0xf0;
	const wide = (insn.opcode & 7) === 7;
	const byReg = (insn.opcode & 8) !== 0;
	const { regs } = env;
	const leaks = env.allowPtrLeaks;
	if (op === ALU_END || op === ALU_NEG) {
		if (
			op === ALU_NEG
				? byReg || insn.src !== 0 || insn.off !== 0 || insn.imm !== 0
				: insn.src !== 0 || insn.off !== 0 || ![16, 32, 64].includes(insn.imm) || (wide && byReg)
		) {
			reject(EINVAL, `${op === ALU_NEG ? "BPF_NEG" : "BPF_END"} uses reserved fields`, { code: "V0012" });
		}
		checkReadable(env, insn.dst);
		const dst = regs[insn.dst];
		if (!leaks && dst.type !== SCALAR)
			reject(EACCES, `${R(insn.dst)} pointer arithmetic prohibited`, { code: "V0251", register: insn.dst });
		checkWritable(env, insn.dst);
		const swaps = wide || byReg;
		if (dst.type !== SCALAR) regs[insn.dst] = unknownScalar;
		else if (op === ALU_NEG) regs[insn.dst] = scalar(applyAlu(ALU_NEG, dst.range, dst.range, wide));
		else {
			const range = swapBytes(dst.range, insn.imm, swaps);
			// to_le of 64 bits changes nothing on a little-endian machine: the number stays what others with its id are.
			regs[insn.dst] = insn.imm === 64 && !swaps ? dst.withRange(range) : scalar(range);
		}
	} else if (op === ALU_MOV) checkMove(env, insn, wide, byReg);
	else if (op > ALU_END) reject(EINVAL, `invalid BPF_ALU opcode ${op.toString(16)}`, { code: "V0012" });
	else {
		const signed = insn.off === 1 && (op === ALU_MOD || op === ALU_DIV);
		if ((byReg ? insn.imm !== 0 : insn.src !== 0) || (insn.off !== 0 && !signed))
			reject(EINVAL, "BPF_ALU uses reserved fields", { code: "V0012" });
		if (byReg) checkReadable(env, insn.src);
		checkReadable(env, insn.dst);
		if ((op === ALU_MOD || op === ALU_DIV) && !byReg && insn.imm === 0) reject(EINVAL, "div by zero", { code: "V0013" });
		if ((op === ALU_LSH || op === ALU_RSH || op === ALU_ARSH) && !byReg && (insn.imm < 0 || insn.imm >= (wide ? 64 : 32)))
			reject(EINVAL, `invalid shift ${insn.imm}`, { code: "V0014" });
		checkWritable(env, insn.dst);
		operate(env, insn, op, wide, byReg);
	}
	const result = env.regs[insn.dst];
	if (contradiction(result.range)) env.regs[insn.dst] = result.withRange(withTnum(result.range));
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

function checkMove(env: Env, insn: Insn, wide: boolean, byReg: boolean): void {
	const { regs } = env;
	if (byReg) {
		if (wide && insn.off === 1) {
			if (insn.imm !== 1 && insn.imm !== 1 << 16)
				reject(EINVAL, "addr_space_cast insn can only convert between address space 1 and 0", { code: "V0012" });
			if (!env.arena) reject(EINVAL, "addr_space_cast insn can only be used in a program that has an associated arena", { code: "V0015" });
		} else if (insn.imm !== 0 || !(insn.off === 0 || insn.off === 8 || insn.off === 16 || (wide && insn.off === 32)))
			reject(EINVAL, "BPF_MOV uses reserved fields", { code: "V0012" });
		checkReadable(env, insn.src);
	} else if (insn.src !== 0 || insn.off !== 0) reject(EINVAL, "BPF_MOV uses reserved fields", { code: "V0012" });
	checkWritable(env, insn.dst);
	if (!byReg) {
		regs[insn.dst] = constScalar(wide ? insn.imm : insn.imm >>> 0);
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
		reject(EACCES, `${R(insn.src)} ${wide ? "sign-extension part of pointer" : "partial copy of pointer"}`, {
			code: "V0252",
			register: insn.src,
		});
	}
	if (src.type !== SCALAR) {
		regs[insn.dst] = wide ? unknownScalar : unknownScalar32;
		return;
	}
	const same = fitsBits(src.range, insn.off === 0 ? 32 : insn.off - 1);
	if (same) regs[insn.src] = src = withScalarId(env, src);
	const range = movedRange(src.range, insn.off >> 3, wide);
	// What is no longer its source's equal has no link with it.
	if (!same) regs[insn.dst] = scalarOf(range);
	else regs[insn.dst] = range === src.range ? src : src.withRange(range);
}

/** Of the low `bytes` (0: all of them) of a number, sign-extended, and zero-extended from 32 bits if the move is not wide. */
function movedRange(range: Range, bytes: number, wide: boolean): Range {
	if (wide) return signExtend(range, bytes);
	if (bytes > 0) {
		const r = signExtend32(range, bytes);
		zeroExtend32(r);
		return sync(r);
	}
	if (isConst(range)) return rangeOf(0, range.tnum.valueLo);
	assign(work, range);
	zeroExtend32(work);
	return settled(sync(work), range);
}

/** Where ranges are computed. */
const work = editable(unbounded);

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
				reject(EACCES, `${R(insn.dst)} pointer ${ALU_SYMBOLS[op]} pointer prohibited`, { code: "V0253", register: insn.dst });
			}
			markPrecise(env, insn.dst);
			return pointerArithmetic(env, insn, op, src, dst, false);
		}
		if (dst.type !== SCALAR) {
			markPrecise(env, insn.src);
			return pointerArithmetic(env, insn, op, dst, src, true);
		}
	}
	if (dst.type !== SCALAR) return pointerArithmetic(env, insn, op, dst, byReg ? regs[insn.src] : constScalar(insn.imm), true);
	const given = byReg ? regs[insn.src].range : rangeConstNumber(insn.imm);
	if ((op === ALU_ADD || op === ALU_SUB) && !env.bypassSpecV1 && byReg && !env.nospec[env.insn])
		updateAluState(env, insn, 1 << 30, 0, null);
	const before = dst.range;
	const range = applyAlu(op, (op === ALU_AND || op === ALU_OR) && isConst(given) ? forked(env, insn, dst) : before, given, wide);
	// The sum of a scalar and a constant stays linked with it; the double of one does not.
	if (
		(op === ALU_ADD || op === ALU_SUB) &&
		!(byReg && insn.src === insn.dst) &&
		dst.id !== 0 &&
		!isAddConst(dst.id) &&
		isConstWidth(given, !wide) &&
		(wide || fitsBits(before, 32))
	) {
		const value = wide ? constNumber(given) : given.tnum.valueLo;
		const distance = op === ALU_SUB ? 0 - value : value;
		if (value >= S32_MIN && value <= S32_MAX && distance <= S32_MAX) {
			const linked = scalar(range);
			linked.id = dst.id + (wide ? ADD_CONST : ADD_CONST_LOW);
			linked.off = distance;
			regs[insn.dst] = linked;
			return;
		}
	}
	regs[insn.dst] = scalarOf(range);
}

/** A value that is 0 or −1 (a sign spread over the register) is walked as each of the two, so that masks with it stay exact. */
function forked(env: Env, insn: Insn, dst: Reg): Range {
	const { range } = dst;
	const wide = (range.sminHi & range.sminLo) === -1 && (range.smaxHi | range.smaxLo) === 0;
	if (!wide && !(range.s32min === -1 && range.s32max === 0)) return range;
	const zeroed = editable(range);
	const ones = editable(range);
	if (wide) {
		setConst(zeroed, 0, 0);
		setConst(ones, -1, -1);
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
