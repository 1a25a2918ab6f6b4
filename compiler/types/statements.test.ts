import { describe, expect, it } from "vitest";
import { checkText } from "../../test/support/typed.ts";
import { printFunction } from "./print.ts";

/** The body of the last function, one line a statement, indentation taken off. */
function body(text: string): string[] {
	const { typed, errors } = checkText(text);
	expect(errors).toEqual([]);
	const f = typed.functions.filter((s) => s.body).at(-1)!;
	return printFunction(f).split("\n").slice(1, -1).map((line) => line.trim());
}

const GUARD = "void done(int *p); void step(void); int any(void);\n#define AUTO __attribute__((cleanup(done)))\n";

describe("cleanup attributes", () => {
	it("run at the end of the block, innermost first", () => {
		expect(body(`${GUARD} void f(void) { AUTO int a = 1; AUTO int b = 2; step(); }`)).toEqual(["local int a = 1;", "local int b = 2;", "step();", "done(&b);", "done(&a);"]);
	});

	it("run before a return, after its value is taken", () => {
		expect(body(`${GUARD} int f(void) { AUTO int a = 1; return a; }`)).toEqual(["local int a = 1;", "local int .return.0 = load a;", "done(&a);", "return load .return.0;", "done(&a);"]);
	});

	it("run before break and continue leave their scope", () => {
		expect(body(`${GUARD} void f(void) { while (any()) { AUTO int a = 1; if (any()) break; step(); } }`)).toEqual([
			"loop before (any())", "{", "local int a = 1;", "if (any())", "{", "done(&a);", "break;", "}", "step();", "done(&a);", "}",
		]);
	});

	it("run before a goto out of their scope, forward or backward, and not for one within", () => {
		expect(body(`${GUARD} void f(void) { again: { AUTO int a = 1; if (any()) goto out; if (any()) goto again; if (any()) goto in; in: step(); } out:; }`)).toEqual([
			"again:", "{", "local int a = 1;",
			"if (any())", "{", "done(&a);", "goto out;", "}",
			"if (any())", "{", "done(&a);", "goto again;", "}",
			"if (any())", "{", "goto in;", "}",
			"in:", "step();", "done(&a);", "}", "out:", "{", "}",
		]);
	});

	it("run after a statement expression's value is taken", () => {
		expect(body(`${GUARD} int f(void) { return ({ AUTO int a = 1; a + 1; }); }`).join(" ")).toBe("return ({ local int a = 1; local int .value.0 = (load a + 1); done(&a); => load .value.0 });");
	});
});

describe("statements", () => {
	it("number the cases of a switch and keep its ranges", () => {
		expect(body("int f(unsigned char c) { switch (c) { case 'a' ... 'z': return 1; case -1: return 2; default: return 3; } }")[0]).toBe("switch ((int)load c) [97...122→#0 -1→#1 default→#2]");
	});

	it("convert case values to the promoted type of the switch", () => {
		expect(body("int f(unsigned c) { switch (c) { case -1: return 2; } return 0; }")[0]).toBe("switch (load c) [4294967295→#0]");
	});

	it("may have attributes as C23 writes them, as declarations in blocks may", () => {
		const { typed, errors } = checkText(`
			typedef int T; int g(void);
			int f(int x) {
				[[maybe_unused]] T y = 1; [[unused]] g();
				switch (x) { case 1: [[maybe_unused]] static int kept; [[fallthrough]]; case 2: [[unused]] { x++; } }
				for ([[maybe_unused]] int i = 0; i < 3; i++) x++;
				return x;
			}`);
		expect(errors).toEqual([]);
		expect(typed.functions.find((fn) => fn.name === "f")!.body!.locals.map((local) => local.name)).toEqual(["y", "i"]);
	});

	it("rename __label__ names", () => {
		const lines = body("#define M() ({ __label__ out; goto out; out: 1; })\nint f(void) { return M() + M(); }");
		expect(lines.join(" ")).toMatch(/goto out\.0;.*out\.0:.*goto out\.1;.*out\.1:/);
	});

	it("keep a static local apart, named for its function", () => {
		const { typed } = checkText("int f(void) { static int n = 4; static const char *const s = \"x\"; return n++ + *s; }");
		expect(new Map(typed.objects.map((o) => [o.name, o.ownerFunction]))).toEqual(new Map([["n", "f"], ["s", "f"], [".L.str.init0", undefined]]));
	});

	it("deduce __auto_type", () => {
		expect(body("long g(void); void f(void) { const __auto_type x = g(); __auto_type s = \"ab\"; }")).toEqual(["local const long x = g();", 'local char *s = &"ab";']);
	});

	it("hand loops their unroll pragma", () => {
		expect(body("void g(void); void f(void) {\n#pragma unroll\nfor (int i = 0; i < 3; i++) g();\n}")[2]).toBe("loop before ((load i < 3)) step (old i += 1 in int) unroll(0)");
	});

	it("check operands of assembly", () => {
		expect(body('long f(long x) { register long r asm("r1") = x; int y; asm volatile("%[o] = %1" : [o] "=&r"(y), "+r"(r) : "i"(5), "0"(x), "m"(x) : "r2", "memory"); return y; }').at(-2)).toBe(
			'asm volatile("%[o] = %1" : [o]"=&r"(y), "+r"(r) : "i"(5), "0"(load x), "m"(load x) : "r2", "memory");',
		);
	});
});

describe("what is emitted", () => {
	const names = (text: string): string[] => {
		const { typed, errors } = checkText(text);
		expect(errors).toEqual([]);
		return [...typed.functions, ...typed.objects].map((s) => `${s.linkage} ${s.name}`).sort();
	};

	it("is what a definition with external linkage reaches", () => {
		expect(names("static int a(void) { return 1; } static int b(void) { return a(); } static int c(void) { return 2; } int d(void) { return b(); } int e(void); extern int x, y; int z = sizeof(y); int *p(void) { return &x; }")).toEqual([
			"extern x", "global d", "global p", "global z", "static a", "static b",
		]);
	});

	it("holds what is marked used, and leaves out what only dead code names", () => {
		expect(names("static int a __attribute__((used)); static int b(void) { return 1; } static int c(void) { return 1; } int d(void) { if (0) return b(); return 0 && c(); }")).toEqual(["global d", "static a"]);
	});

	it("merges the declarations of one name", () => {
		const { typed } = checkText('extern int a[]; int a[3]; extern int w __attribute__((weak, section(".ksyms"))); extern int w; int f(void); __attribute__((noinline)) int f(void) { return a[0] + w; }');
		expect(typed.objects.map((o) => [o.name, o.linkage, o.weak, o.section, o.type.kind === "array" ? o.type.length : null])).toEqual([["a", "global", false, null, 3], ["w", "extern", true, ".ksyms", null]]);
		expect(typed.functions.map((f) => f.inline)).toEqual(["never"]);
	});

	it("lets noinline win over always_inline, whichever comes first", () => {
		const { typed } = checkText("static __attribute__((always_inline)) int a(int); __attribute__((noinline)) int a(int x) { return x; } static __attribute__((noinline)) int b(int); static inline __attribute__((always_inline)) int b(int x) { return x; } int f(int x) { return a(x) + b(x); }");
		expect(typed.functions.map((f) => `${f.name} ${f.inline}`)).toEqual(["a never", "b never", "f none"]);
	});

	it("makes a symbol of `inline` as the dialect has it", () => {
		const inlines = "inline int c(void) { return 1; } extern inline int d(void) { return 2; } extern inline __attribute__((gnu_inline)) int g(void) { return 3; } inline __attribute__((__gnu_inline__)) int h(void) { return 4; }";
		expect(names(inlines)).toEqual(["global d", "global h"]);
		expect(names(`${inlines} int f(void) { return c() + g(); }`)).toEqual(["global d", "global f", "global h", "static c", "static g"]);
	});

	it("refuses floating-point numbers only in what the object holds", () => {
		const text = "static inline double half(int x) { return x / 2.0; } extern inline __attribute__((gnu_inline)) double atof(const char *p) { return 1.0 + half(3); }";
		expect(checkText(text).errors).toEqual([]);
		expect(checkText(`${text} int f(int x) { return half(x) > 1; }`).errors.join()).toContain("floating-point arithmetic is not supported");
	});

	it("computes lengths of array parameters on entry, constant ones not", () => {
		expect(body("enum { N = 3 }; int f(int n, int a[n++], int b[N], int c[static n]) { return n; }")).toEqual(["old n += 1 in int;", "load n;", "return load n;"]);
	});

	it("makes weak what #pragma weak names, before or behind the declaration", () => {
		const { typed } = checkText("#pragma weak later\n#pragma weak own\nint later(void); static int own(void) { return 1; }\nint f(void) { return later() + own(); }\nint v = 3;\n#pragma weak f\n#pragma weak v\n");
		expect([...typed.functions, ...typed.objects].map((s) => [s.name, s.weak])).toEqual([["later", true], ["own", false], ["f", true], ["v", true]]);
		expect(checkText("#pragma weak a = f\nint f(void) { return 1; }").errors.join()).toContain("alias is not supported");
	});
	it("calls functions through constant tables directly", () => {
		const text = "static int twice(int x) { return 2 * x; } struct ops { const char *name; int (*call)(int); }; static const struct ops table[2] = { [1] = { \"t\", twice } }; int f(int x) { return table[1].call(x); }";
		expect(body(text).at(-1)).toBe("return twice(load x);");
		expect(names(text)).toEqual(["global f", "static twice"]);
	});

	it("calls what a loader is to patch by a number below zero", () => {
		expect(body("static void *(*patch)(unsigned long) = (void *)-2; void *f(void) { return patch(3); }").at(-1)).toBe("return helper#-2:patch(3:unsigned long);");
	});

	it("calls helpers by number, through pointers that nobody changes", () => {
		expect(body("static void *(*const lookup)(void *, const void *) = (void *)1; static long (*trace)(const char *, ...) = (void *)6; void *f(void *m) { int k = 0; trace(\"x\", k); return lookup(m, &k); }").slice(1)).toEqual([
			'helper#6:trace(&"x", load k);'.replace('&"x"', '(const char *)&"x"'), "return helper#1:lookup(load m, (const void *)&k);",
		]);
	});
});
