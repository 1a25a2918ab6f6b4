/**
 * Writes, from compiler/grammar/c.ohm as ohm-js reads it: compiler/grammar/recipe.ts, from which ohm itself is made where a text does
 * not match, and compiler/grammar/tables.ts, the same grammar for the matcher of texts that do (`grammar-tables.ts`).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as ohm from "ohm-js";
import { tokenGrammar } from "../../compiler/grammar/terminals.ts";
import { grammarTables, type RecipeRules } from "./grammar-tables.ts";

const folder = new URL("../../compiler/grammar/", import.meta.url);
const HEAD = "// Generated from c.ohm by test/scripts/gen-grammar.ts. Do not edit.\n";

function recipe(): unknown[] {
	const grammar = ohm.grammar(tokenGrammar(readFileSync(new URL("c.ohm", folder), "utf8")));
	return stripSource((grammar as unknown as { toRecipe(): string }).toRecipe());
}

/** As a string: it is seldom wanted, and a string costs a program's start nothing. */
export function recipeText(): string {
	return `${HEAD}export const recipe = ${JSON.stringify(JSON.stringify(recipe()))};\n`;
}

export function tablesText(): string {
	const tables = grammarTables(recipe()[5] as RecipeRules);
	const lines = Object.entries(tables).map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`);
	return HEAD + lines.join("");
}

/** Source positions are of no use to the parser and most of the recipe's size. */
function stripSource(recipe: string): unknown[] {
	const parsed: unknown[] = JSON.parse(recipe);
	const meta = parsed[1];
	if (typeof meta === "object" && meta !== null && "source" in meta) delete meta.source;
	const clean = (node: unknown): unknown => {
		if (!Array.isArray(node)) return node;
		if (typeof node[0] === "string" && typeof node[1] === "object" && node[1] !== null && !Array.isArray(node[1]) && "sourceInterval" in node[1]) return [node[0], {}, ...node.slice(2).map(clean)];
		return node.map(clean);
	};
	parsed[5] = Object.fromEntries(Object.entries(parsed[5] as Record<string, unknown>).map(([name, rule]) => [name, clean(rule)]));
	return parsed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	writeFileSync(fileURLToPath(new URL("recipe.ts", folder)), recipeText());
	writeFileSync(fileURLToPath(new URL("tables.ts", folder)), tablesText());
}
