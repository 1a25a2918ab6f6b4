/** Snippets of maps in maps: what is looked up in one is a map, of which each lookup may give another. */
import type { Label } from "../writer.ts";
import { type Body, type Build, MAP, checked, deeper, keep, kfunc, mistake, number, pick, release, slot, someThing } from "./build.ts";
import { field, lock, unlock } from "./owning.ts";

const LOOKUP = 1, UPDATE = 2, FOR_EACH = 164, TIMER_INIT = 169, TIMER_CANCEL = 172;

export function innerMaps(body: Body) {
	const nested = deeper(body);
	return {
		inner: (b: Build): void => innerValue(b, nested),
		twice,
		eachOfInner,
	} as const;
}

/** A value of an inner map, used as the other values are. */
function innerValue(b: Build, nested: Body): void {
	if (b.locked) return;
	const { w, random } = b;
	const done = w.label();
	const typed = random(3) !== 0;
	const key = inner(b, typed ? pick([MAP.outer, MAP.outerHash], random) : MAP.outerPlain, done);
	if (key === null) return;
	const kept = random(3) === 0 ? keep(b, "map", 0) : null;
	w.mov(1, 0);
	w.stack(2, key);
	if (random(12) === 0) {
		w.load(4, 7, 0, pick([4, 24, 28, 32], random));
		w.stack(3, key);
		w.set(4, 0);
	}
	w.call(mistake(b) ? UPDATE : LOOKUP);
	checked(b, 0, done);
	w.mov(7, 0);
	const before = b.things;
	const value = keep(b, typed ? "typed value" : "value", 0);
	if (value !== null) nested(b, 1 + random(3));
	release(b, before);
	w.place(done);
	b.things = b.things.filter((thing) => thing !== value && thing !== kept);
}

/** Two lookups, of the same place or not: what is in the value of one is not to be used with the other. */
function twice(b: Build): void {
	if (b.locked || b.depth >= 2) return;
	const { w, random, typed } = b;
	const done = w.label();
	const outer = pick([MAP.outer, MAP.outerHash], random);
	const first = inner(b, outer, done);
	if (first === null) return;
	const maps = [slot(b, 8), slot(b, 8), slot(b, 8)] as const;
	if (maps[0] === null || maps[1] === null || maps[2] === null) return w.place(done);
	w.store(8, 10, maps[0], 0);
	const second = random(4) ? inner(b, random(3) ? outer : pick([MAP.outer, MAP.outerHash], random), done) : first;
	if (second === null) return w.place(done);
	if (second === first) w.load(8, 0, 10, maps[0]);
	w.store(8, 10, maps[1], 0);
	w.load(8, 1, 10, maps[random(2)]!);
	w.stack(2, first);
	w.call(LOOKUP);
	checked(b, 0, done);
	w.store(8, 10, maps[2], 0);
	w.mov(7, 0);
	switch (random(4)) {
		case 0:
			field(b, 1, 7, "timer");
			w.load(8, 2, 10, maps[random(2)]!);
			w.set(3, 1);
			w.call(TIMER_INIT);
			if (random(2)) {
				field(b, 1, 7, "timer");
				w.call(TIMER_CANCEL);
			}
			break;
		case 1:
			field(b, 1, 7, "work");
			w.load(8, 2, 10, maps[random(2)]!);
			w.set(3, 0);
			kfunc(b, "bpf_wq_init");
			break;
		case 2:
			lock(b, 7);
			w.load(8, 8, 7, typed.member("value", "data"));
			if (random(3)) w.load(8, 7, 10, maps[2]);
			unlock(b, 7);
			break;
		default: {
			// The same place again: another value, as far as anybody knows.
			w.load(8, 1, 10, maps[random(2)]!);
			w.stack(2, first);
			w.call(LOOKUP);
			checked(b, 0, done);
			w.mov(9, 0);
			w.load(8, 7, 10, maps[2]);
			lock(b, 7);
			unlock(b, random(2) ? 7 : 9);
		}
	}
	w.place(done);
}

/** Each element of an inner map. */
function eachOfInner(b: Build): void {
	if (b.locked || b.depth >= 2) return;
	const { w, random } = b;
	const done = w.label();
	const kept = someThing(b, "map");
	if (kept !== null && random(2)) {
		w.load(8, 0, 10, kept.at);
		checked(b, 0, done, 8);
	} else if (inner(b, pick([MAP.outer, MAP.outerPlain], random), done) === null) return;
	const callback = w.label();
	b.pending.push({
		label: callback, type: b.typed.func("each"), write() {
			if (random(2)) w.load(8, 7, 3, b.typed.member("value", "data"));
			w.set(0, mistake(b, 10) ? 2 : 0);
			w.exit();
		},
	});
	w.mov(1, 0);
	w.func(2, callback);
	w.set(3, 0);
	w.set(4, 0);
	w.call(FOR_EACH);
	w.place(done);
}

/** A map of a map in r0, checked; the key's slot. */
function inner(b: Build, outer: number, none: Label): number | null {
	const { w, random } = b;
	const key = slot(b, 8);
	if (key === null) return null;
	if (random(3)) w.storeImm(4, 10, key, random(3));
	else {
		number(b, 1);
		w.store(8, 10, key, 1);
	}
	w.wide(1, 1, outer);
	w.stack(2, key);
	w.call(LOOKUP);
	checked(b, 0, none);
	return key;
}
