import { describe, expect, it } from "vitest";
import { compile } from "../driver/compile.ts";
import { DEFAULT_TARGET, defaultOptions } from "../driver/options.ts";

function typed(program: string, std = "gnu17"): { codes: string[]; texts: string[]; output: unknown } {
	const { diagnostics, output } = compile("test.c", program, { ...defaultOptions({ read: () => null }), target: { ...DEFAULT_TARGET, std }, stage: "typed" });
	return { codes: diagnostics.map((d) => d.code), texts: diagnostics.map((d) => d.message), output };
}
/** Places differ, what is said does not. */
const same = (old: string, prototype: string, std = "gnu17"): void => {
	const { codes, output } = typed(old, std);
	expect(codes).toEqual(["W0154"]);
	expect(output).toBe(typed(prototype).output);
};

describe("function definitions in the old style", () => {
	it("mean what those with a prototype mean", () => {
		same("int f(a, b) int a; long b; { return a + b; }", "int f(int a, long b) { return a + b; }");
		same("struct s { int x; }; static int g(p, n, h, k) unsigned long n; struct s *p, *h[]; const char *(*k)(); { return p->x + h[0]->x + n + *k(); } int f(struct s *p) { return g(p, 1, &p, 0); }",
			"struct s { int x; }; static int g(struct s *p, unsigned long n, struct s *h[], const char *(*k)()) { return p->x + h[0]->x + n + *k(); } int f(struct s *p) { return g(p, 1, &p, 0); }");
		same("typedef int num; int f(a, b) register num b; int a; { { ; } return a + b; }\nint after;", "typedef int num; int f(int a, register num b) { { ; } return a + b; }\nint after;");
	});

	it("have ints where nothing says what they are, which is an error since C99", () => {
		same("typedef int num; f(a, b, c) num b; { return a + b + c; }", "typedef int num; int f(int a, num b, int c) { return a + b + c; }", "gnu89");
		same("struct s { int m; } *p; struct s *f(x) { return p + x; }", "struct s { int m; } *p; struct s *f(int x) { return p + x; }", "gnu89");
		expect(typed("int f(a, b) char b; { return a; }").texts[1]).toBe("parameter 'a' was not declared, defaults to 'int'; ISO C99 and later do not support implicit int");
		expect(typed("int f(a) { return a; }").codes).toEqual(["W0154", "E0312"]);
	});

	it("are no definitions with types that have no names", () => {
		expect(typed("typedef int num; int f(num) { return 1; }").codes).not.toContain("W0154");
		expect(typed("int f(a) { return 1; }", "gnu23").codes).toEqual(["E0153"]);
	});

	it("are refused in C23, and nothing else is taken for one", () => {
		expect(typed("int f(a) int a; { return a; }", "gnu23").codes).toEqual(["E0154"]);
		expect(typed("FOO(x) int y; struct s { int a; }; int z;").codes).toEqual(["E0153"]);
		expect(typed("int f(int); int y; int f(int a) { return a; }").codes).toEqual([]);
	});
});
