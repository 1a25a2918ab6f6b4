/**
 * Random programs around accesses through computed indices, most of which a verifier must refuse: r1 points to a map value of 64 bytes whose
 * bytes are unknown. What it accepts of them is what its ranges claim is safe.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { generator, randomProgram } from "./random-program.ts";

const OPS = [0x04, 0x07, 0x14, 0x17, 0x24, 0x27, 0x34, 0x37, 0x44, 0x47, 0x54, 0x57, 0x64, 0x67, 0x74, 0x77, 0x94, 0x97, 0xa4, 0xa7, 0xc4, 0xc7, 0x84, 0x87];
const REG_OPS = [0x0c, 0x0f, 0x1c, 0x1f, 0x2c, 0x2f, 0x3c, 0x3f, 0x4c, 0x4f, 0x5c, 0x5f, 0x6c, 0x6f, 0x7c, 0x7f, 0x9c, 0x9f, 0xac, 0xaf, 0xcc, 0xcf, 0xbc, 0xbf];
const JUMPS = [0x15, 0x25, 0x35, 0x45, 0x55, 0x65, 0x75, 0xa5, 0xb5, 0xc5, 0xd5, 0x16, 0x26, 0x36, 0x46, 0x56, 0x66, 0x76, 0xa6, 0xb6, 0xc6, 0xd6];
const SMALL = [0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 48, 56, 60, 63, 64, -1, -8, 127, 255];
const LOADS = [0x71, 0x69, 0x61, 0x79, 0x91, 0x89, 0x81];
const STORES = [0x73, 0x6b, 0x63, 0x7b];

/** Slots 0 and 1 load the map value's address into r1. */
export function randomAccesses(seed: number): Insn[] {
	const random = generator(seed * 7 + 3);
	const pick = <T>(list: readonly T[]): T => list[random(list.length)];
	const out: Insn[] = [];
	const emit = (opcode: number, dst: number, src: number, off: number, imm: number): void => void out.push({ opcode, dst, src, off, imm });
	emit(0x18, 1, 2, 0, 0);
	emit(0, 0, 0, 0, 0);
	for (let n = 1 + random(3); n > 0; n--) snippet();
	return [...out, ...randomProgram(seed)];

	function snippet(): void {
		const jumps: number[] = [];
		for (const r of [2, 5]) emit(pick(LOADS), r, 1, random(7) * 8, 0);
		for (let n = 1 + random(6); n > 0; n--) {
			const r = pick([2, 5]);
			const kind = random(8);
			if (kind < 3) {
				const op = pick(OPS);
				const shift = (op & 0xf0) === 0x60 || (op & 0xf0) === 0x70 || (op & 0xf0) === 0xc0;
				const negate = (op & 0xf0) === 0x80;
				const divide = (op & 0xf0) === 0x30 || (op & 0xf0) === 0x90;
				emit(op, r, 0, divide && random(4) === 0 ? 1 : 0, negate ? 0 : shift ? random((op & 7) === 7 ? 64 : 32) : pick(SMALL) || 1);
			} else if (kind === 3) emit(pick(REG_OPS), r, r === 2 ? 5 : 2, 0, 0);
			else {
				const register = random(4) === 0;
				jumps.push(out.length);
				emit(pick(JUMPS) | (register ? 8 : 0), r, register ? 7 - r : 0, 0, register ? 0 : pick(SMALL));
			}
		}
		emit(0xbf, 3, 1, 0, 0);
		emit(random(4) === 0 ? 0x1f : 0x0f, 3, 2, 0, 0);
		if (random(3) === 0) {
			emit(0x57, 5, 0, 0, pick([1, 3, 7, 15]));
			emit(0x0f, 3, 5, 0, 0);
		}
		const off = random(3) === 0 ? pick(SMALL) : 0;
		if (random(2) === 0) emit(pick(LOADS), 4, 3, off, 0);
		else emit(pick(STORES), 3, 5, off, 0);
		for (const at of jumps) out[at] = { ...out[at], off: out.length - at - 1 };
	}
}
