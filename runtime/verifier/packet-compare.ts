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
