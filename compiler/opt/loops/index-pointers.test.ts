import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { combine } from "../scalar/combine.ts";
import { dce } from "../scalar/dce.ts";
import { indexPointers } from "./index-pointers.ts";

describe("index-pointers", () => {
	const walk = (question: string, first = "%3", step = "i64 1"): string =>
		functionOf(`a.2:\n%3 = alloca ptr size=32 align=8\n%4 = call i32 helper h#1 %3, %0\njump b.5\nb.5:\n%6 = phi ptr [${first}, a.2], [%12, c.10]\n${question}\nbranch %9, c.10, d.11\nc.10:\nstore size=1 %6, %1\n%12 = ptradd ptr %6, ${step}\njump b.5\nd.11:\nret i32 0`);
	const end = "%7 = ptradd ptr %3, i64 32\n%9 = icmp.ult i32 %6, %7";
	const indexed = (text: string): string => passed(text, [indexPointers, combine, dce]);

	it("count where the end is a constant distance from the beginning", () => {
		expect(indexed(walk(end))).toContain("b1:\n%3 = phi i64 [i64 0, b0], [%4, b2]\n%5 = ptradd ptr %0, %3\n%6 = icmp.slt i32 %3, i64 32\nbranch %6, b2, b3\nb2:\nstore size=1 %5");
	});
	it("count where the distance itself is asked", () => {
		expect(indexed(walk("%7 = ptrtoint i64 %6\n%8 = ptrtoint i64 %3\n%13 = sub i64 %7, %8\n%9 = icmp.ult i32 %13, i64 32"))).toContain("icmp.ult i32 %3, i64 32");
		expect(indexed(walk("%7 = ptrtoint i64 %6\n%8 = ptrtoint i64 %3\n%13 = sub i64 %8, %7\n%9 = icmp.sgt i32 %13, i64 -32"))).not.toContain("phi ptr");
	});
	it("follow a way on which nothing was added, and one that went two steps", () => {
		const text = functionOf(
			"a.2:\n%3 = alloca ptr size=32 align=8\n%4 = call i32 helper h#1 %3, %0\njump b.5\nb.5:\n%6 = phi ptr [%3, a.2], [%14, e.13]\n%7 = ptradd ptr %3, i64 32\n%9 = icmp.ult i32 %6, %7\nbranch %9, c.10, d.11\nc.10:\n%12 = ptradd ptr %6, i64 1\n%15 = load i32 size=1 %6\nbranch %15, f.16, e.13\nf.16:\n%17 = ptradd ptr %12, i64 1\njump e.13\ne.13:\n%14 = phi ptr [%12, c.10], [%17, f.16]\njump b.5\nd.11:\nret i32 0",
		);
		expect(indexed(text)).toMatch(/phi i64 \[i64 0, b0\], \[%\d, b\d\][\s\S]*add i64 %3, i64 2[\s\S]*phi i64/);
		expect(indexed(text)).not.toContain("phi ptr");
	});
	it("stay pointers where the step is no constant, where another object comes in, and where nothing is asked", () => {
		const grown = "%14 = zext i64 %1\n";
		for (const text of [walk(end, "%3", "%14").replace("%4 = call", `${grown}%4 = call`), walk(end, "%0"), walk("%9 = icmp.ult i32 %6, %0"), walk("%9 = load i32 size=1 %6")]) expect(passed(text, [indexPointers])).toBe(passed(text, []));
	});
	it("are told once where a loop goes on from where another one ended", () => {
		const text = functionOf(
			"a.2:\n%3 = alloca ptr size=32 align=8\n%4 = call i32 helper h#1 %3, %0\n%7 = ptradd ptr %3, i64 32\nbranch %4, b.5, e.13\nb.5:\n%6 = phi ptr [%3, a.2], [%12, c.10]\n%9 = icmp.ult i32 %6, %7\nbranch %9, c.10, d.11\nc.10:\n%12 = ptradd ptr %6, i64 1\njump b.5\nd.11:\njump e.13\ne.13:\n%14 = phi ptr [%3, a.2], [%6, d.11], [%17, f.16]\n%18 = icmp.ult i32 %14, %7\nbranch %18, f.16, g.19\nf.16:\n%17 = ptradd ptr %14, i64 4\njump e.13\ng.19:\nret i32 0",
		);
		expect(indexed(text).match(/branch/g)).toHaveLength(3);
	});
	it("stay pointers outside of loops", () => {
		const text = functionOf("a.2:\n%3 = alloca ptr size=32 align=8\n%4 = call i32 helper h#1 %3, %0\nbranch %4, b.5, c.6\nb.5:\n%7 = ptradd ptr %3, i64 4\njump c.6\nc.6:\n%8 = phi ptr [%3, a.2], [%7, b.5]\n%9 = ptrtoint i64 %8\n%10 = ptrtoint i64 %3\n%11 = sub i64 %9, %10\n%12 = trunc i32 %11\nret %12");
		expect(passed(text, [indexPointers])).toBe(passed(text, []));
	});
});
