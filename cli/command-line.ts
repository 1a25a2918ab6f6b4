/** The compiler's command line on this machine. Names of files are slashed inside the compiler; Windows takes them so as well, and its users write backslashes. */
import { readFileSync } from "node:fs";
import { type Invocation, parseArguments } from "../compiler/driver/argv.ts";
import { expandResponses } from "./response.ts";

export function commandLine(
	argv: readonly string[],
	platform: NodeJS.Platform = process.platform,
	environment: Readonly<Record<string, string | undefined>> = process.env,
): Invocation {
	const invocation = parseArguments(expandResponses(argv, textOrNull));
	const folders = (variable: string): string[] =>
		environment[variable]?.split(platform === "win32" ? ";" : ":").map((folder) => folder || ".") ?? [];
	const name = (path: string): string => slashed(path, platform);
	const named = (path: string | null): string | null => (path === null ? null : name(path));
	const { inputs, output, includes, imacros, quote, user, system, after, dependencies, paths, btf } = invocation;
	return {
		...invocation,
		inputs: inputs.map((input) => ({ ...input, path: name(input.path) })),
		output: named(output),
		includes: includes.map(name),
		imacros: imacros.map(name),
		quote: quote.map(name),
		user: [...user, ...folders("CPATH")].map(name),
		system: [...system, ...folders("C_INCLUDE_PATH")].map(name),
		after: after.map(name),
		dependencies: { ...dependencies, file: named(dependencies.file) },
		paths: {
			debug: paths.debug.map(({ from, to }) => ({ from: name(from), to })),
			macro: paths.macro.map(({ from, to }) => ({ from: name(from), to })),
			compilationDir: named(paths.compilationDir),
		},
		btf: named(btf),
	};
}

export function slashed(path: string, platform: NodeJS.Platform = process.platform): string {
	return platform === "win32" ? path.replaceAll("\\", "/") : path;
}

function textOrNull(path: string): string | null {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return null;
	}
}
