/**
 * One instruction in the syntax of LLVM and the kernel: `r0 = *(u32 *)(r1 + 4)`, `if w2 s> 5 goto +3`, `lock *(u64 *)(r1 + 0) += r2`.
 *
 * In: a cursor at the start of a statement that is no label and no directive. Out: one or two slots, and what of them is still a
 * symbol. Recursive descent over a dozen forms; every opcode comes from the instruction table.
 * Source: RFC 9669's pseudo-code; LLVM `BPFInstrInfo.td` for the spelling.
 */
import type { Insn } from "../spec/insn.ts";
import { ALU_OPS, type AluOp, ATOMIC_OPS, JMP_OPS, LD_IMM64_SOURCES, ldImm64 } from "../spec/isa.ts";
import { type Cursor, NO_COMPARISONS } from "./cursor.ts";
import {
	address,
	constant64,
	imm32,
	make,
	memory,
	note,
	off16,
	type Parsed,
	reference,
	type Register,
	register,
	registerOf,
	same,
	sizeName,
	SIZES,
} from "./operands.ts";

const ALU_BY_SYMBOL = new Map<string, AluOp>();
for (const [op, { symbol }] of Object.entries(ALU_OPS)) if (symbol !== "" && op !== "neg") ALU_BY_SYMBOL.set(symbol, op as AluOp);
const JMP_BY_SYMBOL = new Map(Object.entries(JMP_OPS).map(([op, { symbol }]) => [symbol as string, op]));
const ATOMIC_BY_SYMBOL = new Map(
	Object.entries(ATOMIC_OPS)
		.filter(([, row]) => !row.fetch)
		.map(([op, { symbol }]) => [symbol as string, op]),
);

export function parseInstruction(c: Cursor): Parsed {
	const { token } = c;
	const one = (insn: Insn): Parsed => ({ insns: [insn] });
	const target = registerOf(token.text);
	if (token.kind === "name" && target !== null) {
		c.at++;
		return assignment(c, target);
	}
	if (c.accept("if")) return conditional(c);
	if (c.accept("goto")) return jump(c, make("ja"), "off");
	if (c.accept("gotol")) return jump(c, make("gotol"), "imm_jump");
	if (c.accept("may_goto")) return jump(c, make("may_goto"), "off");
	if (c.accept("exit")) return one(make("exit"));
	if (c.accept("call")) return call(c);
	if (c.accept("callx")) return one(make("callx", { dst: register(c, true).number }));
	if (c.accept("lock")) return atomic(c);
	if (c.accept("store_release")) {
		c.expect("(");
		const { size, base, off } = memory(c);
		c.expect(",");
		const src = register(c, size.bytes === 8);
		c.expect(")");
		return one(make(`store_release${size.bytes * 8}`, { dst: base, src: src.number, off }));
	}
	if (c.is("*")) return store(c);
	return c.fail("expected an instruction");
}

/** Behind `rD`. */
function assignment(c: Cursor, dst: Register): Parsed {
	const width = dst.wide ? "" : "32";
	const operator = c.token;
	const compound = compoundOperator(c);
	if (compound !== null) {
		const op = ALU_BY_SYMBOL.get(compound);
		if (op === undefined) c.fail("unknown operator", operator);
		return arithmetic(c, op, dst);
	}
	c.expect("=");
	const { token } = c;
	const next = c.peek();

	if (token.kind === "punct" && token.text === "-" && next.kind === "name" && registerOf(next.text) !== null) {
		c.at++;
		same(c, dst, register(c, dst.wide));
		return { insns: [make(`neg${width}`, { dst: dst.number })] };
	}
	if (c.is("(") && /^s(8|16|32)$/.test(next.text) && c.peek(2).text === ")") {
		c.at += 3;
		const bits = Number(next.text.slice(1));
		if (bits === 32 && !dst.wide) c.fail("a 32-bit register needs no sign extension from 32 bits", next);
		return {
			insns: [make(`movsx${bits}_${dst.wide ? 64 : 32}`, { dst: dst.number, src: register(c, dst.wide).number })],
		};
	}
	const dereference = c.is("*") && c.peek().text === "(" && SIZES[c.peek(2).text] !== undefined;
	if (dereference) return load(c, dst);
	if (token.kind === "name" && next.kind === "name" && /^(le|be|bswap)(16|32|64)$/.test(token.text)) {
		c.at++;
		same(c, dst, register(c, true));
		return { insns: [make(token.text, { dst: dst.number })] };
	}
	if (token.kind === "name" && next.text === "(") {
		const special = callLike(c, dst);
		if (special !== null) return special;
	}
	return arithmetic(c, "mov", dst);
}

/** `+=`, `s>>=`, … : the operator without its `=`, or nothing. */
function compoundOperator(c: Cursor): string | null {
	const { token } = c;
	if (token.kind === "punct" && token.text.length > 1 && token.text.endsWith("=") && !["==", "!=", "<=", ">="].includes(token.text)) {
		c.at++;
		return token.text.slice(0, -1);
	}
	// `s/=` and `s%=` come as a name and an operator, `s>>=` as one.
	if (token.kind === "name" && token.text === "s" && c.peek().kind === "punct" && ["/=", "%=", ">>="].includes(c.peek().text)) {
		c.at += 2;
		return `s${c.tokens[c.at - 1].text.slice(0, -1)}`;
	}
	return null;
}

function arithmetic(c: Cursor, op: AluOp, dst: Register): Parsed {
	const name = `${op}${dst.wide ? "" : "32"}`;
	const { token } = c;
	const src = token.kind === "name" ? registerOf(token.text) : null;
	if (src !== null) {
		c.at++;
		// LLVM writes a zero extension as `r1 = w0`.
		if (op === "mov" && dst.wide && !src.wide) return { insns: [make("mov32_reg", { dst: dst.number, src: src.number })] };
		if (src.wide !== dst.wide) c.fail(`expected a ${dst.wide ? 64 : 32}-bit register`, token);
		return { insns: [make(`${name}_reg`, { dst: dst.number, src: src.number })] };
	}
	const source = op === "mov" && token.kind === "name" ? (LD_IMM64_SOURCES as Readonly<Record<string, number>>)[token.text] : undefined;
	if (source !== undefined && c.peek().text === "(") {
		// Our spelling of the pseudo sources: `r1 = map_value(5, 8) ll`.
		c.at += 2;
		const low = imm32(c.constant(), token);
		const high = c.accept(",") ? imm32(c.constant(), token) : 0;
		c.expect(")");
		c.expect("ll");
		return { insns: ldImm64(dst.number, source, low, high) };
	}
	const value = c.expression();
	if (op === "mov" && dst.wide && c.accept("ll")) {
		if (value.symbol !== undefined) return { insns: ldImm64(dst.number, 0, 0, 0), ref: reference("imm64", value, token) };
		return { insns: constant64(dst.number, 0, value.constant, token) };
	}
	const insn = make(`${name}_imm`, { dst: dst.number });
	if (value.symbol !== undefined) return { insns: [insn], ref: reference("imm", value, token) };
	return { insns: [{ ...insn, imm: imm32(value.constant, token) }] };
}

function load(c: Cursor, dst: Register): Parsed {
	const start = c.token;
	c.expect("*");
	if (c.peek(4).text === "skb") {
		c.expect("(");
		const size = sizeName(c);
		c.expect("*");
		c.expect(")");
		c.expect("skb");
		c.expect("[");
		if (dst.number !== 0 || size.signed || size.bytes === 8) c.fail("packet loads go to r0, in 8, 16 or 32 bits", start);
		const { token } = c;
		const index = token.kind === "name" ? registerOf(token.text) : null;
		if (index !== null) c.at++;
		const imm = index !== null && c.is("]") ? 0 : imm32(c.constant(), token);
		c.expect("]");
		return {
			insns: [index !== null ? make(`ldind${size.letter}`, { src: index.number, imm }) : make(`ldabs${size.letter}`, { imm })],
		};
	}
	const { size, base, off } = memory(c);
	if (!dst.wide && (size.bytes === 8 || size.signed)) c.fail("such a load needs a 64-bit register", start);
	return { insns: [make(`ldx${size.signed ? "s" : ""}${size.letter}`, { dst: dst.number, src: base, off })] };
}

function store(c: Cursor): Parsed {
	c.expect("*");
	const { size, base, off } = memory(c);
	if (size.signed) c.fail("stores have no sign");
	c.expect("=");
	const { token } = c;
	const src = token.kind === "name" ? registerOf(token.text) : null;
	if (src !== null) {
		c.at++;
		if (!src.wide && size.bytes === 8) c.fail("expected a 64-bit register", token);
		return { insns: [make(`stx${size.letter}`, { dst: base, src: src.number, off })] };
	}
	return { insns: [make(`st${size.letter}`, { dst: base, off, imm: imm32(c.constant(), token) })] };
}

/** Behind `lock`: `*(u64 *)(r1 + 0) += r2`. */
function atomic(c: Cursor): Parsed {
	const start = c.token;
	c.expect("*");
	const { size, base, off } = memory(c);
	if (size.signed || size.bytes < 4) c.fail("atomics are of u32 or u64", start);
	const operator = c.token;
	const op = ATOMIC_BY_SYMBOL.get(compoundOperator(c) ?? "");
	if (op === undefined) c.fail("expected +=, |=, &= or ^=", operator);
	const { token } = c;
	const src = token.kind === "name" ? registerOf(token.text) : null;
	// LLVM's v1 form of a 32-bit addition names a 64-bit register.
	if (src === null || (!src.wide && size.bytes === 8)) return c.fail(`expected a ${size.bytes * 8}-bit register`);
	c.at++;
	return { insns: [make(`atomic_${op}${size.bytes === 4 ? "32" : ""}`, { dst: base, src: src.number, off })] };
}

/** `rD = name(…)`: fetching atomics, exchanges, load_acquire, addr_space_cast. Nothing if the name is another. */
function callLike(c: Cursor, dst: Register): Parsed | null {
	const { token } = c;
	const width = dst.wide ? "" : "32";
	const fetch = /^atomic_(fetch_(?:add|or|and|xor))$/.exec(token.text);
	if (fetch !== null) {
		c.at += 2;
		const { size, base, off } = memory(c);
		if (size.bytes !== (dst.wide ? 8 : 4) || size.signed) c.fail("the register's width is not the memory's", token);
		c.expect(",");
		same(c, dst, register(c, dst.wide));
		c.expect(")");
		return { insns: [make(`atomic_${fetch[1]}${width}`, { dst: base, src: dst.number, off })] };
	}
	const exchange = /^(cmp)?xchg(?:_64|32_32)$/.exec(token.text);
	if (exchange !== null) {
		if (token.text.endsWith("_64") !== dst.wide) c.fail("the register's width is not the memory's", token);
		c.at += 2;
		const { base, off } = address(c);
		c.expect(",");
		if (exchange[1] === undefined) {
			same(c, dst, register(c, dst.wide));
			c.expect(")");
			return { insns: [make(`atomic_xchg${width}`, { dst: base, src: dst.number, off })] };
		}
		const expected = register(c, dst.wide);
		if (expected.number !== 0 || dst.number !== 0) c.fail("cmpxchg compares with register 0 and returns there", token);
		c.expect(",");
		const src = register(c, dst.wide).number;
		c.expect(")");
		return { insns: [make(`atomic_cmpxchg${width}`, { dst: base, src, off })] };
	}
	if (token.text === "load_acquire") {
		c.at += 2;
		const { size, base, off } = memory(c);
		if (size.signed || (size.bytes === 8) !== dst.wide) c.fail("the register's width is not the memory's", token);
		c.expect(")");
		return { insns: [make(`load_acquire${size.bytes * 8}`, { dst: dst.number, src: base, off })] };
	}
	if (token.text === "addr_space_cast") {
		c.at += 2;
		const src = register(c, true).number;
		c.expect(",");
		const to = c.constant();
		c.expect(",");
		const from = c.constant();
		c.expect(")");
		if (to < 0n || to > 0xffffn || from < 0n || from > 0xffffn) c.fail("address spaces are 16-bit numbers", token);
		return {
			insns: [make("addr_space_cast", { dst: dst.number, src, imm: Number(BigInt.asIntN(32, (to << 16n) | from)) })],
		};
	}
	return null;
}

/** Behind `if`. */
function conditional(c: Cursor): Parsed {
	const dst = c.token.kind === "name" ? registerOf(c.token.text) : null;
	if (dst === null) return c.fail("expected a register");
	c.at++;
	let symbol = c.token.text;
	const operator = c.token;
	c.at++;
	if (symbol === "s" && operator.kind === "name") symbol += c.tokens[c.at++].text;
	const op = JMP_BY_SYMBOL.get(symbol);
	if (op === undefined) c.fail("expected a comparison", operator);
	const name = `${op}${dst.wide ? "" : "32"}`;
	const { token } = c;
	const src = token.kind === "name" ? registerOf(token.text) : null;
	let insn: Insn;
	if (src !== null) {
		c.at++;
		if (src.wide !== dst.wide) c.fail(`expected a ${dst.wide ? 64 : 32}-bit register`, token);
		insn = make(`${name}_reg`, { dst: dst.number, src: src.number });
	} else insn = make(`${name}_imm`, { dst: dst.number, imm: imm32(c.constant(), token) });
	c.expect("goto");
	return jump(c, insn, "off");
}

/** `+3`, `pc+3`, `-0x2`, a label, perhaps in a disassembly followed by `<name+0x10>`. */
function jump(c: Cursor, insn: Insn, kind: "off" | "imm_jump"): Parsed {
	if (c.is("pc") && (c.peek().text === "+" || c.peek().text === "-")) c.at++;
	const { token } = c;
	const value = c.expression(NO_COMPARISONS);
	note(c);
	if (value.symbol !== undefined) return { insns: [insn], ref: reference(kind, value, token) };
	return {
		insns: [kind === "off" ? { ...insn, off: off16(value.constant, token) } : { ...insn, imm: imm32(value.constant, token) }],
	};
}

/** Behind `call`: a helper's number, a symbol, `pc+N` for a local function, `kfunc N` for a kernel function. */
function call(c: Cursor): Parsed {
	const { token } = c;
	if (c.is("pc") && (c.peek().text === "+" || c.peek().text === "-")) {
		c.at++;
		return { insns: [make("call_local", { imm: imm32(c.constant(), token) })] };
	}
	if (c.is("kfunc") && !c.peek().text.startsWith("\n") && c.peek().kind !== "end") {
		c.at++;
		const imm = imm32(c.constant(), token);
		return { insns: [make("call_kfunc", { imm, off: c.accept(":") ? off16(c.constant(), token) : 0 })] };
	}
	const value = c.expression(NO_COMPARISONS);
	note(c);
	if (value.symbol !== undefined) return { insns: [make("call_local")], ref: reference("call", value, token) };
	return { insns: [make("call", { imm: imm32(value.constant, token) })] };
}
