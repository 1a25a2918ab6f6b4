import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { bitQuestions } from "./bit-questions.ts";

describe("bit-questions", () => {
	const text = (pred: string, use: string, mask = "1"): string => functionOf(`a.2:\n%3 = load i32 size=4 %0\n%4 = and i32 %3, i32 ${mask}\n%5 = and i32 %1, i32 1\n%6 = icmp.${pred} i32 %4, %5\n${use}`);

	it("are an exclusive or where their answer is counted", () => {
		expect(passed(text("ne", "%7 = add i32 %3, %6\nret %7"), [bitQuestions])).toContain("%5 = xor i32 %2, %3\n%6 = add i32 %0, %5");
		expect(passed(text("eq", "%7 = add i32 %3, %6\nret %7"), [bitQuestions])).toContain("%5 = xor i32 %2, %3\n%6 = xor i32 %5, i32 1\n%7 = add i32 %0, %6");
	});
	it("stay questions where a branch asks them, of longer numbers and of order", () => {
		for (const same of [text("ne", "branch %6, b.8, c.9\nb.8:\nret i32 4\nc.9:\nret i32 5"), text("ne", "ret %6", "3"), text("ult", "ret %6")]) expect(passed(same, [bitQuestions])).toBe(passed(same, []));
	});
});
