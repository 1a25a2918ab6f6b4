import { describe, expect, it } from "vitest";
import { checkText } from "../../test/support/typed.ts";
import { printExpr } from "../types/print.ts";
import { spell } from "../types/spell.ts";
import { builtin, hasBuiltin } from "./table.ts";

function typed(expression: string): string {
	const { typed: unit, errors } = checkText(`typedef unsigned long size_t; void f(int i, unsigned char uc, long l, int *p, void **vp, char *s, unsigned u, _Bool *b, int arr[3]) { (void)(${expression}); }`);
	expect(errors).toEqual([]);
	const statement = unit.functions.find((f) => f.name === "f")!.body!.statements[0]!;
	if (statement.kind !== "expr" || statement.expr.kind !== "convert") throw new Error("no expression");
	return `${printExpr(statement.expr.operand)} : ${spell(statement.expr.operand.type)}`;
}

const refusals = (expression: string): readonly string[] => checkText(`void f(int i, int *p, double d) { (void)(${expression}); }`).errors;

describe("builtins with constant arguments fold", () => {
	it.each([
		["__builtin_bswap16(0x1234)", 0x3412],
		["__builtin_bswap64(0x0102030405060708)", 0x0807060504030201n],
		["__builtin_clz(1)", 31],
		["__builtin_clzll(1)", 63],
		["__builtin_ctz(8)", 3],
		["__builtin_ffs(0)", 0],
		["__builtin_ffsl(0x10000000000)", 41],
		["__builtin_popcount(-1)", 32],
		["__builtin_popcountll(-1)", 64],
		["__builtin_parity(7)", 1],
		["__builtin_abs(-5)", 5],
		["__builtin_strlen(\"abc\")", 3],
		["__builtin_strcmp(\"a\", \"b\") < 0", 1],
		["__builtin_rotateleft32(0x80000001, 4)", 0x18],
		["__builtin_bitreverse8(1)", 128],
		["__builtin_clzg((unsigned char)1)", 7],
		["__builtin_popcountg(0xffffu)", 16],
		["__builtin_constant_p(3 * 4)", 1],
		["__builtin_constant_p(\"literal\")", 1],
		["__builtin_expect(3, 0)", 3],
		["__builtin_object_size(\"abcd\", 0)", 5],
		["__builtin_classify_type(p)", 5],
		["__builtin_align_up(13, 8)", 16],
		["__builtin_align_down(13ul, 8)", 8],
		["__builtin_is_aligned(16, 8)", 1],
		["__builtin_LINE()", 1],
		["__builtin_strspn(\"aab\", \"ac\")", 2],
		["__builtin_strcspn(\"aab\", \"b\")", 2],
		["__builtin_strchr(\"abc\", 'x')", 0],
		["__atomic_always_lock_free(8, 0)", 1],
	])("%s", (expression, value) => {
		expect(typed(expression).split(/:/)[0]!.trim()).toBe(String(value));
	});
});

describe("builtins that stay", () => {
	it.each([
		["__builtin_clz(0)", "__builtin_clz(0:unsigned int) : int"],
		["__builtin_memcpy(p, s, 4)", "__builtin_memcpy((void *)load p, (const void *)load s, 4:unsigned long) : void *"],
		["__builtin_add_overflow(i, l, p)", "__builtin_add_overflow(load i, load l, load p) : _Bool"],
		["__builtin_uadd_overflow(i, l, &u)", "__builtin_uadd_overflow((unsigned int)load i, (unsigned int)load l, &u) : _Bool"],
		["__sync_fetch_and_add(&l, i)", "__sync_fetch_and_add(&l, (long)load i) : long"],
		["__sync_fetch_and_or_8(&l, 1)", "__sync_fetch_and_or(&l, 1:long) : long"],
		["__sync_bool_compare_and_swap(p, 1, uc)", "__sync_bool_compare_and_swap(load p, 1, (int)load uc) : _Bool"],
		["__atomic_compare_exchange_n(p, &i, 2, 0, 5, 5)", "__atomic_compare_exchange_n(load p, &i, 2, 0:_Bool, 5, 5) : _Bool"],
		["__atomic_load_n(vp, 0)", "__atomic_load_n(load vp, 0) : void *"],
		["__atomic_store_n(b, 1, 0)", "__atomic_store_n(load b, 1:_Bool, 0) : void"],
		["__builtin_unreachable()", "__builtin_unreachable() : void"],
		["__builtin_FUNCTION()", '&"f" : const char *'],
		["__builtin_strrchr(\"a/b/c\", '/')", '((char *)(const char *)&"a/b/c" +[1] 3:long) : char *'],
		["__builtin_align_up(s, uc)", "__builtin_align_up(load s, (unsigned long)load uc) : char *"],
		["__builtin_is_aligned(uc, 4)", "__builtin_is_aligned((int)load uc, 4) : _Bool"],
		["__builtin_addcl(l, u, 1, (unsigned long *)p)", "__builtin_addcl((unsigned long)load l, (unsigned long)load u, 1:unsigned long, (unsigned long *!)load p) : unsigned long"],
		["__builtin___memcpy_chk(p, s, 4, -1)", "__builtin_memcpy((void *)load p, (const void *)load s, 4:unsigned long) : void *"],
		["__builtin_bcopy(s, p, 4)", "(void)__builtin_memmove((void *)load p, (const void *)load s, 4:unsigned long) : void"],
		["__builtin_annotation(i, \"seen\")", "load i : int"],
		["__builtin_nontemporal_load(p)", "load *load p : int"],
		["__builtin_constant_p(i)", "__builtin_constant_p(load i) : int"],
	])("%s", (expression, text) => {
		expect(typed(expression)).toBe(text);
	});
});

describe("builtins that cannot be", () => {
	it.each([
		["__builtin_popcount()", "too few arguments to function call, expected 1, have 0"],
		["__builtin_popcount(1, 2)", "too many arguments to function call, expected 1, have 2"],
		["__builtin_add_overflow(i, i, i)", "result argument to overflow builtin must be a pointer to a non-const integer ('int' invalid)"],
		["__sync_fetch_and_add(i, 1)", "address argument to atomic builtin must be a pointer ('int' invalid)"],
		["__builtin_is_aligned(p, 3)", "requested alignment is not a power of 2"],
		["__builtin_align_up(d, 8)", "operand of type 'double' where arithmetic or pointer type is required"],
		["__builtin_alloca(i)", "alloca is not supported by eBPF: the stack is 512 bytes of fixed layout"],
		["__builtin_inf()", "'__builtin_inf': floating-point arithmetic is not supported by eBPF"],
		["__builtin_nonsense(1)", "use of unknown builtin '__builtin_nonsense'"],
		["__builtin_preserve_type_info(*(int *)0, i)", "argument to builtin must be a constant integer"],
	])("%s", (expression, message) => {
		expect(refusals(expression)).toEqual([message]);
	});
});

describe("the table", () => {
	it("answers __has_builtin", () => {
		expect(["__builtin_memcpy", "__sync_fetch_and_add", "__atomic_add_fetch", "__c11_atomic_load", "__builtin_offsetof", "__builtin_saddll_overflow"].filter((n) => !hasBuiltin(n))).toEqual([]);
		expect(["__builtin_va_start", "__builtin_nan", "__builtin_nothing", "memcpy", "__sync_nothing"].filter(hasBuiltin)).toEqual([]);
	});

	it("knows sized names of __sync builtins by their plain one", () => {
		expect(builtin("__sync_val_compare_and_swap_4")?.name).toBe("__sync_val_compare_and_swap");
	});
});
