import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { noObject } from "./no-object.ts";

const text = (lines: string): string => passed(functionOf(`a.2:\n%3 = alloca ptr size=8 align=8\n${lines}`), [noObject]);
const at = (offset: number): string => `%4 = ptradd ptr %3, i64 ${offset}`;

describe("memory that is no object", () => {
	it("beside a slot gives any value, also when calls are given the slot", () => {
		for (const offset of [8, 12, -4])
			expect(text(`call helper h#1 %3\n${at(offset)}\n%5 = load i32 size=4 %4\nret %5`)).toMatch(/ret i32 undef/);
	});
	it("beside a slot takes nothing", () => {
		expect(text(`${at(8)}\nstore size=4 %4, i32 1\ncall helper h#1 %3\nret i32 0`)).not.toContain("store");
	});
	it("is not one byte of the slot, and nothing volatile", () => {
		expect(text(`${at(4)}\n%5 = load i64 size=8 align=4 %4\n%6 = trunc i32 %5\nret %6`)).toContain("load");
		expect(text(`${at(8)}\n%5 = load i32 size=4 volatile %4\nret %5`)).toContain("load");
	});
	it("at an address that was found to be null gives any value, and takes nothing", () => {
		const found = (access: string, asked = "icmp.ne i32 %0, ptr 0"): string =>
			text(`%4 = ${asked}\nbranch %4, b.5, c.6\nb.5:\n%7 = load i32 size=4 %0\nret %7\nc.6:\n%8 = ptradd ptr %0, i64 4\n${access}`);
		expect(found("%9 = load i32 size=4 %8\nret %9").match(/ret .*/g)).toEqual([expect.stringMatching(/^ret %\d$/), "ret i32 undef"]);
		expect(found("store size=4 %8, i32 1\nret i32 0")).not.toContain("store");
		expect(found("store size=4 %8, i32 1\nret i32 0", "icmp.ne i32 %0, %3")).toContain("store");
		expect(found("store size=4 volatile %8, i32 1\nret i32 0")).toContain("store");
	});
	it("keeps what it had where any value is stored, but a slot is filled", () => {
		expect(text("store size=4 %0, i32 undef\nret i32 0")).not.toContain("store");
		expect(text("store size=8 %3, i64 undef\ncall helper h#1 %3\nret i32 0")).toContain("store");
	});
});
