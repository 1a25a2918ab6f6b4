/** Mistakes of those who begin: one message each, at the place, with what it takes to mend it. */
import { describe, expect, it } from "vitest";
import { bundledVmlinux } from "../../runtime/node/vmlinux.ts";
import { renderDiagnostic } from "../diagnostics/render.ts";
import { compile } from "./compile.ts";
import { defaultOptions } from "./options.ts";

/** "line:column: message" of each, and of its notes those that have a place or say something of their own. */
function messages(text: string): string[] {
	const { diagnostics, tokens } = compile("t.c", text, defaultOptions({ read: () => null }));
	return diagnostics.map((one) => {
		const [first, ...rest] = renderDiagnostic(one, tokens, { color: false }).split("\n");
		const notes = rest.filter((line) => /: note: |^note: /.test(line) && !line.includes("expanded from"));
		return [first, ...notes].map((line) => line.replace(/^t\.c:/, "").replace(/error: | \[E\d+\]$/g, "")).join(" | ");
	});
}

describe("one mistake, one message", () => {
	it.each<[string, string, string[]]>([
		["a declaration without its semicolon", "int f(void) {\n\tint a = 1\n\tint b = 2;\n\treturn a + b;\n}", ["2:10: expected ';' after '1'"]],
		["a statement without its semicolon, before one that is wrong as well", "int f(int x) {\n\tx++\n\treturn y;\n}", ["2:3: expected ';' after '++'", "3:9: use of undeclared identifier 'y'"]],
		["what a broken declaration declares", "int f(int x) {\n\tint n = x +;\n\treturn n;\n}\nint g(void) { return f(1); }", ["2:13: expected an expression, found ';'"]],
		["a string that is not closed", '#define P(a) a\nint f(void) {\n\tchar *s = P("x);\n\treturn *s;\n}', ["3:14: the string literal is not closed before the end of the line"]],
		["a macro's arguments that are not closed", "#define MIN(a, b) ((a) < (b) ? (a) : (b))\nint f(int x) {\n\treturn MIN(x, 1;\n}", ["3:9: the argument list of macro 'MIN' is not closed"]],
		["too few arguments of a macro", "#define MIN(a, b) ((a) < (b) ? (a) : (b))\nint f(int x) {\n\treturn MIN(x);\n}", ["3:9: too few arguments for macro 'MIN': it takes 2, 1 given"]],
		["an argument that its macro repeats", "#define SQUARE(a) ((a) * (a))\nstruct s { int b; };\nint f(struct s *p) { return SQUARE(p->c); }", ["3:39: no member named 'c' in 'struct s' | 2:1: note: 'struct s' declared here"]],
		["an operand of assembly that there is not", 'int f(long r) { asm volatile("%[x] += 1" : [y]"+r"(r)); return r; }', ['1:17: unknown symbolic operand name "x" in inline assembly']],
		["a brace that is missing", "int f(int x) {\n\tif (x) {\n\t\treturn 1;\n\treturn 2;\n}\n\nint g(void) {\n\treturn 3;\n}\n", ["1:14: '{' is never closed | 5:1: note: this '}' closes the '{' of line 2, which begins further to the right: is one missing before it?"]],
		["a brace too many", "int f(int x) {\n\tif (x)\n\t\treturn 1;\n\t}\n\treturn 2;\n}\n", ["6:1: '}' closes nothing | 4:2: note: this '}' closes the '{' of line 1, which begins further to the left: is it one too many?"]],
	])("%s", (_, text, expected) => {
		expect(messages(text)).toEqual(expected);
	});
});

describe("the way out", () => {
	it.each<[string, string, string]>([
		["BPF_KPROBE without its header", "int BPF_KPROBE(probe, int dfd) { return dfd; }", "note: 'BPF_KPROBE' is declared in <bpf/bpf_tracing.h>"],
		["byte order as in user space", "int f(int x) { return ntohs(x); }", "note: bpf_ntohs() of <bpf/bpf_endian.h> changes the order of bytes"],
		["the kernel's types, where nothing says which", '#include "vmlinux.h"', "--btf FILE on the command line, the option vmlinux of compile and compileAndLoad"],
		["text as in user space", "int f(char *x) { return strlen(x); }", "eBPF programs have no C library: bpf_strncmp()"],
	])("%s", (_, text, expected) => {
		expect(messages(text).join("\n")).toContain(expected);
	});

	it("a parenthesis that a macro opens is shown in the macro", () => {
		const text = "#define CHECK(x) if (!(x) return 1;\nint f(int x) {\n\tCHECK(x)\n\treturn 2;\n}";
		const { diagnostics, tokens } = compile("t.c", text, defaultOptions({ read: () => null }));
		expect(renderDiagnostic(diagnostics[0], tokens, { color: false })).toContain("t.c:1:21: note: expanded from macro 'CHECK'");
	});

	it("a struct of the kernel's own", () => {
		const { diagnostics } = compile("t.c", "int f(struct task_struct *t) { return t->pid; }", { ...defaultOptions({ read: () => null }), vmlinux: bundledVmlinux });
		expect(diagnostics.flatMap(({ notes = [] }) => notes.map(({ message }) => message))).toContain("'task_struct' is a type of the kernel's own: #include \"vmlinux.h\" in place of the <linux/…> headers");
	});
});
