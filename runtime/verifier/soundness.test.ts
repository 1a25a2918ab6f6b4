/**
 * Soundness: whatever the verifier accepts stays, in every concrete run, inside what it claimed: each register within its range, pointers in
 * 32 bits, loads and stores within the map's value or the stack. `VERIFIER_RANDOM=1000000 npx vitest run soundness` for a night.
 */
import { describe, expect, it } from "vitest";
import { bareImage } from "../../test/support/image.ts";
import { randomAccesses } from "../../test/support/random-access.ts";
import { generator } from "../../test/support/random-program.ts";
import { bindProgram, createMaps } from "../bind.ts";
import type { MapDef } from "../image.ts";
import { createInterpreter } from "../interpreter.ts";
import { Machine } from "../machine.ts";
import { layout } from "../memory.ts";
import type { Facts } from "./facts.ts";
import { verify } from "./index.ts";

const programs = Number(process.env.VERIFIER_RANDOM ?? 1000);
const first = Number(process.env.VERIFIER_SEED ?? 1);
const REGS = 11;
const VALUE = 64;

const def: MapDef = { name: "values", type: 2, keySize: 4, valueSize: VALUE, maxEntries: 1, flags: 0, extra: 0n, keyTypeId: 0, valueTypeId: 0, btf: null, inner: null, initial: null, frozen: false, pinning: 0, slots: [] };
const SIZES: Readonly<Record<number, number>> = { 0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8 };

describe("accepted programs", () => {
	it(`${programs} random ones stay within what was proved`, () => {
		const machine = new Machine();
		const maps = createMaps(machine, { maps: [def] });
		if (typeof maps === "string") throw new Error(maps);
		let accepted = 0;
		let steps = 0;
		for (let seed = first; seed < first + programs; seed++) {
			const image = bareImage("random", randomAccesses(seed), { maps: [def] });
			const verdict = verify(image, { facts: true });
			expect(verdict.verdict, `seed ${seed}: ${verdict.log}`).not.toBe("unsupported");
			if (verdict.verdict !== "accept") continue;
			accepted++;
			const { facts } = verdict;
			let base = 0;
			const watching = createInterpreter({
				checked: true,
				onStep: ({ pc, registers }) => {
					steps++;
					if (pc === 2) base = Number(registers[1]);
					const wrong = outside(facts, image.insns[pc].opcode, pc, registers, base, image.insns[pc]);
					if (wrong !== null) throw new Error(`seed ${seed}, instruction ${pc}: ${wrong}`);
				},
			});
			const { entry } = bindProgram(machine, image, maps, null, watching);
			for (let run = 0; run < 3; run++) {
				const random = generator(seed * 3 + run);
				if (base === 0) entry(0, 0);
				// Few distinct bytes reach the edges of ranges more often.
				for (let i = 0; i < VALUE; i++) machine.memory.u8[base + i] = run === 0 ? [0, 1, 0x7f, 0x80, 0xff][random(5)] : random(run === 1 ? 256 : 9);
				entry(0, 0);
			}
		}
		machine.close();
		expect(accepted).toBeGreaterThan(programs / 20);
		expect(steps).toBeGreaterThan(0);
	}, 600_000);
});

function outside(facts: Facts, opcode: number, pc: number, registers: BigUint64Array, base: number, insn: { readonly dst: number; readonly src: number; readonly off: number }): string | null {
	if (facts.reached[pc] === 0) return "was said never to run";
	for (let r = 0; r < REGS; r++) {
		const value = registers[r];
		const range = facts.ranges[pc * REGS + r];
		if (range !== undefined) {
			const signed = BigInt.asIntN(64, value);
			if (value < range.umin || value > range.umax || signed < range.smin || signed > range.smax) return `r${r} is ${value}, outside [${range.umin}, ${range.umax}], [${range.smin}, ${range.smax}]`;
		}
		if ((facts.pointers[pc] & (1 << r)) !== 0 && value >> 32n !== 0n) return `r${r} is ${value}, which is no pointer`;
	}
	const cls = opcode & 7;
	if (cls < 1 || cls > 3) return null;
	const address = Number(registers[cls === 1 ? insn.src : insn.dst]) + insn.off;
	const end = address + SIZES[opcode & 0x18];
	if (address >= base && end <= base + VALUE) return null;
	return address >= layout.stackBase && end <= layout.stackTop ? null : `accesses ${address} to ${end}, outside value and stack`;
}
