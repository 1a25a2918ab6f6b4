/**
 * The expression of `#if` (C11 6.10.1): integers of 64 bits, names that are no macros are 0. Precedence climbing over tokens that
 * the caller has expanded already; `defined` was answered there, too.
 */
import { Kind, kindOf, type Punctuator } from "../source/kinds.ts";
import type { Tok } from "./macros.ts";

export interface ConditionHost {
	spell(token: Tok): string;
	report(code: string, message: string, at: Tok): void;
}

interface Value {
	readonly value: bigint;
	readonly unsigned: boolean;
}

const BINARY: readonly (readonly [Punctuator, number])[] = [
	["*", 10],
	["/", 10],
	["%", 10],
	["+", 9],
	["-", 9],
	["<<", 8],
	[">>", 8],
	["<", 7],
	[">", 7],
	["<=", 7],
	[">=", 7],
	["==", 6],
	["!=", 6],
	["&", 5],
	["^", 4],
	["|", 3],
	["&&", 2],
	["||", 1],
];
const precedence = new Map(BINARY.map(([op, level]) => [kindOf(op), { op, level }]));
const LPAREN = kindOf("(");
const RPAREN = kindOf(")");
const QUESTION = kindOf("?");
const COLON = kindOf(":");
const COMMA = kindOf(",");
const MAX_DEPTH = 1000;

class Malformed extends Error {}

/** null: an error has been reported. `tokens` ends with a token of kind `end` that stands for the end of the line. */
export function evaluate(tokens: readonly Tok[], host: ConditionHost): Value | null {
	let at = 0;
	let depth = 0;
	const fail = (message: string): never => {
		host.report("E0130", message, tokens[Math.min(at, tokens.length - 1)]);
		throw new Malformed();
	};
	const peek = (): Tok => tokens[at];
	const wrap = (value: bigint, unsigned: boolean): Value => ({
		value: unsigned ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value),
		unsigned,
	});

	function primary(live: boolean): Value {
		if (++depth > MAX_DEPTH) fail(`the expression is nested more than ${MAX_DEPTH} deep`);
		try {
			const token = peek();
			switch (token.kind) {
				case Kind.number: {
					at++;
					const value = parseInteger(host.spell(token));
					if (typeof value === "string") {
						at--;
						return fail(value);
					}
					return value;
				}
				case Kind.char:
					at++;
					return { value: charValue(host.spell(token)), unsigned: false };
				case Kind.identifier:
					at++;
					return { value: host.spell(token) === "true" ? 1n : 0n, unsigned: false };
				case LPAREN: {
					at++;
					const value = comma(live);
					if (peek().kind !== RPAREN) fail("expected ')' in the preprocessor expression");
					at++;
					return value;
				}
				case kindOf("-"): {
					at++;
					const v = primary(live);
					return wrap(-v.value, v.unsigned);
				}
				case kindOf("+"):
					at++;
					return primary(live);
				case kindOf("~"): {
					at++;
					const v = primary(live);
					return wrap(~v.value, v.unsigned);
				}
				case kindOf("!"): {
					at++;
					return { value: primary(live).value === 0n ? 1n : 0n, unsigned: false };
				}
				case Kind.end:
					return fail("a value is missing in the preprocessor expression");
				default:
					return fail(`'${host.spell(token)}' cannot stand in a preprocessor expression`);
			}
		} finally {
			depth--;
		}
	}

	function binary(min: number, live: boolean): Value {
		let left = primary(live);
		for (;;) {
			const operator = precedence.get(peek().kind);
			if (operator === undefined || operator.level < min) return left;
			const place = at++;
			const skip = (operator.op === "&&" && left.value === 0n) || (operator.op === "||" && left.value !== 0n);
			const right = binary(operator.level + 1, live && !skip);
			left = apply(operator.op, left, right, live, place);
		}
	}

	function apply(op: string, a: Value, b: Value, live: boolean, place: number): Value {
		const unsigned = a.unsigned || b.unsigned;
		const x = unsigned ? BigInt.asUintN(64, a.value) : a.value;
		const y = unsigned ? BigInt.asUintN(64, b.value) : b.value;
		const truth = (v: boolean): Value => ({ value: v ? 1n : 0n, unsigned: false });
		switch (op) {
			case "*":
				return wrap(x * y, unsigned);
			case "/":
			case "%":
				if (y === 0n) {
					if (!live) return { value: 0n, unsigned };
					at = place;
					return fail("division by zero in the preprocessor expression");
				}
				return wrap(op === "/" ? x / y : x % y, unsigned);
			case "+":
				return wrap(x + y, unsigned);
			case "-":
				return wrap(x - y, unsigned);
			case "<<":
				return wrap(a.value << BigInt.asUintN(6, b.value), a.unsigned);
			case ">>":
				return wrap(a.value >> BigInt.asUintN(6, b.value), a.unsigned);
			case "<":
				return truth(x < y);
			case ">":
				return truth(x > y);
			case "<=":
				return truth(x <= y);
			case ">=":
				return truth(x >= y);
			case "==":
				return truth(x === y);
			case "!=":
				return truth(x !== y);
			case "&":
				return wrap(x & y, unsigned);
			case "^":
				return wrap(x ^ y, unsigned);
			case "|":
				return wrap(x | y, unsigned);
			case "&&":
				return truth(x !== 0n && y !== 0n);
			default:
				return truth(x !== 0n || y !== 0n);
		}
	}

	function conditional(live: boolean): Value {
		const condition = binary(1, live);
		if (peek().kind !== QUESTION) return condition;
		at++;
		const yes = condition.value !== 0n;
		const then = comma(live && yes);
		if (peek().kind !== COLON) fail("expected ':' in the preprocessor expression");
		at++;
		const otherwise = conditional(live && !yes);
		return wrap((yes ? then : otherwise).value, then.unsigned || otherwise.unsigned);
	}

	function comma(live: boolean): Value {
		let value = conditional(live);
		while (peek().kind === COMMA) {
			at++;
			value = conditional(live);
		}
		return value;
	}

	try {
		const value = comma(true);
		if (peek().kind !== Kind.end) fail(`'${host.spell(peek())}' is left over behind the preprocessor expression`);
		return value;
	} catch (error) {
		if (error instanceof Malformed) return null;
		throw error;
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

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, a: 7, b: 8, f: 12, v: 11, e: 27, E: 27, "0": 0 };

function charValue(text: string): bigint {
	const body = text.slice(text.indexOf("'") + 1, -1);
	let value = 0;
	for (let i = 0; i < body.length; ) {
		let c: number;
		if (body[i] !== "\\") c = body.charCodeAt(i++);
		else {
			const octal = /^[0-7]{1,3}/.exec(body.slice(i + 1));
			const hex = /^x([0-9a-fA-F]+)/.exec(body.slice(i + 1));
			if (octal !== null) {
				c = Number.parseInt(octal[0], 8);
				i += 1 + octal[0].length;
			} else if (hex !== null) {
				c = Number.parseInt(hex[1], 16);
				i += 2 + hex[1].length;
			} else {
				c = SIMPLE_ESCAPES[body[i + 1]] ?? body.charCodeAt(i + 1);
				i += 2;
			}
		}
		value = body.length === 1 || value === 0 ? (c << 24) >> 24 : (value << 8) | (c & 0xff);
	}
	return BigInt(value);
}
