/** The example of the Vite plugin as a project of its own, with the package installed in it: its tests pass, and V8's coverage knows the lines of the C file. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const example = join(root, "examples/vitest-plugin");

interface FileCoverage {
	readonly path: string;
	readonly statementMap: Readonly<Record<string, { readonly start: { readonly line: number } }>>;
	readonly s: Readonly<Record<string, number>>;
}

let project = "";
let printed = "";
/** Runs by line, the most of the statements that start there. */
const runs = new Map<number, number>();

beforeAll(() => {
	project = mkdtempSync(join(root, "test/e2e/.project-"));
	cpSync(example, project, { recursive: true });
	const installed = join(project, "node_modules/ebpfcc");
	mkdirSync(installed, { recursive: true });
	// Without it the project would belong to the package that surrounds it, and "ebpfcc" would mean that one.
	writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
	cpSync(join(root, "package.json"), join(installed, "package.json"));
	const built = spawnSync(process.execPath, ["test/scripts/build.mjs", join(installed, "dist")], { cwd: root, encoding: "utf8" });
	expect(built.status, built.stderr).toBe(0);
	const { stdout, stderr, status } = spawnSync(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", "--coverage", "--root", project], { cwd: project, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } });
	printed = stdout;
	expect(status, stdout + stderr).toBe(0);
	const files = JSON.parse(readFileSync(join(project, "coverage/coverage-final.json"), "utf8")) as Record<string, FileCoverage>;
	const file = Object.values(files).find(({ path }) => path.endsWith("filter.bpf.c"));
	for (const [id, { start }] of Object.entries(file?.statementMap ?? {})) runs.set(start.line, Math.max(runs.get(start.line) ?? 0, file?.s[id] ?? 0));
}, 240_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

it("lists the C file", () => {
	expect(printed).toMatch(/filter\.bpf\.c\s*\|/);
});

it("has the lines that ran, and those that did not", () => {
	const lines = readFileSync(join(example, "filter.bpf.c"), "utf8").split("\n");
	const line = (text: string, nth = 0): number => lines.flatMap((one, i) => (one.includes(text) ? [i + 1] : []))[nth];
	const ran = [line("if ((void *)(ip + 1) > end)"), line("*count += 1"), line("if (eth->h_proto"), line("if (ip->ttl > max_ttl)")];
	const missed = [line("ip->ttl = max_ttl")];
	expect(Object.fromEntries(ran.map((n) => [n, (runs.get(n) ?? 0) > 0]))).toEqual(Object.fromEntries(ran.map((n) => [n, true])));
	expect(missed.map((n) => runs.get(n))).toEqual(missed.map(() => 0));
	for (const n of runs.keys()) expect(lines[n - 1], `line ${n}`).toMatch(/\S/);
});
