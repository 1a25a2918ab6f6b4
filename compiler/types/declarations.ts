import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Declaration, DeclSpecs, ExternalDecl, FunctionDef, InitDeclarator } from "../grammar/ast.ts";
import { ownAttributes } from "./attributes.ts";
import { asArray, asFunction, ERROR, isComplete, isError, isVoid } from "./basic.ts";
import { compatible, composite, compositeFunction } from "./compat.ts";
import { atFileScope, type Cx, report } from "./context.ts";
import { declare } from "./declarators.ts";
import { specifiedEnum } from "./enums.ts";
import { alignOf } from "./layout.ts";
import { forward } from "./records.ts";
import type { Entity } from "./scope.ts";
import { decorate, specify } from "./specifiers.ts";
import { quote, spell } from "./spell.ts";
import { specsIn } from "./tags.ts";
import type { FunctionSym, ObjectSym, Sym } from "./typed.ts";
import type { CType, TypedefType } from "./types.ts";
import type { AttrSet } from "./attr-set.ts";
import type { Declared, Specified } from "./declared.ts";
import { fileEntity } from "./lookup.ts";
import { initOf } from "./static-init.ts";

/**
 * In: a name of file scope. Out: its entity, from all its declarations together.
 * The one idea: declarations of one name merge in source order — types to their composite, attributes to their union, linkage as
 * C11 6.2.2 says — and the symbol that results is the same object for everybody.
 */
export function resolve(cx: Cx, name: string): void {
	atFileScope(cx, () => {
		const decls = cx.unit.ordinary(name);
		for (const decl of decls) declareNamed(cx, decl, name);
		if (!cx.file.known(name)) resolveExternal(cx, name);
		const entity = cx.unit.weakNames.has(name) ? cx.file.known(name) : undefined;
		if ((entity?.kind === "function" || entity?.kind === "object") && entity.symbol.linkage !== "static") entity.symbol.weak = true;
	});
}

function resolveExternal(cx: Cx, name: string): void {
	const external = cx.unit.external;
	if (!external) return;
	const span = { from: 0, to: 0 };
	const type = external.typedef(name);
	if (type) return cx.file.declare(name, { kind: "typedef", type, span });
	const enumerator = external.enumerator(name);
	if (enumerator) {
		const of = enumerator.type.kind === "enum" ? enumerator.type : null;
		return cx.file.declare(name, { kind: "enumerator", type: enumerator.type, value: enumerator.value, of, span });
	}
	const func = external.func(name);
	if (func) {
		const symbol = newFunction(name, func, span);
		symbol.weak = true;
		symbol.section = ".ksyms";
		cx.file.declare(name, { kind: "function", symbol });
	}
}

/** Declares those of a declaration's names that are `name`, and the enumerators of the enum that has it. */
function declareNamed(cx: Cx, decl: ExternalDecl, name: string): void {
	if (decl.kind === "function") {
		if (nameOf(decl.declarator) === name) declareFunctionDef(cx, decl);
		else declareEnumerators(cx, decl, name);
		return;
	}
	if (decl.kind !== "declaration") return;
	let found = false;
	for (const d of decl.declarators) {
		if (nameOf(d.declarator) !== name) continue;
		found = true;
		declareOne(cx, decl, d);
	}
	if (!found) declareEnumerators(cx, decl, name);
}

function declareEnumerators(cx: Cx, decl: ExternalDecl, name: string): void {
	for (const spec of specsIn(decl))
		if (spec.kind === "enum" && spec.enumerators?.some((e) => e.name === name)) void specifiedEnum(cx, spec).body;
}

export function nameOf(declarator: Declaration["declarators"][number]["declarator"]): string | null {
	let d = declarator;
	while (d.kind !== "name") d = d.inner;
	return d.name ?? null;
}

export function specifiedOnce(cx: Cx, decl: Declaration | FunctionDef): Specified {
	let base = cx.file.bases.get(decl);
	if (!base) {
		base = specify(cx, decl.specs);
		cx.file.bases.set(decl, base);
	}
	return base;
}

// ── one declarator ──────────────────────────────────────────────────────────────────────────────

/** Name, type and attributes of a declarator, with those of its specifiers. */
export function declaredWith(
	cx: Cx,
	base: Specified,
	declarator: Parameters<typeof declare>[1],
	own: InitDeclarator["attrs"],
): { declared: Declared; attrs: Readonly<AttrSet> } {
	const declared = declare(cx, declarator, base.type);
	const attrs = ownAttributes(cx, base.attrs, declared.attrs, own);
	return { declared: { ...declared, type: decorate(cx, declared.type, attrs) }, attrs };
}

function declareOne(cx: Cx, decl: Declaration, d: InitDeclarator): void {
	const base = specifiedOnce(cx, decl);
	const { declared, attrs } = declaredWith(cx, base, d.declarator, d.attrs);
	if (declared.name === null) return;
	if (decl.specs.storage.includes("typedef")) {
		declareTypedef(cx, declared, attrs, cx.unit.tokens.inOrder(decl.span.from));
		return;
	}
	if (asFunction(declared.type)) {
		mergeFunction(cx, declared, attrs, decl.specs, d.asmLabel, decl.span.from, null);
		return;
	}
	fileObject(cx, declared, attrs, decl.specs, d);
}

function declareTypedef(cx: Cx, declared: Declared, attrs: Readonly<AttrSet>, from: number): void {
	const name = declared.name!;
	const before = cx.file.known(name);
	if (before) {
		if (before.kind !== "typedef") differentKind(cx, name, declared.span, before);
		else if (!compatible(before.type, declared.type) && !isError(declared.type) && !isError(before.type))
			report(
				cx,
				"conflictingTypes",
				declared.span,
				`typedef redefinition with different types (${quote(declared.type)} vs ${quote((before.type as TypedefType).target ?? before.type)})`,
				previous(before.span),
			);
		return;
	}
	cx.file.declare(name, { kind: "typedef", type: makeTypedef(name, declared.type, attrs), span: declared.span }, from);
}

export function makeTypedef(name: string, target: CType, attrs: Readonly<AttrSet>): TypedefType {
	return {
		kind: "typedef",
		name,
		target,
		declTags: attrs.declTags,
		...(attrs.aligned > 1 ? { align: attrs.aligned } : {}),
		...(attrs.mayAlias ? { mayAlias: true } : {}),
	};
}

function previous(span: TokenSpan): { message: string; span: TokenSpan }[] {
	return [{ message: "previous declaration is here", span }];
}

function spanOf(entity: Entity): TokenSpan {
	return entity.kind === "object" || entity.kind === "function" ? entity.symbol.span : entity.span;
}

function differentKind(cx: Cx, name: string, span: TokenSpan, before: Entity): void {
	report(cx, "redefinition", span, `redefinition of '${name}' as different kind of symbol`, [
		{ message: "previous definition is here", span: spanOf(before) },
	]);
}

// ── functions ───────────────────────────────────────────────────────────────────────────────────

function declareFunctionDef(cx: Cx, def: FunctionDef): void {
	const base = specifiedOnce(cx, def);
	const { declared, attrs } = declaredWith(cx, base, def.declarator, def.attrs);
	if (!asFunction(declared.type)) {
		if (!isError(declared.type))
			report(
				cx,
				"notCallable",
				declared.span,
				`'${declared.name ?? ""}' has a body but its type ${quote(declared.type)} is no function type`,
			);
		return;
	}
	mergeFunction(cx, declared, attrs, def.specs, undefined, cx.unit.tokens.inOrder(def.span.from), def);
}

function newFunction(name: string, type: FunctionSym["type"], span: TokenSpan): FunctionSym {
	return {
		kind: "function",
		name,
		span,
		linkage: "extern",
		weak: false,
		visibility: "default",
		section: null,
		used: false,
		declTags: [],
		type,
		inline: "none",
		naked: false,
		noreturn: false,
		pure: false,
		cold: false,
	};
}

function mergeFunction(
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

function functionAttributes(symbol: FunctionSym, attrs: Readonly<AttrSet>, specs: DeclSpecs): void {
	// Whichever was said first, noinline wins, as in clang.
	if (attrs.noinline) symbol.inline = "never";
	else if (attrs.alwaysInline && symbol.inline !== "never") symbol.inline = "always";
	else if (specs.functionSpecs.includes("inline") && symbol.inline === "none") symbol.inline = "hint";
	symbol.naked ||= attrs.naked;
	symbol.noreturn ||= attrs.noreturn || specs.functionSpecs.includes("_Noreturn");
	symbol.pure ||= attrs.pure;
	symbol.cold ||= attrs.cold;
	if (attrs.warnUnused) symbol.warnUnused = true;
	commonAttributes(symbol, attrs);
}

function commonAttributes(symbol: Sym, attrs: Readonly<AttrSet>): void {
	if (attrs.section !== null) symbol.section = attrs.section;
	symbol.used ||= attrs.used;
	symbol.weak ||= attrs.weak;
	if (attrs.visibility) symbol.visibility = attrs.visibility;
	if (attrs.unused) symbol.unused = true;
	if (attrs.deprecated !== null) symbol.deprecated = attrs.deprecated;
	for (const tag of attrs.declTags) if (!symbol.declTags.includes(tag)) symbol.declTags = [...symbol.declTags, tag];
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

// ── objects ─────────────────────────────────────────────────────────────────────────────────────

export function newObject(
	name: string,
	type: CType,
	span: TokenSpan,
	storage: ObjectSym["storage"],
	linkage: ObjectSym["linkage"],
): ObjectSym {
	return {
		kind: "object",
		name,
		span,
		linkage,
		weak: false,
		visibility: "default",
		section: null,
		used: false,
		declTags: [],
		type,
		storage,
		align: alignOf(type),
		addressTaken: false,
	};
}

export function objectAttributes(symbol: ObjectSym, attrs: Readonly<AttrSet>): void {
	commonAttributes(symbol, attrs);
	symbol.align = Math.max(attrs.packed ? 1 : alignOf(symbol.type), symbol.align, attrs.aligned);
}

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
	if (storage.includes("_Thread_local")) report(cx, "noThreadLocal", declared.span, "thread-local storage is not supported by eBPF");
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
