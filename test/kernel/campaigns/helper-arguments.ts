/** Every helper in every hook that has it, with random arguments, most of which fit its contract. `--only`: helpers whose name has the word. */
import { helpers as table } from "../../../assembler/spec/helpers.ts";
import { type Arg, contract } from "../../../runtime/verifier/calls/contract.ts";
import { specOf } from "../../../runtime/verifier/programs/table.ts";
import { HOOKS, NOT_BUILT, SLEEPABLE, type Hook, returnable, targetHooks } from "../hooks.ts";
import type { Question } from "../judge.ts";
import { MAPS, mapIndex } from "../maps.ts";
import { type Writer, writer } from "../writer.ts";
import { type Campaign, type Random, type Setting, caseOf, nameType, pick } from "./campaign.ts";

const LOOKUP = 1;
const CURRENT_TASK_BTF = 158;
const SIZES = [0, 1, 4, 8, 16, 32, 63, 64, 65, -1];
const CONSTANTS = [0, 1, 4, 8, 16, 64, -1];
/** What the program returns when nothing else was wrong. */
const FRAME = 128;

export const helperArguments: Campaign = {
	summary: "every helper with random arguments, most of which fit",
	ask({ kernel, random, only }: Setting) {
		for (const { type, why } of NOT_BUILT) console.log(`left out: program type ${type} (${why})`);
		const { tracepoints, iterators } = targetHooks(kernel);
		const hooks = [...HOOKS, tracepoints[0], ...iterators];
		const pairs = hooks.flatMap((hook) => table.flatMap(({ id, name }) => {
			if (only !== null && !name.includes(only)) return [];
			const row = specOf(hook.type)?.helper(name.replace(/^bpf_/, ""), hook.attach, hook.flags === SLEEPABLE);
			return row ? [{ hook, id, name, args: contract(row).args }] : [];
		}));
		return { questions: questions(pairs, random) };
	},
};

interface Pair {
	readonly hook: Hook;
	readonly id: number;
	readonly name: string;
	readonly args: readonly Arg[];
}

/** What an argument may be made of. The program has: r6 context, r7 a checked lookup's result, r8 an unknown number, r9 the current task (where it can be had). */
const SOURCES = {
	number(w, r, random) {
		const c = pick(CONSTANTS, random);
		w.set(r, c);
		return `${c}`;
	},
	unknown(w, r, random) {
		w.mov(r, 8);
		if (random(2)) w.alu(0x50, r, pick([7, 15, 63, 127], random));
		return "unknown";
	},
	context(w, r) {
		w.mov(r, 6);
		return "ctx";
	},
	moved(w, r) {
		w.mov(r, 6);
		w.alu(0, r, 4);
		return "ctx+4";
	},
	stack(w, r, random) {
		const off = pick([-FRAME, -64, -32, -8, -4], random);
		w.stack(r, off);
		return `fp${off}`;
	},
	map(w, r, random) {
		const m = random(MAPS.length);
		w.wide(r, 1, m);
		return MAPS[m].name;
	},
	direct(w, r, random) {
		const m = mapIndex(pick(["array", "readable", "writable"], random));
		w.wide(r, 2, m, pick([0, 0, 8, 60], random));
		return `&${MAPS[m].name}`;
	},
	value(w, r, random) {
		w.mov(r, 7);
		if (random(4) === 0) w.alu(0, r, pick([8, 56, 64], random));
		return "value";
	},
	null(w, r) {
		w.set(r, 0);
		return "0";
	},
	size(w, r, random) {
		const c = pick(SIZES, random);
		w.set(r, c);
		return `${c}`;
	},
	task(w, r) {
		w.mov(r, 9);
		return "task";
	},
} satisfies Readonly<Record<string, (w: Writer, r: number, random: Random) => string>>;
type Source = keyof typeof SOURCES;

const FITTING: Readonly<Record<string, readonly Source[]>> = {
	any: ["number", "unknown"], map: ["map"], key: ["stack", "stack", "direct", "value"], value: ["stack", "direct", "value"], mem: ["stack", "direct", "value", "direct", "null"], size: ["size", "unknown"],
	size0: ["size", "unknown"], alloc: ["size"], ctx: ["context"], str: ["direct"], stack: ["stack", "null"], sk: ["context", "null"], sock_common: ["context"], socket: ["context"], btf: ["task", "null"],
};
const ALL = Object.keys(SOURCES) as Source[];

function* questions(pairs: readonly Pair[], random: Random): Generator<Question> {
	for (let n = 0; pairs.length > 0; n++) {
		const { hook, id, name, args } = pick(pairs, random);
		const w = writer();
		const chosen = Array.from({ length: 5 }, (_, i): Source => {
			const kind = args[i]?.kind;
			return pick(kind === undefined || random(5) === 0 ? ALL : (FITTING[kind] ?? ALL), random);
		});
		const bad = w.label();
		w.mov(6, 1);
		for (let off = -FRAME; off < 0; off += 8) w.storeImm(8, 10, off, 0);
		w.set(8, 0);
		if (chosen.includes("unknown")) {
			w.call(7);
			w.mov(8, 0);
		}
		if (chosen.includes("value")) {
			w.wide(1, 1, random(2));
			w.stack(2, -8);
			w.call(LOOKUP);
			w.jump(0x10, 0, 0, bad);
			w.mov(7, 0);
		}
		if (chosen.includes("task")) {
			w.call(CURRENT_TASK_BTF);
			w.mov(9, 0);
		}
		const texts = chosen.map((source, i) => SOURCES[source](w, i + 1, random));
		w.call(id);
		if (random(3) === 0) w.emit(pick([0x61, 0x79, 0x73], random), 0, 0, 0, 0);
		if (random(3) === 0) nameType(w);
		w.place(bad);
		w.set(0, returnable(hook));
		w.exit();
		yield { one: caseOf(`${n}`, hook, w, { maps: MAPS }), what: `${hook.name} ${name}(${texts.join(", ")})`, reason: /cannot use helper|unknown func/ };
	}
}
