/** When may declarations be passed over (`outline.ts`, `defer.ts`), and what has to be kept to read them later: the macros of that place. */
import { kindOf } from "../source/kinds.ts";
import type { Names } from "../source/names.ts";
import type { TokenBuffer } from "./buffer.ts";
import type { MacroTable } from "./macros.ts";
import type { PragmaState } from "./pragma.ts";

export interface MacrosThen {
	readonly version: number;
	readonly table: MacroTable;
	/** Their names. */
	readonly words: ReadonlySet<string>;
	/** Those that are not predefined. */
	readonly own: readonly string[];
}

/** `predefined`: where the text of the predefined macros begins and ends. */
export function macrosThen(macros: MacroTable, names: Names, predefined: { readonly from: number; readonly to: number }): MacrosThen {
	const words = new Set<string>();
	const own: string[] = [];
	for (const { name, definedAt } of macros.all()) {
		const word = names.text(name);
		words.add(word);
		if (definedAt >= 0 && (definedAt < predefined.from || definedAt >= predefined.to)) own.push(word);
	}
	return { version: macros.version, table: macros.snapshot(), words, own };
}

const SEMICOLON = kindOf(";");
const bracket = new Int8Array(256);
for (const open of ["(", "[", "{"] as const) bracket[kindOf(open)] = 1;
for (const close of [")", "]", "}"] as const) bracket[kindOf(close)] = -1;

/** Tells whether the buffer ends between declarations. */
export class Boundary {
	readonly #buffer: TokenBuffer;
	readonly #pragmas: PragmaState;
	#counted = 0;
	/** Brackets open at #counted. */
	#depth = 0;

	constructor(buffer: TokenBuffer, pragmas: PragmaState) {
		this.#buffer = buffer;
		this.#pragmas = pragmas;
	}

	reached(): boolean {
		const { kinds, length } = this.#buffer;
		const { detached } = this.#pragmas;
		let last = length;
		for (let i = detached.length - 1; i >= 0 && detached[i].to === last; i--) last = detached[i].from;
		for (; this.#counted < last; this.#counted++) this.#depth += bracket[kinds[this.#counted]];
		return last === 0 || (kinds[last - 1] === SEMICOLON && this.#depth === 0);
	}
}
