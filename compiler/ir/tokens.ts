import type { Ty } from "./types.ts";

/** The words of the text form, read one after another: what every part of the parser (`parse.ts`) stands on. */
export class IrSyntaxError extends Error {
	override readonly name = "IrSyntaxError";
}

const TOKEN =
	/\s+|;[^\n]*|("(?:[^"\\]|\\.)*")|(@[A-Za-z_.$][\w.$]*|@"(?:[^"\\]|\\.)*")|(%\d+)|(->)|(-?\d+(?![\w.])|\d[\da-f]*(?![\w.]))|([A-Za-z_][\w.#-]*)|([{}()[\],:=+])/y;

interface Token {
	readonly text: string;
	readonly at: number;
}

function tokenize(text: string): Token[] {
	const tokens: Token[] = [];
	let at = 0;
	while (at < text.length) {
		// JSON attributes are taken whole.
		const json = /(asm|core)=/y;
		json.lastIndex = at;
		if (json.test(text)) {
			const end = jsonEnd(text, json.lastIndex);
			tokens.push({ text: text.slice(at, end), at });
			at = end;
			continue;
		}
		TOKEN.lastIndex = at;
		const match = TOKEN.exec(text);
		if (match === null) throw new IrSyntaxError(`line ${lineOf(text, at)}: unexpected ${JSON.stringify(text.slice(at, at + 10))}`);
		const token = match[1] ?? match[2] ?? match[3] ?? match[4] ?? match[5] ?? match[6] ?? match[7];
		if (token !== undefined) tokens.push({ text: token, at });
		at = TOKEN.lastIndex;
	}
	return tokens;
}

const lineOf = (text: string, at: number): number => text.slice(0, at).split("\n").length;

function jsonEnd(text: string, from: number): number {
	let depth = 0;
	for (let i = from; i < text.length; i++) {
		const char = text[i];
		if (char === '"') {
			for (i++; text[i] !== '"'; i++) if (text[i] === "\\") i++;
		} else if (char === "{" || char === "[") depth++;
		else if (char === "}" || char === "]") {
			if (--depth === 0) return i + 1;
		}
	}
	throw new IrSyntaxError(`line ${lineOf(text, from)}: unclosed attribute`);
}

const isTy = (word: string | undefined): word is Ty => word === "i32" || word === "i64" || word === "ptr";

export class TokenReader {
	readonly #text: string;
	readonly #tokens: readonly Token[];
	#at = 0;

	constructor(text: string) {
		this.#text = text;
		this.#tokens = tokenize(text);
	}

	fail(what: string): never {
		const token = this.#tokens[Math.min(this.#at, this.#tokens.length - 1)];
		const found = JSON.stringify(this.#tokens[this.#at]?.text ?? "the end");
		throw new IrSyntaxError(`line ${lineOf(this.#text, token?.at ?? 0)}: ${what}, found ${found}`);
	}

	get ended(): boolean {
		return this.#at >= this.#tokens.length;
	}

	peek(ahead = 0): string | undefined {
		return this.#tokens[this.#at + ahead]?.text;
	}

	next(): string {
		return this.#tokens[this.#at++]?.text ?? this.fail("unexpected end");
	}

	eat(word: string): boolean {
		if (this.peek() !== word) return false;
		this.#at++;
		return true;
	}

	expect(word: string): void {
		if (!this.eat(word)) this.fail(`expected ${JSON.stringify(word)}`);
	}

	number(): number {
		return Number(/^-?\d+$/.test(this.peek() ?? "") ? this.next() : this.fail("expected a number"));
	}

	string(): string {
		return this.peek()?.startsWith('"') ? (JSON.parse(this.next()) as string) : this.fail("expected a string");
	}

	/** `@name` or `@"a name"`. */
	symbol(): string {
		const token = this.peek()?.startsWith("@") ? this.next() : this.fail("expected a name");
		return token[1] === '"' ? (JSON.parse(token.slice(1)) as string) : token.slice(1);
	}

	type(): Ty {
		return this.isType() ? (this.next() as Ty) : this.fail("expected a type");
	}

	isType(): boolean {
		return isTy(this.peek());
	}
}
