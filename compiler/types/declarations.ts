import type { Declaration, ExternalDecl, FunctionDef, InitDeclarator } from "../grammar/ast.ts";
import { ownAttributes } from "./attributes.ts";
import { asFunction, isError } from "./basic.ts";
import { compatible } from "./compat.ts";
import { atFileScope, type Cx, report } from "./context.ts";
import { declare } from "./declarators.ts";
import { specifiedEnum } from "./enums.ts";
import { checkSpecifiers } from "./storage-class.ts";
import { decorate, specify } from "./specifiers.ts";
import { quote } from "./spell.ts";
import { specsIn } from "./tags.ts";
import type { CType, TypedefType } from "./types.ts";
import type { AttrSet } from "./attr-set.ts";
import type { Declared, Specified } from "./declared.ts";
import { previous, differentKind } from "./redeclared.ts";
import { newFunction } from "./symbols.ts";
import { mergeFunction } from "./file-functions.ts";
import { fileObject } from "./file-objects.ts";

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
	const isTypedef = decl.specs.storage.includes("typedef");
	checkSpecifiers(cx, decl.specs, isTypedef ? "typedef" : asFunction(declared.type) ? "function" : "variable", d.asmLabel !== undefined);
	if (isTypedef) {
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
		...(attrs.aligned > 0 ? { align: attrs.aligned } : {}),
		...(attrs.mayAlias ? { mayAlias: true } : {}),
	};
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
	checkSpecifiers(cx, def.specs, "function");
	mergeFunction(cx, declared, attrs, def.specs, undefined, cx.unit.tokens.inOrder(def.span.from), def);
}
