/**
 * An instruction as the kernel's own disassembler writes it, in verifier logs and `bpftool prog dump xlated`: `(61) r0 = *(u32 *)(r1 +8)`.
 *
 * In: any eight bytes, valid or not, as the verifier shows them before it refuses; out: always a text. Names of helpers and kernel functions, and
 * addresses in `ld_imm64`, are the caller's to know.
 * Source: print_bpf_insn of kernel/bpf/disasm.c, Linux 6.18.
 */
import type { Insn } from "../spec/insn.ts";

export interface KernelNames {
	/** "bpf_map_lookup_elem"; undefined: unknown. */
	call(insn: Insn): string | undefined;
	/** The number that the 64-bit constant shows as. */
	constant(insn: Insn, next: Insn | undefined): bigint;
}

const ALU = ["+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "neg", "%=", "^=", "=", "s>>=", "endian", "", ""];
const SIGNED_ALU: Readonly<Record<number, string>> = { 3: "s/=", 9: "s%=" };
const ATOMICS: Readonly<Record<number, string>> = { 0x00: "add", 0x40: "or", 0x50: "and", 0xa0: "xor" };
const SIZES = ["u32", "u16", "u8", "u64"];
const JUMPS = ["jmp", "==", ">", ">=", "&", "!=", "s>", "s>=", "call", "exit", "<", "<=", "s<", "s<=", "", ""];
const FETCH = 1;

const byte = (value: number): string => value.toString(16).padStart(2, "0");
const plus = (value: number): string => (value < 0 ? String(value) : `+${value}`);
const hex = (value: number): string => (value >>> 0).toString(16);

/** With the opcode in brackets before it. */
export function printKernelInsn(insn: Insn, next: Insn | undefined, names: KernelNames): string {
	return CLASSES[insn.opcode & 7](insn, next, names) ?? bug(insn);
}

const shown = (insn: Insn, text: string): string => `(${byte(insn.opcode)}) ${text}`;
const KINDS = ["ld_", "ldx_", "st_", "", "alu_", "", "", "alu_"];
const bug = ({ opcode }: Insn): string => `BUG_${KINDS[opcode & 7]}${byte(opcode)}`;

type Printer = (insn: Insn, next: Insn | undefined, names: KernelNames) => string | null;

const CLASSES: readonly Printer[] = [immediate, load, store, storeReg, alu, jump, jump, alu];

function alu(insn: Insn): string | null {
	const { opcode, dst, src, imm, off } = insn;
	const wide = (opcode & 7) === 7;
	const r = wide ? "r" : "w";
	const op = opcode >> 4;
	if (op === 0xd) return shown(insn, wide ? `r${dst} = bswap${imm} r${dst}` : `r${dst} = ${opcode & 8 ? "be" : "le"}${imm} r${dst}`);
	if (op === 8) return shown(insn, `${r}${dst} = -${r}${dst}`);
	if (opcode === 0xbf && off === 1) return shown(insn, `r${dst} = addr_space_cast(r${src}, ${imm >>> 16}, ${imm & 0xffff})`);
	if (opcode === 0xbf && off === -1) return shown(insn, `r${dst} = &(void __percpu *)(r${src})`);
	const symbol = op === 0xb || off !== 1 ? ALU[op] : (SIGNED_ALU[op] ?? ALU[op]);
	const extend = opcode & 8 && op === 0xb && (off === 8 || off === 16 || off === 32) ? `(s${off})` : "";
	return shown(insn, `${r}${dst} ${symbol} ${opcode & 8 ? `${extend}${r}${src}` : imm}`);
}

const sizeOf = (opcode: number): string => SIZES[(opcode >> 3) & 3];

function storeReg(insn: Insn): string | null {
	const { opcode, dst, src, off, imm } = insn;
	const mode = opcode & 0xe0;
	const at = `(${sizeOf(opcode)} *)(r${dst} ${plus(off)})`;
	if (mode === 0x60) return shown(insn, `*${at} = r${src}`);
	if (mode !== 0xc0) return bug(insn);
	const name = ATOMICS[imm & ~FETCH];
	const width = ((opcode >> 3) & 3) === 3 ? "64" : "";
	if (name !== undefined)
		return shown(insn, imm & FETCH ? `r${src} = atomic${width}_fetch_${name}(${at}, r${src})` : `lock *${at} ${ALU[imm >> 4]} r${src}`);
	if (imm === 0xf1) return shown(insn, `r0 = atomic${width}_cmpxchg(${at}, r0, r${src})`);
	if (imm === 0xe1) return shown(insn, `r${src} = atomic${width}_xchg(${at}, r${src})`);
	if (imm === 0x100) return shown(insn, `r${dst} = load_acquire((${sizeOf(opcode)} *)(r${src} ${plus(off)}))`);
	if (imm === 0x110) return shown(insn, `store_release(${at}, r${src})`);
	return bug(insn);
}

function store(insn: Insn): string | null {
	const mode = insn.opcode & 0xe0;
	if (mode === 0xc0) return shown(insn, "nospec");
	return mode === 0x60 ? shown(insn, `*(${sizeOf(insn.opcode)} *)(r${insn.dst} ${plus(insn.off)}) = ${insn.imm}`) : null;
}

function load(insn: Insn): string | null {
	const mode = insn.opcode & 0xe0;
	if (mode !== 0x60 && mode !== 0x80) return null;
	const size = sizeOf(insn.opcode);
	return shown(insn, `r${insn.dst} = *(${mode === 0x80 ? size.replace("u", "s") : size} *)(r${insn.src} ${plus(insn.off)})`);
}

function immediate(insn: Insn, next: Insn | undefined, names: KernelNames): string | null {
	const mode = insn.opcode & 0xe0;
	if (mode === 0x20) return shown(insn, `r0 = *(${sizeOf(insn.opcode)} *)skb[${insn.imm}]`);
	if (mode === 0x40) return shown(insn, `r0 = *(${sizeOf(insn.opcode)} *)skb[r${insn.src} + ${insn.imm}]`);
	if (insn.opcode === 0x18) return shown(insn, `r${insn.dst} = 0x${BigInt.asUintN(64, names.constant(insn, next)).toString(16)}`);
	return null;
}

function jump(insn: Insn, _next: Insn | undefined, names: KernelNames): string | null {
	const { opcode, dst, src, off, imm } = insn;
	const wide = (opcode & 7) === 5;
	const op = opcode >> 4;
	if (op === 8) return shown(insn, src === 1 ? `call pc${plus(imm)}` : `call ${names.call(insn) ?? "unknown"}#${imm}`);
	if (wide && op === 0) return shown(insn, `goto pc${plus(off)}`);
	if (wide && op === 0xe) return shown(insn, `may_goto pc${plus(off)}`);
	if (!wide && op === 0) return shown(insn, `gotol pc${plus(imm)}`);
	if (opcode === 0x95) return shown(insn, "exit");
	const r = wide ? "r" : "w";
	return shown(insn, `if ${r}${dst} ${JUMPS[op]} ${opcode & 8 ? `${r}${src}` : `0x${hex(imm)}`} goto pc${plus(off)}`);
}
