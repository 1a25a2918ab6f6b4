/**
 * Conditional jumps: which ways can be taken, and what each way teaches: bounds, null checks, packet bounds, equal registers.
 *
 * Source: check_cond_jmp_op, is_branch_taken, regs_refine_cond_op, try_match_pkt_pointers of kernel/bpf/verifier.c, Linux 6.18.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { EACCES, EFAULT, EINVAL, type Env, R, reject } from "./env.ts";
import { checkReadable } from "./alu.ts";
import { FLIP, JEQ, JGE, JGT, JLE, JLT, JNE, REVERSE, type Taken, refine, scalarTaken } from "./compare.ts";
import { isMayGoto } from "./structure.ts";
import { contradiction, sync } from "./bounds.ts";
import { zeroExtend32 } from "./extend.ts";
import { type Range, assign, editable, isConstWidth, isZero, settled, unbounded, withTnum } from "./range.ts";
import { addConstant } from "./scalar.ts";
import { findUnfinished } from "./prune.ts";
import { markPrecise, pushHistory } from "./precision.ts";
import { pushBranch, widen } from "./walk.ts";
import { FIELD, hasField } from "./fields.ts";
import { fieldsOf, releaseNoMark } from "./references.ts";
import { MAP } from "./maps.ts";
import { isRcu, isTrusted } from "./objects.ts";
import {
	AT_PKT_END,
	BEYOND_PKT_END,
	JUMP_DST_STACK,
	JUMP_SRC_STACK,
	type LinkedReg,
	type Reg,
	type State,
	baseId,
	constScalar,
	frameInsn,
	isAddConst,
	isAddConstLow,
	mapRegs,
	scalar,
	slotIsSpilled,
	unknownScalar,
} from "./state.ts";
import {
	CONST_PTR_TO_MAP,
	MAYBE_NULL,
	PTR_TO_BTF_ID,
	PTR_TO_MAP_KEY,
	PTR_TO_MAP_VALUE,
	PTR_TO_MEM,
	PTR_TO_PACKET,
	PTR_TO_PACKET_END,
	PTR_TO_PACKET_META,
	PTR_TO_SOCKET,
	PTR_TO_SOCK_COMMON,
	PTR_TO_STACK,
	PTR_TO_TCP_SOCK,
	PTR_TO_XDP_SOCK,
	SCALAR,
	UNTRUSTED,
	baseOf,
	isPacketAny,
} from "./types.ts";

const JCOND = 0xe0;

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
function notNull(reg: Reg): boolean {
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

const MAX_LINKED = 6;

// Not a closure: this runs at every branch on a number that has equals.
function addLinked(into: LinkedReg[], id: number, frame: number, list: Reg[], index: number, isReg: boolean): void {
	const reg = list[index];
	if (reg.type !== SCALAR || baseId(reg.id) !== id) return;
	if (into.length < MAX_LINKED) into.push({ frame, isReg, index });
	else {
		const r = reg.copy();
		r.id = 0;
		list[index] = r;
	}
}

/** Registers and slots with the id: what is learned of one holds for all. Beyond six, the rest lose the link. */
function collectLinked(env: Env, state: State, id: number, into: LinkedReg[]): void {
	id = baseId(id);
	for (let f = state.curframe; f >= 0; f--) {
		const frame = state.frames[f];
		const live = env.liveRegs[frameInsn(state, f)];
		for (let i = 0; i < 10; i++) if (live & (1 << i)) addLinked(into, id, f, frame.regs, i, true);
		for (let i = 0; i < frame.slots.length; i++) if (slotIsSpilled(frame.kinds[i])) addLinked(into, id, f, frame.slots, i, false);
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
		const sum = addConstant(known.range, reg.off - known.off);
		if (isAddConstLow(known.id) || isAddConstLow(reg.id)) zeroExtend32(sum);
		r.range = sync(sum);
		list[l.index] = r;
	}
}

/** The pointer without "or null"; what stands for something else when it is known to be there, becomes that. */
export function notNullReg(reg: Reg): Reg {
	const r = reg.copy();
	if (baseOf(reg.type) === PTR_TO_MAP_VALUE) {
		const map = reg.map!;
		if (map.inner) {
			r.type = CONST_PTR_TO_MAP;
			r.map = map.inner;
			// Two lookups may give two maps: timers must not be taken from one to the other.
			if (hasField(map.inner.fields, FIELD.timer | FIELD.wq | FIELD.taskWork)) r.mapUid = reg.id;
		} else if (map.type === MAP.XSKMAP) r.type = PTR_TO_XDP_SOCK;
		else if (map.type === MAP.SOCKMAP || map.type === MAP.SOCKHASH) r.type = PTR_TO_SOCKET;
		else r.type = PTR_TO_MAP_VALUE;
		return r;
	}
	r.type &= ~MAYBE_NULL;
	return r;
}

/** Every pointer with this id is (not) null. */
function markNull(env: Env, state: State, regno: number, isNull: boolean): void {
	const { id, refObjId } = state.frames[state.curframe].regs[regno];
	if (refObjId && refObjId === id && isNull) releaseNoMark(state, id);
	mapRegs(state, (reg) => {
		if (!(reg.type & MAYBE_NULL) || reg.id !== id || (id === 0 && !isRcu(reg))) return reg;
		if (!isZero(reg.range)) return reg;
		if (isNull) {
			const r = scalar(reg.range);
			return r;
		}
		const r = notNullReg(reg);
		if (!hasField(fieldsOf(env, r), FIELD.spinLock | FIELD.resSpinLock)) r.id = 0;
		return r;
	});
}

const MAX_PACKET = 0xffff;

function learnPacket(state: State, dst: Reg, open: boolean): void {
	if (dst.off < 0 || (dst.off === 0 && open)) return;
	if (dst.range.umaxNumber > MAX_PACKET || dst.range.umaxNumber + dst.off > MAX_PACKET) return;
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

const isPacketStart = (reg: Reg): boolean => reg.type === PTR_TO_PACKET && reg.id === 0 && reg.off === 0 && isZero(reg.range);

/** `pkt op end` or `meta op data`: which branch may read up to the pointer. False: no such comparison. */
function matchPacket(insn: Insn, dst: Reg, src: Reg, fallThrough: State, jump: State): boolean {
	if (!(insn.opcode & 8) || (insn.opcode & 7) === 6) return false;
	const forward = (dst.type === PTR_TO_PACKET && src.type === PTR_TO_PACKET_END) || (dst.type === PTR_TO_PACKET_META && isPacketStart(src));
	const backward =
		(dst.type === PTR_TO_PACKET_END && src.type === PTR_TO_PACKET) || (isPacketStart(dst) && src.type === PTR_TO_PACKET_META);
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

/** Of two pointers one may be null. */
function oneMayBeNull(a: Reg, b: Reg): boolean {
	return (
		a.type !== SCALAR &&
		b.type !== SCALAR &&
		(a.type & MAYBE_NULL) !== (b.type & MAYBE_NULL) &&
		baseOf(a.type) !== PTR_TO_BTF_ID &&
		baseOf(b.type) !== PTR_TO_BTF_ID
	);
}
