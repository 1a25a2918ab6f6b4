import { expect, it } from "vitest";
import { compile, DEFAULT_TARGET, defaultOptions } from "../index.ts";

const HEAD = `
static inline __attribute__((always_inline)) int number(const char *name)
{
	if (__builtin_strcmp("a.c", name) == 0)
		return 1;
	if (__builtin_strncmp("other.h", name, 5) == 0)
		return 2;
	return 3 + __builtin_strlen(name);
}
`;

const compiled = (text: string) => compile("f.c", HEAD + text, { ...defaultOptions({ read: () => null }), stage: "asm", target: { ...DEFAULT_TARGET, debug: false } });

it.each([
	['"a.c"', 1],
	['"other.c"', 2],
	['"unknown"', 10],
	['"unknown" + 3', 7],
])("strings become known by inlining: %s", (name, expected) => {
	const { output, diagnostics } = compiled(`int f(void) { int n = number(${name}); return __builtin_constant_p(n) ? n : -1; }`);
	expect(diagnostics).toEqual([]);
	expect(String(output)).toContain(`r0 = ${expected}\n`);
});

it("strings that are not known are refused where they are asked about", () => {
	const { diagnostics } = compiled("int f(char *name) { return __builtin_strcmp(name, \"x\"); }");
	expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual(["E0604 the builtin function __builtin_strcmp is not supported for strings that are not constant here"]);
});
