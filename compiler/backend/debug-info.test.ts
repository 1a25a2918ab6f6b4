import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readElf } from "../../assembler/elf/read.ts";
import type { ObjectFile } from "../../assembler/object.ts";
import { btfShapes } from "../../test/support/btf-shapes.ts";
import { compile } from "../driver/compile.ts";
import { defaultOptions } from "../driver/options.ts";

const HEAD = `typedef unsigned int u32; typedef unsigned long long u64;
#define SEC(x) __attribute__((section(x), used))
#define __uint(n, v) int (*n)[v]
#define __type(n, v) typeof(v) *n
`;

/** Each program shows some of BTF; the expected lines are a selection, and clang's whole output is compared where clang is. */
const programs: readonly [what: string, source: string, lines: readonly string[]][] = [
	[
		"maps bring key and value whole, other records only as far as needed",
		`struct far { int z; };
struct near { struct far *p; };
struct value { u64 a; struct near *n; struct near inside; };
struct { __uint(type, 1); __uint(max_entries, 16); __type(key, u32); __type(value, struct value); } m SEC(".maps");
SEC("xdp") int prog(void *ctx) { return (long)&m != 0; }`,
		[
			"fwd struct far",
			"struct near:8{p@0.0 ptr(fwd struct far)}",
			"var global m struct :32{type@0.0 ptr([1]int int:4.32.0.1 by int); max_entries@64.0 ptr([16]int int:4.32.0.1 by int); key@128.0 ptr(typedef u32(int unsigned int:4.32.0.0)); value@192.0 ptr(struct value)}",
		],
	],
	[
		"enums of 32 and 64 bits, signed and not",
		`enum small { A, B = -1 }; enum plain { C = 4294967295u }; enum big { D = 0x100000000ull }; enum bigs { E = -1, F = 0x100000000ll };
struct all { enum small a; enum plain b; enum big c; enum bigs d; };
SEC("xdp") int prog(struct all *ctx) { return ctx->a; }`,
		[
			"enum plain:4u{C=4294967295}",
			"enum small:4s{A=0,B=-1}",
			"enum64 big:8u{D=4294967296}",
			"enum64 bigs:8s{E=-1,F=4294967296}",
		],
	],
	[
		"bit-fields, anonymous members, arrays of arrays, flexible ends",
		`struct s { int a : 3; u32 b : 5; unsigned : 4; union { int u1; u32 u2; }; char g[2][3]; _Bool f; int flex[]; };
SEC("xdp") int prog(struct s *ctx) { return ctx->a; }`,
		[
			"struct s:16{a@0.3 int int:4.32.0.1; b@3.5 typedef u32(int unsigned int:4.32.0.0); @32.0 union :4{u1@0.0 int int:4.32.0.1; u2@0.0 typedef u32(int unsigned int:4.32.0.0)}; g@64.0 [2][3]int char:1.8.0.1 by int by int; f@112.0 int _Bool:1.8.0.4; flex@128.0 [0]int int:4.32.0.1 by int}",
		],
	],
	[
		"functions: linkage, names and qualifiers of parameters, tags",
		`static __attribute__((noinline)) int helper(const int n, char *s) { return n + *s; }
__attribute__((noinline)) int global_one(u64 *p __attribute__((btf_decl_tag("arg:nonnull")))) { return *p; }
extern int kfunc(u32 a) SEC(".ksyms");
SEC("xdp") int prog(void *ctx) { u64 x = 1; return helper(3, ctx) + global_one(&x) + kfunc(2); }`,
		[
			"decl_tag arg:nonnull@0 func global global_one ",
			"datasec .ksyms:0{func extern kfunc .0}",
			"func extern kfunc ( typedef u32(int unsigned int:4.32.0.0)) -> int int:4.32.0.1",
			"func static helper (n const(int int:4.32.0.1), s ptr(int char:1.8.0.1)) -> int int:4.32.0.1",
		],
	],
	[
		"type tags stand between the pointer and what it points to",
		`struct node { int v; };
struct holder { struct node __attribute__((btf_type_tag("a"))) __attribute__((btf_type_tag("b"))) *n; int __attribute__((btf_type_tag("user"))) *u; } __attribute__((btf_decl_tag("whole")));
SEC("xdp") int prog(struct holder *ctx) { return *ctx->u; }`,
		["decl_tag whole@-1 struct holder", "ptr(type_tag user(int int:4.32.0.1))"],
	],
	[
		"variables by section",
		`int zero; static int hidden = 3; const int fixed = 4; int custom SEC(".data.custom") = 2; __attribute__((weak)) int weak_one = 1;
extern int CONFIG_HZ SEC(".kconfig");
SEC("xdp") int prog(void *ctx) { return zero++ + hidden++ + *(volatile const int *)&fixed + custom + weak_one + CONFIG_HZ; }
char LICENSE[] SEC("license") = "MIT";`,
		[
			"datasec .bss:0{var global zero int int:4.32.0.1.4}",
			"datasec .kconfig:0{var extern CONFIG_HZ int int:4.32.0.1.4}",
			"datasec .rodata:0{var global fixed const(int int:4.32.0.1).4}",
			"datasec license:0{var global LICENSE [4]int char:1.8.0.1 by int.4}",
		],
	],
];

function build(source: string): ObjectFile {
	const result = compile("test.bpf.c", HEAD + source, { ...defaultOptions({ read: () => null }) });
	expect(result.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
	return result.object!;
}

const clang = "/usr/bin/clang-19";

function byClang(source: string): ObjectFile {
	const folder = mkdtempSync(join(tmpdir(), "ebpfcc-"));
	try {
		writeFileSync(join(folder, "test.bpf.c"), HEAD + source);
		execFileSync(clang, ["-target", "bpf", "-mcpu=v3", "-O2", "-g", "-w", "-c", "test.bpf.c", "-o", "test.o"], {
			cwd: folder,
		});
		return readElf(readFileSync(join(folder, "test.o")));
	} finally {
		rmSync(folder, { recursive: true });
	}
}

describe("BTF", () => {
	for (const [what, source, lines] of programs) {
		it(what, () => {
			const shapes = btfShapes(build(source).btf!);
			for (const line of lines) expect(shapes).toContain(line);
		});
		it.skipIf(!existsSync(clang))(`is clang's: ${what}`, () => {
			expect(btfShapes(build(source).btf!)).toEqual(btfShapes(byClang(source).btf!));
		});
	}
});

describe("BTF.ext", () => {
	it("is left out where there is nothing to say: libbpf takes an empty one for a damaged one", () => {
		const has = (source: string): boolean => Buffer.from(compile("t.c", source, defaultOptions({ read: () => null })).output as Uint8Array).includes(".BTF.ext");
		expect(has("int v = 1;")).toBe(false);
		expect(has("int f(void) { return 1; }")).toBe(true);
	});
	const source = `struct s { int a; int b[4]; } __attribute__((preserve_access_index));
static __attribute__((noinline)) int sub(int x)
{
	return x * 3;
}
SEC("xdp") int prog(struct s *ctx)
{
	int v = ctx->b[2];
	return sub(v);
}`;
	it("names every function, and the line of its first instruction", () => {
		const { btf, btfExt } = build(source);
		const functions = btfExt!.funcInfo.flatMap(({ section, records }) =>
			records.map(
				({ insnOffset, typeId }) => `${section}+${insnOffset} ${(btf!.types[typeId] as { name: string }).name}`,
			),
		);
		expect(functions.sort()).toEqual([".text+0 sub", "xdp+0 prog"]);
		for (const { records } of btfExt!.lineInfo) expect(records[0].insnOffset).toBe(0);
		const lines = btfExt!.lineInfo.find(({ section }) => section === "xdp")!.records;
		expect(lines[0]).toMatchObject({ file: "test.bpf.c", line: 12, text: "\tint v = ctx->b[2];" });
	});
	it("relocates the access itself", () => {
		const { btf, btfExt, sections } = build(source);
		const [{ section, records }] = btfExt!.coreRelos;
		expect(records).toHaveLength(1);
		expect({ ...records[0], typeId: (btf!.types[records[0].typeId] as { name: string }).name }).toMatchObject({
			typeId: "s",
			access: "0:1:2",
			kind: 0,
		});
		// *(u32 *)(r1 + 12)
		const code = sections.find(({ name }) => name === section)!.data;
		expect([...code.slice(records[0].insnOffset, records[0].insnOffset + 4)]).toEqual([0x61, 0x11, 12, 0]);
	});
});

describe("CO-RE relocations", () => {
	const records = `#define P(x) __builtin_preserve_access_index(x)
typedef struct named { int a; int b : 3; } named_t;
struct task { int pid; named_t list[4]; named_t *next; } __attribute__((preserve_access_index));
struct ctx { int x; struct { int y; } in; } __attribute__((preserve_access_index, preserve_static_offset));
int use(const void *p);
`;
	const relocations = (object: ObjectFile): string[] =>
		object.btfExt!.coreRelos.flatMap(({ records }) =>
			records.map(({ typeId, access, kind }) => {
				const type = object.btf!.types[typeId];
				return `${kind} ${type.kind} ${"name" in type ? type.name : ""} ${access}`;
			}),
		);
	for (const [what, body, expected] of [
		["the next record after a pointer", "int f(struct task *p) { return use(&p[1]); }", ["0 struct task 1"]],
		["no sum of a pointer and a number", "int f(struct task *p) { return use(P(p + 1)); }", []],
		["a member of the next record", "int f(named_t *p) { return P(p[2].a); }", ["0 struct named 2:0"]],
		["elements of all dimensions as one", "extern named_t g[4][5]; int f(void) { return P(g[1][2].a); }", ["0 struct named 7:0"]],
		["no element that is no record", "int f(int (*p)[8]) { return use(P(&(*p)[3])); }", []],
		["a member of what a typedef names", "int f(named_t *p) { return P(p->a); }", ["0 typedef named_t 0:0"]],
		["no field of a context", "int f(struct ctx *p) { return p->in.y + p[1].x; }", []],
	] as const) {
		it(`name ${what}`, () => {
			expect(relocations(build(records + body))).toEqual(expected);
		});
		it.skipIf(!existsSync(clang))(`are clang's: ${what}`, () => {
			expect(relocations(byClang(records + body))).toEqual(expected);
		});
	}
});

describe("DWARF", () => {
	const objdump = "/usr/bin/llvm-objdump-19";
	it.skipIf(!existsSync(objdump))("shows source beside code", () => {
		const folder = mkdtempSync(join(tmpdir(), "ebpfcc-"));
		try {
			const source = 'SEC("xdp") int prog(int *ctx)\n{\n\treturn *ctx + 41;\n}\n';
			writeFileSync(join(folder, "test.bpf.c"), HEAD + source);
			const { output } = compile("test.bpf.c", HEAD + source, defaultOptions({ read: () => null }));
			writeFileSync(join(folder, "test.o"), output!);
			expect(execFileSync(objdump, ["-S", "test.o"], { cwd: folder, encoding: "utf8" })).toContain(
				"; \treturn *ctx + 41;",
			);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});
