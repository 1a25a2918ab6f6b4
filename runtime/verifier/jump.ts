/**
 * Conditional jumps: which ways can be taken, and what each way teaches: bounds (`compare.ts`), of all registers that are equal (`linked.ts`),
 * null checks (`null-checks.ts`), packet bounds (`packet-compare.ts`).
 *
 * Source: check_cond_jmp_op, is_branch_taken, regs_refine_cond_op of kernel/bpf/verifier.c, Linux 6.18.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { EACCES, EFAULT, EINVAL, type Env, R, reject } from "./env.ts";
import { checkReadable } from "./alu.ts";
import { JEQ, JNE, REVERSE, type Taken, refine, scalarTaken } from "./compare.ts";
import { isMayGoto } from "./structure.ts";
import { contradiction, sync } from "./bounds.ts";
import { type Range, assign, editable, isConstWidth, isZero, settled, unbounded, withTnum } from "./range.ts";
import { findUnfinished } from "./prune.ts";
import { markPrecise, pushHistory } from "./precision.ts";
import { pushBranch, widen } from "./walk.ts";
import { JUMP_DST_STACK, JUMP_SRC_STACK, type LinkedReg, type Reg, constScalar, unknownScalar } from "./state.ts";
import { MAYBE_NULL, PTR_TO_STACK, SCALAR, isPacketAny } from "./types.ts";
import { collectLinked, syncLinked } from "./linked.ts";
import { markNull, notNull, notNullReg, oneMayBeNull } from "./null-checks.ts";
import { matchPacket, packetTaken } from "./packet-compare.ts";

const JCOND = 0xe0;

function branchTaken(a: Reg, b: Reg, op: number, low: boolean): Taken {
	if (isPacketAny(a.type) && isPacketAny(b.type) && !low) return packetTaken(a, b, op);
	if (a.type !== SCALAR || b.type !== SCALAR) {
		if (!(b.type === SCALAR && isConstWidth(b.range, low))) [a, b] = [b, a];
		if (!(b.type === SCALAR && isConstWidth(b.range, low)) || !notNull(a) || !(low ? b.range.tnum.valueLo === 0 : isZero(b.range)))
			return -1;
		return op === JEQ ? 0 : op === JNE ? 1 : -1;
	}
	return scalarTaken(a.range, b.range, op, low);
}

function saneRange(env: Env, r: Range): Range {
	const wrong = contradiction(r);
	if (wrong === null) return r;
	if (env.image.flags & 128) reject(EFAULT, `REG INVARIANTS VIOLATION: ${wrong}`, { code: "V0999" });
	return withTnum(r);
}

/** What one way of a comparison says of both registers is computed here. */
const first = editable(unbounded);
const second = editable(unbounded);
/** And what remains of them. */
const refined = { a: unknownScalar, b: unknownScalar };

/** Leaves the registers in `refined`: the same ones where nothing was learned. */
function refinePair(env: Env, a: Reg, b: Reg, op: number, low: boolean): void {
	assign(first, a.range);
	// A register compared with itself: what one side learns, the other knows.
	const other = a === b ? first : assign(second, b.range);
	refine(first, other, op, low);
	sync(first);
	sync(other);
	refined.a = withRange(a, saneRange(env, first));
	refined.b = withRange(b, saneRange(env, other));
}

function withRange(reg: Reg, range: Range): Reg {
	const kept = settled(range, reg.range);
	return kept === reg.range ? reg : reg.withRange(kept);
}

/** Walks on in `env.current` at the returned instruction; the other way, if any, is pending. */
export function checkJump(env: Env, insn: Insn): number {
	const op = insn.opcode & 0xf0;
	if (op === 0 || op > JCOND) reject(EINVAL, `invalid BPF_JMP/JMP32 opcode ${op.toString(16)}`, { code: "V0012" });
	if (op === JCOND) return mayGoto(env, insn);
	checkReadable(env, insn.dst);
	const src = comparedWith(env, insn);
	const dst = env.frame.regs[insn.dst];
	const flags = (src.type === PTR_TO_STACK ? JUMP_SRC_STACK : 0) | (dst.type === PTR_TO_STACK ? JUMP_DST_STACK : 0);
	if (flags) pushHistory(env, env.current, flags, null);
	const taken = branchTaken(dst, src, op, isLow(insn));
	const next = taken >= 0 ? goOneWay(env, insn, dst, src, taken === 1) : goBothWays(env, insn, dst, src);
	env.trace?.state();
	return next;
}

const byRegister = (insn: Insn): boolean => (insn.opcode & 8) !== 0;
/** JMP32. */
const isLow = (insn: Insn): boolean => (insn.opcode & 7) === 6;

function mayGoto(env: Env, insn: Insn): number {
	const at = env.insn;
	if (!isMayGoto(insn) || insn.dst !== 0 || insn.imm !== 0) reject(EINVAL, `invalid may_goto imm ${insn.imm}`, { code: "V0012" });
	const previous = env.current.parent ? findUnfinished(env, env.current.parent, at) : null;
	const queued = pushBranch(env, at + 1, at, false);
	queued.mayGotoDepth++;
	if (previous) widen(env, previous, queued);
	return at + insn.off + 1;
}

function comparedWith(env: Env, insn: Insn): Reg {
	if (!byRegister(insn)) {
		if (insn.src !== 0) reject(EINVAL, "BPF_JMP/JMP32 uses reserved fields", { code: "V0012" });
		return constScalar(insn.imm);
	}
	const { regs } = env.frame;
	if (insn.imm !== 0) reject(EINVAL, "BPF_JMP/JMP32 uses reserved fields", { code: "V0012" });
	checkReadable(env, insn.src);
	const src = regs[insn.src];
	if (!(isPacketAny(regs[insn.dst].type) && isPacketAny(src.type)) && !env.allowPtrLeaks && src.type !== SCALAR) {
		reject(EACCES, `${R(insn.src)} pointer comparison prohibited`, { code: "V0261", register: insn.src });
	}
	return src;
}

/** What is known decides; a processor that guesses wrong may still go the other way. */
function goOneWay(env: Env, insn: Insn, dst: Reg, src: Reg, jumps: boolean): number {
	const at = env.insn;
	if (dst.type === SCALAR) markPrecise(env, insn.dst);
	if (byRegister(insn) && src.type === SCALAR) markPrecise(env, insn.src);
	if (!env.bypassSpecV1) {
		const branch = pushBranch(env, jumps ? at + 1 : at + insn.off + 1, at, true);
		const r = branch.frames[branch.curframe].regs;
		r[insn.dst] = unknownScalar;
		if (byRegister(insn)) r[insn.src] = unknownScalar;
	}
	return jumps ? at + insn.off + 1 : at + 1;
}

/** The way of the jump is walked later. On both the compared registers, and those equal to them, know what the comparison says. */
function goBothWays(env: Env, insn: Insn, dst: Reg, src: Reg): number {
	const at = env.insn;
	const op = insn.opcode & 0xf0;
	const byReg = byRegister(insn);
	const low = isLow(insn);
	const state = env.current;
	const { regs } = env.frame;
	const linked: LinkedReg[] = [];
	if (byReg && src.type === SCALAR && src.id) collectLinked(env, state, src.id, linked);
	if (dst.type === SCALAR && dst.id) collectLinked(env, state, dst.id, linked);
	if (linked.length > 1) pushHistory(env, state, 0, linked);
	const other = pushBranch(env, at + insn.off + 1, at, false);
	const otherRegs = other.frames[other.curframe].regs;
	// Collecting may have cut a link of one of the two.
	const d0 = regs[insn.dst];
	const s0 = byReg ? regs[insn.src] : src;
	if (d0.type === SCALAR && s0.type === SCALAR) refineNumbers(env, insn, d0, s0, regs, otherRegs);
	if (byReg && s0.type === SCALAR && s0.id) {
		syncLinked(state, regs[insn.src], insn.src, linked);
		syncLinked(other, otherRegs[insn.src], insn.src, linked);
	}
	if (d0.type === SCALAR && d0.id) {
		syncLinked(state, regs[insn.dst], insn.dst, linked);
		syncLinked(other, otherRegs[insn.dst], insn.dst, linked);
	}
	if (!low && byReg && oneMayBeNull(d0, s0)) {
		// Equal to a pointer that is not null.
		const equal = op === JEQ ? otherRegs : op === JNE ? regs : null;
		if (equal) {
			const which = s0.type & MAYBE_NULL ? insn.src : insn.dst;
			equal[which] = notNullReg(equal[which]);
		}
	}
	if (!low && !byReg && insn.imm === 0 && (op === JEQ || op === JNE) && d0.type & MAYBE_NULL) {
		markNull(env, state, insn.dst, op === JNE);
		markNull(env, other, insn.dst, op === JEQ);
	} else if (!matchPacket(insn, regs[insn.dst], regs[insn.src], state, other) && !env.allowPtrLeaks && regs[insn.dst].type !== SCALAR) {
		reject(EACCES, `${R(insn.dst)} pointer comparison prohibited`, { code: "V0261", register: insn.dst });
	}
	return at + 1;
}

function refineNumbers(env: Env, insn: Insn, dst: Reg, src: Reg, regs: Reg[], otherRegs: Reg[]): void {
	const op = insn.opcode & 0xf0;
	const byReg = byRegister(insn);
	const low = isLow(insn);
	// Two registers may share a value without being one.
	const apart = byReg && insn.dst !== insn.src && dst === src ? src.copy() : src;
	refinePair(env, dst, apart, REVERSE[op], low);
	regs[insn.dst] = refined.a;
	if (byReg) regs[insn.src] = refined.b;
	refinePair(env, dst, apart, op, low);
	otherRegs[insn.dst] = refined.a;
	if (byReg) otherRegs[insn.src] = refined.b;
}
