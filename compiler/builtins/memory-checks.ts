/**
 * memset, memcpy and their kin whose size was meant to be another: of the pointer instead of what it points to, in the fill byte's place, or larger than
 * the object. In: a call's arguments as written and as checked; out: clang's warnings.
 */
import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Expr } from "../grammar/ast.ts";
import { asPointer, asRecord, canonical, isComplete, isVoid } from "../types/basic.ts";
import { type Cx, report, unevaluated } from "../types/context.ts";
import { sizeOf } from "../types/layout.ts";
import { compatible } from "../types/compat.ts";
import { rvalue, written } from "../types/operand.ts";
import { quote } from "../types/spell.ts";
import type { TExpr } from "../types/typed.ts";
import { objectSize } from "./object-size.ts";

/** How many of the first arguments are addresses, and whether it writes: by the key of the builtin. */
const CALLS: Readonly<Record<string, { readonly addresses: number; readonly writes: boolean }>> = {
	memset: { addresses: 1, writes: true },
	memcpy: { addresses: 2, writes: true },
	memmove: { addresses: 2, writes: true },
	memcmp: { addresses: 2, writes: false },
	bcmp: { addresses: 2, writes: false },
	bzero: { addresses: 1, writes: false },
};

export function checkMemoryCall(cx: Cx, key: string, asts: readonly Expr[], values: readonly TExpr[], span: TokenSpan): void {
	const call = Object.hasOwn(CALLS, key) ? CALLS[key] : undefined;
	if (call === undefined || cx.unevaluated) return;
	if (key === "memset" && transposed(cx, asts)) return;
	const size = asts.at(-1)!;
	for (let i = 0; i < call.addresses; i++)
		if (sizeOfPointer(cx, i === 0 ? "destination" : "source", asts[i]!, written(values[i]!), size, span)) break;
	const length = values.at(-1)!;
	const room = call.writes && length.kind === "int" ? objectSize(values[0]!, 0n) : null;
	if (room !== null && length.kind === "int" && length.value > room)
		report(
			cx,
			"overflowingCall",
			{ from: span.from, to: span.from + 1 },
			`'${key}' will always overflow; destination buffer has size ${room}, but size argument is ${length.value}`,
		);
}

/** `memset(p, sizeof(*p), 0)` */
function transposed(cx: Cx, [, fill, size]: readonly Expr[]): boolean {
	const { tokens } = cx.unit;
	const isZero = (e: Expr): boolean => e.kind === "number" && /^(?:0|0x0+)$/i.test(e.text) && tokens.text(e.span.from - 1) !== "(";
	if (isZero(size!) && tokens.fromMacro(size!.span.from) === tokens.fromMacro(size!.span.to)) {
		if (!isZero(fill!))
			report(cx, "transposedMemset", size!.span, "'size' argument to memset is '0'; did you mean to transpose the last two arguments?", [
				{ message: "parenthesize the third argument to silence", span: size!.span },
			]);
		return true;
	}
	if (fill!.kind.startsWith("sizeof") && !computesSize(size!))
		report(
			cx,
			"transposedMemset",
			fill!.span,
			"setting buffer to a 'sizeof' expression; did you mean to transpose the last two arguments?",
			[{ message: "cast the second argument to 'int' to silence", span: fill!.span }],
		);
	return false;
}

const isSizeof = (e: Expr): e is Expr & { readonly kind: "sizeof-type" | "sizeof-expr" } =>
	e.kind === "sizeof-type" || e.kind === "sizeof-expr";

const computesSize = (e: Expr): boolean =>
	e.kind.startsWith("sizeof") || (e.kind === "binary" && (e.op === "*" || e.op === "+") && (computesSize(e.left) || computesSize(e.right)));

/** `memset(p, 0, sizeof(p))`: whether it was said. */
function sizeOfPointer(cx: Cx, which: "destination" | "source", ast: Expr, address: TExpr, size: Expr, span: TokenSpan): boolean {
	const target = asPointer(address.type)?.target;
	if (target === undefined || isVoid(target) || (address.kind === "address" && canonical(address.of.type).kind === "array")) return false;
	const { tokens } = cx.unit;
	const name = tokens.text(span.from);
	if (size.kind === "sizeof-expr" && sameText(cx, ast.span, size.operand.span)) {
		const action =
			isComplete(target) && sizeOf(target) === 1
				? "provide an explicit length"
				: ast.kind === "unary" && ast.op === "&"
					? "remove the addressof in the argument to 'sizeof' (and multiply it by the number of elements)"
					: "dereference the argument to 'sizeof' (and multiply it by the number of elements)";
		report(
			cx,
			"sizeOfPointer",
			size.operand.span,
			`'${name}' call operates on objects of type ${quote(target)} while the size is based on a different type ${quote(address.type)}`,
			[{ message: `did you mean to ${action}?`, span: size.operand.span }],
		);
		return true;
	}
	if (asRecord(target) === null || !isSizeof(size)) return false;
	const type = unevaluated(cx, () =>
		size.kind === "sizeof-type" ? cx.rules.typeName(cx, size.type) : rvalue(cx.rules.expr(cx, size.operand)).type,
	);
	if (!compatible(type, address.type)) return false;
	report(
		cx,
		"sizeOfPointer",
		size.span,
		`argument to 'sizeof' in '${name}' call is the same pointer type ${quote(type)} as the ${which}; expected ${quote(target)} or an explicit length`,
	);
	return true;
}

function sameText(cx: Cx, a: TokenSpan, b: TokenSpan): boolean {
	if (a.to - a.from !== b.to - b.from) return false;
	for (let i = 0; i < a.to - a.from; i++) if (cx.unit.tokens.text(a.from + i) !== cx.unit.tokens.text(b.from + i)) return false;
	return true;
}
