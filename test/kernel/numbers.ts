/**
 * Random arithmetic whose outcome decides a verdict: numbers of unknown values are changed, copied, compared (so that copies are learnt about), spilled
 * and filled whole and in part; then one of them is an index, a size, a returned value, or decides which branch can be reached at all.
 *
 * r6: a map value of 64 bytes with unknown contents; r7: a stack pointer; numbers live in the others.
 */
import { ADD, ALU_OPS, AND, ARSH, DIV, END, JEQ, JGT, JLE, JNE, JSGT, JSLT, JUMP_OPS, LSH, MOD, MOV, NEG, RSH, SIZE, type Writer, writer } from "./writer.ts";

type Random = (limit: number) => number;

const REGISTERS = [0, 1, 2, 3, 4, 5, 8, 9];
const CONSTANTS = [0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 33, 56, 63, 64, 127, 128, 255, 256, 0x7ff, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, -1, -2, -7, -8, -64, -128, -129, -32768, -0x80000000, -0x7fffffff];
const VALUE = 64;
const SLOTS = 8;
const RANDOM_NUMBER = 7;
const PROBE_READ_KERNEL = 113;

export function numbers(random: Random): Writer {
	const pick = <T>(list: readonly T[]): T => list[random(list.length)];
	const constant = (): number => (random(6) === 0 ? (random(0x10000) * 0x10000 + random(0x10000)) | 0 : pick(CONSTANTS));
	const w = writer();
	const out = w.label();
	const register = (): number => pick(REGISTERS);

	const change = (): void => {
		const [dst, src] = [register(), register()];
		const wide = random(2) === 0;
		switch (random(14)) {
			case 0: return w.emit(NEG | (wide ? 7 : 4), dst, 0, 0, 0);
			case 1: return w.emit(END | (random(2) << 3) | 4, dst, 0, 0, pick([16, 32, 64]));
			case 2: return w.emit(END | 7, dst, 0, 0, pick([16, 32, 64]));
			case 3: return w.emit(MOV | 8 | (wide ? 7 : 4), dst, src, pick(wide ? [8, 16, 32] : [8, 16]), 0);
			case 4: return w.emit(pick([DIV, MOD]) | (random(2) << 3) | (wide ? 7 : 4), dst, 0, random(2), 0);
			case 5: return w.mov(dst, src);
			case 6: return w.emit(MOV | 8 | 4, dst, src, 0, 0);
			case 7: return w.alu(ADD, dst, pick([1, 2, 3, 4, 8, -1, -4, 64, 0x7fffffff, -0x80000000]), wide);
			case 8: {
				w.mov(dst, src);
				return w.alu(ADD, dst, pick([1, 4, -1, 16, -16]), wide);
			}
			case 9: return w.wide(dst, 0, constant(), pick([0, 0, 1, -1, 0x7fffffff, -0x80000000]));
			case 10: return w.aluReg(pick(ALU_OPS), dst, src, wide);
			default: {
				const op = pick(ALU_OPS);
				const shift = op === LSH || op === RSH || op === ARSH;
				return w.alu(op, dst, shift ? random(wide ? 64 : 32) : op === DIV || op === MOD ? constant() || 5 : constant(), wide);
			}
		}
	};
	const memory = (): void => {
		const slot = -8 * (1 + random(SLOTS));
		const size = pick([1, 2, 4, 8, 8, 4]);
		const inside = random(3) === 0 ? size * random(8 / size) : 0;
		const base = random(4) === 0 ? 7 : 10;
		const at = (base === 7 ? 32 : 0) + slot + inside;
		switch (random(7)) {
			case 0: return w.storeImm(size, base, at, constant());
			case 1: case 2: return w.store(size, base, at, register());
			case 3: return size < 8 ? w.loadSigned(size, register(), base, at) : w.load(8, register(), base, at);
			case 4: return w.emit(0xc3 | (random(2) ? SIZE[8] : 0), base, register(), (base === 7 ? 32 : 0) + slot, pick([0x00, 0x01, 0x40, 0x51, 0xa1, 0xe1, 0xf1, 0x100, 0x110]));
			default: return w.load(size, register(), base, at);
		}
	};
	const branch = (depth: number): void => {
		const past = w.label();
		const other = w.label();
		const op = pick(JUMP_OPS);
		const narrow = random(2) === 0;
		if (random(3) === 0) w.jumpReg(op, register(), register(), past, narrow);
		else w.jump(op, register(), constant(), past, narrow);
		straight(1 + random(4), depth + 1);
		const alternative = random(3) === 0;
		if (alternative) w.jump(0, 0, 0, other);
		w.place(past);
		if (alternative) straight(1 + random(3), depth + 1);
		w.place(other);
	};
	let loops = 1;
	const loop = (): void => {
		loops--;
		const head = w.label();
		const end = w.label();
		const counter = register();
		const kind = random(4);
		w.set(counter, 0);
		w.place(head);
		if (kind === 0) w.mayGoto(end);
		straight(1 + random(3), 2);
		w.alu(ADD, counter, 1 + random(3), random(2) === 0);
		if (kind === 0) w.jump(0, 0, 0, head);
		else w.jump(pick([0xa0, 0xb0, 0xc0, JNE]), counter, 1 + random(8), head, random(2) === 0);
		w.place(end);
	};
	const straight = (count: number, depth: number): void => {
		for (let n = count; n > 0; n--) {
			const what = random(12);
			if (what < 2 && depth < 3) branch(depth);
			else if (what === 2 && depth < 1 && loops > 0) loop();
			else if (what < 6) memory();
			else change();
		}
	};
	/** An upper bound, in one of the ways that programs have; now and then none. */
	const bound = (r: number, most: number): void => {
		switch (random(9)) {
			case 0: return w.alu(AND, r, 2 ** Math.floor(Math.log2(most + 1)) - 1, random(2) === 0);
			case 1: return w.jump(JGT, r, most, out);
			case 2: w.jump(JSGT, r, most, out); return w.jump(JSLT, r, 0, out);
			case 3: w.emit(MOV | 8 | 4, r, r, 0, 0); return w.jump(JGT, r, most, out, true);
			case 4: {
				// A copy is compared, the register itself is used.
				const copy = pick(REGISTERS.filter((x) => x !== r));
				w.mov(copy, r);
				if (random(2)) w.alu(ADD, r, pick([1, 4, -1]), random(2) === 0);
				return w.jump(JGT, copy, most - 4, out, random(3) === 0);
			}
			case 5: {
				const copy = pick(REGISTERS.filter((x) => x !== r));
				w.emit(MOV | 8 | 4, copy, r, 0, 0);
				return w.jump(JGT, copy, most, out, random(2) === 0);
			}
			case 6: {
				const limit = pick(REGISTERS.filter((x) => x !== r));
				w.set(limit, most);
				return w.jumpReg(pick([JGT, 0x30, JSGT]), r, limit, out, random(3) === 0);
			}
			case 7: {
				// Spilled, compared on the way back.
				w.store(8, 10, -8, r);
				w.jump(JGT, r, most, out);
				return w.load(8, r, 10, -8);
			}
			default: return w.jump(pick([JNE, JEQ, JLE]), r, random(most + 1), out);
		}
	};
	const use = (): void => {
		const r = register();
		const size = pick([1, 2, 4, 8]);
		switch (random(7)) {
			case 0: case 1: {
				bound(r, VALUE - size);
				const p = pick(REGISTERS.filter((x) => x !== r));
				w.mov(p, 6);
				w.aluReg(pick([ADD, ADD, ADD, 0x10]), p, r);
				return random(2) ? w.load(size, register(), p, 0) : w.storeImm(size, p, pick([0, 0, 1, -1, 8]), 1);
			}
			case 2: {
				bound(r, 56);
				const p = pick(REGISTERS.filter((x) => x !== r));
				w.mov(p, 10);
				w.alu(ADD, p, -VALUE);
				w.aluReg(ADD, p, r);
				return random(2) ? w.load(size, register(), p, 0) : w.store(size, p, 0, register());
			}
			case 3: {
				bound(r, VALUE);
				if (r !== 2) w.mov(2, r);
				w.stack(1, -VALUE);
				w.set(3, 0);
				return w.call(PROBE_READ_KERNEL);
			}
			case 4: {
				// A branch that cannot be taken, if the ranges are known well enough.
				const dead = w.label();
				w.jump(pick(JUMP_OPS), r, constant(), dead, random(2) === 0);
				w.load(8, 0, 0, 0);
				return w.place(dead);
			}
			case 5: {
				// Two registers that were one, compared again.
				const q = register();
				const dead = w.label();
				w.mov(q, r);
				straight(2, 2);
				w.jumpReg(pick([JEQ, JNE, JGT, 0x30]), q, r, dead, random(2) === 0);
				w.load(8, 0, 0, 0);
				return w.place(dead);
			}
			default: {
				w.mov(0, r);
				return w.exit();
			}
		}
	};

	w.wide(6, 2, 0);
	w.stack(7, -32);
	for (let slot = 1; slot <= SLOTS; slot++) {
		if (random(3) === 0) w.storeImm(8, 10, -8 * slot, constant());
		else {
			w.load(pick([1, 2, 4, 8]), 0, 6, 8 * random(7));
			w.store(8, 10, -8 * slot, 0);
		}
	}
	w.call(RANDOM_NUMBER);
	for (const r of REGISTERS) {
		if (r === 0) continue;
		const size = pick([1, 2, 4, 8, 8]);
		if (random(6) === 0) w.set(r, constant());
		else if (size < 8 && random(3) === 0) w.loadSigned(size, r, 6, 8 * random(7));
		else w.load(size, r, 6, 8 * random(7));
	}
	for (let n = 1 + random(3); n > 0; n--) {
		straight(2 + random(7), 0);
		use();
		// A helper's call leaves r1 to r5 unreadable.
		for (const r of [1, 2, 3, 4, 5]) if (random(3) !== 0) w.load(8, r, 6, 8 * random(7));
	}
	w.place(out);
	w.set(0, random(2));
	w.exit();
	return w;
}
