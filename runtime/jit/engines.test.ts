/**
 * All engines agree: on random programs, run as verified ones (unchecked) and as unverified ones (checked, with fuel); and on random programs that the verifier passes, run with its
 * facts. JIT_RANDOM and JIT_VERIFIED say how many, JIT_SEED where they begin.
 */
import { describe, expect, it } from "vitest";
import type { Insn } from "../../assembler/spec/insn.ts";
import { bareImage } from "../../test/support/image.ts";
import { randomProgram } from "../../test/support/random-program.ts";
import { randomAccesses } from "../../test/support/random-access.ts";
import { randomBounded } from "../../test/support/random-bounded.ts";
import { bindProgram, createMaps } from "../bind.ts";
import type { MapDef } from "../image.ts";
import { createInterpreter } from "../interpreter.ts";
import { invoke, runState } from "../invoke.ts";
import { Machine } from "../machine.ts";
import { exchange, layout } from "../memory.ts";
import type { Engine } from "../program.ts";
import { verify } from "../verifier/index.ts";
import { createJsEngine } from "./js.ts";
import { createWasmEngine } from "./wasm.ts";

const programs = Number(process.env.JIT_RANDOM ?? 400);
const first = Number(process.env.JIT_SEED ?? 1);

const engines: readonly (readonly [string, Engine])[] = [
	["js", createJsEngine({ checked: false, fuel: null })],
	["js, checked", createJsEngine({ checked: true })],
	["wasm", createWasmEngine({ checked: false, fuel: null })],
	["wasm, checked", createWasmEngine({ checked: true })],
];
const reference = createInterpreter({ checked: true });

const machine = new Machine();
const memory = machine.memory.alloc(64, 8, "memory");

function result(engine: Engine, seed: number): string {
	const { u8, i32 } = machine.memory;
	u8.fill(0, layout.stackBase, layout.stackTop);
	for (let i = 0; i < 64; i++) u8[memory + i] = (seed * 31 + i * 77) & 255;
	const entry = engine.prepare({ image: bareImage("random", randomProgram(seed)), machine, maps: [], ksyms: new Map(), facts: null });
	const low = entry(memory, 64);
	const r0 = (BigInt(i32[exchange.result >> 2] >>> 0) << 32n) | BigInt(low >>> 0);
	return `${r0.toString(16)} ${Buffer.from(u8.subarray(memory, memory + 64)).toString("hex")}`;
}

describe("random programs", () => {
	it(`${programs} give the interpreter's result on every engine`, { timeout: 20_000 + programs * 200 }, () => {
		for (let seed = first; seed < first + programs; seed++) {
			const expected = result(reference, seed);
			for (const [name, engine] of engines) expect(result(engine, seed), `seed ${seed} on ${name}`).toBe(expected);
		}
	});
});

const VALUE = 64;
const def: MapDef = { name: "values", type: 2, keySize: 4, valueSize: VALUE, maxEntries: 1, flags: 0, extra: 0n, keyTypeId: 0, valueTypeId: 0, btf: null, inner: null, initial: null, frozen: false, pinning: 0, slots: [] };
const verified = Number(process.env.JIT_VERIFIED ?? 100);

describe("random programs that the verifier passes", () => {
	it(`${verified} give the interpreter's result on every engine`, { timeout: 20_000 + verified * 1000 }, () => {
		const maps = createMaps(machine, { maps: [def] });
		if (typeof maps === "string") throw new Error(maps);
		const value = maps[0].valueBase();
		for (let seed = first, accepted = 0; accepted < verified; seed++) {
			// One kind has loops, calls and atomics and is mostly refused; the other computes with bounded numbers and mostly passes.
			const image = bareImage("random", seed % 2 === 0 ? randomAccesses(seed) : randomBounded(seed), { maps: [def] });
			const verdict = verify(image, { facts: true });
			if (verdict.verdict !== "accept") continue;
			if (++accepted % 10_000 === 0) console.log(`${accepted} programs, seed ${seed}: all engines agree`);
			const outcome = (engine: Engine): string => {
				const { u8 } = machine.memory;
				u8.fill(0, layout.stackBase, layout.stackTop);
				for (let i = 0; i < VALUE; i++) u8[value + i] = (seed * 13 + i * 29) & 255;
				const program = bindProgram(machine, image, maps, verdict.facts, engine);
				const r0 = invoke(program, 0, 0, runState(program, 0));
				return `${r0.toString(16)} ${Buffer.from(u8.subarray(value, value + VALUE)).toString("hex")}`;
			};
			const expected = outcome(reference);
			expect(outcome(createWasmEngine()), `seed ${seed} on wasm`).toBe(expected);
			expect(outcome(createJsEngine()), `seed ${seed} on js`).toBe(expected);
		}
	});
});

describe("functions around the size that V8 still optimises", () => {
	/** r0 := r2, then `length` additions and xors. */
	const chain = (length: number): Insn[] => [
		{ opcode: 0xbf, dst: 0, src: 2, off: 0, imm: 0 },
		...Array.from({ length }, (_, i): Insn => ({ opcode: i % 3 === 2 ? 0xa7 : 0x07, dst: 0, src: 0, off: 0, imm: 1000003 + i })),
		{ opcode: 0x95, dst: 0, src: 0, off: 0, imm: 0 },
	];
	const low = (length: number, value: number): number => {
		let r0 = value;
		for (let i = 0; i < length; i++) r0 = i % 3 === 2 ? r0 ^ (1000003 + i) : (r0 + 1000003 + i) | 0;
		return r0;
	};
	it.each([300, 600, 1100, 20_000])("%d instructions: JavaScript below, Wasm above, the same result", (length) => {
		const entry = createJsEngine().prepare({ image: bareImage("chain", chain(length)), machine, maps: [], ksyms: new Map(), facts: null });
		expect(String(entry).includes("native code")).toBe(length > 350);
		expect(entry(memory, 77)).toBe(low(length, 77));
		expect(createWasmEngine().prepare({ image: bareImage("chain", chain(length)), machine, maps: [], ksyms: new Map(), facts: null })(memory, 77)).toBe(low(length, 77));
	});
});
