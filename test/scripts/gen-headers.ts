/** Writes compiler/headers/files.ts from the headers in compiler/headers/include. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = new URL("../../compiler/headers/", import.meta.url);

export function filesText(): string {
	const root = fileURLToPath(new URL("include/", folder));
	const names = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".h")).sort();
	const entries = names.map((name) => `\t${JSON.stringify(name)}: ${JSON.stringify(readFileSync(root + name, "utf8"))},`);
	return `// Generated from include/ by test/scripts/gen-headers.ts. Do not edit.\nexport const FILES: Readonly<Record<string, string>> = {\n${entries.join("\n")}\n};\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(fileURLToPath(new URL("files.ts", folder)), filesText());
