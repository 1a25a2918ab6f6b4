import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { DeclSpecs } from "../grammar/ast.ts";
import { alignOf } from "./layout.ts";
import type { FunctionSym, ObjectSym, Sym } from "./typed.ts";
import type { CType } from "./types.ts";
import type { AttrSet } from "./attr-set.ts";

/** Symbols of functions and objects, and what attributes say of them. */
export function newFunction(name: string, type: FunctionSym["type"], span: TokenSpan): FunctionSym {
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

export function functionAttributes(symbol: FunctionSym, attrs: Readonly<AttrSet>, specs: DeclSpecs): void {
	// Whichever was said first, noinline wins, as in clang.
	if (attrs.noinline) symbol.inline = "never";
	else if (attrs.alwaysInline && symbol.inline !== "never") symbol.inline = "always";
	else if (specs.functionSpecs.includes("inline") && symbol.inline === "none") symbol.inline = "hint";
	symbol.naked ||= attrs.naked;
	symbol.noreturn ||= attrs.noreturn || specs.functionSpecs.includes("_Noreturn");
	symbol.pure ||= attrs.pure;
	symbol.cold ||= attrs.cold;
	if (attrs.warnUnused) symbol.warnUnused = true;
	if (attrs.complaint !== null) symbol.complaint = attrs.complaint;
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
