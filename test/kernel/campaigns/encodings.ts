/**
 * Every opcode with every value of its fields: registers beyond the last one, offsets and immediates that must be zero, sources of wide loads that nobody
 * has defined, halves of wide loads. A program has one to three such instructions among registers that hold something of each kind.
 *
 * r0 1, r1 and r6 the context, r2 4, r3 and r7 a place in the frame, r4 and r8 a map's value, r5 and r9 an unknown number.
 */
import { type Hook, SLEEPABLE, hook } from "../hooks.ts";
import type { Question } from "../judge.ts";
import { MAPS } from "../maps.ts";
import { type Writer, writer } from "../writer.ts";
import { type Campaign, type Random, caseOf, pick } from "./campaign.ts";

const REGISTERS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 11, 12, 15];
const OFFSETS = [0, 0, 0, 0, 1, -1, 2, 8, -8, 16, 32, 64, -3, 0x7fff, -0x8000];
const IMMEDIATES = [0, 0, 0, 1, -1, 2, 7, 8, 12, 16, 31, 32, 63, 64, 0x40, 0x50, 0xa0, 0xa1, 0xe1, 0xf1, 0x100, 0x110, 0x111, 0x7fffffff, -0x80000000, 181, 211, 212];
const HOOKS: readonly Hook[] = [hook(1), hook(1), hook(3), hook(6), hook(5), hook(31, 0, SLEEPABLE)];
const MAP_COUNT = 3;
const RANDOM_NUMBER = 7;
const LD_IMM64 = 0x18;

export const encodings: Campaign = {
	summary: "every opcode with every value of its fields",
	ask: ({ random }) => ({ questions: questions(random) }),
};

function* questions(random: Random): Generator<Question> {
	for (let n = 0; ; n++) {
		const at = pick(HOOKS, random);
		const w = writer();
		prologue(w);
		const what: string[] = [];
		for (let left = 1 + random(8) * random(2) % 3; left > 0; left--) what.push(instruction(w, n, random));
		for (let i = 0; i < 4; i++) w.set(0, 0);
		if (random(20) !== 0) w.exit();
		yield { one: caseOf(`${n}`, at, w, { maps: MAPS.slice(0, MAP_COUNT) }), what: `${at.name} ${what.join(", ")}` };
	}
}

function prologue(w: Writer): void {
	w.mov(6, 1);
	w.stack(7, -32);
	for (const off of [-8, -16, -24, -32]) w.storeImm(8, 10, off, 0);
	w.call(RANDOM_NUMBER);
	w.mov(9, 0);
	w.wide(8, 2, 1, 8);
	for (const [dst, src] of [[1, 6], [3, 7], [4, 8], [5, 9]]) w.mov(dst, src);
	w.set(2, 4);
	w.set(0, 1);
}

/** The opcode goes through all 256; every other instruction has at most one field that its form does not use. */
function instruction(w: Writer, n: number, random: Random): string {
	const opcode = random(3) ? random(256) : n % 256;
	let dst = pick(REGISTERS, random);
	let src = random(2) ? 0 : pick(REGISTERS, random);
	let off = random(2) ? 0 : pick(OFFSETS, random);
	let imm = random(3) === 0 ? random(4) : pick(IMMEDIATES, random);
	if (random(2)) {
		const arithmetic = (opcode & 7) === 4 || (opcode & 7) === 7;
		const memory = (opcode & 7) < 4;
		const one = random(5);
		if (one !== 0) dst = pick(memory ? [3, 4, 7, 8, 10, 1] : [2, 5, 9, 2, 5, 4], random);
		if (one !== 1 && ((opcode & 7) === 2 || (!memory && (opcode & 8) === 0))) src = 0;
		else if (one !== 1) src = pick((opcode & 7) === 1 ? [3, 4, 7, 8, 10, 1] : [2, 5, 9], random);
		if (one !== 2) off = arithmetic ? pick([0, 0, 0, 8, 16, 32, 1], random) : memory ? pick(dst === 10 || src === 10 ? [-8, -16, -4] : [0, 8, 4], random) : random(3);
		if (one !== 3 && !memory && (opcode & 8) !== 0) imm = 0;
	}
	w.emit(opcode, dst, src, off, imm);
	const text = `${opcode.toString(16)} dst ${dst} src ${src} off ${off} imm ${imm}`;
	if (opcode !== LD_IMM64 || random(8) === 0) return text;
	const second = random(3) ? [0, 0, 0, 0] : [random(2), random(2), random(2), random(2)];
	const high = random(3) ? 0 : pick(IMMEDIATES, random);
	w.emit(second[0], second[1], second[2], second[3], high);
	return `${text} | ${second.join(" ")} ${high}`;
}
