/**
 * Where a brace is missing or one too many. The bracket that does not match is often far from the mistake, which the lines' indentation shows: a `}` that
 * begins a line closes what was opened on a line that begins in the same column. In: the unit's tokens; out: the first brace that does not keep to this.
 */
import type { TokenBuffer } from "../preprocess/buffer.ts";
import { kindOf } from "../source/kinds.ts";

const LBRACE = kindOf("{");
const RBRACE = kindOf("}");

/** Statements that stand outside of a function only because a brace ended it before. */
const STATEMENTS: ReadonlySet<number> = new Set(
	(["return", "if", "else", "for", "while", "do", "switch", "goto", "break", "continue", "case", "default"] as const).map(kindOf),
);

export const beginsStatement = (kind: number): boolean => STATEMENTS.has(kind);

export interface OddBrace {
	readonly token: number;
	/** The `{` that it closes. */
	readonly opener: number;
}

/** The first that stands further to the right than the line of what it closes (one too many), or further to the left (one is missing before it). */
export function oddBrace(tokens: TokenBuffer, from: number, to: number, side: "left" | "right"): OddBrace | null {
	const opened: number[] = [];
	for (let i = from; i < to; i++) {
		if (tokens.kinds[i] === LBRACE) opened.push(i);
		if (tokens.kinds[i] !== RBRACE) continue;
		const opener = opened.pop();
		if (opener === undefined) return null;
		if (tokens.expanded[i] !== 0 || tokens.expanded[opener] !== 0 || firstOfLine(tokens, i) !== i) continue;
		const [own, wanted] = [columnOf(tokens, i), columnOf(tokens, firstOfLine(tokens, opener))];
		if (side === "right" ? own > wanted : own < wanted) return { token: i, opener };
	}
	return null;
}

const columnOf = (tokens: TokenBuffer, token: number): number => tokens.sources.lineColumn(tokens.messageLocation(token)).column;

function firstOfLine(tokens: TokenBuffer, token: number): number {
	const { file, line } = tokens.sources.lineColumn(tokens.messageLocation(token));
	let first = token;
	while (first > 0) {
		const before = tokens.sources.lineColumn(tokens.messageLocation(first - 1));
		if (before.file !== file || before.line !== line) break;
		first--;
	}
	return first;
}
