import { expect, it } from "vitest";
import { compile, DEFAULT_TARGET, defaultOptions } from "../index.ts";
import { load } from "../../runtime/load.ts";

const HEAD = `
struct track { unsigned state, level; char name[32]; };
struct event { unsigned long when; struct track track; };
struct __attribute__((packed)) tight { char tag; struct track track; };
`;

/** Sizes in bits of the loads with which a statement copies. */
function widths(parameters: string, statement: string): string[] {
	const { output, diagnostics } = compile("f.c", `${HEAD}${statement.startsWith("return") ? "unsigned long" : "void"} f(${parameters}) { ${statement}; }`, { ...defaultOptions({ read: () => null }), stage: "asm", target: { ...DEFAULT_TARGET, debug: false } });
	expect(diagnostics.map(({ message }) => message)).toEqual([]);
	return [...new Set([...String(output).matchAll(/= \*\(u(\d+) \*\)/g)].map((match) => match[1]))];
}

it.each<[what: string, parameters: string, statement: string, widths: string[]]>([
	["characters within a structure", "struct track *p, struct track *q", "__builtin_memcpy(p->name, q->name, 32)", ["32"]],
	["and within a structure of that", "struct event *p, struct event *q", "__builtin_memcpy(&p->track.name, q->track.name, 32)", ["64"]],
	["characters at a place in them, read as they are aligned there", "struct track *p, struct track *q", "__builtin_memcpy(p->name + 1, &q->name[2], 2)", ["16"]],
	["an element at a known place", "struct track *p, struct track *q", "__builtin_memcpy(&p->name[4], &q->name[8], 8)", ["32"]],
	["an element at an unknown place", "struct track *p, struct track *q, int i", "__builtin_memcpy(&p->name[i], &q->name[8], 8)", ["8"]],
	["what a packed structure holds", "struct tight *p, struct track *q", "__builtin_memcpy(q->name, p->track.name, 4)", ["8"]],
	["more than a word into what a packed structure holds", "struct tight *p, struct track *q", "__builtin_memcpy(p->track.name, q->name, 12)", ["8"]],
	["a word into what a packed structure holds, read as one,", "struct tight *p, struct track *q", "__builtin_memcpy(p->track.name, q->name, 4)", ["32"]],
])("copies %s as wide as they are aligned", (_, parameters, statement, expected) => {
	expect(widths(parameters, statement)).toEqual(expected);
});

it.each<[what: string, parameters: string, statement: string, widths: string[]]>([
	["a member", "struct tight *p", "return *(unsigned *)p->track.name", ["8"]],
	["a place in a member", "struct track *p", "return *(unsigned *)&p->name[2]", ["16"]],
	["a member that is aligned for it", "struct event *p", "return *(unsigned long *)(void *)p->track.name", ["64"]],
	["what a pointer points to", "char *p", "return *(unsigned *)p", ["32"]],
	["a sum", "struct tight *p", "return *(unsigned *)(p->track.name + 1)", ["32"]],
])("reads %s through a cast as wide as it is aligned", (_, parameters, statement, expected) => {
	expect(widths(parameters, statement)).toEqual(expected);
});

/** Sizes and values of the stores of a program that fills in what the context points to. */
function stores(type: string, statements: string, from = "c[0]"): string[] {
	const source = `typedef unsigned char u8; typedef unsigned short u16;
struct ip { u8 length : 4, version : 4; u8 service; u16 total; u16 id, fragment; u8 ttl, protocol; u16 sum; unsigned from, to; };
struct __attribute__((packed)) link { u8 to[6], from[6]; u16 type; };
__attribute__((section("xdp"))) int f(void **c) { struct ${type} *p = (void *)${from}; ${statements} return 0; }`;
	const { output, diagnostics } = compile("f.c", source, { ...defaultOptions({ read: () => null }), stage: "asm", target: { ...DEFAULT_TARGET, debug: false } });
	expect(diagnostics.map(({ message }) => message)).toEqual([]);
	return [...String(output).matchAll(/\*\(u(\d+) \*\)\(r\d+ \+ (\w+)\) = /g)].map(([, size, offset]) => `${size} at ${Number(offset)}`);
}

it.each<[what: string, type: string, statements: string, stores: string[], from?: string]>([
	["fields of an aligned header become words", "ip", "p->length = 5; p->version = 4; p->service = 0; p->total = 20; p->id = p->fragment = 0; p->ttl = 64; p->protocol = 6; p->sum = 0;", ["32 at 0", "32 at 4", "32 at 8"]],
	["what is known at run time stands between", "ip", "p->ttl = 64; p->protocol = 6; p->from = p->to; p->sum = 0;", ["32 at 12", "32 at 8"]],
	["another field that is read before is written first", "ip", "p->ttl = 64; p->protocol = 6; p->sum = *(u16 *)&p->ttl;", ["16 at 8", "16 at 10"]],
	["a packed header has no words", "link", "p->to[0] = 1; p->to[1] = 2; p->to[2] = 3; p->to[3] = 4;", ["8 at 0", "8 at 1", "8 at 2", "8 at 3"]],
	["volatile stores stay apart", "ip", "*(volatile u8 *)&p->ttl = 64; *(volatile u8 *)&p->protocol = 6;", ["8 at 8", "8 at 9"]],
	["fields of the context stay apart", "ip", "p->from = 1; p->to = 2; p->ttl = 64; p->protocol = 6;", ["32 at 12", "32 at 16", "8 at 8", "8 at 9"], "c"],
])("constants: %s", (_, type, statements, expected, from) => {
	expect(stores(type, statements, from)).toEqual(expected);
});

/** Instructions of a program, without the addresses of its lines. */
function program(source: string): string {
	const { output, diagnostics } = compile("f.c", source, { ...defaultOptions({ read: () => null }), stage: "asm", target: { ...DEFAULT_TARGET, debug: false } });
	expect(diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message)).toEqual([]);
	return String(output);
}

it("drops a call of a function that only checks its format", () => {
	const text = program(`static inline __attribute__((format(printf, 1, 2))) void check(const char *format, ...) {}
__attribute__((section("xdp"))) int f(void *c) { check("%d %d %d %d %d %d", 1, 2, 3, 4, 5, 6); return 1; }`);
	expect(text).not.toContain("call");
});

const HEADERS = (marked: string): string => `typedef unsigned char u8;
struct context { unsigned data, end; };
struct option { u8 next, length; };
__attribute__((section("xdp"))) int f(struct context *c) {
	u8 *end = (u8 *)(long)c->end; struct option *p = (void *)(long)c->data; int kind = 0;
	${marked} for (int i = 0; i < 5; i++) {
		if ((u8 *)(p + 1) > end) return -1;
		kind = p->next;
		if (kind == 7) return kind;
		p = (void *)((u8 *)p + (p->length + 1) * 8);
	}
	return -1;
}`;

it("leaves a loop whose count and bounds check lead to one place, unless it is told to unroll it", () => {
	const checks = (text: string): number => [...text.matchAll(/\+= 2\b/g)].length;
	expect(checks(program(HEADERS("")))).toBe(1);
	expect(checks(program(HEADERS("_Pragma(\"unroll\")")))).toBe(5);
});

it("takes a pointer that is not set everywhere to be the one that is", () => {
	const text = program(`struct context { unsigned data, end; };
static inline __attribute__((always_inline)) int parse(char *at, char *end, char **to) { if (at + 20 > end) return -1; *to = at; return 1; }
__attribute__((section("xdp"))) int f(struct context *c) {
	char *end = (char *)(long)c->end, *at = (char *)(long)c->data, *found;
	int length = parse(at, end, &found);
	if ((unsigned)length < 1 || found + 40 > end) return 1;
	return found[30];
}`);
	expect(text).not.toMatch(/r\d = 0\n.*\+= 40/);
	expect(text).toMatch(/\+= 40/);
});

it.each([
	["a comparison", "return __builtin_strcat(p, q) != p"],
	["a sum", "return *(__builtin_strcat(p, q) + 1)"],
	["a choice", "return *(p == q ? __builtin_strcat(p, q) : p)"],
])("says that there is no such builtin, and no more, within %s", (_, statement) => {
	const { diagnostics } = compile("f.c", `int f(char *p, char *q) { ${statement}; }`, defaultOptions({ read: () => null }));
	expect(diagnostics.map(({ code }) => code)).toEqual(["E0604"]);
});

it.each([
	["record of 16 bytes", "struct wide { char c[16]; } a, b; void f(void) { __atomic_store(&a, &b, 0); }", 16],
	["record of 3 bytes", "struct odd { char c[3]; } a, b; void f(void) { __atomic_load(&a, &b, 0); }", 3],
	["128-bit integer", "__int128 v; void f(void) { __atomic_store_n(&v, 1, 0); }", 16],
])("refuses an atomic load or store of a %s", (_, text, size) => {
	const { diagnostics } = compile("f.c", text, { ...defaultOptions({ read: () => null }), stage: "asm" });
	expect(diagnostics.map(({ message }) => message)).toEqual([`eBPF has atomic loads and stores of 1, 2, 4 and 8 bytes, not of ${size}`]);
});

it.each<[computation: string, value: bigint]>([
	["__builtin_addc(hide(-1), hide(1), hide(1), &out); x += 100ul * out", 101n],
	["__builtin_addcb(hide(200), hide(55), hide(1), &byte); x += 1000ul * byte", 1000n],
	["__builtin_addcll(hide(-1), hide(-1), hide(1), &wide); x += 10ul * wide", 9n],
	["__builtin_addcll(hide(5), hide(6), hide(0), &wide); x += 100ul * wide", 11n],
	["__builtin_subc(hide(0), hide(0), hide(1), &out); x += 10ul * out", 0x100000009n],
	["__builtin_subcs(hide(7), hide(3), hide(1), &two); x += 10ul * two", 3n],
	["__builtin_subcll(hide(0), hide(0), hide(1), &wide); x += 10ul * wide", 9n],
	["__builtin_align_up(hide(13), hide(8)) + 100 * __builtin_align_down(hide(13), 4)", 1216n],
	["__builtin_is_aligned(hide(24), hide(8)) + 10 * __builtin_is_aligned(hide(20), 8)", 1n],
	["(char *)__builtin_mempcpy(text, \"abc\", 2) - text + text[1]", 100n],
	["*__builtin_strchr(\"abc\", 'b') + __builtin_strlen(__builtin_strrchr(\"a/b/cd\", '/'))", 101n],
])("%s gives %s", async (computation, value) => {
	for (const optimize of [0, 2] as const) {
		const source = `static __attribute__((noinline)) unsigned long hide(unsigned long x) { return x; }
__attribute__((section("syscall"))) unsigned long f(void *ctx) { unsigned out = 0; unsigned long long wide = 0; unsigned short two = 0; unsigned char byte = 0; char text[4] = ""; unsigned long x = ${computation}; return x; }`;
		const { output, diagnostics } = compile("f.c", source, { ...defaultOptions({ read: () => null }), target: { ...DEFAULT_TARGET, optimize } });
		expect(diagnostics.map(({ message }) => message)).toEqual([]);
		const object = await load(output as Uint8Array, { verify: false, engine: "interpreter" });
		expect(object.programs.f.run({}).r0).toBe(value);
		object.close();
	}
});

it.each<[what: string, text: string, said: string[]]>([
	["a call that is left", 'int f(void) __attribute__((error("no"))); int g(void) { return f(); }', ["error: call to 'f' declared with 'error' attribute: no"]],
	["a call that is left, where it is only a warning", 'int f(void) __attribute__((warning("no"))); int g(void) { return f(); }', ["warning: call to 'f' declared with 'warning' attribute: no"]],
	["no call that the optimiser removes", 'int f(void) __attribute__((error("no"))); static inline int h(int x) { if (x > 3) return f(); return 2; } int g(int x) { return h(2); }', []],
])("the error attribute refuses %s", (_, text, said) => {
	const { diagnostics } = compile("f.c", text, { ...defaultOptions({ read: () => null }), stage: "asm" });
	expect(diagnostics.map(({ severity, message }) => `${severity}: ${message}`)).toEqual(said);
});
