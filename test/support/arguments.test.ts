/** Every development script that takes options answers `--help` with the comment at its head. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const scripts: Readonly<Record<string, string>> = JSON.parse(read("package.json")).scripts;
/** Without options: they are talked to by lines, or write files. */
const PLAIN = new Set(["bench:worker", "gen"]);

describe("--help", () => {
	const files = Object.entries(scripts).flatMap(([name, line]) => (PLAIN.has(name) ? [] : [...line.matchAll(/tsx (test\/\S+\.ts)/g)].map(([, file]) => [name, file] as const)));
	it("is looked for", () => expect(files.length).toBeGreaterThan(7));
	it.each(files)("%s", (_, file) => {
		const text = read(file);
		expect(text).toMatch(/^\/\*\*[\s\S]*?\*\//);
		expect(text).toMatch(/^usage\(import\.meta\.url/m);
	});
});
