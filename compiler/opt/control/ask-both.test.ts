import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { askBoth } from "./ask-both.ts";

/** Compares %7 with what is chosen between %1 and a constant. */
const chosen = (question: string, yes: string, no: string, asked: string, more = ""): string =>
	passed(
		functionOf(
			`a.2:\n%7 = load i32 size=4 %0\n%3 = ${question}\nbranch %3, b.4, c.5\nb.4:\njump d.6\nc.5:\njump d.6\nd.6:\n%8 = phi i32 [${yes}, b.4], [${no}, c.5]\n${more}%9 = ${asked}\nbranch %9, e.10, f.11\ne.10:\njump f.11\nf.11:\n%12 = phi i32 [i32 1, d.6], [i32 2, e.10]\nret %12`,
		),
		[askBoth],
	);
const LESSER = ["icmp.ult i32 %1, i32 19", "%1", "i32 19"] as const;

describe("what is asked of the lesser or the greater of two numbers", () => {
	it("is asked of both", () => {
		const text = chosen(...LESSER, "icmp.ult i32 %7, %8");
		expect(text).toMatch(/(%\d) = load.*\n.*\n(%\d) = icmp.ult i32 \1, %\d\nbranch \2, (b\d), (b\d)\n\3:\n(%\d) = icmp.ult i32 \1, i32 19\nbranch \5, b\d, \4\n/);
		// The way that leads past the second question brings the same value along.
		expect(text).toMatch(/phi i32 \[i32 1, b\d\], \[i32 2, b\d\], \[i32 1, b0\]/);
	});
	it("is nothing where nobody asks for the number", () => {
		expect(chosen(...LESSER, "icmp.ult i32 %7, i32 5")).toContain("phi i32 [%");
	});
	it("is asked of either where one is enough", () => {
		for (const [question, asked] of [["icmp.ult i32 %1, i32 19", "icmp.ugt i32 %7, %8"], ["icmp.ugt i32 %1, i32 19", "icmp.ule i32 %7, %8"]] as const)
			expect(chosen(question, "%1", "i32 19", asked)).toMatch(/(%\d) = icmp.*\nbranch \1, b\d, (b\d)\n\2:\n(%\d) = icmp.*i32 19\nbranch \3/);
	});
	it("is known by a bound that is one off, and by the number on either side", () => {
		for (const [question, yes, no] of [["icmp.ult i32 %1, i32 20", "%1", "i32 19"], ["icmp.ugt i32 %1, i32 18", "i32 19", "%1"], ["icmp.uge i32 %1, i32 19", "i32 19", "%1"]] as const)
			expect(chosen(question, yes, no, "icmp.uge i32 %7, %8")).not.toContain("phi i32 [%");
	});
	it("is chosen first where it is something else, counted otherwise, or used", () => {
		for (const question of ["icmp.ult i32 %1, i32 21", "icmp.ult i32 %1, i32 18", "icmp.slt i32 %1, i32 19", "icmp.ne i32 %1, i32 19"])
			expect(chosen(question, "%1", "i32 19", "icmp.ult i32 %7, %8")).toContain("phi i32 [%");
		expect(chosen(...LESSER, "icmp.eq i32 %7, %8")).toContain("phi i32 [%");
		expect(chosen(...LESSER, "icmp.ult i32 %7, %8", "call helper one#1 %8\n")).toContain("phi i32 [%");
	});
	it("is chosen first where the bound would go round the end of the numbers", () => {
		expect(chosen("icmp.ult i32 %1, i32 0", "%1", "i32 -1", "icmp.ult i32 %7, %8")).toContain("phi i32 [%");
	});
});
