import { describe, expect, it } from "vitest";
import { typeSource } from "../../assembler/btf/type-source.ts";
import { compile, defaultOptions } from "../../compiler/index.ts";
import type { ObjectFile } from "../../assembler/object.ts";
import { Machine } from "../machine.ts";
import { globalsOf } from "../globals.ts";
import { createMaps } from "../bind.ts";
import { formatLoadError } from "./error.ts";
import { type OpenOptions, openObject } from "./open.ts";

const PRELUDE = `
#define SEC(name) __attribute__((section(name), used))
#define __uint(name, val) int (*name)[val]
`;

function object(text: string): ObjectFile {
	const result = compile("test.c", PRELUDE + text, defaultOptions({ read: () => null }));
	if (result.object === null) throw new Error(result.diagnostics.map(({ message }) => message).join("\n"));
	return result.object;
}

const open = (text: string, options: OpenOptions = {}) => openObject(object(text), options);
const kernel = (text: string) => typeSource(object(text).btf!);

describe("what a loader makes of an object", () => {
	it("appends an exception callback that nothing calls", () => {
		const { programs } = open(`
			__attribute__((noinline)) int handler(unsigned long long cookie) { return cookie + 1; }
			__attribute__((btf_decl_tag("exception_callback:handler"))) SEC("tc") int prog(void *ctx) { return 2; }
		`);
		const { image } = programs[0];
		expect(programs.map((one) => one.image.name)).toEqual(["prog"]);
		expect(image.funcInfo.map(([, id]) => image.btf?.types[id])).toMatchObject([{ name: "prog" }, { name: "handler" }]);
		expect(image.funcInfo[1][0]).toBeGreaterThan(0);
	});

	it("a map given by number is none of the object's", () => {
		const compiled = object(`
			struct { __uint(type, 2); __uint(key_size, 4); __uint(value_size, 8); __uint(max_entries, 1); } map SEC(".maps");
			SEC("tc") int prog(void *ctx) { return (long)&map; }
		`);
		const sections = compiled.sections.map((section) => {
			if (section.name !== "tc") return section;
			const data = section.data.slice();
			const at = data.findIndex((byte, i) => i % 8 === 0 && byte === 0x18);
			data[at + 1] |= 0x10;
			return { ...section, data, relocs: [] };
		});
		const { image } = openObject({ ...compiled, sections }).programs[0];
		expect(image.insns.filter((insn) => insn.opcode === 0x18).map((insn) => [insn.src, image.maps[insn.imm]])).toEqual([[1, undefined]]);
	});

	it("says of a function that is nowhere what BTF could tell", () => {
		const called = object(`int elsewhere(int); SEC("tc") int prog(void *ctx) { return elsewhere(1); }`);
		const messages = [called, { ...called, btf: undefined }].map((one) => openObject(one).programs[0].errors.map(formatLoadError).join());
		expect(messages).toEqual([expect.stringMatching(/elsewhere: is called but defined nowhere$/), expect.stringContaining("(compile with -g)")]);
	});

	it("a static function in a program section is an error of its own; in .text it is one to call", () => {
		const { programs } = open(`
			static __attribute__((noinline)) int help(int x) { return x * 3; }
			SEC("tc") static int forgotten(void *ctx) { return 2; }
			SEC("tc") int prog(void *ctx) { return help(*(volatile int *)ctx); }
		`);
		expect(programs.map(({ image, errors }) => [image.name, errors.length])).toEqual([["forgotten", 1], ["prog", 0]]);
		expect(formatLoadError(programs[0].errors[0])).toContain("remove `static`");
	});

	it("an exception callback may not be static", () => {
		const { programs } = open(`
			static __attribute__((noinline)) int handler(unsigned long long cookie) { return cookie + 1; }
			__attribute__((btf_decl_tag("exception_callback:handler"))) SEC("tc") int prog(void *ctx) { return handler(3); }
		`);
		expect(programs[0].errors.map(formatLoadError)).toEqual([expect.stringContaining("must be a global function")]);
	});

	const OPS = `
		struct ops___mine { int (*second)(int); int (*first)(int); int (*gone)(int); };
		SEC("struct_ops") int one(unsigned long long *ctx) { return 1; }
		SEC("struct_ops") int two(unsigned long long *ctx) { return 2; }
		SEC("struct_ops") int three(unsigned long long *ctx) { return 3; }
	`;
	const withOps = kernel("struct ops { int (*zeroth)(int); int (*first)(int); int (*second)(int); } all; int f(struct ops *o) { return o->first != 0; }");

	it("numbers struct_ops members as the kernel's struct does, whatever flavour the object's has", () => {
		const { programs, maps } = open(`${OPS} SEC(".struct_ops.link") struct ops___mine mine = { .first = (void *)one, .second = (void *)two, .gone = (void *)three };`, { kernelBtf: withOps });
		expect(maps[0]).toMatchObject({ name: "mine", type: 26, flags: 1 << 13 });
		const [one, two, three] = programs;
		expect(one.image).toMatchObject({ expectedAttachType: 1, attach: { name: "ops.first", btfId: withOps.find("ops")[0] } });
		expect(two.image).toMatchObject({ expectedAttachType: 2, attach: { name: "ops.second" } });
		expect(one.errors).toEqual([]);
		expect(three.errors.map((error) => error.message)).toEqual(["the kernel's struct ops has no member gone"]);
	});

	it("programs of a struct_ops map that is not to be made are not loaded", () => {
		const { programs } = open(`${OPS} SEC("?.struct_ops") struct ops___mine off = { .first = (void *)one, .second = (void *)two };\nSEC(".struct_ops") struct ops___mine on = { .second = (void *)two };`);
		expect(programs.map(({ image, autoload }) => [image.name, autoload])).toEqual([["one", false], ["two", true], ["three", true]]);
		expect(programs.map(({ image }) => image.expectedAttachType)).toEqual([1, 0, 0]);
	});

	it("one program cannot be two members", () => {
		const { programs } = open(`${OPS} SEC(".struct_ops") struct ops___mine off = { .first = (void *)one, .second = (void *)one };`);
		expect(programs[0].errors.map((error) => error.message)).toEqual([expect.stringMatching(/implements ops\.\w+ in one struct and ops\.\w+ in another/)]);
	});

	it("variables of an arena lie in its first pages", () => {
		const { programs, maps, errors } = open(`
			struct { __uint(type, 33); __uint(map_flags, 1 << 10); __uint(max_entries, 4); } arena SEC(".maps");
			int __attribute__((address_space(1))) before = 5;
			int __attribute__((address_space(1))) counter = 41;
			SEC("syscall") int prog(void *ctx) { return ++counter; }
		`);
		expect(errors).toEqual([]);
		expect(programs[0].errors).toEqual([]);
		const load = programs[0].image.insns.find((insn) => insn.opcode === 0x18 && insn.src === 2);
		expect(load?.imm).toBe(0);
		const machine = new Machine();
		const made = createMaps(machine, { maps });
		if (typeof made === "string") throw new Error(made);
		expect(globalsOf(made)).toMatchObject({ before: 5, counter: 41 });
	});

	it("arena variables need an arena", () => {
		const { errors } = open(`int __attribute__((address_space(1))) counter = 41; SEC("syscall") int prog(void *ctx) { return ++counter; }`);
		expect(errors.map(formatLoadError)).toEqual([".addr_space.1+0x0: there are variables of an arena, but no arena map"]);
	});

	it("kernel symbols: typed ones by id, untyped ones as numbers, weak missing ones as 0, others as errors of who uses them", () => {
		const { programs, errors } = open(
			`
			extern const int there SEC(".ksyms");
			extern const int missing SEC(".ksyms");
			extern const int perhaps SEC(".ksyms") __attribute__((weak));
			extern const void untyped SEC(".ksyms");
			SEC("tc") long a(void *ctx) { return (long)&there; }
			SEC("tc") long b(void *ctx) { return (long)&missing; }
			SEC("tc") long c(void *ctx) { return (long)&perhaps; }
			SEC("tc") long d(void *ctx) { return (long)&untyped; }
		`,
			{ kernelBtf: kernel("int there; int f(void) { return there; }") },
		);
		expect(errors).toEqual([]);
		const [a, b, c, d] = programs;
		expect(a.image.insns[0]).toMatchObject({ opcode: 0x18, src: 3 });
		expect(a.image.ksyms).toMatchObject([{ insn: 0, name: "there" }]);
		expect(b.errors.map((error) => error.message)).toEqual(["the kernel's BTF has no such variable"]);
		expect(c.image.insns[0]).toMatchObject({ opcode: 0x18, src: 0, imm: 0 });
		expect(d.image.insns.slice(0, 2)).toMatchObject([{ opcode: 0x18, src: 0 }, { imm: -1 }]);
		expect([a, c, d].flatMap((one) => one.errors)).toEqual([]);
	});

	it("a kernel function that the kernel does not have is an error of who calls it, unless it is weak", () => {
		const { programs } = open(
			`
			extern int missing(void) SEC(".ksyms");
			extern int perhaps(void) SEC(".ksyms") __attribute__((weak));
			SEC("tc") long a(void *ctx) { return missing(); }
			SEC("tc") long b(void *ctx) { return perhaps(); }
		`,
			{ kernelBtf: kernel("int f(int a) { return a; }") },
		);
		const [a, b] = programs;
		expect(a.errors.map(formatLoadError)).toEqual([expect.stringContaining("missing: the kernel's BTF has no such function")]);
		expect(b.errors).toEqual([]);
	});

	it("a map without a type is no map", () => {
		const { errors } = open(`struct { __uint(max_entries, 4); __uint(key_size, 4); __uint(value_size, 4); } m SEC(".maps"); SEC("tc") long a(void *ctx) { return (long)&m; }`);
		expect(errors.map(formatLoadError)).toEqual([".maps+0x0: m: the map has no type: __uint(type, BPF_MAP_TYPE_…);"]);
	});

	it("a kernel variable of another type is refused", () => {
		const { programs } = open(`struct s { int x; }; extern const struct s there SEC(".ksyms"); SEC("tc") long a(void *ctx) { return (long)&there; }`, { kernelBtf: kernel("int there; int f(void) { return there; }") });
		expect(programs[0].errors.map((error) => error.message)).toEqual(["has another type in the kernel"]);
	});

	it("of the flavors of a kernel function the one with the kernel's parameters is there, others are missing", () => {
		const { programs } = open(
			`
			extern int f___one(int a) SEC(".ksyms") __attribute__((weak));
			extern int f___two(int a, void *b) SEC(".ksyms") __attribute__((weak));
			extern int f(void *a) SEC(".ksyms");
			SEC("tc") long a(void *ctx) { return (long)&f___one; }
			SEC("tc") long b(void *ctx) { return (long)&f___two; }
			SEC("tc") long c(void *ctx) { return f(ctx); }
		`,
			{ kernelBtf: kernel("int f(int a) { return a; }") },
		);
		const [a, b, c] = programs;
		expect(a.image.ksyms).toMatchObject([{ insn: 0, name: "f" }]);
		expect(b.image.insns[0]).toMatchObject({ opcode: 0x18, src: 0, imm: 0 });
		expect([a, b].flatMap((one) => one.errors)).toEqual([]);
		expect(c.errors.map((error) => error.message)).toEqual(["has another type in the kernel"]);
	});

	it("configuration without a value concerns the programs that use it", () => {
		const { programs, errors } = open(`extern int CONFIG_HZ SEC(".kconfig"); SEC("tc") int a(void *ctx) { return CONFIG_HZ; } SEC("tc") int b(void *ctx) { return 0; }`);
		expect(errors).toEqual([]);
		expect(programs.map((one) => one.errors.length)).toEqual([1, 0]);
	});

	it("guesses types by the context when asked to", () => {
		const text = `struct xdp_md; struct __sk_buff; typedef struct { long r; } bpf_user_pt_regs_t;
			SEC("mine/x") int x(struct xdp_md *ctx) { return 0; }
			SEC("freplace/y") int y(struct __sk_buff *ctx) { return 0; }
			SEC("other") int z(const bpf_user_pt_regs_t *ctx) { return 0; }
			SEC("nothing") int n(void *ctx) { return 0; }`;
		expect(open(text).programs.map(({ image, errors }) => [image.type, errors.length])).toEqual([[0, 1], [28, 0], [0, 1], [0, 1]]);
		expect(open(text, { guessType: true }).programs.map(({ image, guessed, errors }) => [image.type, guessed, errors.length])).toEqual([[6, true, 0], [3, true, 0], [2, true, 0], [0, false, 1]]);
	});
});
