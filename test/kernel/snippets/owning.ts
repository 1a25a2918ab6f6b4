/** What snippets of objects have in common: values of maps and their members, what is owned from here on, locks. */
import { type Build, type Thing, MAP, checked, keep, mistake, pick, release, slot, someThing } from "./build.ts";

/** A `struct value` in r7, or a jump to `done`. */
export function value(b: Build, done: number): boolean {
	const { w, random } = b;
	const kept = someThing(b, "typed value");
	if (kept !== null && random(3) !== 0) {
		w.load(8, 7, 10, kept.at);
		checked(b, 7, done, 12);
		return true;
	}
	if (b.locked) return false;
	if (random(2)) {
		w.wide(7, 2, MAP.typed, 0);
		return true;
	}
	const key = slot(b, 8);
	if (key === null) return false;
	w.storeImm(4, 10, key, 0);
	w.wide(1, 1, pick([MAP.typed, MAP.typedHash], random));
	w.stack(2, key);
	w.call(1);
	checked(b, 0, done);
	w.mov(7, 0);
	return true;
}

export const field = (b: Build, r: number, from: number, member: string): void => {
	b.w.mov(r, from);
	b.w.alu(0, r, b.typed.member("value", member) + (mistake(b, 60) ? 8 : 0));
};

/** A reference in r0 becomes a thing; the null way skips it. */
export function own(b: Build, kind: Thing["kind"], body: (thing: Thing) => void): void {
	const { w } = b;
	const none = w.label();
	checked(b, 0, none);
	const before = b.things;
	const thing = keep(b, kind, 0, true);
	if (thing !== null) body(thing);
	release(b, before);
	w.place(none);
}

/** The value of a map in r9, its lock taken, and a slot beside it; null where there is none. */
export function lockedValue(b: Build, done: number): number | null {
	if (!value(b, done)) return null;
	const at = slot(b, 8);
	if (at === null) return null;
	b.w.mov(9, 7);
	lock(b, 9);
	return at;
}

export function lock(b: Build, r: number): void {
	b.w.mov(1, r);
	b.w.call(93);
}

export function unlock(b: Build, r: number): void {
	b.w.mov(1, r);
	b.w.call(94);
}
