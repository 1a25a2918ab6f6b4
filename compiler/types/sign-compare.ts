/**
 * -Wsign-compare: an integer that may be negative is compared as an unsigned one. In: the operands as they were before the usual conversions.
 * The one idea, clang's: how many bits an expression can have, and whether it can be negative, is read off its shape, so that masks, constants
 * and small unsigned types do not warn.
 */
import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import { integerType } from "./basic.ts";
import type { CompareOp } from "./build.ts";
import { report, type Cx } from "./context.ts";
import { quote } from "./spell.ts";
import { written } from "./operand.ts";
import type { TExpr } from "./typed.ts";
import type { CType } from "./types.ts";

interface Range {
	readonly width: number;
	readonly nonNegative: boolean;
}

/** `common`: the type in which the operands are compared. */
export function checkSigns(cx: Cx, op: CompareOp, left: TExpr, right: TExpr, common: CType, at: TokenSpan): void {
	const type = integerType(common);
	if (cx.unevaluated || type === null || type.signed) return;
	const [a, b] = [written(left), written(right)];
	const [x, y] = [integerType(a.type), integerType(b.type)];
	if (x === null || y === null || x.signed === y.signed) return;
	const [signed, unsigned] = x.signed ? [a, b] : [b, a];
	if (rangeOf(signed).nonNegative || (a.kind === "int" && b.kind === "int")) return;
	// Where the unsigned one cannot be as large as a negative number becomes, equality means what it says.
	if ((op === "==" || op === "!=") && rangeOf(unsigned).width < type.size * 8) return;
	report(cx, "signCompare", at, `comparison of integers of different signs: ${quote(a.type)} and ${quote(b.type)}`);
}

function typeRange(type: CType): Range {
	// In C an enumeration holds what its integer type holds, whatever it has names for.
	const int = integerType(type);
	return int === null ? { width: 64, nonNegative: true } : { width: int.rank === 0 ? 1 : int.size * 8, nonNegative: !int.signed };
}

const bitsOf = (value: bigint): number => (value < 0n ? (-value - 1n).toString(2).length + 1 : value === 0n ? 0 : value.toString(2).length);

const join = (a: Range, b: Range): Range => ({ width: Math.max(a.width, b.width), nonNegative: a.nonNegative && b.nonNegative });

function rangeOf(e: TExpr): Range {
	const whole = typeRange(e.type);
	switch (e.kind) {
		case "int":
			return { width: bitsOf(e.value), nonNegative: e.value >= 0n };
		case "compare":
		case "logical":
			return { width: 1, nonNegative: true };
		case "unary":
			return e.op === "!" ? { width: 1, nonNegative: true } : whole;
		case "convert": {
			if (e.explicit) return whole;
			const inner = rangeOf(e.operand);
			return inner.width >= whole.width ? whole : { width: inner.width, nonNegative: inner.nonNegative || whole.nonNegative };
		}
		case "load":
			return e.from.kind === "member" && e.from.member.bitWidth !== null
				? { width: e.from.member.bitWidth, nonNegative: whole.nonNegative }
				: whole;
		case "conditional":
			return join(rangeOf(e.then ?? e.condition), rangeOf(e.else));
		case "comma":
			return rangeOf(e.right);
		case "binary":
			return binaryRange(e, whole);
		default:
			return whole;
	}
}

function binaryRange(e: TExpr & { kind: "binary" }, whole: Range): Range {
	const a = rangeOf(e.left);
	const b = rangeOf(e.right);
	const within = (range: Range): Range => (range.width >= whole.width ? whole : range);
	switch (e.op) {
		case "&": {
			const width = Math.min(a.nonNegative ? a.width : Infinity, b.nonNegative ? b.width : Infinity);
			return width === Infinity ? join(a, b) : { width, nonNegative: true };
		}
		case "|":
		case "^":
			return within(join(a, b));
		case ">>":
			return e.right.kind === "int" && a.nonNegative ? { width: Math.max(0, a.width - Number(e.right.value)), nonNegative: true } : a;
		case "+":
			return within({ width: Math.max(a.width, b.width) + 1, nonNegative: a.nonNegative && b.nonNegative });
		case "*":
			return within({ width: a.width + b.width, nonNegative: a.nonNegative && b.nonNegative });
		case "%":
			return { width: Math.min(a.width, b.width), nonNegative: a.nonNegative };
		case "/":
			return join(a, b);
		default:
			return whole;
	}
}
