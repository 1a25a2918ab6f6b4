import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { DeclSpecs, Declarator, EnumSpec, ExternalDecl, RecordSpec } from "../grammar/ast.ts";
import type { Cx } from "./context.ts";
import { LazyEnum, LazyRecord } from "./lazy.ts";
import type { TagEntity } from "./scope.ts";

/**
 * Tags of file scope. The one idea: a tag is an object from its first mention on, and its definition is parsed when its body is asked for.
 * Only with types from BTF behind the text must the text be asked first, because BTF brings objects of its own.
 */
export function fileTag(cx: Cx, kind: "struct" | "union" | "enum", name: string, span: TokenSpan | null): TagEntity {
	const known = cx.file.tags.get(name);
	if (known) return known;
	const external = cx.unit.external;
	let tag: TagEntity | null = null;
	if (external && !findSpec(cx, kind, name)) tag = external.tag(kind, name);
	tag ??=
		kind === "enum"
			? new LazyEnum(name, span, () => cx.rules.enumBody(cx, name))
			: new LazyRecord(kind === "union", name, span, () => cx.rules.recordBody(cx, kind === "union", name));
	cx.file.tags.set(name, tag);
	return tag;
}

/** Whether file scope declares a tag at all; it is not parsed for the answer. */
export function isFileTag(cx: Cx, kind: "struct" | "union" | "enum", name: string): boolean {
	if (cx.file.tags.has(name)) return true;
	return cx.unit.hasTag(name) || (cx.unit.external?.tag(kind, name) ?? null) !== null;
}

/** The specifier that defines a tag at file scope, wherever in a declaration it stands. */
export function findSpec(cx: Cx, kind: "struct" | "union" | "enum", name: string): RecordSpec | EnumSpec | null {
	for (const decl of cx.unit.tag(name)) {
		for (const spec of specsIn(decl)) {
			if (spec.name !== name) continue;
			if (spec.kind === "enum" ? kind === "enum" && spec.enumerators : kind !== "enum" && spec.union === (kind === "union") && spec.members)
				return spec;
		}
	}
	return null;
}

/** All record and enum specifiers of a declaration, outer ones first: nested in members, parameters and results. */
export function* specsIn(decl: ExternalDecl): Iterable<RecordSpec | EnumSpec> {
	switch (decl.kind) {
		case "declaration":
			yield* inSpecs(decl.specs);
			for (const d of decl.declarators) yield* inDeclarator(d.declarator);
			return;
		case "function":
			yield* inSpecs(decl.specs);
			yield* inDeclarator(decl.declarator);
			return;
		default:
			return;
	}
}

function* inSpecs(specs: DeclSpecs): Iterable<RecordSpec | EnumSpec> {
	const type = specs.type;
	switch (type.kind) {
		case "enum":
			yield type;
			return;
		case "record":
			yield type;
			for (const m of type.members ?? []) {
				if (m.kind !== "member") continue;
				yield* inSpecs(m.specs);
				for (const d of m.declarators) if (d.declarator) yield* inDeclarator(d.declarator);
			}
			return;
		case "typeof-type":
		case "atomic-type":
			yield* inSpecs(type.type.specs);
			return;
		default:
			return;
	}
}

function* inDeclarator(declarator: Declarator): Iterable<RecordSpec | EnumSpec> {
	let d = declarator;
	while (d.kind !== "name") {
		if (d.kind === "function")
			for (const p of d.params) {
				yield* inSpecs(p.specs);
				yield* inDeclarator(p.declarator);
			}
		if (d.kind === "array" && d.length?.kind === "sizeof-type") yield* inSpecs(d.length.type.specs);
		d = d.inner;
	}
}
