/**
 * Conditional jumps: which ways can be taken, and what each way teaches: bounds, null checks, packet bounds, equal registers.
 *
 * Source: check_cond_jmp_op, is_branch_taken, regs_refine_cond_op, try_match_pkt_pointers of kernel/bpf/verifier.c, Linux 6.18.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { EACCES, EFAULT, EINVAL, type Env, R, reject } from "./env.ts";
import { checkReadable, withTnum } from "./alu.ts";
import { isMayGoto } from "./structure.ts";
import {
	type Range, asS64, constValue, contradiction, editable, isConst, isConstValue, isConstWidth, max, min, rangeConstNumber, same, sync, unboundAll, zeroExtend32,
} from "./range.ts";
import { addConstant } from "./scalar.ts";
import { tnumAnd, tnumConst, tnumIntersect, tnumIsConst, tnumLow, tnumOr, tnumOverlap, tnumWithLow, U64 } from "./tnum.ts";
import { findUnfinished } from "./prune.ts";
import { markPrecise, pushHistory } from "./precision.ts";
import { pushBranch, widen } from "./walk.ts";
import { FIELD, hasField } from "./fields.ts";
import { fieldsOf, releaseNoMark } from "./references.ts";
import { MAP } from "./maps.ts";
import { isRcu, isTrusted } from "./objects.ts";
import {
	AT_PKT_END, BEYOND_PKT_END, JUMP_DST_STACK, JUMP_SRC_STACK, type LinkedReg, type Reg, type State, baseId, frameInsn, isAddConst, isAddConstLow, mapRegs, scalar, slotIsSpilled,
	unknownScalar,
} from "./state.ts";
import {
	CONST_PTR_TO_MAP, MAYBE_NULL, PTR_TO_BTF_ID, PTR_TO_MAP_KEY, PTR_TO_MAP_VALUE, PTR_TO_MEM, PTR_TO_PACKET, PTR_TO_PACKET_END, PTR_TO_PACKET_META,
	PTR_TO_SOCKET, PTR_TO_SOCK_COMMON, PTR_TO_STACK, PTR_TO_TCP_SOCK, PTR_TO_XDP_SOCK, SCALAR, UNTRUSTED, baseOf, isPacketAny,
} from "./types.ts";

export const JEQ = 0x10;
export const JGT = 0x20;
export const JGE = 0x30;
export const JSET = 0x40;
export const JNE = 0x50;
export const JSGT = 0x60;
export const JSGE = 0x70;
export const JLT = 0xa0;
export const JLE = 0xb0;
export const JSLT = 0xc0;
export const JSLE = 0xd0;
const JCOND = 0xe0;
/** Not in the instruction set: JSET that did not jump. */
const NOT_JSET = JSET | 8;

const FLIP: Readonly<Record<number, number>> = {
	[JEQ]: JEQ, [JNE]: JNE, [JSET]: JSET, [JGE]: JLE, [JGT]: JLT, [JLE]: JGE, [JLT]: JGT, [JSGE]: JSLE, [JSGT]: JSLT, [JSLE]: JSGE, [JSLT]: JSGT,
};
const REVERSE: Readonly<Record<number, number>> = {
	[JEQ]: JNE, [JNE]: JEQ, [JSET]: NOT_JSET, [JGE]: JLT, [JGT]: JLE, [JLE]: JGT, [JLT]: JGE, [JSGE]: JSLT, [JSGT]: JSLE, [JSLE]: JSGT, [JSLT]: JSGE,
};

/** 1 always, 0 never, −1 either. */
type Taken = 0 | 1 | -1;

function scalarTaken(a: Range, b: Range, op: number, low: boolean): Taken {
	const ta = low ? tnumLow(a.tnum) : a.tnum;
	const tb = low ? tnumLow(b.tnum) : b.tnum;
	const umin1 = low ? a.u32min : a.umin;
	const umax1 = low ? a.u32max : a.umax;
	const smin1 = low ? a.s32min : a.smin;
	const smax1 = low ? a.s32max : a.smax;
	const umin2 = low ? b.u32min : b.umin;
	const umax2 = low ? b.u32max : b.umax;
	const smin2 = low ? b.s32min : b.smin;
	const smax2 = low ? b.s32max : b.smax;
	switch (op) {
		case JEQ:
		case JNE: {
			const equal: Taken = op === JEQ ? 1 : 0;
			const differ: Taken = op === JEQ ? 0 : 1;
			if (tnumIsConst(ta) && tnumIsConst(tb)) return ta.value === tb.value ? equal : differ;
			if (!tnumOverlap(ta, tb)) return differ;
			if (umin1 > umax2 || umax1 < umin2 || smin1 > smax2 || smax1 < smin2) return differ;
			if (!low && (a.u32min > b.u32max || a.u32max < b.u32min || a.s32min > b.s32max || a.s32max < b.s32min)) return differ;
			return -1;
		}
		case JSET: {
			let [x, y] = [ta, tb];
			if (!tnumIsConst(y)) [x, y] = [y, x];
			if (!tnumIsConst(y)) return -1;
			if (~x.mask & x.value & y.value) return 1;
			return (x.mask | x.value) & y.value ? -1 : 0;
		}
		case JGT:
			return umin1 > umax2 ? 1 : umax1 <= umin2 ? 0 : -1;
		case JSGT:
			return smin1 > smax2 ? 1 : smax1 <= smin2 ? 0 : -1;
		case JLT:
			return umax1 < umin2 ? 1 : umin1 >= umax2 ? 0 : -1;
		case JSLT:
			return smax1 < smin2 ? 1 : smin1 >= smax2 ? 0 : -1;
		case JGE:
			return umin1 >= umax2 ? 1 : umax1 < umin2 ? 0 : -1;
		case JSGE:
			return smin1 >= smax2 ? 1 : smax1 < smin2 ? 0 : -1;
		case JLE:
			return umax1 <= umin2 ? 1 : umin1 > umax2 ? 0 : -1;
		default:
			return smax1 <= smin2 ? 1 : smin1 > smax2 ? 0 : -1;
	}
}

function packetTaken(a: Reg, b: Reg, op: number): Taken {
	let pkt: Reg;
	if (b.type === PTR_TO_PACKET_END) pkt = a;
	else if (a.type === PTR_TO_PACKET_END) {
		pkt = b;
		op = FLIP[op];
	} else return -1;
	const { packetRange } = pkt;
	if (packetRange >= 0) return -1;
	if ((op === JLE || op === JGT) && packetRange === BEYOND_PKT_END) return op === JGT ? 1 : 0;
	if (op === JLT || op === JGE) return op === JGE ? 1 : 0;
	return -1;
}

/** Types that are never null. */
export function notNull(reg: Reg): boolean {
	if (reg.type & MAYBE_NULL) return false;
	switch (baseOf(reg.type)) {
		case PTR_TO_SOCKET:
		case PTR_TO_TCP_SOCK:
		case PTR_TO_MAP_VALUE:
		case PTR_TO_MAP_KEY:
		case PTR_TO_SOCK_COMMON:
		case CONST_PTR_TO_MAP:
			return true;
		case PTR_TO_BTF_ID:
			return isTrusted(reg);
		case PTR_TO_MEM:
			return (reg.type & UNTRUSTED) === 0;
		default:
			return false;
	}
}

function branchTaken(a: Reg, b: Reg, op: number, low: boolean): Taken {
	if (isPacketAny(a.type) && isPacketAny(b.type) && !low) return packetTaken(a, b, op);
	if (a.type !== SCALAR || b.type !== SCALAR) {
		if (!(b.type === SCALAR && isConstWidth(b.range, low))) [a, b] = [b, a];
		if (!(b.type === SCALAR && isConstWidth(b.range, low)) || !notNull(a) || constValue(b.range, low) !== 0n) return -1;
		return op === JEQ ? 0 : op === JNE ? 1 : -1;
	}
	return scalarTaken(a.range, b.range, op, low);
}

/** What `a op b` being true says of both: edits them. */
function refine(a: Range, b: Range, op: number, low: boolean): void {
	if (op === JGE || op === JGT || op === JSGE || op === JSGT) {
		op = FLIP[op];
		[a, b] = [b, a];
	}
	switch (op) {
		case JEQ:
			if (low) {
				a.u32min = b.u32min = Math.max(a.u32min, b.u32min);
				a.u32max = b.u32max = Math.min(a.u32max, b.u32max);
				a.s32min = b.s32min = Math.max(a.s32min, b.s32min);
				a.s32max = b.s32max = Math.min(a.s32max, b.s32max);
				const t = tnumIntersect(tnumLow(a.tnum), tnumLow(b.tnum));
				a.tnum = tnumWithLow(a.tnum, t);
				b.tnum = tnumWithLow(b.tnum, t);
			} else {
				a.umin = b.umin = max(a.umin, b.umin);
				a.umax = b.umax = min(a.umax, b.umax);
				a.smin = b.smin = max(a.smin, b.smin);
				a.smax = b.smax = min(a.smax, b.smax);
				a.tnum = b.tnum = tnumIntersect(a.tnum, b.tnum);
			}
			break;
		case JNE: {
			if (!isConstWidth(b, low)) [a, b] = [b, a];
			if (!isConstWidth(b, low)) break;
			const value = constValue(b, low);
			if (low) {
				const v = Number(value);
				if (a.u32min === v) a.u32min = (a.u32min + 1) >>> 0;
				if (a.u32max === v) a.u32max = (a.u32max - 1) >>> 0;
				if (a.s32min === (v | 0)) a.s32min = (a.s32min + 1) | 0;
				if (a.s32max === (v | 0)) a.s32max = (a.s32max - 1) | 0;
			} else {
				if (a.umin === value) a.umin = (a.umin + 1n) & U64;
				if (a.umax === value) a.umax = (a.umax - 1n) & U64;
				const s = asS64(value);
				if (a.smin === s) a.smin = asS64(a.smin + 1n);
				if (a.smax === s) a.smax = asS64(a.smax - 1n);
			}
			break;
		}
		case JSET: {
			if (!isConstWidth(b, low)) [a, b] = [b, a];
			if (!isConstWidth(b, low)) break;
			const value = constValue(b, low);
			// Only a single bit is known to be set.
			if (value === 0n || value & (value - 1n)) break;
			a.tnum = low ? tnumWithLow(a.tnum, tnumOr(tnumLow(a.tnum), tnumConst(value))) : tnumOr(a.tnum, tnumConst(value));
			break;
		}
		case NOT_JSET: {
			if (!isConstWidth(b, low)) [a, b] = [b, a];
			if (!isConstWidth(b, low)) break;
			const value = ~constValue(b, low) & U64;
			unboundAll(a);
			a.tnum = low ? tnumWithLow(a.tnum, tnumAnd(tnumLow(a.tnum), tnumConst(value))) : tnumAnd(a.tnum, tnumConst(value));
			break;
		}
		case JLE:
			if (low) {
				a.u32max = Math.min(a.u32max, b.u32max);
				b.u32min = Math.max(a.u32min, b.u32min);
			} else {
				a.umax = min(a.umax, b.umax);
				b.umin = max(a.umin, b.umin);
			}
			break;
		case JLT:
			if (low) {
				a.u32max = Math.min(a.u32max, (b.u32max - 1) >>> 0);
				b.u32min = Math.max((a.u32min + 1) >>> 0, b.u32min);
			} else {
				a.umax = min(a.umax, (b.umax - 1n) & U64);
				b.umin = max((a.umin + 1n) & U64, b.umin);
			}
			break;
		case JSLE:
			if (low) {
				a.s32max = Math.min(a.s32max, b.s32max);
				b.s32min = Math.max(a.s32min, b.s32min);
			} else {
				a.smax = min(a.smax, b.smax);
				b.smin = max(a.smin, b.smin);
			}
			break;
		case JSLT:
			if (low) {
				a.s32max = Math.min(a.s32max, (b.s32max - 1) | 0);
				b.s32min = Math.max((a.s32min + 1) | 0, b.s32min);
			} else {
				a.smax = min(a.smax, asS64(b.smax - 1n));
				b.smin = max(asS64(a.smin + 1n), b.smin);
			}
			break;
	}
}

export function saneRange(env: Env, r: Range): Range {
	const wrong = contradiction(r);
	if (wrong === null) return r;
	if (env.image.flags & 128) reject(EFAULT, `REG INVARIANTS VIOLATION: ${wrong}`, { code: "V0999" });
	return withTnum(r);
}

function refinePair(env: Env, a: Reg, b: Reg, op: number, low: boolean): [Reg, Reg] {
	const ra = editable(a.range);
	const rb = editable(b.range);
	refine(ra, rb, op, low);
	return [withRange(a, saneRange(env, sync(ra))), withRange(b, saneRange(env, sync(rb)))];
}

function withRange(reg: Reg, range: Range): Reg {
	if (same(reg.range, range)) return reg;
	const r = reg.copy();
	r.range = range;
	return r;
}

const MAX_LINKED = 6;

/** Registers and slots with the id: what is learned of one holds for all. Beyond six, the rest lose the link. */
function collectLinked(env: Env, state: State, id: number, into: LinkedReg[]): void {
	id = baseId(id);
	for (let f = state.curframe; f >= 0; f--) {
		const frame = state.frames[f];
		const add = (list: Reg[], index: number, isReg: boolean): void => {
			const reg = list[index];
			if (reg.type !== SCALAR || baseId(reg.id) !== id) return;
			if (into.length < MAX_LINKED) into.push({ frame: f, isReg, index });
			else {
				const r = reg.copy();
				r.id = 0;
				list[index] = r;
			}
		};
		const live = env.liveRegs[frameInsn(state, f)];
		for (let i = 0; i < 10; i++) if (live & (1 << i)) add(frame.regs, i, true);
		for (let i = 0; i < frame.slots.length; i++) if (slotIsSpilled(frame.kinds[i])) add(frame.slots, i, false);
	}
}

function syncLinked(state: State, known: Reg, knownAt: number, linked: readonly LinkedReg[]): void {
	for (const l of linked) {
		const frame = state.frames[l.frame];
		const list = l.isReg ? frame.regs : frame.slots;
		const reg = list[l.index];
		if (reg.type !== SCALAR || baseId(reg.id) !== baseId(known.id)) continue;
		if (l.isReg && l.frame === state.curframe && l.index === knownAt) continue;
		// Distances of 32 and 64 bits do not mix.
		if (isAddConst(reg.id) && isAddConst(known.id) && isAddConstLow(reg.id) !== isAddConstLow(known.id)) continue;
		if ((!isAddConst(reg.id) && !isAddConst(known.id)) || reg.off === known.off) {
			list[l.index] = known;
			continue;
		}
		const r = known.copy();
		r.off = reg.off;
		r.id = reg.id;
		const sum = addConstant(known.range, BigInt(reg.off) - BigInt(known.off));
		if (isAddConstLow(known.id)) zeroExtend32(sum);
		r.range = sync(sum);
		list[l.index] = r;
	}
}

/** The pointer without "or null"; what stands for something else when it is known to be there, becomes that. */
export function notNullReg(env: Env, reg: Reg): Reg {
	const r = reg.copy();
	if (baseOf(reg.type) === PTR_TO_MAP_VALUE) {
		const map = reg.map!;
		if (map.inner) {
			r.type = CONST_PTR_TO_MAP;
			r.map = map.inner;
			// Two lookups may give two maps: timers must not be taken from one to the other.
			if (hasField(map.inner.fields, FIELD.timer | FIELD.wq | FIELD.taskWork)) r.mapUid = reg.id;
		} else if (map.type === MAP.xskmap) r.type = PTR_TO_XDP_SOCK;
		else if (map.type === MAP.sockmap || map.type === MAP.sockhash) r.type = PTR_TO_SOCKET;
		else r.type = PTR_TO_MAP_VALUE;
		return r;
	}
	r.type &= ~MAYBE_NULL;
	void env;
	return r;
}

/** Every pointer with this id is (not) null. */
function markNull(env: Env, state: State, regno: number, isNull: boolean): void {
	const { id, refObjId } = state.frames[state.curframe].regs[regno];
	if (refObjId && refObjId === id && isNull) releaseNoMark(state, id);
	mapRegs(state, (reg) => {
		if (!(reg.type & MAYBE_NULL) || reg.id !== id || (id === 0 && !isRcu(reg))) return reg;
		if (!isConstValue(reg.range, 0n)) return reg;
		if (isNull) {
			const r = scalar(reg.range);
			return r;
		}
		const r = notNullReg(env, reg);
		if (!hasField(fieldsOf(env, r), FIELD.spinLock | FIELD.resSpinLock)) r.id = 0;
		return r;
	});
}

const MAX_PACKET = 0xffff;

function learnPacket(state: State, dst: Reg, open: boolean): void {
	if (dst.off < 0 || (dst.off === 0 && open)) return;
	if (dst.range.umax > BigInt(MAX_PACKET) || dst.range.umax + BigInt(dst.off) > BigInt(MAX_PACKET)) return;
	const range = dst.off + (open ? 1 : 0);
	mapRegs(state, (reg) => {
		if (reg.type !== dst.type || reg.id !== dst.id || reg.packetRange >= range) return reg;
		const r = reg.copy();
		r.packetRange = range;
		return r;
	});
}

function markEnd(state: State, regno: number, open: boolean): void {
	const { regs } = state.frames[state.curframe];
	if (regs[regno].type !== PTR_TO_PACKET) return;
	const r = regs[regno].copy();
	r.packetRange = open ? BEYOND_PKT_END : AT_PKT_END;
	regs[regno] = r;
}

const isPacketStart = (reg: Reg): boolean => reg.type === PTR_TO_PACKET && reg.id === 0 && reg.off === 0 && isConstValue(reg.range, 0n);

/** `pkt op end` or `meta op data`: which branch may read up to the pointer. False: no such comparison. */
function matchPacket(insn: Insn, dst: Reg, src: Reg, fallThrough: State, jump: State): boolean {
	if (!(insn.opcode & 8) || (insn.opcode & 7) === 6) return false;
	const forward = (dst.type === PTR_TO_PACKET && src.type === PTR_TO_PACKET_END) || (dst.type === PTR_TO_PACKET_META && isPacketStart(src));
	const backward = (dst.type === PTR_TO_PACKET_END && src.type === PTR_TO_PACKET) || (isPacketStart(dst) && src.type === PTR_TO_PACKET_META);
	if (!forward && !backward) return false;
	switch (insn.opcode & 0xf0) {
		case JGT:
			if (forward) {
				learnPacket(fallThrough, dst, false);
				markEnd(jump, insn.dst, true);
			} else {
				learnPacket(jump, src, true);
				markEnd(fallThrough, insn.src, false);
			}
			return true;
		case JLT:
			if (forward) {
				learnPacket(jump, dst, true);
				markEnd(fallThrough, insn.dst, false);
			} else {
				learnPacket(fallThrough, src, false);
				markEnd(jump, insn.src, true);
			}
			return true;
		case JGE:
			if (forward) {
				learnPacket(fallThrough, dst, true);
				markEnd(jump, insn.dst, false);
			} else {
				learnPacket(jump, src, false);
				markEnd(fallThrough, insn.src, true);
			}
			return true;
		case JLE:
			if (forward) {
				learnPacket(jump, dst, false);
				markEnd(fallThrough, insn.dst, true);
			} else {
				learnPacket(fallThrough, src, true);
				markEnd(jump, insn.src, false);
			}
			return true;
		default:
			return false;
	}
}

/** Walks on in `env.current` at the returned instruction; the other way, if any, is pending. */
export function checkJump(env: Env, insn: Insn): number {
	const at = env.insn;
	const op = insn.opcode & 0xf0;
	const byReg = (insn.opcode & 8) !== 0;
	if (op === 0 || op > JCOND) reject(EINVAL, `invalid BPF_JMP/JMP32 opcode ${op.toString(16)}`, { code: "V0012" });
	if (op === JCOND) {
		if (!isMayGoto(insn) || insn.dst !== 0 || insn.imm !== 0) reject(EINVAL, `invalid may_goto imm ${insn.imm}`, { code: "V0012" });
		const previous = env.current.parent ? findUnfinished(env, env.current.parent, at) : null;
		const queued = pushBranch(env, at + 1, at, false);
		queued.mayGotoDepth++;
		if (previous) widen(previous, queued);
		return at + insn.off + 1;
	}
	checkReadable(env, insn.dst);
	const state = env.current;
	const { regs } = env.frame;
	let flags = 0;
	let src: Reg;
	if (byReg) {
		if (insn.imm !== 0) reject(EINVAL, "BPF_JMP/JMP32 uses reserved fields", { code: "V0012" });
		checkReadable(env, insn.src);
		src = regs[insn.src];
		if (!(isPacketAny(regs[insn.dst].type) && isPacketAny(src.type)) && !env.allowPtrLeaks && src.type !== SCALAR) {
			reject(EACCES, `${R(insn.src)} pointer comparison prohibited`, { code: "V0261", register: insn.src });
		}
		if (src.type === PTR_TO_STACK) flags |= JUMP_SRC_STACK;
	} else {
		if (insn.src !== 0) reject(EINVAL, "BPF_JMP/JMP32 uses reserved fields", { code: "V0012" });
		src = scalar(rangeConstNumber(insn.imm));
	}
	const dst = regs[insn.dst];
	if (dst.type === PTR_TO_STACK) flags |= JUMP_DST_STACK;
	if (flags) pushHistory(env, state, flags, null);
	const low = (insn.opcode & 7) === 6;
	const taken = branchTaken(dst, src, op, low);
	if (taken >= 0) {
		if (dst.type === SCALAR) markPrecise(env, insn.dst);
		if (byReg && src.type === SCALAR) markPrecise(env, insn.src);
		if (!env.bypassSpecV1) {
			const branch = pushBranch(env, taken === 1 ? at + 1 : at + insn.off + 1, at, true);
			const r = branch.frames[branch.curframe].regs;
			r[insn.dst] = unknownScalar;
			if (byReg) r[insn.src] = unknownScalar;
		}
		return taken === 1 ? at + insn.off + 1 : at + 1;
	}
	const linked: LinkedReg[] = [];
	if (byReg && src.type === SCALAR && src.id) collectLinked(env, state, src.id, linked);
	if (dst.type === SCALAR && dst.id) collectLinked(env, state, dst.id, linked);
	if (linked.length > 1) pushHistory(env, state, 0, linked);
	const other = pushBranch(env, at + insn.off + 1, at, false);
	const otherRegs = other.frames[other.curframe].regs;
	// Collecting may have cut a link of one of the two.
	const d0 = regs[insn.dst];
	const s0 = byReg ? regs[insn.src] : src;
	if (d0.type === SCALAR && s0.type === SCALAR) {
		const sameReg = byReg && insn.dst === insn.src;
		if (!sameReg) {
			const [fd, fs] = refinePair(env, d0, s0, REVERSE[op], low);
			const [td, ts] = refinePair(env, d0, s0, op, low);
			regs[insn.dst] = fd;
			otherRegs[insn.dst] = td;
			if (byReg) {
				regs[insn.src] = fs;
				otherRegs[insn.src] = ts;
			}
		}
	}
	if (byReg && s0.type === SCALAR && s0.id) {
		syncLinked(state, regs[insn.src], insn.src, linked);
		syncLinked(other, otherRegs[insn.src], insn.src, linked);
	}
	if (d0.type === SCALAR && d0.id) {
		syncLinked(state, regs[insn.dst], insn.dst, linked);
		syncLinked(other, otherRegs[insn.dst], insn.dst, linked);
	}
	if (!low && byReg && s0.type !== SCALAR && d0.type !== SCALAR && (s0.type & MAYBE_NULL) !== (d0.type & MAYBE_NULL) && baseOf(s0.type) !== PTR_TO_BTF_ID && baseOf(d0.type) !== PTR_TO_BTF_ID) {
		// Equal to a pointer that is not null.
		const equal = op === JEQ ? otherRegs : op === JNE ? regs : null;
		if (equal) {
			const which = s0.type & MAYBE_NULL ? insn.src : insn.dst;
			equal[which] = notNullReg(env, equal[which]);
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

export { isConst, zeroExtend32 };
