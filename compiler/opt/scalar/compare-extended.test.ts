import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { compareExtended } from "./compare-extended.ts";
import { extendFirst } from "./extend-first.ts";

describe("compare-extended", () => {
	const text = (question: string, before = "%4 = sext i64 %3", behind = ""): string => functionOf(`a.2:\n%3 = load i32 size=4 %0\n${before}\n%5 = ${question}\nbranch %5, b.6, c.7\nb.6:\n${behind}%8 = ptradd ptr %0, %4\nstore size=1 %8, i32 0\njump c.7\nc.7:\nret i32 0`);

	it("asks the number that is used", () => {
		expect(passed(text("icmp.slt i32 %3, i32 32"), [compareExtended])).toContain("icmp.slt i32 %2, i64 32");
		expect(passed(text("icmp.ne i32 %3, i32 -1"), [compareExtended])).toContain("icmp.ne i32 %2, i64 -1");
		expect(passed(text("icmp.ult i32 %3, i32 32"), [compareExtended])).toContain("icmp.ult i32 %2, i64 32");
	});
	it("asks the narrow one where that is asked for otherwise, not extended yet, or another number as an unsigned one", () => {
		for (const same of [text("icmp.ult i32 %3, i32 -2"), text("icmp.slt i32 %3, %1"), text("icmp.slt i32 %3, i32 32", "%4 = sext i64 %3", "store size=4 %0, %3\n"), text("icmp.slt i32 %3, i32 32", "", "%4 = sext i64 %3\n")]) {
			expect(passed(same, [compareExtended])).toBe(passed(same, []));
		}
	});
	it("asks the lower half of a call's result where that is used, and leaves what is whole already", () => {
		const half = (made: string, question: string): string => functionOf(`a.2:\n%3 = ${made}\n%4 = zext i64 %3\n%5 = ${question}\nbranch %5, b.6, c.7\nb.6:\n%8 = ptradd ptr %0, %4\nstore size=1 %8, i32 0\njump c.7\nc.7:\nret i32 0`);
		expect(passed(half("call i32 helper h#1", "icmp.uge i32 %3, i32 12"), [compareExtended])).toContain("icmp.uge i32 %1, i64 12");
		expect(passed(half("call i32 helper h#1", "icmp.ne i32 %3, i32 -1"), [compareExtended])).toContain("icmp.ne i32 %1, i64 4294967295");
		for (const same of [half("call i32 helper h#1", "icmp.slt i32 %3, i32 12"), half("load i32 size=4 %0", "icmp.uge i32 %3, i32 12")]) expect(passed(same, [compareExtended])).toBe(passed(same, []));
	});
});

describe("extend-first", () => {
	const text = (question: string, behind = "%4 = zext i64 %1\n", end = ""): string => functionOf(`a.2:\n%5 = ${question}\nbranch %5, b.6, c.7\nb.6:\n${behind}%8 = ptradd ptr %0, %4\nstore size=1 %8, i32 0\njump c.7\nc.7:\n${end}ret i32 0`);
	const both = [extendFirst, compareExtended];

	it("asks and uses one extended number where a question extends", () => {
		expect(passed(text("icmp.ult i32 %1, i32 10"), both, 2)).toMatch(/^b0:\n(%\d) = zext i64 %1\n%\d = icmp.ult i32 \1, i64 10\n(?:.*\n)*%\d = ptradd ptr %\d, \1/);
		expect(passed(text("icmp.slt i32 %1, i32 10", "%4 = sext i64 %1\n"), both, 1)).toMatch(/^b0:\n(%\d) = sext[^\n]*\n%\d = icmp.slt i32 \1, i64 10/);
	});
	it("extends once for all that is behind the question, whatever else the number is used for", () => {
		const more = passed(text("icmp.ult i32 %1, i32 10", "%4 = zext i64 %1\n", "%9 = zext i64 %1\n%10 = ptradd ptr %0, %9\nstore size=4 %10, %1\n"), both, 2);
		expect(more.match(/zext/g)).toHaveLength(1);
		expect(more).toMatch(/icmp.ult i32 %\d, i64 10/);
	});
	it("extends with its sign what is used where it has none, behind a question that asks the sign", () => {
		const behind = text("icmp.sge i32 %1, i32 0");
		expect(passed(behind, both, 1)).toMatch(/^b0:\n(%\d) = sext i64 %1\n%\d = icmp.sge i32 \1, i64 0\n(?:.*\n)*%\d = ptradd ptr %\d, \1/);
		const other = behind.replace("branch %5, b.6, c.7", "branch %5, c.7, b.6");
		expect(passed(other, both, 1)).toBe(passed(other, []));
	});
	it("gives calls the lower half of what was asked, not what was extended", () => {
		const call = text("icmp.ult i32 %1, i32 10", "%4 = zext i64 %1\ncall helper h#1 %0, %1\n");
		expect(passed(call, both, 2)).toMatch(/^b0:\n(%\d) = zext i64 %1\n(%\d) = trunc i32 \1\n(?:.*\n)*call helper h#1 %\d, \2\n/);
		expect(passed(call, both, 3)).toBe(passed(call, []));
		const other = passed(text("icmp.ult i32 %1, i32 10", "%4 = zext i64 %1\n%9 = sext i64 %1\ncall helper h#1 %0, %9\n"), both, 2);
		expect(other).toMatch(/sext i64 %1\n/);
		expect(other).not.toContain("trunc");
		const before = text("icmp.ult i32 %1, i32 10").replace("%5 =", "call helper h#1 %0, %1\n%5 =");
		expect(passed(before, both, 2)).toMatch(/call helper h#1 %\d, (%\d)\n%\d = zext i64 \1/);
	});
	it("extends what is only asked, but more than once", () => {
		const cases = (made: string, second: string): string =>
			functionOf(`a.2:\n%3 = ${made}\n%4 = icmp.eq i32 %3, i32 -22\nbranch %4, b.6, c.7\nb.6:\nret i32 1\nc.7:\n%5 = ${second}\nret %5`);
		expect(passed(cases("call i32 helper h#1", "icmp.eq i32 %3, i32 -7"), both, 1)).toMatch(/(%\d) = sext i64 %\d\n%\d = icmp.eq i32 \1, i64 -22\n.*icmp.eq i32 \1, i64 -7/s);
		expect(passed(cases("call i32 helper h#1", "icmp.ugt i32 %3, i32 -9"), both, 1)).toMatch(/(%\d) = zext i64 %\d\n%\d = icmp.eq i32 \1, i64 4294967274\n/);
		for (const same of [cases("load i32 size=4 %0", "icmp.eq i32 %3, i32 -7"), cases("call i32 helper h#1", "icmp.eq i32 %1, i32 -7")]) expect(passed(same, both, 1)).toBe(passed(same, []));
	});
	it("passes on what was asked where others are passed on as well", () => {
		const lesser = (made: string, then = "call helper h#2 %0, %8"): string =>
			functionOf(`a.2:\n%3 = ${made}\n%4 = icmp.ugt i32 %3, i32 64\nbranch %4, b.6, c.7\nb.6:\njump c.7\nc.7:\n%8 = phi i32 [%3, a.2], [i32 64, b.6]\n${then}\nret i32 0`);
		expect(passed(lesser("call i32 helper h#1"), both, 1)).toMatch(/(%\d) = sext i64 %\d\n%\d = icmp.ugt i32 \1, i64 64\n.*(%\d) = phi i64 \[\1, b0\], \[i64 64, b1\]\n(%\d) = trunc i32 \2\ncall helper h#2 %\d, \3/s);
		for (const same of [lesser("call i32 helper h#1", "store size=4 %0, %8"), lesser("call i32 helper h#1").replace("icmp.ugt i32 %3", "icmp.ugt i32 %1")]) expect(passed(same, both, 1)).toBe(passed(same, []));
	});
	it("leaves what 32-bit registers ask, other questions, and what is extended on another way", () => {
		expect(passed(text("icmp.ult i32 %1, i32 10"), both, 3)).toBe(passed(text("icmp.ult i32 %1, i32 10"), []));
		for (const same of [text("icmp.slt i32 %1, i32 10"), functionOf("a.2:\n%3 = load i32 size=4 %0\nbranch %3, b.6, c.7\nb.6:\n%5 = icmp.ult i32 %1, i32 10\nret %5\nc.7:\n%4 = zext i64 %1\n%8 = ptradd ptr %0, %4\nstore size=1 %8, i32 0\nret i32 0")])
			expect(passed(same, both, 2)).toBe(passed(same, []));
	});
});
