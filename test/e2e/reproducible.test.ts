/** The same source makes the same bytes: in any folder, under any path, as often as one likes. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { execFileSync } from "node:child_process";
import { beforeAll, describe, expect, it } from "vitest";
import { buildSync } from "esbuild";
import { inFolder } from "../support/clang.ts";
import { PROGRAMS } from "../support/programs.ts";

const SOURCES = { "src/prog.c": `#include "part.h"\n${PROGRAMS.counters}`, "src/part.h": "static inline int part(int x) { return x + __LINE__; }\n" };

describe("the same bytes", () => {
	let cli = "";
	const compileIn = (place: string, args: readonly string[]): Buffer =>
		inFolder((folder) => {
			const root = join(folder, place);
			for (const [name, text] of Object.entries(SOURCES)) {
				mkdirSync(dirname(join(root, name)), { recursive: true });
				writeFileSync(join(root, name), text);
			}
			execFileSync(process.execPath, ["--input-type=module", "-", "-O2", "-g", ...args, "-o", "out.o"], { cwd: root, input: cli });
			return readFileSync(join(root, "out.o"));
		});

	beforeAll(() => {
		const { outputFiles } = buildSync({
			entryPoints: ["cli/main.ts"], bundle: true, write: false, platform: "node", format: "esm", logLevel: "error",
			loader: { ".c": "text", ".h": "text", ".ohm": "text" },
			banner: { js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire("/");' },
		});
		cli = outputFiles[0].text;
	});

	it.each([[["-c", "src/prog.c"]], [["-S", "src/prog.c"]], [["-c", "-Isrc", "src/prog.c"]]])("%s in two folders", (args) => {
		expect(compileIn("here", args).equals(compileIn("over/there and further", args))).toBe(true);
	});

	it("by absolute path too, from another folder, with __FILE__", () => {
		const objects = ["here", "over/there"].map((place) =>
			inFolder((folder) => {
				const root = join(folder, place);
				for (const [name, text] of Object.entries({ "src/prog.c": `#include "part.h"\nchar where[] = __FILE__;\nint f(int x) { return part(x) + sizeof(__FILE__); }\n`, "include/part.h": "__attribute__((noinline)) int part(int x) {\n\treturn x * __LINE__;\n}\n" })) {
					mkdirSync(dirname(join(root, name)), { recursive: true });
					writeFileSync(join(root, name), text);
				}
				execFileSync(process.execPath, ["--input-type=module", "-", "-O2", "-g", "-c", `-I${root}/include`, `${root}/src/prog.c`, "-o", `${root}/out.o`], { cwd: "/", input: cli });
				return readFileSync(join(root, "out.o"));
			}),
		);
		expect(objects[0].equals(objects[1])).toBe(true);
		expect(objects[0].includes("../include/part.h")).toBe(true);
	});

	it("names change as the options for them say", () => {
		const object = compileIn("place", ["-c", "-Isrc", "-ffile-prefix-map=src=mapped", "-fdebug-compilation-dir=/dir", "src/prog.c"]);
		expect(object.includes("/dir/mapped/prog.c")).toBe(true);
		expect(object.includes("src/prog.c")).toBe(false);
	});

	it("a path of the machine gets in only where the command line says it", () => {
		const object = compileIn("secret-place", ["-c", "src/prog.c"]);
		expect(object.includes("secret-place")).toBe(false);
		expect(object.includes("src/prog.c")).toBe(true);
	});
});
