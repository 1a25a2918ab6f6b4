/**
 * A chunk's tokens as the grammar reads them: one number each. C's one ambiguity is settled here, ahead of the parse:
 * is a name a type? At file scope the index knows. Within a function a name may be declared anew: `u32 type;` hides a typedef `type` to the
 * end of the block, `typedef int t;` makes one. Both are told from the tokens around the name, because a typedef's name can stand
 * behind a complete type, behind `*`, or in front of `=` or `[` only where it is being declared.
 */
import { GRAMMAR_BASE, Kind, kindOf } from "../source/kinds.ts";
import type { TokenBuffer } from "../preprocess/buffer.ts";
import { END_OF_TEXT } from "./matcher.ts";

const LPAREN = kindOf("(");
const RPAREN = kindOf(")");
const LBRACE = kindOf("{");
const RBRACE = kindOf("}");
const LBRACKET = kindOf("[");
const SEMICOLON = kindOf(";");
const COMMA = kindOf(",");
const EQUALS = kindOf("=");
const STAR = kindOf("*");
const DOT = kindOf(".");
const ARROW = kindOf("->");
const COLON = kindOf(":");
const K_TYPEDEF = kindOf("typedef");
const K_ENUM = kindOf("enum");
const K_FOR = kindOf("for");
const K_ATTRIBUTE = kindOf("__attribute__");
const K_TYPEOF = kindOf("typeof");

const isTag = new Uint8Array(256);
for (const word of ["struct", "union", "enum"] as const) isTag[kindOf(word)] = 1;
const isTypeWord = new Uint8Array(256);
for (const word of ["void", "char", "short", "int", "long", "float", "double", "signed", "unsigned", "_Bool", "__int128"] as const)
	isTypeWord[kindOf(word)] = 1;
const isQualifier = new Uint8Array(256);
for (const word of ["const", "volatile", "restrict"] as const) isQualifier[kindOf(word)] = 1;

export interface TypeNames {
	/** Is the name a typedef at file scope? */
	isTypedef(name: number): boolean;
}

/** Kinds of the tokens, names told apart, and `END_OF_TEXT` behind them. */
export function classify(tokens: TokenBuffer, from: number, to: number, types: TypeNames): Uint8Array {
	const { kinds, values } = tokens;
	const out = new Uint8Array(to - from + 1);
	out[to - from] = END_OF_TEXT;
	/** Names declared within the chunk, innermost scope last: true is a typedef, false hides one. */
	let scopes: Map<number, boolean>[] | null = null;
	const bracesOpen: number[] = [];
	/** All open brackets. */
	const brackets: number[] = [];
	/** Names that a parameter list declares: they live in the body that follows. */
	let parameters: Map<number, boolean> | null = null;

	const isType = (name: number): boolean => {
		if (scopes !== null) {
			for (let i = scopes.length - 1; i >= 0; i--) {
				const local = scopes[i].get(name);
				if (local !== undefined) return local;
			}
		}
		return types.isTypedef(name);
	};
	const define = (name: number, type: boolean): void => {
		if (bracesOpen.length === 0) {
			parameters ??= new Map();
			parameters.set(name, type);
			return;
		}
		scopes ??= [];
		while (scopes.length < bracesOpen.length) scopes.push(new Map());
		scopes[scopes.length - 1].set(name, type);
	};
	/** Is the token one that ends a type, so that the next name is being declared? */
	const endsType = (at: number): boolean => {
		let i = at;
		while (i >= from && (kinds[i] === STAR || isQualifier[kinds[i]] === 1)) i--;
		if (i < from) return false;
		const k = kinds[i];
		if (isTypeWord[k] === 1) return true;
		if (k === Kind.identifier) return out[i - from] === Kind.typedefName || (i > from && isTag[kinds[i - 1]] === 1);
		return k === RBRACE && i === at && closesRecord;
	};
	/** `T first, *T = &first;`: between a `,` outside of parentheses and what ends a declarator stands no type. */
	const isNextInList = (at: number): boolean => {
		let i = at;
		while (i > from && (kinds[i] === STAR || isQualifier[kinds[i]] === 1)) i--;
		return kinds[i] === COMMA && bracesOpen.length > 0 && !inPrototype();
	};
	let closesRecord = false;
	/** Up to here names are those of a local typedef, which hides nothing. */
	let typedefEnd = from;
	const records: boolean[] = [];

	for (let i = from; i < to; i++) {
		const k = kinds[i];
		let shown: number = k;
		if (k === Kind.identifier) {
			const name = values[i];
			const before = i > from ? kinds[i - 1] : SEMICOLON;
			if (before === DOT || before === ARROW || isTag[before] === 1) {
				// A member or a tag.
			} else if (isType(name)) {
				const after = i + 1 < to ? kinds[i + 1] : SEMICOLON;
				const declares =
					after === EQUALS ||
					after === SEMICOLON ||
					after === COMMA ||
					after === LBRACKET ||
					after === RPAREN ||
					after === COLON ||
					after === LPAREN ||
					after === K_ATTRIBUTE;
				if (declares && i > from && (endsType(i - 1) || isNextInList(i - 1)) && !(before === STAR && after === LPAREN)) {
					const member = records.length > 0 && records[records.length - 1];
					if (!member && i >= typedefEnd && !inPrototype()) define(name, false);
				} else shown = Kind.typedefName;
			}
		} else if (k === LBRACE) {
			records.push(opensRecord(i));
			bracesOpen.push(i);
			brackets.push(i);
			if (parameters !== null && bracesOpen.length === 1) {
				scopes = [parameters];
				parameters = null;
			}
		} else if (k === RBRACE) {
			if (scopes !== null && scopes.length >= bracesOpen.length) scopes.length = Math.max(0, bracesOpen.length - 1);
			bracesOpen.pop();
			brackets.pop();
			closesRecord = records.pop() === true;
		} else if (k === LPAREN) brackets.push(i);
		else if (k === RPAREN) brackets.pop();
		else if (k === K_TYPEDEF && bracesOpen.length > 0) typedefEnd = localTypedef(i);
		out[i - from] = shown;
	}
	return out;

	/** Parameters of a prototype within a function hide nothing; what `for (` declares does. */
	function inPrototype(): boolean {
		const innermost = brackets[brackets.length - 1];
		return bracesOpen.length > 0 && innermost !== undefined && kinds[innermost] === LPAREN && kinds[innermost - 1] !== K_FOR;
	}

	/** struct [attributes] [tag] { */
	function opensRecord(at: number): boolean {
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
		return i >= from && isTag[kinds[i]] === 1 && kinds[i] !== K_ENUM;
	}

	/** `typedef … name, *name2;` within a function: the names before a `,` `;` `[` or `)` at its level. */
	function localTypedef(at: number): number {
		let depth = 0;
		for (let i = at + 1; i < to; i++) {
			const k = kinds[i];
			if (k === LBRACE) depth++;
			else if (k === RBRACE) depth--;
			else if (k === SEMICOLON && depth === 0) return i;
			else if ((k === K_ATTRIBUTE || k === K_TYPEOF) && kinds[i + 1] === LPAREN) {
				// What stands in these parentheses declares nothing.
				let open = 0;
				for (i++; i < to; i++) {
					if (kinds[i] === LPAREN) open++;
					else if (kinds[i] === RPAREN && --open === 0) break;
				}
			} else if (k === Kind.identifier && depth === 0) {
				const after = kinds[i + 1];
				if (after === COMMA || after === SEMICOLON || after === LBRACKET || after === RPAREN) {
					define(values[i], true);
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
}

const PIECE = 8192;
/** As ohm reads them: one private-use character each. */
export function grammarString(kinds: Uint8Array): string {
	const codes = Uint16Array.from(kinds.subarray(0, kinds.length - 1), (kind) => GRAMMAR_BASE + kind);
	let text = "";
	for (let i = 0; i < codes.length; i += PIECE) text += String.fromCharCode(...codes.subarray(i, i + PIECE));
	return text;
}
