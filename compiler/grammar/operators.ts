/** Actions for runs of operators: they are read flat and become trees here, by precedence (C11 6.5.5 to 6.5.17). */
import { spellingOf } from "../source/kinds.ts";
import { type Actions, all, ast, type Builder, maybe } from "./actions.ts";
import type { AssignOp, BinaryOp, Expr } from "./ast.ts";
import type { Node } from "./tree.ts";

/** How tight an operator binds; assignments and conditionals group from the right. */
const COMMA = 0;
const ASSIGN = 1;
const TERNARY = 2;
const PRECEDENCE: Readonly<Record<BinaryOp, number>> = {
	"*": 12,
	"/": 12,
	"%": 12,
	"+": 11,
	"-": 11,
	"<<": 10,
	">>": 10,
	"<": 9,
	">": 9,
	"<=": 9,
	">=": 9,
	"==": 8,
	"!=": 8,
	"&": 7,
	"^": 6,
	"|": 5,
	"&&": 4,
	"||": 3,
};

/** An operator between two operands. */
interface Operator {
	readonly level: number;
	readonly op: string;
	readonly at: number;
	/** Of `a ? then : b`. */
	readonly then?: Expr;
}

export function operatorActions(builder: Builder): Actions {
	function operator(this: Node, part: Node): Operator {
		if (!part.isTerminal()) return ast(part);
		const spelling = spellingOf(builder.tokens.kinds[part.from]);
		const level = spelling === "," ? COMMA : Object.hasOwn(PRECEDENCE, spelling) ? PRECEDENCE[spelling as BinaryOp] : ASSIGN;
		return { level, op: spelling, at: part.from };
	}

	return {
		expr(first, operators, rest) {
			return climb(ast(first), all(operators), all(rest));
		},
		assignment(first, operators, rest) {
			return climb(ast(first), all(operators), all(rest));
		},
		conditional(first, operators, rest) {
			return climb(ast(first), all(operators), all(rest));
		},
		exprOp: operator,
		assignmentOp: operator,
		conditionalOp: operator,
		ternary(_question, then, _colon): Operator {
			const middle = maybe<Expr>(then);
			return { level: TERNARY, op: "?", at: this.from, ...(middle === undefined ? {} : { then: middle }) };
		},
	};
}

/** Shunting-yard: operators wait until one that binds no tighter comes. */
function climb(first: Expr, operators: readonly Operator[], rest: readonly Expr[]): Expr {
	if (operators.length === 0) return first;
	const values: Expr[] = [first];
	const waiting: Operator[] = [];
	const reduce = (): void => {
		const right = values.pop() as Expr;
		const left = values.pop() as Expr;
		values.push(combine(left, waiting.pop() as Operator, right));
	};
	operators.forEach((next, i) => {
		const fromRight = next.level === ASSIGN || next.level === TERNARY;
		while (
			waiting.length > 0 &&
			(waiting[waiting.length - 1].level > next.level || (waiting[waiting.length - 1].level === next.level && !fromRight))
		)
			reduce();
		waiting.push(next);
		values.push(rest[i]);
	});
	while (waiting.length > 0) reduce();
	return values[0];
}

function combine(left: Expr, { level, op, at, then }: Operator, right: Expr): Expr {
	const span = { from: left.span.from, to: right.span.to };
	if (level === COMMA) return { kind: "comma", left, right, span };
	if (level === ASSIGN) return { kind: "assign", op: op as AssignOp, target: left, value: right, at, span };
	if (level === TERNARY) return { kind: "conditional", condition: left, ...(then === undefined ? {} : { then }), else: right, span };
	return { kind: "binary", op: op as BinaryOp, left, right, at, span };
}
