import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { recipeText } from "../../test/scripts/gen-grammar.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { DEFAULT_TARGET } from "../driver/options.ts";
import { newPreprocessor } from "../preprocess/preprocess.ts";
import type { Declarator, Expr, ExternalDecl, Stmt } from "./ast.ts";
import { parseUnit } from "./parse-unit.ts";
import type { ParsedUnit } from "./unit.ts";

function parse(text: string, header?: { readonly text: string; readonly defer: boolean }): { unit: ParsedUnit; errors: string[]; diagnostics: Diagnostic[] } {
	const diagnostics: Diagnostic[] = [];
	const report = (d: Diagnostic): void => void diagnostics.push(d);
	const pp = newPreprocessor({ target: DEFAULT_TARGET, macros: [], includes: [], dirs: [], provider: { read: (path) => (path === "h.h" ? (header?.text ?? null) : null) }, builtinHeader: () => undefined, virtualVmlinux: () => false, defer: header?.defer ?? false }, report);
	const unit = parseUnit(pp.run("t.c", text), null, { report });
	void unit.roots;
	return { unit, diagnostics, errors: diagnostics.map((d) => `${d.span === null ? 0 : pp.buffer.place(d.span.from).line}: ${d.message}`) };
}
function decls(text: string): readonly ExternalDecl[] {
	const { unit, errors } = parse(text);
	expect(errors).toEqual([]);
	return unit.roots.map((r) => r.decl);
}
/** The body of the one function. */
function body(text: string): readonly Stmt[] {
	const [fn] = decls(`void f(void) { ${text} }`);
	return fn.kind === "function" ? fn.body.body : [];
}
/** An expression with all parentheses. */
function show(e: Expr): string {
	switch (e.kind) {
		case "identifier":
			return e.name;
		case "number":
		case "char":
			return e.text;
		case "binary":
		case "assign":
			return e.kind === "binary" ? `(${show(e.left)}${e.op}${show(e.right)})` : `(${show(e.target)}${e.op}${show(e.value)})`;
		case "conditional":
			return `(${show(e.condition)}?${e.then === undefined ? "" : show(e.then)}:${show(e.else)})`;
		case "comma":
			return `(${show(e.left)},${show(e.right)})`;
		case "unary":
			return `(${e.op}${show(e.operand)})`;
		case "postfix":
			return `(${show(e.operand)}${e.op})`;
		case "cast":
			return `((T)${show(e.operand)})`;
		case "call":
			return `${show(e.callee)}(${e.args.map(show).join(",")})`;
		case "index":
			return `${show(e.base)}[${show(e.index)}]`;
		case "member":
			return `${show(e.base)}${e.arrow ? "->" : "."}${e.name}`;
		default:
			return `<${e.kind}>`;
	}
}
function expression(text: string): string {
	const [s] = body(`${text};`);
	return s.kind === "expr" ? show(s.expr) : s.kind;
}
/** "pointer(array(x))": outermost first. */
function shape(d: Declarator): string {
	return d.kind === "name" ? (d.name ?? "") : `${d.kind}(${shape(d.inner)})`;
}

describe("expressions", () => {
	it.each([
		["a + b * c - d", "((a+(b*c))-d)"],
		["a << 1 + 2 < 3 == 4 & 5 ^ 6 | 7 && 8 || 9", "((((((((a<<(1+2))<3)==4)&5)^6)|7)&&8)||9)"],
		["a = b += c", "(a=(b+=c))"],
		["a ? b : c ? d : e", "(a?b:(c?d:e))"],
		["a ?: b", "(a?:b)"],
		["a, b, c", "((a,b),c)"],
		["-!~*&a++", "(-(!(~(*(&(a++))))))"],
		["(int)-a * 2", "(((T)(-a))*2)"],
		["(a)(b)[1].c->d--", "(a(b)[1].c->d--)"],
		["sizeof(int) - 1", "(<sizeof-type>-1)"],
		["sizeof a - 1", "(<sizeof-expr>-1)"],
		["(struct s){1}.x", "<compound-literal>.x"],
		["({ 1; }) + &&l", "(<statement>+<label-address>)"],
		["__builtin_offsetof(struct s, a.b[2])", "<offsetof>"],
		["_Generic(a, int: 1, default: 2)", "<generic>"],
	])("%s", (text, tree) => {
		expect(expression(text)).toBe(tree);
	});
});

describe("declarators", () => {
	it.each([
		["int *a[3];", "pointer(array(a))"],
		["int (*a)[3];", "array(pointer(a))"],
		["int (*f(int))(void);", "function(pointer(function(f)))"],
		["char *(*(*x[2])(int))[5];", "pointer(array(pointer(function(pointer(array(x))))))"],
	])("%s", (text, expected) => {
		const [d] = decls(text);
		expect(d.kind === "declaration" ? shape(d.declarators[0].declarator) : d.kind).toBe(expected);
	});
});

describe("type names", () => {
	it("are hidden by a local of the same name, to the end of its block", () => {
		expect(parse("typedef int type; void f(void) { { int type = 1; type = type * 2; } type *p; p = (type *)0; }").errors).toEqual([]);
	});
	it("are hidden by a parameter", () => {
		expect(parse("typedef int u; int f(struct s *p, long u) { return u + (u) * 2; }").errors).toEqual([]);
	});
	it("can be declared within a function", () => {
		expect(parse("void f(void) { typedef long T, *P; T v = (T)1; P p = &v; }").errors).toEqual([]);
	});
	it("a local typedef may have attributes behind its name, or name a function", () => {
		const { errors } = parse("typedef unsigned u32; void f(void) { typedef long T __attribute__((aligned(2))); T *p = 0; typedef u32 __attribute__((aligned(2))) half; half *q = 0; }");
		expect(errors).toEqual([]);
		expect(parse("void f(void) { typedef int fn(int a, int b); fn *p = 0; int a = 1; a = a * 2; }").errors).toEqual([]);
		expect(parse("void f(void) { typedef struct tag (*fp)(int x); struct tag *p = 0; fp *q = 0; int tag = 3; tag = tag * 2; }").errors).toEqual([]);
	});

	it("a later declarator of a list hides a typedef too", () => {
		expect(parse("typedef struct { int a; } T; int f(int x) { T h = {1}, *T = &h; if (T->a) return T->a; return 0; } int g(void) { int a = 1, T[2] = {a}; T[a] = a; return T[0]; } void h(void) { int k(int, T, T *); k(1, (T){2}, (T *)0); T v, w; }").errors).toEqual([]);
	});
	it("can name members, tags and labels", () => {
		expect(parse("typedef int t; struct t { t t; }; int f(struct t *p) { t: return p->t; }").errors).toEqual([]);
	});
});

describe("statements", () => {
	it("nest else-if chains and labels", () => {
		const [s] = body("if (a) ; else if (b) ; else c;");
		expect(s.kind === "if" && s.else?.kind === "if" && s.else.else?.kind).toBe("expr");
		const [sw] = body("switch (a) { case 1: case 2 ... 5: default: x: break; }");
		expect(sw.kind === "switch" && sw.body.kind === "compound" && sw.body.body[0].kind).toBe("case");
	});
	it("read asm with all its parts", () => {
		const [s] = body('asm volatile goto("jmp %l[l]" : "=r"(a), [n] "+m"(b) : "i"(1) : "r0", "memory" : l); l:;');
		expect(s).toMatchObject({ kind: "asm", volatile: true, goto: true, template: "jmp %l[l]", clobbers: ["r0", "memory"], labels: ["l"] });
		const [t] = body('asm("x" :: "r"(1) : "cc");');
		expect(t).toMatchObject({ outputs: [], clobbers: ["cc"] });
	});
	it("give loop pragmas to the loop", () => {
		const [s] = body("\n#pragma unroll 4\nfor (int i = 0; i < 3; i++) ;");
		expect(s).toMatchObject({ kind: "for", loop: { unroll: 4 } });
		const [t] = body("\n#pragma clang loop unroll(disable)\nwhile (1) ;");
		expect(t).toMatchObject({ kind: "while", loop: { unroll: 1 } });
		const [u] = body("\nchar b[4];\n#pragma unroll (sizeof(b) + 1)\nfor (int i = 0; i < 3; i++) ;").slice(1);
		expect(u).toMatchObject({ kind: "for", loop: { unroll: 0 } });
	});
});

describe("file scope", () => {
	it("knows what each declaration declares", () => {
		const { unit } = parse("typedef struct { int x; } *P, A[2]; enum e { ONE, TWO = (1, 2), }; extern int o; int o = 1; static void *(*const helper)(int a) = (void *) 1; struct s { struct in { int y; } in; };");
		expect([...unit.ordinaryNames()].sort()).toEqual(["A", "ONE", "P", "TWO", "helper", "o"]);
		expect([...unit.tagNames()].sort()).toEqual(["e", "in", "s"]);
		expect(unit.ordinary("o")).toHaveLength(2);
		expect(unit.tag("in")[0]).toBe(unit.tag("s")[0]);
		expect(unit.ordinary("nothing")).toEqual([]);
	});
	it("tells what must be emitted", () => {
		const { unit } = parse("static int unused(void) { return 1; } int used(void) { return 2; } static int kept __attribute__((used)); extern int e; inline int i(void) { return 3; } int proto(void);");
		expect(unit.roots.map((r) => r.emit)).toEqual([false, true, true, false, false, false]);
	});
	it("puts pragma attributes and packing on records", () => {
		const { unit } = parse("#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)\nstruct a { int x; };\n#pragma clang attribute pop\n#pragma pack(push, 1)\nstruct b { int x; };\n#pragma pack(pop)\nstruct c { int x; };\n");
		const attrs = (tag: string): string[] => {
			const [d] = unit.tag(tag);
			return d.kind === "declaration" && d.specs.type.kind === "record" ? d.specs.type.attrs.map((a) => a.name) : [];
		};
		expect([attrs("a"), attrs("b"), attrs("c")]).toEqual([["preserve_access_index"], ["pragma_pack"], []]);
	});
	it("reads bodies that were passed over as if they had not been", () => {
		// Large enough to be worth passing over.
		const filler = Array.from({ length: 4000 }, (_, i) => `struct filler${i} {\n\tint a;\n\tunion {\n\t\tlong b;\n\t} u;\n};\n`).join("");
		const text = `#define WIDTH 3\n#pragma pack(push, 1)\nstruct s {\n\tchar a[WIDTH];\n\tint b;\n};\n#pragma pack(pop)\n#undef WIDTH\nenum e {\n\tX = 1,\n\tY = (2, 3),\n\tZ,\n};\n${filler}`;
		const plain = parse('#include "h.h"\n', { text, defer: false }).unit;
		const deferred = parse('#include "h.h"\n', { text, defer: true }).unit;
		const tree = (unit: ParsedUnit, tag: string): string => JSON.stringify(unit.tag(tag), (key, value: unknown) => (key === "span" ? undefined : value));
		for (const tag of ["s", "e", "filler7"]) expect(tree(deferred, tag)).toBe(tree(plain, tag));
		expect(deferred.ordinary("Y")[0]).toBe(deferred.tag("e")[0]);
		expect(deferred.tokens.length).toBeLessThan(plain.tokens.length);
	});
});

describe("syntax errors", () => {
	it("are several in one run, each at its place", () => {
		const { errors } = parse("int f(void)\n{\n\tint x = 1\n\tint y;\n\tx = ;\n\tfoo_t z;\n\treturn x\n}\nstruct s { int a; }\nint g;\n");
		expect(errors).toEqual(["3: expected ';' after '1'", "5: expected an expression, found ';'", "6: unknown type name 'foo_t'", "7: expected ';' after 'x'", "9: expected ';' after '}'"]);
	});
	it("suggest a type name and the edit", () => {
		const { diagnostics } = parse("typedef unsigned int my_u32;\nmy_u23 x;\n");
		expect(diagnostics[0]).toMatchObject({ code: "E0153", message: "unknown type name 'my_u23'; did you mean 'my_u32'?", fix: { text: "my_u32" } });
	});
	it("name brackets that do not match", () => {
		expect(parse("int f(void) { return (1 + 2; }\nint g(int a { return 1; }\nint h;").errors).toEqual(["1: '(' is not closed before '}'", "2: expected ')' before '{'"]);
	});
	it("name an else that belongs to no if, and not the semicolon in front of it", () => {
		expect(parse("int f(int x)\n{\n\tx++;\n\telse x--;\n\tif (x) { x = 1; } x++;\n\telse x = 2;\n\treturn x;\n}\n").errors[0]).toMatch(/^4: 'else' without an 'if'/);
		expect(parse("void f(int x) { if (x) ; else x = 1; }\n").errors).toEqual([]);
	});
	it("are an error at 100,000 nested brackets, not a crash", () => {
		expect(parse(`int x = ${"(".repeat(100_000)}1${")".repeat(100_000)};`).errors).toEqual(["1: brackets are nested more than 256 deep"]);
		expect(parse(`int f(void) { ${"{".repeat(100_000)}${"}".repeat(100_000)} }`).errors).toEqual(["1: brackets are nested more than 256 deep"]);
	});
	it("take nested brackets as far as the stack of a library's caller goes", () => {
		expect(parse(`int x = ${"(".repeat(80)}1${")".repeat(80)};`).errors).toEqual([]);
		expect(parse(`void f(void) { ${"{".repeat(80)}${"}".repeat(80)} }`).errors).toEqual([]);
	});
	it("take long runs of operators and prefixes", () => {
		expect(parse(`int x = ${"1 + ".repeat(5000)}1; int y = ${"- ".repeat(5000)}1; void f(void) { ${"if (x) ; else ".repeat(500)} ; }`).errors).toEqual([]);
	});
});

describe("the checked-in recipe", () => {
	it("is what the grammar gives (npx tsx test/scripts/gen-grammar.ts)", () => {
		expect(readFileSync(new URL("recipe.ts", import.meta.url), "utf8")).toBe(recipeText());
	});
});
