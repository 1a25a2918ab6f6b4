/**
 * Instruction slots in, operations out: one plain record per instruction, with what the opcode's bits say spelled out once,
 * so that the analyses and both emitters switch over `kind` and never look at opcode bytes again.
 * Jump targets are absolute slots. A slot that is no instruction of its own (the second half of ld_imm64) decodes to null.
 * Source: RFC 9669, section 4 and 5; kernel 6.18 `include/uapi/linux/bpf.h` for may_goto, load-acquire and store-release.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import * as ops from "./op.ts";
import type { AluName, AtomicName, CompareName, MemorySize, Op, Width } from "./op.ts";

export type { AluName, AtomicName, CompareName, MemorySize, Op, Width } from "./op.ts";

const ALU: readonly (AluName | "neg" | "end" | null)[] = [
	"add",
	"sub",
	"mul",
	"div",
	"or",
	"and",
	"lsh",
	"rsh",
	"neg",
	"mod",
	"xor",
	"mov",
	"arsh",
	"end",
	null,
	null,
];
const COMPARE: readonly (CompareName | null)[] = [
	null,
	"eq",
	"gt",
	"ge",
	"set",
	"ne",
	"sgt",
	"sge",
	null,
	null,
	"lt",
	"le",
	"slt",
	"sle",
	null,
	null,
];
const ATOMIC: Readonly<Record<number, readonly [AtomicName, boolean]>> = {
	0x00: ["add", false],
	0x01: ["add", true],
	0x40: ["or", false],
	0x41: ["or", true],
	0x50: ["and", false],
	0x51: ["and", true],
	0xa0: ["xor", false],
	0xa1: ["xor", true],
	0xe1: ["xchg", true],
	0xf1: ["cmpxchg", true],
};
const LOAD_ACQUIRE = 0x100;
const STORE_RELEASE = 0x110;
const SIZES: readonly MemorySize[] = [4, 2, 1, 8];

export function decodeProgram(insns: readonly Insn[]): (Op | null)[] {
	const ops: (Op | null)[] = new Array(insns.length);
	for (let pc = 0; pc < insns.length; pc++) {
		const op = decodeInsn(insns, pc);
		ops[pc] = op;
		if (op.kind === "imm64") ops[++pc] = null;
	}
	return ops;
}

function decodeInsn(insns: readonly Insn[], pc: number): Op {
	const insn = insns[pc];
	const { opcode, dst, src, off, imm } = insn;
	if (dst > 10 || src > 10) return invalid(insn, "a register above r10");
	switch (opcode & 7) {
		case 0: // LD
			if (opcode === 0x18)
				return pc + 1 < insns.length && insns[pc + 1].opcode === 0
					? ops.imm64(dst, src, imm, insns[pc + 1].imm)
					: invalid(insn, "ld_imm64 without its second slot");
			if (((opcode & 0xe0) === 0x20 || (opcode & 0xe0) === 0x40) && (opcode & 0x18) !== 0x18)
				return ops.packet(SIZES[(opcode >> 3) & 3] as 1 | 2 | 4, (opcode & 0xe0) === 0x40 ? src : -1, imm);
			return invalid(insn, "an unknown load");
		case 1: // LDX
			if ((opcode & 0xe0) === 0x60) return ops.load(dst, src, off, SIZES[(opcode >> 3) & 3], false);
			if ((opcode & 0xe0) === 0x80 && (opcode & 0x18) !== 0x18) return ops.load(dst, src, off, SIZES[(opcode >> 3) & 3], true);
			return invalid(insn, "an unknown load");
		case 2: // ST
			if ((opcode & 0xe0) === 0x60) return ops.store(dst, off, SIZES[(opcode >> 3) & 3], -1, imm);
			return invalid(insn, "an unknown store");
		case 3: // STX
			if ((opcode & 0xe0) === 0x60) return ops.store(dst, off, SIZES[(opcode >> 3) & 3], src, 0);
			if ((opcode & 0xe0) === 0xc0) return decodeAtomic(insn);
			return invalid(insn, "an unknown store");
		case 4:
			return decodeAlu(insn, 32);
		case 7:
			return decodeAlu(insn, 64);
		default:
			return decodeJump(insn, pc, (opcode & 7) === 5 ? 64 : 32);
	}
}

function decodeAtomic(insn: Insn): Op {
	const { opcode, dst, src, off, imm } = insn;
	const size = SIZES[(opcode >> 3) & 3];
	if (imm === LOAD_ACQUIRE) return ops.load(dst, src, off, size, false);
	if (imm === STORE_RELEASE) return ops.store(dst, off, size, src, 0);
	const row = ATOMIC[imm];
	if (row === undefined || size < 4) return invalid(insn, "an unknown atomic operation");
	return ops.atomic(row[0], row[1], size as 4 | 8, dst, off, src);
}

function decodeAlu(insn: Insn, width: Width): Op {
	const { opcode, dst, off, imm } = insn;
	const name = ALU[opcode >> 4];
	const src = opcode & 8 ? insn.src : -1;
	if (name === null) return invalid(insn, "an unknown arithmetic operation");
	if (name === "neg") return ops.neg(width, dst);
	if (name === "end") {
		if (imm !== 16 && imm !== 32 && imm !== 64) return invalid(insn, "a byte swap of another width");
		// In class ALU the source bit chooses to_be (a swap on our little-endian memory); in ALU64 it is bswap.
		return ops.swapBytes(imm, width === 64 || (opcode & 8) !== 0, dst);
	}
	if (off !== 0) {
		if (name === "mov" && src >= 0 && off === 1 && imm !== 0 && width === 64) return ops.cast(dst, src);
		if (name === "mov" && src >= 0 && (off === 8 || off === 16 || (off === 32 && width === 64))) return ops.movsx(width, off, dst, src);
		if (name === "div" && off === 1) return ops.alu("sdiv", width, dst, src, imm);
		if (name === "mod" && off === 1) return ops.alu("smod", width, dst, src, imm);
		return invalid(insn, "an unknown arithmetic operation");
	}
	return ops.alu(name, width, dst, src, imm);
}

function decodeJump(insn: Insn, pc: number, width: Width): Op {
	const { opcode, dst, off, imm } = insn;
	switch (opcode >> 4) {
		case 0:
			return ops.jump(pc + 1 + (width === 32 ? imm : off));
		case 8:
			if (width === 32) return invalid(insn, "an unknown jump");
			if (opcode & 8) return ops.callx(dst);
			if (insn.src === 1) return ops.call(pc + 1 + imm);
			if (insn.src === 2) return ops.kfunc(imm, off);
			return insn.src === 0 ? ops.helper(imm) : invalid(insn, "an unknown call");
		case 9:
			return width === 64 ? ops.exit() : invalid(insn, "an unknown jump");
		case 14:
			return opcode === 0xe5 && insn.src === 0 ? ops.mayGoto(pc + 1 + off) : invalid(insn, "an unknown jump");
	}
	const op = COMPARE[opcode >> 4];
	return op === null ? invalid(insn, "an unknown jump") : ops.branch(op, width, dst, opcode & 8 ? insn.src : -1, imm, pc + 1 + off);
}

function invalid(insn: Insn, why: string): Op {
	return ops.invalid(`${why} (opcode 0x${insn.opcode.toString(16).padStart(2, "0")})`);
}
