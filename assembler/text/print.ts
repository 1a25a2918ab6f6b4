/**
 * An instruction as text, in LLVM's spelling. Its two users differ in details: `assembly` writes decimal numbers and 32-bit register
 * names, so that it assembles again everywhere; `objdump` writes what `llvm-objdump -d` does when no -mcpu is given.
 *
 * What LLVM has no spelling for (the sources of `ld_imm64`, kfunc calls) gets one that our parser reads back.
 */
import type { Insn } from "../spec/insn.ts";
import {
	ALU_OPS,
	ATOMIC_OPS,
	type Bytes,
	CLASS,
	type Instruction,
	instructionOf,
	instructionsWithOpcode,
	JMP_OPS,
	LD_IMM64_OPCODE,
	MODE,
} from "../spec/isa.ts";

/** What differs between those who print instructions. */
export interface PrintStyle {
	/** Numbers as `0x10`, and `+ 0x0` for no offset. */
	readonly hex: boolean;
	/** 32-bit loads, stores and atomics name `w` registers. */
	readonly alu32: boolean;
	/** As LLVM's disassembler: what is not an instruction is `<unknown>`, pseudo sources are `ld_pseudo`. */
	readonly llvm: boolean;
	/** What to write for a target `distance` instructions beyond the next one; by default `+N`. */
	readonly target?: (distance: number, kind: "jump" | "call") => string | undefined;
}

/** As `-S` writes it: it reads back. */
export const ASSEMBLY_STYLE: PrintStyle = { hex: false, alu32: true, llvm: false };
/** As `llvm-objdump -d` without -mcpu. */
export const OBJDUMP_STYLE: PrintStyle = { hex: true, alu32: false, llvm: true };

const SIZE_NAMES: Readonly<Record<Bytes, string>> = { 1: "u8", 2: "u16", 4: "u32", 8: "u64" };

/** `next` is the slot after, needed for `ld_imm64`. Nothing if it is no instruction. */
export function printInsn(insn: Insn, next: Insn | undefined, style: PrintStyle = ASSEMBLY_STYLE): string | undefined {
	const text = print(insn, next, style);
	// LLVM has the registers up to r11, and looks only at those that the instruction uses.
	return style.llvm && text !== undefined && /\b[rw]1[2-5]\b/.test(text) ? undefined : text;
}

function print(insn: Insn, next: Insn | undefined, style: PrintStyle): string | undefined {
	const row = style.llvm ? tolerant(insn, style) : instructionOf(insn);
	if (row === undefined) return undefined;
	const dst = `r${insn.dst}`;
	const src = `r${insn.src}`;
	const number = (value: number): string =>
		!style.hex ? String(value) : value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
	const signed = (value: number): string => (value < 0 ? ` - ${number(-value)}` : ` + ${number(value)}`);
	const memory = (bytes: Bytes, base: string, extended = false): string =>
		`(${extended ? SIZE_NAMES[bytes].replace("u", "s") : SIZE_NAMES[bytes]} *)(${base}${signed(insn.off)})`;
	const operand = (source: "imm" | "reg", letter = "r"): string => (source === "reg" ? `${letter}${insn.src}` : number(insn.imm));
	/** The register that a memory access of up to 32 bits names. */
	const narrow = (register: number, bytes: Bytes): string => `${style.alu32 && bytes < 8 ? "w" : "r"}${register}`;
	const target = (distance: number): string =>
		style.target?.(distance, "jump") ?? (distance < 0 ? number(distance) : `+${number(distance)}`);

	switch (row.kind) {
		case "alu": {
			const letter = row.width === 32 ? "w" : "r";
			const to = `${letter}${insn.dst}`;
			return row.op === "neg" ? `${to} = -${to}` : `${to} ${ALU_OPS[row.op].symbol}= ${operand(row.source, letter)}`;
		}
		case "movsx": {
			const letter = row.width === 32 ? "w" : "r";
			return `${letter}${insn.dst} = (s${row.bits})${letter}${insn.src}`;
		}
		case "swap":
			return `${dst} = ${row.op}${row.bits} ${dst}`;
		case "addr_space_cast":
			return `${dst} = addr_space_cast(${src}, ${number(insn.imm >>> 16)}, ${number(insn.imm & 0xffff)})`;
		case "load":
			return `${row.signed ? dst : narrow(insn.dst, row.bytes)} = *${memory(row.bytes, src, row.signed)}`;
		case "store":
			return `*${memory(row.bytes, dst)} = ${row.source === "imm" ? number(insn.imm) : narrow(insn.src, row.bytes)}`;
		case "atomic": {
			const value = narrow(insn.src, row.bytes);
			if (row.op === "xchg") return `${value} = ${row.bytes === 8 ? "xchg_64" : "xchg32_32"}(${dst}${signed(insn.off)}, ${value})`;
			if (row.op === "cmpxchg")
				return `${narrow(0, row.bytes)} = ${row.bytes === 8 ? "cmpxchg_64" : "cmpxchg32_32"}(${dst}${signed(insn.off)}, ${narrow(0, row.bytes)}, ${value})`;
			if (ATOMIC_OPS[row.op].fetch) return `${value} = atomic_${row.op}(${memory(row.bytes, dst)}, ${value})`;
			return `lock *${memory(row.bytes, dst)} ${ATOMIC_OPS[row.op].symbol}= ${value}`;
		}
		case "load_acquire":
			return `${narrow(insn.dst, row.bytes)} = load_acquire(${memory(row.bytes, src)})`;
		case "store_release":
			return `store_release(${memory(row.bytes, dst)}, ${narrow(insn.src, row.bytes)})`;
		case "jump": {
			const letter = row.width === 32 ? "w" : "r";
			return `if ${letter}${insn.dst} ${JMP_OPS[row.op].symbol} ${operand(row.source, letter)} goto ${target(insn.off)}`;
		}
		case "goto":
			return row.wide ? `gotol ${target(insn.imm)}` : `goto ${target(insn.off)}`;
		case "may_goto":
			return `may_goto ${target(insn.off)}`;
		case "call":
			if (style.llvm || row.callee === "helper") return `call ${number(insn.imm)}`;
			if (row.callee === "local") return `call ${style.target?.(insn.imm, "call") ?? `pc${insn.imm < 0 ? "" : "+"}${insn.imm}`}`;
			return `call kfunc ${insn.imm}${insn.off !== 0 ? `:${insn.off}` : ""}`;
		case "callx":
			return `callx ${dst}`;
		case "exit":
			return "exit";
		case "ld_imm64": {
			if (next === undefined) return undefined;
			if (row.what !== "constant")
				return style.llvm
					? `ld_pseudo\t${dst}, 0x${insn.src.toString(16)}, 0x${(insn.imm >>> 0).toString(16)}`
					: `${dst} = ${row.what}(${insn.imm}, ${next.imm}) ll`;
			const value = (BigInt(next.imm) << 32n) | BigInt(insn.imm >>> 0);
			if (!style.hex) return `${dst} = ${value} ll`;
			return `${dst} = ${value < 0n ? "-" : ""}0x${(value < 0n ? -value : value).toString(16)} ll`;
		}
		case "ld_packet":
			return `r0 = *(${SIZE_NAMES[row.bytes]} *)skb[${row.mode === "abs" ? number(insn.imm) : insn.imm === 0 || style.llvm ? src : src + signed(insn.imm)}]`;
		default:
			return row satisfies never;
	}
}

/** LLVM does not look at the offset of what has one operand, or none but the number. */
function ignoresOffset(row: Instruction): boolean {
	switch (row.kind) {
		case "ld_packet":
		case "callx":
		case "swap":
			return true;
		case "alu":
			return row.op === "neg";
		case "goto":
			return row.wide;
		default:
			return false;
	}
}

/**
 * The row as LLVM's decoder finds it: it looks only at the fields that tell instructions of one opcode apart. Without -mcpu it knows of the
 * 32-bit atomics only the addition.
 */
function tolerant(insn: Insn, style: PrintStyle): Instruction | undefined {
	const rows = instructionsWithOpcode(insn.opcode);
	if (rows.length === 0) return undefined;
	if ((insn.opcode & 7) === CLASS.stx && (insn.opcode & 0xe0) === MODE.atomic) {
		const code = insn.imm & 0xff;
		const exact = rows.find((row) => row.kind === "atomic" && row.imm === code);
		// The upper half names the operation where the lower one asks for nothing known.
		const named = exact ?? rows.find((row) => row.kind === "atomic" && row.imm === (code & 0xf0));
		if (named?.kind !== "atomic") return undefined;
		if (named.bytes === 4 && !style.alu32)
			return (code & 0xf0) === 0 ? rows.find((row) => row.kind === "atomic" && row.op === "add") : undefined;
		return named;
	}
	if (insn.opcode === LD_IMM64_OPCODE) return insn.src === 0 ? rows[0] : rows[1];
	return rows.find((row) => {
		if (row.kind === "exit") return insn.imm === 0;
		return (
			(typeof row.off === "string" || row.off === insn.off || ignoresOffset(row)) &&
			(typeof row.imm === "string" || row.imm === insn.imm || row.imm === 0)
		);
	});
}
