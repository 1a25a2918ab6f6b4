import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { wideCounters } from "./wide-counters.ts";

/** A loop from a constant on by steps, as long as the question says so. */
const loop = (question: string, step = "add i32 signed %4, i32 1", use = "zext", start = 0): string =>
	functionOf(
		`a.2:\njump b.3\nb.3:\n%4 = phi i32 [i32 ${start}, a.2], [%9, c.6]\n%5 = ${question}\nbranch %5, c.6, d.10\nc.6:\n%7 = ${use} i64 %4\n%8 = ptradd ptr %0, %7\nstore size=1 %8, %4\n%9 = ${step}\njump b.3\nd.10:\nret %4`,
	);
const wide = (text: string, cpu: 1 | 3 = 1): string => passed(text, [wideCounters], cpu);

describe("wide-counters", () => {
	it("counts in 64 bits what is extended in each round, and gives the lower half to the others", () => {
		const out = wide(loop("icmp.slt i32 %4, i32 38"));
		expect(out).toMatch(/(%\d+) = phi i64 \[i64 0, b0\], \[(%\d+), b2\]\n(?:.*\n)*(%\d+) = trunc i32 \1\n%\d+ = icmp.slt i32 \1, i64 38\n/);
		expect(out).toMatch(/(%\d+) = ptradd ptr %\d+, (%\d+)\nstore size=1 \1, (%\d+)\n(%\d+) = add i64 \2, i64 1\n/);
		expect(out).toMatch(/ret %\d+$/m);
	});
	it("extends the limit for the question, in the way that it asks", () => {
		expect(wide(loop("icmp.slt i32 %4, %1"))).toMatch(/(%\d+) = sext i64 %\d+\n%\d+ = icmp.slt i32 %\d+, \1\n/);
		expect(wide(loop("icmp.ult i32 %4, %1"))).toMatch(/(%\d+) = zext i64 %\d+\n%\d+ = icmp.ult i32 %\d+, \1\n/);
		const signed = wide(loop("icmp.ult i32 %4, %1", "add i32 signed %4, i32 -1", "sext", 9));
		expect(signed).toMatch(/phi i64 \[i64 9/);
		expect(signed).toMatch(/(%\d+) = trunc i32 %\d+\n%\d+ = icmp.ult i32 \1, %\d+\n/);
	});
	it("counts without a sign what a branch keeps from wrapping", () => {
		expect(wide(loop("icmp.ult i32 %4, i32 38", "add i32 %4, i32 1"))).toContain("phi i64");
		expect(wide(loop("icmp.ugt i32 %4, i32 3", "add i32 %4, i32 -1", "zext", 60))).toContain("phi i64");
	});
	it("leaves what may wrap, what nobody extends, and what 32-bit registers count", () => {
		for (const text of [loop("icmp.ne i32 %4, %1", "add i32 %4, i32 1"), loop("icmp.ne i32 %4, %1", "add i32 %4, i32 1", "sext"), loop("icmp.slt i32 %4, i32 38").replace("%7 = zext i64 %4", "%7 = zext i64 %1")])
			expect(wide(text)).toBe(passed(text, [], 1));
		expect(wide(loop("icmp.slt i32 %4, i32 38"), 3)).toBe(passed(loop("icmp.slt i32 %4, i32 38"), [], 3));
	});
});
