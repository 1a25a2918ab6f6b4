import { expect, it } from "vitest";
import { compile, defaultOptions } from "../compiler/index.ts";
import { asGiven, debugName } from "../compiler/driver/paths.ts";
import { commandLine, slashed } from "./command-line.ts";
import { expandResponses } from "./response.ts";

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

it("words of response files stand where @file does, quoted as LLVM and gcc read them", () => {
	const files: Readonly<Record<string, string>> = { "a.rsp": "-DA=\"x y\" '-DB=\"q\"'\n\t-I\\ \\\\d @b.rsp \"\" -D\"C\"'D'", "b.rsp": "-O2\r\n@a b'c d'", "loop.rsp": "@loop.rsp" };
	const read = (path: string): string | null => files[path] ?? null;
	expect(expandResponses(["-c", "@a.rsp", "x.c", "@none"], read)).toEqual(["-c", "-DA=x y", '-DB="q"', "-I \\d", "-O2", "@a", "bc d", "", "-DCD", "x.c", "@none"]);
	expect(expandResponses(["@loop.rsp"], read)).toEqual(["@loop.rsp"]);
});

it("CPATH stands behind -I, C_INCLUDE_PATH behind -isystem; an empty name is this folder", () => {
	const { user, system } = commandLine(["-Ia", "-isystem", "s", "x.c"], "linux", { CPATH: "b::c", C_INCLUDE_PATH: "t" });
	expect([user, system]).toEqual([["a", "b", ".", "c"], ["s", "t"]]);
	expect(commandLine(["x.c"], "win32", { CPATH: "C:\\b;d" }).user).toEqual(["C:/b", "d"]);
});

it("options for a preprocessor and questions of build systems are understood", () => {
	const { macros, dependencies, complaints } = commandLine(["-Wp,-DX=1,-UY", "-Xpreprocessor", "-DZ", "-Wp,-MMD,x.d", "-fno-builtin-memset", "-no-canonical-prefixes", "x.c"], "linux", {});
	expect(macros).toEqual([{ kind: "define", text: "X=1" }, { kind: "undefine", text: "Y" }, { kind: "define", text: "Z" }]);
	expect([dependencies.file, complaints]).toEqual(["x.d", []]);
	expect(commandLine(["-print-file-name=include"], "linux", {}).print).toEqual({ file: "include" });
	expect(commandLine(["--print-prog-name=ld"], "linux", {}).print).toEqual({ program: "ld" });
	expect(commandLine(["-x", "fortran", "x.c"], "linux", {}).complaints).toMatchObject([{ severity: "error", message: "language not recognized: 'fortran'" }]);
});
