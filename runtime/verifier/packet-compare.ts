/**
 * Comparisons of packet pointers: which bytes of the packet a branch may read.
 * Source: try_match_pkt_pointers, is_pkt_ptr_branch_taken of kernel/bpf/verifier.c, Linux 6.18.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { FLIP, JGE, JGT, JLE, JLT, type Taken } from "./compare.ts";
import { isZero } from "./range.ts";
import { AT_PKT_END, BEYOND_PKT_END, type Reg, type State, mapRegs } from "./state.ts";
import { PTR_TO_PACKET, PTR_TO_PACKET_END, PTR_TO_PACKET_META } from "./types.ts";

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
export function matchPacket(insn: Insn, dst: Reg, src: Reg, fallThrough: State, jump: State): boolean {
	if (!(insn.opcode & 8) || (insn.opcode & 7) === 6) return false;
	const forward = (dst.type === PTR_TO_PACKET && src.type === PTR_TO_PACKET_END) || (dst.type === PTR_TO_PACKET_META && isPacketStart(src));
	const backward =
		(dst.type === PTR_TO_PACKET_END && src.type === PTR_TO_PACKET) || (isPacketStart(dst) && src.type === PTR_TO_PACKET_META);
	if (!forward && !backward) return false;
	const op = insn.opcode & 0xf0;
	if (!(op in INSIDE)) return false;
	// `end op packet` is `packet op' end`.
	const { jumps, open } = INSIDE[forward ? op : FLIP[op]];
	const [packet, regno] = forward ? [dst, insn.dst] : [src, insn.src];
	const [inside, beyond] = jumps ? [jump, fallThrough] : [fallThrough, jump];
	learnPacket(inside, packet, open);
	markEnd(beyond, regno, !open);
	return true;
}

/** Of `packet op end`: whether it jumps where the packet reaches up to the pointer, and whether it reaches further then. */
const INSIDE: Readonly<Record<number, { readonly jumps: boolean; readonly open: boolean }>> = {
	[JGT]: { jumps: false, open: false },
	[JLT]: { jumps: true, open: true },
	[JGE]: { jumps: false, open: true },
	[JLE]: { jumps: true, open: false },
};

export function packetTaken(a: Reg, b: Reg, op: number): Taken {
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
