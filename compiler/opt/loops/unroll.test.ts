import { describe, expect, it } from "vitest";
import { compile, DEFAULT_TARGET, defaultOptions } from "../../index.ts";

const HEAD = `
static long (*make)(unsigned) = (void *)7;
static void *(*next)(void *) = (void *)9;
const volatile unsigned used = 1;
`;

/** The machine code of a function. */
function codeOf(text: string, cpu: 1 | 2 | 3 | 4 = 3): string {
	const { output, diagnostics } = compile("f.c", `${HEAD}__attribute__((section("xdp"))) int f(void *p) { ${text} }`, { ...defaultOptions({ read: () => null }), stage: "asm", target: { ...DEFAULT_TARGET, cpu, debug: false } });
	expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
	return String(output);
}

/** How often it calls. */
const calls = (text: string): number => [...codeOf(text).matchAll(/\bcall /g)].length;

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
	it("stays one though a loop within it became straight code, of which nothing is left that is never run", () => {
		const within = (rounds: number): string =>
			`${UNROLL} for (int i = 0; i < ${rounds}; i++) { ${UNROLL} for (unsigned j = 0; j < 3; j++) make(j + (unsigned)(long)p); void *q = next(p); if (!q || q == p) break; p = q; } return 0;`;
		expect(calls(within(10))).toBe(4);
		expect(calls(within(8))).toBe(32);
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
	it("stays one where each round extends a number, which takes two shifts before v3", () => {
		const bits = "unsigned short seq = make(1); unsigned long h = make(2); for (int i = 47; i < 63; i++) h ^= ((-((seq >> (i - 47)) & 1UL)) ^ h) & (1UL << i); return h >> 32;";
		expect([3, 2].map((cpu) => [...codeOf(bits, cpu as 2 | 3).matchAll(/\^=/g)].length)).toEqual([32, 2]);
	});
	it("stays one when the code would be very long", () => {
		const body = "make(i); make(i + 1); make(i + 2);";
		expect(calls(`${UNROLL} for (unsigned i = 0; i < 100; i++) { ${body} } return 0;`)).toBe(300);
		expect(calls(`${UNROLL} for (unsigned i = 0; i < 2000; i++) { ${body} } return 0;`)).toBe(3);
	});
});
