import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { DeclSpecs, InitDeclarator } from "../grammar/ast.ts";
import { asArray, ERROR, isComplete, isError, isVoid } from "./basic.ts";
import { compatible, composite } from "./compat.ts";
import { type Cx, report } from "./context.ts";
import { alignOf } from "./layout.ts";
import { forward } from "./records.ts";
import { quote } from "./spell.ts";
import type { ObjectSym } from "./typed.ts";
import type { AttrSet } from "./attr-set.ts";
import type { Declared } from "./declared.ts";
import { initOf } from "./static-init.ts";
import { previous, differentKind } from "./redeclared.ts";
import { newObject, objectAttributes } from "./symbols.ts";

/** Declarations, tentative and real definitions of one object of file scope, merged (C11 6.2.2, 6.9.2). */
export function fileObject(
	cx: Cx,
	declared: Declared,
	attrs: Readonly<AttrSet>,
	specs: DeclSpecs,
	d: InitDeclarator,
	visibleFrom = d.declarator.span.from,
): ObjectSym {
	const name = declared.name!;
	const { storage } = specs;
	let type = declared.type;
	if (isVoid(type) && !storage.includes("extern")) {
		report(cx, "incompleteType", declared.span, `variable has incomplete type ${quote(type)}`);
	}
	if (storage.includes("extern") && d.init) report(cx, "externInit", declared.span, "'extern' variable has an initializer");
	const extern = storage.includes("extern") && !d.init;
	const linkage = storage.includes("static") ? "static" : extern ? "extern" : "global";
	const before = cx.file.known(name);
	let symbol: ObjectSym;
	if (before?.kind === "object") {
		symbol = before.symbol;
		if (!compatible(symbol.type, type)) {
			if (!isError(symbol.type) && !isError(type))
				report(
					cx,
					"conflictingTypes",
					declared.span,
					`redefinition of '${name}' with a different type: ${quote(type)} vs ${quote(symbol.type)}`,
					previous(symbol.span),
				);
		} else type = symbol.type = composite(symbol.type, type);
		if (linkage === "static" && symbol.linkage !== "static")
			report(cx, "linkageConflict", declared.span, `static declaration of '${name}' follows non-static declaration`, previous(symbol.span));
		else if (linkage === "global" && symbol.linkage === "static")
			report(cx, "linkageConflict", declared.span, `non-static declaration of '${name}' follows static declaration`, previous(symbol.span));
		if (symbol.linkage === "extern") symbol.linkage = linkage;
		if (d.init || (symbol.linkage !== "extern" && linkage !== "extern" && !cx.file.initializers.has(symbol)))
			(symbol as { span: TokenSpan }).span = declared.span;
		cx.file.declare(name, before, visibleFrom);
	} else {
		if (before) differentKind(cx, name, declared.span, before);
		symbol = newObject(name, type, declared.span, "static", linkage);
		cx.file.declare(name, { kind: "object", symbol }, visibleFrom);
	}
	objectAttributes(symbol, attrs);
	if (d.asmLabel !== undefined) symbol.asmLabel = d.asmLabel;
	if (d.init) {
		// An initialiser makes it a definition here and now, so no later completion counts (C11 6.7.9p3).
		if (!asArray(symbol.type) && !isComplete(symbol.type) && !isError(symbol.type) && !isVoid(symbol.type)) {
			report(cx, "incompleteType", declared.span, `variable has incomplete type ${quote(symbol.type)}`, forward(symbol.type));
			symbol.type = ERROR;
		}
		const pending = cx.file.initializers.get(symbol);
		if (pending || symbol.init)
			report(cx, "redefinition", declared.span, `redefinition of '${name}'`, [
				{ message: "previous definition is here", span: pending?.span ?? symbol.span },
			]);
		else cx.file.initializers.set(symbol, { ast: d.init, span: declared.span });
		// `int a[] = { … }`: the length is in the initialiser.
		if (asArray(symbol.type)?.length === null) initOf(cx, symbol);
		symbol.align = Math.max(symbol.align, alignOf(symbol.type));
	}
	return symbol;
}

/** What a definition must be once everything is read: of complete type. */
export function finishObject(cx: Cx, symbol: ObjectSym): void {
	const array = asArray(symbol.type);
	if (symbol.linkage === "extern") return;
	if (array && array.length === null && isComplete(array.element)) {
		// A tentative definition of unknown length has one element (C11 6.9.2p5).
		symbol.type = { kind: "array", element: array.element, length: 1 };
		return;
	}
	if (!isComplete(symbol.type) && !isError(symbol.type) && !isVoid(symbol.type)) {
		report(
			cx,
			"incompleteType",
			symbol.span,
			`tentative definition has type ${quote(symbol.type)} that is never completed`,
			forward(symbol.type),
		);
		symbol.type = ERROR;
	}
}
