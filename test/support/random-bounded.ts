/**
 * Random programs that a good verifier mostly accepts: numbers from a map value go through arithmetic and branches, are bounded in one of many
 * ways, and become the index of an access to the 64 bytes of the value or of the stack. A fault in the verifier's arithmetic lets an access
 * through that leaves them, or claims a range that a register leaves.
 *
 * In: a seed; out: instructions. Slots 0 and 1 load the value's address into r1, which stays in r6.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { generator } from "./random-program.ts";

export const VALUE = 64;
const ALU = [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xc0];
const JUMPS = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0];
const CONSTANTS = [0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 48, 56, 63, 64, 65, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x7fffffff, -1, -2, -8, -64, -128, -0x80000000];
const LOADS = [0x71, 0x69, 0x61, 0x79, 0x91, 0x89, 0x81];
const SIZES: Readonly<Record<number, number>> = { 0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8 };
/** Numbers live here; r0 takes results, r4 the pointer of an access. */
const NUMBERS = [2, 3, 5, 7, 8, 9];

export function randomBounded(seed: number): Insn[] {
	const random = generator(seed * 5 + 1);
	const pick = <T>(list: readonly T[]): T => list[random(list.length)];
	const constant = (): number => (random(8) === 0 ? (random(0x10000) * 0x10000 + random(0x10000)) | 0 : pick(CONSTANTS));
	const out: Insn[] = [];
	const emit = (opcode: number, dst: number, src: number, off: number, imm: number): number => out.push({ opcode, dst, src, off, imm }) - 1;
	/** Jumps to the end of the access, and to the end of the program. */
	let skips: number[] = [];
	const land = (jumps: readonly number[]): void => {
		for (const at of jumps) out[at] = { ...out[at], off: out.length - at - 1 };
	};

	const arithmetic = (r: number): void => {
		const cls = random(2) === 0 ? 4 : 7;
		const other = pick(NUMBERS);
		switch (random(12)) {
			case 0: return void emit(0x80 | cls, r, 0, 0, 0);
			case 1: return void emit(0xd4 | (random(2) << 3), r, 0, 0, pick([16, 32, 64]));
			case 2: return void emit(0xb8 | cls, r, other, cls === 7 ? pick([0, 8, 16, 32]) : pick([0, 8, 16]), 0);
			case 3: return void emit(0xd7, r, 0, 0, pick([16, 32, 64]));
			case 4: {
				// Spilled and filled, whole or in part.
				const slot = -8 * (1 + random(4));
				emit(0x7b, 10, r, slot, 0);
				const narrow = random(3);
				return void emit(narrow === 0 ? 0x61 : narrow === 1 ? pick(LOADS) : 0x79, pick(NUMBERS), 10, slot, 0);
			}
			case 5: case 6: case 7: return void emit(pick(ALU) | 8 | cls, r, other, 0, 0);
			default: {
				const op = pick(ALU);
				const shift = op === 0x60 || op === 0x70 || op === 0xc0;
				return void emit(op | cls, r, 0, (op === 0x30 || op === 0x90) && random(4) === 0 ? 1 : 0, shift ? random(cls === 7 ? 64 : 32) : op === 0x30 || op === 0x90 ? constant() || 3 : constant());
			}
		}
	};
	const branch = (r: number): number => {
		const register = random(3) === 0;
		return emit((random(2) === 0 ? 5 : 6) | pick(JUMPS) | (register ? 8 : 0), r, register ? pick(NUMBERS) : 0, 0, register ? 0 : constant());
	};
	/** r is at most `most` afterwards, one way or another; now and then not. */
	const bound = (r: number, most: number): void => {
		const off = random(12) === 0 ? 1 : 0;
		const limit = most + off;
		const mask = 2 ** Math.floor(Math.log2(most + 1)) - 1;
		switch (random(9)) {
			case 0: return void emit(0x57, r, 0, 0, mask);
			case 1: return void emit(0x54, r, 0, 0, mask);
			case 2: return void skips.push(emit(0x25, r, 0, 0, limit));
			case 3: return void skips.push(emit(0x65, r, 0, 0, limit), emit(0xc5, r, 0, 0, 0));
			case 4: {
				emit(0xbc, r, r, 0, 0);
				return void skips.push(emit(0x26, r, 0, 0, limit));
			}
			case 5: return void skips.push(emit(0x45, r, 0, 0, ~mask), emit(0x25, r, 0, 0, limit));
			case 6: return void emit(0x77, r, 0, 0, 64 - Math.floor(Math.log2(mask + 1)));
			case 7: {
				emit(0xbc, r, r, 0, 0);
				return void skips.push(emit(0x66, r, 0, 0, limit), emit(0xc6, r, 0, 0, 0));
			}
			default: return void skips.push(emit(0x55, r, 0, 0, random(most + 1)));
		}
	};

	emit(0x18, 1, 2, 0, 0);
	emit(0, 0, 0, 0, 0);
	emit(0xbf, 6, 1, 0, 0);
	for (let off = -VALUE; off < 0; off += 8) emit(0x7a, 10, 0, off, constant());
	for (const r of NUMBERS) emit(random(3) === 0 ? 0x79 : pick(LOADS), r, 6, random(7) * 8, 0);
	for (let n = 1 + random(3); n > 0; n--) {
		const inner: number[] = [];
		for (let k = 2 + random(7); k > 0; k--) {
			const r = pick(NUMBERS);
			if (random(4) === 0) inner.push(branch(r));
			else arithmetic(r);
			if (inner.length > 0 && random(3) === 0) land(inner.splice(0, 1));
		}
		land(inner);
		const opcode = random(3) === 0 ? pick([0x73, 0x6b, 0x63, 0x7b]) : pick(LOADS);
		const size = SIZES[opcode & 0x18];
		const index = pick(NUMBERS);
		const scale = random(3);
		const slack = random(3) === 0 ? random(8) : 0;
		skips = [];
		bound(index, Math.floor((VALUE - size - slack) / 2 ** scale));
		if (scale > 0) emit(random(2) === 0 ? 0x67 : 0x64, index, 0, 0, scale);
		// What follows a bound may show that it was not one.
		if (slack > 0 && random(2) === 0) emit(random(2) === 0 ? 0x07 : 0x04, index, 0, 0, slack);
		const stack = random(3) === 0;
		emit(0xbf, 4, stack ? 10 : 6, 0, 0);
		emit(0x0f, 4, index, 0, 0);
		const base = stack ? -VALUE : 0;
		if ((opcode & 7) === 3) emit(opcode, 4, pick(NUMBERS), base, 0);
		else emit(opcode, pick(NUMBERS), 4, base, 0);
		land(skips);
	}
	emit(0xb7, 0, 0, 0, 0);
	for (const r of NUMBERS) emit(0xaf, 0, r, 0, 0);
	emit(0x95, 0, 0, 0, 0);
	return out;
}
