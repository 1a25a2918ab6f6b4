/** The package outside Node: bundled without a shim, in a global scope that has only what the web has, in Chromium where that is installed, and where WebAssembly or generated text are not allowed. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { buildSync } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { hasTool, inFolder, run } from "../support/clang.ts";

const chromium = hasTool("chromium");
const expected = (...engines: string[]) => ({
	counts: engines.map((engine) => [engine, 2, 2, 2, "3"]),
	mistake: "program.bpf.c:14:14: error: the packet may end before what is read here [V0301]",
	chain: [3, 101, 3, 101],
});
const EACH = 'page.outcome("wasm", "js", "interpreter")';

describe("outside Node", () => {
	let bundle = "";

	beforeAll(() => {
		const { outputFiles, warnings } = buildSync({
			entryPoints: ["test/e2e/browser/page.ts"], bundle: true, write: false, platform: "browser", format: "iife", globalName: "page", logLevel: "error",
			loader: { ".c": "text", ".h": "text", ".ohm": "text" },
		});
		expect(warnings).toEqual([]);
		bundle = outputFiles[0].text;
	});

	it("needs nothing of Node's", async () => {
		const { TextDecoder, TextEncoder, URL, performance, crypto, fetch, DecompressionStream, Blob, Response, AbortController, setTimeout, queueMicrotask } = globalThis;
		const context = createContext({ TextDecoder, TextEncoder, URL, performance, crypto, fetch, DecompressionStream, Blob, Response, AbortController, setTimeout, queueMicrotask });
		const outcome = (await runInContext(`${bundle}; ${EACH}`, context)) as string;
		expect(JSON.parse(outcome)).toEqual(expected("wasm", "js", "interpreter"));
	});

	it.runIf(chromium)("runs in Chromium", () => {
		const dom = inFolder((folder) => {
			writeFileSync(join(folder, "page.js"), bundle);
			writeFileSync(join(folder, "index.html"), `<!doctype html><body><script src="page.js"></script><script>${EACH}.then((text) => { document.body.textContent = text; })</script>`);
			return run("chromium", ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", `--user-data-dir=${join(folder, "profile")}`, "--virtual-time-budget=60000", "--dump-dom", `file://${join(folder, "index.html")}`]);
		});
		expect(JSON.parse(/<body>(.*)<\/body>/s.exec(dom)?.[1].replaceAll("&gt;", ">").replaceAll("&amp;", "&") ?? "null")).toEqual(expected("wasm", "js", "interpreter"));
	});

	it.each([
		["without WebAssembly, JavaScript is generated", ["--jitless"], "js"],
		["without generated text, WebAssembly", ["--disallow-code-generation-from-strings"], "wasm"],
		["without either, it is interpreted", ["--jitless", "--disallow-code-generation-from-strings"], "interpreter"],
	])("%s", (_, flags, engine) => {
		const printed = inFolder((folder) => {
			writeFileSync(join(folder, "page.cjs"), `${bundle}; page.outcome("default").then(console.log);`);
			return run(process.execPath, [...flags, join(folder, "page.cjs")]);
		});
		expect(JSON.parse(printed.split("\n").at(-2) as string)).toEqual(expected(engine));
	});
});
