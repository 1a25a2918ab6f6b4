/** What is interpreted first, for how long, and that nobody can tell. */
import { describe, expect, it } from "vitest";
import { parseInsns } from "../assembler/text/parse.ts";
import type { Insn } from "../assembler/spec/insn.ts";
import { compileAndLoad } from "../index.ts";
import { bareImage } from "../test/support/image.ts";
import { bindProgram } from "./bind.ts";
import { ProgramFault } from "./fault.ts";
import { createInterpreter } from "./interpreter.ts";
import { invokePlain } from "./invoke.ts";
import { createJsEngine } from "./jit/js.ts";
import { createWasmEngine } from "./jit/wasm.ts";
import { Machine } from "./machine.ts";
import type { Engine } from "./program.ts";
import { longestRun, tiered } from "./tiers.ts";
import { verify } from "./verifier/index.ts";

function insns(text: string): Insn[] {
	const parsed = parseInsns(text);
	if (parsed.errors.length > 0) throw new Error(parsed.errors.map((e) => e.message).join("\n"));
	return [...parsed.insns];
}

const call = (distance: number): Insn => ({ opcode: 0x85, dst: 0, src: 1, off: 0, imm: distance });
const EXIT: Insn = { opcode: 0x95, dst: 0, src: 0, off: 0, imm: 0 };

describe("the longest run", () => {
	it.each<[string, readonly Insn[], number]>([
		["is every instruction once", insns("r0 = 1\nif r1 == 0 goto +1\nr0 = 2\nexit"), 4],
		["counts blocks that lie behind the jump to them once", insns("r0 = 1\nif r1 == 0 goto +2\nr0 = 2\nexit\nr0 = 3\nif r2 == 0 goto -4\nexit"), 7],
		["has no end in a loop", insns("r0 = 0\nr0 += 1\nif r0 < 9 goto -2\nexit"), Number.POSITIVE_INFINITY],
		["has no end in a loop that is entered below its head", insns("r0 = 0\ngoto +1\nr0 += 1\nif r0 < 9 goto -2\nexit"), Number.POSITIVE_INFINITY],
		["counts a function for each call", [call(3), call(2), call(1), EXIT, ...insns("r0 = 1\nr0 += 2\nexit")], 4 + 3 * 3],
		["counts what callees call", [call(2), call(1), EXIT, call(2), call(1), EXIT, ...insns("r0 = 1\nexit")], 3 + 2 * (3 + 2 * 2)],
		["has no end where a function calls itself", [call(1), EXIT, call(-1), EXIT], Number.POSITIVE_INFINITY],
		["has no end in a loop of a callee", [call(1), EXIT, ...insns("r0 = 0\nr0 += 1\nif r0 < 9 goto -2\nexit")], Number.POSITIVE_INFINITY],
		["has no end where a helper gets a function", [{ opcode: 0x18, dst: 2, src: 4, off: 0, imm: 2 }, { opcode: 0, dst: 0, src: 0, off: 0, imm: 0 }, EXIT, ...insns("r0 = 1\nexit")], Number.POSITIVE_INFINITY],
		["has no end behind a call through a register", [{ opcode: 0x8d, dst: 1, src: 0, off: 0, imm: 0 }, EXIT], Number.POSITIVE_INFINITY],
	])("%s", (_name, program, longest) => {
		expect(longestRun(program)).toBe(longest);
	});
});

/** Counts what it prepares. */
function counted(engine: Engine): Engine & { prepared: number } {
	const counting = { name: engine.name, prepared: 0, prepare: (program: Parameters<Engine["prepare"]>[0]) => (counting.prepared++, engine.prepare(program)) };
	return counting;
}

function bind(program: readonly Insn[], engine: Engine) {
	const image = bareImage("test", program);
	const verdict = verify(image, { facts: true });
	if (verdict.verdict !== "accept") throw new Error(verdict.log);
	return bindProgram(new Machine(), image, [], verdict.facts, engine);
}

describe.each([
	["js", createJsEngine],
	["wasm", createWasmEngine],
] as const)("%s behind the interpreter", (name, create) => {
	it("is compiled after eight runs, with the same results", () => {
		const compiler = counted(create());
		const engine = tiered(createInterpreter(), compiler);
		expect(engine.name).toBe(name);
		const program = bind(insns("r0 = 5\nr0 <<= 40\nr0 += 7\nexit"), engine);
		const results = Array.from({ length: 12 }, () => [invokePlain(program, 0, 0), compiler.prepared] as const);
		expect(results.map(([r0]) => r0)).toEqual(Array.from({ length: 12 }, () => (5n << 40n) + 7n));
		expect(results.map(([, prepared]) => prepared)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
	});

	it("is compiled at once where a program loops", () => {
		const compiler = counted(create());
		const interpreter = counted(createInterpreter());
		bind(insns("r0 = 0\nr0 += 1\nif r0 < 9 goto -2\nexit"), tiered(interpreter, compiler));
		expect([interpreter.prepared, compiler.prepared]).toEqual([0, 1]);
	});

	it("takes over with checks as soon as somebody changes the instructions", () => {
		const compiler = counted(create());
		const program = bind(insns("r0 = 1\nr1 = r10\n*(u64 *)(r1 - 8) = r0\nr0 = *(u64 *)(r1 - 8)\nexit"), tiered(createInterpreter(), compiler));
		expect(invokePlain(program, 0, 0)).toBe(1n);
		(program.image.insns as Insn[])[1] = insns("r1 = 0x3fff0000\nexit")[0];
		expect(() => invokePlain(program, 0, 0)).toThrow(ProgramFault);
		expect(compiler.prepared).toBe(1);
	});
});

it("explains a fault by its C line in every run", async () => {
	const object = await compileAndLoad(
		`#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("tc") int prog(struct __sk_buff *skb)
{
	struct bpf_xfrm_state state = {};
	return bpf_skb_get_xfrm_state(skb, 0, &state, sizeof(state), 0);
}
char _license[] SEC("license") = "GPL";`,
	);
	for (let run = 0; run < 12; run++)
		expect(() => object.programs.prog.run()).toThrow(/program\.bpf\.c:6:\d+: calls helper bpf_skb_get_xfrm_state, which does not exist or is not simulated/);
});
