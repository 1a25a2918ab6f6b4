/** What the documentation names is there: files, folders, links, npm scripts; and the table of the optimiser's passes has all of them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const files = walk("").filter((file) => !file.startsWith("dist/"));
const folders = new Set(files.flatMap((file) => file.split("/").slice(0, -1).map((_, i, parts) => parts.slice(0, i + 1).join("/"))));
const scripts = new Set(Object.keys((JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object }).scripts));

/** Suffixes that the texts write as if they were names. */
const SUFFIXES = new Set([".d.ts"]);

function walk(folder: string): string[] {
	return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) return entry.name === "node_modules" || entry.name === ".git" || path === "dist" ? [] : walk(path);
		return [path];
	});
}

/** A path from the root, from the document, or the end of one: `opt/pipeline.ts`. */
function known(path: string, from: string): boolean {
	const near = normalize(join(from, path));
	const is = (one: string): boolean => files.includes(one) || folders.has(one);
	return is(path) || is(near) || files.some((file) => file.endsWith(`/${path}`)) || [...folders].some((folder) => folder.endsWith(`/${path}`));
}

const PATH = /(?<![\w@.*>/-])(?:\.\.\/)*(?:(?:[\w.-]+\/)*[\w.-]*\.(?:ts|mjs|cjs|c|h|ohm|md|json|ir)\b|(?:[\w-]+\/)+(?![\w*.-]))/g;

/** C files without a folder are the user's, or the kernel's and other projects' programs. */
const isOurs = (path: string): boolean => !SUFFIXES.has(path) && !path.startsWith("dist/") && (path.includes("/") || !/\.[ch]$/.test(path));

/** Paths in a line's code that are nowhere. */
const missingIn = (line: string, from: string): string[] =>
	[...line.matchAll(/`([^`]+)`/g)].flatMap(([, code]) => [...code.matchAll(PATH)].map(([path]) => path.replace(/\/$/, "")).filter((path) => isOurs(path) && !known(path, from)));

const documents = files.filter((file) => file.endsWith(".md"));

describe.each(documents)("%s", (document) => {
	const lines = readFileSync(join(root, document), "utf8").split("\n");
	const wrong = (find: (line: string) => readonly string[]): string[] => lines.flatMap((line, at) => find(line).map((what) => `line ${at + 1}: ${what}`));

	it("names files and folders that are there", () => {
		expect(wrong((line) => missingIn(line, dirname(document)))).toEqual([]);
	});

	it("names npm scripts that are there", () => {
		expect(wrong((line) => [...line.matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, script]) => script).filter((script) => !scripts.has(script)))).toEqual([]);
	});

	it("has links that lead somewhere", () => {
		expect(wrong((line) => [...line.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link]) => link).filter((link) => !existsSync(join(root, dirname(document), link))))).toEqual([]);
	});
});

it("a name that is nowhere would be seen", () => {
	expect(missingIn("`compiler/opt/none.ts`, `opt/pipeline.ts`, `compiler/none/`, `../cli/main.ts`, `*.ts`", "docs")).toEqual(["compiler/opt/none.ts", "compiler/none"]);
});

it("compiler/opt/README.md has each file of its folders in that folder's row", () => {
	const rows = readFileSync(join(root, "compiler/opt/README.md"), "utf8").split("\n");
	const missing = files.filter((file) => /^compiler\/opt\/[^/]+\/[^/]+(?<!\.test)\.ts$/.test(file)).filter((file) => {
		const row = rows.find((line) => line.startsWith(`| \`${basename(dirname(file))}/\``));
		return row?.includes(`\`${basename(file)}\``) !== true;
	});
	expect(missing).toEqual([]);
});
