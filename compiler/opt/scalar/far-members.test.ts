import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { farMembers } from "./far-members.ts";

/** The distances of the addresses that are made, in their order, and what each is made from. */
const distances = (lines: string): string[] =>
	[...passed(functionOf(lines), [farMembers]).matchAll(/(%\d+) = ptradd ptr (%\d+), i64 (-?\d+)/g)].map(([, made, from, by]) => `${made} = ${from} + ${by}`);

describe("far-members", () => {
	const store = (name: string, distance: number): string => `%${name} = ptradd ptr %0, i64 ${distance}\nstore size=8 %${name}, i64 7\n`;
	it("reaches a member from another one that lies as far", () => {
		expect(distances(`a.2:\n${store("3", 60000)}${store("4", 60008)}${store("5", 59000)}ret i32 0`)).toEqual(["%0 = %1 + 60000", "%2 = %0 + 8", "%3 = %0 + -1000"]);
	});
	it("leaves what an access reaches, and what lies too far from the others", () => {
		expect(distances(`a.2:\n${store("3", 60000)}${store("4", 32760)}${store("5", 60000 + 32761)}${store("6", 60000 + 32769)}ret i32 0`)).toEqual([
			"%0 = %1 + 60000",
			"%2 = %1 + 32760",
			"%3 = %1 + 92761",
			"%4 = %3 + 8",
		]);
	});
	it("does so where the other address has been made on every way, and of no object of the function's own", () => {
		const text = `a.2:\nbranch %1, b.3, c.4\nb.3:\n${store("5", 60000)}${store("6", 60008)}jump c.4\nc.4:\n${store("7", 60016)}ret i32 0`;
		const [first, , last] = distances(text);
		expect(last.replace(/.* = /, "")).toBe(first.replace(/.* = /, "").replace("60000", "60016"));
		expect(distances(text)[1]).toMatch(/\+ 8$/);
		const own = `a.2:\n%8 = alloca ptr size=99999 align=8\n${store("3", 60000)}${store("4", 60008)}ret i32 0`.replaceAll("ptr %0", "ptr %8");
		expect(distances(own).map((one) => one.replace(/.*\+ /, ""))).toEqual(["60000", "60008"]);
	});
});
