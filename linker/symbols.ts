/**
 * One symbol of each global name. In: objects, where their sections went, and their types. Out: the symbols of the result, and for each
 * symbol of an input its new index; for each global name the object whose definition counts.
 *
 * Rules (libbpf's): two strong definitions are an error; a strong one beats weak ones; the first weak one beats later ones; an extern
 * takes whatever definition there is, if the types agree. Visibility becomes the strictest that anyone asks for.
 */
import type { ObjectSymbol } from "../assembler/object.ts";
import { mapMismatch, typeMismatch } from "./compatible.ts";
import type { Joined } from "./sections.ts";
import type { MergedTypes } from "./types.ts";
import type { LinkError, LinkInput } from "./input.ts";

export interface ResolvedSymbols {
	readonly symbols: readonly ObjectSymbol[];
	/** By input, by symbol of the input; −1 for what nobody needs. */
	readonly indexes: readonly (readonly number[])[];
	/** By name: the input that defines it, if any does. */
	readonly owners: ReadonlyMap<string, number | undefined>;
	/** Types of externs and lost definitions, by those that stand for them. */
	readonly replaced: ReadonlyMap<number, number>;
}

interface Global {
	readonly index: number;
	owner: number | undefined;
	firstSeen: number;
	typeId: number | undefined;
}

const STRICTNESS = ["default", "protected", "hidden", "internal"] as const;

export function resolveSymbols(inputs: readonly LinkInput[], joined: Joined, merged: MergedTypes, errors: LinkError[]): ResolvedSymbols {
	const table = new SymbolTable(inputs, joined, merged, errors);
	const indexes = inputs.map(({ object }, input) => object.symbols.map((symbol) => table.add(symbol, input)));
	const { symbols, owners, replaced } = table;
	return { symbols, indexes, owners, replaced };
}

/** The symbols of all inputs so far, one for each global name. */
class SymbolTable {
	readonly symbols: ObjectSymbol[];
	readonly replaced = new Map<number, number>();
	readonly #globals = new Map<string, Global>();
	readonly #inputs: readonly LinkInput[];
	readonly #joined: Joined;
	readonly #merged: MergedTypes;
	readonly #errors: LinkError[];

	constructor(inputs: readonly LinkInput[], joined: Joined, merged: MergedTypes, errors: LinkError[]) {
		this.#inputs = inputs;
		this.#joined = joined;
		this.#merged = merged;
		this.#errors = errors;
		const own = { name: "", value: 0, size: 0, binding: "local", type: "section", visibility: "default" } as const;
		this.symbols = joined.sections.map((_, section) => ({ ...own, section }));
	}

	/** Which input defines a name; undefined: none. */
	get owners(): Map<string, number | undefined> {
		return new Map([...this.#globals].map(([name, { owner }]) => [name, owner]));
	}

	/** The symbol's index in the output; −1: it is not there. */
	add(symbol: ObjectSymbol, input: number): number {
		if (symbol.type === "file") return this.symbols.push(symbol) - 1;
		const now = this.#moved(symbol, input);
		if (now === undefined) return -1;
		if (symbol.type === "section") return typeof now.section === "number" ? now.section : -1;
		if (symbol.section === "common") {
			const places = [this.#inputs[input].name];
			this.#errors.push({ message: `"${symbol.name}" is a common symbol; compile with -fno-common`, places });
			return -1;
		}
		if (typeof symbol.section === "number" && this.#joined.placements[input][symbol.section]?.duplicate)
			return this.#globals.get(symbol.name)?.index ?? -1;
		if (symbol.binding === "local") return this.symbols.push(now) - 1;
		const typeId = this.#merged.typeOfSymbol[input].get(symbol.name);
		const known = this.#globals.get(symbol.name);
		if (known !== undefined) {
			this.#merge(known, now, symbol, input, typeId);
			return known.index;
		}
		const owner = symbol.section === "undefined" ? undefined : input;
		this.#globals.set(symbol.name, { index: this.symbols.length, owner, firstSeen: input, typeId });
		return this.symbols.push(now) - 1;
	}

	/** To where its section went; undefined: the section is left out. */
	#moved(symbol: ObjectSymbol, input: number): ObjectSymbol | undefined {
		if (typeof symbol.section !== "number") return symbol;
		const placement = this.#joined.placements[input][symbol.section];
		return placement && { ...symbol, section: placement.section, value: symbol.value + placement.offset };
	}

	#merge(known: Global, now: ObjectSymbol, symbol: ObjectSymbol, input: number, typeId: number | undefined): void {
		const { symbols, replaced } = this;
		const old = symbols[known.index];
		const defined = symbol.section !== "undefined";
		const places = [this.#describe(known.owner ?? known.firstSeen, old), this.#describe(input, symbol)];
		if (known.typeId !== undefined && typeId !== undefined && known.typeId !== typeId) {
			const mismatch = this.#mismatch(known.typeId, typeId);
			if (mismatch !== null) this.#errors.push({ message: `"${symbol.name}" is declared differently: ${mismatch}`, places });
		}
		const visibility =
			STRICTNESS[Math.max(STRICTNESS.indexOf(old.visibility as never), STRICTNESS.indexOf(symbol.visibility as never))] ?? old.visibility;
		const takes = defined && (known.owner === undefined || (old.binding === "weak" && symbol.binding === "global"));
		if (defined && known.owner !== undefined && old.binding === "global" && symbol.binding === "global")
			this.#errors.push({ message: `"${symbol.name}" is defined twice`, places });
		if (takes) {
			if (known.typeId !== undefined && typeId !== undefined) replaced.set(known.typeId, typeId);
			for (const [id, target] of replaced) if (target === known.typeId && typeId !== undefined) replaced.set(id, typeId);
			symbols[known.index] = { ...now, visibility };
			known.owner = input;
			known.typeId = typeId ?? known.typeId;
			return;
		}
		if (known.typeId !== undefined && typeId !== undefined && known.typeId !== typeId) replaced.set(typeId, known.typeId);
		known.typeId ??= typeId;
		// Of several externs the one that insists counts.
		const binding = !defined && known.owner === undefined && symbol.binding === "global" ? "global" : old.binding;
		symbols[known.index] = { ...old, binding, visibility };
	}

	#mismatch(a: number, b: number): string | null {
		const { types, maps } = this.#merged;
		const x = types[a];
		const y = types[b];
		if (x.kind === "var" && y.kind === "var")
			return maps.has(a) || maps.has(b) ? mapMismatch(types, x.type, y.type) : typeMismatch(types, x.type, y.type);
		if (x.kind === "func" && y.kind === "func") return typeMismatch(types, x.type, y.type);
		return "a function against a variable";
	}

	/** Where the input has the symbol. */
	#describe(input: number, symbol: ObjectSymbol): string {
		const { name, object } = this.#inputs[input];
		const own = object.symbols.find((candidate) => candidate.name === symbol.name && candidate.binding !== "local");
		if (own === undefined || typeof own.section !== "number") return name;
		const { name: section } = object.sections[own.section];
		const line = object.btfExt?.lineInfo
			.find((info) => info.section === section)
			?.records.find((record) => record.insnOffset === own.value);
		return line ? `${name} (${line.file}:${line.line})` : `${name} (${section}+${own.value})`;
	}
}
