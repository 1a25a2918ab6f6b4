/** What preprocessing needs besides the text, and what comes out. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { FileProvider, Sources } from "../source/files.ts";
import type { Names } from "../source/names.ts";
import type { TokenBuffer } from "./buffer.ts";
import type { Deferred } from "./defer.ts";
import type { SearchDir } from "./include.ts";
import type { MacroTable } from "./macros.ts";
import type { Outline, Outlined } from "./outline.ts";
import type { PragmaState } from "./pragma.ts";
import type { TargetOptions } from "./predefined.ts";

export interface PreprocessOptions {
	readonly target: TargetOptions;
	/** -D and -U in order: "NAME", "NAME=text"; undefine takes a name. */
	readonly macros: readonly { readonly kind: "define" | "undefine"; readonly text: string }[];
	/** -include */
	readonly includes: readonly string[];
	/** -imacros: read in front of the includes, for their macros alone. */
	readonly imacros?: readonly string[];
	/** Searched in order; "built-in" is where our own headers stand. */
	readonly dirs: readonly (SearchDir | "built-in")[];
	readonly provider: FileProvider;
	readonly builtinHeader: (name: string) => Uint8Array | string | undefined;
	/** May `#include "vmlinux.h"` without a file be noted instead of refused, because types can come from elsewhere? */
	readonly virtualVmlinux: () => boolean;
	/** -fsyntax of .i files: directives other than line markers are not obeyed. */
	readonly alreadyPreprocessed?: boolean;
	/** -M, -MM with -MG: a missing header is not an error. */
	readonly allowMissing?: boolean;
	/** What `__FILE__` says of a file opened under a path; default: the path. */
	readonly macroFile?: (path: string) => string;
	/** Pass over the bodies of types in large headers until they are asked for (`Preprocessed.read`). Off where all tokens are wanted. */
	readonly defer?: boolean;
}

export interface Preprocessed {
	readonly tokens: TokenBuffer;
	readonly pragmas: PragmaState;
	readonly macros: MacroTable;
	/** Every file read, in order of first reading; system ones marked. For -MD, -H. */
	readonly dependencies: readonly { readonly path: string; readonly system: boolean }[];
	/** `#include "vmlinux.h"` is to be answered from type information. */
	readonly wantsVmlinux: boolean;
	readonly sources: Sources;
	readonly names: Names;
	/** A limit was reached: the tokens are not the whole program. */
	readonly stopped: boolean;
	/** Tokens of the program proper; behind it one `end` token and places of messages about directives. */
	readonly programLength: number;
	/** Puts tokens [from, to) behind the buffer's end with everything deferred in them read; gives their new place. */
	read(from: number, to: number): { readonly from: number; readonly to: number };
	readonly deferred: readonly Deferred[];
	/** Declarations of large headers, found but not read. */
	readonly outlines: readonly Outline[];
	/** Reads one behind the buffer's end; gives its place. */
	readOutlined(declaration: Outlined): { readonly from: number; readonly to: number };
}

/** A message with its place as token in the buffer: tokens of directives are put behind the program for it. */
export type Report = (diagnostic: Diagnostic) => void;
