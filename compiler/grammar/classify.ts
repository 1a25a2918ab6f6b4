/**
 * A chunk's tokens as the grammar reads them: one number each. C's one ambiguity is settled here, ahead of the parse:
 * is a name a type? At file scope the index knows. Within a function a name may be declared anew: `u32 type;` hides a typedef `type` to the
 * end of the block, `typedef int t;` makes one. Both are told from the tokens around the name, because a typedef's name can stand
 * behind a complete type, behind `*`, or in front of `=` or `[` only where it is being declared.
 */
import type { TokenBuffer } from "../preprocess/buffer.ts";
import { GRAMMAR_BASE, Kind, kindOf } from "../source/kinds.ts";
import { END_OF_TEXT } from "./matcher.ts";
import {
	COLON,
	COMMA,
	EQUALS,
	isTagWord,
	K_ATTRIBUTE,
	K_ENUM,
	K_TYPEOF,
	keywords,
	LBRACE,
	LBRACKET,
	LPAREN,
	RBRACE,
	RPAREN,
	SEMICOLON,
	STAR,
} from "./token-kinds.ts";

const DOT = kindOf(".");
const ARROW = kindOf("->");
const K_TYPEDEF = kindOf("typedef");
const K_FOR = kindOf("for");
const isTypeWord = keywords("void char short int long float double signed unsigned _Bool __int128");
const isQualifier = keywords("const volatile restrict");
/** What may stand behind a name that is being declared. */
const behindDeclared = new Uint8Array(256);
for (const kind of [EQUALS, SEMICOLON, COMMA, LBRACKET, RPAREN, COLON, LPAREN, K_ATTRIBUTE]) behindDeclared[kind] = 1;

export interface TypeNames {
	/** Is the name a typedef at file scope? */
	isTypedef(name: number): boolean;
}

/** Kinds of the tokens, names told apart, and `END_OF_TEXT` behind them. */
export function classify(tokens: TokenBuffer, from: number, to: number, types: TypeNames): Uint8Array {
	return new Classifier(tokens, from, to, types).run();
}

class Classifier {
	readonly #kinds: TokenBuffer["kinds"];
	readonly #values: TokenBuffer["values"];
	readonly #from: number;
	readonly #to: number;
	readonly #types: TypeNames;
	readonly #out: Uint8Array;
	/** Names declared within the chunk, innermost scope last: true is a typedef, false hides one. */
	#scopes: Map<number, boolean>[] | null = null;
	/** Names that a parameter list declares: they live in the body that follows. */
	#parameters: Map<number, boolean> | null = null;
	#bracesOpen = 0;
	/** All open brackets. */
	readonly #brackets: number[] = [];
	/** Of each open brace: a record's? */
	readonly #records: boolean[] = [];
	/** The last brace closed was a record's. */
	#closesRecord = false;
	/** Up to here names are those of a local typedef, which hides nothing. */
	#typedefEnd: number;

	constructor({ kinds, values }: TokenBuffer, from: number, to: number, types: TypeNames) {
		this.#kinds = kinds;
		this.#values = values;
		this.#from = from;
		this.#to = to;
		this.#types = types;
		this.#out = new Uint8Array(to - from + 1);
		this.#typedefEnd = from;
	}

	run(): Uint8Array {
		const kinds = this.#kinds;
		const from = this.#from;
		const to = this.#to;
		const out = this.#out;
		for (let i = from; i < to; i++) {
			const k = kinds[i];
			out[i - from] = k === Kind.identifier && this.#isTypeName(i) ? Kind.typedefName : k;
			if (k === LBRACE) this.#openBrace(i);
			else if (k === RBRACE) this.#closeBrace();
			else if (k === LPAREN) this.#brackets.push(i);
			else if (k === RPAREN) this.#brackets.pop();
			else if (k === K_TYPEDEF && this.#bracesOpen > 0) this.#typedefEnd = this.#localTypedef(i);
		}
		out[to - from] = END_OF_TEXT;
		return out;
	}

	/** Is the name at `i` a type here? One that is being declared anew is none. */
	#isTypeName(i: number): boolean {
		const kinds = this.#kinds;
		const name = this.#values[i];
		const before = i > this.#from ? kinds[i - 1] : SEMICOLON;
		// A member or a tag.
		if (before === DOT || before === ARROW || isTagWord[before] === 1) return false;
		if (!this.#isType(name)) return false;
		const after = i + 1 < this.#to ? kinds[i + 1] : SEMICOLON;
		const declares =
			behindDeclared[after] === 1 &&
			i > this.#from &&
			(this.#endsType(i - 1) || this.#isNextInList(i - 1)) &&
			!(before === STAR && after === LPAREN);
		if (!declares) return true;
		if (this.#records.at(-1) !== true && i >= this.#typedefEnd && !this.#inPrototype()) this.#define(name, false);
		return false;
	}

	#isType(name: number): boolean {
		const scopes = this.#scopes;
		if (scopes !== null) {
			for (let i = scopes.length - 1; i >= 0; i--) {
				const local = scopes[i].get(name);
				if (local !== undefined) return local;
			}
		}
		return this.#types.isTypedef(name);
	}

	#define(name: number, type: boolean): void {
		if (this.#bracesOpen === 0) {
			this.#parameters ??= new Map();
			this.#parameters.set(name, type);
			return;
		}
		this.#scopes ??= [];
		while (this.#scopes.length < this.#bracesOpen) this.#scopes.push(new Map());
		this.#scopes[this.#scopes.length - 1].set(name, type);
	}

	#openBrace(at: number): void {
		this.#records.push(this.#opensRecord(at));
		this.#bracesOpen++;
		this.#brackets.push(at);
		if (this.#parameters !== null && this.#bracesOpen === 1) {
			this.#scopes = [this.#parameters];
			this.#parameters = null;
		}
	}

	#closeBrace(): void {
		if (this.#scopes !== null && this.#scopes.length >= this.#bracesOpen) this.#scopes.length = Math.max(0, this.#bracesOpen - 1);
		if (this.#bracesOpen > 0) this.#bracesOpen--;
		this.#brackets.pop();
		this.#closesRecord = this.#records.pop() === true;
	}

	/** Is the token one that ends a type, so that the next name is being declared? */
	#endsType(at: number): boolean {
		const kinds = this.#kinds;
		const from = this.#from;
		const i = this.#beforePointers(at);
		if (i < from) return false;
		const k = kinds[i];
		if (isTypeWord[k] === 1) return true;
		if (k === Kind.identifier) return this.#out[i - from] === Kind.typedefName || (i > from && isTagWord[kinds[i - 1]] === 1);
		return k === RBRACE && i === at && this.#closesRecord;
	}

	/** `T first, *T = &first;`: between a `,` outside of parentheses and what ends a declarator stands no type. */
	#isNextInList(at: number): boolean {
		const i = Math.max(this.#beforePointers(at), this.#from);
		return this.#kinds[i] === COMMA && this.#bracesOpen > 0 && !this.#inPrototype();
	}

	/** The last token that is no `*` or qualifier; `from - 1`: there is none. */
	#beforePointers(at: number): number {
		let i = at;
		while (i >= this.#from && (this.#kinds[i] === STAR || isQualifier[this.#kinds[i]] === 1)) i--;
		return i;
	}

	/** Parameters of a prototype within a function hide nothing; what `for (` declares does. */
	#inPrototype(): boolean {
		const kinds = this.#kinds;
		const innermost = this.#brackets.at(-1);
		return this.#bracesOpen > 0 && innermost !== undefined && kinds[innermost] === LPAREN && kinds[innermost - 1] !== K_FOR;
	}

	/** struct [attributes] [tag] { */
	#opensRecord(at: number): boolean {
		const kinds = this.#kinds;
		const from = this.#from;
		let i = at - 1;
		if (i >= from && kinds[i] === Kind.identifier) i--;
		while (i >= from && kinds[i] === RPAREN) {
			let depth = 0;
			for (; i >= from; i--) {
				if (kinds[i] === RPAREN) depth++;
				else if (kinds[i] === LPAREN && --depth === 0) break;
			}
			// Behind the word in front of the group.
			i -= 2;
		}
		return i >= from && isTagWord[kinds[i]] === 1 && kinds[i] !== K_ENUM;
	}

	/** `typedef … name, *name2;` within a function: the names before a `,` `;` `[` or `)` at its level. Gives the semicolon's index. */
	#localTypedef(at: number): number {
		const kinds = this.#kinds;
		const to = this.#to;
		let depth = 0;
		for (let i = at + 1; i < to; i++) {
			const k = kinds[i];
			if (k === LBRACE) depth++;
			else if (k === RBRACE) depth--;
			else if (k === SEMICOLON && depth === 0) return i;
			else if ((k === K_ATTRIBUTE || k === K_TYPEOF) && kinds[i + 1] === LPAREN) {
				i = this.#closing(i + 1);
			} else if (k === Kind.identifier && depth === 0) {
				const after = kinds[i + 1];
				if (after === LPAREN && isTagWord[kinds[i - 1]] !== 1 && !this.#isType(this.#values[i])) {
					// name(parameters)
					this.#define(this.#values[i], true);
					i = this.#closing(i + 1);
					continue;
				}
				// An attribute may stand behind a name, and behind the specifiers: there only a tag is no type already.
				const attributed = after === K_ATTRIBUTE && isTagWord[kinds[i - 1]] !== 1;
				if (after === COMMA || after === SEMICOLON || after === LBRACKET || after === RPAREN || attributed) {
					this.#define(this.#values[i], true);
					if (after === RPAREN) {
						// (*name)(parameters): nothing behind it is declared here.
						while (i < to && kinds[i] !== SEMICOLON) i++;
						return i;
					}
				}
			}
		}
		return to;
	}

	/** Of a parenthesis: what stands between declares nothing. */
	#closing(at: number): number {
		let open = 0;
		for (let i = at; i < this.#to; i++) {
			if (this.#kinds[i] === LPAREN) open++;
			else if (this.#kinds[i] === RPAREN && --open === 0) return i;
		}
		return this.#to;
	}
}

const PIECE = 8192;
/** As ohm reads them: one private-use character each. */
export function grammarString(kinds: Uint8Array): string {
	const codes = Uint16Array.from(kinds.subarray(0, kinds.length - 1), (kind) => GRAMMAR_BASE + kind);
	let text = "";
	for (let i = 0; i < codes.length; i += PIECE) text += String.fromCharCode(...codes.subarray(i, i + PIECE));
	return text;
}
