/**
 * A random program under construction, made of snippets: small pieces as programs have them (a lookup, a loop, a section under a lock), each with a small
 * chance of a mistake, nested in each other's bodies.
 *
 * r6 holds the context, r7 to r9 are for snippets; what must outlive a snippet is a thing in a slot of the stack.
 */
import type { TypeSource } from "../../../runtime/verifier/btf.ts";
import { JEQ, type Label, type Writer } from "../writer.ts";
import type { Typed } from "../typed.ts";

export type Random = (limit: number) => number;

export type ThingKind = "number" | "value" | "typed value" | "ring" | "task" | "cpumask" | "node" | "plain" | "packet" | "dynptr" | "pair" | "socket" | "arena" | "cgroup" | "relative" | "connection" | "new connection" | "per-CPU" | "map";

/** Something in a stack slot. */
export interface Thing {
	readonly kind: ThingKind;
	readonly at: number;
	/** Must be given back. */
	readonly owned: boolean;
}

export interface Build {
	readonly w: Writer;
	readonly random: Random;
	readonly kernel: TypeSource;
	readonly typed: Typed;
	readonly hook: "tc" | "xdp" | "syscall" | "tracing" | "socket" | "kprobe";
	/** Nesting of bodies; snippets with bodies stop at a limit. */
	depth: number;
	/** Snippets left in the whole program. */
	budget: number;
	/** A loop that ends when time is up is there already. */
	endless: boolean;
	/** Calls are not allowed here (under a spin lock). */
	locked: boolean;
	/** Whether r6 is the context in this function. */
	context: boolean;
	things: Thing[];
	/** Next free byte of the frame, going down. */
	top: number;
	/** Frame size of the function so far, and the limit. */
	limit: number;
	/** Functions to be written after this one. */
	readonly pending: { readonly label: Label; readonly type: number; readonly write: () => void }[];
}

/** Indexes of the program's maps. */
export const MAP = { array: 0, hash: 1, typed: 2, typedHash: 3, ring: 4, progs: 5, userRing: 6, percpu: 7, arena: 8, readOnly: 9, guarded: 10, worked: 11, outer: 12, outerHash: 13, outerPlain: 14 } as const;
export const VALUE = 64;

/** Writes `count` snippets. */
export type Body = (b: Build, count: number) => void;

/** The body, nested a level deeper. */
export const deeper = (body: Body): Body => (b, count) => {
	b.depth++;
	body(b, count);
	b.depth--;
};

export const pick = <T>(list: readonly T[], random: Random): T => list[random(list.length)];
/** Once in so many times a check, a release, an initialisation is left out. */
export const mistake = ({ random }: Build, often = 25): boolean => random(often) === 0;

/** The frame's next `size` bytes; null when it is full. */
export function slot(b: Build, size: number): number | null {
	const at = b.top - Math.ceil(size / 8) * 8;
	if (at < -b.limit) return null;
	b.top = at;
	return at;
}

/** Keeps the register as a thing. */
export function keep(b: Build, kind: ThingKind, r: number, owned = false): Thing | null {
	const at = slot(b, 8);
	if (at === null) return null;
	b.w.store(8, 10, at, r);
	const thing = { kind, at, owned };
	b.things = [...b.things, thing];
	return thing;
}

export function someThing(b: Build, ...kinds: readonly ThingKind[]): Thing | null {
	const fitting = b.things.filter(({ kind }) => kinds.includes(kind));
	return fitting.length === 0 ? null : pick(fitting, b.random);
}

export function forget(b: Build, thing: Thing): void {
	b.things = b.things.filter((t) => t !== thing);
}

/** An unknown number in `r`: one that is kept, or a new one. */
export function number(b: Build, r: number): void {
	const { w, random } = b;
	const kept = someThing(b, "number");
	if (kept !== null && random(3) !== 0) {
		const size = pick([8, 8, 8, 4, 4, 1], random);
		const inside = random(3) === 0 ? random(8 / size) * size : 0;
		if (size < 8 && random(3) === 0) w.loadSigned(size, r, 10, kept.at + inside);
		else w.load(size, r, 10, kept.at + inside);
	} else if (!b.locked && random(2)) {
		w.call(pick([7, 5, 14], random));
		if (r !== 0) w.mov(r, 0);
	} else {
		w.wide(r, 2, pick([MAP.array, MAP.readOnly], random), 8 * random(8));
		w.load(pick([1, 2, 4, 8], random), r, r, 0);
	}
}

export const kfunc = (b: Build, name: string): void => b.w.kfunc(Math.max(0, b.kernel.find(name, "func")), name);

/** A new page of the arena in r0, or null. */
export function arenaPage(b: Build): void {
	const { w } = b;
	w.wide(1, 1, MAP.arena);
	w.set(2, 0);
	w.set(3, 1);
	w.set(4, -1);
	w.set(5, 0);
	kfunc(b, "bpf_arena_alloc_pages");
}

/** Zero when null: the code up to `done` is skipped. */
export function checked(b: Build, r: number, done: Label, often = 25): void {
	if (!mistake(b, often)) b.w.jump(JEQ, r, 0, done, b.random(40) === 0);
}

const RELEASES: Readonly<Partial<Record<ThingKind, (b: Build) => void>>> = {
	ring(b) {
		b.w.set(2, 0);
		b.w.call(pick([132, 133], b.random));
	},
	task: (b) => kfunc(b, "bpf_task_release"),
	cpumask: (b) => kfunc(b, "bpf_cpumask_release"),
	node(b) {
		b.w.set(2, 0);
		kfunc(b, "bpf_obj_drop_impl");
	},
	plain(b) {
		b.w.set(2, 0);
		kfunc(b, "bpf_obj_drop_impl");
	},
	socket: (b) => b.w.call(86),
	cgroup: (b) => kfunc(b, "bpf_cgroup_release"),
	connection: (b) => kfunc(b, "bpf_ct_release"),
	"new connection": (b) => kfunc(b, "bpf_ct_release"),
	"per-CPU"(b) {
		b.w.set(2, 0);
		kfunc(b, "bpf_percpu_obj_drop_impl");
	},
};

/** Gives back what was made since `before`. */
export function release(b: Build, before: readonly Thing[]): void {
	for (const thing of b.things) {
		if (!thing.owned || before.includes(thing) || mistake(b, 30)) continue;
		b.w.load(8, 1, 10, thing.at);
		RELEASES[thing.kind]?.(b);
	}
	b.things = b.things.filter((thing) => before.includes(thing));
}
