import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { compareExtended } from "./compare-extended.ts";

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
