/**
 * The instruction set as one table: what RFC 9669 (and Linux beyond it) defines, a row per instruction.
 *
 * In: nothing. Out: `INSTRUCTIONS`, and `instructionOf(insn)` which names the row that an instruction is.
 * The idea: operations are listed once (`ALU_OPS`, `JMP_OPS`, `ATOMIC_OPS`, …) and the table is their product with widths and
 * sources, so that encoder, printers, parsers, verifier, JITs and the reference page never spell an opcode.
 *
 *     ALU, JMP      7…4 operation   3 source (0 imm, 1 reg)   2…0 class
 *     LD/LDX/ST/STX 7…5 mode        4…3 size                  2…0 class
 *
 * Source: RFC 9669 sections 3–5 and appendix A; Linux `include/uapi/linux/bpf.h` for may_goto, addr_space_cast,
 * load-acquire and store-release; LLVM's -mcpu levels.
 */
import type { Insn } from "./insn.ts";

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
const SIZE_OF = { 1: SIZE.b, 2: SIZE.h, 4: SIZE.w, 8: SIZE.dw } as const;

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

/** Conformance groups of RFC 9669 section 2.4; `linux` is what Linux has beyond the RFC. */
export type Group = "base32" | "base64" | "atomic32" | "atomic64" | "divmul32" | "divmul64" | "packet" | "linux";
/** LLVM's -mcpu=v1 … v4. */
export type Cpu = 1 | 2 | 3 | 4;

/** A field holds a register or a value of the program's choice, or must be the number given. */
export type Use = "register" | "value" | number;
/** `args` is r1–r5 as a call reads them; `caller` is r1–r5 as a call loses them. */
export type Effect = "dst" | "src" | "r0" | "r1" | "r6" | "args" | "caller" | "memory";

/** What an instruction does, with what a reader of it must tell apart. */
export type Shape =
	| { readonly kind: "alu"; readonly op: AluOp; readonly width: 32 | 64; readonly source: "imm" | "reg" }
	/** Sign extension from the low `bits`. */
	| { readonly kind: "movsx"; readonly width: 32 | 64; readonly bits: 8 | 16 | 32 }
	| { readonly kind: "swap"; readonly op: "le" | "be" | "bswap"; readonly bits: 16 | 32 | 64 }
	| { readonly kind: "addr_space_cast" }
	| { readonly kind: "load"; readonly bytes: Bytes; readonly signed: boolean }
	| { readonly kind: "store"; readonly bytes: Bytes; readonly source: "imm" | "reg" }
	| { readonly kind: "atomic"; readonly op: AtomicOp; readonly bytes: Bytes }
	| { readonly kind: "load_acquire" | "store_release"; readonly bytes: Bytes }
	| { readonly kind: "jump"; readonly op: JmpOp; readonly width: 32 | 64; readonly source: "imm" | "reg" }
	/** `wide`: the offset is in `imm` (gotol). */
	| { readonly kind: "goto"; readonly wide: boolean }
	| { readonly kind: "may_goto" }
	| { readonly kind: "call"; readonly callee: CallSource }
	| { readonly kind: "callx" }
	| { readonly kind: "exit" }
	| { readonly kind: "ld_imm64"; readonly what: LdImm64Source }
	| { readonly kind: "ld_packet"; readonly mode: "abs" | "ind"; readonly bytes: 1 | 2 | 4 };

/** A row of the table. */
export type Instruction = Shape & {
	/** Unique, such as `add32_imm`. */
	readonly name: string;
	readonly opcode: number;
	readonly dst: Use;
	readonly src: Use;
	readonly off: Use;
	readonly imm: Use;
	readonly group: Group;
	/** The least -mcpu whose instruction set has it. (32-bit arithmetic is in all; compilers use it from v3.) */
	readonly cpu: Cpu;
	readonly slots: 1 | 2;
	readonly reads: readonly Effect[];
	readonly writes: readonly Effect[];
};

function build(): readonly Instruction[] {
	const rows: Instruction[] = [];
	const entries = <K extends string, V>(table: Record<K, V>): [K, V][] => Object.entries(table) as [K, V][];
	/** Fields not named must be zero. */
	const row = (
		name: string,
		opcode: number,
		shape: Shape,
		rest: Partial<Pick<Instruction, "dst" | "src" | "off" | "imm" | "cpu" | "reads" | "writes" | "slots">> & {
			group: Group;
		},
	): void => {
		rows.push({
			...shape,
			name,
			opcode,
			dst: 0,
			src: 0,
			off: 0,
			imm: 0,
			cpu: 1,
			slots: 1,
			reads: [],
			writes: [],
			...rest,
		});
	};
	const suffix = (width: 32 | 64): string => (width === 32 ? "32" : "");

	for (const width of [64, 32] as const) {
		const cls = width === 64 ? CLASS.alu64 : CLASS.alu;
		for (const [op, { code, off, group, cpu }] of entries(ALU_OPS)) {
			const common = { dst: "register", off, group: `${group}${width}` as Group, cpu, writes: ["dst"] } as const;
			if (op === "neg") {
				row(`neg${suffix(width)}`, cls | code, { kind: "alu", op, width, source: "imm" }, { ...common, reads: ["dst"] });
				continue;
			}
			const old: readonly Effect[] = op === "mov" ? [] : ["dst"];
			row(`${op}${suffix(width)}_imm`, cls | code, { kind: "alu", op, width, source: "imm" }, { ...common, imm: "value", reads: old });
			row(
				`${op}${suffix(width)}_reg`,
				cls | code | SOURCE_REG,
				{ kind: "alu", op, width, source: "reg" },
				{ ...common, src: "register", reads: [...old, "src"] },
			);
		}
		for (const bits of [8, 16, 32] as const)
			if (bits < width)
				row(
					`movsx${bits}_${width}`,
					cls | ALU_OPS.mov.code | SOURCE_REG,
					{ kind: "movsx", width, bits },
					{
						dst: "register",
						src: "register",
						off: bits,
						group: `base${width}`,
						cpu: 4,
						reads: ["src"],
						writes: ["dst"],
					},
				);
	}
	for (const op of ["le", "be", "bswap"] as const) {
		const opcode = (op === "bswap" ? CLASS.alu64 : CLASS.alu) | END_CODE | (op === "be" ? SOURCE_REG : 0);
		for (const bits of [16, 32, 64] as const)
			row(
				`${op}${bits}`,
				opcode,
				{ kind: "swap", op, bits },
				{
					dst: "register",
					imm: bits,
					group: bits === 64 ? "base64" : "base32",
					cpu: op === "bswap" ? 4 : 1,
					reads: ["dst"],
					writes: ["dst"],
				},
			);
	}
	// The two address spaces are the halves of imm: destination << 16 | source.
	row(
		"addr_space_cast",
		CLASS.alu64 | ALU_OPS.mov.code | SOURCE_REG,
		{ kind: "addr_space_cast" },
		{ dst: "register", src: "register", off: 1, imm: "value", group: "linux", reads: ["src"], writes: ["dst"] },
	);

	for (const bytes of [1, 2, 4, 8] as const) {
		const size = SIZE_OF[bytes];
		const letter = { 1: "b", 2: "h", 4: "w", 8: "dw" }[bytes];
		const group = bytes === 8 ? "base64" : "base32";
		const address = { off: "value" } as const;
		row(
			`ldx${letter}`,
			CLASS.ldx | MODE.mem | size,
			{ kind: "load", bytes, signed: false },
			{ ...address, dst: "register", src: "register", group, reads: ["src", "memory"], writes: ["dst"] },
		);
		if (bytes < 8)
			row(
				`ldxs${letter}`,
				CLASS.ldx | MODE.memsx | size,
				{ kind: "load", bytes, signed: true },
				{
					...address,
					dst: "register",
					src: "register",
					group: "base64",
					cpu: 4,
					reads: ["src", "memory"],
					writes: ["dst"],
				},
			);
		row(
			`st${letter}`,
			CLASS.st | MODE.mem | size,
			{ kind: "store", bytes, source: "imm" },
			{ ...address, dst: "register", imm: "value", group, reads: ["dst"], writes: ["memory"] },
		);
		row(
			`stx${letter}`,
			CLASS.stx | MODE.mem | size,
			{ kind: "store", bytes, source: "reg" },
			{ ...address, dst: "register", src: "register", group, reads: ["dst", "src"], writes: ["memory"] },
		);
		const operands = { dst: "register", src: "register", off: "value" } as const;
		if (bytes >= 4)
			for (const [op, { imm, fetch, cpu }] of entries(ATOMIC_OPS))
				row(
					`atomic_${op}${bytes === 4 ? "32" : ""}`,
					CLASS.stx | MODE.atomic | size,
					{ kind: "atomic", op, bytes },
					{
						...operands,
						imm,
						cpu,
						group: bytes === 4 ? "atomic32" : "atomic64",
						reads: ["dst", "src", "memory", ...(op === "cmpxchg" ? (["r0"] as const) : [])],
						writes: ["memory", ...(op === "cmpxchg" ? (["r0"] as const) : fetch ? (["src"] as const) : [])],
					},
				);
		row(
			`load_acquire${bytes * 8}`,
			CLASS.stx | MODE.atomic | size,
			{ kind: "load_acquire", bytes },
			{ ...operands, imm: LOAD_ACQUIRE, group: "linux", cpu: 4, reads: ["src", "memory"], writes: ["dst"] },
		);
		row(
			`store_release${bytes * 8}`,
			CLASS.stx | MODE.atomic | size,
			{ kind: "store_release", bytes },
			{ ...operands, imm: STORE_RELEASE, group: "linux", cpu: 4, reads: ["dst", "src"], writes: ["memory"] },
		);
		if (bytes < 8) {
			// The packet is that of the context in r6.
			const packet = { group: "packet", writes: ["r0", "caller"], imm: "value" } as const;
			row(
				`ldabs${letter}`,
				CLASS.ld | MODE.abs | size,
				{ kind: "ld_packet", mode: "abs", bytes: bytes as 1 | 2 | 4 },
				{ ...packet, reads: ["r6", "memory"] },
			);
			row(
				`ldind${letter}`,
				CLASS.ld | MODE.ind | size,
				{ kind: "ld_packet", mode: "ind", bytes: bytes as 1 | 2 | 4 },
				{ ...packet, src: "register", reads: ["r6", "src", "memory"] },
			);
		}
	}
	for (const [what, src] of entries(LD_IMM64_SOURCES))
		row(
			what === "constant" ? "ld_imm64" : `ld_imm64_${what}`,
			CLASS.ld | MODE.imm | SIZE.dw,
			{ kind: "ld_imm64", what },
			{ dst: "register", src, imm: "value", group: "base64", slots: 2, writes: ["dst"] },
		);

	for (const width of [64, 32] as const) {
		const cls = width === 64 ? CLASS.jmp : CLASS.jmp32;
		for (const [op, { code, cpu }] of entries(JMP_OPS)) {
			const common = { dst: "register", off: "value", group: `base${width}`, cpu: width === 32 ? 3 : cpu } as const;
			row(`${op}${suffix(width)}_imm`, cls | code, { kind: "jump", op, width, source: "imm" }, { ...common, imm: "value", reads: ["dst"] });
			row(
				`${op}${suffix(width)}_reg`,
				cls | code | SOURCE_REG,
				{ kind: "jump", op, width, source: "reg" },
				{ ...common, src: "register", reads: ["dst", "src"] },
			);
		}
	}
	row("ja", CLASS.jmp | JA_CODE, { kind: "goto", wide: false }, { off: "value", group: "base32" });
	row("gotol", CLASS.jmp32 | JA_CODE, { kind: "goto", wide: true }, { imm: "value", group: "base32", cpu: 4 });
	row("may_goto", CLASS.jmp | JCOND_CODE, { kind: "may_goto" }, { off: "value", group: "linux" });
	for (const [callee, src] of entries(CALL_SOURCES))
		row(
			callee === "helper" ? "call" : `call_${callee}`,
			CLASS.jmp | CALL_CODE,
			{ kind: "call", callee },
			{
				src,
				// Linux puts the index of the kfunc's module BTF into off.
				off: callee === "kfunc" ? "value" : 0,
				imm: "value",
				group: "base32",
				reads: ["args", "memory"],
				writes: ["r0", "caller", "memory"],
			},
		);
	// LLVM's form, refused by Linux: the register is in dst.
	row(
		"callx",
		CLASS.jmp | CALL_CODE | SOURCE_REG,
		{ kind: "callx" },
		{ dst: "register", group: "linux", reads: ["dst", "args"], writes: ["r0", "caller", "memory"] },
	);
	row("exit", CLASS.jmp | EXIT_CODE, { kind: "exit" }, { group: "base32", reads: ["r0"] });
	return rows;
}

/** The table. */
export const INSTRUCTIONS: readonly Instruction[] = build();

const byOpcode: readonly (readonly Instruction[])[] = Array.from({ length: 256 }, (_, opcode) =>
	INSTRUCTIONS.filter((row) => row.opcode === opcode),
);

const fits = (use: Use, value: number): boolean => typeof use === "string" || use === value;

/** The row of an instruction whose unused fields are all zero; nothing if there is no such instruction. The second slot of `ld_imm64` (opcode 0) is none. */
export function instructionOf(insn: Insn): Instruction | undefined {
	for (const row of byOpcode[insn.opcode & 0xff])
		if (fits(row.off, insn.off) && fits(row.imm, insn.imm) && fits(row.src, insn.src) && fits(row.dst, insn.dst)) return row;
	return undefined;
}

/** All rows that share an opcode byte: for messages about reserved fields, and for tolerant disassembly. */
export function instructionsWithOpcode(opcode: number): readonly Instruction[] {
	return byOpcode[opcode & 0xff];
}

/** By name, for table-driven parsers and tests. */
export const INSTRUCTION_BY_NAME: ReadonlyMap<string, Instruction> = new Map(INSTRUCTIONS.map((row) => [row.name, row]));

/** The two slots of a 64-bit constant. */
export function ldImm64(dst: number, src: number, low: number, high: number): [Insn, Insn] {
	return [
		{ opcode: CLASS.ld | MODE.imm | SIZE.dw, dst, src, off: 0, imm: low | 0 },
		{ opcode: 0, dst: 0, src: 0, off: 0, imm: high | 0 },
	];
}
/** The one opcode whose instruction takes two slots. */
export const LD_IMM64_OPCODE = CLASS.ld | MODE.imm | SIZE.dw;
