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

export const numbers = (random: Random): Writer => new Numbers(random).write();

class Numbers {
	readonly #random: Random;
	readonly #w = writer();
	/** Where all bounds lead that do not hold. */
	readonly #out = this.#w.label();
	#loops = 1;

	constructor(random: Random) {
		this.#random = random;
	}

	write(): Writer {
		const [w, random] = [this.#w, this.#random];
		w.wide(6, 2, 0);
		w.stack(7, -32);
		for (let slot = 1; slot <= SLOTS; slot++) {
			if (random(3) === 0) w.storeImm(8, 10, -8 * slot, this.#constant());
			else {
				w.load(this.#pick([1, 2, 4, 8]), 0, 6, 8 * random(7));
				w.store(8, 10, -8 * slot, 0);
			}
		}
		w.call(RANDOM_NUMBER);
		for (const r of REGISTERS) {
			if (r === 0) continue;
			const size = this.#pick([1, 2, 4, 8, 8]);
			if (random(6) === 0) w.set(r, this.#constant());
			else if (size < 8 && random(3) === 0) w.loadSigned(size, r, 6, 8 * random(7));
			else w.load(size, r, 6, 8 * random(7));
		}
		for (let n = 1 + random(3); n > 0; n--) {
			this.#straight(2 + random(7), 0);
			this.#use();
			// A helper's call leaves r1 to r5 unreadable.
			for (const r of [1, 2, 3, 4, 5]) if (random(3) !== 0) w.load(8, r, 6, 8 * random(7));
		}
		w.place(this.#out);
		w.set(0, random(2));
		w.exit();
		return w;
	}

	#pick<T>(list: readonly T[]): T {
		return list[this.#random(list.length)];
	}

	#constant(): number {
		const random = this.#random;
		return random(6) === 0 ? (random(0x10000) * 0x10000 + random(0x10000)) | 0 : this.#pick(CONSTANTS);
	}

	#register(): number {
		return this.#pick(REGISTERS);
	}

	#change(): void {
		const [w, random] = [this.#w, this.#random];
		const [dst, src] = [this.#register(), this.#register()];
		const wide = random(2) === 0;
		switch (random(14)) {
			case 0: return w.emit(NEG | (wide ? 7 : 4), dst, 0, 0, 0);
			case 1: return w.emit(END | (random(2) << 3) | 4, dst, 0, 0, this.#pick([16, 32, 64]));
			case 2: return w.emit(END | 7, dst, 0, 0, this.#pick([16, 32, 64]));
			case 3: return w.emit(MOV | 8 | (wide ? 7 : 4), dst, src, this.#pick(wide ? [8, 16, 32] : [8, 16]), 0);
			case 4: return w.emit(this.#pick([DIV, MOD]) | (random(2) << 3) | (wide ? 7 : 4), dst, 0, random(2), 0);
			case 5: return w.mov(dst, src);
			case 6: return w.emit(MOV | 8 | 4, dst, src, 0, 0);
			case 7: return w.alu(ADD, dst, this.#pick([1, 2, 3, 4, 8, -1, -4, 64, 0x7fffffff, -0x80000000]), wide);
			case 8: {
				w.mov(dst, src);
				return w.alu(ADD, dst, this.#pick([1, 4, -1, 16, -16]), wide);
			}
			case 9: return w.wide(dst, 0, this.#constant(), this.#pick([0, 0, 1, -1, 0x7fffffff, -0x80000000]));
			case 10: return w.aluReg(this.#pick(ALU_OPS), dst, src, wide);
			default: {
				const op = this.#pick(ALU_OPS);
				const shift = op === LSH || op === RSH || op === ARSH;
				return w.alu(op, dst, shift ? random(wide ? 64 : 32) : op === DIV || op === MOD ? this.#constant() || 5 : this.#constant(), wide);
			}
		}
	}

	#memory(): void {
		const [w, random] = [this.#w, this.#random];
		const slot = -8 * (1 + random(SLOTS));
		const size = this.#pick([1, 2, 4, 8, 8, 4]);
		const inside = random(3) === 0 ? size * random(8 / size) : 0;
		const base = random(4) === 0 ? 7 : 10;
		const at = (base === 7 ? 32 : 0) + slot + inside;
		switch (random(7)) {
			case 0: return w.storeImm(size, base, at, this.#constant());
			case 1: case 2: return w.store(size, base, at, this.#register());
			case 3: return size < 8 ? w.loadSigned(size, this.#register(), base, at) : w.load(8, this.#register(), base, at);
			case 4: return w.emit(0xc3 | (random(2) ? SIZE[8] : 0), base, this.#register(), (base === 7 ? 32 : 0) + slot, this.#pick([0x00, 0x01, 0x40, 0x51, 0xa1, 0xe1, 0xf1, 0x100, 0x110]));
			default: return w.load(size, this.#register(), base, at);
		}
	}

	#branch(depth: number): void {
		const [w, random] = [this.#w, this.#random];
		const past = w.label();
		const other = w.label();
		const op = this.#pick(JUMP_OPS);
		const narrow = random(2) === 0;
		if (random(3) === 0) w.jumpReg(op, this.#register(), this.#register(), past, narrow);
		else w.jump(op, this.#register(), this.#constant(), past, narrow);
		this.#straight(1 + random(4), depth + 1);
		const alternative = random(3) === 0;
		if (alternative) w.jump(0, 0, 0, other);
		w.place(past);
		if (alternative) this.#straight(1 + random(3), depth + 1);
		w.place(other);
	}

	#loop(): void {
		const [w, random] = [this.#w, this.#random];
		this.#loops--;
		const head = w.label();
		const end = w.label();
		const counter = this.#register();
		const kind = random(4);
		w.set(counter, 0);
		w.place(head);
		if (kind === 0) w.mayGoto(end);
		this.#straight(1 + random(3), 2);
		w.alu(ADD, counter, 1 + random(3), random(2) === 0);
		if (kind === 0) w.jump(0, 0, 0, head);
		else w.jump(this.#pick([0xa0, 0xb0, 0xc0, JNE]), counter, 1 + random(8), head, random(2) === 0);
		w.place(end);
	}

	#straight(count: number, depth: number): void {
		const random = this.#random;
		for (let n = count; n > 0; n--) {
			const what = random(12);
			if (what < 2 && depth < 3) this.#branch(depth);
			else if (what === 2 && depth < 1 && this.#loops > 0) this.#loop();
			else if (what < 6) this.#memory();
			else this.#change();
		}
	}

	/** An upper bound, in one of the ways that programs have; now and then none. */
	#bound(r: number, most: number): void {
		const [w, random] = [this.#w, this.#random];
		switch (random(9)) {
			case 0: return w.alu(AND, r, 2 ** Math.floor(Math.log2(most + 1)) - 1, random(2) === 0);
			case 1: return w.jump(JGT, r, most, this.#out);
			case 2: w.jump(JSGT, r, most, this.#out); return w.jump(JSLT, r, 0, this.#out);
			case 3: w.emit(MOV | 8 | 4, r, r, 0, 0); return w.jump(JGT, r, most, this.#out, true);
			case 4: {
				// A copy is compared, the register itself is used.
				const copy = this.#pick(REGISTERS.filter((x) => x !== r));
				w.mov(copy, r);
				if (random(2)) w.alu(ADD, r, this.#pick([1, 4, -1]), random(2) === 0);
				return w.jump(JGT, copy, most - 4, this.#out, random(3) === 0);
			}
			case 5: {
				const copy = this.#pick(REGISTERS.filter((x) => x !== r));
				w.emit(MOV | 8 | 4, copy, r, 0, 0);
				return w.jump(JGT, copy, most, this.#out, random(2) === 0);
			}
			case 6: {
				const limit = this.#pick(REGISTERS.filter((x) => x !== r));
				w.set(limit, most);
				return w.jumpReg(this.#pick([JGT, 0x30, JSGT]), r, limit, this.#out, random(3) === 0);
			}
			case 7: {
				// Spilled, compared on the way back.
				w.store(8, 10, -8, r);
				w.jump(JGT, r, most, this.#out);
				return w.load(8, r, 10, -8);
			}
			default: return w.jump(this.#pick([JNE, JEQ, JLE]), r, random(most + 1), this.#out);
		}
	}

	#use(): void {
		const [w, random] = [this.#w, this.#random];
		const r = this.#register();
		const size = this.#pick([1, 2, 4, 8]);
		switch (random(7)) {
			case 0: case 1: {
				this.#bound(r, VALUE - size);
				const p = this.#pick(REGISTERS.filter((x) => x !== r));
				w.mov(p, 6);
				w.aluReg(this.#pick([ADD, ADD, ADD, 0x10]), p, r);
				return random(2) ? w.load(size, this.#register(), p, 0) : w.storeImm(size, p, this.#pick([0, 0, 1, -1, 8]), 1);
			}
			case 2: {
				this.#bound(r, 56);
				const p = this.#pick(REGISTERS.filter((x) => x !== r));
				w.mov(p, 10);
				w.alu(ADD, p, -VALUE);
				w.aluReg(ADD, p, r);
				return random(2) ? w.load(size, this.#register(), p, 0) : w.store(size, p, 0, this.#register());
			}
			case 3: {
				this.#bound(r, VALUE);
				if (r !== 2) w.mov(2, r);
				w.stack(1, -VALUE);
				w.set(3, 0);
				return w.call(PROBE_READ_KERNEL);
			}
			case 4: {
				// A branch that cannot be taken, if the ranges are known well enough.
				const dead = w.label();
				w.jump(this.#pick(JUMP_OPS), r, this.#constant(), dead, random(2) === 0);
				w.load(8, 0, 0, 0);
				return w.place(dead);
			}
			case 5: {
				// Two registers that were one, compared again.
				const q = this.#register();
				const dead = w.label();
				w.mov(q, r);
				this.#straight(2, 2);
				w.jumpReg(this.#pick([JEQ, JNE, JGT, 0x30]), q, r, dead, random(2) === 0);
				w.load(8, 0, 0, 0);
				return w.place(dead);
			}
			default: {
				w.mov(0, r);
				return w.exit();
			}
		}
	}
}
