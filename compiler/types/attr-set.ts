import type { Attribute } from "../grammar/ast.ts";

/** What the attributes of one place say, gathered (`attributes.ts`); who asks decides what applies to it. */
export interface AttrSet {
	section: string | null;
	used: boolean;
	unused: boolean;
	weak: boolean;
	visibility: "default" | "hidden" | "protected" | "internal" | null;
	/** In bytes; 0 when none. */
	aligned: number;
	packed: boolean;
	pack: number;
	alwaysInline: boolean;
	gnuInline: boolean;
	noinline: boolean;
	naked: boolean;
	noreturn: boolean;
	pure: boolean;
	cold: boolean;
	warnUnused: boolean;
	preserveAccessIndex: boolean;
	preserveStaticOffset: boolean;
	declTags: string[];
	typeTags: string[];
	addressSpace: number;
	mode: string | null;
	cleanup: Attribute | null;
	deprecated: string | null;
	transparentUnion: boolean;
	fallthrough: boolean;
	/** `error("why")`, `warning("why")`. */
	complaint: { readonly severity: "error" | "warning"; readonly text: string } | null;
	mayAlias: boolean;
}

export function noAttributes(): AttrSet {
	return {
		section: null,
		used: false,
		unused: false,
		weak: false,
		visibility: null,
		aligned: 0,
		packed: false,
		pack: 0,
		alwaysInline: false,
		gnuInline: false,
		noinline: false,
		naked: false,
		noreturn: false,
		pure: false,
		cold: false,
		warnUnused: false,
		preserveAccessIndex: false,
		preserveStaticOffset: false,
		declTags: [],
		typeTags: [],
		addressSpace: 0,
		mode: null,
		cleanup: null,
		deprecated: null,
		transparentUnion: false,
		fallthrough: false,
		complaint: null,
		mayAlias: false,
	};
}

/** Shared by everything that has none; never written to. */
export const NO_ATTRIBUTES: Readonly<AttrSet> = noAttributes();
