import { describe, expect, it } from "vitest";
import { checkText } from "../../test/support/typed.ts";
import { printStmt } from "./print.ts";

const PRELUDE = `
struct inner { int q; };
struct task {
	int pid; struct { int anon; struct inner named; }; union { int u1; long u2; } u; int arr[8]; struct inner ins[4];
	unsigned b : 3, c : 5; struct task *parent;
} __attribute__((preserve_access_index));
struct plain { int x; struct { int y[4]; } z; };
typedef struct task task_t;
typedef struct { int n; unsigned low : 3; } nameless;
enum e { EA, EB = 5 };
`;

/** The typed form of an expression over \`t\`, \`p\` and \`i\`. */
function typed(expression: string): string {
	const { typed: unit, errors } = checkText(`${PRELUDE} long f(struct task *t, struct plain *p, int i) { return (long)(${expression}); }`);
	expect(errors).toEqual([]);
	return printStmt(unit.functions[0]!.body!.statements[0]!).replace(/^return (?:\(long!?\))*/, "").replace(/;$/, "");
}

describe("CO-RE accesses", () => {
	it.each([
		["t->pid", "load (*load t)?.pid"],
		["t->anon", "load (*load t)?.<1>?.anon"],
		["t->named.q", "load (*load t)?.<1>?.named.q"],
		["t->u.u1", "load (*load t)?.u?.u1"],
		["t->arr[3]", "load (*load t)?.arr?[3:long]"],
		["t->arr[i]", "load (*load t)?.arr[(long)load i]"],
		["t->parent->pid", "load (*load (*load t)?.parent)?.pid"],
		["t[1].pid", "load (*(load t ?+[88] 1:long))?.pid"],
		["p->z.y[2]", "load (*load p).z.y[2:long]"],
		["__builtin_preserve_access_index(p->z.y[2])", "load (*load p)?.z?.y?[2:long]"],
		["__builtin_preserve_access_index(&p->z.y[2])", "&(*load p)?.z?.y?[2:long]"],
	])("%s", (expression, expected) => {
		expect(typed(expression)).toBe(expected);
	});

	it.each([
		["__builtin_preserve_field_info(t->c, 0)", 'core(0, struct task, "0:6" = 72)'],
		["__builtin_preserve_field_info(t->c, 1)", 'core(1, struct task, "0:6" = 8)'],
		["__builtin_preserve_field_info(((struct plain *)0)->z.y[1], 2)", 'core(2, struct plain, "0:1:0:1" = 1)'],
		["__builtin_preserve_field_info(t->pid, 3)", 'core(3, struct task, "0:0" = 1)'],
		["__builtin_preserve_field_info(t->c, 4)", 'core(4, struct task, "0:6" = 56)'],
		["__builtin_preserve_field_info(t->c, 5)", 'core(5, struct task, "0:6" = 59)'],
		["__builtin_preserve_field_info(((task_t *)t)->c, 1)", 'core(1, struct task, "0:6" = 8)'],
		["__builtin_preserve_field_info(((task_t *)t)->pid, 0)", 'core(0, task_t, "0:0" = 0)'],
		["__builtin_preserve_field_info(t[0], 2)", 'core(2, struct task, "0" = 1)'],
		["__builtin_preserve_field_info(((task_t *)t)[2].u.u1, 0)", 'core(0, struct task, "2:2:0" = 192)'],
		["__builtin_preserve_field_info((*(task_t (*)[3][4])t)[1][2].pid, 0)", 'core(0, struct task, "6:0" = 528)'],
		["__builtin_preserve_field_info(((nameless *)t)[1].low, 2)", 'core(2, nameless, "1:1" = 1)'],
		["__builtin_preserve_type_info(*(task_t *)0, 0)", 'core(8, task_t, "0" = 1)'],
		["__builtin_preserve_type_info(*(struct plain *)0, 1)", 'core(9, struct plain, "0" = 20)'],
		["__builtin_preserve_enum_value(*(enum e *)EA, 0)", 'core(10, enum e, "0" = 1)'],
		["__builtin_preserve_enum_value(*(typeof(enum e) *)EB, 1)", 'core(11, enum e, "1" = 5)'],
		["__builtin_btf_type_id(*(struct plain *)0, 0)", 'core(6, struct plain, "0" = 0)'],
		["__builtin_btf_type_id(*(enum e *)0, 1)", 'core(7, enum e, "0" = 0)'],
	])("%s", (expression, expected) => {
		expect(typed(expression)).toBe(expected);
	});

	it("hold in records that are defined within a preserved one", () => {
		const { typed: unit } = checkText("struct a { struct b { int x; } b; } __attribute__((preserve_access_index)); int f(struct b *p) { return p->x; }");
		expect(printStmt(unit.functions[0]!.body!.statements[0]!)).toBe("return load (*load p)?.x;");
	});

	it("are refused for what is no field", () => {
		expect(checkText(`${PRELUDE} int f(struct task *t) { return __builtin_preserve_field_info(t, 0); }`).errors).toEqual(["'__builtin_preserve_field_info' argument must be a field access"]);
		expect(checkText(`${PRELUDE} int f(int *a) { return __builtin_preserve_field_info(a[1], 0); }`).errors).toEqual(["'__builtin_preserve_field_info' argument must be a field access"]);
		expect(checkText(`${PRELUDE} int f(void) { return __builtin_preserve_enum_value(*(enum e *)3, 1); }`).errors).toEqual(["'__builtin_preserve_enum_value' argument must be an enumerator of 'enum e'"]);
	});
});
