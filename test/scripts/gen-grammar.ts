/** Writes compiler/grammar/recipe.ts from compiler/grammar/c.ohm: loading a recipe takes a tenth of the time of reading the grammar. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as ohm from "ohm-js";
import { tokenGrammar } from "../../compiler/grammar/terminals.ts";

const folder = new URL("../../compiler/grammar/", import.meta.url);

export function recipeText(): string {
	const grammar = ohm.grammar(tokenGrammar(readFileSync(new URL("c.ohm", folder), "utf8")));
	// Source positions are of no use to the parser and most of the recipe's size.
	const recipe = (grammar as unknown as { toRecipe(): string }).toRecipe();
	return `// Generated from c.ohm by test/scripts/gen-grammar.ts. Do not edit.\nexport const recipe: unknown = ${stripSource(recipe)};\n`;
}

function stripSource(recipe: string): string {
	const parsed: unknown[] = JSON.parse(recipe);
	const meta = parsed[1];
	if (typeof meta === "object" && meta !== null && "source" in meta) delete meta.source;
	const clean = (node: unknown): unknown => {
		if (!Array.isArray(node)) return node;
		if (typeof node[0] === "string" && typeof node[1] === "object" && node[1] !== null && !Array.isArray(node[1]) && "sourceInterval" in node[1]) return [node[0], {}, ...node.slice(2).map(clean)];
		return node.map(clean);
	};
	parsed[5] = Object.fromEntries(Object.entries(parsed[5] as Record<string, unknown>).map(([name, rule]) => [name, clean(rule)]));
	return JSON.stringify(parsed);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(fileURLToPath(new URL("recipe.ts", folder)), recipeText());
