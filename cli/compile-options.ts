/** From the command line to the compiler's options, over this machine's files. */
import { existsSync, readFileSync } from "node:fs";
import { type Invocation, searchDirs } from "../compiler/driver/argv.ts";
import type { CompileOptions } from "../compiler/driver/options.ts";

/** Where headers of installed packages stand; searched behind our own. */
export const MACHINE_DIRS = ["/usr/local/include", "/usr/include"];
export const KERNEL_BTF = "/sys/kernel/btf/vmlinux";

export function compileOptions(invocation: Invocation): CompileOptions {
	return {
		target: invocation.target, macros: invocation.macros, includes: invocation.includes, dirs: searchDirs(invocation, MACHINE_DIRS), provider: { read: readOrNull },
		warnings: invocation.warnings, stage: invocation.stage, lineMarkers: invocation.lineMarkers, allowMissing: invocation.dependencies.allowMissing,
		vmlinux: () => {
			if (invocation.btf === null && !existsSync(KERNEL_BTF)) return null;
			return readFileSync(invocation.btf ?? KERNEL_BTF);
		},
	};
}

function readOrNull(path: string): Uint8Array | null {
	try {
		return readFileSync(path);
	} catch {
		// A missing file and a directory are the same to the search: look further.
		return null;
	}
}
