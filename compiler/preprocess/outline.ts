/**
 * A large header's declarations, found without being read: where each stands and which names it declares. Asked for a name, the unit reads
 * the one declaration (`Preprocessed.readOutlined`). vmlinux.h has fifteen thousand of them and a program uses fifty; one regular
 * expression walks over the file, because in a process that has just started native code is ten times as fast as ours.
 * It takes what bpftool writes: records, enums, forward declarations, typedefs, of plain words. At anything else (a comment, a quote, a
 * directive, a name that is a macro) a stretch ends, and that declaration is read as always. Of several declarations of one name in
 * the outline the last counts.
 */
import type { SourceFile } from "../source/files.ts";
import type { MacroTable } from "./macros.ts";
import type { MacrosThen } from "./pass-over.ts";
import { wordSet } from "../../assembler/words.ts";

/** Declarations one behind the other, without a directive among them. */
interface Stretch {
	/** Its first declaration's number. */
	readonly first: number;
	/** The token that stands for all of them. */
	readonly token: number;
	readonly macros: MacroTable;
	/** Macros of the program's own. */
	readonly own: readonly string[];
}

export interface Outlined {
	readonly file: SourceFile;
	readonly from: number;
	readonly to: number;
	/** The token in whose place it stands. */
	readonly token: number;
	/** Macros as they were there. */
	readonly macros: MacroTable;
}

const WORD = "[A-Za-z_$][\\w$]*";
/** Nothing that could hide a brace or need a second look. */
const PLAIN = "[^{}\"'/#\\\\%<?@`\\0]";
/** A body's inside. A brace within it belongs to a struct or union without a tag: any other may declare a name for all. */
const INSIDE = Array.from({ length: 8 }).reduce<string>(
	(inner) => `${PLAIN}*(?:\\{(?<=\\b(?:struct|union)\\s*\\{)${inner}\\}${PLAIN}*)*`,
	`${PLAIN}*`,
);
const ATTRIBUTES = "(?:\\s*__attribute__\\s*\\(\\((?:[\\w\\s,]|\\([\\w\\s,]*\\))*\\)\\))*";
const TAGGED = `(struct|union|enum)(?:\\s+(${WORD}))?\\s*(?:(\\{)${INSIDE}\\}${ATTRIBUTES})?\\s*;`;
const TYPEDEF_OF_BODY = `(struct|union|enum)(?:\\s+(${WORD}))?\\s*\\{${INSIDE}\\}${ATTRIBUTES}\\s*(${WORD})\\s*(?:\\[\\s*\\w*\\s*\\]\\s*)*${ATTRIBUTES}\\s*;`;
const TYPEDEF = `((?:${PLAIN.replace("{}", "{};=:")})*);`;
const DECLARATION = `\\s*(?:${TAGGED}|typedef\\s+(?:${TYPEDEF_OF_BODY}|${TYPEDEF}))`;

/** `unsigned int name[3]` */
const PLAIN_TYPEDEF = new RegExp(`^[^\\[\\],]*[\\s*](${WORD})\\s*(?:\\[\\s*\\w*\\s*\\]\\s*)*$`);
/** `(*name)(` or `(*const name)[`, from the first parenthesis on */
const POINTER_TYPEDEF = new RegExp(`\\(\\s*\\*\\s*(?:const\\s+)?(${WORD})\\s*\\)\\s*(?=[(\\[])`, "y");
const LAST_WORD = new RegExp(`[\\s*](${WORD})\\s*$`);
const MENTION = new RegExp(`^(?:(?:const|volatile)\\s+)*(?:struct|union|enum)\\s+(${WORD})`);
/** A parenthesis behind these is no declarator's. */
const OPERATORS = wordSet(`
	typeof __typeof __typeof__ _Alignas _Atomic _BitInt __attribute__ __attribute __declspec asm __asm __asm__
`);

/** A search takes half a millisecond in the kernel's types, the list of all enumerators some ten. */
const SEARCHES = 24;

export class Outline {
	readonly file: SourceFile;
	readonly #text: string;
	readonly #declaration = new RegExp(DECLARATION, "y");
	readonly #stretches: Stretch[] = [];
	/** How often the text was searched; from SEARCHES on a list is cheaper. */
	#searches = 0;
	#named: { readonly enums: number; readonly byName: ReadonlyMap<string, readonly number[]> } = { enums: 0, byName: new Map() };
	/** Searched for once: a program asks for many names that no enum has. */
	#enumsOfMacros: { readonly stretches: number; readonly enums: readonly number[] } | null = null;
	readonly #from: number[] = [];
	readonly #to: number[] = [];
	/** Declarations with an enum's body. */
	readonly #enums = new Set<number>();
	readonly #defined = new Map<string, number>();
	readonly #mentioned = new Map<string, number>();
	readonly #typedefs = new Map<string, number>();

	private constructor(file: SourceFile, text: string) {
		this.file = file;
		this.#text = text;
	}

	/** null: the file is not of ASCII alone, so that characters are not bytes. */
	static of(file: SourceFile): Outline | null {
		const text = new TextDecoder().decode(file.bytes);
		return text.length === file.bytes.length ? new Outline(file, text) : null;
	}

	/** Takes the declarations from `from` on, of names that are no macro's; gives where they end (`from`: there are none to take). */
	take(from: number, token: number, { table, words, own }: MacrosThen): number {
		const text = this.#text;
		const pattern = this.#declaration;
		const first = this.#from.length;
		let at = from;
		for (;;) {
			pattern.lastIndex = at;
			const match = pattern.exec(text);
			if (match === null) break;
			const declaration = this.#from.length;
			const kind = match[1] ?? match[4];
			const plain = match[7];
			const tag = plain === undefined ? (match[2] ?? match[5]) : MENTION.exec(plain)?.[1];
			const body = match[3] !== undefined || match[4] !== undefined;
			const name = plain === undefined ? match[6] : typedefName(plain);
			if (name === null || (name !== undefined && words.has(name)) || (tag !== undefined && words.has(tag))) break;
			if (tag === undefined && name === undefined && (kind !== "enum" || !body)) break;
			if (tag !== undefined) (body ? this.#defined : this.#mentioned).set(tag, declaration);
			if (name !== undefined) this.#typedefs.set(name, declaration);
			if (body && kind === "enum") this.#enums.add(declaration);
			this.#from.push(at);
			at = pattern.lastIndex;
			this.#to.push(at);
		}
		if (at > from) this.#stretches.push({ first, token, macros: table, own });
		return at;
	}

	get(declaration: number): Outlined {
		let low = 0;
		let high = this.#stretches.length - 1;
		while (low < high) {
			const middle = (low + high + 1) >> 1;
			if (this.#stretches[middle].first <= declaration) low = middle;
			else high = middle - 1;
		}
		const stretch = this.#stretches[low];
		return { file: this.file, from: this.#from[declaration], to: this.#to[declaration], token: stretch.token, macros: stretch.macros };
	}

	isTypedef(name: string): boolean {
		return this.#typedefs.has(name);
	}
	hasTag(name: string): boolean {
		return this.#defined.has(name) || this.#mentioned.has(name);
	}

	/** The declaration that defines the tag, or else one that mentions it; −1: none. */
	tag(name: string): { readonly declaration: number; readonly defines: boolean } {
		const defined = this.#defined.get(name);
		return { declaration: defined ?? this.#mentioned.get(name) ?? -1, defines: defined !== undefined };
	}

	/** −1: none. */
	typedef(name: string): number {
		return this.#typedefs.get(name) ?? -1;
	}

	/**
	 * Enums that may have the enumerator. Looked for in the text: few are ever asked for. Where the text has it not, an enum in which
	 * one of the program's macros stands may.
	 */
	enumsWith(name: string): readonly number[] {
		const [found] = this.#enumsNaming(name);
		if (found !== undefined) return [found];
		if (this.#enumsOfMacros?.stretches !== this.#stretches.length) {
			const macros = new Set(this.#stretches.flatMap(({ own }) => own));
			this.#enumsOfMacros = {
				stretches: this.#stretches.length,
				enums: [...new Set([...macros].flatMap((macro) => [...this.#enumsNaming(macro)]))],
			};
		}
		return this.#enumsOfMacros.enums;
	}

	*#enumsNaming(word: string): Iterable<number> {
		if (++this.#searches > SEARCHES) {
			yield* this.#enumsByName().get(word) ?? [];
			return;
		}
		const text = this.#text;
		for (let at = this.#nextWord(word, 0); at < text.length; at = this.#nextWord(word, at + 1)) {
			const declaration = this.#declarationAt(at);
			if (declaration >= 0 && this.#enums.has(declaration) && /[{,]\s*$/.test(text.slice(Math.max(0, at - 80), at))) yield declaration;
		}
	}

	/** Enums by the words that stand where their enumerators do. */
	#enumsByName(): ReadonlyMap<string, readonly number[]> {
		if (this.#named.enums !== this.#enums.size) {
			const byName = new Map<string, number[]>();
			for (const declaration of this.#enums) {
				for (const name of this.#enumerators(declaration)) {
					const others = byName.get(name);
					if (others === undefined) byName.set(name, [declaration]);
					else others.push(declaration);
				}
			}
			this.#named = { enums: this.#enums.size, byName };
		}
		return this.#named.byName;
	}

	*#enumerators(declaration: number): Iterable<string> {
		for (const [, name] of this.#text.slice(this.#from[declaration], this.#to[declaration]).matchAll(/[{,]\s*([A-Za-z_$][\w$]*)/g))
			yield name;
	}

	typedefNames(): Iterable<string> {
		return this.#typedefs.keys();
	}
	*ordinaryNames(): Iterable<string> {
		yield* this.#typedefs.keys();
		for (const declaration of this.#enums) yield* this.#enumerators(declaration);
	}
	*tagNames(): Iterable<string> {
		yield* this.#defined.keys();
		for (const name of this.#mentioned.keys()) if (!this.#defined.has(name)) yield name;
	}

	/** Where the word stands from `at` on, or the text's end. */
	#nextWord(word: string, at: number): number {
		const text = this.#text;
		for (;;) {
			at = text.indexOf(word, at);
			if (at < 0) return text.length;
			if (!/[\w$]/.test(text[at - 1] ?? " ") && !/[\w$]/.test(text[at + word.length] ?? " ")) return at;
			at++;
		}
	}

	#declarationAt(at: number): number {
		let low = 0;
		let high = this.#from.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.#from[middle] <= at) low = middle + 1;
			else high = middle;
		}
		return low > 0 && at < this.#to[low - 1] ? low - 1 : -1;
	}
}

/** The name that `typedef TEXT;` declares; null: it cannot be told at a glance. */
function typedefName(text: string): string | null {
	const open = text.indexOf("(");
	if (open < 0) return PLAIN_TYPEDEF.exec(text)?.[1] ?? null;
	const head = text.slice(0, open);
	if (/[[\],)]/.test(head)) return null;
	const last = LAST_WORD.exec(head)?.[1] ?? null;
	if (last !== null && OPERATORS.has(last)) return null;
	POINTER_TYPEDEF.lastIndex = open;
	const pointer = POINTER_TYPEDEF.exec(text);
	if (pointer !== null) return endsDeclarator(text, POINTER_TYPEDEF.lastIndex) ? pointer[1] : null;
	// `type name(int)`, but not `type (name)`.
	return last !== null &&
		endsDeclarator(text, open) &&
		!/^\(\s*(?!void\b|int\b)[A-Za-z_$][\w$]*\s*\)$/.test(text.slice(open).trimEnd()) &&
		!/\(\s*\*/.test(text.slice(open, open + 8))
		? last
		: null;
}

/** Is the bracket at `at` the last of the text, up to its counterpart? */
function endsDeclarator(text: string, at: number): boolean {
	const end = text.trimEnd().length;
	if (text[at] === "[") return text.indexOf("]", at) === end - 1;
	let depth = 0;
	for (let i = at; i < end; i++) {
		if (text[i] === "(") depth++;
		else if (text[i] === ")" && --depth === 0) return i === end - 1;
	}
	return false;
}
