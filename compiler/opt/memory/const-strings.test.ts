import { expect, it } from "vitest";
import { compile, DEFAULT_TARGET, defaultOptions } from "../../index.ts";

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

const LIBRARY = `
int strcmp(const char *, const char *);
int strncmp(const char *, const char *, unsigned long);
int read(char *);
`;

it.each<[what: string, body: string, words: string[]]>([
	["a builtin", 'char name[32]; read(name); return __builtin_strcmp(name, "bash") == 0;', ["u32", "u8"]],
	["a declared function", 'char name[32]; read(name); return !strcmp("bash", name);', ["u32", "u8"]],
	["one that stops before the end", 'char name[32]; read(name); return strncmp(name, "/proc/self", 6) ? 1 : 2;', ["u32", "u16"]],
	["one that ends before its limit", 'char name[8]; read(name); return !strncmp(name, "ab", 100);', ["u16", "u8"]],
])("whether an object holds a known string is asked in words: %s", (_, body, words) => {
	const { output, diagnostics } = compiled(`${LIBRARY}int f(void) { ${body} }`);
	expect(diagnostics).toEqual([]);
	expect([...String(output).matchAll(/= \*\((u\d+) \*\)\(r10/g)].map(([, word]) => word)).toEqual(words);
	expect(String(output)).not.toMatch(/call str/);
});

it.each([
	["which is greater", 'char name[32]; read(name); return strcmp(name, "bash");'],
	["an object that may be shorter", 'char name[3]; read(name); return strcmp(name, "bash") == 0;'],
	["no object of a known length", 'char *name = (char *)1; return read(name) + !strcmp(name, "bash");'],
])("a declared function stays a call: %s", (_, body) => {
	const { output, diagnostics } = compiled(`${LIBRARY}int f(void) { ${body} }`);
	expect(diagnostics).toEqual([]);
	expect(String(output)).toMatch(/call strcmp/);
});
