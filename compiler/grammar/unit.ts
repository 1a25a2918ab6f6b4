import type { Tokens } from "../source/tokens.ts";
import type { CType, EnumType, FunctionType, IntType, RecordType } from "../types/types.ts";
import type { ExternalDecl } from "./ast.ts";

/**
 * A translation unit as the checker sees it: nothing is parsed until somebody asks for it by name.
 * The token stream is cut at file scope into chunks (one external declaration each); an index says which names each chunk declares.
 * Asking for a name parses the chunks that declare it, once: the same `ExternalDecl` object comes back every time, so it can key a map.
 *
 * How to use it: start from `roots`, check each; when an identifier is not found in a local scope ask `ordinary(name)`,
 * when a tag is not, `tag(name)`; process the whole declarations that come back (all their declarators and tags).
 * Nothing found: `external`, if there is one, answers from BTF (`#include "vmlinux.h"` without a file).
 */
export interface ParsedUnit {
	readonly tokens: Tokens;
	/** In source order: what must be compiled or at least checked although nothing may name it. */
	readonly roots: readonly Root[];
	/**
	 * Declarations at file scope that introduce the ordinary identifier: functions, objects, typedefs, enumerators. In source order, all of them
	 * (an `extern` declaration and the definition, say). A declaration that stands after the use is returned, too: compare `span.from` where C cares.
	 */
	ordinary(name: string): readonly ExternalDecl[];
	/** The same, without those of large headers that can only declare types and enumerators: cheaper where variables are looked for. */
	variables(name: string): readonly ExternalDecl[];
	/** Declarations at file scope that mention `struct|union|enum name`, those that define it (with a body) first. Empty: never mentioned at file scope. */
	tag(name: string): readonly ExternalDecl[];
	/** Whether `tag(name)` would find anything; nothing is parsed for the answer. */
	hasTag(name: string): boolean;
	/** Every ordinary name of file scope, for "did you mean". */
	ordinaryNames(): Iterable<string>;
	tagNames(): Iterable<string>;
	/** Names that `#pragma weak` makes weak, wherever it stands. */
	readonly weakNames: ReadonlySet<string>;
	/** Type information from BTF behind the text, or null. */
	readonly external: ExternalTypes | null;
}

export interface Root {
	readonly decl: ExternalDecl;
	/**
	 * true: goes into the object even when nothing names it (an external definition, `__attribute__((used))`, …).
	 * false: stands in the user's own file and must be checked for errors, but is compiled only if something names it (`static inline`, types, prototypes).
	 */
	readonly emit: boolean;
}

/** Declarations that come as types, not as text. Each answer is made when first asked for and is the same object every time. */
export interface ExternalTypes {
	tag(kind: "struct" | "union" | "enum", name: string): RecordType | EnumType | null;
	typedef(name: string): CType | null;
	enumerator(name: string): { readonly value: bigint; readonly type: EnumType | IntType } | null;
	/** A kfunc's prototype (`extern … __ksym __weak`). */
	func(name: string): FunctionType | null;
}
