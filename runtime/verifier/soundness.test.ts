/**
 * Soundness: whatever the verifier accepts stays, in every concrete run, inside what it claimed: each register within its range, pointers in
 * 32 bits, loads and stores within the map's value or the stack, nothing at an instruction that was said never to run.
 *
 * `VERIFIER_RANDOM=50000 npx vitest run soundness` for CI, millions for a night; `VERIFIER_SEED` is the first seed.
 */
import { describe, expect, it } from "vitest";
import { bareImage } from "../../test/support/image.ts";
import { randomAccesses } from "../../test/support/random-access.ts";
import { VALUE, randomBounded } from "../../test/support/random-bounded.ts";
import { generator } from "../../test/support/random-program.ts";
import { bindProgram, createMaps } from "../bind.ts";
import type { MapDef, ProgramImage } from "../image.ts";
import { createInterpreter } from "../interpreter.ts";
import { Machine } from "../machine.ts";
import { layout } from "../memory.ts";
import type { Facts, ScalarRange } from "./facts.ts";
import { verify } from "./index.ts";

const programs = Number(process.env.VERIFIER_RANDOM ?? 3000);
const first = Number(process.env.VERIFIER_SEED ?? 1);
const REGS = 11;
/** Runs of each accepted program. */
const RUNS = 4;
/** One program in so many is of the older, wilder kind: loops, calls, atomics, mostly refused. */
const WILD = 12;

const def: MapDef = { name: "values", type: 2, keySize: 4, valueSize: VALUE, maxEntries: 1, flags: 0, extra: 0n, keyTypeId: 0, valueTypeId: 0, btf: null, inner: null, initial: null, frozen: false, pinning: 0, slots: [] };
const SIZES: Readonly<Record<number, number>> = { 0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8 };
const EDGES = [0, 0, 0, 1, 2, 0x3f, 0x40, 0x7f, 0x80, 0xff, 0xff];

describe("accepted programs", () => {
	it(`${programs} random ones stay within what was proved`, () => {
		const machine = new Machine();
		const maps = createMaps(machine, { maps: [def] });
		if (typeof maps === "string") throw new Error(maps);
		let accepted = 0;
		let steps = 0;
		/** What the program that runs now may do at each slot. */
		let checks: readonly Check[] = [];
		let seed = first;
		let base = 0;
		const watching = createInterpreter({
			checked: true,
			onStep: ({ pc, registers }) => {
				steps++;
				if (pc === 2) base = Number(registers[1]);
				const wrong = outside(checks[pc], registers, base);
				if (wrong !== null) throw new Error(`seed ${seed}, instruction ${pc}: ${wrong}`);
			},
		});
		for (; seed < first + programs; seed++) {
			const image = bareImage("random", seed % WILD === 0 ? randomAccesses(seed) : randomBounded(seed), { maps: [def] });
			const verdict = verify(image, { facts: "ranges" });
			if (verdict.verdict === "unsupported") throw new Error(`seed ${seed}: ${verdict.log}`);
			if (verdict.verdict !== "accept") continue;
			accepted++;
			checks = checksOf(image, verdict.facts);
			const { entry } = bindProgram(machine, image, maps, null, watching);
			if (base === 0) entry(0, 0);
			for (let run = 0; run < RUNS; run++) {
				const random = generator(seed * RUNS + run);
				// Few distinct bytes, and whole words of one, reach the edges of ranges more often.
				for (let i = 0; i < VALUE; i += 8) {
					const fill = EDGES[random(EDGES.length)];
					for (let k = 0; k < 8; k++) machine.memory.u8[base + i + k] = run === 0 ? random(256) : random(3) === 0 ? EDGES[random(EDGES.length)] : fill;
				}
				entry(0, 0);
			}
		}
		machine.close();
		if (process.env.VERIFIER_RANDOM !== undefined) console.log(`${programs} programs from seed ${first}: ${accepted} accepted, ${steps} steps`);
		expect(accepted).toBeGreaterThan(programs / 3);
		expect(steps).toBeGreaterThan(accepted * 20);
	}, 3_600_000);
});

/** What must hold before a slot, without what holds anyway. */
interface Check {
	readonly reached: boolean;
	readonly ranges: readonly { readonly register: number; readonly range: ScalarRange }[];
	readonly pointers: readonly number[];
	/** Register that a load or store goes through, or −1. */
	readonly through: number;
	readonly off: number;
	readonly size: number;
}

function checksOf(image: ProgramImage, facts: Facts): Check[] {
	return image.insns.map(({ opcode, dst, src, off }, pc) => {
		const cls = opcode & 7;
		const registers = Array.from({ length: REGS }, (_, r) => r);
		return {
			reached: facts.reached[pc] !== 0,
			ranges: registers.flatMap((register) => {
				const range = facts.ranges[pc * REGS + register];
				return range === undefined || (range.umin === 0n && range.umax === (1n << 64n) - 1n && range.smin === -(1n << 63n) && range.smax === (1n << 63n) - 1n) ? [] : [{ register, range }];
			}),
			pointers: registers.filter((r) => (facts.pointers[pc] & (1 << r)) !== 0),
			through: cls < 1 || cls > 3 ? -1 : cls === 1 ? src : dst,
			off,
			size: SIZES[opcode & 0x18],
		};
	});
}

function outside({ reached, ranges, pointers, through, off, size }: Check, registers: BigUint64Array, base: number): string | null {
	if (!reached) return "was said never to run";
	for (const { register, range } of ranges) {
		const value = registers[register];
		const signed = BigInt.asIntN(64, value);
		if (value < range.umin || value > range.umax || signed < range.smin || signed > range.smax) return `r${register} is ${value}, outside [${range.umin}, ${range.umax}], [${range.smin}, ${range.smax}]`;
	}
	for (const r of pointers) if (registers[r] > 0xffffffffn) return `r${r} is ${registers[r]}, which is no pointer`;
	if (through < 0) return null;
	const address = Number(registers[through]) + off;
	const end = address + size;
	if (address >= base && end <= base + VALUE) return null;
	return address >= layout.stackBase && end <= layout.stackTop ? null : `accesses ${address} to ${end}, outside value and stack`;
}
