/** All engines agree: on random programs, run as verified ones (unchecked) and as unverified ones (checked, with fuel). */
import { describe, expect, it } from "vitest";
import { bareImage } from "../../test/support/image.ts";
import { randomProgram } from "../../test/support/random-program.ts";
import { createInterpreter } from "../interpreter.ts";
import { Machine } from "../machine.ts";
import { exchange, layout } from "../memory.ts";
import type { Engine } from "../program.ts";
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
