/** What BTF's types are called in C. */
import type { BtfType } from "./types.ts";
import { wordSet } from "../words.ts";

const KEYWORDS = wordSet(`
	auto break case char const continue default do double else enum extern float for goto if inline int long
	register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
`);

/** A name as an identifier of C: names in an object are data, never code. */
export function identifier(name: string): string {
	if (/^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name)) return KEYWORDS.has(name) ? `${name}_` : name;
	return name === "" ? "" : name.replace(/[^A-Za-z0-9_$]/g, "_").replace(/^(?=\d)/, "_");
}

/** The names of INT and FLOAT types are several words. */
export const baseName = (name: string): string =>
	/^[A-Za-z_][A-Za-z0-9_]*( [A-Za-z_][A-Za-z0-9_]*)*$/.test(name) ? name : identifier(name) || "int";

function fresh(taken: Map<string, number>, name: string): string {
	const count = (taken.get(name) ?? 0) + 1;
	taken.set(name, count);
	return count > 1 ? `${name}___${count}` : name;
}

/** The names of one header: a type whose name another one has taken gets a number. */
export class CNames {
	readonly #types: readonly BtfType[];
	readonly #names: (string | undefined)[] = [];
	/** How often a name has been given out: struct, union and enum tags; typedefs and enumerators. */
	readonly #tags = new Map<string, number>();
	readonly #identifiers = new Map<string, number>();

	constructor(types: readonly BtfType[]) {
		this.#types = types;
	}

	of(id: number): string {
		const known = this.#names[id];
		if (known !== undefined) return known;
		const type = this.#types[id];
		const plain = identifier("name" in type ? type.name : "");
		const name = plain === "" ? "" : fresh(type.kind === "typedef" ? this.#identifiers : this.#tags, plain);
		this.#names[id] = name;
		return name;
	}

	/** `struct name`. */
	tag(id: number): string {
		const type = this.#types[id];
		const keyword = type.kind === "enum64" ? "enum" : type.kind === "fwd" ? (type.union ? "union" : "struct") : type.kind;
		const name = this.of(id);
		return name === "" ? keyword : `${keyword} ${name}`;
	}

	enumerator(name: string): string {
		return fresh(this.#identifiers, identifier(name));
	}
}
