/**
 * A large header's declarations, found without being read: where each stands and which names it declares. Asked for a name, the unit reads
 * the one declaration (`Preprocessed.readOutlined`). vmlinux.h has fifteen thousand of them and a program uses fifty; one regular
 * expression walks over the file, because in a process that has just started native code is ten times as fast as ours.
 * It takes what bpftool writes: records, enums, forward declarations, typedefs, of plain words. At anything else (a comment, a quote, a
 * directive, a name that is a macro) a stretch ends, and that declaration is read as always.
 */
import type { SourceFile } from "../source/files.ts";
import type { MacroTable } from "./macros.ts";

/** Declarations one behind the other, without a directive among them. */
interface Stretch {
	/** Its first declaration's number. */
	readonly first: number;
	/** The token that stands for all of them. */
	readonly token: number;
	readonly macros: MacroTable;
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

interface Row {
	readonly names: string[];
	readonly declarations: number[];
}
function put({ names, declarations }: Row, name: string, declaration: number): void {
	names.push(name);
	declarations.push(declaration);
}

/** Fewer declarations are not worth a stretch: the next attempt waits for so many bytes, for twice as many each time. */
const LEAST = 4;
const PATIENCE = 256;

const WORD = "[A-Za-z_$][\\w$]*";
/** Nothing that could hide a brace or need a second look. */
const PLAIN = "[^{}\"'/#\\\\%<?@`\\0]";
/** A body's inside. A brace within it belongs to a struct, union or enum without a tag: another may declare a tag for all. */
const INSIDE = Array.from({ length: 8 }).reduce<string>((inner) => `${PLAIN}*(?:\\{(?<=\\b(?:struct|union|enum)\\s*\\{)${inner}\\}${PLAIN}*)*`, `${PLAIN}*`);
const ATTRIBUTES = "(?:\\s*__attribute__\\s*\\(\\((?:[\\w\\s,]|\\([\\w\\s,]*\\))*\\)\\))*";
const TAGGED = `(struct|union|enum)(?:\\s+(${WORD}))?\\s*(?:(\\{)${INSIDE}\\}${ATTRIBUTES})?\\s*;`;
const TYPEDEF_OF_BODY = `(struct|union|enum)(?:\\s+(${WORD}))?\\s*\\{${INSIDE}\\}${ATTRIBUTES}\\s*(${WORD})\\s*(?:\\[\\s*\\w*\\s*\\]\\s*)*${ATTRIBUTES}\\s*;`;
const TYPEDEF = `((?:${PLAIN.replace("{}", "{};=:")})*);`;
const DECLARATION = `\\s*(?:${TAGGED}|typedef\\s+(?:${TYPEDEF_OF_BODY}|${TYPEDEF}))`;

/** What a typedef without a body declares: a plain name or array, a pointer to a function or array, a function. */
const PLAIN_TYPEDEF = new RegExp(`^[^()\\[\\],]*[\\s*](${WORD})\\s*(?:\\[\\s*\\w*\\s*\\]\\s*)*$`);
const POINTER_TYPEDEF = new RegExp(`^[^()\\[\\],]*\\(\\s*\\*\\s*(?:const\\s+)?(${WORD})\\s*(?:\\[\\s*\\w*\\s*\\]\\s*)*\\)\\s*(?:\\((?:[^()]|\\([^()]*\\))*\\)|(?:\\[\\s*\\w*\\s*\\]\\s*)+)\\s*$`);
const FUNCTION_TYPEDEF = new RegExp(`^[^()\\[\\],]*[\\s*](${WORD})\\s*\\((?!\\s*(?!void\\b|int\\b|char\\b|long\\b)${WORD}\\s*\\))(?:[^()]|\\([^()]*\\))*\\)\\s*$`);
const UNNAMED_ENUM = /\benum\s*\{/g;
const MENTION = new RegExp(`^(?:(?:const|volatile)\\s+)*(?:struct|union|enum)\\s+(${WORD})`);
const NOT_PLAIN = /\b(?:typeof|__typeof|__typeof__|_Alignas|_Atomic|_BitInt|__attribute__|__attribute|__declspec|asm|__asm__)\b/;

export class Outline {
	readonly file: SourceFile;
	readonly #text: string;
	readonly #declaration = new RegExp(DECLARATION, "y");
	readonly #stretches: Stretch[] = [];
	readonly #from: number[] = [];
	readonly #to: number[] = [];
	/** Declarations with an enum's body in them. */
	readonly #enums = new Set<number>();
	readonly #defined = new Map<string, number>();
	readonly #mentioned = new Map<string, number>();
	readonly #typedefs = new Map<string, number>();
	/** Second definitions of a name. */
	readonly #again: { readonly map: Map<string, number>; readonly name: string; readonly declaration: number }[] = [];
	#retryAt = 0;
	#patience = PATIENCE;
	#limit = 0;
	#limitFor: readonly string[] | null = null;

	private constructor(file: SourceFile, text: string) {
		this.file = file;
		this.#text = text;
	}

	/** null: the file is not of ASCII alone, so that characters are not bytes. */
	static of(file: SourceFile): Outline | null {
		const text = new TextDecoder().decode(file.bytes);
		return text.length === file.bytes.length ? new Outline(file, text) : null;
	}

	/**
	 * Takes the declarations from `from` on; gives where they end (`from`: there are none to take).
	 * `macros`: names that stand for something else. `guarded`: those of them that may be an enumerator's.
	 */
	take(from: number, token: number, table: MacroTable, macros: ReadonlySet<string>, guarded: readonly string[]): number {
		if (from < this.#retryAt) return from;
		const text = this.#text;
		const pattern = this.#declaration;
		const limit = this.#limitOf(guarded, from);
		const first = this.#from.length;
		const enums: number[] = [];
		// Names in three rows, each with its declaration's number.
		const tags: Row = { names: [], declarations: [] };
		const mentions: Row = { names: [], declarations: [] };
		const typedefs: Row = { names: [], declarations: [] };
		let at = from;
		for (;;) {
			pattern.lastIndex = at;
			const match = pattern.exec(text);
			if (match === null || pattern.lastIndex > limit) break;
			const declaration = this.#from.length;
			const kind = match[1];
			if (kind !== undefined) {
				const tag = match[2];
				const body = match[3] !== undefined;
				if (tag !== undefined) {
					if (macros.has(tag)) break;
					put(body ? tags : mentions, tag, declaration);
					if (body && kind === "enum") enums.push(declaration);
				} else if (kind !== "enum" || !body) break;
			} else if (match[7] === undefined) {
				const tag = match[5];
				if (macros.has(match[6]) || (tag !== undefined && macros.has(tag))) break;
				if (tag !== undefined) put(tags, tag, declaration);
				if (tag !== undefined && match[4] === "enum") enums.push(declaration);
				put(typedefs, match[6], declaration);
			} else {
				const name = typedefName(match[7]);
				if (name === null || macros.has(name)) break;
				const mention = MENTION.exec(match[7]);
				if (mention !== null) put(mentions, mention[1], declaration);
				put(typedefs, name, declaration);
			}
			this.#from.push(at);
			at = pattern.lastIndex;
			this.#to.push(at);
		}
		if (this.#from.length - first < LEAST) {
			this.#from.length = first;
			this.#to.length = first;
			this.#patience *= 2;
			this.#retryAt = from + this.#patience;
			return from;
		}
		this.#note(tags, this.#defined, true);
		this.#note(mentions, this.#mentioned, false);
		this.#note(typedefs, this.#typedefs, true);
		for (const declaration of enums) this.#enums.add(declaration);
		for (const { index } of text.slice(from, at).matchAll(UNNAMED_ENUM)) this.#enums.add(this.#declarationAt(from + index));
		this.#stretches.push({ first, token, macros: table });
		this.#patience = PATIENCE;
		return at;
	}

	/** `all`: a second declaration of a name counts as well. */
	#note({ names, declarations }: Row, map: Map<string, number>, all: boolean): void {
		for (let i = 0; i < names.length; i++) {
			if (!map.has(names[i])) map.set(names[i], declarations[i]);
			else if (all) this.#again.push({ map, name: names[i], declaration: declarations[i] });
		}
	}

	/** Where the first of the words stands, from `from` on. */
	#limitOf(words: readonly string[], from: number): number {
		if (this.#limitFor !== words || from > this.#limit) {
			this.#limitFor = words;
			this.#limit = words.reduce((least, word) => Math.min(least, this.#nextWord(word, from)), this.#text.length);
		}
		return this.#limit;
	}

	get(declaration: number): Outlined {
		let stretch = this.#stretches[0];
		for (const s of this.#stretches) if (s.first <= declaration) stretch = s;
		return { file: this.file, from: this.#from[declaration], to: this.#to[declaration], token: stretch.token, macros: stretch.macros };
	}

	isTypedef(name: string): boolean {
		return this.#typedefs.has(name);
	}
	hasTag(name: string): boolean {
		return this.#defined.has(name) || this.#mentioned.has(name);
	}

	/** Declarations that define the tag, or else one that mentions it. */
	tag(name: string): { readonly declarations: readonly number[]; readonly defines: boolean } {
		const defined = this.#defined.get(name);
		if (defined !== undefined) return { declarations: [defined, ...this.#seconds(name, this.#defined)], defines: true };
		const mentioned = this.#mentioned.get(name);
		return { declarations: mentioned === undefined ? [] : [mentioned], defines: false };
	}

	typedefs(name: string): readonly number[] {
		const declaration = this.#typedefs.get(name);
		return declaration === undefined ? [] : [declaration, ...this.#seconds(name, this.#typedefs)];
	}

	/** The enum that has the enumerator; −1: none. Looked for in the text: few are ever asked for. */
	enumOf(name: string): number {
		const text = this.#text;
		for (let at = this.#nextWord(name, 0); at < text.length; at = this.#nextWord(name, at + 1)) {
			const declaration = this.#declarationAt(at);
			if (declaration >= 0 && this.#enums.has(declaration) && /[{,]\s*$/.test(text.slice(Math.max(0, at - 80), at))) return declaration;
		}
		return -1;
	}

	typedefNames(): Iterable<string> {
		return this.#typedefs.keys();
	}
	*ordinaryNames(): Iterable<string> {
		yield* this.#typedefs.keys();
		for (const declaration of this.#enums) {
			for (const [, name] of this.#text.slice(this.#from[declaration], this.#to[declaration]).matchAll(/[{,]\s*([A-Za-z_$][\w$]*)/g)) yield name;
		}
	}
	*tagNames(): Iterable<string> {
		yield* this.#defined.keys();
		for (const name of this.#mentioned.keys()) if (!this.#defined.has(name)) yield name;
	}

	#seconds(name: string, map: Map<string, number>): number[] {
		return this.#again.filter((a) => a.name === name && a.map === map).map((a) => a.declaration);
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

/** The name that `typedef TEXT;` declares; null: it is not one that can be told at a glance. */
function typedefName(text: string): string | null {
	if (NOT_PLAIN.test(text)) return null;
	const match = text.includes("(") ? (POINTER_TYPEDEF.exec(text) ?? FUNCTION_TYPEDEF.exec(text)) : PLAIN_TYPEDEF.exec(text);
	return match === null ? null : match[1];
}
