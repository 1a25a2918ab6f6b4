/**
 * What both parsers stand on: a cursor over tokens, and expressions. An expression is a constant, or a symbol plus a constant, or the
 * difference of two symbols (which only data directives can use).
 */
import { type Token, TextFault } from "./lex.ts";

export interface Value {
	readonly constant: bigint;
	readonly symbol?: string;
	readonly minus?: string;
}

const PRECEDENCE: Readonly<Record<string, number>> = {
	"*": 6,
	"/": 6,
	"%": 6,
	"<<": 6,
	">>": 6,
	"|": 5,
	"&": 5,
	"^": 5,
	"+": 4,
	"-": 4,
	"==": 3,
	"!=": 3,
	"<": 3,
	"<=": 3,
	">": 3,
	">=": 3,
	"&&": 2,
	"||": 1,
};

/** An expression above this has no comparisons in it: behind a jump's target a disassembler writes `<name+0x10>`. */
export const NO_COMPARISONS = 3;

export class Cursor {
	readonly tokens: readonly Token[];
	at = 0;
	constructor(tokens: readonly Token[]) {
		this.tokens = tokens;
	}
	get token(): Token {
		return this.tokens[this.at];
	}
	peek(by = 1): Token {
		return this.tokens[Math.min(this.at + by, this.tokens.length - 1)];
	}
	is(text: string): boolean {
		const { token } = this;
		return token.text === text && (token.kind === "punct" || token.kind === "name");
	}
	accept(text: string): boolean {
		if (!this.is(text)) return false;
		this.at++;
		return true;
	}
	expect(text: string): void {
		if (!this.accept(text)) this.fail(`expected "${text}"`);
	}
	atEnd(): boolean {
		return this.token.kind === "end";
	}
	fail(message: string, token: Token = this.token): never {
		throw new TextFault(token.kind === "end" ? `${message} before the end of the statement` : `${message}, found "${token.text}"`, token);
	}
	/** Goes behind the statement's end. */
	skipStatement(): void {
		while (!this.atEnd()) this.at++;
	}

	/** `names`: an operand may be a symbol. Binary operators by LLVM's precedence. */
	expression(least = 0): Value {
		let left = this.unary();
		for (;;) {
			const { token } = this;
			const precedence = token.kind === "punct" ? PRECEDENCE[token.text] : undefined;
			if (precedence === undefined || precedence <= least) return left;
			this.at++;
			left = combine(this, token, left, this.expression(precedence));
		}
	}

	constant(): bigint {
		const { token } = this;
		const value = this.expression();
		if (value.symbol !== undefined || value.minus !== undefined) throw new TextFault(`"${value.symbol}" is not a number`, token);
		return value.constant;
	}

	private unary(): Value {
		const { token } = this;
		if (token.kind === "number") {
			this.at++;
			return { constant: token.value };
		}
		if (token.kind === "label" || token.kind === "name" || token.kind === "string") {
			this.at++;
			return { constant: 0n, symbol: token.text };
		}
		if (this.accept("(")) {
			const inner = this.expression();
			this.expect(")");
			return inner;
		}
		if (token.kind === "punct" && "-+~!".includes(token.text)) {
			this.at++;
			const inner = this.unary();
			if (token.text === "+") return inner;
			if (inner.symbol !== undefined || inner.minus !== undefined) this.fail(`"${token.text}" needs a number`, token);
			return {
				constant: token.text === "-" ? -inner.constant : token.text === "~" ? ~inner.constant : inner.constant === 0n ? 1n : 0n,
			};
		}
		return this.fail("expected a value");
	}
}

function combine(cursor: Cursor, operator: Token, a: Value, b: Value): Value {
	if (operator.text === "+" && (a.symbol === undefined || b.symbol === undefined) && (a.minus === undefined || b.minus === undefined))
		return { constant: a.constant + b.constant, symbol: a.symbol ?? b.symbol, minus: a.minus ?? b.minus };
	if (operator.text === "-" && b.minus === undefined) {
		if (b.symbol === undefined) return { ...a, constant: a.constant - b.constant };
		if (a.minus === undefined) return { constant: a.constant - b.constant, symbol: a.symbol, minus: b.symbol };
	}
	if (a.symbol !== undefined || b.symbol !== undefined || a.minus !== undefined || b.minus !== undefined)
		cursor.fail("a symbol can only be added to or subtracted from", operator);
	const x = a.constant;
	const y = b.constant;
	if ((operator.text === "<<" || operator.text === ">>") && (y < 0n || y > 63n)) cursor.fail("shift by a count outside 0…63", operator);
	if ((operator.text === "/" || operator.text === "%") && y === 0n) cursor.fail("division by zero", operator);
	const value = {
		"+": () => x + y,
		"-": () => x - y,
		"*": () => x * y,
		"/": () => x / y,
		"%": () => x % y,
		"<<": () => x << y,
		">>": () => x >> y,
		"|": () => x | y,
		"&": () => x & y,
		"^": () => x ^ y,
		// Of a comparison all bits, as GNU's assembler has it.
		"==": () => (x === y ? -1n : 0n),
		"!=": () => (x !== y ? -1n : 0n),
		"<": () => (x < y ? -1n : 0n),
		"<=": () => (x <= y ? -1n : 0n),
		">": () => (x > y ? -1n : 0n),
		">=": () => (x >= y ? -1n : 0n),
		"&&": () => (x !== 0n && y !== 0n ? 1n : 0n),
		"||": () => (x !== 0n || y !== 0n ? 1n : 0n),
	}[operator.text]!();
	return { constant: BigInt.asIntN(64, value) === value ? value : BigInt.asUintN(64, value) };
}
