import { describe, expect, it } from "vitest";
import { decode } from "../../assembler/decode.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import { runBpf } from "../../test/support/bpf-eval.ts";
import { evalFunction, OutOfFuel } from "../../test/support/ir-eval.ts";
import { randomModule } from "../../test/support/random-ir.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { checkIr } from "../ir/check.ts";
import { parseModule } from "../ir/parse.ts";
import { type CpuName, emit } from "./index.ts";
import { nowhere } from "./places.ts";

/** RANDOM_IR=20000 runs as many programs instead of the sample; RANDOM_IR_SEED starts elsewhere. */
const runs = Number(process.env.RANDOM_IR ?? 120);
const start = Number(process.env.RANDOM_IR_SEED ?? 1);

const GLOBALS = 64;
/** The helper with id 10 + n takes n arguments. */
const mix = (id: number, args: readonly bigint[]): bigint =>
	args.slice(0, id - 10).reduce((sum, arg) => BigInt.asUintN(64, sum * 1000003n + arg), 17n);

function memory(): Uint8Array {
	const bytes = new Uint8Array(16384);
	for (let i = 0; i < 64; i++) bytes[GLOBALS + i] = (i * 37) & 0xff;
	return bytes;
}

/** What the loader does: addresses into `ld_imm64`, distances into calls. */
function link(object: ReturnType<typeof emit>["object"]): { insns: Insn[]; entry: (name: string) => number } {
	const text = object.sections.findIndex((section) => section.name === ".text");
	const insns = decode(object.sections[text].data);
	for (const { offset, symbol } of object.sections[text].relocs) {
		const at = offset / 8;
		const target = object.symbols[symbol];
		if (insns[at].opcode === 0x85) insns[at] = { ...insns[at], imm: target.value / 8 - at - 1 };
		else insns[at] = { ...insns[at], imm: insns[at].imm + GLOBALS };
	}
	return { insns, entry: (name) => object.symbols.find((symbol) => symbol.name === name)!.value / 8 };
}

describe("random programs", () => {
	for (const cpu of ["v1", "v2", "v3", "v4"] as const satisfies readonly CpuName[]) {
		it(`compute on ${cpu} what the IR says`, () => {
			const v3 = cpu === "v3" || cpu === "v4";
			let compared = 0;
			for (let seed = start; seed < start + runs; seed++) {
				const source = randomModule(seed * 7 + cpu.charCodeAt(1), {
					size: 20 + (seed % 10) * 25,
					signedDivision: cpu === "v4",
					atomics: v3,
				});
				const module = parseModule(source);
				const faults = module.functions.flatMap(checkIr);
				expect(faults, source).toEqual([]);
				const name = module.functions[module.functions.length - 1].name;
				const args = [BigInt.asIntN(64, BigInt(seed) * 0x9e3779b97f4a7c15n), BigInt(seed * 77) << 3n];
				const world = {
					memory: memory(),
					stack: 1024,
					globals: new Map([["state", GLOBALS]]),
					helper: mix,
					fuel: 20_000,
				};
				let expected: bigint | null;
				try {
					expected = evalFunction(module, module.functions[module.functions.length - 1], args, world);
				} catch (error) {
					if (error instanceof OutOfFuel) continue;
					throw error;
				}
				const diagnostics: Diagnostic[] = [];
				const { object } = emit(
					parseModule(source),
					{ functions: [], objects: [], extraTypes: [], fileAsm: [] },
					nowhere,
					{
						cpu,
						debug: false,
						fileName: "random.c",
						diagnostics: { report: (diagnostic) => diagnostics.push(diagnostic) },
					},
				);
				if (diagnostics.some(({ code }) => code === "E0707")) continue; // too many live values for the stack
				expect(diagnostics, source).toEqual([]);
				const { insns, entry } = link(object);
				const machine = { memory: memory(), stackTop: 16000, helper: mix, fuel: 400_000 };
				const got = runBpf(insns, entry(name), args, machine);
				expect(`seed ${seed}: ${BigInt.asIntN(64, got)}`, source).toBe(`seed ${seed}: ${expected}`);
				expect(machine.memory.slice(GLOBALS, GLOBALS + 64), source).toEqual(world.memory.slice(GLOBALS, GLOBALS + 64));
				compared++;
			}
			expect(compared).toBeGreaterThan(runs / 3);
		});
	}
});
