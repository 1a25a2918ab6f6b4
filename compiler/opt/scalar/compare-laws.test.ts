import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { combine } from "./combine.ts";
import { dce } from "./dce.ts";

const result = (lines: string): string => passed(functionOf(`a.2:\n${lines}`), [combine, dce]);

describe("a comparison whose answer is known", () => {
	it("of one number moved by two constants", () => {
		const moved = (pred: string, left: number, right: number): string => result(`%3 = add i32 %1, i32 ${left}\n%4 = add i32 %1, i32 ${right}\n%5 = icmp.${pred} i32 %3, %4\nret %5`);
		expect(moved("ne", 1, 2)).toContain("ret i32 1");
		expect(moved("eq", 1, -1)).toContain("ret i32 0");
		expect(moved("ult", 1, 2)).toContain("icmp.ult");
		expect(result("%3 = add i32 %1, i32 7\n%4 = icmp.eq i32 %1, %3\nret %4")).toContain("ret i32 0");
	});
	it("of a number and of what is further on", () => {
		const further = (pred: string, sum: string): string => result(`%3 = ${sum} %1, i32 5\n%5 = icmp.${pred} i32 %3, %1\nret %5`);
		expect(further("ult", "add i32")).toMatch(/icmp.uge i32 %\d, i32 -5/);
		expect(further("ugt", "add i32")).toMatch(/icmp.ult i32 %\d, i32 -5/);
		expect(further("sgt", "add i32 signed")).toContain("ret i32 1");
		expect(further("slt", "add i32")).toContain("icmp.slt");
		expect(result("%3 = neg i32 %1\n%4 = icmp.eq i32 %3, i32 5\nret %4")).toMatch(/icmp.eq i32 %\d, i32 -5/);
	});
	it("of a number and of a part of it", () => {
		const part = (pred: string, op: string, other = "i32 15"): string => result(`%3 = load i32 size=4 %0\n%4 = ${op} i32 %1, ${other}\n%5 = icmp.${pred} i32 %4, %1\nret %5`);
		for (const op of ["and", "lshr", "udiv", "umod"]) expect([part("ule", op), part("ugt", op)].map((text) => /ret i32 (\d)/.exec(text)![1])).toEqual(["1", "0"]);
		expect(part("uge", "or", "%3")).toContain("ret i32 1");
		for (const text of [part("ult", "and"), part("sle", "lshr"), part("ule", "or")]) expect(text).toContain("icmp");
	});
	it("by the bits that are one", () => {
		const set = (pred: string, limit: number): string => result(`%3 = and i32 %1, i32 3\n%4 = or i32 %3, i32 16\n%5 = icmp.${pred} i32 %4, i32 ${limit}\nret %5`);
		for (const [pred, limit, answer] of [["ugt", 15, 1], ["ult", 16, 0], ["uge", 16, 1], ["ule", 15, 0]] as const) expect(set(pred, limit)).toContain(`ret i32 ${answer}`);
		expect(set("ugt", 16)).not.toMatch(/ret i32/);
	});
	it("of a quotient, which is asked of the number that is divided", () => {
		const quotient = (pred: string, limit: number, by = 10): string => result(`%3 = udiv i32 %1, i32 ${by}\n%4 = icmp.${pred} i32 %3, i32 ${limit}\nret %4`);
		for (const [pred, limit, asked] of [["eq", 0, "ult i32 %1, i32 10"], ["ne", 0, "uge i32 %1, i32 10"], ["ult", 7, "ult i32 %1, i32 70"], ["ugt", 7, "uge i32 %1, i32 80"], ["ule", 7, "ult i32 %1, i32 80"], ["uge", 7, "uge i32 %1, i32 70"]] as const)
			expect(quotient(pred, limit)).toContain(`icmp.${asked}`);
		expect(quotient("ult", 500_000_000)).toContain("ret i32 1");
		for (const text of [quotient("eq", 3), quotient("slt", 3)]) expect(text).toContain("udiv");
		// A bound of what is used behind it stays one of that.
		expect(result("%3 = udiv i32 %1, i32 10\n%4 = icmp.ult i32 %3, i32 7\ncall helper h#1 %3\nret %4")).toMatch(/icmp.ult i32 %\d, i32 7/);
	});
	it("of what was shifted out of a number, which is asked of the number", () => {
		expect(result("%3 = lshr i32 %1, i32 4\n%4 = icmp.ult i32 %3, i32 3\nret %4")).toContain("icmp.ult i32 %1, i32 48");
		expect(result("%3 = lshr i32 %1, i32 4\n%4 = icmp.ugt i32 %3, i32 3\nret %4")).toContain("icmp.uge i32 %1, i32 64");
		expect(result("%3 = lshr i32 %1, i32 4\n%4 = icmp.ult i32 %3, i32 3\ncall helper h#1 %3\nret %4")).toMatch(/icmp.ult i32 %\d, i32 3/);
		// A number of 64 bits takes more than the shift.
		const long = (by: number, asked: string, use = ""): string => passed(functionOf(`a.2:\n%5 = load i64 size=8 %0\n%3 = lshr i64 %5, i64 ${by}\n%4 = icmp.${asked}\n${use}ret %4`), [combine, dce]);
		expect(long(20, "ult i32 %3, i64 50")).toContain("icmp.ult i32 %0, i64 52428800");
		expect(long(20, "ult i32 %3, i64 50000")).toContain("lshr i64 %0, i64 20");
		expect(long(40, "eq i32 %3, i64 0", "store size=8 %0, %3\n")).toMatch(/icmp.eq i32 %\d, i64 0/);
	});
	it("of a bit among some, which is asked of its number", () => {
		const among = (bit: string, pred = "ne", number = 0, mask = 31): string => result(`%3 = and i32 %1, i32 ${mask}\n${bit}\n%6 = icmp.${pred} i32 %5, i32 ${number}\nret %6`);
		const one = (bits: number): string => `%4 = shl i32 i32 1, %3\n%5 = and i32 %4, i32 ${bits}`;
		const table = (bits: number): string => `%4 = lshr i32 i32 ${bits}, %3\n%5 = and i32 %4, i32 1`;
		for (const bit of [one, table]) {
			expect(among(bit(7))).toMatch(/icmp.ult i32 %\d, i32 3/);
			expect(among(bit(7), "eq")).toMatch(/icmp.uge i32 %\d, i32 3/);
			expect(among(bit(32))).toMatch(/icmp.eq i32 %\d, i32 5/);
			expect(among(bit(-16))).toMatch(/icmp.uge i32 %\d, i32 4/);
			expect(among(bit(6))).toMatch(/shl|lshr/);
			// The machine shifts by 32 as by none, which a set of cases counts on.
			expect(among(bit(7), "ne", 0, 63)).toMatch(/shl|lshr/);
		}
		expect(among(table(7), "eq", 1)).toMatch(/icmp.ult i32 %\d, i32 3/);
		expect(passed(functionOf("a.2:\n%3 = and i32 %1, i32 15\n%4 = shl i32 i32 1, %3\n%5 = and i32 %4, i32 3\nbranch %5, b.6, c.7\nb.6:\nret i32 1\nc.7:\nret i32 2"), [combine, dce])).toMatch(/icmp.ult i32 %\d, i32 2/);
	});
	it("not by what the verifier does not find out", () => {
		expect(result("%3 = umod i32 %1, i32 10\n%4 = xor i32 %3, i32 16\n%5 = icmp.ugt i32 %4, i32 15\nret %5")).toContain("icmp.ugt");
	});
});
