/** Programs of everything that is about state: calls, callbacks, loops, references, objects, sections, memory, from snippets that nest in each other. `--only`: snippets whose name has the word come more often. */
import { SLEEPABLE, type Hook, hook, targetHooks } from "../hooks.ts";
import type { Question } from "../judge.ts";
import { type Body, type Build, MAP, VALUE, release } from "../snippets/build.ts";
import { callbacks } from "../snippets/callbacks.ts";
import { innerMaps } from "../snippets/inner.ts";
import { loops } from "../snippets/loops.ts";
import { MEMORY } from "../snippets/memory.ts";
import { kernelObjects } from "../snippets/kernel.ts";
import { objects } from "../snippets/objects.ts";
import { neededMaps } from "../needed-maps.ts";
import { type Typed, typed } from "../typed.ts";
import { writer } from "../writer.ts";
import type { RecordedMap } from "../../support/case-image.ts";
import { type Asked, type Campaign, type Setting, caseOf, pick } from "./campaign.ts";

const MAPPABLE = 1024;
const READ_ONLY = 128;

type Snippet = (b: Build) => void;

const common = (body: Body): readonly (readonly [string, Snippet])[] => [...Object.entries(MEMORY), ...Object.entries(loops(body)), ...Object.entries(objects(body)), ...Object.entries(callbacks(body)), ...Object.entries(innerMaps(body))];
const times = <T>(count: number, list: readonly T[]): readonly T[] => Array.from({ length: count }, () => list).flat();

export const mixed: Campaign = {
	summary: "programs of calls, loops, references, objects, sections and memory",
	ask: (setting) => ask(setting, common),
};

export const kernelObjectsMixed: Campaign = {
	summary: "the same among iterators, control groups, connections, locks that may fail, walks of trees, casts, dynptrs of every kind",
	ask: (setting) => ask(setting, (body) => [...common(body), ...times(3, Object.entries(kernelObjects(body)))]),
};

function ask(setting: Setting, snippets: (body: Body) => readonly (readonly [string, Snippet])[]): Asked {
	const types = typed(setting.scratch);
	const { tracepoints, iterators, members } = targetHooks(setting.kernel);
	const traced = tracepoints.find(({ name }) => name === "tp_btf/sched_switch") ?? tracepoints[0];
	// Those that snippets are written for come more often than those of the same kind.
	const others = ([
		["tc", [hook(4), hook(8), hook(12), hook(14, 5), hook(10)]], ["xdp", [hook(6, 33)]], ["tracing", [...members, ...iterators.slice(0, 12)]], ["kprobe", [hook(7), hook(17), hook(5), hook(2, 48)]], ["socket", [hook(9, 2), hook(15, 6), hook(30, 36), hook(25, 22)]],
	] as const).flatMap(([kind, list]) => list.slice(0, 20).map((one) => [kind, one] as const));
	const usual: readonly (readonly [Build["hook"], Hook])[] = [
		["tc", hook(3)], ["tc", hook(3)], ["xdp", hook(6)], ["syscall", hook(31, 0, SLEEPABLE)], ["tracing", traced], ["socket", hook(1)], ["kprobe", hook(2, 48, SLEEPABLE)],
	];
	const hooks = [...times(12, usual), ...others];
	return { questions: questions(setting, types, hooks, snippets) };
}

const plain = (type: number, keySize: number, valueSize: number, entries: number, flags = 0): RecordedMap => ({ type, key_size: keySize, value_size: valueSize, max_entries: entries, map_flags: flags });

function mapsOf(types: Typed): readonly RecordedMap[] {
	const maps: RecordedMap[] = [];
	maps[MAP.array] = plain(2, 4, VALUE, 1);
	maps[MAP.hash] = plain(1, 4, VALUE, 4);
	maps[MAP.typed] = types.map(2, 1);
	maps[MAP.typedHash] = types.map(1, 4);
	maps[MAP.ring] = plain(27, 0, 0, 4096);
	maps[MAP.progs] = plain(3, 4, 4, 4);
	maps[MAP.userRing] = plain(31, 0, 0, 4096);
	maps[MAP.percpu] = plain(6, 4, VALUE, 1);
	maps[MAP.arena] = plain(33, 0, 0, 8, MAPPABLE);
	maps[MAP.readOnly] = { ...plain(2, 4, VALUE, 1, READ_ONLY), frozen: true, init: "0500000000000000ffffffffffffffff8000000000000000" };
	maps[MAP.guarded] = types.map(2, 1, "guarded");
	maps[MAP.worked] = types.map(2, 1, "worked");
	maps[MAP.outer] = { ...plain(12, 4, 4, 3), inner: types.map(2, 1) };
	maps[MAP.outerHash] = { ...plain(13, 4, 4, 3), inner: types.map(1, 4) };
	maps[MAP.outerPlain] = { ...plain(12, 4, 4, 3), inner: plain(2, 4, VALUE, 1) };
	return maps;
}

function* questions({ random, kernel, only }: Setting, types: Typed, hooks: readonly (readonly [Build["hook"], Hook])[], snippetsOf: (body: Body) => readonly (readonly [string, Snippet])[]): Generator<Question> {
	const maps = mapsOf(types);
	const texts: string[] = [];
	const body = (b: Build, count: number): void => {
		for (let n = count; n > 0 && b.budget > 0; n--) {
			b.budget--;
			const [name, snippet] = pick(WEIGHTED, random);
			texts.push(name);
			snippet(b);
		}
	};
	const snippets = snippetsOf(body);
	const WEIGHTED = snippets.flatMap((entry) => Array.from({ length: only !== null && entry[0].includes(only) ? 12 : 1 }, () => entry));
	for (let n = 0; ; n++) {
		texts.length = 0;
		const [name, at] = pick(hooks, random);
		const w = writer();
		const b: Build = { w, random, kernel, typed: types, hook: name, depth: 0, budget: 3 + random(12), endless: false, locked: false, context: true, things: [], top: 0, limit: 384, pending: [] };
		w.function(types.func("program"));
		w.mov(6, 1);
		body(b, 2 + random(5));
		release(b, []);
		w.set(0, 0);
		w.exit();
		for (let i = 0; i < b.pending.length; i++) {
			const { label, type, write } = b.pending[i];
			w.place(label);
			w.function(type);
			write();
		}
		yield { one: caseOf(`${n}`, at, w, { btf: types.file, ...neededMaps(w.finish().insns ?? "", maps) }), what: `${at.name} ${texts.join(" ")}` };
	}
}
