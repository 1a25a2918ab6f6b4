/**
 * The instruction set as one table: what RFC 9669 (and Linux beyond it) defines, a row per instruction.
 *
 * In: nothing. Out: `INSTRUCTIONS`, and `instructionOf(insn)` which names the row that an instruction is.
 * The idea: operations are listed once (`ALU_OPS`, `JMP_OPS`, `ATOMIC_OPS`, … in `opcodes.ts`) and the table is their product with widths and
 * sources, so that encoder, printers, parsers, verifier, JITs and the reference page never spell an opcode.
 *
 * Source: RFC 9669 sections 3–5 and appendix A; Linux `include/uapi/linux/bpf.h` for may_goto, addr_space_cast,
 * load-acquire and store-release.
 */
import type { Insn } from "./insn.ts";
import {
	ALU_OPS,
	type AluOp,
	ATOMIC_OPS,
	type AtomicOp,
	type Bytes,
	CALL_CODE,
	CALL_SOURCES,
	type CallSource,
	CLASS,
	type Cpu,
	END_CODE,
	EXIT_CODE,
	JA_CODE,
	JCOND_CODE,
	JMP_OPS,
	type JmpOp,
	LD_IMM64_SOURCES,
	type LdImm64Source,
	LOAD_ACQUIRE,
	MODE,
	SIZE,
	SIZE_OF,
	SOURCE_REG,
	STORE_RELEASE,
} from "./opcodes.ts";

export * from "./opcodes.ts";

/** Conformance groups of RFC 9669 section 2.4; `linux` is what Linux has beyond the RFC. */
export type Group = "base32" | "base64" | "atomic32" | "atomic64" | "divmul32" | "divmul64" | "packet" | "linux";

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

type Fields = Partial<Pick<Instruction, "dst" | "src" | "off" | "imm" | "cpu" | "reads" | "writes" | "slots">> & { readonly group: Group };

/** Fields not named must be zero. */
const row = (name: string, opcode: number, shape: Shape, fields: Fields): Instruction => ({
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
	...fields,
});

const entries = <K extends string, V>(table: Record<K, V>): [K, V][] => Object.entries(table) as [K, V][];

type Width = 32 | 64;
const WIDTHS: readonly Width[] = [64, 32];
const suffix = (width: Width): string => (width === 32 ? "32" : "");
const LETTERS = { 1: "b", 2: "h", 4: "w", 8: "dw" } as const;

function* arithmetic(width: Width): Iterable<Instruction> {
	const cls = width === 64 ? CLASS.alu64 : CLASS.alu;
	for (const [op, { code, off, group, cpu }] of entries(ALU_OPS)) {
		const common = { dst: "register", off, group: `${group}${width}` as Group, cpu, writes: ["dst"] } as const;
		if (op === "neg") {
			yield row(`neg${suffix(width)}`, cls | code, { kind: "alu", op, width, source: "imm" }, { ...common, reads: ["dst"] });
			continue;
		}
		const old: readonly Effect[] = op === "mov" ? [] : ["dst"];
		const name = `${op}${suffix(width)}`;
		yield row(`${name}_imm`, cls | code, { kind: "alu", op, width, source: "imm" }, { ...common, imm: "value", reads: old });
		const reads: readonly Effect[] = [...old, "src"];
		yield row(`${name}_reg`, cls | code | SOURCE_REG, { kind: "alu", op, width, source: "reg" }, { ...common, src: "register", reads });
	}
	for (const bits of [8, 16, 32] as const)
		if (bits < width)
			yield row(
				`movsx${bits}_${width}`,
				cls | ALU_OPS.mov.code | SOURCE_REG,
				{ kind: "movsx", width, bits },
				{ dst: "register", src: "register", off: bits, group: `base${width}`, cpu: 4, reads: ["src"], writes: ["dst"] },
			);
}

function* byteSwaps(): Iterable<Instruction> {
	for (const op of ["le", "be", "bswap"] as const) {
		const opcode = (op === "bswap" ? CLASS.alu64 : CLASS.alu) | END_CODE | (op === "be" ? SOURCE_REG : 0);
		const common = { dst: "register", cpu: op === "bswap" ? 4 : 1, reads: ["dst"], writes: ["dst"] } as const;
		for (const bits of [16, 32, 64] as const)
			yield row(`${op}${bits}`, opcode, { kind: "swap", op, bits }, { ...common, imm: bits, group: bits === 64 ? "base64" : "base32" });
	}
}

/** The two address spaces are the halves of imm: destination << 16 | source. */
const addressSpaceCast = row(
	"addr_space_cast",
	CLASS.alu64 | ALU_OPS.mov.code | SOURCE_REG,
	{ kind: "addr_space_cast" },
	{ dst: "register", src: "register", off: 1, imm: "value", group: "linux", reads: ["src"], writes: ["dst"] },
);

function* loadsAndStores(bytes: Bytes): Iterable<Instruction> {
	const size = SIZE_OF[bytes];
	const letter = LETTERS[bytes];
	const common = { dst: "register", off: "value", group: bytes === 8 ? "base64" : "base32" } as const;
	const load = { ...common, src: "register", reads: ["src", "memory"], writes: ["dst"] } as const;
	yield row(`ldx${letter}`, CLASS.ldx | MODE.mem | size, { kind: "load", bytes, signed: false }, load);
	if (bytes < 8)
		yield row(`ldxs${letter}`, CLASS.ldx | MODE.memsx | size, { kind: "load", bytes, signed: true }, { ...load, group: "base64", cpu: 4 });
	yield row(
		`st${letter}`,
		CLASS.st | MODE.mem | size,
		{ kind: "store", bytes, source: "imm" },
		{ ...common, imm: "value", reads: ["dst"], writes: ["memory"] },
	);
	yield row(
		`stx${letter}`,
		CLASS.stx | MODE.mem | size,
		{ kind: "store", bytes, source: "reg" },
		{ ...common, src: "register", reads: ["dst", "src"], writes: ["memory"] },
	);
}

function* atomics(bytes: Bytes): Iterable<Instruction> {
	const opcode = CLASS.stx | MODE.atomic | SIZE_OF[bytes];
	const operands = { dst: "register", src: "register", off: "value" } as const;
	if (bytes >= 4)
		for (const [op, { imm, fetch, cpu }] of entries(ATOMIC_OPS))
			yield row(
				`atomic_${op}${bytes === 4 ? "32" : ""}`,
				opcode,
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
	yield row(
		`load_acquire${bytes * 8}`,
		opcode,
		{ kind: "load_acquire", bytes },
		{ ...operands, imm: LOAD_ACQUIRE, group: "linux", cpu: 4, reads: ["src", "memory"], writes: ["dst"] },
	);
	yield row(
		`store_release${bytes * 8}`,
		opcode,
		{ kind: "store_release", bytes },
		{ ...operands, imm: STORE_RELEASE, group: "linux", cpu: 4, reads: ["dst", "src"], writes: ["memory"] },
	);
}

/** The packet is that of the context in r6. */
function* packetLoads(bytes: 1 | 2 | 4): Iterable<Instruction> {
	const size = SIZE_OF[bytes];
	const letter = LETTERS[bytes];
	const packet = { group: "packet", writes: ["r0", "caller"], imm: "value" } as const;
	yield row(
		`ldabs${letter}`,
		CLASS.ld | MODE.abs | size,
		{ kind: "ld_packet", mode: "abs", bytes },
		{ ...packet, reads: ["r6", "memory"] },
	);
	yield row(
		`ldind${letter}`,
		CLASS.ld | MODE.ind | size,
		{ kind: "ld_packet", mode: "ind", bytes },
		{ ...packet, src: "register", reads: ["r6", "src", "memory"] },
	);
}

const wideConstants = (): readonly Instruction[] =>
	entries(LD_IMM64_SOURCES).map(([what, src]) =>
		row(
			what === "constant" ? "ld_imm64" : `ld_imm64_${what}`,
			CLASS.ld | MODE.imm | SIZE.dw,
			{ kind: "ld_imm64", what },
			{ dst: "register", src, imm: "value", group: "base64", slots: 2, writes: ["dst"] },
		),
	);

function* conditionalJumps(width: Width): Iterable<Instruction> {
	const cls = width === 64 ? CLASS.jmp : CLASS.jmp32;
	for (const [op, { code, cpu }] of entries(JMP_OPS)) {
		const name = `${op}${suffix(width)}`;
		const common = { dst: "register", off: "value", group: `base${width}`, cpu: width === 32 ? 3 : cpu } as const;
		yield row(`${name}_imm`, cls | code, { kind: "jump", op, width, source: "imm" }, { ...common, imm: "value", reads: ["dst"] });
		yield row(
			`${name}_reg`,
			cls | code | SOURCE_REG,
			{ kind: "jump", op, width, source: "reg" },
			{ ...common, src: "register", reads: ["dst", "src"] },
		);
	}
}

const gotos: readonly Instruction[] = [
	row("ja", CLASS.jmp | JA_CODE, { kind: "goto", wide: false }, { off: "value", group: "base32" }),
	row("gotol", CLASS.jmp32 | JA_CODE, { kind: "goto", wide: true }, { imm: "value", group: "base32", cpu: 4 }),
	row("may_goto", CLASS.jmp | JCOND_CODE, { kind: "may_goto" }, { off: "value", group: "linux" }),
];

function* calls(): Iterable<Instruction> {
	const common = { reads: ["args", "memory"], writes: ["r0", "caller", "memory"] } as const;
	for (const [callee, src] of entries(CALL_SOURCES))
		yield row(
			callee === "helper" ? "call" : `call_${callee}`,
			CLASS.jmp | CALL_CODE,
			{ kind: "call", callee },
			// Linux puts the index of the kfunc's module BTF into off.
			{ ...common, src, off: callee === "kfunc" ? "value" : 0, imm: "value", group: "base32" },
		);
	// LLVM's form, refused by Linux: the register is in dst.
	yield row(
		"callx",
		CLASS.jmp | CALL_CODE | SOURCE_REG,
		{ kind: "callx" },
		{ ...common, dst: "register", group: "linux", reads: ["dst", "args"] },
	);
	yield row("exit", CLASS.jmp | EXIT_CODE, { kind: "exit" }, { group: "base32", reads: ["r0"] });
}

/** The table. */
export const INSTRUCTIONS: readonly Instruction[] = [
	...WIDTHS.flatMap((width) => [...arithmetic(width)]),
	...byteSwaps(),
	addressSpaceCast,
	...([1, 2, 4, 8] as const).flatMap((bytes) => [...loadsAndStores(bytes), ...atomics(bytes), ...(bytes === 8 ? [] : packetLoads(bytes))]),
	...wideConstants(),
	...WIDTHS.flatMap((width) => [...conditionalJumps(width)]),
	...gotos,
	...calls(),
];

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
