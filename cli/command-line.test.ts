import { expect, it } from "vitest";
import { compile, defaultOptions } from "../compiler/index.ts";
import { asGiven, debugName } from "../compiler/driver/paths.ts";
import { commandLine, slashed } from "./command-line.ts";

const ARGV = ["-c", "-g", "src\\a.bpf.c", "-o", "out\\a.o", "-Iinclude\\x", "-include", "pre\\b.h", "-MF", "out\\a.d", "-fdebug-prefix-map=C:\\src=.", "-DTEXT=\"a\\n\""];

it("names of files have slashes on Windows, macros keep what they have", () => {
	const { inputs, output, user, includes, dependencies, paths, macros } = commandLine(ARGV, "win32");
	expect(inputs[0].path).toBe("src/a.bpf.c");
	expect([output, user, includes, dependencies.file]).toEqual(["out/a.o", ["include/x"], ["pre/b.h"], "out/a.d"]);
	expect(paths.debug).toEqual([{ from: "C:/src", to: "." }]);
	expect(macros.at(-1)?.text).toContain("a\\n");
});

it("a backslash belongs to the name elsewhere", () => {
	expect(commandLine(ARGV, "linux").inputs[0].path).toBe("src\\a.bpf.c");
	expect(slashed("a\\b", "darwin")).toBe("a\\b");
});

it("a file on a drive is named from the folder that it shares with the source", () => {
	const base = { folder: "C:/firewall/filter", keep: [] };
	const name = (path: string): string => debugName(path, { ...asGiven, base });
	expect(name("C:/firewall/filter/src/a.c")).toBe("src/a.c");
	expect(name("C:/firewall/lib/b.h")).toBe("../lib/b.h");
	expect(name("D:/lib/b.h")).toBe("D:/lib/b.h");
	expect(name("C:/lib/b.h")).toBe("C:/lib/b.h");
});

it("a header beside a source on a drive is found, and one by its whole name", () => {
	const files: Readonly<Record<string, string>> = { "C:/src/part.h": "enum { PART = 1 };", "D:/x/whole.h": "enum { WHOLE = 2 };" };
	const provider = { read: (path: string) => (path in files ? new TextEncoder().encode(files[path]) : null) };
	const { ok, dependencies } = compile("C:/src/a.c", '#include "part.h"\n#include "D:/x/whole.h"\nint sum = PART + WHOLE;', defaultOptions(provider));
	expect(ok).toBe(true);
	expect(dependencies.map(({ path }) => path)).toEqual(expect.arrayContaining(Object.keys(files)));
});
