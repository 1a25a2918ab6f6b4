/** Packet pointers: constant and unknown distances, checks of every form against the end, copies, spills, subprograms, helpers that move the packet. */
import { type Hook, hook } from "../hooks.ts";
import type { Question } from "../judge.ts";
import { MAPS } from "../maps.ts";
import { ADD, AND, JGE, JGT, JLE, JLT, JEQ, JNE, MOV, type Label, type Writer, writer } from "../writer.ts";
import { type Campaign, type Random, type Setting, caseOf, pick } from "./campaign.ts";

/** Where a context has its packet: data, end, what lies before the data. */
interface Packet {
	readonly at: Hook;
	readonly data: number;
	readonly end: number;
	readonly meta: number | null;
	/** Helpers that move the packet: id and number of arguments. */
	readonly moves: readonly (readonly [id: number, args: readonly number[]])[];
}

const XDP: Packet = { at: hook(6), data: 0, end: 4, meta: 8, moves: [[44, [0, 8]], [65, [0, -8]], [54, [0, -8]]] };
const TC: Packet = { at: hook(3), data: 76, end: 80, meta: 140, moves: [[39, [0, 64]], [40, [0]], [43, [0, 14, 0]], [31, [0, 14, 0]], [19, [0]]] };
const LWT: Packet = { at: hook(12), data: 76, end: 80, meta: null, moves: [[39, [0, 64]]] };
const SK_SKB: Packet = { at: hook(14), data: 76, end: 80, meta: null, moves: [[39, [0, 64]]] };
const CGROUP: Packet = { at: hook(8), data: 76, end: 80, meta: null, moves: [] };
const FLOW: Packet = { at: hook(22, 17), data: 76, end: 80, meta: null, moves: [] };
const PACKETS = [XDP, XDP, TC, TC, LWT, SK_SKB, CGROUP, FLOW];
const DISTANCES = [0, 1, 2, 4, 8, 14, 20, 34, 54, 64, 255, 0x7fff, 0xffff, -1, -2, -8, 0x7fffffff, -0x80000000];
const CHECKS = [JGT, JGE, JLT, JLE, JGT, JGT, JGE, JLT];
const RANDOM_NUMBER = 7;

const POINTERS = [2, 3, 4, 5, 7];

export const packets: Campaign = {
	summary: "random walks of packet pointers with checks of every form",
	ask: ({ random }: Setting) => ({ questions: questions(random) }),
};

function* questions(random: Random): Generator<Question> {
	for (let n = 0; ; n++) {
		const packet = pick(PACKETS, random);
		const w = writer();
		new PacketProgram(w, packet, random).write();
		yield { one: caseOf(`${n}`, packet.at, w, { maps: MAPS.slice(0, 2) }), what: packet.at.name };
	}
}

/** r6 context; pointers live in r2 to r5 and r7, the end in r8, an unknown number in r9. */
class PacketProgram {
	readonly #w: Writer;
	readonly #packet: Packet;
	readonly #random: Random;
	/** Where a packet leads that is too short. */
	readonly #out: Label;
	readonly #sub: Label;
	#called = false;

	constructor(w: Writer, packet: Packet, random: Random) {
		this.#w = w;
		this.#packet = packet;
		this.#random = random;
		this.#out = w.label();
		this.#sub = w.label();
	}

	write(): void {
		const [w, random] = [this.#w, this.#random];
		w.mov(6, 1);
		w.call(RANDOM_NUMBER);
		w.mov(9, 0);
		this.#bound();
		this.#reload();
		for (let n = 3 + random(12); n > 0; n--) {
			const r = pick(POINTERS, random);
			const q = pick(POINTERS, random);
			this.#step(r, q);
		}
		w.place(this.#out);
		w.set(0, 1);
		w.exit();
		w.place(this.#sub);
		if (this.#called) this.#subprogram();
	}

	#distance(): number {
		return this.#random(3) === 0 ? pick(DISTANCES, this.#random) : this.#random(65);
	}

	#start(r: number): void {
		const { meta, data } = this.#packet;
		this.#w.load(4, r, 6, meta !== null && this.#random(5) === 0 ? meta : data);
	}

	#bound(): void {
		this.#w.alu(AND, 9, pick([7, 0xff, 0x7fff, 0xffff, 0x1ffff, -1], this.#random));
	}

	#reload(): void {
		for (const r of POINTERS) this.#start(r);
		this.#w.load(4, 8, 6, this.#random(8) === 0 ? this.#packet.data : this.#packet.end);
	}

	#step(r: number, q: number): void {
		const [w, random] = [this.#w, this.#random];
		switch (random(16)) {
			case 0: return w.mov(r, q);
			case 1: return w.alu(pick([ADD, ADD, 0x10], random), r, this.#distance());
			case 2: return w.aluReg(pick([ADD, ADD, ADD, 0x10], random), r, 9);
			case 3:
				w.mov(r, 9);
				return w.aluReg(ADD, r, q);
			case 4: case 5: case 6: return this.#checkAhead(r, q);
			case 7: {
				// The good way is the one that jumps.
				const good = w.label();
				w.jumpReg(pick([JLE, JLT, JGE, JGT], random), q, 8, good);
				w.jump(0, 0, 0, this.#out);
				return w.place(good);
			}
			case 8: case 9: case 10: case 11: return this.#access(r);
			case 12:
				w.store(8, 10, -8, r);
				if (random(2)) w.mov(q, r);
				return w.load(8, q, 10, -8);
			case 13: return this.#move();
			case 14: return this.#compare(r, q);
			default: return this.#callSubprogram();
		}
	}

	/** A copy ahead of the pointer is held against the end. */
	#checkAhead(r: number, q: number): void {
		const [w, random] = [this.#w, this.#random];
		w.mov(q, r);
		w.alu(ADD, q, this.#distance());
		const other = random(4) === 0;
		if (other) w.jumpReg(pick(CHECKS, random), 8, q, this.#out);
		else w.jumpReg(pick(CHECKS, random), q, 8, this.#out);
	}

	#access(r: number): void {
		const [w, random] = [this.#w, this.#random];
		const size = pick([1, 2, 4, 8], random);
		const off = random(3) === 0 ? pick([-8, -1, 60, 0x7fff], random) : random(24);
		if (random(4) === 0) w.storeImm(size, r, off, 0);
		else if (random(6) === 0) w.loadSigned(Math.min(size, 4), 0, r, off);
		else w.load(size, random(6) === 0 ? 9 : 0, r, off);
	}

	/** A helper after which the packet lies elsewhere. */
	#move(): void {
		const [w, random] = [this.#w, this.#random];
		const { moves, end } = this.#packet;
		if (moves.length === 0) return;
		const [id, args] = pick(moves, random);
		for (const [i, c] of args.entries()) if (i > 0) w.set(i + 1, c);
		for (let i = args.length; i < 5; i++) w.set(i + 1, 0);
		w.mov(1, 6);
		w.call(id);
		if (random(4) === 0) w.jump(JNE, 0, 0, this.#out);
		if (random(4) !== 0) this.#reload();
		else if (random(2)) w.load(4, 8, 6, end);
	}

	#compare(r: number, q: number): void {
		const [w, random] = [this.#w, this.#random];
		const between = w.label();
		if (random(2)) {
			// A distance between two pointers.
			w.mov(0, 8);
			w.aluReg(0x10, 0, r);
			w.jump(pick([JGT, JLT, JEQ], random), 0, this.#distance(), between);
			w.load(1, 0, r, 0);
		} else w.jumpReg(pick([JEQ, JNE, JGT, JLE], random), r, q, between);
		w.place(between);
	}

	#callSubprogram(): void {
		const [w, random] = [this.#w, this.#random];
		this.#called = true;
		w.mov(1, 6);
		w.callLocal(this.#sub);
		if (random(2)) {
			w.mov(9, 0);
			this.#bound();
		}
		for (const p of [2, 3, 4, 5]) this.#start(p);
	}

	#subprogram(): void {
		const [w, random] = [this.#w, this.#random];
		const { data, end, moves } = this.#packet;
		const bad = w.label();
		w.load(4, 2, 1, data);
		w.load(4, 3, 1, end);
		w.mov(4, 2);
		w.alu(ADD, 4, 16);
		w.jumpReg(pick(CHECKS, random), 4, 3, bad);
		w.load(1, 0, 2, random(20));
		if (random(3) === 0 && moves.length > 0) {
			const [id, args] = pick(moves, random);
			for (let i = 1; i < 5; i++) w.set(i + 1, args[i] ?? 0);
			w.call(id);
		}
		w.exit();
		w.place(bad);
		w.emit(MOV | 7, 0, 0, 0, 0);
		w.exit();
	}
}
