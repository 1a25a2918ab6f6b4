/**
 * Random programs that every engine must agree on: all arithmetic in both widths, byte swaps, comparisons, forward branches, bounded
 * loops, loads, stores and atomics of all sizes on the stack and in 64 bytes that r1 points to, subprogram calls.
 * They terminate, read nothing that was not written, and end by mixing every register into r0.
 */
import type { Insn } from "../../assembler/spec/insn.ts";

const ALU = [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0];
const JUMPS = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0];
const ATOMICS = [0x00, 0x01, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1];
const CONSTANTS = [0, 1, -1, 2, 7, 8, 31, 32, 33, 63, 64, 255, 256, 65535, 65536, 0x7fffffff, -0x80000000, -2, 1000003];
const SIZES = [0x10, 0x08, 0x00, 0x18];
const BYTES: Readonly<Record<number, number>> = { 0x10: 1, 0x08: 2, 0x00: 4, 0x18: 8 };
/** r6 holds the memory's address, r9 counts loops. */
const FREE = [0, 1, 2, 3, 4, 5, 7, 8];

export function randomProgram(seed: number): Insn[] {
	const random = generator(seed);
	const pick = <T>(list: readonly T[]): T => list[random(list.length)];
	const constant = (): number => (random(3) === 0 ? (random(0x10000) * 0x10000 + random(0x10000)) | 0 : pick(CONSTANTS));
	const out: Insn[] = [];
	const emit = (opcode: number, dst: number, src: number, off: number, imm: number): number => out.push({ opcode, dst, src, off, imm });
	/** Stack slots with one size each invite promotion; odd accesses to the others prevent it. */
	const slotSizes = Array.from({ length: 8 }, () => pick(SIZES));
	const calls: number[] = [];

	const constantInto = (r: number): void => {
		if (random(2) === 0) emit(0xb7, r, 0, 0, constant());
		else {
			emit(0x18, r, 0, 0, constant());
			emit(0, 0, 0, 0, constant());
		}
	};
	const arithmetic = (memory: boolean): void => {
		const dst = pick(FREE);
		const cls = random(2) === 0 ? 4 : 7;
		const kind = random(20);
		if (kind === 0) emit(0x80 | cls, dst, 0, 0, 0);
		else if (kind === 1) emit(0xd0 | (random(2) << 3) | 4, dst, 0, 0, pick([16, 32, 64]));
		else if (kind === 2) emit(0xd7, dst, 0, 0, pick([16, 32, 64]));
		else if (kind === 3) emit(0xb8 | cls, dst, pick(FREE), cls === 7 ? pick([8, 16, 32]) : pick([8, 16]), 0);
		else if (kind === 4) emit((random(2) === 0 ? 0x30 : 0x90) | (random(2) << 3) | cls, dst, 0, 1, constant() || 3);
		else if (kind < 8 && memory) access();
		else {
			const op = pick(ALU);
			const shift = op === 0x60 || op === 0x70 || op === 0xc0;
			if (random(2) === 0) emit(op | 8 | cls, dst, pick(FREE), 0, 0);
			else emit(op | cls, dst, 0, 0, shift ? random(cls === 7 ? 64 : 32) : op === 0x30 || op === 0x90 ? constant() || 5 : constant());
		}
		const last = out[out.length - 1];
		// Immediate operands leave src 0; signed division by a register names one.
		if (last.opcode & 8 && (last.opcode & 7) !== 3 && last.off === 1 && last.src === 0) out[out.length - 1] = { ...last, imm: 0, src: pick(FREE) };
	};
	const access = (): void => {
		const stack = random(2) === 0;
		const slot = random(8);
		const size = stack && random(8) !== 0 ? slotSizes[slot] : pick(SIZES);
		const wiggle = random(8) === 0 ? random(9 - BYTES[size]) : 0;
		const off = stack ? -64 + slot * 8 + wiggle : slot * 8 + wiggle;
		const base = stack ? 10 : 6;
		switch (random(8)) {
			case 0:
			case 1:
			case 2:
				return void emit(0x61 | size, pick(FREE), base, off, 0);
			case 3:
				return void emit(0x81 | (size === 0x18 ? 0 : size), pick(FREE), base, off & ~3, 0);
			case 4:
				return void emit(0x62 | size, base, 0, off, constant());
			case 5:
				return void emit(0xc3 | (random(2) === 0 ? 0x18 : 0), base, pick(FREE), (stack ? -64 : 0) + slot * 8, pick(ATOMICS));
			default:
				return void emit(0x63 | size, base, pick(FREE), off, 0);
		}
	};
	const straight = (count: number, memory: boolean): void => {
		for (let i = 0; i < count; i++) {
			if (random(6) !== 0) {
				arithmetic(memory);
				continue;
			}
			// A branch over a few instructions.
			const at = emit((random(2) === 0 ? 5 : 6) | pick(JUMPS) | (random(2) << 3), pick(FREE), 0, 0, 0) - 1;
			const register = (out[at].opcode & 8) !== 0;
			const body = 1 + random(4);
			for (let k = 0; k < body; k++) arithmetic(memory);
			out[at] = { ...out[at], src: register ? pick(FREE) : 0, imm: register ? 0 : constant(), off: out.length - at - 1 };
		}
	};
	const loop = (memory: boolean): void => {
		emit(0xb7, 9, 0, 0, 0);
		const times = 1 + random(12);
		const step = 1 + random(3);
		const head = out.length;
		straight(3 + random(6), memory);
		emit(random(2) === 0 ? 0x07 : 0x04, 9, 0, 0, step);
		const exact = random(2) === 0;
		emit(exact ? 0x55 : 0xa5, 9, 0, head - out.length - 1, exact ? times * step : times);
	};

	for (const r of [0, 1, 2, 3, 4, 5, 7, 8]) {
		if (r === 1) emit(0xbf, 6, 1, 0, 0);
		constantInto(r);
	}
	for (let off = -64; off < 0; off += 8) emit(0x7b, 10, pick(FREE), off, 0);
	const parts = 2 + random(4);
	for (let p = 0; p < parts; p++) {
		const what = random(4);
		if (what === 0) loop(true);
		else if (what === 1) {
			calls.push(emit(0x85, 0, 1, 0, 0) - 1);
			for (const r of [1, 2, 3, 4, 5]) constantInto(r);
		} else straight(4 + random(12), true);
	}
	finish();
	for (const call of calls) {
		out[call] = { ...out[call], imm: out.length - call - 1 };
		for (const r of [0, 7, 8]) constantInto(r);
		straight(3 + random(10), false);
		if (random(2) === 0) loop(false);
		finish();
	}
	return out;

	function finish(): void {
		for (const r of [1, 2, 3, 4, 5, 7, 8]) {
			emit(0x27, 0, 0, 0, 31);
			emit(random(2) === 0 ? 0x0f : 0xaf, 0, r, 0, 0);
		}
		emit(0x95, 0, 0, 0, 0);
	}
}

/** xorshift: a number below `limit`. */
export function generator(seed: number): (limit: number) => number {
	let state = (seed ^ 0x9e3779b9) | 0 || 1;
	return (limit) => {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		return (state >>> 0) % limit;
	};
}
