/** Kinds of tokens, for what reads them without a grammar: punctuators, a few keywords, sets of keywords, groups in brackets. */
import { keywordKind, kindOf } from "../source/kinds.ts";

export const LPAREN = kindOf("(");
export const RPAREN = kindOf(")");
export const LBRACKET = kindOf("[");
export const RBRACKET = kindOf("]");
export const LBRACE = kindOf("{");
export const RBRACE = kindOf("}");
export const SEMICOLON = kindOf(";");
export const COMMA = kindOf(",");
export const EQUALS = kindOf("=");
export const STAR = kindOf("*");
export const COLON = kindOf(":");
export const K_ENUM = kindOf("enum");
export const K_ATTRIBUTE = kindOf("__attribute__");
export const K_DECLSPEC = kindOf("__declspec");
export const K_ASM = kindOf("asm");
export const K_ALIGNAS = kindOf("_Alignas");
export const K_TYPEOF = kindOf("typeof");
export const K_TYPEOF_UNQUAL = kindOf("__typeof_unqual__");

/** A 1 for the kind of each of these keywords. */
export function keywords(spellings: string): Uint8Array {
	const set = new Uint8Array(256);
	for (const spelling of spellings.split(" ")) {
		const kind = keywordKind(spelling);
		if (kind === undefined) throw new Error(`bug: ${spelling} is no keyword`);
		set[kind] = 1;
	}
	return set;
}

export const isTagWord = keywords("struct union enum");

export const opens = (kind: number): boolean => kind === LPAREN || kind === LBRACE || kind === LBRACKET;
export const closes = (kind: number): boolean => kind === RPAREN || kind === RBRACE || kind === RBRACKET;

/** Index behind the bracket that closes the one at `open` (or `limit`). */
export function skipGroup(kinds: Uint8Array, open: number, limit: number): number {
	let depth = 0;
	for (let i = open; i < limit; i++) {
		if (opens(kinds[i])) depth++;
		else if (closes(kinds[i]) && --depth === 0) return i + 1;
	}
	return limit;
}
