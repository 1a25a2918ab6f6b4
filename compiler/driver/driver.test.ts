import { describe, expect, it } from "vitest";
import { jsonDiagnostic } from "../diagnostics/json.ts";
import { renderDiagnostic } from "../diagnostics/render.ts";
import { parseArguments, searchDirs } from "./argv.ts";
import { compile } from "./compile.ts";
import { dependencyRule } from "./depfile.ts";
import { type CompileOptions, defaultOptions } from "./options.ts";

const FILES: Readonly<Record<string, string>> = { "dir/a.h": "#define TWICE(x) ((x) + (x))\nint from_a(void);\n", "sys/w.h": "static inline int w(void) { int unused; return 0; }\n" };
function options(args: readonly string[]): CompileOptions {
	const invocation = parseArguments(args);
	return {
		...defaultOptions({ read: (path) => FILES[path] ?? null }), target: invocation.target, macros: invocation.macros, includes: invocation.includes, imacros: invocation.imacros, dirs: searchDirs(invocation, []),
		warnings: invocation.warnings, stage: invocation.stage, lineMarkers: invocation.lineMarkers,
	};
}
function run(text: string, ...args: string[]): { messages: string[]; result: ReturnType<typeof compile>; text: string } {
	const result = compile("t.c", text, options(args));
	return { result, messages: result.diagnostics.map((d) => `${d.severity} ${d.code}`), text: result.diagnostics.map((d) => renderDiagnostic(d, result.tokens, { color: false })).join("") };
}

describe("the command line", () => {
	it("is clang's", () => {
		const inv = parseArguments(["-O2", "-g", "-target", "bpf", "-mcpu=v4", "-Idir", "-I", "two", "-isystem", "sys", "-DA", "-D", "B=2", "-UC", "-include", "x.h", "-Wall", "-Wno-unused", "-Werror", "-std=gnu11", "-MD", "-MF", "d.d", "-c", "in.c", "-o", "out.o"]);
		expect(inv).toMatchObject({
			inputs: [{ path: "in.c" }], output: "out.o", compileOnly: true, stage: "obj", target: { cpu: 4, std: "gnu11", optimize: 2, debug: true }, user: ["dir", "two"], system: ["sys"], includes: ["x.h"],
			macros: [{ kind: "define", text: "A" }, { kind: "define", text: "B=2" }, { kind: "undefine", text: "C" }], warnings: { flags: ["all", "no-unused", "error"] }, dependencies: { wanted: "beside", file: "d.d" }, complaints: [],
		});
	});
	it("warns of what it does not know in -f, -m and refuses other words with a suggestion", () => {
		expect(parseArguments(["-fno-such-thing", "-msse9", "-fno-stack-protector"]).complaints.map((c) => c.message)).toEqual(["argument unused during compilation: '-fno-such-thing'", "argument unused during compilation: '-msse9'"]);
		expect(parseArguments(["-fsyntx-only", "--emit=ast2", "-o"]).complaints.filter((c) => c.severity === "error").map((c) => c.message)).toEqual(["'--emit=ast2': there are tokens, ast, typed, ir, asm, obj", "argument to '-o' is missing"]);
		expect(parseArguments(["--verion"]).complaints[0].message).toBe("unknown argument: '--verion'; did you mean '--version'?");
		expect(parseArguments(["--target=x86_64"]).complaints[0]).toMatchObject({ severity: "error" });
	});
	it("makes make's rule", () => {
		const deps = [{ path: "t.c", system: false }, { path: "a b.h", system: false }, { path: "/usr/include/s.h", system: true }, { path: "<ebpfcc>/linux/bpf.h", system: true }];
		expect(dependencyRule(deps, { targets: ["t.o"], system: true, phony: false })).toBe("t.o: t.c a\\ b.h /usr/include/s.h\n");
		expect(dependencyRule(deps, { targets: ["t.o"], system: false, phony: true })).toBe("t.o: t.c a\\ b.h\n\na\\ b.h:\n");
	});
});

describe("stages", () => {
	const program = '#include "dir/a.h"\nint f(int x) { return TWICE(x); }\n';
	it("print what they make", () => {
		expect(run(program, "-E", "-P").result.output).toBe("int from_a(void);\nint f(int x) { return ((x) + (x)); }\n");
		expect(run(program, "-E").result.output).toContain('# 2 "dir/a.h" 1\n');
		expect(run(program, "--emit=tokens").result.output).toContain("t.c:2:23\tidentifier\tx\tfrom TWICE\n");
		expect(JSON.parse(run(program, "--emit=ast").result.output as string)).toMatchObject([{ kind: "function", span: "2:1" }]);
		expect(run(program, "--emit=ir", "-O2").result.output).toContain("f");
		expect(run(program, "-S", "-O2").result.output).toContain("exit");
		const object = run(program, "-c", "-O2").result.output as Uint8Array;
		expect([...object.subarray(0, 4)]).toEqual([0x7f, 0x45, 0x4c, 0x46]);
	});
	it("name the kinds of types in assembly, where build systems look for them", () => {
		expect(run("volatile struct pair { int a, b; } both = {};\n", "-S", "-g").result.output).toMatch(/\.section\t\.BTF,[\s\S]*# BTF_KIND_STRUCT\(id = \d+\) pair\n[\s\S]*# BTF_KIND_VAR\(id = \d+\) both\n/);
	});
	it("take the macros of -imacros files and nothing else of them", () => {
		const macros = "#pragma once\n#include \"dir/a.h\"\nstruct dropped { int x; };\n#define SIX TWICE(3)\n#pragma pack(1)\nint y = SIX;\n";
		const files: Readonly<Record<string, string>> = { ...FILES, "m.h": macros, "i.h": "struct s { char c; int i; };\n_Static_assert(sizeof(struct s) == 8, \"pack does not reach here\");\nint six = SIX;\n" };
		const { ok, output } = compile("t.c", "int g;\n", { ...options(["-E", "-P", "-include", "i.h", "-imacros", "m.h"]), provider: { read: (path) => files[path] ?? null } });
		expect({ ok, output }).toMatchObject({ ok: true, output: expect.stringMatching(/^struct s \{[\s\S]*int six = \(\(3\) \+ \(3\)\);\nint g;\n$/) });
		const args = ["-c", "-O2", "-include", "i.h", "-imacros", "m.h", "-imacros", "dir/a.h"];
		const whole = compile("t.c", "int g;\n", { ...options(args), provider: { read: (path) => files[path] ?? null } });
		expect(whole.diagnostics).toEqual([]);
		expect(whole.dependencies.map((d) => d.path)).toEqual(["t.c", "m.h", "dir/a.h", "i.h"]);
		expect(run("#__include_macros \"dir/a.h\"\n").messages).toEqual(["error E0108"]);
	});
	it("name the files read", () => {
		expect(run(program).result.dependencies.map((d) => d.path)).toEqual(["t.c", "dir/a.h"]);
	});
	it("give no output where there are errors", () => {
		expect(run("int f(void) { return x; }").result).toMatchObject({ ok: false, output: null, object: null });
	});
});

describe("diagnostics", () => {
	it("show line, range, macro and include stack", () => {
		const { text } = run('#include "dir/a.h"\nint f(int x)\n{\n\treturn TWICE(y);\n}\n');
		expect(text).toContain("t.c:4:15: error: use of undeclared identifier 'y' [E0301]");
	});
	it("follow a token through nested macros", () => {
		const { text } = run("#define INNER(a) (a + missing)\n#define OUTER(a) INNER(a)\nint f(int x) { return OUTER(x); }\n");
		expect(text).toBe(`t.c:3:23: error: use of undeclared identifier 'missing' [E0301]
    3 | int f(int x) { return OUTER(x); }
      |                       ^~~~~
t.c:2:18: note: expanded from macro 'OUTER'
    2 | #define OUTER(a) INNER(a)
      |                  ^~~~~
t.c:1:23: note: expanded from macro 'INNER'
    1 | #define INNER(a) (a + missing)
      |                       ^~~~~~~
`);
	});
	it("say where a name is declared, or that eBPF has none", () => {
		const hints = (text: string): string[] => run(text).result.diagnostics.flatMap(({ notes = [] }) => notes.filter(({ span }) => span === null).map(({ message }) => message));
		expect(hints("uint32_t x;\n")).toEqual(["'uint32_t' is declared in <stdint.h>"]);
		expect(hints("int f(void) { u32 x = 1; return 0; }\n")).toEqual(["'u32' is declared in \"vmlinux.h\"; <linux/types.h> has '__u32'"]);
		expect(hints('SEC("xdp") int f(void *ctx) { return 2; }\n')).toEqual(["'SEC' is declared in <bpf/bpf_helpers.h>"]);
		expect(hints("int f(void *ctx) { return XDP_DROP; }\n")).toEqual(["'XDP_DROP' is declared in <linux/bpf.h>"]);
		expect(hints("int f(int x) { return bpf_htons(x) + bpf_ktime_get_ns() + ETH_P_IP; }\n")).toEqual(["'bpf_htons' is declared in <bpf/bpf_endian.h>", "'bpf_ktime_get_ns' is declared in <bpf/bpf_helpers.h>", "'ETH_P_IP' is declared in <linux/if_ether.h>"]);
		expect(hints("struct iphdr ip;\n")).toEqual(["'iphdr' is declared in <linux/ip.h>"]);
		expect(hints('struct bpf_map_def table = { 1 };\n')).toEqual([expect.stringContaining('SEC(".maps")')]);
		expect(hints('int f(void) { printf("x"); return 0; }\n')).toEqual([expect.stringContaining("bpf_printk()")]);
		expect(hints("#include <bpf/bpf_helper.h>\n")).toEqual(["there is <bpf/bpf_helpers.h>"]);
		expect(hints("#include <bits/types.h>\n")).toEqual([expect.stringContaining("C library for user space")]);
		// A near spelling is the better answer, and what nobody declares gets none.
		expect(hints("int uint32; int f(void) { return uint3_t; }\nint g(void) { return qqq; }\n")).toEqual([]);
	});
	it("obey -W, -Werror, -w and pragmas at their place", () => {
		const warning = "#define A 1\n#define A 2\n";
		expect(run(warning).messages).toEqual(["warning W0110"]);
		expect(run(warning, "-Wno-macro-redefined").messages).toEqual([]);
		expect(run(warning, "-w").messages).toEqual([]);
		expect(run(warning, "-Werror").messages).toEqual(["error W0110"]);
		expect(run(warning, "-Werror", "-Wno-error=macro-redefined").messages).toEqual(["warning W0110"]);
		expect(run(warning, "-Werror=macro-redefined").messages).toEqual(["error W0110"]);
	});
	it("tells a cast of a small integer to void * from other pointers, as one group and as two", () => {
		const casts = "void *f(unsigned x) { return (void *)x; }\nchar *g(unsigned x) { return (char *)x; }\n";
		const left = (...flags: string[]): string[] => run(casts, ...flags).messages;
		expect([left(), left("-Wno-int-to-void-pointer-cast"), left("-Wno-int-to-pointer-cast")]).toEqual([["warning W0451", "warning W0364"], ["warning W0364"], []]);
	});
	it("names a -W option that no group answers to, and no other", () => {
		const unknown = (...flags: string[]): string[] => run("int x;\n", ...flags).result.diagnostics.map(({ severity, message }) => `${severity}: ${message}`);
		expect(unknown("-Wunused-varaible", "-Wno-error=format-secrity")).toEqual(["warning: unknown warning option '-Wunused-varaible'; did you mean '-Wunused-variable'?", "warning: unknown warning option '-Wno-error=format-secrity'; did you mean '-Wno-error=format-security'?"]);
		expect(unknown("-Wqqqqqqqqqq", "-Werror")).toEqual(["error: unknown warning option '-Wqqqqqqqqqq'"]);
		expect(unknown("-Wqqqqqqqqqq", "-Wno-unknown-warning-option")).toEqual([]);
		expect(unknown("-Wall", "-Wextra", "-W", "-Weverything", "-Wno-unused", "-Wformat=2", "-Wframe-larger-than=512", "-Wno-address-of-packed-member", "-Wcast-align", "-Werror=implicit-function-declaration", "-Wno-error", "-Wp,-DX=1", "-pedantic", "-pedantic-errors")).toEqual([]);
	});
	it("do not speak of whole functions after an error, unless -Werror made it", () => {
		const functions = "static int f(int x) { int y = x; return x + ; }\nint g(int x) { if (x) return 1 }\n";
		expect(run(functions, "-Wall").messages).toEqual(["error E0150", "error E0150"]);
		const mended = "static int f(int x) { int y = x; return x; }\nint g(int x) { if (x) return 1; }\n";
		expect(run(mended, "-Wall").messages).toEqual(["warning W0392", "warning W0391", "warning W0386"]);
		expect(run(mended, "-Wall", "-Werror").messages).toEqual(["error W0392", "error W0391", "error W0386"]);
		// An error by default that was asked to be a warning is one, and nothing is lost behind it.
		expect(run("int f(int x) { undeclared(x); if (x) return 1; }\n", "-Wall", "-Wno-error=implicit-function-declaration").messages).toEqual(["warning E0302", "warning W0386"]);
	});

	it("of every group go with -Wno-everything, also those that are errors by default, until a later option asks for one", () => {
		const text = "#define A 1\n#define A 2\nint f(int x) { undeclared(x); if (x) return 1; }\n";
		expect(run(text, "-Wall", "-Wno-everything").messages).toEqual([]);
		expect(run(text, "-Wno-everything", "-Wmacro-redefined").messages).toEqual(["warning W0110"]);
		expect(run(text, "-Wno-everything", "-Wimplicit-function-declaration").messages).toEqual(["warning E0302"]);
		expect(run("int f(int x) { return x + ; }\n", "-Wno-everything").messages).toEqual(["error E0150"]);
	});

	it("that are allowed leave a meaning: a call declares its function", () => {
		const text = (call: string): string => `int f(int x) { return ${call}; }\nint later(int x) { return x + 1; }\n`;
		const code = (call: string, ...flags: string[]): string => String(run(text(call), "-S", "-O2", ...flags).result.output);
		expect(code("later(x)", "-Wno-implicit-function-declaration")).toBe(code("x + 1"));
		expect(code("elsewhere(x)", "-std=gnu89")).toContain("call elsewhere");
		expect(code("__builtin_constant_p(x) + abs(-3)", "-std=gnu89")).toBe(code("3"));
		expect(run(text("late(x)") + "static int late(int x) { return x; }\n", "-Wno-implicit-function-declaration").messages).toEqual(["error E0307"]);
		expect(run(text("late(x) != 0") + "char *late(int x) { return 0; }\n", "-std=c89").messages).toEqual(["error E0305"]);
		expect(run(text("late(x)") + "int late;\n", "-std=c89").messages).toEqual(["error E0304"]);
	});

	it("stop at the limit", () => {
		const many = Array.from({ length: 50 }, (_, i) => `int f${i}(void) { return u${i}; }\n`).join("");
		expect(run(many).messages).toHaveLength(20);
		expect(run(many, "-ferror-limit=3").messages).toHaveLength(3);
		expect(run(many, "-ferror-limit=0").messages).toHaveLength(50);
	});
	it("are data for editors", () => {
		const { result } = run("int f(void) { return x; }\n");
		expect(jsonDiagnostic(result.diagnostics[0], result.tokens)).toMatchObject({ severity: "error", code: "E0301", place: { file: "t.c", line: 1, column: 22, endLine: 1, endColumn: 23 }, macros: [], includedFrom: [] });
	});
});

describe("bad input ends in a message", () => {
	it.each([
		["nothing", "", null],
		["a truncated function", "int f(void) { if (1", "E0152"],
		["NUL bytes", "int x\0;\0\n", null],
		["random bytes", String.fromCharCode(...Array.from({ length: 2000 }, (_, i) => (i * 7919) % 251)), "E0107"],
		["a lone brace", "}", "E0152"],
		["100,000 parentheses", `int x = ${"(".repeat(100_000)}`, "E0152"],
	])("%s", (_, text, code) => {
		const { result } = run(text);
		if (code === null) expect(result.ok).toBe(true);
		else expect(result.diagnostics.map((d) => d.code)).toContain(code);
	});
	it("bytes that are no UTF-8 stay what they are in a literal, also in one that a macro makes", () => {
		const bytes = Uint8Array.from(`#define TEXT(x) #x\nconst char a[] = "\xff\xe9z\xc3\xa9", b[] = TEXT("\xfe"), c = '\xff';\n`, (c) => c.charCodeAt(0));
		const { ok, object } = compile("t.c", bytes, options([]));
		expect(ok).toBe(true);
		expect([...object!.sections.find(({ name }) => name === ".rodata")!.data]).toEqual([0xff, 0xe9, 0x7a, 0xc3, 0xa9, 0, 0x22, 0xfe, 0x22, 0, 0xff]);
	});
	it("UTF-16", () => {
		expect(compile("t.c", new Uint8Array([0xff, 0xfe, 0x69, 0]), options([])).diagnostics.map((d) => d.code)).toEqual(["E0105"]);
	});
});
