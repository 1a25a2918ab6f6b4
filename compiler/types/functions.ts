import type { Expr, FunctionDef } from "../grammar/ast.ts";
import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import { canonical, INT, isComplete, isError, isInteger, isVoid, VOID, ERROR } from "./basic.ts";
import * as build from "./build.ts";
import { constantValue } from "./constant.ts";
import { reportFloat } from "./conversions.ts";
import { atFileScope, type Cx, type FunctionState, inScope, report } from "./context.ts";
import { newObject, objectAttributes } from "./symbols.ts";
import { fallsThrough } from "./flow.ts";
import { finishLabels } from "./labels.ts";
import { rvalue } from "./operand.ts";
import { forward } from "./records.ts";
import { nameSpan, warnShadow } from "./shadow.ts";
import { quote } from "./spell.ts";
import { body as statementsOf } from "./statements.ts";
import type { FunctionBody, FunctionSym, ObjectSym, Sym, TStmt } from "./typed.ts";
import type { CType } from "./types.ts";
import type { Param } from "./declared.ts";

/** In: a function's definition. Out: its typed body; what the body names is recorded for reachability. */
export function checkBody(cx: Cx, symbol: FunctionSym, ast: FunctionDef, params: readonly Param[]): FunctionBody {
	const refs = new Set<Sym>();
	cx.file.refs.set(symbol, refs);
	return atFileScope(cx, () => define(cx, symbol, ast, params), refs);
}

function define(cx: Cx, symbol: FunctionSym, ast: FunctionDef, params: readonly Param[]): FunctionBody {
	const { result } = symbol.type;
	// A static one disappears when it is inlined; what it cannot do is look at the arguments (va_start is refused).
	if (symbol.type.variadic && symbol.linkage !== "static")
		report(cx, "noVarargs", ast.declarator.span, `functions with variable arguments are not supported by eBPF: '${symbol.name}'`);
	if (!isVoid(result) && !isComplete(result) && !isError(result))
		report(cx, "incompleteType", ast.declarator.span, `incomplete result type ${quote(result)} in function definition`, forward(result));
	warnPrototype(cx, symbol, ast);
	const fn = newState(symbol.name, result, symbol.noreturn, symbol.naked);
	cx.fn = fn;
	return inScope(cx, (scope) => {
		const lengths: TStmt[] = [];
		const objects = params.map((p) => {
			if (p.length !== null) lengths.push(...lengthOnEntry(cx, p.length));
			const object = newObject(p.name ?? "", p.type, p.span, "param", "none");
			objectAttributes(object, p.attrs);
			if (p.name !== null) {
				const before = scope.own(p.name);
				if (before?.kind === "object")
					report(cx, "redefinition", p.span, `redefinition of parameter '${p.name}'`, [
						{ message: "previous declaration is here", span: before.symbol.span },
					]);
				warnShadow(cx, p.name, p.span);
				scope.declare(p.name, { kind: "object", symbol: object });
			}
			if (!isComplete(p.type) && !isError(p.type) && !isVoid(p.type)) {
				report(cx, "incompleteType", p.span, `variable has incomplete type ${quote(p.type)}`, forward(p.type));
				object.type = ERROR;
			}
			return object;
		});
		const statements = [...lengths, ...statementsOf(cx, ast.body.body)];
		finishLabels(cx, fn);
		const end: TokenSpan = { from: Math.max(ast.body.span.to - 1, ast.body.span.from), to: ast.body.span.to };
		// C11 5.1.2.2.3: the end of main returns 0.
		if (symbol.name === "main" && canonical(result) === INT && !symbol.naked)
			statements.push({ kind: "return", value: build.intConst(0n, INT, end), span: end });
		else if (!isVoid(result) && !isError(result) && !symbol.naked && !symbol.noreturn && fallsThrough(statements))
			report(cx, "missingReturn", end, "non-void function does not return a value in all control paths");
		warnUnused(cx, fn, objects);
		if (fn.floats.length > 0) cx.file.floats.set(symbol, fn.floats);
		return { params: objects, statements, end, locals: fn.locals };
	});
}

/** `int a[n++]` as a parameter: the length is computed when the function is entered, in the scope of the parameters before it (C11 6.9.1p10). */
function lengthOnEntry(cx: Cx, ast: Expr): TStmt[] {
	const expr = rvalue(cx.rules.expr(cx, ast));
	if (!isInteger(expr.type) || constantValue(cx, expr) !== null) return [];
	return [{ kind: "expr", expr, span: ast.span }];
}

/** -Wmissing-prototypes: what other files may call was to be declared in a header first. */
function warnPrototype(cx: Cx, symbol: FunctionSym, ast: FunctionDef): void {
	if (symbol.linkage !== "global" || symbol.inline !== "none" || symbol.name === "main") return;
	const before = cx.unit.ordinary(symbol.name).some((decl) => decl.kind === "declaration" && decl.span.from < ast.span.from);
	if (before) return;
	report(
		cx,
		"missingPrototype",
		ast.declarator.kind === "function" ? nameSpan(ast.declarator) : ast.declarator.span,
		`no previous prototype for function '${symbol.name}'`,
		[{ message: "declare 'static' if the function is not intended to be used outside of this translation unit", span: ast.span }],
	);
}

function newState(name: string, result: CType, noreturn: boolean, naked: boolean): FunctionState {
	return {
		name,
		result,
		noreturn,
		naked,
		locals: [],
		statics: [],
		typedefs: new Map(),
		registers: new Set(),
		labels: { renamed: [], defined: new Map(), uses: [] },
		breakables: [],
		cleanups: [],
		used: new Set(),
		uses: new Map(),
		floats: [],
		nextCase: 0,
	};
}

/** A statement expression in a typeof at file scope has statements but no function. */
export function withFunction<T>(cx: Cx, inner: () => T): T {
	if (cx.fn) return inner();
	const fn = newState("", VOID, false, false);
	cx.fn = fn;
	try {
		return inner();
	} finally {
		cx.fn = null;
		for (const span of fn.floats) reportFloat(cx, span);
	}
}

function warnUnused(cx: Cx, fn: FunctionState, params: readonly ObjectSym[]): void {
	const idle = (s: ObjectSym): boolean => !fn.used.has(s) && !s.unused && !s.used && !s.name.startsWith(".");
	const onlySet = (s: ObjectSym): boolean => fn.uses.get(s) === 0 && !s.unused && !s.used && !s.name.startsWith(".");
	for (const s of [...fn.locals, ...fn.statics]) {
		if (idle(s)) report(cx, "unusedVariable", s.span, `unused variable '${s.name}'`);
		else if (onlySet(s)) report(cx, "unusedButSet", s.span, `variable '${s.name}' set but not used`);
	}
	for (const [type, span] of fn.typedefs) report(cx, "unusedTypedef", span, `unused typedef '${type.name}'`);
	if (fn.naked) return;
	for (const s of params) {
		if (s.name === "") continue;
		if (idle(s)) report(cx, "unusedParameter", s.span, `unused parameter '${s.name}'`);
		else if (onlySet(s)) report(cx, "unusedButSetParameter", s.span, `parameter '${s.name}' set but not used`);
	}
}
