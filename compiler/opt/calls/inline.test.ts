import { expect, it } from "vitest";
import { compile, DEFAULT_TARGET, defaultOptions } from "../../index.ts";

const FUNCTIONS = "static int two(int a, int b) { return a + b; }\nstatic long wide(long a) { return a; }\nstatic void none(int a) {}\n";

/** C leaves such calls undefined, and the compiler alone. */
it.each([0, 1, 2] as const)("a call through a type that is not the function's own stays a call at -O%i", (optimize) => {
	const text = `${FUNCTIONS}int f(void) { return ((int (*)(int))two)(1) + ((int (*)())two)(2) + ((int (*)(int, int))wide)(1, 2) + ((int (*)(int))none)(3); }`;
	const { output, diagnostics } = compile("f.c", text, { ...defaultOptions({ read: () => null }), stage: "asm", target: { ...DEFAULT_TARGET, debug: false, optimize } });
	expect(diagnostics).toEqual([]);
	expect([...String(output).matchAll(/\bcall (\w+)/g)].map((match) => match[1])).toEqual(["two", "two", "wide", "none"]);
});
