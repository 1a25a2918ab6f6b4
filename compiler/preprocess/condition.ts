/**
 * The expression of `#if` (C11 6.10.1): integers of 64 bits, names that are no macros are 0. Precedence climbing over tokens that
 * the caller has expanded already; `defined` was answered there, too.
 */
import { Kind, kindOf, type Punctuator } from "../source/kinds.ts";
import { charValue } from "../source/quoted.ts";
import type { Tok } from "./macros.ts";

export interface ConditionHost {
	spell(token: Tok): string;
	report(code: string, message: string, at: Tok): void;
}

interface Value {
	readonly value: bigint;
	readonly unsigned: boolean;
}

interface Operator {
	readonly spelling: Punctuator;
	/** A higher one binds tighter. */
	readonly level: number;
	/** Of operands of one type; a boolean is 1 or 0, of type int. */
	compute(x: bigint, y: bigint): bigint | boolean;
}

const OPERATORS: readonly Operator[] = [
	{ spelling: "*", level: 10, compute: (x, y) => x * y },
	{ spelling: "/", level: 10, compute: (x, y) => x / y },
	{ spelling: "%", level: 10, compute: (x, y) => x % y },
	{ spelling: "+", level: 9, compute: (x, y) => x + y },
	{ spelling: "-", level: 9, compute: (x, y) => x - y },
	{ spelling: "<<", level: 8, compute: (x, y) => x << BigInt.asUintN(6, y) },
	{ spelling: ">>", level: 8, compute: (x, y) => x >> BigInt.asUintN(6, y) },
	{ spelling: "<", level: 7, compute: (x, y) => x < y },
	{ spelling: ">", level: 7, compute: (x, y) => x > y },
	{ spelling: "<=", level: 7, compute: (x, y) => x <= y },
	{ spelling: ">=", level: 7, compute: (x, y) => x >= y },
	{ spelling: "==", level: 6, compute: (x, y) => x === y },
	{ spelling: "!=", level: 6, compute: (x, y) => x !== y },
	{ spelling: "&", level: 5, compute: (x, y) => x & y },
	{ spelling: "^", level: 4, compute: (x, y) => x ^ y },
	{ spelling: "|", level: 3, compute: (x, y) => x | y },
	{ spelling: "&&", level: 2, compute: (x, y) => x !== 0n && y !== 0n },
	{ spelling: "||", level: 1, compute: (x, y) => x !== 0n || y !== 0n },
];
const operatorOf = new Map(OPERATORS.map((operator) => [kindOf(operator.spelling), operator]));
const LPAREN = kindOf("(");
const RPAREN = kindOf(")");
const QUESTION = kindOf("?");
const COLON = kindOf(":");
const COMMA = kindOf(",");
const MINUS = kindOf("-");
const PLUS = kindOf("+");
const TILDE = kindOf("~");
const BANG = kindOf("!");
const MAX_DEPTH = 1000;

class Malformed extends Error {}

/** null: an error has been reported. `tokens` ends with a token of kind `end` that stands for the end of the line. */
export function evaluate(tokens: readonly Tok[], host: ConditionHost): Value | null {
	try {
		return new Evaluation(tokens, host).whole();
	} catch (error) {
		if (error instanceof Malformed) return null;
		throw error;
	}
}

const wrap = (value: bigint, unsigned: boolean): Value => ({
	value: unsigned ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value),
	unsigned,
});
const truth = (holds: boolean): Value => ({ value: holds ? 1n : 0n, unsigned: false });

/** A method a level of the grammar. `live`: the value counts; where it does not, nothing may be divided by 0. */
class Evaluation {
	readonly #tokens: readonly Tok[];
	readonly #host: ConditionHost;
	#at = 0;
	#depth = 0;

	constructor(tokens: readonly Tok[], host: ConditionHost) {
		this.#tokens = tokens;
		this.#host = host;
	}

	whole(): Value {
		const value = this.#comma(true);
		if (this.#kind !== Kind.end) this.#fail(`'${this.#spelling}' is left over behind the preprocessor expression`);
		return value;
	}

	get #kind(): number {
		return this.#tokens[this.#at].kind;
	}

	get #spelling(): string {
		return this.#host.spell(this.#tokens[this.#at]);
	}

	#fail(message: string): never {
		this.#host.report("E0130", message, this.#tokens[Math.min(this.#at, this.#tokens.length - 1)]);
		throw new Malformed();
	}

	#expect(kind: number, spelling: Punctuator): void {
		if (this.#kind !== kind) this.#fail(`expected '${spelling}' in the preprocessor expression`);
		this.#at++;
	}

	#comma(live: boolean): Value {
		let value = this.#conditional(live);
		while (this.#kind === COMMA) {
			this.#at++;
			value = this.#conditional(live);
		}
		return value;
	}

	#conditional(live: boolean): Value {
		const condition = this.#binary(1, live);
		if (this.#kind !== QUESTION) return condition;
		this.#at++;
		const yes = condition.value !== 0n;
		const then = this.#comma(live && yes);
		this.#expect(COLON, ":");
		const otherwise = this.#conditional(live && !yes);
		return wrap((yes ? then : otherwise).value, then.unsigned || otherwise.unsigned);
	}

	#binary(min: number, live: boolean): Value {
		let left = this.#primary(live);
		for (;;) {
			const operator = operatorOf.get(this.#kind);
			if (operator === undefined || operator.level < min) return left;
			const place = this.#at++;
			const decided = (operator.spelling === "&&" && left.value === 0n) || (operator.spelling === "||" && left.value !== 0n);
			const right = this.#binary(operator.level + 1, live && !decided);
			left = this.#apply(operator, left, right, live, place);
		}
	}

	#apply({ spelling, compute }: Operator, a: Value, b: Value, live: boolean, place: number): Value {
		const shifts = spelling === "<<" || spelling === ">>";
		const unsigned = a.unsigned || (b.unsigned && !shifts);
		const x = unsigned ? BigInt.asUintN(64, a.value) : a.value;
		const y = unsigned ? BigInt.asUintN(64, b.value) : b.value;
		if (y === 0n && (spelling === "/" || spelling === "%")) {
			if (!live) return { value: 0n, unsigned };
			this.#at = place;
			return this.#fail("division by zero in the preprocessor expression");
		}
		const result = compute(x, y);
		return typeof result === "boolean" ? truth(result) : wrap(result, unsigned);
	}

	#primary(live: boolean): Value {
		if (++this.#depth > MAX_DEPTH) this.#fail(`the expression is nested more than ${MAX_DEPTH} deep`);
		try {
			const token = this.#tokens[this.#at++];
			switch (token.kind) {
				case Kind.number: {
					const value = parseInteger(this.#host.spell(token));
					return typeof value === "string" ? this.#failBefore(value) : value;
				}
				case Kind.char:
					return this.#character(this.#host.spell(token));
				case Kind.identifier:
					return truth(this.#host.spell(token) === "true");
				case LPAREN: {
					const value = this.#comma(live);
					this.#expect(RPAREN, ")");
					return value;
				}
				case MINUS: {
					const { value, unsigned } = this.#primary(live);
					return wrap(-value, unsigned);
				}
				case PLUS:
					return this.#primary(live);
				case TILDE: {
					const { value, unsigned } = this.#primary(live);
					return wrap(~value, unsigned);
				}
				case BANG:
					return truth(this.#primary(live).value === 0n);
				case Kind.end:
					return this.#failBefore("a value is missing in the preprocessor expression");
				default:
					return this.#failBefore(`'${this.#host.spell(token)}' cannot stand in a preprocessor expression`);
			}
		} finally {
			this.#depth--;
		}
	}

	/** What it is in the program too; the types of u'' and U'' have no sign (C11 6.10.1p4). */
	#character(text: string): Value {
		const { prefix, value, problems } = charValue(text);
		const wrong = problems.find((problem) => !problem.startsWith("unknown escape"));
		return wrong === undefined ? { value, unsigned: prefix === "u" || prefix === "U" } : this.#failBefore(wrong);
	}

	/** Points at the token just taken. */
	#failBefore(message: string): never {
		this.#at--;
		return this.#fail(message);
	}
}

/** A message instead of a value when the text is no integer. */
function parseInteger(text: string): Value | string {
	const match = /^(0[xX][0-9a-fA-F']+|0[bB][01']+|[0-9][0-9']*)([uUlL]*)$/.exec(text);
	if (match === null)
		return /^[0-9.]+([eE]|$)|^0[xX].*[pP]/.test(text) && /[.eEpP]/.test(text)
			? `floating constant '${text}' in a preprocessor expression`
			: `'${text}' is not an integer`;
	const digits = match[1].replaceAll("'", "");
	if (!/^([uU]?(l|L|ll|LL)?|(l|L|ll|LL)[uU])$/.test(match[2])) return `invalid suffix '${match[2]}' on an integer constant`;
	let value: bigint;
	if (/^0[0-9]+$/.test(digits)) {
		if (/[89]/.test(digits)) return `'${text}' is not an octal number`;
		value = BigInt(`0o${digits.slice(1)}`);
	} else value = BigInt(digits);
	if (value >= 1n << 64n) return `integer constant '${text}' is too large`;
	const unsigned = /[uU]/.test(match[2]) || value >= 1n << 63n;
	return { value: unsigned ? value : BigInt.asIntN(64, value), unsigned };
}
