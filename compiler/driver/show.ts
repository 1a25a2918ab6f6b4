/** `--emit=tokens` and `--emit=ast`: the front end's data as text. */
import type { ParsedUnit } from "../grammar/unit.ts";
import { describeKind, isKeyword, isPunctuator } from "../source/kinds.ts";
import type { Preprocessed } from "../preprocess/options.ts";

/** One token per line: place, class, spelling, and the macro it came out of. */
export function showTokens(unit: Preprocessed): string {
	const { tokens } = unit;
	const lines: string[] = [];
	for (let i = 0; i < unit.programLength; i++) {
		const { file, line, column } = tokens.place(i);
		const kind = tokens.kinds[i];
		const name = isKeyword(kind) ? "keyword" : isPunctuator(kind) ? "punctuator" : describeKind(kind);
		const expansion = tokens.expansions[tokens.expanded[i]];
		lines.push(`${file}:${line}:${column}\t${name}\t${tokens.text(i)}${expansion === null ? "" : `\tfrom ${expansion.macro}`}`);
	}
	return lines.map((line) => `${line}\n`).join("");
}

/** The syntax trees of what must be compiled, as JSON with each node's first token as place. */
export function showAst(unit: ParsedUnit): string {
	const trees = unit.roots.map(({ decl }) => decl);
	const plain = JSON.stringify(
		trees,
		(key, value: unknown) => {
			if (key !== "span") return value;
			const { line, column } = unit.tokens.place((value as { from: number }).from);
			return `${line}:${column}`;
		},
		1,
	);
	return `${plain.replace(/^ +/gm, (spaces) => "\t".repeat(spaces.length))}\n`;
}
