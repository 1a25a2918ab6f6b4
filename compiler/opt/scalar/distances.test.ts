import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { combine } from "./combine.ts";
import { dce } from "./dce.ts";

/** An index of 16 bits, two places that begin where %0 points, and whether one is below the other. */
const asked = (pred: string, places: string, a: string, b: string): string =>
	passed(functionOf(`a.2:\n%3 = load i32 size=2 %0\n%4 = zext i64 %3\n${places}\n%9 = icmp.${pred} i32 ${a}, ${b}\nret %9`), [combine, dce]);

/** An element of 8 bytes from the 16th byte on, and the `end`th byte. */
const element = (end: number): string => `%5 = shl i64 %4, i64 3\n%6 = ptradd ptr %0, %5\n%7 = ptradd ptr %6, i64 16\n%8 = ptradd ptr %0, i64 ${end}`;

describe("places in one object", () => {
	it("are compared by the index that one is made of", () => {
		for (const [pred, end, limit] of [["uge", 96, 10], ["uge", 97, 11], ["ule", 97, 10], ["eq", 96, 10]] as const) expect(asked(pred, element(end), "%7", "%8")).toMatch(new RegExp(`icmp.${pred} i32 %\\d, i32 ${limit}\n`));
		expect(asked("ugt", element(96), "%8", "%7")).toMatch(/icmp.ult i32 %\d, i32 10\n/);
	});
	it("are never the same between two elements", () => {
		expect(asked("eq", element(97), "%7", "%8")).toContain("ret i32 0");
		expect(asked("ne", element(97), "%7", "%8")).toContain("ret i32 1");
	});
	it("of a size that is no power of two", () => {
		expect(asked("ult", "%5 = mul i64 %4, i64 12\n%6 = ptradd ptr %0, %5\n%8 = ptradd ptr %0, i64 125", "%6", "%8")).toMatch(/icmp.ult i32 %\d, i32 11\n/);
	});
	it("before the object's beginning are below all of it", () => {
		expect(asked("ult", element(8), "%7", "%8")).toContain("ret i32 0");
	});
	it("are compared by what is not common to both", () => {
		const both = "%5 = ptradd ptr %0, %4\n%6 = zext i64 %1\n%7 = ptradd ptr %5, %6\n%8 = ptradd ptr %5, i64 20";
		expect(asked("ult", both, "%7", "%8")).toMatch(/icmp.ult i32 %\d, i32 20\n/);
		expect(asked("ult", "%6 = zext i64 %1\n%7 = ptradd ptr %0, %6\n%8 = ptradd ptr %0, %4", "%7", "%8")).toMatch(/icmp.ult i32 %\d, %\d\n/);
	});
	it("are compared by the product where something of it may be lost", () => {
		const wide = "%5 = load i64 size=8 %0\n%6 = shl i64 %5, i64 3\n%7 = ptradd ptr %0, %6\n%8 = ptradd ptr %0, i64 80";
		expect(asked("ult", wide, "%7", "%8")).toMatch(/icmp.slt i32 %\d, i64 80\n/);
	});
});
