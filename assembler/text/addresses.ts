/** Where everything in an assembly file is: labels, names through `.set`, numbered labels; and constants that are differences of such places. */
import { FormatError } from "../bytes.ts";
import type { ObjectBuilder } from "./builder.ts";
import type { Value } from "./cursor.ts";
import type { Label, SectionBuilder } from "./section.ts";

export interface Place {
	readonly section: SectionBuilder;
	readonly address: number;
}

/** `.set` through `.set` so far. */
const MAX_DEPTH = 20;
/** Rounds after which lengths that depend on each other are given up. */
const MAX_ROUNDS = 50;

const addressOf = (label: Label): number => label.section.addressOf(label);

export class Addresses {
	readonly #o: ObjectBuilder;

	constructor(o: ObjectBuilder) {
		this.#o = o;
	}

	/** Places all sections. The length of a LEB128 value depends on places, and they on it. */
	settle(): void {
		for (let round = 0; ; round++) {
			let changed = false;
			const evaluate = round === 0 ? () => 0n : (value: Value) => this.difference(value);
			for (const section of this.#o.sections) changed = section.place(evaluate) || changed;
			if (!changed && round > 0) return;
			if (round > MAX_ROUNDS) throw new FormatError("the lengths of LEB128 values do not settle", 0);
		}
	}

	/** A place, or the number that `.set` gives the name; undefined: neither is known. `from`: where a numbered label is looked for. */
	locate(name: string, from: Label | undefined, depth = 0): Place | bigint | undefined {
		const numeric = /^(\d+)([bf])$/.exec(name);
		if (numeric !== null) return this.#numbered(numeric[1], numeric[2] === "b", from);
		const symbol = this.#o.symbols.get(name);
		if (symbol?.label) return { section: symbol.label.section, address: addressOf(symbol.label) };
		if (symbol?.equals === undefined || depth > MAX_DEPTH) {
			// A section's name is a symbol at its start.
			const section = symbol?.binding === undefined ? this.#o.known(name) : undefined;
			return section && { section, address: 0 };
		}
		if (symbol.equals.symbol === undefined) return symbol.equals.constant;
		if (symbol.equals.minus !== undefined) return this.difference(symbol.equals);
		const base = this.locate(symbol.equals.symbol, from, depth + 1);
		if (base === undefined || typeof base === "bigint") return base;
		return { section: base.section, address: base.address + Number(symbol.equals.constant) };
	}

	/** `1b` is the last label `1:` before, `1f` the next one behind. */
	#numbered(number: string, backward: boolean, from: Label | undefined): Place | undefined {
		const labels = (this.#o.numeric.get(number) ?? []).filter((label) => label.section === from?.section);
		const at = from ? addressOf(from) : 0;
		const label = backward ? labels.findLast((l) => addressOf(l) <= at) : labels.find((l) => addressOf(l) > at);
		return label && { section: label.section, address: addressOf(label) };
	}

	/** A constant, or the difference of two labels of one section. */
	difference(value: Value): bigint {
		if (value.symbol === undefined) return value.constant;
		const a = this.locate(value.symbol, undefined);
		const b = value.minus === undefined ? undefined : this.locate(value.minus, undefined);
		if (typeof a === "bigint" && value.minus === undefined) return a + value.constant;
		if (a === undefined || b === undefined || typeof a === "bigint" || typeof b === "bigint" || a.section !== b.section)
			throw new FormatError(`"${value.symbol}${value.minus === undefined ? "" : ` - ${value.minus}`}" is not known when assembling`, 0);
		return BigInt(a.address - b.address) + value.constant;
	}
}
