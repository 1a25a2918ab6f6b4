/** README.md and docs/guide.md do what they say: their commands succeed, its TypeScript runs, and what stands behind `// =>` is what comes out. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eth, ipv4, packet } from "ebpfcc/runtime/test";

const root = fileURLToPath(new URL("../..", import.meta.url));
const guide = readFileSync(join(root, "docs/guide.md"), "utf8");
const blocks = [...guide.matchAll(/^```(\w+) ?(.*)\n([\s\S]*?)^```$/gm)].map(([all, language, name, text]) => ({ language, name, text, line: guide.slice(0, guide.indexOf(all)).split("\n").length }));
/** The README's commands of the tool; those that set up a machine are what runs this. */
const readme = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^npx ebpfcc .*$/gm)].map(([line]) => line);
const of = (language: string) => blocks.filter((block) => block.language === language);

const folder = mkdtempSync(join(tmpdir(), "guide-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function bundled(entry: { contents: string } | { file: string }, name: string): string {
	const { outputFiles } = buildSync({
		...("file" in entry ? { entryPoints: [entry.file] } : { stdin: { contents: entry.contents, loader: "ts", resolveDir: root } }),
		absWorkingDir: root, bundle: true, write: false, platform: "node", format: "esm", logLevel: "error",
		alias: { ebpfcc: "./index.node.ts", "ebpfcc/runtime/test": "./runtime/test/index.ts" },
		loader: { ".c": "text", ".h": "text", ".ohm": "text" },
		banner: { js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire("/");' },
	});
	writeFileSync(join(folder, name), outputFiles[0].text);
	return name;
}

const node = (...args: readonly string[]) => spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });

/** A capture of one packet. */
function capture(bytes: Uint8Array): Uint8Array {
	const out = new Uint8Array(40 + bytes.length);
	new Uint32Array(out.buffer, 0, 10).set([0xa1b2c3d4, 0x0004_0002, 0, 0, 65535, 1, 0, 0, bytes.length, bytes.length]);
	out.set(bytes, 40);
	return out;
}

describe("the guide", () => {
	let cli = "";

	beforeAll(() => {
		for (const { name, text } of of("c")) writeFileSync(join(folder, name), text);
		writeFileSync(join(folder, "capture.pcap"), capture(packet(eth(), ipv4())));
		cli = bundled({ file: "cli/main.ts" }, "cli.mjs");
	});

	const succeeds = (line: string): void => {
		const [npx, command, ...words] = line.replace(/#.*/, "").trim().split(/\s+/);
		expect([npx, command]).toEqual(["npx", "ebpfcc"]);
		const { status, stderr, stdout } = node(cli, ...words);
		expect(status, stdout + stderr).toBe(0);
	};
	it.each(of("sh").flatMap(({ text }) => text.trim().split("\n")))("%s", succeeds);

	describe("and the README", () => {
		beforeAll(() => {
			const [{ text: source }] = of("c");
			writeFileSync(join(folder, "filter.bpf.c"), source);
			writeFileSync(join(folder, "packet.bin"), packet(eth(), ipv4()));
			for (const name of ["a", "b"]) {
				writeFileSync(join(folder, `${name}.bpf.c`), `int ${name}(int x) { return x; }\n`);
				expect(node(cli, "-O2", "-g", "-c", `${name}.bpf.c`, "-o", `${name}.o`).status).toBe(0);
			}
		});
		it("has commands", () => expect(readme.length).toBeGreaterThan(4));
		it.each(readme)("%s", succeeds);
	});

	it.each(of("text"))("the message of line $line", ({ text }) => {
		const [{ name, text: source }] = of("c");
		const wrong = source.replace("(void *)(ip + 1) > end || ", "");
		expect(wrong).not.toBe(source);
		writeFileSync(join(folder, name), wrong);
		const { status, stdout, stderr } = node(cli, "verify", name);
		writeFileSync(join(folder, name), source);
		expect(status).toBe(1);
		for (const line of text.trimEnd().split("\n")) expect(stdout + stderr).toContain(line);
	});

	it.each(of("ts"))("the TypeScript of line $line", ({ text, line }) => {
		const asked = text.replace(/^(.*?);\s*\/\/ => (.*)$/gm, (_, expression: string) => `say(${expression});`);
		const expected = [...text.matchAll(/\/\/ => (.*)$/gm)].map(([, value]) => value);
		expect(expected.length).toBeGreaterThan(1);
		const contents = `import { inspect } from "node:util";\nconst said: string[] = [];\nconst say = (value: unknown) => said.push(inspect(value));\n${asked}\nconsole.log(JSON.stringify(said));`;
		const { status, stdout, stderr } = node(bundled({ contents }, `line-${line}.mjs`));
		expect(status, stderr).toBe(0);
		expect(JSON.parse(stdout)).toEqual(expected);
	});
});
