/**
 * Instruction slots in, operations out: one plain record per instruction, with what the opcode's bits say spelled out once,
 * so that the analyses and both emitters switch over `kind` and never look at opcode bytes again.
 * Jump targets are absolute slots. A slot that is no instruction of its own (the second half of ld_imm64) decodes to null.
 * Source: RFC 9669, section 4 and 5; kernel 6.18 `include/uapi/linux/bpf.h` for may_goto, load-acquire and store-release.
 */
import type { Insn } from "../../assembler/spec/insn.ts";

export type Width = 32 | 64;
export type AluName = "add" | "sub" | "mul" | "div" | "mod" | "sdiv" | "smod" | "or" | "and" | "xor" | "lsh" | "rsh" | "arsh" | "mov";
export type CompareName = "eq" | "ne" | "gt" | "ge" | "lt" | "le" | "sgt" | "sge" | "slt" | "sle" | "set";
export type AtomicName = "add" | "or" | "and" | "xor" | "xchg" | "cmpxchg";
export type MemorySize = 1 | 2 | 4 | 8;

/** `src` below: a register, or −1 when the operand is `imm` (signed 32 bits, sign-extended in 64-bit operations). */
export type Op =
	| { readonly kind: "alu"; readonly op: AluName; readonly width: Width; readonly dst: number; readonly src: number; readonly imm: number }
	| { readonly kind: "movsx"; readonly width: Width; readonly bits: 8 | 16 | 32; readonly dst: number; readonly src: number }
	/** dst := the low `bits` of src. No instruction of its own: narrow stores to promoted stack slots become this. */
	| { readonly kind: "extract"; readonly bits: 8 | 16; readonly dst: number; readonly src: number }
	| { readonly kind: "neg"; readonly width: Width; readonly dst: number }
	/** `swap` false: keep the low `bits` (to_le on a little-endian machine). */
	| { readonly kind: "swap"; readonly bits: 16 | 32 | 64; readonly swap: boolean; readonly dst: number }
	| { readonly kind: "imm64"; readonly dst: number; readonly pseudo: number; readonly lo: number; readonly hi: number }
	| { readonly kind: "load"; readonly dst: number; readonly base: number; readonly off: number; readonly size: MemorySize; readonly signed: boolean }
	| { readonly kind: "store"; readonly base: number; readonly off: number; readonly size: MemorySize; readonly src: number; readonly imm: number }
	| { readonly kind: "atomic"; readonly op: AtomicName; readonly fetch: boolean; readonly size: 4 | 8; readonly base: number; readonly off: number; readonly src: number }
	/** BPF_ABS and BPF_IND: a big-endian load from the packet into r0; the function returns 0 where it fails. */
	| { readonly kind: "packet"; readonly size: 1 | 2 | 4; readonly src: number; readonly imm: number }
	| { readonly kind: "cast"; readonly dst: number; readonly src: number }
	| { readonly kind: "jump"; readonly target: number }
	| { readonly kind: "branch"; readonly op: CompareName; readonly width: Width; readonly dst: number; readonly src: number; readonly imm: number; readonly target: number }
	| { readonly kind: "may_goto"; readonly target: number }
	| { readonly kind: "helper"; readonly id: number }
	| { readonly kind: "kfunc"; readonly btfId: number; readonly off: number }
	| { readonly kind: "call"; readonly target: number }
	| { readonly kind: "callx"; readonly reg: number }
	| { readonly kind: "exit" }
	| { readonly kind: "invalid"; readonly why: string };

const ALU: readonly (AluName | "neg" | "end" | null)[] = ["add", "sub", "mul", "div", "or", "and", "lsh", "rsh", "neg", "mod", "xor", "mov", "arsh", "end", null, null];
const COMPARE: readonly (CompareName | null)[] = [null, "eq", "gt", "ge", "set", "ne", "sgt", "sge", null, null, "lt", "le", "slt", "sle", null, null];
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
			if (opcode === 0x18) return pc + 1 < insns.length && insns[pc + 1].opcode === 0 ? { kind: "imm64", dst, pseudo: src, lo: imm, hi: insns[pc + 1].imm } : invalid(insn, "ld_imm64 without its second slot");
			if (((opcode & 0xe0) === 0x20 || (opcode & 0xe0) === 0x40) && (opcode & 0x18) !== 0x18)
				return { kind: "packet", size: SIZES[(opcode >> 3) & 3] as 1 | 2 | 4, src: (opcode & 0xe0) === 0x40 ? src : -1, imm };
			return invalid(insn, "an unknown load");
		case 1: // LDX
			if ((opcode & 0xe0) === 0x60) return { kind: "load", dst, base: src, off, size: SIZES[(opcode >> 3) & 3], signed: false };
			if ((opcode & 0xe0) === 0x80 && (opcode & 0x18) !== 0x18) return { kind: "load", dst, base: src, off, size: SIZES[(opcode >> 3) & 3], signed: true };
			return invalid(insn, "an unknown load");
		case 2: // ST
			if ((opcode & 0xe0) === 0x60) return { kind: "store", base: dst, off, size: SIZES[(opcode >> 3) & 3], src: -1, imm };
			return invalid(insn, "an unknown store");
		case 3: // STX
			if ((opcode & 0xe0) === 0x60) return { kind: "store", base: dst, off, size: SIZES[(opcode >> 3) & 3], src, imm: 0 };
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
	if (imm === LOAD_ACQUIRE) return { kind: "load", dst, base: src, off, size, signed: false };
	if (imm === STORE_RELEASE) return { kind: "store", base: dst, off, size, src, imm: 0 };
	const row = ATOMIC[imm];
	if (row === undefined || size < 4) return invalid(insn, "an unknown atomic operation");
	return { kind: "atomic", op: row[0], fetch: row[1], size: size as 4 | 8, base: dst, off, src };
}

function decodeAlu(insn: Insn, width: Width): Op {
	const { opcode, dst, off, imm } = insn;
	const name = ALU[opcode >> 4];
	const src = opcode & 8 ? insn.src : -1;
	if (name === null) return invalid(insn, "an unknown arithmetic operation");
	if (name === "neg") return { kind: "neg", width, dst };
	if (name === "end") {
		if (imm !== 16 && imm !== 32 && imm !== 64) return invalid(insn, "a byte swap of another width");
		// In class ALU the source bit chooses to_be (a swap on our little-endian memory); in ALU64 it is bswap.
		return { kind: "swap", bits: imm, swap: width === 64 || (opcode & 8) !== 0, dst };
	}
	if (off !== 0) {
		if (name === "mov" && src >= 0 && off === 1 && imm !== 0 && width === 64) return { kind: "cast", dst, src };
		if (name === "mov" && src >= 0 && (off === 8 || off === 16 || (off === 32 && width === 64))) return { kind: "movsx", width, bits: off, dst, src };
		if (name === "div" && off === 1) return { kind: "alu", op: "sdiv", width, dst, src, imm };
		if (name === "mod" && off === 1) return { kind: "alu", op: "smod", width, dst, src, imm };
		return invalid(insn, "an unknown arithmetic operation");
	}
	return { kind: "alu", op: name, width, dst, src, imm };
}

function decodeJump(insn: Insn, pc: number, width: Width): Op {
	const { opcode, dst, off, imm } = insn;
	switch (opcode >> 4) {
		case 0:
			return { kind: "jump", target: pc + 1 + (width === 32 ? imm : off) };
		case 8:
			if (width === 32) return invalid(insn, "an unknown jump");
			if (opcode & 8) return { kind: "callx", reg: dst };
			if (insn.src === 1) return { kind: "call", target: pc + 1 + imm };
			if (insn.src === 2) return { kind: "kfunc", btfId: imm, off };
			return insn.src === 0 ? { kind: "helper", id: imm } : invalid(insn, "an unknown call");
		case 9:
			return width === 64 ? { kind: "exit" } : invalid(insn, "an unknown jump");
		case 14:
			return opcode === 0xe5 && insn.src === 0 ? { kind: "may_goto", target: pc + 1 + off } : invalid(insn, "an unknown jump");
	}
	const op = COMPARE[opcode >> 4];
	return op === null ? invalid(insn, "an unknown jump") : { kind: "branch", op, width, dst, src: opcode & 8 ? insn.src : -1, imm, target: pc + 1 + off };
}

function invalid(insn: Insn, why: string): Op {
	return { kind: "invalid", why: `${why} (opcode 0x${insn.opcode.toString(16).padStart(2, "0")})` };
}
