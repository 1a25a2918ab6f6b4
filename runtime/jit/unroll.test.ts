/** Loops repeated inside themselves: how often, and that all engines still agree. */
import { describe, expect, it } from "vitest";
import { parseInsns } from "../../assembler/text/parse.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import { bareImage } from "../../test/support/image.ts";
import { createInterpreter } from "../interpreter.ts";
import { Machine } from "../machine.ts";
import { createJsEngine } from "./js.ts";
import { liftProgram } from "./program.ts";
import { printedSize } from "./unroll.ts";
import { createWasmEngine } from "./wasm.ts";

/** A mixer of `size` instructions and a counter, passed `passes` times; the next loops do the same. */
function mixer(size: number, passes: number, loops = 1): Insn[] {
	const lines = ["r0 = r2", "r3 = 7"];
	for (let loop = 0; loop < loops; loop++) {
		lines.push("r4 = 0");
		for (let i = 0; i < size; i++) lines.push(["r5 = r3", "r3 += r0", "r0 ^= r5", "r0 *= 31", "r5 >>= 7", "r3 ^= r5"][i % 6]);
		lines.push("r4 += 1", `if r4 < ${passes} goto -${size + 2}`);
	}
	const { insns, errors } = parseInsns([...lines, "exit"].join("\n"));
	if (errors.length > 0) throw new Error(errors[0].message);
	return [...insns];
}

/** Copies of every loop, and the instructions that are printed. */
function unrolled(insns: readonly Insn[], largeBudget?: number): { copies: number[]; size: number } {
	const program = liftProgram(insns, { facts: null, checked: false, largeBudget, shape: () => ({ args: 0, wide: 0, result: "wide" }) });
	if ("why" in program) throw new Error(program.why);
	const [fn] = program.functions;
	return { copies: fn.items.flatMap((item) => (item.kind === "loop" ? [item.copies ?? 1] : [])), size: printedSize(fn) };
}

describe("a loop that passes a known number of times", () => {
	it("is repeated by a divisor of that number", () => {
		expect(unrolled(mixer(12, 64)).copies).toEqual([4]);
		expect(unrolled(mixer(12, 35)).copies).toEqual([5]);
	});

	it("is repeated when it is large, up to a budget", () => {
		expect(unrolled(mixer(100, 64)).copies).toEqual([4]);
		expect(unrolled(mixer(170, 64)).copies).toEqual([4]);
		expect(unrolled(mixer(300, 64)).copies).toEqual([2]);
		expect(unrolled(mixer(400, 64)).copies).toEqual([1]);
		expect(unrolled(mixer(170, 64), 400).copies).toEqual([2]);
	});

	it("is not where no divisor fits", () => {
		expect(unrolled(mixer(100, 61)).copies).toEqual([1]);
	});

	it("lets a function grow to a limit", () => {
		const { copies, size } = unrolled(mixer(100, 64, 4));
		expect(copies).toEqual([4, 2, 1, 1]);
		expect(size).toBeLessThanOrEqual(900);
	});

	it.each([
		[12, 64, 1],
		[100, 64, 2],
		[170, 60, 1],
		[300, 9, 2],
	])("gives the same on all engines: %i instructions, %i passes, %i loops", (size, passes, loops) => {
		const program = mixer(size, passes, loops);
		const engines = [createInterpreter({ checked: true }), createJsEngine({ checked: false, fuel: null }), createJsEngine(), createWasmEngine({ checked: false, fuel: null }), createWasmEngine()];
		for (const r2 of [0, 1, 0x7fffffff]) {
			const machine = new Machine();
			const [expected, ...others] = engines.map((engine) => engine.prepare({ image: bareImage("mixer", program), machine, maps: [], ksyms: new Map(), facts: null })(0, r2));
			expect(others).toEqual(others.map(() => expected));
		}
	});
});
