import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Expr } from "../grammar/ast.ts";
import { asPointer, BOOL, INT, isError, isInteger, isPointer, LONG, unqualified, VOID } from "../types/basic.ts";
import * as build from "../types/build.ts";
import { report, type Cx } from "../types/context.ts";
import { assignConvert } from "../types/conversions.ts";
import { errorValue } from "../types/operand.ts";
import { value } from "../types/operators.ts";
import { quote } from "../types/spell.ts";
import type { TExpr } from "../types/typed.ts";
import type { CType } from "../types/types.ts";
import type { Builtin } from "./table.ts";

/**
 * `__sync_*`, `__atomic_*` and `__c11_atomic_*`: the first argument is a pointer, its target types everything else.
 * Source: GCC manual, "Built-in Functions for Memory Model Aware Atomic Operations"; clang for `__c11_*`.
 */
function wrong(cx: Cx, args: readonly Expr[], least: number, span: TokenSpan): boolean {
	if (args.length >= least) return false;
	report(cx, "tooFewArgs", span, `too few arguments to function call, expected ${least}, have ${args.length}`);
	return true;
}

function node(name: string, args: readonly TExpr[], type: CType, span: TokenSpan): TExpr {
	return { kind: "builtin", name, args, typeArgs: [], type, span };
}

/** The pointer argument and what it points to, when that is something atomics work on. */
function target(cx: Cx, ast: Expr, anyType: boolean): { pointer: TExpr; type: CType } | null {
	const pointer = value(cx, ast);
	if (isError(pointer.type)) return null;
	const pointed = asPointer(pointer.type)?.target;
	if (!pointed) {
		report(cx, "badBuiltin", ast.span, `address argument to atomic builtin must be a pointer (${quote(pointer.type)} invalid)`);
		return null;
	}
	if (!anyType && !isInteger(pointed) && !isPointer(pointed)) {
		report(
			cx,
			"badBuiltin",
			ast.span,
			`address argument to atomic builtin must be a pointer to integer or pointer (${quote(pointer.type)} invalid)`,
		);
		return null;
	}
	return { pointer, type: unqualified(pointed) };
}

const given = (cx: Cx, ast: Expr, type: CType): TExpr => {
	const v = value(cx, ast);
	// A pointer may be counted up and down by an integer.
	return isPointer(type) && isInteger(v.type)
		? build.convert(v, type, true)
		: isInteger(type) && isPointer(v.type)
			? build.convert(v, type, true)
			: assignConvert(cx, v, type, { kind: "passing" }, ast.span);
};

export function syncCall(cx: Cx, b: Builtin, args: readonly Expr[], span: TokenSpan): TExpr {
	const swap = b.name.endsWith("_compare_and_swap");
	const release = b.name === "__sync_lock_release";
	if (wrong(cx, args, swap ? 3 : release ? 1 : 2, span)) return errorValue(span);
	const to = target(cx, args[0]!, false);
	if (!to) return errorValue(span);
	// Further arguments name variables to protect; like GCC and clang, they are evaluated by nobody.
	const operands = args.slice(1, swap ? 3 : release ? 1 : 2).map((a) => given(cx, a, to.type));
	const type = release ? VOID : b.name === "__sync_bool_compare_and_swap" ? BOOL : to.type;
	return node(b.name, [to.pointer, ...operands], type, span);
}

/** What follows the address, by the operation's name without its family: v a value, p a pointer to one, o a memory order, w "weak". */
const SHAPES: Record<string, { readonly rest: string; readonly result: "value" | "void" | "bool"; readonly any?: true }> = {
	load_n: { rest: "o", result: "value" },
	load: { rest: "po", result: "void", any: true },
	store_n: { rest: "vo", result: "void" },
	store: { rest: "po", result: "void", any: true },
	exchange_n: { rest: "vo", result: "value" },
	exchange: { rest: "ppo", result: "void", any: true },
	compare_exchange_n: { rest: "pvwoo", result: "bool" },
	compare_exchange: { rest: "ppwoo", result: "bool", any: true },
	test_and_set: { rest: "o", result: "bool", any: true },
	clear: { rest: "o", result: "void", any: true },
};

const C11_SHAPES: typeof SHAPES = {
	load: { rest: "o", result: "value" },
	store: { rest: "vo", result: "void" },
	exchange: { rest: "vo", result: "value" },
	compare_exchange_strong: { rest: "pvoo", result: "bool" },
	compare_exchange_weak: { rest: "pvoo", result: "bool" },
	init: { rest: "v", result: "void" },
};

export function atomicCall(cx: Cx, b: Builtin, args: readonly Expr[], span: TokenSpan): TExpr {
	const c11 = b.name.startsWith("__c11_");
	const op = b.name.replace(/^__(?:c11_)?atomic_/, "");
	const shape = (c11 ? C11_SHAPES[op] : undefined) ?? SHAPES[op] ?? { rest: "vo", result: "value" as const };
	if (wrong(cx, args, shape.rest.length + 1, span)) return errorValue(span);
	if (args.length > shape.rest.length + 1) {
		report(cx, "tooManyArgs", span, `too many arguments to function call, expected ${shape.rest.length + 1}, have ${args.length}`);
		return errorValue(span);
	}
	const to = target(cx, args[0]!, shape.any ?? false);
	if (!to) return errorValue(span);
	const operands = [...shape.rest].map((what, i) => {
		const ast = args[i + 1]!;
		if (what === "v") return given(cx, ast, to.type);
		if (what === "p") return value(cx, ast);
		return assignConvert(cx, value(cx, ast), what === "w" ? BOOL : INT, { kind: "passing" }, ast.span);
	});
	const type = shape.result === "value" ? to.type : shape.result === "void" ? VOID : BOOL;
	return node(b.name, [to.pointer, ...operands], type, span);
}

export function fence(cx: Cx, b: Builtin, args: readonly Expr[], span: TokenSpan): TExpr {
	return node(
		b.name,
		args.map((a) => value(cx, a)),
		VOID,
		span,
	);
}

/** 4 and 8 bytes are what eBPF has atomic instructions for. */
export function lockFree(cx: Cx, _b: Builtin, args: readonly Expr[], span: TokenSpan): TExpr {
	if (wrong(cx, args, 1, span)) return errorValue(span);
	const size = assignConvert(cx, value(cx, args[0]!), LONG, { kind: "passing" });
	const free = size.kind === "int" && [1n, 2n, 4n, 8n].includes(size.value);
	return build.intConst(free ? 1n : 0n, INT, span);
}
