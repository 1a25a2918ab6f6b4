import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { dce } from "./dce.ts";
import { foldIntoPhi } from "./fold-into-phi.ts";

/** %8 is `first` or 2, and `rest` follows. */
const chosen = (rest: string, first = "i32 1", end = "jump d.7"): string =>
	functionOf(`a.2:\n%3 = load i32 size=4 %0\nbranch %1, b.4, c.5\nb.4:\n${end}\nc.5:\njump d.7\nd.7:\n%8 = phi i32 [${first}, b.4], [i32 2, c.5]\n${rest}`);
const out = (text: string): string => passed(text, [foldIntoPhi, dce]);

describe("fold-into-phi", () => {
	it("computes each constant where it comes from", () => {
		expect(out(chosen("%9 = shl i32 %8, i32 3\nret %9"))).toContain("phi i32 [i32 8, b1], [i32 16, b2]");
		expect(out(chosen("%9 = sub i32 i32 10, %8\nret %9"))).toContain("phi i32 [i32 9, b1], [i32 8, b2]");
		expect(out(chosen("%9 = zext i64 %8\n%10 = xor i64 %9, i64 255\n%11 = trunc i32 %10\nret %11"))).toContain("phi i64 [i64 1, b1], [i64 2, b2]");
	});
	it("and the one value that is none, on its way", () => {
		expect(out(chosen("%9 = shl i32 %8, i32 3\nret %9", "%3"))).toMatch(/b1:\n%\d = shl i32 %\d, i32 3\njump b3/);
	});
	it("leaves what somebody else reads, what is not computed on each way, questions, and what goes round", () => {
		for (const text of [
			chosen("%9 = shl i32 %8, i32 3\n%10 = add i32 %9, %8\nret %10"),
			chosen("%9 = icmp.eq i32 %8, i32 2\nret %9"),
			chosen("branch %1, e.12, f.13\ne.12:\n%9 = shl i32 %8, i32 3\nret %9\nf.13:\nret i32 4", "%3"),
			functionOf("a.2:\njump b.4\nb.4:\n%5 = phi i32 [i32 3, a.2], [%6, b.4]\n%6 = add i32 %5, i32 2\n%7 = icmp.ult i32 %6, %1\nbranch %7, b.4, c.8\nc.8:\nret %6"),
		])
			expect(out(text)).toBe(passed(text, [dce]));
	});
});
