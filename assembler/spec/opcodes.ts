/**
 * The fields of an opcode, and what stands in each: classes, modes, sizes, and the operations by name. `isa.ts` makes the instructions of them.
 *
 *     ALU, JMP      7…4 operation   3 source (0 imm, 1 reg)   2…0 class
 *     LD/LDX/ST/STX 7…5 mode        4…3 size                  2…0 class
 *
 * Source: RFC 9669 sections 3–5; Linux `include/uapi/linux/bpf.h`; LLVM's -mcpu levels.
 */
/** LLVM's -mcpu=v1 … v4. */
export type Cpu = 1 | 2 | 3 | 4;

/** Bits 2…0 of an opcode: what kind of instruction it is. */
export const CLASS = { ld: 0, ldx: 1, st: 2, stx: 3, alu: 4, jmp: 5, jmp32: 6, alu64: 7 } as const;
/** Bits 7…5 of a load or store. */
export const MODE = { imm: 0x00, abs: 0x20, ind: 0x40, mem: 0x60, memsx: 0x80, atomic: 0xc0 } as const;
/** Bits 4…3 of a load or store. */
export const SIZE = { w: 0x00, h: 0x08, b: 0x10, dw: 0x18 } as const;
/** Bit 3 of ALU and JMP opcodes: the second operand is `src`, not `imm`. For byte swaps: to big-endian. */
export const SOURCE_REG = 0x08;

/** Sizes in bytes by bits 4…3 of a memory opcode. */
export const SIZE_BYTES = [4, 2, 1, 8] as const;
/** What a load or store moves. */
export type Bytes = 1 | 2 | 4 | 8;
export const SIZE_OF = { 1: SIZE.b, 2: SIZE.h, 4: SIZE.w, 8: SIZE.dw } as const;

/** `symbol`: the C operator that the kernel's syntax writes before `=`. `off` 1 makes div and mod signed. */
export const ALU_OPS = {
	add: { code: 0x00, off: 0, symbol: "+", group: "base", cpu: 1 },
	sub: { code: 0x10, off: 0, symbol: "-", group: "base", cpu: 1 },
	mul: { code: 0x20, off: 0, symbol: "*", group: "divmul", cpu: 1 },
	div: { code: 0x30, off: 0, symbol: "/", group: "divmul", cpu: 1 },
	sdiv: { code: 0x30, off: 1, symbol: "s/", group: "divmul", cpu: 4 },
	or: { code: 0x40, off: 0, symbol: "|", group: "base", cpu: 1 },
	and: { code: 0x50, off: 0, symbol: "&", group: "base", cpu: 1 },
	lsh: { code: 0x60, off: 0, symbol: "<<", group: "base", cpu: 1 },
	rsh: { code: 0x70, off: 0, symbol: ">>", group: "base", cpu: 1 },
	neg: { code: 0x80, off: 0, symbol: "-", group: "base", cpu: 1 },
	mod: { code: 0x90, off: 0, symbol: "%", group: "divmul", cpu: 1 },
	smod: { code: 0x90, off: 1, symbol: "s%", group: "divmul", cpu: 4 },
	xor: { code: 0xa0, off: 0, symbol: "^", group: "base", cpu: 1 },
	mov: { code: 0xb0, off: 0, symbol: "", group: "base", cpu: 1 },
	arsh: { code: 0xc0, off: 0, symbol: "s>>", group: "base", cpu: 1 },
} as const satisfies Record<string, { code: number; off: number; symbol: string; group: "base" | "divmul"; cpu: Cpu }>;
/** Arithmetic by name. */
export type AluOp = keyof typeof ALU_OPS;
/** Bits 7…4 of byte swaps. */
export const END_CODE = 0xd0;

/** `inverse` jumps exactly when the row does not. */
export const JMP_OPS = {
	jeq: { code: 0x10, symbol: "==", cpu: 1, inverse: "jne" },
	jgt: { code: 0x20, symbol: ">", cpu: 1, inverse: "jle" },
	jge: { code: 0x30, symbol: ">=", cpu: 1, inverse: "jlt" },
	jset: { code: 0x40, symbol: "&", cpu: 1, inverse: null },
	jne: { code: 0x50, symbol: "!=", cpu: 1, inverse: "jeq" },
	jsgt: { code: 0x60, symbol: "s>", cpu: 1, inverse: "jsle" },
	jsge: { code: 0x70, symbol: "s>=", cpu: 1, inverse: "jslt" },
	jlt: { code: 0xa0, symbol: "<", cpu: 2, inverse: "jge" },
	jle: { code: 0xb0, symbol: "<=", cpu: 2, inverse: "jgt" },
	jslt: { code: 0xc0, symbol: "s<", cpu: 2, inverse: "jsge" },
	jsle: { code: 0xd0, symbol: "s<=", cpu: 2, inverse: "jsgt" },
} as const satisfies Record<string, { code: number; symbol: string; cpu: Cpu; inverse: string | null }>;
/** Conditional jumps by name. */
export type JmpOp = keyof typeof JMP_OPS;
/** Bits 7…4 of `goto`. */
export const JA_CODE = 0x00;
/** Bits 7…4 of `call`. */
export const CALL_CODE = 0x80;
/** Bits 7…4 of `exit`. */
export const EXIT_CODE = 0x90;
/** `may_goto` of Linux 6.9. */
export const JCOND_CODE = 0xe0;

/** Bit of an atomic instruction's `imm`: it gives back the old value. */
export const FETCH = 0x01;
/** By the `imm` of read-modify-write instructions. */
export const ATOMIC_OPS = {
	add: { imm: 0x00, symbol: "+", fetch: false, cpu: 1 },
	or: { imm: 0x40, symbol: "|", fetch: false, cpu: 3 },
	and: { imm: 0x50, symbol: "&", fetch: false, cpu: 3 },
	xor: { imm: 0xa0, symbol: "^", fetch: false, cpu: 3 },
	fetch_add: { imm: 0x01, symbol: "+", fetch: true, cpu: 3 },
	fetch_or: { imm: 0x41, symbol: "|", fetch: true, cpu: 3 },
	fetch_and: { imm: 0x51, symbol: "&", fetch: true, cpu: 3 },
	fetch_xor: { imm: 0xa1, symbol: "^", fetch: true, cpu: 3 },
	xchg: { imm: 0xe1, symbol: "", fetch: true, cpu: 3 },
	cmpxchg: { imm: 0xf1, symbol: "", fetch: true, cpu: 3 },
} as const satisfies Record<string, { imm: number; symbol: string; fetch: boolean; cpu: Cpu }>;
/** Atomic operations by name. */
export type AtomicOp = keyof typeof ATOMIC_OPS;
/** `imm` of an atomic instruction that loads. */
export const LOAD_ACQUIRE = 0x100;
/** `imm` of an atomic instruction that stores. */
export const STORE_RELEASE = 0x110;

/** What the 64-bit constant of `ld_imm64` stands for, by its `src` field (BPF_PSEUDO_*). */
export const LD_IMM64_SOURCES = {
	constant: 0,
	map_fd: 1,
	map_value: 2,
	btf_id: 3,
	func: 4,
	map_idx: 5,
	map_idx_value: 6,
} as const satisfies Record<string, number>;
/** BPF_PSEUDO_* of `ld_imm64` by name. */
export type LdImm64Source = keyof typeof LD_IMM64_SOURCES;

/** What `call` calls, by its `src` field. */
export const CALL_SOURCES = { helper: 0, local: 1, kfunc: 2 } as const satisfies Record<string, number>;
/** BPF_PSEUDO_* of `call` by name. */
export type CallSource = keyof typeof CALL_SOURCES;
