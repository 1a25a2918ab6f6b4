/** Questions about BTF types that the loader and the typed map views ask: through names and qualifiers, sizes, alignments. */
import type { Btf, BtfType } from "./types.ts";

/** An object's own BTF and the kernel's lazy view answer alike. */
export interface TypeSource {
	/** One more than the greatest id. */
	readonly count: number;
	type(id: number): BtfType;
	find(name: string): readonly number[];
}

const sources = new WeakMap<Btf, TypeSource>();

export function typeSource(btf: Btf): TypeSource {
	const known = sources.get(btf);
	if (known !== undefined) return known;
	let names: Map<string, number[]> | null = null;
	const source: TypeSource = {
		count: btf.types.length,
		type: (id) => btf.types[id] ?? { kind: "void" },
		find: (name) => {
			if (names === null) {
				names = new Map();
				for (const [id, type] of btf.types.entries()) {
					const own = "name" in type ? type.name : "";
					if (own === "") continue;
					const list = names.get(own);
					if (list === undefined) names.set(own, [id]);
					else list.push(id);
				}
			}
			return names.get(name) ?? [];
		},
	};
	sources.set(btf, source);
	return source;
}

export function nameOf(type: BtfType): string {
	return "name" in type ? type.name : "";
}

/** Through typedefs, qualifiers and type tags. */
export function resolve(source: TypeSource, id: number): number {
	for (let hops = 0; hops < 64; hops++) {
		const type = source.type(id);
		switch (type.kind) {
			case "typedef":
			case "const":
			case "volatile":
			case "restrict":
			case "type_tag":
				id = type.type;
				break;
			default:
				return id;
		}
	}
	return 0;
}

/** The type behind all names. */
export function resolved(source: TypeSource, id: number): BtfType {
	return source.type(resolve(source, id));
}

/** Bytes; 0 for what has none (void, functions, forward declarations). */
export function sizeOf(source: TypeSource, id: number): number {
	const type = resolved(source, id);
	switch (type.kind) {
		case "int":
		case "struct":
		case "union":
		case "enum":
		case "enum64":
		case "float":
		case "datasec":
			return type.size;
		case "ptr":
			return 8;
		case "array":
			return type.length * sizeOf(source, type.type);
		case "var":
			return sizeOf(source, type.type);
		default:
			return 0;
	}
}

/** Answers by source: records inside records, each twice in the next, would be asked for years. */
const alignments = new WeakMap<TypeSource, Map<number, number>>();

export function alignOf(source: TypeSource, id: number): number {
	let known = alignments.get(source);
	if (known === undefined) alignments.set(source, (known = new Map()));
	const before = known.get(id);
	if (before !== undefined) return before;
	// What is inside itself has none.
	known.set(id, 1);
	const align = alignOfBare(source, id);
	known.set(id, align);
	return align;
}

function alignOfBare(source: TypeSource, id: number): number {
	const type = resolved(source, id);
	switch (type.kind) {
		case "int":
		case "enum":
		case "enum64":
		case "float":
			return Math.min(8, type.size) || 1;
		case "ptr":
			return 8;
		case "array":
			return alignOf(source, type.type);
		case "struct":
		case "union":
			return Math.max(1, ...type.members.map((member) => alignOf(source, member.type)));
		case "var":
			return alignOf(source, type.type);
		default:
			return 1;
	}
}
