/** Snippets of numbers and memory: spills of all widths, unknown indices, map values, atomics, the arena, packets. */
import { ADD, ALU_OPS, AND, ARSH, JEQ, JGT, JNE, JSGT, JSLT, JUMP_OPS, LSH, MOV, RSH, SIZE, SUB } from "../writer.ts";
import { type Build, MAP, VALUE, arenaPage, checked, keep, mistake, number, pick, slot, someThing } from "./build.ts";

const CONSTANTS = [0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 48, 63, 64, 100, 255, 4096, -1, -2, -8, 0x7fffffff, -0x80000000];
const ATOMICS = [0x00, 0x01, 0x40, 0x50, 0xa0, 0xa1, 0xe1, 0xf1];
const LOAD_ACQUIRE = 0x100;
const STORE_RELEASE = 0x110;

export const MEMORY = {
	number(b: Build): void {
		const { w, random } = b;
		number(b, 7);
		for (let n = random(4); n > 0; n--) {
			const op = pick(ALU_OPS, random);
			const wide = random(2) === 0;
			if (op === MOV) w.emit(0xb8 | (wide ? 7 : 4), 7, 7, wide ? pick([0, 8, 16, 32], random) : pick([0, 8, 16], random), 0);
			else w.alu(op, 7, op === LSH || op === RSH || op === ARSH ? random(wide ? 64 : 32) : pick(CONSTANTS, random) || 3, wide);
		}
		keep(b, "number", 7);
	},
	/** A slot is written in parts and read in others. */
	parts(b: Build): void {
		const { w, random } = b;
		const at = slot(b, 8);
		if (at === null) return;
		const fill = random(4);
		if (fill === 0) w.storeImm(8, 10, at, pick(CONSTANTS, random));
		if (fill === 1) {
			number(b, 7);
			w.store(8, 10, at, 7);
		}
		if (fill === 2) w.store(8, 10, at, pick([6, 10], random));
		for (let n = 1 + random(3); n > 0; n--) {
			const size = pick([1, 2, 4, 8], random);
			const off = at + random(8 / size) * size;
			if (random(3) === 0) w.storeImm(size, 10, off, pick([0, 0, 1, -1], random));
			else {
				number(b, 7);
				w.store(size, 10, off, 7);
			}
		}
		const size = pick([1, 2, 4, 8], random);
		const off = at + random(8 / size) * size;
		if (size < 8 && random(2)) w.loadSigned(size, 7, 10, off);
		else w.load(size, 7, 10, off);
		keep(b, "number", 7);
	},
	/** A bounded number is an index into a value, the frame, or how much a helper writes. */
	index(b: Build): void {
		const { w, random } = b;
		const done = w.label();
		const size = pick([1, 2, 4, 8], random);
		const frame = slot(b, VALUE);
		if (frame === null) return;
		const where = random(3);
		if (where !== 0) for (let off = 0; off < VALUE; off += 8) if (!mistake(b, 60)) w.storeImm(8, 10, frame + off, 0);
		number(b, 8);
		if (random(3) === 0) {
			const other = w.label();
			w.jump(pick(JUMP_OPS, random), 8, pick(CONSTANTS, random), other, random(2) === 0);
			w.alu(pick([ADD, SUB, AND], random), 8, pick([1, 4, 7, 15], random), random(2) === 0);
			w.place(other);
		}
		const most = VALUE - size;
		const form = random(5);
		if (mistake(b)) w.alu(AND, 8, 127);
		else if (form === 0) w.alu(AND, 8, 31, random(2) === 0);
		else if (form === 1) w.jump(JGT, 8, most, done);
		else if (form === 2) {
			w.mov(7, 8);
			w.jump(JGT, 7, most, done);
		} else if (form === 3) {
			w.jump(JSGT, 8, most, done);
			w.jump(JSLT, 8, 0, done);
		} else {
			w.emit(0xbc, 7, 8, 0, 0);
			w.jump(JGT, 7, most, done);
			w.mov(8, 7);
		}
		// The stack wants alignment.
		if (where === 1 && size > 1 && !mistake(b)) w.alu(AND, 8, -size);
		if (where === 0) {
			w.wide(9, 2, MAP.array, 0);
			w.aluReg(ADD, 9, 8);
			if (random(2)) w.load(size, 7, 9, 0);
			else w.storeImm(size, 9, 0, 1);
		} else if (where === 1 || b.locked) {
			w.stack(9, frame);
			w.aluReg(ADD, 9, 8);
			if (random(2)) w.load(size, 7, 9, 0);
			else w.store(size, 9, 0, 8);
			if (random(2)) w.load(8, 7, 10, frame + 8 * random(8));
		} else {
			w.stack(1, frame);
			w.mov(2, 8);
			w.set(3, 0);
			w.call(113);
		}
		w.place(done);
	},
	lookup(b: Build): void {
		const { w, random } = b;
		if (b.locked) return;
		const key = slot(b, 8);
		if (key === null) return;
		const typed = random(3) === 0;
		const done = w.label();
		if (!mistake(b, 60)) w.storeImm(random(3) === 0 ? 8 : 4, 10, key, random(3));
		w.wide(1, 1, typed ? pick([MAP.typed, MAP.typedHash], random) : pick([MAP.array, MAP.hash, MAP.percpu], random));
		w.stack(2, key);
		w.call(1);
		const before = [...b.things];
		const thing = keep(b, typed ? "typed value" : "value", 0);
		if (thing === null) return;
		w.mov(7, 0);
		checked(b, pick([0, 7], random), done);
		if (random(3) === 0) w.load(8, 7, 10, thing.at);
		touch(b, 7, typed);
		// Only the checked way goes on with it.
		const none = w.label();
		w.jump(0, 0, 0, none);
		w.place(done);
		w.set(7, 0);
		w.store(8, 10, thing.at, 7);
		if (random(2)) b.things = before;
		w.place(none);
	},
	value(b: Build): void {
		const { w, random } = b;
		const thing = someThing(b, "value", "typed value");
		if (thing === null) return;
		const done = w.label();
		w.load(8, 8, 10, thing.at);
		checked(b, 8, done, 8);
		touch(b, 8, thing.kind === "typed value");
		if (random(3) === 0) w.store(8, 10, thing.at, 8);
		w.place(done);
	},
	atomics(b: Build): void {
		const { w, random } = b;
		const wide = random(2) === 0;
		const frame = slot(b, 8);
		if (frame === null) return;
		w.storeImm(8, 10, frame, pick([0, 5, -1], random));
		const base = mistake(b) ? 6 : pick([8, 10, 10], random);
		if (base === 8) w.wide(8, 2, pick([MAP.array, MAP.array, MAP.readOnly], random), 8 * random(8));
		const off = base === 10 ? frame : 0;
		const r = pick([7, 9], random);
		number(b, r);
		w.set(0, 1);
		const form = random(4);
		if (form === 0) w.emit(0xc3 | SIZE[pick([1, 2, 4, 8], random)], r, base, off, LOAD_ACQUIRE);
		else if (form === 1) w.emit(0xc3 | SIZE[pick([1, 2, 4, 8], random)], base, r, off, STORE_RELEASE);
		else w.emit(0xc3 | (wide ? 0x18 : 0), base, pick([r, r, r, 10, 8], random), off + (mistake(b) ? 4 : 0), pick(ATOMICS, random));
		w.load(8, 7, 10, frame);
		keep(b, "number", 7);
	},
	packet(b: Build): void {
		const { w, random } = b;
		if ((b.hook !== "tc" && b.hook !== "xdp") || !b.context) return;
		const [data, end] = b.hook === "xdp" ? [0, 4] : [76, 80];
		const done = w.label();
		const size = pick([8, 14, 20, 40], random);
		w.load(4, 7, 6, data);
		w.load(4, 8, 6, end);
		w.mov(9, 7);
		if (random(3) === 0) {
			number(b, 1);
			w.alu(AND, 1, pick([15, 255, 0xffff], random));
			w.aluReg(ADD, 7, 1);
			w.mov(9, 7);
		}
		w.alu(ADD, 9, size);
		if (!mistake(b)) w.jumpReg(JGT, 9, 8, done);
		if (!b.locked && mistake(b, 8)) w.call(7);
		const bytes = pick([1, 2, 4, 8], random);
		const off = size - bytes + (mistake(b) ? 1 : 0);
		if (random(2)) w.load(bytes, 1, 7, off);
		else w.storeImm(bytes, 7, random(off + 1), 1);
		w.place(done);
	},
	arena(b: Build): void {
		const { w, random } = b;
		if (b.locked) return;
		const done = w.label();
		if (b.hook === "syscall" && random(2)) {
			arenaPage(b);
			w.mov(7, 0);
		} else {
			number(b, 7);
			// The program names its arena.
			if (!mistake(b, 8)) w.wide(1, 1, MAP.arena);
			// addr_space_cast(r7, 0, 1)
			w.emit(0xbf, 7, 7, 1, pick([1, 1, 1, 0x10000], random));
		}
		if (random(3) === 0) w.alu(pick([ADD, SUB, AND, LSH], random), 7, pick([8, 64, 4096], random), random(3) !== 0);
		if (random(3) === 0) w.jump(JEQ, 7, 0, done);
		const size = pick([1, 2, 4, 8], random);
		const off = pick([0, 8, -8, 4096], random);
		const form = random(5);
		if (form === 0) w.load(size, 8, 7, off);
		else if (form === 1) w.storeImm(size, 7, off, 1);
		else if (form === 2) w.store(size, 7, off, pick([6, 7, 10], random));
		else if (form === 3) w.emit(0xdb, 7, 7, off, pick([0, LOAD_ACQUIRE, 0xe1], random));
		else if (size < 8) w.loadSigned(size, 8, 7, off);
		if (random(3) === 0) {
			w.emit(0xbf, 8, 7, 1, 0x10000);
			w.mov(0, 8);
		}
		w.place(done);
		if (random(4) === 0) keep(b, "arena", 7);
	},
	/** Bytes of the packet that end the function when they are not there. */
	absolute(b: Build): void {
		const { w, random } = b;
		if ((b.hook !== "tc" && b.hook !== "socket") || (!b.context && !mistake(b)) || (b.locked && !mistake(b))) return;
		const size = SIZE[pick([1, 2, 4], random)];
		if (random(2)) w.emit(0x20 | size, 0, 0, 0, pick([0, 12, 14, -4096], random));
		else {
			number(b, 7);
			w.emit(0x40 | size, 0, 7, 0, pick([0, 14], random));
		}
		keep(b, "number", 0);
	},
	/** Registers kept in the frame around a call that is inlined, so that they cost nothing; or not. */
	around(b: Build): void {
		const { w, random } = b;
		if (b.locked) return;
		const count = 1 + random(4);
		const low = -b.limit - 8 * random(6);
		const registers = [1, 2, 3, 4, 5].slice(0, count);
		for (const r of registers) {
			if (random(3)) w.set(r, r);
			else w.wide(r, 2, MAP.array, 8 * r);
		}
		for (let i = count - 1; i >= 0; i--) w.store(8, 10, low + 8 * i, registers[i]);
		w.call(pick([8, 8, 8, 5, 35], random));
		for (const [i, r] of registers.entries()) w.load(8, r, 10, low + 8 * i);
		const r = pick(registers, random);
		if (random(2)) keep(b, "number", r);
		else w.load(8, 7, r, 0);
	},
	compare(b: Build): void {
		const { w, random } = b;
		const [a, c] = [someThing(b, "number", "value", "typed value", "task", "packet"), someThing(b, "number", "value", "task")];
		if (a === null || c === null) return;
		const done = w.label();
		w.load(8, 7, 10, a.at);
		w.load(8, 8, 10, c.at);
		w.jumpReg(pick([JEQ, JNE, JGT, JSLT], random), 7, 8, done, random(3) === 0);
		if (a.kind !== "number" && random(3) === 0) w.load(4, 9, 7, 0);
		if (a.kind === "number") w.store(8, 10, a.at, 8);
		w.place(done);
	},
} as const;

/** Reads or writes the value that `r` points to, sometimes where it may not. */
function touch(b: Build, r: number, typed: boolean): void {
	const { w, random, typed: types } = b;
	const size = pick([1, 2, 4, 8], random);
	const room = typed ? types.size("value") : VALUE;
	const data = typed ? types.member("value", "data") : 0;
	const off = mistake(b) ? pick([room, room - 1, -1, 0], random) : data + random(Math.floor((room - data) / size)) * size;
	if (random(2)) w.load(size, 9, r, off);
	else w.storeImm(size, r, off, 3);
}
