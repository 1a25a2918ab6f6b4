import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { DEFAULT_TARGET } from "../driver/options.ts";
import { newPreprocessor } from "./preprocess.ts";
import type { Preprocessor } from "./preprocessor.ts";
import { printPreprocessed } from "./print.ts";

/** Preprocesses text with other files at hand; text without line markers, and what was complained about. */
function preprocess(text: string, files: Readonly<Record<string, string>> = {}, dirs = [{ path: "inc", system: false, quoteOnly: false }]): { text: string; messages: string[]; diagnostics: Diagnostic[]; pp: Preprocessor } {
	const diagnostics: Diagnostic[] = [];
	const pp = newPreprocessor(
		{ target: DEFAULT_TARGET, macros: [], includes: [], dirs, provider: { read: (path) => files[path] ?? null }, builtinHeader: () => undefined, virtualVmlinux: () => false, defer: false },
		(d) => diagnostics.push(d),
	);
	const unit = pp.run("main.c", text);
	return { text: printPreprocessed(unit, false).replace(/\s+/g, " ").trim(), messages: diagnostics.map((d) => `${d.code} ${d.message}`), diagnostics, pp };
}
const expand = (text: string): string => preprocess(text).text;

describe("white space that is not ASCII", () => {
	const blanks = ["\u0085", "\u00a0", "\u1680", "\u2003", "\u2028", "\u202f", "\u205f", "\u3000"];
	it.each(blanks.map((blank) => [blank.codePointAt(0)!.toString(16), blank]))("U+%s parts tokens, with a warning each", (_, blank) => {
		const { text, messages } = preprocess(`#define F(x)${blank}[x]\nint${blank}a1${blank}= 1${blank}+ F${blank}(2);`);
		expect(text).toBe("int a1 = 1 + [2];");
		expect(messages).toEqual(Array.from({ length: 5 }, () => "W0106 treating Unicode character as whitespace"));
	});
	it("stays what it is in strings, and other letters stay in names", () => {
		const { text, messages } = preprocess('char *größe1 = "a\u00a0b"; é; /* \u00a0 */ 1é');
		expect(text).toBe('char *größe1 = "a b"; é; 1é');
		expect(messages).toEqual([]);
	});
});

describe("names with characters by number", () => {
	it("are those that have the characters", () => {
		const { text, messages } = preprocess("#define caf\\u00e9 1\ncafé \\u00e9x \\U000000e9x éx a\\\n\\u00e9b #\\u00e9");
		expect(text).toBe("1 éx éx éx aéb #é");
		expect(messages).toEqual([]);
	});
	it("have none that C writes otherwise", () => {
		expect(preprocess("\\u0041 \\u00e \\ud800").messages.map((m) => m.slice(0, 5))).toEqual(["E0107", "E0107", "E0107"]);
	});
});

describe("comments", () => {
	it("begin and end across lines that are one", () => {
		const { text, messages } = preprocess("a /\\\n* b *\\\n/ c /\\\n\\\n/ d \\\n e\nf /* *\\\n\\\n/\n#define F(x) [x]\nF /\\\n*\n*/ (1) /* \\\n*/ g");
		expect(text).toBe("a c f [1] g");
		expect(messages).toEqual(["W0108 multi-line // comment"]);
	});
});

describe("comments that may reach further than was meant", () => {
	it.each([
		["// goes on \\\n as one\nint a;", ["W0108 multi-line // comment"]],
		["// goes on \\\n // below\nint a;", []],
		["/* a /* b */ int a;", ["W0108 '/*' within block comment"]],
		["#define M(x) x\nM /* a /* b */ (1)", ["W0108 '/*' within block comment"]],
		["/*/ a */ int a; /* b /*/", []],
		["#if 0\n/* a /* b */\n// c \\\nd\n#endif", []],
	])("%j", (text, messages) => {
		expect(preprocess(text).messages).toEqual(messages);
	});
});

describe("macro expansion", () => {
	it("follows the examples of C11 6.10.3.5", () => {
		const definitions = `#define x 3
#define f(a) f(x * (a))
#undef x
#define x 2
#define g f
#define z z[0]
#define h g(~
#define m(a) a(w)
#define w 0,1
#define t(a) a
#define p() int
#define q(x) x
#define r(x,y) x ## y
#define str(x) # x
`;
		expect(expand(`${definitions}f(y+1) + f(f(z)) % t(t(g)(0) + t)(1);`)).toBe("f(2 * (y+1)) + f(2 * (f(2 * (z[0])))) % f(2 * (0)) + t(1);");
		expect(expand(`${definitions}g(x+(3,4)-w) | h 5) & m\n(f)^m(m);`)).toBe("f(2 * (2+(3,4)-0,1)) | f(2 * (~ 5)) & f(2 * (0,1))^m(0,1);");
		expect(expand(`${definitions}p() i[q()] = { q(1), r(2,3), r(4,), r(,5), r(,) };`)).toBe("int i[] = { 1, 23, 4, 5, };");
		expect(expand(`${definitions}char c[2][6] = { str(hello), str() };`)).toBe('char c[2][6] = { "hello", "" };');
		expect(expand("#define hash_hash # ## #\n#define mkstr(a) # a\n#define in_between(a) mkstr(a)\n#define join(c, d) in_between(c hash_hash d)\nchar p[] = join(x, y);")).toBe('char p[] = "x ## y";');
		expect(expand("#define t(x,y,z) x ## y ## z\nint j[] = { t(1,2,3), t(,4,5), t(6,,7), t(8,9,), t(10,,), t(,11,), t(,,12), t(,,) };")).toBe("int j[] = { 123, 45, 67, 89, 10, 11, 12, };");
	});

	it("does not expand a macro within itself", () => {
		expect(expand("#define A B\n#define B A\nA B")).toBe("A B");
		expect(expand("#define f(x) x f\nf(1)(2)(3)")).toBe("1 f(2)(3)");
	});

	it("takes away the comma before empty variable arguments", () => {
		expect(expand("#define p(fmt, args...) f(fmt, ##args)\np(1) p(1,2,3)")).toBe("f(1) f(1,2,3)");
		expect(expand("#define p(...) f(a, ##__VA_ARGS__)\np() p(1)")).toBe("f(a) f(a,1)");
		expect(expand("#define p(fmt, ...) f(fmt, ##__VA_ARGS__)\np(1) p(1,2)")).toBe("f(1) f(1,2)");
	});

	it("leaves the comma before variable arguments that are there and empty", () => {
		expect(expand("#define p(fmt, ...) f(fmt, ##__VA_ARGS__)\np(1) p(1,) p(,)")).toBe("f(1) f(1,) f(,)");
	});

	it("hands white space in front of nothing to the next token", () => {
		const text = (definition: string, call: string): string => expand(`#define H(x) #x\n#define STR(x) H(x)\n#define E\n#define ${definition}\nSTR(${call})`).slice(1, -1);
		expect(text("F(a, b, c) (a, b, c)", "F(1,,E)")).toBe("(1, , )");
		expect(text("F(x) + x", "F()+")).toBe("+ +");
		expect(text("F(x) +x", "F()+")).toBe("++");
		expect(text("F(x, y) x y", "-F(,)-")).toBe("- -");
		expect(text("F(x) [ x ]", "F(-E-)")).toBe("[ -- ]");
		expect(text("F(x, y) a x##y##b", "F(,)")).toBe("a b");
		expect(text("F(x, y) a##x y##x b##x", "F(,c)")).toBe("a c b");
		expect(text("F(x, ...) __VA_OPT__(a x) ## b", "F(,.)")).toBe("a b");
		expect(text("F(x, ...) a ## __VA_OPT__(x ## x b)", "F(,.)")).toBe("a b");
		expect(text("F(x, ...) f(x __VA_OPT__(,)+)", "F(1)")).toBe("f(1 +)");
		expect(text("F(x, ...) #__VA_OPT__(x a x)", "F(,.)")).toBe('\\"a\\"');
		expect(expand("#define F(x) f x\n#define f(x) <x>\n#define I(x) x\nI(F()(1))")).toBe("<1>");
	});

	it("knows __VA_OPT__", () => {
		expect(expand("#define p(a, ...) f(a __VA_OPT__(, __VA_ARGS__))\np(1) p(1,) p(1,2)")).toBe("f(1 ) f(1 ) f(1 , 2)");
		expect(expand("#define s(...) #__VA_OPT__(a __VA_ARGS__)\ns(b)")).toBe('"a b"');
	});

	it("keeps the characters of digraphs", () => {
		expect(expand("#define H(x) #x\n#define STR(x) H(x)\n#define LB <:\n%:define cat(a, b) a %:%: b\nSTR(a[LB) STR(%> :> [ ]) STR(cat(%:, %:)) cat(1, 2)")).toBe('"a[<:" "%> :> [ ]" "%:%:" 12');
	});

	it("escapes what # puts into quotes", () => {
		expect(expand('#define s(x) #x\ns("a\\n" \'"\')')).toBe('"\\"a\\\\n\\" \'\\"\'"');
	});

	it("reads arguments across lines and directives", () => {
		expect(expand("#define f(a, b) a-b\nf(1,\n#if 1\n2\n#else\n3\n#endif\n)")).toBe("1-2");
	});

	it("names the places of a token: call, macro body, argument", () => {
		const { pp } = preprocess("#define TWICE(x) (x + x)\nint y = TWICE(z);\n");
		const { buffer } = pp;
		const first = [...Array(buffer.length).keys()].find((i) => buffer.text(i) === "z") as number;
		expect(buffer.place(first)).toEqual({ file: "main.c", line: 2, column: 9 });
		expect(buffer.spelling(first)).toEqual({ file: "main.c", line: 2, column: 15 });
		expect(buffer.spelling(first + 1)).toEqual({ file: "main.c", line: 1, column: 21 });
	});
});

describe("conditionals", () => {
	it("computes in 64 bits, signed or not", () => {
		expect(expand("#if -1 > 0u\nyes\n#endif")).toBe("yes");
		expect(expand("#if (2 || 1/0) && 0x7fffffffffffffff + 1 < 0\nyes\n#else\nno\n#endif")).toBe("yes");
		expect(expand("#if 'a' == 97 && '\\xff' < 0\nyes\n#endif")).toBe("yes");
	});

	it("knows characters as the program does", () => {
		const yes = (condition: string): string => expand(`#if ${condition}\nyes\n#else\nno\n#endif`);
		expect(yes("L'\\400' == 256 && u'\\x1234' == 0x1234 && L'\\u20ac' == 0x20ac && 'ab' == 24930")).toBe("yes");
		expect(yes("u'a' - 98 > 0 && U'a' - 98 > 0 && L'a' - 98 < 0 && 'a' - 98 < 0")).toBe("yes");
		expect(yes("'\\?' == 63 && '\\\\' == 92")).toBe("yes");
	});

	it("skips groups whatever stands in them", () => {
		expect(expand("#if 0\n'don't\n#if 1\n#else\n#endif\n\"\n#elif 1\nyes\n#else\nno\n#endif")).toBe("yes");
	});

	it("knows elifdef, elifndef and defined out of macros", () => {
		expect(expand("#define D defined(X)\n#define X\n#if D\na\n#endif\n#ifdef Y\n#elifdef X\nb\n#endif\n#ifdef Y\n#elifndef Y\nc\n#endif")).toBe("a b c");
	});

	it("asks what the compiler has", () => {
		expect(expand("#if __has_builtin(__builtin_memcpy) && !__has_builtin(__builtin_nonsense) && __has_attribute(__packed__) && __has_include(<a.h>) == 0\nyes\n#endif")).toBe("yes");
	});
});

describe("files", () => {
	it("includes, once if asked, and goes on behind with include_next", () => {
		const files = { "one/x.h": "one\n#include_next <x.h>\n", "two/x.h": "#pragma once\ntwo\n" };
		const dirs = ["one", "two"].map((path) => ({ path, system: false, quoteOnly: false }));
		expect(preprocess("#include <x.h>\n#include <x.h>\n", files, dirs).text).toBe("one #pragma once two one");
	});

	it("includes once what two paths lead to", () => {
		const files = { "lib/x.h": "#pragma once\nx\n", "lib/sub/../x.h": "#pragma once\nx\n", "lib/./x.h": "#pragma once\nx\n" };
		expect(preprocess('#include "lib/x.h"\n#include "lib/sub/../x.h"\n#include "lib/./x.h"\n', files).text).toBe("#pragma once x");
	});

	it("reads a guarded header once", () => {
		let reads = 0;
		const { pp } = preprocess('#include "g.h"\n#include "g.h"\n', { "g.h": "#ifndef G\n#define G\nint g;\n#endif\n" });
		for (const file of pp.sources.files) if (file.path === "g.h") reads++;
		expect(reads).toBe(1);
	});

	it("counts lines as #line says", () => {
		expect(expand('#line 100 "other.c"\n__LINE__ __FILE__')).toBe('100 "other.c"');
	});

	it("is on the line on which the outermost macro call ends, but in an argument where it stands", () => {
		expect(expand("#define AT(x) x __LINE__\n#define HERE __LINE__\nAT(\n__LINE__\n) HERE\nAT(AT(a\n))\n").replace(/\s+/g, " ").trim()).toBe("4 5 5 a 7 7");
	});

	it("keeps macros with push_macro", () => {
		expect(expand('#define A 1\n#pragma push_macro("A")\n#undef A\n#define A 2\nA\n#pragma pop_macro("A")\nA').replace(/#pragma \S+\s?/g, "")).toBe("2 1");
	});
});

describe("limits and malformed text end in a message", () => {
	it.each([
		["#include \"main.c\"\n", "E0122"],
		["#if 1\n", "E0106"],
		["#endif\n", "E0106"],
		["#define f(\n", "E0111"],
		["#define f(x) x\nf(1,2)\n", "E0117"],
		["#define f(x) x\nf(1\n", "E0116"],
		["#if 1 +\n#endif\n", "E0130"],
		["#if 1/0\n#endif\n", "E0130"],
		["#error stop here\n", "E0131"],
		["#inclde <x>\n", "E0108"],
		["#include <nothing.h>\n", "E0109"],
		['char *s = "abc\n;', "E0101"],
		["/* never closed", "E0103"],
		["#define p(a,b) a##b\np(+,;)\n", "E0118"],
		["int a @ b;", "E0107"],
	])("%j gives %s", (text, code) => {
		expect(preprocess(text, { "main.c": text }).messages.map((m) => m.slice(0, 5))).toContain(code);
	});

	it("says nothing of open conditionals after a header that is not there", () => {
		expect(preprocess("#if 1\n#include <nothing.h>\n#endif\n").messages.map((m) => m.slice(0, 5))).toEqual(["E0109"]);
	});

	it("stops a macro that doubles without end", () => {
		expect(preprocess(`#define D(x) x x\n${"D(".repeat(40)}1${")".repeat(40)}\n`).messages.map((m) => m.slice(0, 5))).toEqual(["E0121"]);
	});

	it("names the nesting limit of macro calls", () => {
		const { messages } = preprocess(`#define f(x) x\n${"f(".repeat(20_000)}${")".repeat(20_000)}\n`);
		expect(messages[0]).toMatch(/^E0120 /);
	});
});

describe("_Pragma", () => {
	it("takes a macro for its literal, as tracing headers do without a machine", () => {
		const { messages } = preprocess('#define WHY "GCC error \\"choose a machine\\""\n#define REGISTER(x) ({ _Pragma(WHY); 0l; })\nlong r = REGISTER(1);\n');
		expect(messages).toEqual(["E0131 choose a machine"]);
	});
});
