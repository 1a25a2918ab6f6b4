import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shared } from "../../test/support/shared.ts";
import { assemble } from "./assemble.ts";
import { decode } from "../decode.ts";
import { encode } from "../encode.ts";
import type { Insn } from "../spec/insn.ts";
import { INSTRUCTIONS, type Instruction, instructionOf } from "../spec/isa.ts";
import { parseInsns } from "./parse.ts";
import { printInsn } from "./print.ts";

/** Any instruction of the table with any values in its free fields; both slots of `ld_imm64`. */
const anyInstruction: fc.Arbitrary<Insn[]> = fc
	.tuple(
		fc.constantFrom(...INSTRUCTIONS),
		fc.nat(10),
		fc.nat(10),
		fc.integer({ min: -0x8000, max: 0x7fff }),
		fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
		fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
	)
	.map(([row, dst, src, off, imm, high]) => {
		const field = (use: Instruction["dst"], value: number): number => (typeof use === "number" ? use : value);
		const first = {
			opcode: row.opcode,
			dst: field(row.dst, dst),
			src: field(row.src, src),
			off: field(row.off, off),
			imm: field(row.imm, imm),
		};
		return row.slots === 2 ? [first, { opcode: 0, dst: 0, src: 0, off: 0, imm: high }] : [first];
	});

describe("instructions as text", () => {
	it("each row is the row of its own encoding", () => {
		for (const row of INSTRUCTIONS) {
			const field = (use: Instruction["dst"], value: number): number => (typeof use === "number" ? use : value);
			const insn = {
				opcode: row.opcode,
				dst: field(row.dst, 3),
				src: field(row.src, 4),
				off: field(row.off, 5),
				imm: field(row.imm, 6),
			};
			expect(instructionOf(insn)?.name).toBe(row.name);
		}
	});

	it.each([false, true])("parse(print(x)) = x (hexadecimal: %s)", (hex) => {
		fc.assert(
			fc.property(anyInstruction, (insns) => {
				const text = printInsn(insns[0], insns[1], { hex, alu32: true, llvm: false });
				const parsed = parseInsns(text!);
				expect(parsed.errors).toEqual([]);
				expect(parsed.insns).toEqual(insns);
			}),
			{ numRuns: 3000 },
		);
	});

	it.each(["little", "big"] as const)("decode(encode(x)) = x (%s-endian)", (endian) => {
		fc.assert(
			fc.property(
				fc.array(anyInstruction),
				(lists) => void expect(decode(encode(lists.flat(), endian), endian)).toEqual(lists.flat()),
			),
		);
	});

	it("labels, numeric labels, separators and comments", () => {
		const { insns, errors } = parseInsns(
			"1: r0 = 0; if r1 == 5 goto 1f // to the end\n\tgoto 1b /* back\n over lines */\n1:\nexit # done\n",
		);
		expect(errors).toEqual([]);
		expect(insns.map((insn) => printInsn(insn, undefined))).toEqual([
			"r0 = 0",
			"if r1 == 5 goto +1",
			"goto -3",
			"exit",
		]);
	});

	it("compares and connects constants, by GNU's precedence, and takes no label's note for a comparison", () => {
		const values = (text: string): number[] => parseInsns(text).insns.map(({ imm }) => imm);
		expect(values("r1 = 3 == 3\nr1 = 3 != 3\nr1 = 2 < 3\nr1 = 2 >= 3\nr1 = 2 <= 2\nr1 = 3 > 4")).toEqual([-1, 0, -1, 0, -1, 0]);
		expect(values("r1 = 2 && 3\nr1 = 0 || 2\nr1 = 0 && 2\nr1 = 1 + 2 == 3\nr1 = 5 > 2 + 4\nr1 = 6 & 3 == 3\nr1 = 1 == 1 && 2")).toEqual([1, 1, 0, -1, 0, 0, 1]);
		expect(values("if w1 & 1 != 1 goto +1 <name+0x10>\ncall 5 <name>")).toEqual([0, 5]);
	});
	it("keeps what others must resolve", () => {
		const { refs, errors } = parseInsns("r1 = map ll\ncall helper\ngoto out", { labels: new Set(["out"]) });
		expect(errors).toEqual([]);
		expect(refs.map(({ slot, kind, symbol }) => [slot, kind, symbol])).toEqual([
			[0, "imm64", "map"],
			[2, "call", "helper"],
			[3, "off", "out"],
		]);
	});

	it("a dot is the place where the directive stands", () => {
		const { object, errors } = assemble('.section xdp,"ax"\n.globl f\n.type f,@function\nf:\nr0 = 2\nexit\n.size f, .-f\n.data\n.long 7\n.long . - x\nx = . - 4\n.set n, . - x\n.byte n - 0\n', { dialect: "kernel", endian: "little" });
		expect(errors).toEqual([]);
		expect(object?.symbols.find(({ name }) => name === "f")?.size).toBe(16);
		expect([...object!.sections.find(({ name }) => name === ".data")!.data]).toEqual([7, 0, 0, 0, 0, 0, 0, 0, 4]);
		expect(object?.symbols.map(({ name }) => name).filter((name) => name.includes("here"))).toEqual([]);
	});

	it("raw data is instructions", () => {
		expect(parseInsns(".8byte 0x95\n.long 0x95, 0").insns.map((insn) => printInsn(insn, undefined))).toEqual([
			"exit",
			"exit",
		]);
	});

	it.each([
		["goto nowhere", 'label "nowhere" is not defined', 1, 6],
		["exit\nr1 += w2", 'expected a 64-bit register, found "w2"', 2, 7],
		["r1 += 0x1ffffffff", "8589934591 does not fit 32 bits", 1, 7],
		["r1 = *(u32 *)(r2 + 40000)", "offset 40000 does not fit 16 bits", 1, 18],
		["w1 = *(u64 *)(r2 + 0)", 'such a load needs a 64-bit register, found "*"', 1, 6],
		["r1 = $", "label", 1, 1],
		["a:\na: exit", 'label "a" is defined twice', 2, 1],
		["r1 = 1 `", 'unexpected "`"', 1, 8],
	])("%j is refused", (text, message, line, column) => {
		const { errors, refs } = parseInsns(text);
		if (message === "label") expect(refs).toHaveLength(1);
		else expect(errors).toEqual([{ message, line, column }]);
	});
});

const conformance = shared("verify/conformance.jsonl");

describe.skipIf(conformance === null)("bpf_conformance's and uBPF's assembly", () => {
	interface Case {
		readonly id: string;
		readonly asm?: string;
		readonly asm_error?: string;
		readonly insns?: string;
	}
	const cases = (): Case[] =>
		readFileSync(conformance!, "utf8")
			.trim()
			.split("\n")
			.map((line) => JSON.parse(line) as Case)
			.filter(({ asm }) => asm !== undefined);

	it("assembles to the same bytes, or is refused where they refuse it", () => {
		const all = cases();
		expect(all.length).toBeGreaterThan(300);
		for (const { id, asm, asm_error, insns } of all) {
			const { insns: made, errors } = parseInsns(asm!, { dialect: "ubpf" });
			if (asm_error !== undefined) expect(errors, id).not.toEqual([]);
			else {
				expect(errors, id).toEqual([]);
				if (insns !== undefined) expect(Buffer.from(encode(made)).toString("hex"), id).toBe(insns);
			}
		}
	});
});
