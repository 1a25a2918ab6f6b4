/** From the command line to the compiler's options, over this machine's files. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { type Invocation, searchDirs } from "../compiler/driver/argv.ts";
import type { CompileOptions } from "../compiler/driver/options.ts";
import type { PathOptions } from "../compiler/driver/paths.ts";
import { dirname, isAbsolute } from "../compiler/source/file-names.ts";
import { bundledVmlinux } from "../runtime/node/vmlinux.ts";
import { slashed } from "./command-line.ts";
import { readSource } from "./files.ts";

/** Where headers of installed packages stand; searched behind our own. */
export const MACHINE_DIRS = ["/usr/local/include", "/usr/include"];
export const KERNEL_BTF = "/sys/kernel/btf/vmlinux";
/** `--btf bundled`: the package's types of Linux 6.18, whatever kernel runs here. */
const BUNDLED = "bundled";

/** Files are named as the command line has them, and absolute ones from the folder where the compiler or the source is. */
function pathOptions({ paths, stage }: Invocation, source: string | undefined): PathOptions {
	const base =
		paths.compilationDir !== null || (stage !== "obj" && stage !== "asm") || source === undefined
			? null
			: isAbsolute(source)
				? dirname(source)
				: slashed(process.cwd());
	return { ...paths, base: base === null ? null : { folder: base, keep: MACHINE_DIRS } };
}

/** `source`: the file that becomes an object of its own; without one, names stay as they are. */
export function compileOptions(invocation: Invocation, source?: string): CompileOptions {
	return {
		target: invocation.target,
		macros: invocation.macros,
		includes: invocation.includes,
		imacros: invocation.imacros,
		dirs: searchDirs(invocation, MACHINE_DIRS),
		provider: { read: readOrNull, identity: (path) => realpathSync(path) },
		warnings: invocation.warnings,
		stage: invocation.stage,
		lineMarkers: invocation.lineMarkers,
		allowMissing: invocation.dependencies.allowMissing,
		vmlinux: () => vmlinuxBtf(invocation.btf),
		paths: pathOptions(invocation, source),
	};
}

/** The kernel's types, also what `#include "vmlinux.h"` means: the file asked for, the running kernel's, or those that the package brings. */
export function vmlinuxBtf(asked: string | null): Uint8Array | null {
	if (asked !== null && asked !== BUNDLED) return readFileSync(asked);
	if (asked === null && existsSync(KERNEL_BTF)) return readFileSync(KERNEL_BTF);
	return bundledVmlinux();
}

function readOrNull(path: string): Uint8Array | null {
	try {
		return readSource(path);
	} catch {
		// A missing file, a directory and a device without an end are the same to the search: look further.
		return null;
	}
}
