import { describe, expect, it } from "vitest";
import type { DiagnosticSink } from "../../diagnostics/diagnostic.ts";
import { checkIr } from "../../ir/check.ts";
import { parseModule } from "../../ir/parse.ts";
import { printFunction } from "../../ir/print.ts";
import { correlate } from "./correlate.ts";

const silent: DiagnosticSink = { report: () => {} };

/** The function after the pass. */
function passed(blocks: string): string {
	const module = parseModule(`function @f(i32 %0, i32 %1) -> i32 static {\n${blocks}\n}\n`);
	const [fn] = module.functions;
	correlate.run(fn, { level: 2, cpu: 3, module, diagnostics: silent });
	expect(checkIr(fn)).toEqual([]);
	return printFunction(fn);
}

describe("signed arithmetic does not overflow", () => {
	/** n = n < 0 ? 0 : n; n++; n > 512 */
	const limited = (add: string): string => passed(`a.2:
%3 = icmp.slt i32 %0, i32 0
branch %3, b.4, c.5
b.4:
jump c.5
c.5:
%6 = phi i32 [%0, a.2], [i32 0, b.4]
%7 = ${add} %6, i32 1
%8 = icmp.sgt i32 %7, i32 512
ret %8`);
	it("so what was not negative stays so, and is compared without a sign", () => {
		expect(limited("add i32 signed")).toContain("icmp.ugt");
	});
	it("but unsigned arithmetic does", () => {
		expect(limited("add i32")).toContain("icmp.sgt");
	});
	it("so a counter never falls below its start", () => {
		const counted = (add: string): string => passed(`a.2:
jump b.3
b.3:
%4 = phi i32 [i32 0, a.2], [%5, b.3]
%5 = ${add} %4, i32 1
%6 = icmp.slt i32 %4, i32 0
%7 = icmp.ne i32 %5, %1
branch %7, b.3, c.8
c.8:
ret %6`);
		expect(counted("add i32 signed")).toContain("ret i32 0");
		expect(counted("add i32")).not.toContain("ret i32 0");
	});
	/** off = start; for (…) { if (…) off += step; }; off > 1500 */
	const grown = (start: string, add: string, step = "%9"): string => passed(`a.2:
jump b.3
b.3:
%4 = phi i32 [${start}, a.2], [%5, e.12]
%6 = icmp.sgt i32 %4, i32 1500
branch %6, c.8, d.10
d.10:
%9 = and i32 %1, i32 255
%11 = icmp.eq i32 %9, i32 7
branch %11, e.12, f.13
f.13:
%14 = ${add} %4, ${step}
jump e.12
e.12:
%5 = phi i32 [%4, d.10], [%14, f.13]
jump b.3
c.8:
%15 = sext i64 %4
%16 = trunc i32 %15
ret %16`);
	it("so what grows on some ways round a loop is never below what it began with", () => {
		for (const start of ["i32 0", "i32 20"]) expect(grown(start, "add i32 signed")).toMatch(/icmp\.ugt[\s\S]*zext i64 %4/);
	});
	it.each([["a negative start", "i32 -1", "add i32 signed", "%9"], ["an unknown one", "%0", "add i32 signed", "%9"], ["sums that may overflow", "i32 0", "add i32", "%9"], ["a step that may be negative", "i32 0", "add i32 signed", "%1"], ["a difference", "i32 0", "sub i32 signed", "%9"]])("but not with %s", (_what, start, add, step) => {
		expect(grown(start, add, step)).toMatch(/icmp\.sgt i32 %4/);
	});
});

describe("what comes together", () => {
	it("has all that comes in", () => {
		const text = (last: number): string => passed(`a.2:
%3 = icmp.eq i32 %0, i32 0
branch %3, b.4, c.5
b.4:
jump c.5
c.5:
%6 = phi i32 [i32 3, a.2], [i32 ${last}, b.4]
%7 = icmp.ult i32 %6, i32 8
ret %7`);
		expect(text(7)).toContain("ret i32 1");
		expect(text(9)).toContain("icmp.ult");
	});
});

describe("what is left of a constant", () => {
	/** if (used > 2046) return 0; return (u16)(2046 - used) < 20; */
	const asked = (bound: number, mask: number): string => passed(`a.2:
%3 = icmp.ugt i32 %0, i32 ${bound}
branch %3, b.4, c.5
b.4:
ret i32 0
c.5:
%6 = sub i32 i32 2046, %0
%7 = and i32 %6, i32 ${mask}
%8 = icmp.ult i32 %7, i32 20
ret %8`);
	it("is asked of what was taken", () => {
		expect(asked(2046, 0xffff)).toContain("icmp.ugt i32 %0, i32 2026");
	});
	it("but not where more than all may have been taken, or the mask cuts", () => {
		expect(asked(2047, 0xffff)).toContain("icmp.ult");
		expect(asked(2046, 0x3ff)).toContain("icmp.ult");
	});
});

describe("a sum that is compared with a constant", () => {
	/** used &= bound; if (used + 32 > 896) return 0; … */
	const asked = (bound: string, further: string): string => passed(`a.2:
%3 = and i32 %0, i32 ${bound}
%4 = add i32 %3, i32 32
%5 = icmp.ugt i32 %4, i32 896
branch %5, b.6, c.7
b.6:
ret i32 0
c.7:
%8 = inttoptr ptr i64 4096
${further}
ret %1`);
	const store = (number: string): string => `%9 = zext i64 ${number}\n%10 = ptradd ptr %8, %9\nstore size=4 %10, %1`;
	it("is not made for that", () => {
		expect(asked("65535", "")).toContain("icmp.ugt i32 %3, i32 864");
	});
	it("is not the number that is compared when something is accessed at the other one", () => {
		expect(asked("65535", `${store("%3")}\nstore size=4 %8, %4`)).toContain("icmp.ugt i32 %3, i32 864");
	});
	it.each([["it may wrap", "-1", ""], ["something is accessed there", "65535", store("%4")], ["nothing is accessed at either", "65535", "store size=4 %8, %4"]])("unless %s", (_what, bound, further) => {
		expect(asked(bound, further)).toContain("icmp.ugt i32 %4, i32 896");
	});
	it("unless it is a counter's next number, which takes the place of the one before", () => {
		const counted = passed(`a.2:
%3 = inttoptr ptr i64 4096
jump b.4
b.4:
%5 = phi i64 [i64 0, a.2], [%6, b.4]
%7 = ptradd ptr %3, %5
store size=1 %7, i32 0
%6 = add i64 %5, i64 1
%8 = icmp.ult i32 %6, i64 581
branch %8, b.4, c.9
c.9:
ret i32 0`);
		expect(counted).toContain("icmp.ult i32 %6, i64 581");
	});
});

describe("a sum of a byte and a constant", () => {
	const asm = JSON.stringify({ template: "if %0 < 99 goto +1", volatile: true, outputs: [], inputs: [{ constraint: "r", memory: false, wide: false }], clobbers: [], labels: [] });
	const extended = (between: string): string => passed(`a.2:\n%3 = and i32 %0, i32 255\n%4 = add i32 %3, i32 5\n${between}\n%5 = zext i64 %4\n%6 = trunc i32 %5\nret %6`);
	it("is extended before the constant is added", () => {
		expect(extended("")).toContain("add i64");
	});
	it("but not when assembly bounds the sum", () => {
		expect(extended(`asm asm=${asm} %4`)).not.toContain("add i64");
	});
});

describe("what is asked again and again", () => {
	/** n = n > 64 ? 64 : n; if (n < 0) return 0; if (n < 2) return 1; … one question for each step */
	const steps = (count: number): string =>
		passed(`a.2:
%3 = icmp.sgt i32 %0, i32 64
branch %3, b.4, c.5
b.4:
jump c.5
c.5:
%6 = phi i32 [%0, a.2], [i32 64, b.4]
%7 = sext i64 %6
%8 = icmp.slt i32 %7, i64 0
branch %8, e.9, s.100
e.9:
ret i32 0
${Array.from({ length: count }, (_, i) => `s.${100 + 4 * i}:\n%${101 + 4 * i} = icmp.slt i32 %7, i64 ${2 * (i + 1)}\nbranch %${101 + 4 * i}, e.9, t.${102 + 4 * i}\nt.${102 + 4 * i}:\n%${103 + 4 * i} = icmp.eq i32 %1, i32 ${i}\nbranch %${103 + 4 * i}, e.9, s.${104 + 4 * i}`).join("\n")}
s.${100 + 4 * count}:
ret i32 ${count}`);
	it("is known from the first question on, and without a sign as with one", () => {
		expect(steps(32).match(/icmp\.ult/g)).toHaveLength(32);
		expect(steps(34).match(/icmp\.[us]lt/g)).toHaveLength(33);
		expect(steps(34)).toContain("branch i32 1, e.9");
	});
});

describe("bounds of what is computed", () => {
	const compared = (lines: string, question: string): string => passed(`a.2:\n${lines}\n%9 = icmp.${question}\nret %9`);
	it.each([
		["an or is not below its parts", "%3 = or i32 %0, i32 31", "uge i32 %3, i32 31", 1],
		["a small number's opposite is large", "%3 = and i32 %0, i32 7\n%4 = or i32 %3, i32 1\n%5 = sub i32 i32 0, %4", "ult i32 %5, i32 100", 0],
		["all bits turned over", "%3 = and i32 %0, i32 7\n%4 = xor i32 %3, i32 -1", "slt i32 %4, i32 0", 1],
		["a shift by what is bounded", "%3 = and i32 %0, i32 3\n%4 = lshr i32 i32 1000, %3", "uge i32 %4, i32 125", 1],
		["and one that keeps the sign", "%3 = and i32 %0, i32 3\n%4 = sub i32 %3, i32 255\n%5 = ashr i32 %4, i32 2", "sge i32 %5, i32 -60", 0],
		["a quotient", "%3 = or i32 %0, i32 31\n%4 = udiv i32 %3, i32 3", "uge i32 %4, i32 10", 1],
	])("%s", (_, lines, question, answer) => {
		expect(compared(lines, question)).toContain(`ret i32 ${answer}`);
	});
	it("say nothing where some sums wrap and some do not", () => {
		expect(compared("%3 = and i32 %0, i32 7\n%4 = sub i32 %3, i32 4", "ult i32 %4, i32 100")).toContain("icmp");
		expect(compared("%3 = lshr i32 i32 1000, %0", "uge i32 %3, i32 125")).toContain("icmp");
	});
});

describe("an offset of two terms", () => {
	/** Packet bytes: at = (n & limit); if (p + at + i > end) return; p[(unsigned)(at + i)] */
	const read = (limit: number, before = "%7 = ptradd ptr %3, %6"): string =>
		passed(`a.2:
%3 = inttoptr ptr i64 4096
%4 = and i32 %0, i32 ${limit}
%5 = and i32 %1, i32 63
%6 = zext i64 %4
${before}
%8 = add i32 %4, %5
%9 = zext i64 %8
%10 = ptradd ptr %3, %9
%11 = load i32 size=1 %10
ret %11`);
	it("is added to the address that one of them has made already", () => {
		const text = read(8191);
		expect(text).toMatch(/(%\d+) = zext i64 %5\n\s*(%\d+) = ptradd ptr %7, \1\n\s*%10 = ptradd ptr \2, i64 0/);
	});
	it("stays a sum that may wrap, and one of which there is no address", () => {
		expect(read(-1)).toContain("%10 = ptradd ptr %3, %9");
		expect(read(8191, "%7 = ptradd ptr %3, i64 8")).toContain("%10 = ptradd ptr %3, %9");
	});
	it("is found behind a constant", () => {
		const text = passed(`a.2:
%3 = inttoptr ptr i64 4096
%4 = load i64 size=1 %3
%5 = trunc i32 %4
%6 = add i32 %5, i32 44
%7 = ptradd ptr %3, %4
%8 = and i32 %1, i32 63
%9 = add i32 %6, %8
%10 = zext i64 %9
%11 = ptradd ptr %3, %10
%12 = load i32 size=1 %11
ret %12`);
		expect(text).toMatch(/(%\d+) = ptradd ptr %7, %\d+\n\s*%11 = ptradd ptr \1, i64 44/);
	});
});

describe("of a switch", () => {
	/** (x & 3) + 3 */
	const between3and6 = (cases: string): string => passed(`a.2:
%3 = and i32 %0, i32 3
%4 = add i32 signed %3, i32 3
switch %4, d.9, ${cases}
d.9:
ret i32 100
e.10:
ret i32 101
f.11:
ret i32 102
g.12:
ret i32 103
h.13:
ret i32 104`);
	it("cases go that the value never is", () => {
		const text = between3and6("2: e.10, 3: f.11, 6: g.12, 7: h.13");
		expect(text).toContain("switch %4, d.9, 3: f.11, 6: g.12\n");
	});
	it("the last one needs no question where all values are cases", () => {
		expect(between3and6("3: e.10, 4: f.11, 5: g.12, 6: h.13")).toContain("switch %4, h.13, 3: e.10, 4: f.11, 5: g.12\n");
	});
	it("what a branch said of it counts, with signs too", () => {
		const text = passed(`a.2:
%3 = icmp.sgt i32 %0, i32 -1
branch %3, b.4, c.5
b.4:
ret i32 1
c.5:
switch %0, d.9, -2: e.10, 5: f.11
d.9:
ret i32 100
e.10:
ret i32 101
f.11:
ret i32 102`);
		expect(text).toContain("switch %0, d.9, -2: e.10\n");
	});
});
