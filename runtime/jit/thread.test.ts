/** Branches that the way to them decided: left out of what is printed, on every engine, and nothing else changes. */
import { describe, expect, it } from "vitest";
import { parseInsns } from "../../assembler/text/parse.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import { bareImage } from "../../test/support/image.ts";
import { generator } from "../../test/support/random-program.ts";
import { createInterpreter } from "../interpreter.ts";
import { Machine } from "../machine.ts";
import type { Engine } from "../program.ts";
import { buildCfg } from "./cfg.ts";
import { decodeProgram } from "./decode.ts";
import { createJsEngine } from "./js.ts";
import { threadJumps } from "./thread.ts";
import { createWasmEngine } from "./wasm.ts";

function insns(text: string): Insn[] {
	const parsed = parseInsns(text);
	if (parsed.errors.length > 0) throw new Error(parsed.errors.map((e) => e.message).join("\n"));
	return [...parsed.insns];
}

/** Branches with two sides before and after. */
function branches(text: string): [number, number] {
	const program = insns(text);
	const ops = decodeProgram(program);
	const cfg = buildCfg(ops, 0, program.length);
	if ("why" in cfg) throw new Error(cfg.why);
	const open = (blocks: typeof cfg.blocks): number => blocks.filter(({ succs }) => succs.length > 1).length;
	return [open(cfg.blocks), open((threadJumps(cfg, ops)?.cfg ?? cfg).blocks)];
}

const engines: readonly Engine[] = [createInterpreter({ checked: true }), createJsEngine({ checked: false, fuel: null }), createJsEngine(), createWasmEngine({ checked: false, fuel: null }), createWasmEngine()];

/** Each pass makes a class of the pass's number and asks about it in two states. */
const classes = `r0 = 1
r3 = 0
w4 = 1
if r3 & 1 goto +1
w4 = 2
if r0 > 40 goto +3
if w4 == 1 goto +4
r0 += 3
goto +3
if w4 == 2 goto +1
r0 -= 30
r0 += 7
r0 += r2
r3 += 1
if r3 < 9 goto -13
exit`;

const programs: readonly (readonly [name: string, before: number, after: number, text: string])[] = [
	["the same question twice", 2, 1, "r3 = 7\nr0 = 1\nif r2 < r3 goto +1\nr0 = 2\nr4 = 5\nif r2 < r3 goto +1\nr4 = 9\nr0 *= r4\nexit"],
	["its opposite", 2, 1, "r0 = 1\nif r2 < 7 goto +1\nr0 = 2\nr0 *= 3\nif r2 >= 7 goto +1\nr0 += 9\nexit"],
	["what follows from it", 2, 1, "r0 = 1\nif r2 == 7 goto +1\ngoto +2\nif r2 s<= 7 goto +1\nr0 += 9\nr0 += 4\nexit"],
	["a flag that was just set", 2, 1, "r0 = 1\nw3 = 1\nif r2 > 7 goto +1\nw3 = 0\nif w3 != 0 goto +1\nr0 = 2\nexit"],
	["a copy of it, twice over", 3, 1, "r0 = 1\nr3 = 0\nif r2 > 7 goto +1\nr3 = 4\nr4 = r3\nif r4 == 0 goto +1\nr0 += 2\nif r4 == 4 goto +1\nr0 += 16\nexit"],
	["in a loop", 3, 2, "r0 = 0\nr3 = 0\nw4 = 1\nif r2 > r3 goto +1\nw4 = 0\nr0 <<= 1\nif w4 == 0 goto +1\nr0 += 1\nr3 += 1\nif r3 < 9 goto -8\nexit"],
	["two switches in a row over one number", 4, 2, "r0 = 0\nif r2 == 1 goto +4\nif r2 == 7 goto +5\nr0 += 100\nr0 *= 5\ngoto +4\nr0 += 1\ngoto +2\nr0 += 2\ngoto +0\nr0 *= 3\nif r2 == 1 goto +4\nif r2 == 7 goto +1\ngoto +3\nr0 += 70\nexit\nr0 += 10\nr0 += 1000\nexit"],
	["a class in a loop, asked about behind another question", 5, 4, classes],
	["not where the register was written", 2, 2, "r0 = 1\nif r2 < 7 goto +1\nr2 = r0\nr2 += 3\nif r2 < 7 goto +1\nr0 = 9\nexit"],
	["not where the width differs", 2, 2, "r0 = 1\nr2 <<= 30\nif r2 < 7 goto +1\nr0 += 4\nr0 *= 3\nif w2 < 7 goto +1\nr0 += 9\nexit"],
	["not the head of a loop", 2, 2, "r0 = 0\nr3 = r2\nif r3 == 0 goto +4\nr0 += r3\nr3 &= 6\nr3 >>= 1\nif r3 != 0 goto -5\nexit"],
];

/** Forward jumps that ask for a few numbers in two registers again and again, which little is done to in between. */
function randomQuestions(seed: number): string {
	const random = generator(seed);
	const lines = ["r0 = 1", `r3 = r2`, `r3 ${random(2) ? "&= 3" : "+= 1"}`];
	const pieces = 14 + random(20);
	const first = lines.length;
	for (let i = 0; i < pieces; i++) {
		const left = pieces - 1 - i;
		const to = Math.min(left, random(6));
		const way = random(10);
		if (way < 6) lines.push(`if ${random(8) ? "r" : "w"}${2 + random(2)} ${["==", "!=", "<", ">", "s<=", "&"][random(6)]} ${[1, 4, 7][random(3)]} goto +${to}`);
		else if (way < 7) lines.push(`goto +${to}`);
		else lines.push([`r0 *= ${3 + random(5)}`, `r0 += ${random(100)}`, "r3 = 4", "w3 = w2"][random(4)]);
	}
	expect(lines.length - first).toBe(pieces);
	return [...lines, "exit"].join("\n");
}

/** A loop whose passes set a few registers to numbers, one by the other, and ask about them later. */
function randomFlags(seed: number): string {
	const random = generator(seed);
	const lines = ["r0 = 1", "r3 = 4", "r4 = 1", "r5 = 0", "r6 = 7"];
	const register = (): number => 3 + random(3);
	const pieces = 12 + random(24);
	for (let i = 0; i < pieces; i++) {
		const to = Math.min(pieces - 1 - i, 1 + random(5));
		const way = random(10);
		if (way < 3) lines.push(`if ${random(4) ? "w" : "r"}${register()} ${["==", "!=", "<", "s>", "&"][random(5)]} ${[0, 1, 4][random(3)]} goto +${to}`);
		else if (way < 5) lines.push(`if r2 & ${[1, 2, 4, 8][random(4)]} goto +${to}`);
		else if (way < 8) lines.push(`${random(2) ? "w" : "r"}${register()} = ${[0, 1, 4, -1][random(4)]}`);
		else lines.push([`r${register()} = r${register()}`, `w${register()} = w${register()}`, "r2 *= 5", `r0 += r${register()}`, "r0 *= 3"][random(5)]);
	}
	return [...lines, "r2 += 3", "r6 -= 1", `if r6 != 0 goto -${pieces + 3}`, "exit"].join("\n");
}

const VALUES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 20, 0x7fffffff];

describe("jump threading", () => {
	it.each([
		["ask the same again and again", randomQuestions],
		["ask in loops what they set before", randomFlags],
	])("changes no result of programs that %s", (_, random) => {
		let threaded = 0;
		for (let seed = 1; seed <= 400; seed++) {
			const text = random(seed);
			const [before, after] = branches(text);
			if (after !== before) threaded++;
			const image = bareImage("questions", insns(text));
			const machine = new Machine();
			const [expected, ...others] = [engines[0], engines[1], engines[3]].map((engine) => {
				const entry = engine.prepare({ image, machine, maps: [], ksyms: new Map(), facts: null });
				return VALUES.map((r2) => entry(0, r2));
			});
			for (const results of others) expect(results, `seed ${seed}:\n${text}`).toEqual(expected);
		}
		expect(threaded).toBeGreaterThan(100);
	});

	it.each(programs)("%s", (_, before, after, text) => {
		expect(branches(text)).toEqual([before, after]);
		const image = bareImage("threaded", insns(text));
		for (const r2 of VALUES) {
			const [expected, ...others] = engines.map((engine) => engine.prepare({ image, machine: new Machine(), maps: [], ksyms: new Map(), facts: null })(0, r2));
			expect(others).toEqual(others.map(() => expected));
		}
	});

	it("leaves out a long dead stretch", () => {
		expect(branches(`r0 = 1\nw3 = 0\ngoto +0\nif w3 == 0 goto +30000\n${"goto +0\n".repeat(30000)}exit`)).toEqual([1, 0]);
	});
});
