/** C to mutate: small programs of our own, the examples, and real programs where the corpus is. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compileOptions } from "../../cli/compile-options.ts";
import { parseArguments } from "../../compiler/driver/argv.ts";
import { PROGRAMS } from "../support/programs.ts";
import { corpusSample } from "../support/corpus.ts";
import type { NamedSource } from "./sources.ts";

const examples = join(import.meta.dirname, "../../examples");

function fromFile(path: string, flags: readonly string[]): NamedSource {
	const invocation = parseArguments(["-O2", "-g", "-Wall", "-Wextra", "-c", ...flags, path]);
	return { name: path, text: readFileSync(path, "utf8"), options: compileOptions(invocation, path) };
}

export function ownSources(): NamedSource[] {
	const options = compileOptions(parseArguments(["-O2", "-g", "-Wall", "-Wextra", "-c", "program.c"]), "program.c");
	const files = readdirSync(examples, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".bpf.c") && !name.includes("node_modules"));
	return [...Object.entries(PROGRAMS).map(([name, text]) => ({ name, text, options })), ...files.sort().map((name) => fromFile(join(examples, name), []))];
}

/** EBPFCC_CORPUS says how many. */
export async function corpusSources(): Promise<NamedSource[]> {
	return (await corpusSample()).map(({ path, variants }) => fromFile(path, variants[0]));
}
