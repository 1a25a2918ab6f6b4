import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { DeclSpecs, FunctionDef } from "../grammar/ast.ts";
import { asFunction, INT, isError } from "./basic.ts";
import { compatible, compositeFunction } from "./compat.ts";
import { atFileScope, type Cx, report } from "./context.ts";
import { spell } from "./spell.ts";
import type { FunctionSym } from "./typed.ts";
import type { FunctionType } from "./types.ts";
import type { AttrSet } from "./attr-set.ts";
import type { Declared } from "./declared.ts";
import { fileEntity } from "./lookup.ts";
import { previous, differentKind } from "./redeclared.ts";
import { newFunction, functionAttributes } from "./symbols.ts";

/** Declarations and the definition of one function, merged (C11 6.2.2, 6.7.4, 6.9.1). */
export function mergeFunction(
	cx: Cx,
	declared: Declared,
	attrs: Readonly<AttrSet>,
	specs: DeclSpecs,
	asmLabel: string | undefined,
	from: number,
	def: FunctionDef | null,
): FunctionSym {
	const name = declared.name!;
	const type = asFunction(declared.type)!;
	const before = cx.file.known(name);
	let symbol: FunctionSym;
	if (before?.kind === "function") {
		symbol = before.symbol;
		if (!compatible(symbol.type, type)) {
			if (!functionHasError(symbol.type) && !functionHasError(type))
				report(cx, "conflictingTypes", declared.span, `conflicting types for '${name}'`, [
					{
						message: `previous ${cx.file.definitions.has(symbol) ? "definition" : "declaration"} is here, with type '${spell(symbol.type)}'`,
						span: symbol.span,
					},
				]);
			if (def) symbol.type = type;
		} else symbol.type = def ? compositeFunction(type, symbol.type) : compositeFunction(symbol.type, type);
		if (def) (symbol as { span: TokenSpan }).span = declared.span;
		cx.file.declare(name, before, from);
	} else {
		if (before) differentKind(cx, name, declared.span, before);
		symbol = newFunction(name, type, declared.span);
		cx.file.declare(name, { kind: "function", symbol }, from);
	}
	functionAttributes(symbol, attrs, specs);
	if (asmLabel !== undefined) symbol.asmLabel = asmLabel;
	const isStatic = specs.storage.includes("static");
	if (isStatic) {
		if (before?.kind === "function" && symbol.linkage !== "static")
			report(cx, "linkageConflict", declared.span, `static declaration of '${name}' follows non-static declaration`, previous(symbol.span));
		if (before?.kind === "function" && symbol.linkage !== "static") symbol.unused = true;
		symbol.linkage = "static";
	}
	if (def) {
		const earlier = cx.file.definitions.get(symbol);
		if (earlier)
			report(cx, "redefinition", declared.span, `redefinition of '${name}'`, [
				{ message: "previous definition is here", span: earlier.ast.declarator.span },
			]);
		else cx.file.definitions.set(symbol, { ast: def, params: declared.params ?? [] });
		// C99 `inline` alone makes no external definition, in GNU's older dialect `extern inline` makes none; what is not inlined is local to the unit here.
		if (symbol.linkage === "extern")
			symbol.linkage = specs.functionSpecs.includes("inline") && specs.storage.includes("extern") === attrs.gnuInline ? "static" : "global";
	}
	return symbol;
}

function functionHasError(type: FunctionSym["type"]): boolean {
	return isError(type.result) || type.params.some((p) => isError(p.type));
}

/** A function declared inside a block: the same function as file scope's. */
export function blockFunction(
	cx: Cx,
	declared: Declared,
	attrs: Readonly<AttrSet>,
	specs: DeclSpecs,
	asmLabel: string | undefined,
): FunctionSym {
	fileEntity(cx, declared.name!, Number.MAX_SAFE_INTEGER);
	return atFileScope(cx, () => mergeFunction(cx, declared, attrs, specs, asmLabel, Number.MAX_SAFE_INTEGER, null));
}

const IMPLICIT: FunctionType = { kind: "function", result: INT, params: [], variadic: false, unprototyped: true };

/** What C89 takes a call of an unknown name to declare, from there on: `int name();`. null: the file has another use for the name. */
export function implicitFunction(cx: Cx, name: string, span: TokenSpan): FunctionSym | null {
	const known = fileEntity(cx, name, Number.MAX_SAFE_INTEGER);
	if (known !== undefined && known.kind !== "function") {
		differentKind(cx, name, span, known);
		return null;
	}
	const symbol = known?.symbol ?? newFunction(name, IMPLICIT, span);
	cx.file.declare(name, { kind: "function", symbol }, span.from);
	const notes = [{ message: "previous implicit declaration is here", span }];
	if (!compatible(symbol.type, IMPLICIT)) report(cx, "conflictingTypes", symbol.span, `conflicting types for '${name}'`, notes);
	else if (symbol.linkage === "static")
		report(cx, "linkageConflict", symbol.span, `static declaration of '${name}' follows non-static declaration`, notes);
	return symbol;
}
