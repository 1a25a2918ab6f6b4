import { describe, expect, it } from "vitest";
import { checkText } from "../../test/support/typed.ts";

/** A program with one fault each, and all that is said about it: clang's words where clang would say it, and no followers. */
const FAULTS: readonly (readonly [program: string, messages: readonly string[]])[] = [
	["int f(void) { return foo; }", ["error: use of undeclared identifier 'foo'"]],
	["int counter; int f(void) { return countre; }", ["error: use of undeclared identifier 'countre'; did you mean 'counter'?"]],
	["int f(void) { return g(1); }", ["error: call to undeclared function 'g'; ISO C99 and later do not support implicit function declarations"]],
	["int g(int); int f(void) { return g(); }", ["error: too few arguments to function call, expected 1, have 0"]],
	["int g(int); int f(void) { return g(1, 2); }", ["error: too many arguments to function call, expected 1, have 2"]],
	["struct s { int alpha; }; int f(struct s *p) { return p->alhpa; }", ["error: no member named 'alhpa' in 'struct s'; did you mean 'alpha'?"]],
	["struct s { int a; }; int f(struct s p) { return p->a; }", ["error: member reference type 'struct s' is not a pointer; did you mean to use '.'?"]],
	["struct s { int a; }; int f(struct s *p) { return p.a; }", ["error: member reference type 'struct s *' is a pointer; did you mean to use '->'?"]],
	["struct s; int f(struct s *p) { return p->a; }", ["error: incomplete definition of type 'struct s'"]],
	["int f(int x) { return *x; }", ["error: indirection requires pointer operand ('int' invalid)"]],
	["int f(int x) { return x.a; }", ["error: member reference base type 'int' is not a structure or union"]],
	["int f(int *p) { p = 5; return 0; }", ["error: incompatible integer to pointer conversion assigning to 'int *' from 'int'"]],
	["int f(int *p) { int x = p; return x; }", ["error: incompatible pointer to integer conversion initializing 'int' with an expression of type 'int *'"]],
	["int f(long *p) { int *q = p; return *q; }", ["warning: incompatible pointer types initializing 'int *' with an expression of type 'long *'"]],
	["int f(const char *p) { char *q = p; return *q; }", ["warning: initializing 'char *' with an expression of type 'const char *' discards qualifiers"]],
	["int f(unsigned *p) { int *q = p; return *q; }", ["warning: initializing 'int *' with an expression of type 'unsigned int *' converts between pointers to integer types with different sign"]],
	["int f(unsigned char *p) { char *q = p; return *q; }", ["warning: initializing 'char *' with an expression of type 'unsigned char *' converts between pointers to integer types where one is of the unique plain 'char' type and the other is not"]],
	["int f(const unsigned *p) { int *q = p; return *q; }", ["warning: initializing 'int *' with an expression of type 'const unsigned int *' discards qualifiers"]],
	["int f(void) { const int x = 1; x = 2; return x; }", ["error: cannot assign to variable 'x' with const-qualified type 'const int'"]],
	["int f(const int *p) { *p = 1; return 0; }", ["error: read-only variable is not assignable"]],
	["int f(void) { 5 = 6; return 0; }", ["error: expression is not assignable"]],
	["int f(void) { int a[3]; a = 0; return 0; }", ["error: array type 'int[3]' is not assignable"]],
	["int x; int x = 1; int x = 2;", ["error: redefinition of 'x'"]],
	["int x; long x;", ["error: redefinition of 'x' with a different type: 'long' vs 'int'"]],
	["int f(int); int f(long);", ["error: conflicting types for 'f'"]],
	["int f(void) { return 1; } int f(void) { return 2; }", ["error: redefinition of 'f'"]],
	["static int f(void); int g(void) { return f(); }", ["warning: function 'f' has internal linkage but is not defined"]],
	["int g(void); static int g(void) { return 1; }", ["error: static declaration of 'g' follows non-static declaration"]],
	["int f(int x) { switch (x) { case 1: case 1: return 1; } return 0; }", ["error: duplicate case value '1'"]],
	["int f(int x) { switch (x) { default: default: return 1; } return 0; }", ["error: multiple default labels in one switch"]],
	["int f(void) __attribute__((unused(1)));", ["error: 'unused' attribute takes no arguments"]],
	["struct s { int a; } x __attribute__((preserve_access_index));", ["error: 'preserve_access_index' attribute only applies to structs, unions, and classes"]],
	["int f(void) { int x __attribute__((section(\"maps\"))) = 1; return x; }", ["error: 'section' attribute only applies to functions, global variables, Objective-C methods, and Objective-C properties"]],
	["int f(int x) { switch (x) { case 3 ... 1: return 1; } return 0; }", ["warning: empty case range specified"]],
	["int f(int *x) { switch (x) { case 1: return 1; } return 0; }", ["error: statement requires expression of integer type ('int *' invalid)"]],
	["int f(int x) { case 1: return x; }", ["error: 'case' statement not in switch statement"]],
	["int f(int x) { break; return x; }", ["error: 'break' statement not in loop or switch statement"]],
	["int f(int x) { continue; return x; }", ["error: 'continue' statement not in loop statement"]],
	["int f(int x) { goto out; return x; }", ["error: use of undeclared label 'out'"]],
	["int f(int x) { a: a: return x; }", ["error: redefinition of label 'a'"]],
	["int f(int x) { if (x) return 1; }", ["warning: non-void function does not return a value in all control paths"]],
	["int f(int x) { do { if (x) return 1; return 2; } while (0); }", []],
	["int f(int x) { { do return x; while (0); } }", []],
	["int f(int x) { do { if (x) continue; return 2; } while (0); }", ["warning: non-void function does not return a value in all control paths"]],
	["int f(int x) { do { if (x) break; return 2; } while (0); }", ["warning: non-void function does not return a value in all control paths"]],
	["int f(int x) { do { switch (x) { case 1: continue; } return 2; } while (x); }", ["warning: non-void function does not return a value in all control paths"]],
	["int f(int x) { while (x) return 2; }", ["warning: non-void function does not return a value in all control paths"]],
	["int f(void) { return; }", ["error: non-void function 'f' should return a value"]],
	["void f(void) { return 1; }", ["error: void function 'f' should not return a value"]],
	["int f(void) { return 1 / 0; }", ["warning: division by zero is undefined"]],
	["int f(int x) { return x << 32; }", ["warning: shift count >= width of type"]],
	["int f(int x) { return x << -1; }", ["warning: shift count is negative"]],
	["int f(int x) { return 1 + &x; }", ["error: incompatible pointer to integer conversion returning 'int *' from a function with result type 'int'"]],
	["struct s { int a; }; int f(struct s x) { return x + 1; }", ["error: invalid operands to binary expression ('struct s' and 'int')"]],
	["struct s { int a; }; int f(struct s x) { return !x; }", ["error: invalid argument type 'struct s' to unary expression"]],
	["struct s { int a; }; int f(struct s x) { if (x) return 1; return 0; }", ["error: statement requires expression of scalar type ('struct s' invalid)"]],
	["struct s { int a; }; int f(struct s x) { return (int)x; }", ["error: operand of type 'struct s' where arithmetic or pointer type is required"]],
	["struct s { int a; }; struct t { int a; }; int f(struct s x, struct t y) { x = y; return 0; }", ["error: assigning to 'struct s' from incompatible type 'struct t'"]],
	["struct s { int a; }; int g(struct s); int f(void) { return g(1); }", ["error: passing 'int' to parameter of incompatible type 'struct s'"]],
	["struct s { int a; int a; };", ["error: duplicate member 'a'"]],
	["struct s { struct s x; };", ["error: field has incomplete type 'struct s'"]],
	["struct s { int a : 40; };", ["error: width of bit-field 'a' (40 bits) exceeds the width of its type (32 bits)"]],
	["struct s { int a : 0; };", ["error: named bit-field 'a' has zero width"]],
	["struct s { int *a : 3; };", ["error: bit-field 'a' has non-integral type 'int *'"]],
	["struct s { int a : -1; };", ["error: bit-field 'a' has negative width (-1)"]],
	["static extern int x;", ["error: cannot combine with previous 'static' declaration specifier"]],
	["typedef static int t; t x;", ["error: cannot combine with previous 'typedef' declaration specifier"]],
	["register int x;", ["error: illegal storage class on file-scoped variable"]],
	["auto void f(void);", ["error: illegal storage class on function"]],
	["int f(static int x) { return x; }", ["error: invalid storage class specifier in function declarator"]],
	["void f(void) { static int g(void); }", ["error: function declared in block scope cannot have 'static' storage class"]],
	["struct { static int x; } a;", ["error: type name does not allow storage class to be specified"]],
	["int f(void) { return sizeof(static int); }", ["error: type name does not allow storage class to be specified"]],
	["_Thread_local void f(void);", ["error: '_Thread_local' is only allowed on variable declarations"]],
	["void f(void) { static _Thread_local int x; }", ["error: thread-local storage is not supported by eBPF"]],
	["inline int x;", ["error: 'inline' can only appear on functions"]],
	["void f(void) { _Alignas(16) register int x; }", ["error: '_Alignas' attribute cannot be applied to a variable with 'register' storage class"]],
	["void f(_Alignas(16) int x) {}", ["error: '_Alignas' attribute cannot be applied to a function parameter"]],
	["typedef _Alignas(16) int t; t x;", ["error: '_Alignas' attribute only applies to variables and fields"]],
	["int restrict x;", ["error: restrict requires a pointer or reference ('int' is invalid)"]],
	["_Atomic(int[2]) x;", ["error: _Atomic cannot be applied to array type 'int[2]'"]],
	["struct s; extern _Atomic struct s *p;", ["error: _Atomic cannot be applied to incomplete type 'struct s'"]],
	["struct s { _Atomic int a : 4; };", ["error: bit-field 'a' has non-integral type '_Atomic int'"]],
	["int x = _Generic(1, int: 1, default: 3, int: 2);", ["error: type 'int' in generic association compatible with previously specified type 'int'"]],
	["typedef int wide __attribute__((aligned(16))); wide a[2];", ["error: size of array element of type 'wide' (aka 'int') (4 bytes) isn't a multiple of its alignment (16 bytes)"]],
	["typedef int three[3]; extern three const x; extern const int x[3]; typedef three six[2]; extern const int y[2][3]; extern six const y;", []],
	["int a[4]; _Static_assert(sizeof((void)0, a) == sizeof(int *), \"\");", []],
	["int a[-1];", ["error: 'a' declared as an array with a negative size"]],
	["int f(int n, int a[n][2]) { return a[0][1]; }", []],
	["int f(int n, int a[2][n]) { return a[0][1]; }", ["error: variable length arrays are not supported by eBPF: the size of 'a' must be a constant"]],
	["struct { int a } x; union u { struct { int b; } c } y; struct t { int d, e:3 };", ["warning: expected ';' at end of declaration list", "warning: expected ';' at end of declaration list", "warning: expected ';' at end of declaration list"]],
	["struct s { int a int b; };", ["error: expected ';' after 'a'"]],
	['asm(" "); int f(void) { return __real__ 3 + __imag 4; } _Static_assert(__imag__ 4L == 0 && sizeof(__imag__ 4L) == 8, "");', []],
	["struct s { int a; }; int f(struct s s) { return __real__ s; }", ["error: invalid type 'struct s' to __real__ operator"]],
	["int n; int a[n];", ["error: variable length arrays are not supported by eBPF: the size of 'a' must be a constant"]],
	["int f(int *n) { return sizeof(char[n]); }", ["error: size of array has non-integer type 'int *'"]],
	["int n; int a = sizeof(char[n]);", ["error: variable length arrays are not supported by eBPF: the size of type name must be a constant"]],
	["int f(int n) { return sizeof(struct nope); }", ["error: invalid application of 'sizeof' to an incomplete type 'struct nope'"]],
	["struct nope x;", ["error: tentative definition has type 'struct nope' that is never completed"]],
	["struct nope x = { .a = 1 };", ["error: variable has incomplete type 'struct nope'"]],
	["void x;", ["error: variable has incomplete type 'void'"]],
	["enum e { A, A };", ["error: redefinition of enumerator 'A'"]],
	["enum e { A = 1.5 };", ["error: integer constant expression must have integer type, not 'double'"]],
	["union s { int a; }; struct s x;", ["error: use of 's' with tag type that does not match previous declaration"]],
	["struct s { int a; }; struct s { int b; };", ["error: redefinition of 's'"]],
	["int f(void) { int x; int x; return 0; }", ["error: redefinition of 'x'"]],
	["int f(int x, int x) { return 0; }", ["error: redefinition of parameter 'x'"]],
	["typedef int T; typedef long T;", ["error: typedef redefinition with different types ('long' vs 'int')"]],
	["int f(void) { _Static_assert(sizeof(int) == 8, \"int is 8\"); return 0; }", ["error: static assertion failed: int is 8"]],
	["_Static_assert(1 == 2);", ["error: static assertion failed"]],
	["int a[2] = { 1, 2, 3 };", ["warning: excess elements in array initializer"]],
	["char a[2] = \"abc\";", ["warning: initializer-string for char array is too long"]],
	["struct s { int a; } x = { .b = 1 };", ["error: field designator 'b' does not refer to any field in type 'struct s'"]],
	["int a[2] = { [5] = 1 };", ["error: array designator index (5) exceeds array bounds (2)"]],
	["int x = { 1, 2 };", ["warning: excess elements in scalar initializer"]],
	["int g(void); int x = g();", ["error: initializer element is not a compile-time constant"]],
	["int *p = 5;", ["error: incompatible integer to pointer conversion initializing 'int *' with an expression of type 'int'"]],
	["int f(int x) { return &x; }", ["error: incompatible pointer to integer conversion returning 'int *' from a function with result type 'int'"]],
	["int f(void) { return &5; }", ["error: cannot take the address of an rvalue of type 'int'"]],
	["struct s { int a : 3; }; int *f(struct s *p) { return &p->a; }", ["error: address of bit-field requested"]],
	["int f(struct s { int a:3; } *p) { return sizeof(p->a); }", ["error: invalid application of 'sizeof' to bit-field"]],
	["int f(void) { register int x; return *&x; }", ["error: address of register variable 'x' requested"]],
	["int f(int x) { x(); return 0; }", ["error: called object type 'int' is not a function or function pointer"]],
	["int f(void) { void *p; return *p; }", ["warning: ISO C does not allow indirection on operand of type 'void *'","error: returning 'void' from a function with incompatible result type 'int'"]],
	["void g(void); int f(void) { return g(); }", ["error: returning 'void' from a function with incompatible result type 'int'"]],
	["int f(int *p, long *q) { return p == q; }", ["warning: comparison of distinct pointer types ('int *' and 'long *')"]],
	["int f(int *p) { return p == 5; }", ["warning: comparison between pointer and integer ('int *' and 'int')"]],
	["int f(int c, int *p, long *q) { return *(c ? p : q); }", ["warning: pointer type mismatch ('int *' and 'long *')","warning: ISO C does not allow indirection on operand of type 'void *'","error: returning 'void' from a function with incompatible result type 'int'"]],
	["int f(int c, int *p) { return (c ? p : 5) != 0; }", ["warning: pointer/integer type mismatch in conditional expression ('int *' and 'int')"]],
	["struct s { int a; }; int f(int c, struct s s) { return (c ? s : 5); }", ["error: incompatible operand types ('struct s' and 'int')"]],
	["int f(void) { unsigned char c = 300; return c; }", ["warning: implicit conversion from 'int' to 'unsigned char' changes value from 300 to 44"]],
	["int f(double x) { return x + 1; }", ["error: floating-point arithmetic is not supported by eBPF"]],
	["int f(int x) { return _Generic(x, long: 1); }", ["error: controlling expression type 'int' not compatible with any generic association type"]],
	["int f(int x) { asm(\"\" : \"r\"(x)); return 0; }", ["error: invalid output constraint 'r' in asm"]],
	["int f(int x) { asm(\"\" : \"=r\"(5)); return 0; }", ["error: invalid lvalue in asm output"]],
	["int f(void (*g)(int)) { void (*h)(long) = g; h(1); return 0; }", ["error: incompatible function pointer types initializing 'void (*)(long)' with an expression of type 'void (*)(int)'"]],
	["int f(int x) { return 0x1g; }", ["error: invalid suffix 'g' on integer constant"]],
	["int f(int x) { return 089; }", ["error: invalid digit '8' in octal constant"]],
	["long x = 99999999999999999999;", ["error: integer literal is too large to be represented in any integer type"]],
	["foo f(void);", ["error: unknown type name 'foo'"]],
	["f(void) { return 0; }", ["error: type specifier missing, defaults to 'int'; ISO C99 and later do not support implicit int"]],
	["int f(void) __attribute__((nonsense));", ["warning: unknown attribute 'nonsense' ignored"]],
	["int (*f(void))[3] { return 5; }", ["error: incompatible integer to pointer conversion returning 'int' from a function with result type 'int (*)[3]'"]],
	["int f(void)[3];", ["error: function cannot return array type 'int[3]'"]],
	["int a[](void);", ["error: 'a' declared as array of functions of type 'int (void)'"]],
	["int f(int x) { int y = x; y++; { int z[y]; return z[0]; } }", ["error: variable length arrays are not supported by eBPF: the size of 'z' must be a constant"]],
	["int f(char *p, int *q) { return p - q; }", ["error: 'char *' and 'int *' are not pointers to compatible types"]],
	["int f(int *p) { return p * 2; }", ["error: invalid operands to binary expression ('int *' and 'int')"]],
	["int f(int *p) { return -p; }", ["error: invalid argument type 'int *' to unary expression"]],
	["int f(int *p) { return p % 2; }", ["error: invalid operands to binary expression ('int *' and 'int')"]],
	["struct s *g(void); int f(void) { return *g() == 1; }", ["error: invalid operands to binary expression ('struct s' and 'int')"]],
	["int f(int x) { struct { int a; } y = x; return y.a; }", ["error: initializing 'struct (unnamed)' with an expression of incompatible type 'int'"]],
	["int f(int x) { int y[2] = x; return y[0]; }", ["error: array initializer must be an initializer list"]],
	["int f(void) { for (int i = 0; i < 10; i++); return i; }", ["error: use of undeclared identifier 'i'"]],
	["int f(const struct { int x; } *p) { p->x = 1; return 0; }", ["error: read-only variable is not assignable"]],
	["int f(void) { return __builtin_foo(1); }", ["error: use of unknown builtin '__builtin_foo'"]],
	["int f(void) { return __builtin_popcount(1, 2); }", ["error: too many arguments to function call, expected 1, have 2"]],
	["int printf(const char *, ...); int f(int x) { return printf(); }", ["error: too few arguments to function call, expected at least 1, have 0"]],
	["int f(void) { int x = x; return x; }", ["warning: variable 'x' is uninitialized when used within its own initialization"]],
	["void f(int x) { void *p = (void *)x; p = p; }", ["warning: cast to 'void *' from smaller integer type 'int'"]],
	["int f(void *p) { return (int)p; }", ["warning: cast to smaller integer type 'int' from 'void *'"]],
	["__thread int x;", ["error: thread-local storage is not supported by eBPF"]],
	["_Complex double z;", ["error: complex numbers are not supported by eBPF"]],
	["int f(int n, ...) { __builtin_va_list ap; __builtin_va_start(ap, n); return 0; }", ["error: functions with variable arguments are not supported by eBPF: 'f'","error: '__builtin_va_start': eBPF functions take at most five arguments in registers: variable arguments are not supported"]],
];

/** Warnings that -Wall and -Wextra turn on, beside the point here. */
const QUIET = new Set(["unused-value", "unused-parameter", "unused-label", "unused-variable", "unused-function", "unused-but-set-parameter", "unused-but-set-variable", "self-assign", "sign-compare", "missing-prototypes", "visibility"]);

const MAP = 'static void *(*const bpf_map_lookup_elem)(void *, const void *) = (void *)1; static long (*const bpf_map_update_elem)(void *, const void *, const void *, unsigned long) = (void *)2; struct { int (*type)[1]; unsigned *key; int (*value_size)[8]; } m __attribute__((section(".maps")));';

describe("diagnostics", () => {
	it.each(FAULTS)("%s", (program, messages) => {
		const { diagnostics } = checkText(program);
		expect(diagnostics.filter((d) => !QUIET.has(d.group ?? "")).map((d) => `${d.severity}: ${d.message}`)).toEqual(messages);
	});

	it.each([
		["int f(void) { int y = 3; return 0; }", "unused variable 'y'"],
		["static int f(void) { return 0; }", "unused function 'f'"],
		["int f(int x) { return 0; }", "unused parameter 'x'"],
		["int f(int x) { a: return x; }", "unused label 'a'"],
		["int f(int x) { x == 1; return 0; }", "equality comparison result unused"],
	])("%s is worth a warning when asked for", (program, message) => {
		expect(checkText(program).diagnostics.filter((d) => d.group !== "missing-prototypes").map((d) => d.message)).toEqual([message]);
	});

	it.each([
		["short k = 0; bpf_map_lookup_elem(&m, &k);", ["'k' has 2 bytes, but a key of map 'm' has 4: what lies behind it is read too"]],
		["unsigned k = 0; unsigned char v = 1; bpf_map_update_elem(&m, &k, &v, 0);", ["'v' has 1 byte, but a value of map 'm' has 8: what lies behind it is read too"]],
		// As large or larger, a part of a larger one, and what may be anything.
		["unsigned k = 0; long v[2] = {0}; bpf_map_update_elem(&m, &k, v, 0);", []],
		["struct { char a, b[3]; } k = {0}; bpf_map_lookup_elem(&m, &k.a);", []],
		["char *k = 0; bpf_map_lookup_elem(&m, k); bpf_map_lookup_elem(&m, (void *)\"x\");", []],
	])("a variable that is smaller than the map's key or value: %s", (body, messages) => {
		expect(checkText(`${MAP} int f(void) { ${body} return 0; }`).diagnostics.filter((d) => d.group === "map-element-size").map((d) => d.message)).toEqual(messages);
	});

	it("offers what was meant", () => {
		const { diagnostics } = checkText("struct point { int width, height; }; int f(struct point *p) { return p->hieght + widht; } int width;");
		expect(diagnostics.filter((d) => d.group !== "missing-prototypes").map((d) => d.fix?.text)).toEqual(["height", undefined]);
	});

	it("reports the earlier place in a note", () => {
		const { diagnostics, unit } = checkText("int f(void) { return 1; }\nint f(void) { return 2; }");
		expect(diagnostics[0]!.notes!.map((n) => [n.message, n.span && unit.tokens.place(n.span.from).line])).toEqual([["previous definition is here", 1]]);
	});

	it("goes on after an error", () => {
		const { errors } = checkText("int f(void) { return a + b; }\nint g(struct s *p) { return p->x; }\nint h(void) { return f(1); }");
		expect(errors).toEqual([
			"use of undeclared identifier 'a'",
			"use of undeclared identifier 'b'",
			"incomplete definition of type 'struct s'",
			"too many arguments to function call, expected 0, have 1",
		]);
	});
});
