import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { combine } from "./combine.ts";
import { dce } from "./dce.ts";

const result = (lines: string): string => passed(functionOf(`a.2:\n${lines}`), [combine, dce]);
const byte = (id: number, from: number, to: number): string =>
	`%${id} = lshr i32 %1, i32 ${from * 8}\n%${id + 1} = and i32 %${id}, i32 255\n%${id + 2} = shl i32 %${id + 1}, i32 ${to * 8}\n`;
/** The bytes of %1 put together: for each byte of the result where it comes from. */
const together = (...order: readonly number[]): string => {
	const parts = order.map((from, to) => byte(10 + to * 4, from, to)).join("");
	const sums = order.slice(1).map((_, i) => `%${50 + i} = or i32 %${i === 0 ? 12 : 49 + i}, %${16 + i * 4}\n`).join("");
	return result(`${parts}${sums}ret %${48 + order.length}`);
};

describe("bytes that are put together in reverse", () => {
	it("are swapped", () => {
		expect(together(3, 2, 1, 0)).toMatch(/^b0:\n%0 = bswap.32 i32 %1\nret %0$/);
		expect(together(1, 0)).toMatch(/^b0:\n%0 = bswap.16 i32 %1\nret %0$/);
	});
	it("are swapped under the mask of the result", () => {
		expect(result("%3 = load i32 size=2 %0\n%4 = shl i32 %3, i32 8\n%5 = lshr i32 %3, i32 8\n%6 = or i32 %4, %5\n%7 = and i32 %6, i32 65535\nret %7")).toMatch(/bswap.16 i32 %0\nret/);
	});
	it("are not swapped in another order, without one of them, or from two values", () => {
		for (const text of [together(3, 1, 2, 0), together(3, 2, 1), together(0, 1)]) expect(text).not.toContain("bswap");
		expect(result("%3 = load i32 size=1 %0\n%4 = and i32 %1, i32 255\n%5 = shl i32 %4, i32 8\n%6 = or i32 %3, %5\nret %6")).not.toContain("bswap");
	});
});
