import { describe, expect, it } from "vitest";
import { checkText } from "../../test/support/typed.ts";
import { printExpr } from "./print.ts";
import { spell } from "./spell.ts";

const PRELUDE = `
typedef unsigned char u8; typedef unsigned int u32; typedef unsigned long u64;
struct bits { unsigned a : 3, b : 32; int c : 32; u64 d : 40, e : 8; _Bool f : 1; };
enum small { S1, S2 }; enum wide { W1 = 0x1ffffffff };
struct pair { int x, y; }; struct pair make(void); int plain(int); int proto();
`;
const PARAMS = "char c, u8 uc, short s, int i, u32 u, long l, u64 ul, int *p, const int *cp, void *v, char *str, int arr[4], struct bits *b, enum small es, enum wide ew, volatile int *vol, struct pair pr, int (*fn)(int)";

function typed(expression: string): { type: string; text: string } {
	const { typed: unit, errors } = checkText(`${PRELUDE} void f(${PARAMS}) { (void)(${expression}); }`);
	expect(errors).toEqual([]);
	const statement = unit.functions.find((f) => f.name === "f")!.body!.statements[0]!;
	if (statement.kind !== "expr" || statement.expr.kind !== "convert") throw new Error("no expression");
	return { type: spell(statement.expr.operand.type), text: printExpr(statement.expr.operand) };
}

describe("types of expressions", () => {
	it.each([
		["c + c", "int"],
		['(i, "abc")', "char *"],
		["sizeof((i, (int[4]){ 1 }))", "unsigned long"],
		["uc << 1", "int"],
		["u + i", "u32"],
		["i + ul", "u64"],
		["l + u", "long"],
		["-uc", "int"],
		["~u", "u32"],
		["!l", "int"],
		["i < l", "int"],
		["b->a + 0", "int"],
		["b->b + 0", "unsigned int"],
		["b->c + 0", "int"],
		["b->d + 0", "u64"],
		["b->e + 0", "int"],
		["b->f + 0", "int"],
		["es + 0", "unsigned int"],
		["ew + 0", "unsigned long"],
		["S1", "int"],
		["W1", "unsigned long"],
		["l << i", "long"],
		["i << l", "int"],
		["p + 1", "int *"],
		["1 + p", "int *"],
		["&p[1] - p", "long"],
		["i ? p : 0", "int *"],
		["i ? p : v", "void *"],
		["i ? cp : p", "const int *"],
		["i ? c : u", "u32"],
		["(i, l)", "long"],
		["&arr", "int **"],
		["*arr", "int"],
		["\"ab\"", "char *"],
		["&\"ab\"", "char (*)[3]"],
		["plain", "int (*)(int)"],
		["*plain", "int (*)(int)"],
		["&plain", "int (*)(int)"],
		["fn(1)", "int"],
		["(*fn)(1)", "int"],
		["proto(1, c, l)", "int"],
		["make().x", "int"],
		["sizeof i", "unsigned long"],
		["*vol", "int"],
		["pr", "struct pair"],
		["i ? pr : make()", "struct pair"],
		["0x7fffffff", "int"],
		["0x80000000", "unsigned int"],
		["2147483648", "long"],
		["'a'", "int"],
		["i++", "int"],
		["uc += 1", "u8"],
		["({ c; })", "char"],
		["_Generic(i, int: ul)", "u64"],
		["(char)i", "char"],
		["__builtin_bswap16(i)", "unsigned short"],
		["__sync_fetch_and_add(p, 1)", "int"],
		["__builtin_add_overflow(i, i, p)", "_Bool"],
	])("%s is %s", (expression, type) => {
		expect(typed(expression).type).toBe(type);
	});
});

describe("conversions are nodes", () => {
	it.each([
		["uc + ul", "((u64)load uc + load ul)"],
		["p[i]", "load *(load p +[4] (long)load i)"],
		["i[p]", "load *(load p +[4] (long)load i)"],
		["v + 2", "(load v +[1] 2:long)"],
		["&p[2] - p", "((load p +[4] 2:long) -[4] load p)"],
		["&*p", "load p"],
		["*&i", "load i"],
		["&arr[0]", "(load arr +[4] 0:long)"],
		["uc += l", "uc += load l in long"],
		["i <<= ul", "i <<= load ul in int"],
		["p -= 2", "p -=[4] 2:long in int *"],
		["*vol", "load volatile *load vol"],
		["i && p", "(load i && load p)"],
		["p == 0", "(load p == 0:int *)"],
		["l = c", "l = (long)load c"],
		["plain(ul)", "plain((int)load ul)"],
		["proto(c)", "proto((int)load c)"],
		["pr.x", "load pr.x"],
		["make().y", "load temporary(make()).y"],
		["i ?: l", "((long)load i ?  : load l)"],
		["(u8)300", "44:u8"],
		["1 ? i : l", "(long)load i"],
		["sizeof(struct bits)", "24:unsigned long"],
		["sizeof(char (*)[i])", "8:unsigned long"],
		["(struct pair){ .y = i }.y", "load (struct pair){zero; @4 load i}.y"],
		["__builtin_constant_p(i)", "__builtin_constant_p(load i)"],
		["__builtin_constant_p(\"x\")", "1"],
		["__builtin_expect(i, 0)", "__builtin_expect((long)load i, 0:long)"],
	])("%s", (expression, text) => {
		expect(typed(expression).text).toBe(text);
	});
});
