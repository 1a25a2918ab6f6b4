/** The line of a directive: what is read of it, as it stands or with macros replaced, and what may not follow. */
import { Kind } from "../source/kinds.ts";
import type { Lexer } from "../source/lexer.ts";
import { END, type Tok } from "./macros.ts";
import type { Preprocessor } from "./preprocessor.ts";

/** Called with the lexer behind the directive's name, which stands at `at`. */
export type Directive = (pp: Preprocessor, lexer: Lexer, base: number, at: Tok) => void;

export function token(lexer: Lexer, base: number): Tok {
	return { kind: lexer.kind, flags: lexer.flags, value: lexer.value, location: base + lexer.start, expansion: 0 };
}

export function endLine(lexer: Lexer): void {
	lexer.inDirective = true;
	while (lexer.kind !== Kind.newline && lexer.kind !== Kind.end) lexer.next();
	lexer.inDirective = false;
}

/** What stands behind a directive that is complete, comments aside, means nothing. */
export function extraTokens(pp: Preprocessor, lexer: Lexer, base: number, directive: string): void {
	lexer.next();
	if (lexer.kind === Kind.newline || lexer.kind === Kind.end) return;
	pp.report("W0107", `extra tokens at end of #${directive} directive`, token(lexer, base), { group: "extra-tokens" });
}

export function rest(lexer: Lexer): string {
	const { from, to } = lexer.restOfLine();
	return decoder.decode(lexer.bytes.subarray(from, to)).replace(/\\\r?\n/g, "");
}
const decoder = new TextDecoder();

/** What stands on the rest of the line, macros replaced. */
export function expandedLine(pp: Preprocessor): Tok[] {
	const tokens: Tok[] = [];
	for (;;) {
		const next = pp.expander.next();
		if (next.kind === Kind.end) {
			tokens.push(next.location > 0 ? next : { ...END, location: pp.current.file.base + pp.current.lexer.start });
			return tokens;
		}
		tokens.push(next);
	}
}

export function rawLine(lexer: Lexer, base: number): Tok[] {
	const tokens: Tok[] = [];
	for (;;) {
		lexer.next();
		if (lexer.kind === Kind.newline || lexer.kind === Kind.end) return tokens;
		tokens.push(token(lexer, base));
	}
}

/** −1 with an error reported. */
export function macroName(pp: Preprocessor, lexer: Lexer, base: number, directive: string): number {
	lexer.next();
	if (lexer.kind === Kind.identifier) return lexer.value;
	const missing = lexer.kind === Kind.newline || lexer.kind === Kind.end;
	pp.report("E0110", missing ? `#${directive} wants a macro name` : "a macro name must be an identifier", token(lexer, base));
	return -1;
}
