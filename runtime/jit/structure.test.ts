/** Control-flow recovery: shapes that random programs do not have. Each is run on every engine and by the interpreter. */
import { describe, expect, it } from "vitest";
import { parseInsns } from "../../assembler/text/parse.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import { bareImage } from "../../test/support/image.ts";
import { createInterpreter } from "../interpreter.ts";
import { Machine } from "../machine.ts";
import type { Engine } from "../program.ts";
import { buildCfg } from "./cfg.ts";
import { decodeProgram } from "./decode.ts";
import { createJsEngine } from "./js.ts";
import { structure } from "./structure.ts";
import { createWasmEngine } from "./wasm.ts";

function insns(text: string): Insn[] {
	const parsed = parseInsns(text);
	if (parsed.errors.length > 0) throw new Error(parsed.errors.map((e) => e.message).join("\n"));
	return [...parsed.insns];
}

const engines: readonly Engine[] = [createInterpreter({ checked: true }), createJsEngine({ checked: false, fuel: null }), createJsEngine(), createWasmEngine({ checked: false, fuel: null }), createWasmEngine()];

function results(program: readonly Insn[], r2: number): number[] {
	const machine = new Machine();
	return engines.map((engine) => engine.prepare({ image: bareImage("shape", program), machine, maps: [], ksyms: new Map(), facts: null })(0, r2));
}

const shapes: Readonly<Record<string, string>> = {
	"a loop that is entered in the middle": `
		r0 = 0
		if r2 > 5 goto +2
		r0 += 1
		r0 += 10
		r0 += 100
		r2 += 1
		if r2 < 20 goto -4
		exit`,
	"two loops that share a header's exit": `
		r0 = 0
		r3 = 0
		r0 += r3
		r3 += 1
		if r3 == 7 goto +3
		if r0 < r2 goto -4
		r0 *= 3
		if r0 < 1000 goto -6
		r0 += 5
		exit`,
	"a loop in a loop with a jump out of both": `
		r0 = 0
		r3 = 0
		r4 = 0
		r0 += 1
		if r0 == 57 goto +5
		r4 += 1
		if r4 < 6 goto -4
		r3 += 1
		if r3 < r2 goto -7
		r0 += 1000
		exit`,
	"a chain of diamonds": ["r0 = 1", ...Array.from({ length: 40 }, (_, i) => `if r2 & ${1 << (i % 8)} goto +2\nr0 += ${i}\ngoto +1\nr0 ^= ${i * 3}`), "exit"].join("\n"),
};

describe("structured control flow", () => {
	it.each(Object.entries(shapes))("%s", (_, text) => {
		const program = insns(text);
		for (const r2 of [0, 1, 3, 6, 9, 30, 170]) {
			const [expected, ...others] = results(program, r2);
			expect(others).toEqual(others.map(() => expected));
		}
	});

	it("falls back to a dispatch loop only where a loop has two entries", () => {
		const kinds = Object.entries(shapes).map(([name, text]) => {
			const program = insns(text);
			const cfg = buildCfg(decodeProgram(program), 0, program.length);
			if ("why" in cfg) throw new Error(cfg.why);
			return [name, structure(cfg).some((item) => item.kind === "dispatch")] as const;
		});
		expect(kinds.filter(([, dispatch]) => dispatch).map(([name]) => name)).toEqual(["a loop that is entered in the middle"]);
	});

	it("names the slot of a jump out of the program", () => {
		const cfg = buildCfg(decodeProgram([{ opcode: 0x05, dst: 0, src: 0, off: 9, imm: 0 }]), 0, 1);
		expect(cfg).toEqual({ slot: 0, why: "a jump out of the subprogram" });
	});
});
