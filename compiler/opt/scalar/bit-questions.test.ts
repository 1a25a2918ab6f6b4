import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { bitQuestions } from "./bit-questions.ts";

describe("bit-questions", () => {
	const text = (pred: string, use: string, mask = "1"): string => functionOf(`a.2:\n%3 = load i32 size=4 %0\n%4 = and i32 %3, i32 ${mask}\n%5 = and i32 %1, i32 1\n%6 = icmp.${pred} i32 %4, %5\n${use}`);

	it("are an exclusive or where their answer is counted", () => {
		expect(passed(text("ne", "%7 = add i32 %3, %6\nret %7"), [bitQuestions])).toContain("%5 = xor i32 %2, %3\n%6 = add i32 %0, %5");
		expect(passed(text("eq", "%7 = add i32 %3, %6\nret %7"), [bitQuestions])).toContain("%5 = xor i32 %2, %3\n%6 = xor i32 %5, i32 1\n%7 = add i32 %0, %6");
	});
	it("are the bit where one is counted, and questions for the branch beside it", () => {
		const one = (pred: string, right: number, ty = "i32", mask = 512): string => passed(functionOf(`a.2:\n%3 = load ${ty} size=4 %0\n%4 = and ${ty} %3, ${ty} ${mask}\n%5 = icmp.${pred} i32 %4, ${ty} ${right}\n%6 = or i32 %1, %5\nbranch %5, b.7, c.8\nb.7:\nret i32 9\nc.8:\nret %6`), [bitQuestions]);
		expect(one("eq", 0)).toMatch(/%3 = lshr i32 %2, i32 9\n%4 = xor i32 %3, i32 1\n%5 = icmp.eq i32 %2, i32 0\n%6 = or i32 %7, %4\nbranch %5/);
		for (const set of [one("ne", 0), one("eq", 512)]) expect(set).toMatch(/%3 = lshr i32 %2, i32 9\n%4 = icmp[^\n]*\n%5 = or i32 %6, %3\n/);
		expect(one("ne", 0, "i64")).toMatch(/lshr i64 %2, i64 9\n%4 = trunc i32 %3\n/);
		expect(one("ne", 0, "i32", 1)).toMatch(/or i32 %\d, %2\n/);
		expect(one("ne", 0, "i32", 768)).not.toContain("lshr");
		expect(one("eq", 3)).not.toContain("lshr");
	});
	it("stay questions where a branch asks them, of longer numbers and of order", () => {
		for (const same of [text("ne", "branch %6, b.8, c.9\nb.8:\nret i32 4\nc.9:\nret i32 5"), text("ne", "ret %6", "3"), text("ult", "ret %6")]) expect(passed(same, [bitQuestions])).toBe(passed(same, []));
	});
});
