import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Attribute, Expr } from "../grammar/ast.ts";
import type { CType } from "./types.ts";
import type { AttrSet } from "./attr-set.ts";

/** What a declarator declares (`declarators.ts`). */
export interface Declared {
	readonly name: string | null;
	readonly type: CType;
	/** Of the name, or of the whole when there is none. */
	readonly span: TokenSpan;
	/** Attributes found within the declarator that belong to what is declared. */
	readonly attrs: readonly Attribute[];
	/** The parameters, when the outermost layer is a function: what a definition's body sees. */
	readonly params: readonly Param[] | null;
}

/** A parameter in a declarator of a function. */
export interface Param {
	readonly name: string | null;
	/** With its own qualifiers, arrays and functions adjusted to pointers. */
	readonly type: CType;
	readonly span: TokenSpan;
	readonly attrs: Readonly<AttrSet>;
	/** Of the array that the adjustment made a pointer, as it is written. */
	readonly length: Expr | null;
}

/** What specifiers say (`specifiers.ts`): the base type that declarators build on. */
export interface Specified {
	readonly type: CType;
	/** Of the specifiers; a declarator adds its own. */
	readonly attrs: Readonly<AttrSet>;
}
