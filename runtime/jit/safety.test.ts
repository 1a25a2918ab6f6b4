/**
 * What no program may do, whatever became of it after the verifier: touch memory outside its regions. Verified programs are damaged, one field of one instruction, and run on
 * every engine between guard regions. Also what engines refuse, and limits that they share.
 */
import { describe, expect, it } from "vitest";
import { verify } from "../verifier/index.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import { bareImage } from "../../test/support/image.ts";
import { randomAccesses } from "../../test/support/random-access.ts";
import { generator } from "../../test/support/random-program.ts";
import { bindProgram, createMaps } from "../bind.ts";
import { ProgramFault } from "../fault.ts";
import type { MapDef } from "../image.ts";
import { createInterpreter } from "../interpreter.ts";
import { invoke, runState } from "../invoke.ts";
import { Machine } from "../machine.ts";
import { exchange, layout } from "../memory.ts";
import type { Engine } from "../program.ts";
import type { Facts } from "../verifier/index.ts";
import { createJsEngine } from "./js.ts";
import { MAY_GOTO_LIMIT } from "../limits.ts";
import { tiered } from "../tiers.ts";
import { createWasmEngine } from "./wasm.ts";

const mutants = Number(process.env.JIT_MUTANTS ?? 30);
const BUDGET = 20_000;
const engines: readonly Engine[] = [createInterpreter({ budget: BUDGET }), createJsEngine({ fuel: BUDGET }), createWasmEngine({ fuel: BUDGET }), tiered(createInterpreter({ budget: BUDGET }), createWasmEngine({ fuel: BUDGET }))];

const insn = (opcode: number, dst: number, src: number, off: number, imm: number): Insn => ({ opcode, dst, src, off, imm });
const EXIT = insn(0x95, 0, 0, 0, 0);
const def: MapDef = { name: "values", type: 2, keySize: 4, valueSize: 64, maxEntries: 1, flags: 0, extra: 0n, keyTypeId: 0, valueTypeId: 0, btf: null, inner: null, initial: null, frozen: false, pinning: 0, slots: [] };
const SHADE = 0xa5;
const shade = Buffer.alloc(0x20000, SHADE);

/** Everything outside the regions, but for the engines' own exchange area. */
function gaps(machine: Machine): [number, number][] {
	const taken = [...machine.memory.regions.map((r): [number, number] => [r.start, r.start + r.size]), [layout.exchange, layout.exchange + 0x1000] as [number, number]].sort((a, b) => a[0] - b[0]);
	const free: [number, number][] = [];
	let end = 0;
	for (const [from, to] of taken) {
		if (from > end) free.push([end, from]);
		end = Math.max(end, to);
	}
	return [...free, [end, machine.memory.size]];
}

/** One field of one instruction changed; calls stay as they are: what helpers do with pointers is not the engines'. */
function damaged(insns: readonly Insn[], seed: number): Insn[] {
	const random = generator(seed);
	const out = insns.map((one) => ({ ...one }));
	for (;;) {
		const at = random(out.length);
		const one = out[at];
		if ((one.opcode & 0xf7) === 0x85 || one.opcode === 0x18 || out[at - 1]?.opcode === 0x18) continue;
		const changed = { ...one };
		const kind = random(5);
		if (kind === 0) changed.imm = random(2) === 0 ? one.imm ^ (1 << random(32)) : (random(0x10000) << 16) | random(0x10000);
		else if (kind === 1) changed.off = random(0x10000) - 0x8000;
		else if (kind === 2) changed.dst = random(11);
		else if (kind === 3) changed.src = random(11);
		else changed.opcode = random(256);
		if ((changed.opcode & 0xf7) === 0x85) continue;
		out[at] = changed;
		return out;
	}
}

describe("a program that was changed after its verification", () => {
	it(`${mutants} of them leave all memory outside their regions as it was, on every engine`, { timeout: 60_000 + mutants * 300 }, () => {
		let ran = 0;
		let faulted = 0;
		for (let seed = 1, accepted = 0; accepted < mutants; seed++) {
			const insns = randomAccesses(seed);
			const verdict = verify(bareImage("random", insns, { maps: [def] }), { facts: true });
			if (verdict.verdict !== "accept") continue;
			accepted++;
			const image = bareImage("changed", damaged(insns, seed), { maps: [def] });
			for (const engine of engines) {
				const machine = new Machine({ memory: { initial: 0x20000, maximum: 0x20000 } });
				const maps = createMaps(machine, image);
				if (typeof maps === "string") throw new Error(maps);
				const { u8 } = machine.memory;
				for (const [from, to] of gaps(machine)) u8.fill(SHADE, from, to);
				try {
					const program = bindProgram(machine, image, maps, verdict.facts, engine);
					invoke(program, 0, 0, runState(program, 0));
					ran++;
				} catch (thrown) {
					// What cannot be prepared, or faults, says so; anything else is a fault of ours.
					if (!(thrown instanceof ProgramFault)) throw thrown;
					faulted++;
				}
				for (const [from, to] of gaps(machine)) if (!shade.subarray(0, to - from).equals(Buffer.from(u8.buffer, from, to - from))) throw new Error(`seed ${seed} on ${engine.name} wrote between 0x${from.toString(16)} and 0x${to.toString(16)}`);
				machine.close();
			}
		}
		expect(ran).toBeGreaterThan(mutants / 4);
		expect(faulted).toBeGreaterThan(mutants / 4);
	});
});

describe.each(engines.map((engine): [string, Engine] => [engine.name, engine]))("%s", (_, engine) => {
	const run = (insns: readonly Insn[], facts: Facts | null = null, machine = new Machine()): bigint => {
		const program = bindProgram(machine, bareImage("test", insns), [], facts, engine);
		return invoke(program, 0, 0, runState(program, 0));
	};

	it.each([
		["an opcode that does not exist", [insn(0xb7, 0, 0, 0, 0), insn(0xef, 0, 0, 0, 0), EXIT], /opcode/],
		["a jump out of the program", [insn(0xb7, 0, 0, 0, 0), insn(0x05, 0, 0, 7, 0), EXIT], /slot 9/],
		["a jump into an ld_imm64", [insn(0xb7, 0, 0, 0, 0), insn(0x05, 0, 0, 1, 0), insn(0x18, 1, 0, 0, 1), insn(0, 0, 0, 0, 0), EXIT], /middle/],
		["half an ld_imm64", [insn(0xb7, 0, 0, 0, 0), insn(0x18, 1, 0, 0, 1)], /second half/],
		["a program without an end", [insn(0xb7, 0, 0, 0, 0)], /past the end/],
		["a register that does not exist", [insn(0xbf, 0, 12, 0, 0), EXIT], /r12/],
		["a program that is empty", [], /no instructions/],
	])("refuses %s by name", (_name, insns, why) => {
		expect(() => run(insns)).toThrow(ProgramFault);
		expect(() => run(insns)).toThrow(why);
	});

	it("stops an endless loop", () => {
		expect(() => run([insn(0xb7, 0, 0, 0, 0), insn(0x07, 0, 0, 0, 1), insn(0x05, 0, 0, -2, 0)])).toThrow(/budget/);
	});

	it("returns 0 from a function whose packet load fails, as the kernel does", () => {
		// r0 = f() + 7; f: r6 = r1, r0 = skb[5000], r0 += 3
		expect(run([insn(0xbf, 6, 1, 0, 0), insn(0x85, 0, 1, 0, 2), insn(0x07, 0, 0, 0, 7), EXIT, insn(0xbf, 6, 1, 0, 0), insn(0x30, 0, 0, 0, 5000), insn(0x07, 0, 0, 0, 3), EXIT])).toBe(7n);
	});

	it("gives each run of a function its own budget for may_goto", () => {
		// f counts in r0 until may_goto ends it; r0 = f() + f()
		const f = [insn(0xb7, 0, 0, 0, 0), insn(0xe5, 0, 0, 2, 0), insn(0x07, 0, 0, 0, 1), insn(0x05, 0, 0, -3, 0), EXIT];
		const main = [insn(0x85, 0, 1, 0, 4), insn(0xbf, 6, 0, 0, 0), insn(0x85, 0, 1, 0, 2), insn(0x0f, 0, 6, 0, 0), EXIT];
		// Twelve million steps: too slow for the interpreter here, whose limit and rule are the same.
		if (engine.name === "interpreter") return expect(MAY_GOTO_LIMIT).toBe(0x200000);
		const unbounded = engine.name === "js" ? createJsEngine({ fuel: null }) : createWasmEngine({ fuel: null });
		const program = bindProgram(new Machine(), bareImage("test", [...main, ...f]), [], null, unbounded);
		expect(invoke(program, 0, 0, runState(program, 0))).toBe(2n * BigInt(MAY_GOTO_LIMIT));
	});

	it("forgets a region that a helper takes away", () => {
		const machine = new Machine();
		const at = machine.memory.alloc(64, 8, "loan");
		machine.helpers.set(200, { wide: 0, result: "unsigned", run: (m) => (m.memory.free(at), 0) });
		// r6 = at; r0 = *r6 (fine); call; r0 = *r6 (a fault)
		const insns = [insn(0x18, 6, 0, 0, at), insn(0, 0, 0, 0, 0), insn(0x79, 0, 6, 0, 0), insn(0x85, 0, 0, 0, 200), insn(0x79, 0, 6, 0, 0), EXIT];
		expect(run(insns.filter((one) => one.opcode !== 0x85), null, machine)).toBe(0n);
		expect(() => run(insns, null, machine)).toThrow(/instruction 4.*outside every region|outside every region.*instruction 4/);
	});

	it("checks r1's region at each run, and faults in the right place where it is too small", () => {
		const machine = new Machine();
		const large = machine.memory.alloc(64, 8, "large");
		const frozen = machine.memory.alloc(64, 8, "frozen", false);
		const small = machine.memory.alloc(16, 8, "small");
		const insns = [insn(0x7a, 1, 0, 0, 5), insn(0x79, 0, 1, 40, 0), insn(0x15, 0, 0, 1, 0), EXIT, insn(0x79, 0, 1, 0, 0), EXIT];
		const program = bindProgram(machine, bareImage("test", insns), [], null, engine);
		const call = (r1: number): bigint => invoke(program, r1, 0, runState(program, r1));
		for (let i = 0; i < 2; i++) {
			expect(call(large)).toBe(5n);
			expect(() => call(small)).toThrow(/instruction 1/);
			expect(() => call(frozen)).toThrow(/instruction 0/);
			expect(() => call(exchange.args)).toThrow(/instruction 0/);
		}
		machine.memory.free(large);
		expect(() => call(large)).toThrow(/instruction 0/);
	});
});
