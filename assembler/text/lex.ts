/**
 * Assembly text to tokens, for both dialects. In: text. Out: tokens with line and column, statements ended by `end` tokens
 * (a newline or `;`). Comments (`//`, `#`, block) are gone. One regular expression does the work.
 */
export type TokenKind = "name" | "number" | "string" | "punct" | "label" | "end";

export interface Token {
	readonly kind: TokenKind;
	/** As written; for strings the bytes as a Latin-1 text, for `label` (`1b`, `2f`) as written. */
	readonly text: string;
	readonly value: bigint;
	readonly line: number;
	readonly column: number;
}

/** A mistake in assembly text; line and column from 1. */
export interface TextError {
	readonly message: string;
	readonly line: number;
	readonly column: number;
}

/** Thrown inside the parsers, turned into a `TextError` value at their edge. */
export class TextFault extends Error {
	readonly line: number;
	readonly column: number;
	constructor(message: string, at: { readonly line: number; readonly column: number }) {
		super(message);
		this.line = at.line;
		this.column = at.column;
	}
}

const PATTERN =
	/([ \t\r\f\v]+)|(\n|;)|(\/\/[^\n]*|#[^\n]*)|(\/\*[\s\S]*?\*\/)|([0-9]+[bf](?![0-9A-Za-z_]))|(0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+)(?:[uU]?[lL]{0,2})(?![0-9A-Za-z_])|([A-Za-z_.$@][A-Za-z0-9_.$@]*)|"((?:[^"\\\n]|\\[\s\S])*)"|'(\\?[^\n'])'|(<<=|>>=|<<|>>|==|!=|<=|>=|&&|\|\||[+\-*/%&|^]=|[-+*/%&|^~!<>=()[\]{},:])/y;

export function tokenize(text: string): Token[] {
	const tokens: Token[] = [];
	let line = 1;
	let lineStart = 0;
	let at = 0;
	while (at < text.length) {
		PATTERN.lastIndex = at;
		const match = PATTERN.exec(text);
		const column = at - lineStart + 1;
		if (match === null) throw new TextFault(`unexpected ${JSON.stringify(text[at])}`, { line, column });
		at = PATTERN.lastIndex;
		const push = (kind: TokenKind, tokenText: string, value = 0n): void => {
			tokens.push({ kind, text: tokenText, value, line, column });
		};
		if (match[2] !== undefined) {
			push("end", match[2]);
			if (match[2] === "\n") {
				line++;
				lineStart = at;
			}
		} else if (match[4] !== undefined) {
			for (let i = match[4].indexOf("\n"); i >= 0; i = match[4].indexOf("\n", i + 1)) {
				line++;
				lineStart = at - match[4].length + i + 1;
			}
		} else if (match[5] !== undefined) push("label", match[5]);
		else if (match[6] !== undefined) push("number", match[6], integer(match[6]));
		else if (match[7] !== undefined) push("name", match[7]);
		else if (match[8] !== undefined) push("string", unescapeText(match[8]));
		else if (match[9] !== undefined) push("number", match[9], BigInt(unescapeText(match[9]).charCodeAt(0)));
		else if (match[10] !== undefined) push("punct", match[10]);
	}
	tokens.push({ kind: "end", text: "\n", value: 0n, line, column: text.length - lineStart + 1 });
	return tokens;
}

function integer(text: string): bigint {
	if (/^0[0-9]+$/.test(text)) return /[89]/.test(text) ? BigInt(text.replace(/^0+/, "")) : BigInt(`0o${text.slice(1)}`);
	return BigInt(text);
}

const ESCAPES: Readonly<Record<string, string>> = {
	n: "\n",
	t: "\t",
	r: "\r",
	b: "\b",
	f: "\f",
	"\\": "\\",
	'"': '"',
	"'": "'",
};

/** gas escapes: octal up to three digits, \x, the usual letters. Other characters become their UTF-8 bytes. */
function unescapeText(text: string): string {
	const bytes = /[^\0-\x7f]/.test(text) ? String.fromCharCode(...new TextEncoder().encode(text)) : text;
	return bytes.replace(/\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|([\s\S]))/g, (_, octal?: string, hex?: string, letter?: string) =>
		octal !== undefined
			? String.fromCharCode(parseInt(octal, 8) & 255)
			: hex !== undefined
				? String.fromCharCode(parseInt(hex, 16))
				: (ESCAPES[letter!] ?? letter!),
	);
}
