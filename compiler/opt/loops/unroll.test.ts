import { describe, expect, it } from "vitest";
import { compile, DEFAULT_TARGET, defaultOptions } from "../../index.ts";

const HEAD = `
static long (*make)(unsigned) = (void *)7;
static void *(*next)(void *) = (void *)9;
const volatile unsigned used = 1;
`;

/** How often the machine code of a function calls. */
function calls(text: string): number {
	const { output, diagnostics } = compile("f.c", `${HEAD}__attribute__((section("xdp"))) int f(void *p) { ${text} }`, { ...defaultOptions({ read: () => null }), stage: "asm", target: { ...DEFAULT_TARGET, debug: false } });
	expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
	return [...String(output).matchAll(/\bcall /g)].length;
}

const UNROLL = "_Pragma(\"unroll\")";

describe("a loop with two questions in a row", () => {
	const limited = (mark = "", rounds = 8): string => `${mark} for (unsigned i = 0; i < used && i < ${rounds}; i++) { if (make(i)) return 1; } return 0;`;
	const walk = (mark = "", rounds = 8, end = "return 0;"): string => `int i; ${mark} for (i = 0; i < ${rounds}; i++) { p = next(p); if (!p) break; } ${end}`;
	it("stays a loop, in whichever order they are asked", () => {
		expect(calls(limited())).toBe(1);
		expect(calls(`unsigned n = make(9); ${limited().replace("i < used && i < 8", "i < 8 && i < n")}`)).toBe(2);
	});
	it("stays one when the first is asked at the end of a round", () => {
		expect(calls(walk())).toBe(1);
	});
	it("becomes straight code when that is wished for and there are few rounds", () => {
		expect(calls(limited(UNROLL))).toBe(8);
		expect(calls(walk(UNROLL))).toBe(8);
		expect(calls(walk(UNROLL, 10))).toBe(1);
	});
	it("becomes straight code when that is wished for and a question takes more work than LLVM would do before it is asked", () => {
		// A quotient that the next round needs.
		expect(calls(`unsigned long n = make(9); ${UNROLL} for (int i = 0; i < 10; i++) { make(i); n /= 10; if (n == 0) break; } return 0;`)).toBe(11);
		// One that nobody computes anything for.
		expect(calls(`struct { long count; } s; next(&s); ${UNROLL} for (int i = 0; i < 10; i++) { if (s.count) break; make(i); } return 0;`)).toBeGreaterThan(1);
		expect(calls(`long count = make(9); ${UNROLL} for (int i = 0; i < 10; i++) { if (i >= count) break; if (make(i)) return 1; } return 0;`)).toBe(2);
	});
	it("becomes straight code where it matters which one ended it, or something is done between them", () => {
		expect(calls(limited().replace("i < used && i < 8", "i < 8 && i < used"))).toBe(8);
		expect(calls(walk("", 8, "return i;"))).toBe(8);
		expect(calls("for (int i = 0; i < 8; i++) { p = next(p); if (!p) break; make(i); } return 0;")).toBe(16);
	});
});

describe("a loop that is to become straight code", () => {
	it("stays one when the code would be very long", () => {
		const body = "make(i); make(i + 1); make(i + 2);";
		expect(calls(`${UNROLL} for (unsigned i = 0; i < 100; i++) { ${body} } return 0;`)).toBe(300);
		expect(calls(`${UNROLL} for (unsigned i = 0; i < 2000; i++) { ${body} } return 0;`)).toBe(3);
	});
});
