/** Objects that programs allocate and share: how often each is held, by its address. The last one to let go frees it. */
import type { Machine } from "../machine.ts";

const counts = new WeakMap<Machine, Map<number, number>>();

export function references(m: Machine): Map<number, number> {
	const known = counts.get(m);
	if (known !== undefined) return known;
	const made = new Map<number, number>();
	counts.set(m, made);
	return made;
}

/** One more holds it. `known`: by how many it was held, where nobody counted yet. */
export function takeReference(m: Machine, object: number, known = 0): void {
	references(m).set(object, (references(m).get(object) ?? known) + 1);
}

export function dropReference(m: Machine, object: number): void {
	const left = (references(m).get(object) ?? 1) - 1;
	references(m).set(object, left);
	if (left > 0) return;
	references(m).delete(object);
	m.memory.free(object);
}
