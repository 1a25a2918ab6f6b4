/** A C file through the compiler as the command line does it, to one stage. */
import { readFileSync } from "node:fs";
import { compileOptions } from "../../cli/compile-options.ts";
import { parseArguments } from "../../compiler/driver/argv.ts";
import { compile } from "../../compiler/driver/compile.ts";
import type { Stage } from "../../compiler/driver/options.ts";

/** The text of a stage or an object's bytes; null when the file does not compile. */
export function compileTo(path: string, stage: Stage, flags: readonly string[] = ["-O2", "-g"]): string | Uint8Array | null {
	const options = compileOptions(parseArguments([...flags, path]));
	return compile(path, readFileSync(path), { ...options, stage }).output;
}
