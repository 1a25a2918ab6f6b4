import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import type { Insn } from "../assembler/spec/insn.ts";
import { parseInsns } from "../assembler/text/parse.ts";
import { runCase } from "../test/cases/run.ts";
import { bareImage } from "../test/support/image.ts";
import { shared } from "../test/support/shared.ts";
import { ProgramFault } from "./fault.ts";
import { createInterpreter, startExecution } from "./interpreter.ts";
import { invokePlain } from "./invoke.ts";
import { Machine } from "./machine.ts";
import type { BoundProgram } from "./program.ts";

function assemble(text: string): readonly Insn[] {
	const parsed = parseInsns(text);
	expect(parsed.errors).toEqual([]);
	return parsed.insns;
}

function bound(text: string): BoundProgram {
	return { image: bareImage("test", assemble(text)), machine: new Machine({ memory: { initial: 1 << 18 } }), maps: [], ksyms: new Map(), facts: null };
}

function run(text: string, budget = 10_000): bigint {
	const program = bound(text);
	return invokePlain({ ...program, entry: createInterpreter({ budget }).prepare(program) }, 0, 0);
}

describe("faults", () => {
	it("names a null pointer, an access outside every region and a store to nowhere", () => {
		expect(() => run("r1 = 8\nr0 = *(u64 *)(r1 + 0)\nexit")).toThrow(/null pointer/);
		expect(() => run("r0 = *(u64 *)(r10 + 0)\nexit")).toThrow(/outside every region/);
		expect(() => run("r1 = 0xffffffffffff ll\n*(u8 *)(r1 + 0) = 1\nr0 = 0\nexit")).toThrow(/outside the memory/);
	});

	it("stops at the budget", () => {
		expect(() => run("r0 = 0\ngoto -2")).toThrow(/budget of 10000/);
		expect(() => run("r0 = 0")).toThrow(/past the end of the subprogram/);
	});

	it("refuses malformed programs before they run", () => {
		expect(() => run("r0 = 0\ngoto +5\nexit")).toThrow(/a jump to slot 7, out of the subprogram/);
		expect(() => run("goto +1\nr0 = 1 ll\nexit")).toThrow(/middle of the ld_imm64 at slot 1/);
		expect(() => run("r1 = 0\nexit")).toThrow(/r0 was never set/);
		expect(() => run("goto -1")).toThrow(/jumps to itself/);
	});

	it("stops calls that nest too deep", () => {
		expect(() => run("deeper:\ncall deeper\nexit")).toThrow(ProgramFault);
	});
});

describe("calls", () => {
	it("save r6 to r9 and give each frame its own stack", () => {
		expect(run("r6 = 5\n*(u64 *)(r10 - 8) = 7\ncall callee\nr1 = *(u64 *)(r10 - 8)\nr0 += r1\nr0 += r6\nexit\ncallee:\nr6 = 100\n*(u64 *)(r10 - 8) = 1000\nr0 = 30\nexit")).toBe(42n);
	});
});

describe("stepping", () => {
	it("shows registers before each instruction", () => {
		const program = bound("r0 = 1\nr0 += 2\nexit");
		const execution = startExecution(program, 0, 0);
		execution.step();
		expect([execution.pc, execution.registers[0]]).toEqual([1, 1n]);
		execution.step();
		expect([execution.pc, execution.registers[0], execution.finished]).toEqual([2, 3n, false]);
		execution.step();
		expect(execution.finished).toBe(true);
	});

	it("reports accesses to watchers", () => {
		const seen: number[] = [];
		const program = bound("*(u32 *)(r10 - 4) = 9\nr0 = *(u32 *)(r10 - 4)\nexit");
		expect(startExecution(program, 0, 0, { onAccess: ({ address, write }) => seen.push(write ? address : -address) }).run()).toBe(9n);
		expect(seen).toHaveLength(2);
		expect(seen[0]).toBe(-seen[1]);
	});
});

describe("recorded programs", () => {
	it.each(["isa", "conformance"])("of %s give the recorded results", (suite) => {
		const file = shared(`verify/${suite}.jsonl`);
		if (file === null) return;
		const engine = createInterpreter({ budget: 20_000_000 });
		const wrong: string[] = [];
		let compared = 0;
		for (const [i, line] of readFileSync(file, "utf8").split("\n").entries()) {
			// A third of the instruction tests; all of them run by `npm run cases`.
			if (line === "" || (suite === "isa" && i % 3 !== 0)) continue;
			const one = JSON.parse(line) as Parameters<typeof runCase>[0];
			if (one.kind !== "ebpf" && one.kind !== "run") continue;
			const wanted = suite === "isa" ? one.tests?.map((test) => BigInt(test.result ?? 0)) : one.result === undefined ? undefined : [BigInt(one.result)];
			if (wanted === undefined || one.flags?.expected_fail === true) continue;
			const outcome = runCase(one, engine, dirname(file), null);
			if (outcome === null) continue;
			const got = [outcome.retval ?? []].flat().map(BigInt);
			compared++;
			const bits = suite === "isa" ? 32 : 64;
			if (got.length !== wanted.length || got.some((value, k) => BigInt.asUintN(bits, value) !== BigInt.asUintN(bits, wanted[k]))) wrong.push(`${one.id}: ${outcome.msg ?? got.join()}`);
		}
		expect(wrong).toEqual([]);
		expect(compared).toBeGreaterThan(150);
	});
});
