/** The make rule of -M and -MD: `target: prerequisites`, lines of at most 78 columns, names escaped as make wants it. */

export interface DepfileOptions {
	readonly targets: readonly string[];
	readonly system: boolean;
	/** -MP: an empty rule for each header, so that removing one does not stop make. */
	readonly phony: boolean;
}

export function dependencyRule(
	dependencies: readonly { readonly path: string; readonly system: boolean }[],
	options: DepfileOptions,
): string {
	// Headers of ours are part of the compiler, not files.
	const files = dependencies.filter((d) => !d.path.startsWith("<") && (options.system || !d.system)).map((d) => escapePath(d.path));
	const lines: string[] = [];
	let line = `${options.targets.join(" ")}:`;
	for (const file of files) {
		if (line.length + 1 + file.length > 76 && line !== "") {
			lines.push(`${line} \\`);
			line = ` ${file}`;
		} else line += ` ${file}`;
	}
	lines.push(line);
	let text = `${lines.join("\n")}\n`;
	if (options.phony) for (const file of files.slice(1)) text += `\n${file}:\n`;
	return text;
}

function escapePath(path: string): string {
	return path.replace(/[ #]/g, "\\$&").replaceAll("$", "$$");
}
