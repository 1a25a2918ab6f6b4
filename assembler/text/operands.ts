/**
 * What the instructions of both dialects are made of: registers, numbers of a width, symbols, places in memory; and rows of the instruction table with
 * their fields filled in.
 */
import type { Insn } from "../spec/insn.ts";
import { type Instruction, INSTRUCTION_BY_NAME, ldImm64 } from "../spec/isa.ts";
import type { Cursor, Value } from "./cursor.ts";
import { TextFault, type Token } from "./lex.ts";

/** Which field a symbol goes into: a 16-bit jump, a 32-bit jump, a call, a 64-bit constant, or a 32-bit constant. */
export type RefKind = "off" | "imm_jump" | "call" | "imm64" | "imm";

/** One or two slots, and what of them is still a symbol. */
export interface Parsed {
	readonly insns: readonly Insn[];
	readonly ref?: { readonly kind: RefKind; readonly symbol: string; readonly addend: bigint; readonly at: Token };
}

export interface Register {
	readonly number: number;
	readonly wide: boolean;
}

export const SIZES: Readonly<Record<string, { letter: string; bytes: number; signed: boolean }>> = {
	u8: { letter: "b", bytes: 1, signed: false },
	u16: { letter: "h", bytes: 2, signed: false },
	u32: { letter: "w", bytes: 4, signed: false },
	u64: { letter: "dw", bytes: 8, signed: false },
	s8: { letter: "b", bytes: 1, signed: true },
	s16: { letter: "h", bytes: 2, signed: true },
	s32: { letter: "w", bytes: 4, signed: true },
};

/** A register's number, if the text names one. */
export function registerOf(text: string): Register | null {
	const match = /^([rw])(\d{1,2})$/.exec(text);
	if (match === null) return text === "fp" ? { number: 10, wide: true } : null;
	return Number(match[2]) <= 15 ? { number: Number(match[2]), wide: match[1] === "r" } : null;
}

/** The instruction of a row of the table; fields that the row leaves open are 0 unless given. */
export function make(name: string, fields: Partial<Insn> = {}): Insn {
	const row: Instruction | undefined = INSTRUCTION_BY_NAME.get(name);
	if (row === undefined) throw new Error(`no instruction ${name}`);
	const fixed = (use: Instruction["dst"]): number => (typeof use === "number" ? use : 0);
	return {
		opcode: row.opcode,
		dst: fixed(row.dst),
		src: fixed(row.src),
		off: fixed(row.off),
		imm: fixed(row.imm),
		...fields,
	};
}

export function imm32(value: bigint, at: Token): number {
	// A number of 64 bits that is the sign extension of 32 is meant as that: 0xffffffffffffff00.
	if (value > 0xffff_ffffn && value < 1n << 64n) value = BigInt.asIntN(64, value);
	if (value < -0x8000_0000n || value > 0xffff_ffffn) throw new TextFault(`${value} does not fit 32 bits`, at);
	return Number(BigInt.asIntN(32, value));
}

export function off16(value: bigint, at: Token): number {
	if (value < -0x8000n || value > 0x7fffn) throw new TextFault(`offset ${value} does not fit 16 bits`, at);
	return Number(value);
}

export function constant64(dst: number, src: number, value: bigint, at: Token): Insn[] {
	if (value < -(1n << 63n) || value >= 1n << 64n) throw new TextFault(`${value} does not fit 64 bits`, at);
	return ldImm64(dst, src, Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
}

export function reference(kind: RefKind, value: Value, at: Token): NonNullable<Parsed["ref"]> {
	if (value.symbol === undefined || value.minus !== undefined) throw new TextFault("expected a symbol", at);
	return { kind, symbol: value.symbol, addend: value.constant, at };
}

export function register(c: Cursor, wide: boolean): Register {
	const { token } = c;
	const found = token.kind === "name" ? registerOf(token.text) : null;
	if (found === null || found.wide !== wide) return c.fail(`expected a ${wide ? 64 : 32}-bit register`);
	c.at++;
	return found;
}

export function same(c: Cursor, a: Register, b: Register): void {
	if (a.number !== b.number || a.wide !== b.wide) c.fail("source and destination must be the same register", c.tokens[c.at - 1]);
}

/** `(u32 *)(r1 + 4)`, or `(r1 + 4)` for exchanges when `size` is given. */
export function memory(c: Cursor): { size: { letter: string; bytes: number; signed: boolean }; base: number; off: number } {
	c.expect("(");
	const size = sizeName(c);
	c.expect("*");
	c.expect(")");
	c.expect("(");
	const place = address(c);
	c.expect(")");
	return { size, ...place };
}

export function sizeName(c: Cursor): { letter: string; bytes: number; signed: boolean } {
	const size = c.token.kind === "name" && Object.hasOwn(SIZES, c.token.text) ? SIZES[c.token.text] : undefined;
	if (size === undefined) return c.fail("expected u8, u16, u32, u64, s8, s16 or s32");
	c.at++;
	return size;
}

/** `r1 + 4`, `r1 - 4`, `r1`. */
export function address(c: Cursor): { base: number; off: number } {
	const base = register(c, true).number;
	const { token } = c;
	if (!c.is("+") && !c.is("-")) return { base, off: 0 };
	return { base, off: off16(c.constant(), token) };
}

/** A disassembler's `<name+0x10>` behind a target says nothing new. */
export function note(c: Cursor): void {
	if (c.is("<")) c.skipStatement();
}
