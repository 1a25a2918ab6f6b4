/**
 * One of each type. In: types, some of them equal or only forward-declared. Out: fewer types, and where each old id went.
 *
 * Two types are equal when nothing that can be reached from one tells it from the other. That is the coarsest partition that a
 * refinement reaches: start by what a type says of itself, then split classes whose members refer to different classes, until nothing
 * splits. Cycles through pointers need no special care. Then a forward declaration becomes the record of its name if there is just one,
 * and the partition is made again, because more may be equal now.
 *
 * Source: the task is that of libbpf's btf__dedup; the method is Hopcroft's idea of partition refinement, in its simple form.
 */
import { type BtfType, referencesOf } from "./types.ts";

export interface Deduplicated {
	readonly types: readonly BtfType[];
	/** New id by old id. */
	readonly ids: Uint32Array;
}

/** `replaced` are types that another stands for (an extern's by its definition's). DATASECs all stay. */
export function dedupTypes(types: readonly BtfType[], replaced: ReadonlyMap<number, number> = new Map()): Deduplicated {
	const forward = new Uint32Array(types.length).map((_, id) => replaced.get(id) ?? id);
	const own = types.map((type, id) => (type.kind === "datasec" ? `${id}` : ownText(type)));
	for (;;) {
		const classes = partition(types, own, forward);
		if (!resolveForwards(types, classes, forward)) return rebuild(types, classes, forward);
	}
}

/** What a type says without its references. */
function ownText(type: BtfType): string {
	switch (type.kind) {
		case "struct":
		case "union":
			return JSON.stringify([type.kind, type.name, type.size, type.members.map((m) => [m.name, m.bitOffset, m.bitSize])]);
		case "func_proto":
			return JSON.stringify([type.kind, type.params.map((p) => p.name)]);
		case "enum64":
			return JSON.stringify([type.kind, type.name, type.size, type.signed, type.values.map((v) => [v.name, String(v.value)])]);
		case "datasec":
			return "";
		case "array":
			return `array ${type.length}`;
		default: {
			const { type: _, ...rest } = type as { type?: number };
			return JSON.stringify(rest);
		}
	}
}

/** The class of each type: the least id of its equals. */
function partition(types: readonly BtfType[], own: readonly string[], forward: Uint32Array): Uint32Array {
	let classes = group(types.length, (id) => own[forward[id]]);
	const references = types.map((_, id) => referencesOf(types[forward[id]]).map((ref) => forward[ref]));
	for (let count = distinct(classes); ; ) {
		const next = group(types.length, (id) => {
			let key = String(classes[id]);
			for (const ref of references[id]) key += `,${classes[ref]}`;
			return key;
		});
		const now = distinct(next);
		if (now === count) return next;
		classes = next;
		count = now;
	}
}

function group(length: number, key: (id: number) => string): Uint32Array {
	const first = new Map<string, number>();
	const classes = new Uint32Array(length);
	for (let id = 0; id < length; id++) {
		const text = key(id);
		const known = first.get(text);
		if (known === undefined) first.set(text, id);
		classes[id] = known ?? id;
	}
	return classes;
}

function distinct(classes: Uint32Array): number {
	let count = 0;
	for (let id = 0; id < classes.length; id++) if (classes[id] === id) count++;
	return count;
}

/** Lets forward declarations stand for the one definition of their name; whether any did. */
function resolveForwards(types: readonly BtfType[], classes: Uint32Array, forward: Uint32Array): boolean {
	const definitions = new Map<string, Set<number>>();
	for (let id = 1; id < types.length; id++) {
		const tag = tagOf(types[id]);
		if (tag === undefined || tag.forward || forward[id] !== id) continue;
		const set = definitions.get(tag.key) ?? new Set();
		definitions.set(tag.key, set.add(classes[id]));
	}
	let changed = false;
	for (let id = 1; id < types.length; id++) {
		const tag = tagOf(types[id]);
		if (!tag?.forward || forward[id] !== id) continue;
		const found = definitions.get(tag.key);
		if (found?.size !== 1) continue;
		forward[id] = [...found][0];
		changed = true;
	}
	return changed;
}

function tagOf(type: BtfType): { key: string; forward: boolean } | undefined {
	switch (type.kind) {
		case "struct":
		case "union":
			return type.name === "" ? undefined : { key: `${type.kind} ${type.name}`, forward: false };
		case "fwd":
			return { key: `${type.union ? "union" : "struct"} ${type.name}`, forward: true };
		case "enum":
		case "enum64":
			return type.name === "" ? undefined : { key: `enum ${type.name}`, forward: type.values.length === 0 };
		default:
			return undefined;
	}
}

function rebuild(types: readonly BtfType[], classes: Uint32Array, forward: Uint32Array): Deduplicated {
	const ids = new Uint32Array(types.length);
	let next = 0;
	for (let id = 0; id < types.length; id++) if (classes[forward[id]] === id) ids[id] = next++;
	for (let id = 0; id < types.length; id++) if (classes[forward[id]] !== id) ids[id] = ids[classes[forward[id]]];
	const out: BtfType[] = [];
	types.forEach((_, id) => {
		// The first of a class may be a stand-in: what it stands for is written in its place.
		if (classes[forward[id]] === id) out.push(mapReferences(types[forward[id]], (ref) => ids[ref]));
	});
	return { types: out, ids };
}

/** The type with every id in it replaced. */
export function mapReferences(type: BtfType, map: (id: number) => number): BtfType {
	switch (type.kind) {
		case "array":
			return { ...type, type: map(type.type), indexType: map(type.indexType) };
		case "struct":
		case "union":
			return { ...type, members: type.members.map((member) => ({ ...member, type: map(member.type) })) };
		case "func_proto":
			return {
				...type,
				result: map(type.result),
				params: type.params.map((param) => ({ ...param, type: map(param.type) })),
			};
		case "datasec":
			return { ...type, vars: type.vars.map((variable) => ({ ...variable, type: map(variable.type) })) };
		default:
			return "type" in type ? { ...type, type: map(type.type) } : type;
	}
}
