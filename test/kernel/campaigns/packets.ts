/** Packet pointers: constant and unknown distances, checks of every form against the end, copies, spills, subprograms, helpers that move the packet. */
import { type Hook, hook } from "../hooks.ts";
import type { Question } from "../judge.ts";
import { MAPS } from "../maps.ts";
import { ADD, AND, JGE, JGT, JLE, JLT, JEQ, JNE, MOV, type Writer, writer } from "../writer.ts";
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

export const packets: Campaign = {
	summary: "random walks of packet pointers with checks of every form",
	ask: ({ random }: Setting) => ({ questions: questions(random) }),
};

function* questions(random: Random): Generator<Question> {
	for (let n = 0; ; n++) {
		const packet = pick(PACKETS, random);
		const w = writer();
		write(w, packet, random);
		yield { one: caseOf(`${n}`, packet.at, w, { maps: MAPS.slice(0, 2) }), what: packet.at.name };
	}
}

/** r6 context; pointers live in r2 to r5 and r7, the end in r8, an unknown number in r9. */
function write(w: Writer, { data, end, meta, moves }: Packet, random: Random): void {
	const out = w.label();
	const sub = w.label();
	let called = false;
	const pointers = [2, 3, 4, 5, 7];
	const distance = (): number => (random(3) === 0 ? pick(DISTANCES, random) : random(65));
	const start = (r: number): void => w.load(4, r, 6, meta !== null && random(5) === 0 ? meta : data);
	w.mov(6, 1);
	w.call(RANDOM_NUMBER);
	w.mov(9, 0);
	const bound = (): void => w.alu(AND, 9, pick([7, 0xff, 0x7fff, 0xffff, 0x1ffff, -1], random));
	bound();
	const reload = (): void => {
		for (const r of pointers) start(r);
		w.load(4, 8, 6, random(8) === 0 ? data : end);
	};
	reload();
	for (let n = 3 + random(12); n > 0; n--) {
		const r = pick(pointers, random);
		const q = pick(pointers, random);
		switch (random(16)) {
			case 0: w.mov(r, q); break;
			case 1: w.alu(pick([ADD, ADD, 0x10], random), r, distance()); break;
			case 2: w.aluReg(pick([ADD, ADD, ADD, 0x10], random), r, 9); break;
			case 3:
				w.mov(r, 9);
				w.aluReg(ADD, r, q);
				break;
			case 4: case 5: case 6: {
				// A copy ahead of the pointer is held against the end.
				w.mov(q, r);
				w.alu(ADD, q, distance());
				const other = random(4) === 0;
				if (other) w.jumpReg(pick(CHECKS, random), 8, q, out);
				else w.jumpReg(pick(CHECKS, random), q, 8, out);
				break;
			}
			case 7: {
				// The good way is the one that jumps.
				const good = w.label();
				w.jumpReg(pick([JLE, JLT, JGE, JGT], random), q, 8, good);
				w.jump(0, 0, 0, out);
				w.place(good);
				break;
			}
			case 8: case 9: case 10: case 11: {
				const size = pick([1, 2, 4, 8], random);
				const off = random(3) === 0 ? pick([-8, -1, 60, 0x7fff], random) : random(24);
				if (random(4) === 0) w.storeImm(size, r, off, 0);
				else if (random(6) === 0) w.loadSigned(Math.min(size, 4), 0, r, off);
				else w.load(size, random(6) === 0 ? 9 : 0, r, off);
				break;
			}
			case 12:
				w.store(8, 10, -8, r);
				if (random(2)) w.mov(q, r);
				w.load(8, q, 10, -8);
				break;
			case 13: {
				if (moves.length === 0) break;
				const [id, args] = pick(moves, random);
				for (const [i, c] of args.entries()) if (i > 0) w.set(i + 1, c);
				for (let i = args.length; i < 5; i++) w.set(i + 1, 0);
				w.mov(1, 6);
				w.call(id);
				if (random(4) === 0) w.jump(JNE, 0, 0, out);
				if (random(4) !== 0) reload();
				else if (random(2)) w.load(4, 8, 6, end);
				break;
			}
			case 14: {
				const between = w.label();
				if (random(2)) {
					// A distance between two pointers.
					w.mov(0, 8);
					w.aluReg(0x10, 0, r);
					w.jump(pick([JGT, JLT, JEQ], random), 0, distance(), between);
					w.load(1, 0, r, 0);
				} else w.jumpReg(pick([JEQ, JNE, JGT, JLE], random), r, q, between);
				w.place(between);
				break;
			}
			default:
				called = true;
				w.mov(1, 6);
				w.callLocal(sub);
				if (random(2)) {
					w.mov(9, 0);
					bound();
				}
				for (const p of [2, 3, 4, 5]) start(p);
		}
	}
	w.place(out);
	w.set(0, 1);
	w.exit();
	if (!called) {
		w.place(sub);
		return;
	}
	w.place(sub);
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
