/** What people type and name: read with one clear line when it is wrong. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type ParseArgsConfig, parseArgs } from "node:util";

/** A mistake in arguments or in a file that they name. */
export class BadArguments extends Error {}

/** For `--help`: prints the comment at the head of the script, which says what it takes, and ends the process. `url`: the script's `import.meta.url`. `args`: those that are the script's own. */
export function usage(url: string, args: readonly string[] = process.argv.slice(2)): void {
	if (!args.includes("--help")) return;
	const comment = /\/\*\*(.*?)\*\//s.exec(readFileSync(fileURLToPath(url), "utf8"));
	const lines = (comment?.[1] ?? "").split("\n").map((line) => line.replace(/^ \* ?/, "").trimEnd());
	console.log(lines.join("\n").trim());
	process.exit(0);
}

/** `parseArgs` for scripts: what it does not know ends the process with a line and 2. */
export function scriptArguments<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
	try {
		return parseArgs(config);
	} catch (error) {
		return endWith(error);
	}
}

/** Ends the process for a mistake of the caller's; anything else is thrown again. */
export function endWith(error: unknown): never {
	const code = (error as NodeJS.ErrnoException).code ?? "";
	if (
		!(error instanceof BadArguments) &&
		!code.startsWith("ERR_PARSE_ARGS") &&
		!["ENOENT", "EISDIR", "EACCES"].includes(code)
	)
		throw error;
	console.error((error as Error).message);
	process.exit(2);
}

/**
 * The values of a file with one JSON value a line; empty lines are none.
 * @throws BadArguments with the line's number; the file system's error
 */
export function* jsonLines<T>(file: string): Generator<T> {
	let number = 0;
	for (const line of readFileSync(file, "utf8").split("\n")) {
		number++;
		if (line.trim() === "") continue;
		let value: unknown;
		try {
			value = JSON.parse(line);
		} catch (error) {
			throw new BadArguments(`${file}:${number}: ${(error as Error).message}`);
		}
		if (typeof value !== "object" || value === null) throw new BadArguments(`${file}:${number}: no JSON object`);
		yield value as T;
	}
}
