/** Numbers put together from bytes: read at once where that is the same, and the same on every engine in any case. */
import { describe, expect, it } from "vitest";
import { parseInsns } from "../../assembler/text/parse.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import { bareImage } from "../../test/support/image.ts";
import { generator } from "../../test/support/random-program.ts";
import { createInterpreter } from "../interpreter.ts";
import { Machine } from "../machine.ts";
import { exchange } from "../memory.ts";
import type { Engine } from "../program.ts";
import { buildCfg } from "./cfg.ts";
import { decodeProgram } from "./decode.ts";
import { joinLoads } from "./joins.ts";
import { createJsEngine } from "./js.ts";
import { createWasmEngine } from "./wasm.ts";

function insns(text: string): Insn[] {
	const parsed = parseInsns(text);
	if (parsed.errors.length > 0) throw new Error(parsed.errors.map((e) => e.message).join("\n"));
	return [...parsed.insns];
}

/** The loads that joining adds, as "size" or "size reversed". */
function joined(program: readonly Insn[]): string[] {
	const ops = decodeProgram(program);
	const cfg = buildCfg(ops, 0, program.length);
	if ("why" in cfg) throw new Error(cfg.why);
	const after = joinLoads(ops, cfg, 11, () => false)?.ops ?? ops;
	return after.flatMap((op, slot) => (op?.kind === "load" && op !== ops[slot] ? [`${op.size}${op.reversed ? " reversed" : ""}`] : []));
}

const engines: readonly Engine[] = [createInterpreter({ checked: true }), createJsEngine({ checked: false, fuel: null }), createWasmEngine({ checked: false, fuel: null }), createWasmEngine()];

const places = engines.map((engine) => {
	const machine = new Machine();
	return { engine, machine, at: machine.memory.alloc(64, 4096, "bytes") };
});

/** r0 by each engine, over the same 64 bytes. */
function results(program: readonly Insn[]): bigint[] {
	const image = bareImage("joined", program);
	return places.map(({ engine, machine, at }) => {
		for (let i = 0; i < 64; i++) machine.memory.u8[at + i] = (i * 37 + 131) & 0xff;
		const low = engine.prepare({ image, machine, maps: [], ksyms: new Map(), facts: null })(at, 64);
		return (BigInt(machine.memory.i32[exchange.result >> 2] >>> 0) << 32n) | BigInt(low >>> 0);
	});
}

const programs: readonly (readonly [name: string, expected: readonly string[], text: string])[] = [
	["two bytes", ["2"], "r0 = *(u8 *)(r1 + 6)\nr2 = *(u8 *)(r1 + 7)\nr2 <<= 8\nr0 |= r2\nexit"],
	["two bytes in network order", ["2 reversed"], "r0 = *(u8 *)(r1 + 7)\nr2 = *(u8 *)(r1 + 6)\nw2 <<= 8\nw0 |= w2\nexit"],
	["four in network order, the last into the base", ["4 reversed"], "r2 = *(u8 *)(r1 + 20)\nr2 <<= 24\nr3 = *(u8 *)(r1 + 21)\nr3 <<= 16\nr3 |= r2\nr2 = *(u8 *)(r1 + 22)\nr2 <<= 8\nr3 |= r2\nr1 = *(u8 *)(r1 + 23)\nr3 |= r1\nr0 = r3\nexit"],
	["halves of halves", ["8"], "r2 = *(u16 *)(r1 + 1)\nr3 = *(u16 *)(r1 + 3)\nr3 <<= 16\nr2 |= r3\nr4 = *(u16 *)(r1 + 5)\nr0 = *(u16 *)(r1 + 7)\nr0 <<= 16\nr0 |= r4\nr0 <<= 32\nr0 |= r2\nexit"],
	["through a store, whole at the last load", ["2"], "r0 = *(u8 *)(r1 + 6)\nr2 = *(u8 *)(r1 + 7)\n*(u8 *)(r1 + 6) = 9\nr2 <<= 8\nr0 |= r2\nexit"],
	["not where a byte was written between the loads", [], "r0 = *(u8 *)(r1 + 6)\n*(u8 *)(r1 + 6) = 9\nr2 = *(u8 *)(r1 + 7)\nr2 <<= 8\nr0 |= r2\nexit"],
	["not in mixed order", [], "r0 = *(u16 *)(r1 + 8)\nr2 = *(u8 *)(r1 + 7)\nr0 <<= 8\nr2 <<= 24\nr0 |= r2\nexit"],
	["not with a gap", [], "r0 = *(u8 *)(r1 + 6)\nr2 = *(u8 *)(r1 + 8)\nr2 <<= 8\nr0 |= r2\nexit"],
	["not where bits fall off", [], "r0 = *(u8 *)(r1 + 6)\nr2 = *(u8 *)(r1 + 7)\nw2 <<= 24\nw2 <<= 16\nr0 |= r2\nexit"],
	["not of two bases", [], "r3 = r1\nr3 += 1\nr0 = *(u8 *)(r1 + 6)\nr2 = *(u8 *)(r3 + 7)\nr2 <<= 8\nr0 |= r2\nexit"],
	["not where the last byte is also needed by itself, its base gone", [], "r0 = *(u8 *)(r1 + 6)\nr1 = *(u8 *)(r1 + 7)\nr2 = r1\nr2 <<= 8\nr0 |= r2\nr0 *= r1\nexit"],
	["nor behind the block", [], "r0 = *(u8 *)(r1 + 6)\nr1 = *(u8 *)(r1 + 7)\nr2 = r1\nr2 <<= 8\nr0 |= r2\nif r0 == 5 goto +1\nr0 += r1\nexit"],
	["a byte that is needed by itself too", ["2"], "r0 = *(u8 *)(r1 + 6)\nr2 = *(u8 *)(r1 + 7)\nr3 = r2\nr2 <<= 8\nr0 |= r2\nr0 *= r3\nexit"],
];

/** A sum of bytes at random: of 2 to 8, in random order, with stores, foreign offsets and lost bases now and then. */
function randomSum(seed: number): string {
	const random = generator(seed);
	const size = [2, 4, 8][random(3)];
	const low = random(40);
	const order = Array.from({ length: size }, (_, i) => i);
	for (let i = size - 1; i > 0; i--) {
		const j = random(i + 1);
		[order[i], order[j]] = [order[j], order[i]];
	}
	const little = random(2) === 0;
	const lines = ["r6 = r1", "r0 = 0"];
	let first = true;
	for (const [n, i] of order.entries()) {
		const byte = low + (random(16) === 0 ? random(24) : i);
		const target = n === size - 1 && random(2) === 0 ? "r6" : "r3";
		lines.push(`${target} = *(u8 *)(r6 + ${byte})`);
		const shift = 8 * (little ? i : size - 1 - i);
		if (random(8) === 0) lines.push(`*(u8 *)(r1 + ${low + random(8)}) = ${random(200)}`);
		if (shift > 0) lines.push(shift < 24 && random(2) === 0 ? `w${target.slice(1)} <<= ${shift}` : `${target} <<= ${shift}`);
		lines.push(first ? `r0 = ${target}` : `r0 |= ${target}`);
		first = false;
		if (random(8) === 0) lines.push(`r4 = ${target}`);
	}
	if (random(3) === 0) lines.push("r0 *= 3", "r0 ^= r1", "r0 ^= r1");
	return `r4 = 1\nr5 = 2\n${lines.join("\n")}\nr0 += r4\n${random(2) === 0 ? "r0 ^= r5\n" : ""}exit`;
}

describe("numbers of single bytes", () => {
	it.each(programs)("%s", (_, expected, text) => {
		const program = insns(text);
		expect(joined(program)).toEqual(expected);
		const [first, ...others] = results(program);
		expect(others).toEqual(others.map(() => first));
	});

	it("are the same on every engine, however they are made", () => {
		let whole = 0;
		for (let seed = 1; seed <= 150; seed++) {
			const program = insns(randomSum(seed));
			if (joined(program).length > 0) whole++;
			const [first, ...others] = results(program);
			expect(others, `seed ${seed}`).toEqual(others.map(() => first));
		}
		expect(whole).toBeGreaterThan(40);
	});
});
