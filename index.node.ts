/** `ebpfcc` in Node: the same as everywhere (index.ts), and `#include "vmlinux.h"` finds the types that the package brings. */
import type { CompileOptions, FileProvider } from "./compiler/index.ts";
import * as anywhere from "./index.ts";
import { bundledVmlinux } from "./runtime/node/vmlinux.ts";

export * from "./index.ts";

/** @see {@link anywhere.defaultOptions} */
export function defaultOptions(provider: FileProvider): CompileOptions {
	return { ...anywhere.defaultOptions(provider), vmlinux: bundledVmlinux };
}

/** @see {@link anywhere.compileAndLoad} */
export function compileAndLoad(source: string, options: anywhere.CompileAndLoadOptions = {}): ReturnType<typeof anywhere.compileAndLoad> {
	return anywhere.compileAndLoad(source, { vmlinux: bundledVmlinux, ...options });
}
