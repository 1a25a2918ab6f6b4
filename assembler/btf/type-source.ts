/** Questions about BTF types that the loader and the typed map views ask: through names and qualifiers, sizes, alignments. */
import { DEPTH, perType } from "./per-type.ts";
import { type Btf, type BtfType, isModifier } from "./types.ts";

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

/** CO-RE's name of a type: "task_struct___old" is another view of "task_struct". */
export function essentialName(name: string): string {
	const at = name.lastIndexOf("___");
	return at > 0 && at + 3 < name.length ? name.slice(0, at) : name;
}

export function nameOf(type: BtfType): string {
	return "name" in type ? type.name : "";
}

/** Through typedefs, qualifiers and type tags. */
export function resolve(source: TypeSource, id: number): number {
	for (let depth = 0; depth < DEPTH; depth++) {
		const type = source.type(id);
		if (!isModifier(type)) return id;
		id = type.type;
	}
	return 0;
}

/** The type behind all names. */
export function resolved(source: TypeSource, id: number): BtfType {
	return source.type(resolve(source, id));
}

/** Bytes; 0 for what has none (void, functions, forward declarations). */
export const sizeOf = perType<TypeSource, number>(0, (source, id, inner) => {
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
			return type.length * inner(type.type);
		case "var":
			return inner(type.type);
		default:
			return 0;
	}
});

export const alignOf = perType<TypeSource, number>(1, (source, id, inner) => {
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
		case "var":
			return inner(type.type);
		case "struct":
		case "union":
			return Math.max(1, ...type.members.map((member) => inner(member.type)));
		default:
			return 1;
	}
});
