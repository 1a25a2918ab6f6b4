import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { combine } from "./combine.ts";
import { dce } from "./dce.ts";
import { shortest, VALUES } from "./truth-tables.ts";

/** The function's text after the laws, of %1 and of %3, two numbers; values without their names. */
const result = (lines: string): string => passed(functionOf(`a.2:\n%3 = load i32 size=4 %0\n${lines}`), [combine, dce]).replace(/%\d+/g, "%");

describe("a truth table", () => {
	it("is that of its shortest formula", () => {
		const computed = (table: number): number => {
			const { op, left, right } = shortest(table);
			if (op === null) return table;
			const [a, b] = [computed(left), computed(right)];
			return op === "and" ? a & b : op === "or" ? a | b : a ^ b;
		};
		for (let table = 0; table < 256; table++) expect(computed(table)).toBe(table);
		const [x, y, z] = VALUES;
		expect([x & y, x ^ y ^ z, ~(x | y) & 0xff, (x & y) | (~x & z)].map((table) => shortest(table).cost)).toEqual([1, 2, 2, 3]);
	});
});

describe("a formula of bits", () => {
	it.each([
		["z ^ (2 ^ z)", "%4 = xor i32 %1, i32 2\n%5 = xor i32 %1, %4\nret %5", "ret i32 2"],
		["x ^ y ^ x", "%4 = xor i32 %1, %3\n%5 = xor i32 %4, %1\nret %5", "load i32 size=4 %\nret %"],
		["(x | y) | x", "%4 = or i32 %1, %3\n%5 = or i32 %4, %1\nret %5", "% = or i32 %, %\nret %"],
		["(x & y) | (x & ~y)", "%4 = and i32 %1, %3\n%5 = xor i32 %3, i32 -1\n%6 = and i32 %1, %5\n%7 = or i32 %4, %6\nret %7", "b0:\nret %"],
		["~x & ~y", "%4 = xor i32 %1, i32 -1\n%5 = xor i32 %3, i32 -1\n%6 = and i32 %4, %5\nret %6", "% = or i32 %, %\n% = xor i32 %, i32 -1\nret %"],
		["(x | y) − (x & y)", "%4 = or i32 %1, %3\n%5 = and i32 %1, %3\n%6 = sub i32 %4, %5\nret %6", "% = xor i32 %, %\nret %"],
		["(x & y) + (x ^ y)", "%4 = and i32 %1, %3\n%5 = xor i32 %1, %3\n%6 = add i32 %4, %5\nret %6", "% = or i32 %, %\nret %"],
		["(x & 240) ^ (y & 240)", "%4 = and i32 %1, i32 240\n%5 = and i32 %3, i32 240\n%6 = xor i32 %4, %5\nret %6", "% = xor i32 %, %\n% = and i32 %, i32 240\nret %"],
		["x − (x & 7)", "%4 = and i32 %1, i32 7\n%5 = sub i32 %1, %4\nret %5", "% = and i32 %, i32 -8\nret %"],
		["(x & 7) + (x & −8)", "%4 = and i32 %1, i32 7\n%5 = and i32 %1, i32 -8\n%6 = add i32 %4, %5\nret %6", "b0:\nret %"],
	])("%s", (_, lines, wanted) => expect(result(lines)).toContain(wanted));
	it("stays where a sum carries", () => {
		expect(result("%4 = and i32 %1, %3\n%5 = or i32 %1, %3\n%6 = add i32 %4, %5\nret %6")).toContain("add i32 %, %");
	});
	it("stays where it is short already, or its parts are needed", () => {
		expect(result("%4 = xor i32 %1, %3\n%5 = and i32 %4, %3\nret %5")).toMatch(/xor i32 %, %\n% = and i32 %, %/);
		expect(result("%4 = or i32 %1, %3\n%5 = and i32 %1, %3\ncall helper h#1 i64 0, %4\ncall helper h#1 i64 0, %5\n%6 = sub i32 %4, %5\nret %6").match(/ = (or|and|sub|xor) /g)).toHaveLength(3);
	});
});

describe("a sum", () => {
	it.each([
		["x + y − x", "%4 = add i32 %1, %3\n%5 = sub i32 %4, %1\nret %5", "load i32 size=4 %\nret %"],
		["3x + 5x", "%4 = mul i32 %1, i32 3\n%5 = mul i32 %1, i32 5\n%6 = add i32 %4, %5\nret %6", "% = shl i32 %, i32 3\nret %"],
		["x + x + x + x", "%4 = add i32 %1, %1\n%5 = add i32 %4, %1\n%6 = add i32 %5, %1\nret %6", "% = shl i32 %, i32 2\nret %"],
		["~(~x + 5)", "%4 = xor i32 %1, i32 -1\n%5 = add i32 %4, i32 5\n%6 = xor i32 %5, i32 -1\nret %6", "% = add i32 %, i32 -5\nret %"],
		["(x << 2) + (y << 2)", "%4 = shl i32 %1, i32 2\n%5 = shl i32 %3, i32 2\n%6 = add i32 %4, %5\nret %6", "% = add i32 %, %\n% = shl i32 %, i32 2\nret %"],
		["−(x − 7)", "%4 = sub i32 %1, i32 7\n%5 = neg i32 %4\nret %5", "% = sub i32 i32 7, %\nret %"],
	])("%s", (_, lines, wanted) => expect(result(lines)).toContain(wanted));
	it("of what may be a pointer to the verifier keeps its order", () => {
		const text = result("%4 = load i64 size=8 %0\n%5 = ptradd ptr %0, i64 8\n%6 = load i64 size=8 %5\n%7 = zext i64 %1\n%8 = sub i64 %6, %7\n%9 = sub i64 %7, %4\n%10 = add i64 %8, %9\n%11 = lshr i64 %10, i64 32\n%12 = trunc i32 %11\nret %12");
		expect(text.match(/ = (add|sub) /g)).toHaveLength(3);
		const narrow = "%4 = load i64 size=8 %0\n%5 = zext i64 %1\n%6 = sub i64 %5, %4\n%7 = trunc i32 %6\n%8 = sub i32 %7, i32 14\n%9 = sub i32 %3, %8\n%10 = add i32 %9, i32 1\nret %10";
		expect(result(narrow)).toMatch(/= sub i32 %, %\n% = add i32 %, i32 -14\n% = sub i32 %, %\n% = add i32 %, i32 1\nret/);
	});
});

describe("two comparisons of the same numbers", () => {
	it("are one, whichever may hold or both must", () => {
		const asked = (op: string, first: string, second: string): string => result(`%4 = icmp.${first} i32 %1, %3\n%5 = icmp.${second} i32 %1, %3\n%6 = ${op} i32 %4, %5\nret %6`);
		expect(asked("or", "ult", "eq")).toContain("% = icmp.ule i32 %, %\nret %");
		expect(asked("and", "uge", "ule")).toContain("% = icmp.eq i32 %, %\nret %");
		expect(asked("or", "ult", "uge")).toContain("ret i32 1");
	});
});
