/** What programs return: constants, ranges and pointers, from every hook. */
import { HOOKS, type Hook, targetHooks } from "../hooks.ts";
import type { Question } from "../judge.ts";
import { AND, ADD, LSH, ARSH, writer } from "../writer.ts";
import { type Campaign, type Random, type Setting, caseOf, pick } from "./campaign.ts";

const CONSTANTS = [0, 1, 2, 3, 4, 5, -1, -2, 7, 256, -4095, -4096, 0x7fffffff, -0x80000000];
const MASKS = [0, 1, 2, 3, 7, 0xff, -1];
const RANDOM_NUMBER = 7;

export const returns: Campaign = {
	summary: "what programs of each hook may return",
	ask({ kernel, random, only }: Setting) {
		const { tracepoints, iterators, members } = targetHooks(kernel);
		const hooks = [...HOOKS, ...iterators, ...members, ...tracepoints.slice(0, 3)].filter((h) => only === null || h.name.includes(only));
		return { questions: questions(hooks, random) };
	},
};

function* questions(hooks: readonly Hook[], random: Random): Generator<Question> {
	for (let n = 0; ; n++) {
		const hook = pick(hooks, random);
		const w = writer();
		const what = pick(FORMS, random)(w, random);
		w.exit();
		yield { one: caseOf(`${n}`, hook, w), what: `${hook.name} returns ${what}` };
	}
}

type Form = (w: ReturnType<typeof writer>, random: Random) => string;
const FORMS: readonly Form[] = [
	(w, random) => {
		const c = pick(CONSTANTS, random);
		w.set(0, c);
		return `${c}`;
	},
	(w, random) => {
		const c = pick(CONSTANTS, random);
		w.alu(0xb0, 0, c, false);
		return `(u32)${c}`;
	},
	(w, random) => {
		const high = pick([0, 1, -1], random);
		w.wide(0, 0, pick([0, 1, 2], random), high);
		return `high word ${high}`;
	},
	(w, random) => {
		w.mov(6, 1);
		w.call(RANDOM_NUMBER);
		const [mask, add] = [pick(MASKS, random), pick([0, 0, 1, 2, -1], random)];
		w.alu(AND, 0, mask, random(2) === 0);
		w.alu(ADD, 0, add, random(2) === 0);
		return `(random & ${mask}) + ${add}`;
	},
	(w, random) => {
		w.call(RANDOM_NUMBER);
		const shift = pick([31, 32, 62, 63], random);
		w.alu(LSH, 0, shift);
		w.alu(ARSH, 0, shift);
		return `random shifted by ${shift}`;
	},
	(w, random) => {
		// One of two constants, by a condition that nobody knows.
		w.call(RANDOM_NUMBER);
		const other = w.label();
		const [a, b] = [pick(CONSTANTS, random), pick(CONSTANTS, random)];
		w.mov(1, 0);
		w.set(0, a);
		w.jump(pick([0x20, 0x50, 0x60], random), 1, random(3), other);
		w.set(0, b);
		w.place(other);
		return `${a} or ${b}`;
	},
	(w, random) => {
		const r = pick([1, 10], random);
		w.mov(0, r);
		return r === 1 ? "its context" : "a stack pointer";
	},
	(w) => {
		w.load(8, 0, 1, 0);
		return "its first argument";
	},
	() => "nothing",
	(w, random) => {
		// From a subprogram, whose own result is anything.
		const [sub, after, c] = [w.label(), w.label(), pick(CONSTANTS, random)];
		w.callLocal(sub);
		w.jump(0, 0, 0, after);
		w.place(sub);
		w.set(0, c);
		w.exit();
		w.place(after);
		return `${c} of a subprogram`;
	},
];
