import { describe, expect, it } from "vitest";
import { compile } from "../driver/compile.ts";
import { DEFAULT_TARGET, defaultOptions } from "../driver/options.ts";

/** Programs deeper or larger than anybody writes: each ends with an error that names the limit, soon. */
const N = 5000;
const many = (text: string): string => text.repeat(N);
const DEEP: readonly (readonly [what: string, program: string, code: string])[] = [
	["parentheses", `int x = ${many("(")}1${many(")")};`, "E0151"],
	["braces", `void f(void) { ${many("{")}${many("}")} }`, "E0151"],
	["structs", `${many("struct { ")}int x; ${many("} m; ")}`, "E0151"],
	["initialisers", `int a[1] = ${many("{")}1${many("}")};`, "E0151"],
	["statement expressions", `int f(int x) { return ${many("({ ")}x; ${many(" });")} }`, "E0151"],
	["an else-if chain", `int f(int x) { ${many("if (x == 1) return 2; else ")} return 0; }`, "E0151"],
	["unclosed braces", `int f(void) { ${many("{")}`, "E0152"],
	["pointers", `int ${many("*")}p;`, "E0411"],
	["array dimensions", `int a${many("[1]")};`, "E0411"],
	["unary operators", `int f(int x) { return ${many("- ")}x; }`, "E0411"],
	["assignments", `int f(int x) { ${many("x = ")}1; return x; }`, "E0411"],
	["labels", `int f(int x) { ${Array.from({ length: N }, (_, i) => `l${i}:`).join("")} return x; }`, "E0411"],
	["a range of initialisers", "int a[] = { [0 ... 10000000] = 7 };", "E0411"],
	["an initialised object", "char a[0x7fffffff] = { 1 };", "E0411"],
	["#include", '#include "test.c"\n', "E0122"],
	["macro arguments", `#define F(x) x\nint x = ${many("F(")}1${many(")")};`, "E0120"],
	["text that macros make", `#define S(x) #x\n#define T(x) S(x)\n#define A0 "\\\\"\n${Array.from({ length: 39 }, (_, i) => `#define A${i + 1} T(A${i} A${i})\n`).join("")}char s[] = A39;`, "E0121"],
	["tokens that macros make", `#define A0 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,\n${Array.from({ length: 9 }, (_, i) => `#define A${i + 1} ${`A${i} `.repeat(10)}\n`).join("")}int a[] = { A9 };`, "E0121"],
];

describe("limits", () => {
	it.each(DEEP)("%s", { timeout: 30_000 }, (_what, program, code) => {
		const options = defaultOptions({ read: (path) => (path === "test.c" ? program : null) });
		const { diagnostics, ok } = compile("test.c", program, { ...options, warnings: { ...options.warnings, none: true } });
		expect(ok).toBe(false);
		expect(diagnostics.map((d) => d.code)).toContain(code);
	});

	it("follows a long chain of typedefs", { timeout: 30_000 }, () => {
		const program = `typedef int t0;\n${Array.from({ length: 4 * N }, (_, i) => `typedef t${i} t${i + 1};\n`).join("")}int f(t${4 * N} *p) { return *p; }`;
		expect(compile("test.c", program, { ...defaultOptions({ read: () => null }), target: { ...DEFAULT_TARGET, debug: false } }).diagnostics).toEqual([]);
	});

	it("looks at the encoding of names and literals", () => {
		const bytes = Uint8Array.from('char s[] = "caf\xe9"; int caf\xe9;', (c) => c.charCodeAt(0));
		const { diagnostics } = compile("test.c", bytes, defaultOptions({ read: () => null }));
		expect(diagnostics.map((d) => d.code)).toEqual(["W0105", "E0105"]);
	});
});
