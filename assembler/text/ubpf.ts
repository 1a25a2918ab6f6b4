/**
 * One instruction in the syntax of uBPF and bpf_conformance: `mov32 %r0, 1`, `ldxw %r0, [%r1+4]`, `lock fetch add [%r10-8], %r1`.
 *
 * In: a cursor at a mnemonic. Out: slots, and a label if one is named. The mnemonics are the names of the instruction table but for a
 * few spellings. `exit` as a jump target is the program's first `exit`; the caller adds that label.
 * Source: the syntax pages of uBPF and bpf_conformance.
 */
import type { Insn } from "../spec/insn.ts";
import { INSTRUCTION_BY_NAME, JMP_OPS, type Instruction } from "../spec/isa.ts";
import type { Cursor } from "./cursor.ts";
import { type Token, TextFault } from "./lex.ts";
import { constant64, make, off16, type Parsed, registerOf } from "./operands.ts";

export function parseUbpfInstruction(c: Cursor): Parsed {
	const { token } = c;
	if (token.kind !== "name") c.fail("expected a mnemonic");
	c.at++;
	const name = token.text;
	const one = (insn: Insn): Parsed => ({ insns: [insn] });

	if (name === "exit") return one(make("exit"));
	if (name === "lock") return one(lock(c));
	if (name === "lddw") {
		const dst = register(c);
		c.expect(",");
		const at = c.token;
		return { insns: constant64(dst, 0, c.constant(), at) };
	}
	if (name === "call") {
		if (c.accept("local")) return target(c, make("call_local"), "call");
		if (c.is("%")) return one(make("callx", { dst: register(c) }));
		return one(make("call", { imm: immediate(c) }));
	}
	if (name === "ja") return target(c, make("ja"), "off");
	if (name === "ja32") return target(c, make("gotol"), "imm_jump");
	if (Object.hasOwn(JMP_OPS, name.replace(/32$/, ""))) {
		const dst = register(c);
		c.expect(",");
		const insn = c.is("%") ? make(`${name}_reg`, { dst, src: register(c) }) : make(`${name}_imm`, { dst, imm: immediate(c) });
		c.expect(",");
		return target(c, insn, "off");
	}
	const swap = /^(le|be|bswap|swap)(16|32|64)$/.exec(name);
	if (swap !== null) return one(make(`${swap[1].replace(/^swap/, "bswap")}${swap[2]}`, { dst: register(c) }));
	const extend = /^movsx(8|16|32)(32|64)$/.exec(name);
	const extended = extend && INSTRUCTION_BY_NAME.get(`movsx${extend[1]}_${extend[2]}`);
	if (extended) {
		const dst = register(c);
		c.expect(",");
		return one(make(extended.name, { dst, src: register(c) }));
	}
	const row: Instruction | undefined = INSTRUCTION_BY_NAME.get(name);
	if (row?.kind === "load" || row?.kind === "store") {
		if (row.kind === "load") {
			const dst = register(c);
			c.expect(",");
			const { base, off } = memory(c);
			return one(make(name, { dst, src: base, off }));
		}
		const { base, off } = memory(c);
		c.expect(",");
		return one(row.source === "imm" ? make(name, { dst: base, off, imm: immediate(c) }) : make(name, { dst: base, off, src: register(c) }));
	}
	if (row?.kind === "alu" && row.op === "neg") return one(make(name, { dst: register(c) }));
	if (INSTRUCTION_BY_NAME.get(`${name}_imm`)?.kind === "alu") {
		const dst = register(c);
		c.expect(",");
		return one(c.is("%") ? make(`${name}_reg`, { dst, src: register(c) }) : make(`${name}_imm`, { dst, imm: immediate(c) }));
	}
	throw new TextFault(`unknown mnemonic "${name}"`, token);
}

function lock(c: Cursor): Insn {
	const { token } = c;
	const fetch = c.accept("fetch") ? "fetch_" : "";
	const word = c.token;
	const match = /^(add|or|and|xor|xchg|cmpxchg)(32)?$/.exec(word.text);
	if (match === null || (fetch !== "" && match[1].endsWith("xchg"))) return c.fail("expected an atomic operation", fetch ? word : token);
	c.at++;
	const { base, off } = memory(c);
	c.expect(",");
	return make(`atomic_${fetch}${match[1]}${match[2] ?? ""}`, { dst: base, off, src: register(c) });
}

function register(c: Cursor): number {
	c.expect("%");
	const { token } = c;
	const found = token.kind === "name" && token.text.startsWith("r") ? registerOf(token.text) : null;
	if (found === null) return c.fail("expected a register");
	c.at++;
	return found.number;
}

/** `[%r1+4]` */
function memory(c: Cursor): { base: number; off: number } {
	c.expect("[");
	const base = register(c);
	const { token } = c;
	const off = c.is("]") ? 0 : off16(c.constant(), token);
	c.expect("]");
	return { base, off };
}

/** Decimal constants are signed; hexadecimal ones may use all 32 bits. */
function immediate(c: Cursor): number {
	const at: Token = c.token;
	const value = c.constant();
	const greatest = /^0[xX]/.test(at.text) ? 0xffff_ffffn : 0x7fff_ffffn;
	if (value < -0x8000_0000n || value > greatest) throw new TextFault(`${value} does not fit 32 bits`, at);
	return Number(BigInt.asIntN(32, value));
}

function target(c: Cursor, insn: Insn, kind: "off" | "imm_jump" | "call"): Parsed {
	const { token } = c;
	if (token.kind === "name") {
		c.at++;
		return { insns: [insn], ref: { kind, symbol: token.text, addend: 0n, at: token } };
	}
	const value = c.constant();
	return {
		insns: [kind === "off" ? { ...insn, off: off16(value, token) } : { ...insn, imm: Number(BigInt.asIntN(32, value)) }],
	};
}
