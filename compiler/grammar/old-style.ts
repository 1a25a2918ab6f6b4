/**
 * Function definitions in the old style, `int f(a, b) int a; long *b; { … }` (C11 6.9.1p6). In: the tokens of one. Out: those of the
 * definition with a prototype that means the same, `int f(int a, long *b) { … }`, behind the buffer's end: the grammar knows only these.
 */
import type { TokenBuffer } from "../preprocess/buffer.ts";
import { Kind, kindOf } from "../source/kinds.ts";
import { COMMA, EQUALS, isTagWord, keywords, LBRACE, LBRACKET, LPAREN, RBRACE, RBRACKET, RPAREN, SEMICOLON } from "./token-kinds.ts";

const K_INT = kindOf("int");
const isWord = keywords("const volatile register void char short int long float double signed unsigned _Bool __int128");
const isQualifier = keywords("const volatile register");

/** How far declarations of parameters may reach. */
const MAX_TOKENS = 4096;

/** `close`: the parenthesis behind names. Is what follows it declarations up to a body, where a `;` stands in front of the brace? */
export function isOldStyle({ kinds }: TokenBuffer, from: number, close: number, end: number): boolean {
	const first = kinds[close + 1];
	if (first !== Kind.identifier && isWord[first] !== 1 && isTagWord[first] !== 1) return false;
	if (namesBefore(kinds, from, close) < 0) return false;
	for (let i = close + 1; i < Math.min(end, close + MAX_TOKENS); i++) {
		if (kinds[i] === LBRACE) return kinds[i - 1] === SEMICOLON;
		if (kinds[i] === EQUALS) return false;
	}
	return false;
}

/** Where the parenthesis of a function's list of names opens that closes at `close`; -1: it holds something else. */
function namesBefore(kinds: TokenBuffer["kinds"], from: number, close: number): number {
	let open = close - 1;
	for (let name = true; open > from && kinds[open] === (name ? Kind.identifier : COMMA); name = !name) open--;
	const isList = kinds[open] === LPAREN && open !== close - 1 && kinds[open + 1] === Kind.identifier;
	return isList && open !== from && kinds[open - 1] === Kind.identifier ? open : -1;
}

/**
 * `int f(a, b) { … }`: names that nothing declares, all of them ints. Which names are types is known here, `int f(T) { … }` is another
 * definition. Out: the parenthesis behind them, or -1.
 */
export function bareNames({ kinds, values }: TokenBuffer, from: number, to: number, isTypedef: (name: number) => boolean): number {
	if (kinds[to - 1] !== RBRACE) return -1;
	let depth = 0;
	for (let i = from + 1; i < to; i++) {
		if (kinds[i] === LBRACE && depth++ === 0 && kinds[i - 1] === RPAREN) {
			const open = namesBefore(kinds, from, i - 1);
			for (let name = open + 1; name < i - 1; name += 2) if (isTypedef(values[name])) return -1;
			return open < 0 ? -1 : i - 1;
		} else if (kinds[i] === RBRACE) depth--;
	}
	return -1;
}

interface Range {
	readonly from: number;
	readonly to: number;
}

interface Rewritten extends Range {
	/** The function's. */
	readonly name: number;
	/** Names that nothing declares: they are ints. */
	readonly undeclared: readonly number[];
}

export function withPrototype(tokens: TokenBuffer, from: number, close: number, to: number): Rewritten {
	const start = tokens.length;
	const copy = (range: Range): void => {
		for (let i = range.from; i < range.to; i++)
			tokens.push(tokens.kinds[i], tokens.flags[i], tokens.values[i], tokens.locations[i], tokens.expanded[i]);
	};
	let open = close;
	while (tokens.kinds[open] !== LPAREN) open--;
	let body = close;
	while (tokens.kinds[body] !== LBRACE) body++;
	const declared = declarations(tokens, close + 1, body);
	const undeclared: number[] = [];
	copy({ from, to: open + 1 });
	for (let i = open + 1; i < close; i++) {
		const parts = tokens.kinds[i] === Kind.identifier ? declared.get(tokens.values[i]) : undefined;
		if (parts !== undefined) parts.forEach(copy);
		else {
			if (tokens.kinds[i] === Kind.identifier) {
				undeclared.push(i);
				tokens.push(K_INT, tokens.flags[i], 0, tokens.locations[i], tokens.expanded[i]);
			}
			copy({ from: i, to: i + 1 });
		}
	}
	copy({ from: close, to: close + 1 });
	copy({ from: body, to });
	tokens.moved.push({ from: start, to: tokens.length, anchor: from });
	return { from: start, to: tokens.length, name: open - 1, undeclared };
}

/** By name: where its specifiers and its declarator stand. */
function declarations({ kinds, values }: TokenBuffer, from: number, to: number): Map<number, readonly Range[]> {
	const found = new Map<number, readonly Range[]>();
	for (let i = from; i < to; i++) {
		const first = i;
		let typed = false;
		for (; i < to; i++) {
			if (isTagWord[kinds[i]] === 1) i++;
			else if (isWord[kinds[i]] !== 1 && (typed || kinds[i] !== Kind.identifier)) break;
			typed ||= isQualifier[kinds[i]] !== 1;
		}
		const specifiers = { from: first, to: i };
		while (i < to && kinds[i] !== SEMICOLON) {
			const declarator = i;
			let name = -1;
			let depth = 0;
			for (; i < to && (depth > 0 || (kinds[i] !== COMMA && kinds[i] !== SEMICOLON)); i++) {
				if (kinds[i] === LPAREN || kinds[i] === LBRACKET) depth++;
				else if (kinds[i] === RPAREN || kinds[i] === RBRACKET) depth--;
				else if (name < 0 && kinds[i] === Kind.identifier) name = values[i];
			}
			found.set(name, [specifiers, { from: declarator, to: i }]);
			if (kinds[i] === COMMA) i++;
		}
	}
	return found;
}
