import { builtinCall } from "../builtins/rules.ts";
import { isCopyOfLiteral } from "../builtins/fold.ts";
import { builtin, LIBRARY } from "../builtins/table.ts";
import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Expr } from "../grammar/ast.ts";
import { asFunction, isComplete, isError, isVoid, pointedFunction, qualifiersOf, unqualified } from "./basic.ts";
import { addressValue, readInt } from "./constant.ts";
import { reach, report, reportAllowed, type Cx } from "./context.ts";
import { assignConvert, defaultPromote } from "./conversions.ts";
import { implicitFunction } from "./file-functions.ts";
import { didYouMean, lookup } from "./lookup.ts";
import { checkMapArguments } from "./map-arguments.ts";
import { errorValue, rvalue, type Operand } from "./operand.ts";
import { value } from "./operators.ts";
import { forward } from "./records.ts";
import type { Entity } from "./scope.ts";
import { quote } from "./spell.ts";
import type { Callee, Sym, TExpr } from "./typed.ts";
import type { FunctionType } from "./types.ts";
import { initOf } from "./static-init.ts";

/**
 * In: a call. Out: a call of a function, of a helper, or a builtin.
 * The one idea: eBPF has no indirect calls, so what is called must be known: a name, or a pointer whose value the program text fixes.
 * Helpers are such pointers: `static void *(*const bpf_map_lookup_elem)(void *, const void *) = (void *) 1;`
 */
type CallExpr = Expr & { readonly kind: "call" };

export function callExpr(cx: Cx, e: CallExpr): TExpr {
	const { callee } = e;
	if (callee.kind === "identifier") {
		const made = namedCall(cx, callee.name, e);
		if (made) return made;
	}
	const outer = cx.refs;
	const refs = new Set<Sym>();
	cx.refs = refs;
	const operand = cx.rules.expr(cx, callee);
	cx.refs = outer;
	if (isError(operand.type)) {
		for (const a of e.args) value(cx, a);
		return errorValue(e.span);
	}
	const type = asFunction(operand.type) ?? pointedFunction(operand.type);
	if (!type) {
		report(cx, "notCallable", callee.span, `called object type ${quote(operand.type)} is not a function or function pointer`);
		return errorValue(e.span);
	}
	const known = calleeOf(cx, operand);
	// When the pointer's value is known the objects that it was read from are not needed.
	if (known.kind === "indirect") for (const symbol of refs) reach(cx, symbol);
	else {
		for (const symbol of refs) cx.file.mentioned.add(symbol);
		if (known.kind === "function") reach(cx, known.symbol);
	}
	return call(cx, known, type, e, null);
}

/** Calls through a name need not evaluate it: helpers and builtins are no objects of the program. */
function namedCall(cx: Cx, name: string, e: CallExpr): TExpr | null {
	const entity = lookup(cx, name, e.callee.span.from);
	if (!entity) {
		if (builtin(name)) return builtinCall(cx, name, e.args, e.span);
		return undeclaredCall(cx, name, e);
	}
	if (entity.kind === "function") {
		const { symbol } = entity;
		// A library function that the program only declares is the compiler's to provide.
		if (LIBRARY.has(name) && !cx.file.definitions.has(symbol)) {
			const made = builtinCall(cx, `__builtin_${name}`, e.args, e.span);
			// What walks a string is left to the function that the program promises, unless the answer is known.
			if (made?.kind === "builtin" && name.startsWith("str") && !isCopyOfLiteral(made)) {
				reach(cx, symbol);
				return { kind: "call", callee: { kind: "function", symbol }, args: made.args, fnType: symbol.type, type: made.type, span: e.span };
			}
			if (made) return made;
		}
		return null;
	}
	if (entity.kind !== "object") return null;
	const helper = helperOf(cx, entity);
	const type = helper === null ? null : pointedFunction(entity.symbol.type);
	if (helper === null || !type) return null;
	cx.file.mentioned.add(entity.symbol);
	cx.fn?.used.add(entity.symbol);
	const made = call(cx, { kind: "helper", id: helper, name }, type, e, entity.symbol.span);
	if (made.kind === "call") checkMapArguments(cx, name, made.args);
	return made;
}

/** An error, but for who asked for C as it was before 1999: there a call declares its function, which returns int. */
function undeclaredCall(cx: Cx, name: string, e: CallExpr): TExpr {
	const symbol = isAllowed(cx, name, e) ? implicitFunction(cx, name, e.callee.span) : null;
	if (symbol === null) {
		for (const a of e.args) value(cx, a);
		return errorValue(e.span);
	}
	const library = LIBRARY.has(name) && !cx.file.definitions.has(symbol) ? builtinCall(cx, `__builtin_${name}`, e.args, e.span) : null;
	if (library !== null) return library;
	reach(cx, symbol);
	return call(cx, { kind: "function", symbol }, symbol.type, e, null);
}

function isAllowed(cx: Cx, name: string, e: CallExpr): boolean {
	const fix = didYouMean(cx, name, e.callee.span, "value");
	const hint = fix ? `; did you mean '${fix.text}'?` : "";
	if (/^__builtin_|^__sync_|^__atomic_/.test(name)) {
		report(cx, "noBuiltin", e.callee.span, `use of unknown builtin '${name}'`);
		return false;
	}
	if (cx.c89) return true;
	const message = `call to undeclared function '${name}'; ISO C99 and later do not support implicit function declarations${hint}`;
	return reportAllowed(cx, "implicitFunction", e.callee.span, message, [], fix);
}

/**
 * The helper that a pointer object stands for: its initialiser is a small number and nothing can change it —
 * it is const, or static (older headers leave the const away, and nobody assigns to bpf_map_lookup_elem).
 */
function helperOf(cx: Cx, entity: Entity & { kind: "object" }): number | null {
	const { symbol } = entity;
	if (symbol.storage !== "static" || symbol.linkage === "extern" || symbol.addressTaken || !pointedFunction(symbol.type)) return null;
	if (symbol.linkage !== "static" && !qualifiersOf(symbol.type).const) return null;
	const init = initOf(cx, symbol);
	if (!init || init.relocs.length) return null;
	const id = Number(readInt(init.bytes, 0, 8, true));
	return isHelper(id) ? id : null;
}

/** What fits into a call instruction. Loaders that patch calls mark them by numbers below zero. */
const isHelper = (id: number): boolean => id !== 0 && id === (id | 0);

function calleeOf(cx: Cx, operand: Operand): Callee {
	if (operand.kind === "designator" && operand.symbol) return { kind: "function", symbol: operand.symbol };
	const pointer = rvalue(operand);
	if (pointer.kind === "function-address") return { kind: "function", symbol: pointer.symbol };
	const known = addressValue(cx, pointer);
	if (known?.symbol?.kind === "function" && known.addend === 0n) return { kind: "function", symbol: known.symbol };
	if (known && known.symbol === null && isHelper(Number(BigInt.asIntN(64, known.addend))))
		return { kind: "helper", id: Number(BigInt.asIntN(64, known.addend)), name: `helper#${BigInt.asIntN(64, known.addend)}` };
	return { kind: "indirect", pointer };
}

function call(cx: Cx, callee: Callee, type: FunctionType, e: CallExpr, declared: TokenSpan | null): TExpr {
	const symbol = callee.kind === "function" ? callee.symbol : null;
	if (symbol?.deprecated !== undefined && !cx.unevaluated)
		report(cx, "deprecated", e.callee.span, `'${symbol.name}' is deprecated${symbol.deprecated ? `: ${symbol.deprecated}` : ""}`);
	const at = declared ?? symbol?.span ?? null;
	const args = argumentsOf(cx, type, e, at);
	if (!isVoid(type.result) && !isComplete(type.result) && !isError(type.result)) {
		report(cx, "incompleteType", e.span, `calling function with incomplete return type ${quote(type.result)}`, forward(type.result));
		return errorValue(e.span);
	}
	if (args === null) return { ...errorValue(e.span) };
	return { kind: "call", callee, args, fnType: type, type: resultType(type), span: e.span };
}

function resultType(type: FunctionType): TExpr["type"] {
	return type.result.kind === "qualified" ? type.result.target : type.result;
}

function argumentsOf(cx: Cx, type: FunctionType, e: CallExpr, declared: TokenSpan | null): TExpr[] | null {
	const notes = declared ? [{ message: "declared here", span: declared }] : [];
	const { params } = type;
	const open = type.variadic || type.unprototyped;
	if (e.args.length < params.length && !type.unprototyped) {
		report(
			cx,
			"tooFewArgs",
			e.span,
			`too few arguments to function call, expected ${type.variadic ? "at least " : ""}${params.length}, have ${e.args.length}`,
			notes,
		);
		for (const a of e.args) value(cx, a);
		return null;
	}
	if (e.args.length > params.length && !open) {
		report(
			cx,
			"tooManyArgs",
			e.args[params.length]!.span,
			`too many arguments to function call, expected ${params.length}, have ${e.args.length}`,
			notes,
		);
		for (const a of e.args) value(cx, a);
		return null;
	}
	return e.args.map((ast, i) => {
		const v = value(cx, ast);
		const param = params[i];
		if (!param) return isError(v.type) ? v : defaultPromote(cx, v);
		const note = declared
			? { note: { message: `passing argument to parameter${param.name ? ` '${param.name}'` : ""} here`, span: declared } }
			: {};
		return assignConvert(cx, v, unqualified(param.type), { kind: "passing", ...note }, ast.span);
	});
}
