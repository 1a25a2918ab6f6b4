import { describe, expect, it } from "vitest";
import { compile } from "../driver/compile.ts";
import { DEFAULT_TARGET, defaultOptions } from "../driver/options.ts";

function typed(program: string, std = "gnu17"): { codes: string[]; output: unknown } {
	const { diagnostics, output } = compile("test.c", program, { ...defaultOptions({ read: () => null }), target: { ...DEFAULT_TARGET, std }, stage: "typed" });
	return { codes: diagnostics.map((d) => d.code), output };
}
/** Places differ, what is said does not. */
const same = (old: string, prototype: string): void => {
	const { codes, output } = typed(old);
	expect(codes).toEqual(["W0154"]);
	expect(output).toBe(typed(prototype).output);
};

describe("function definitions in the old style", () => {
	it("mean what those with a prototype mean", () => {
		same("int f(a, b) int a; long b; { return a + b; }", "int f(int a, long b) { return a + b; }");
		same("struct s { int x; }; static int g(p, n, h, k) unsigned long n; struct s *p, *h[]; const char *(*k)(); { return p->x + h[0]->x + n + *k(); } int f(struct s *p) { return g(p, 1, &p, 0); }",
			"struct s { int x; }; static int g(struct s *p, unsigned long n, struct s *h[], const char *(*k)()) { return p->x + h[0]->x + n + *k(); } int f(struct s *p) { return g(p, 1, &p, 0); }");
		same("typedef int num; int f(a, b, c) register num b; { { ; } return a + b + c; }\nint after;", "typedef int num; int f(int a, register num b, int c) { { ; } return a + b + c; }\nint after;");
	});

	it("are refused in C23, and nothing else is taken for one", () => {
		expect(typed("int f(a) int a; { return a; }", "gnu23").codes).toEqual(["E0154"]);
		expect(typed("FOO(x) int y; struct s { int a; }; int z;").codes).toEqual(["E0153"]);
		expect(typed("int f(int); int y; int f(int a) { return a; }").codes).toEqual([]);
	});
});
