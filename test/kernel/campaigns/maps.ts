/**
 * Maps of every type, with and without flags for programs: looked up, changed, walked, addressed, and what that gives read, written, given on. `--only`: maps
 * whose name has the word.
 */
import { SLEEPABLE, hook, returnable } from "../hooks.ts";
import type { Question } from "../judge.ts";
import { MAPS } from "../maps.ts";
import { JEQ, type Writer, writer } from "../writer.ts";
import type { RecordedMap } from "../../support/case-image.ts";
import { type Campaign, type Random, type Setting, caseOf, pick } from "./campaign.ts";

type NamedMap = RecordedMap & { readonly name: string };
const NO_PREALLOC = 1;
const MAPPABLE = 1024;
/** BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG, both. */
const FOR_PROGRAMS = [0, 0, 128, 256, 384];

const made = (name: string, type: number, keySize: number, valueSize: number, maxEntries: number, more: Partial<RecordedMap> = {}): NamedMap => ({ name, type, key_size: keySize, value_size: valueSize, max_entries: maxEntries, map_flags: 0, ...more });
const inner = made("inner", 2, 4, 16, 1);
const ALL: readonly NamedMap[] = [
	...MAPS, made("lpm", 11, 8, 16, 4, { map_flags: NO_PREALLOC }), made("lru percpu", 10, 4, 16, 4), made("array of maps", 12, 4, 4, 2, { inner }), made("hash of maps", 13, 4, 4, 2, { inner }),
	made("cgroup storage", 19, 8, 16, 0), made("cgroup storage percpu", 21, 8, 16, 0), made("arena", 33, 0, 0, 4, { map_flags: MAPPABLE }), made("small", 2, 4, 1, 3), made("odd", 1, 3, 5, 3),
	made("mappable", 2, 4, 24, 2, { map_flags: MAPPABLE }), made("frozen", 2, 4, 16, 1, { map_flags: 128, frozen: true, init: "0100000002000000ff" }), made("frozen, writable", 2, 4, 16, 1, { frozen: true, init: "07" }),
];

const HOOKS = [hook(6), hook(3), hook(14, 5), hook(21, 39), hook(13, 3), hook(31, 0, SLEEPABLE), hook(2), hook(1), hook(8), hook(16, 7), hook(25, 22), hook(5), hook(7)];

export const mapsCampaign: Campaign = {
	summary: "maps of every type, and what is in them",
	ask: (setting) => ({ questions: questions(setting) }),
};

function* questions({ random, only, kernel }: Setting): Generator<Question> {
	const maps = ALL.filter(({ name }) => only === null || name.includes(only));
	for (let n = 0; maps.length > 0; n++) {
		const at = pick(HOOKS, random);
		const map = pick(maps, random);
		const flags = pick(FOR_PROGRAMS, random);
		const w = writer();
		w.mov(6, 1);
		for (let off = 8; off <= 64; off += 8) w.storeImm(8, 10, -off, 0);
		const what: string[] = [];
		for (let left = 1 + random(3); left > 0; left--) what.push(...step(w, random, map, (name) => w.kfunc(Math.max(0, kernel.find(name, "func")), name)));
		w.set(0, returnable(at));
		w.exit();
		const { name, ...rest } = map;
		yield { one: caseOf(`${n}`, at, w, { maps: [{ ...rest, map_flags: (map.map_flags ?? 0) | flags }, inner] }), what: `${at.name} ${name} ${flags} ${what.join(" ")}` };
	}
}

/** One thing done to the map; pointers that come of it are in r7. */
function step(w: Writer, random: Random, map: NamedMap, kfunc: (name: string) => void): string[] {
	const way = random(10);
	const out = w.label();
	const key = (): void => {
		w.stack(2, -16);
		w.wide(1, 1, 0);
	};
	if (way < 4) {
		// lookup, lookup_percpu, or the address of the value itself.
		if (way === 3) w.wide(7, 2, 0, pick([0, 0, 1, 8, map.value_size, map.value_size - 1], random));
		else {
			key();
			if (way === 2) w.set(3, 0);
			w.call(way === 2 ? 195 : 1);
			w.mov(7, 0);
			if (random(12)) w.jump(JEQ, 7, 0, out);
		}
		const used = use(w, random, map);
		w.place(out);
		return [["lookup", "lookup", "lookup_percpu", "address"][way], used];
	}
	if (way < 8) {
		key();
		w.stack(3, -64);
		w.set(4, pick([0, 1, 8], random));
		const [name, id] = pick([["update", 2], ["delete", 3], ["push", 87], ["pop", 88], ["peek", 89]] as const, random);
		if (id > 80) {
			w.stack(2, -64);
			w.set(3, 0);
		}
		w.call(id);
		return [name];
	}
	if (way === 8) {
		// Fields of struct bpf_map.
		w.wide(7, 1, 0);
		const off = pick([0, 4, 8, 24, 28, 32, 36, 40], random);
		if (random(4) === 0) w.storeImm(4, 7, off, 1);
		else w.load(pick([4, 8], random), 8, 7, off);
		return [`field ${off}`];
	}
	w.wide(1, 1, 0);
	if (random(2)) {
		kfunc("bpf_map_sum_elem_count");
		return ["sum"];
	}
	w.set(2, 0);
	w.set(3, 0);
	w.call(pick([12, 51, 25], random));
	return ["redirected"];
}

/** What r7 points to: an inner map, a value, a socket. */
function use(w: Writer, random: Random, map: NamedMap): string {
	const size = pick([1, 2, 4, 8], random);
	const off = pick([0, 0, 4, map.value_size - size, map.value_size, -1], random);
	switch (random(7)) {
		case 0: case 1:
			w.load(size, 8, 7, off);
			return `read ${size} at ${off}`;
		case 2: case 3:
			w.storeImm(size, 7, off, 3);
			return `write ${size} at ${off}`;
		case 4: {
			const none = w.label();
			w.mov(1, 7);
			w.stack(2, -16);
			w.call(1);
			w.jump(JEQ, 0, 0, none);
			w.storeImm(4, 0, pick([0, 12, 16], random), 1);
			w.place(none);
			return "looked up in";
		}
		case 5:
			// bpf_probe_read_kernel writes, bpf_trace_printk reads.
			w.mov(1, 7);
			w.set(2, pick([1, size, map.value_size, map.value_size + 1], random));
			w.set(3, 0);
			w.call(random(2) ? 113 : 6);
			return "given on";
		default:
			w.set(1, 1);
			w.emit(size === 4 ? 0xc3 : 0xdb, 7, 1, off, pick([0, 1, 0xe1], random));
			return `atomic ${size === 4 ? 4 : 8} at ${off}`;
	}
}
