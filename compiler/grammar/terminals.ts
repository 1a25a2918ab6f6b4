/**
 * From the grammar's text as people read it to the grammar that ohm runs: each literal becomes the character of its token.
 */
import { GRAMMAR_BASE, Kind, KEYWORDS, kindOf, PUNCTUATORS } from "../source/kinds.ts";

const CLASSES: Readonly<Record<string, number>> = {
	"<identifier>": Kind.identifier,
	"<number>": Kind.number,
	"<character>": Kind.char,
	"<string>": Kind.string,
	"<type name>": Kind.typedefName,
	"<loop pragma>": Kind.loopPragma,
	"<erased>": Kind.erased,
};

/** Throws on a literal that is no token: the grammar would never match it. */
export function tokenGrammar(text: string): string {
	const kinds = new Map<string, number>(Object.entries(CLASSES));
	for (const p of PUNCTUATORS) kinds.set(p, kindOf(p));
	for (const [word] of KEYWORDS) kinds.set(word, kindOf(word));
	return text.replace(/\/\/.*$/gm, "").replace(/"([^"]*)"/g, (_, literal: string) => {
		const kind = kinds.get(literal);
		if (kind === undefined) throw new Error(`"${literal}" in the grammar is not a token`);
		return `"\\u{${(GRAMMAR_BASE + kind).toString(16)}}"`;
	});
}
