import { describe, expect, it } from "vitest";
import { passed } from "../../../test/support/passed.ts";
import { constSlots } from "./const-slots.ts";
import { foldConstGlobals } from "./const-globals.ts";

const pass = (body: string, size = 80): string => passed(`function @f(ptr %0, i64 %1) -> i32 static {\na.2:\n%3 = alloca ptr size=${size} align=8\n${body}\n}\n`, [constSlots, foldConstGlobals]);

const INIT = "memset size=80 align=8 %3, i32 0\nstore size=4 %3, i32 7\n%4 = ptradd ptr %3, i64 76\nstore size=4 %4, i32 -2\n";
const READ = "%5 = ptradd ptr %3, %1\n%6 = load i32 size=4 %5\n";

describe("a slot that only its initialiser writes", () => {
	it("is an object of .rodata, of which what stands at a known place is a number", () => {
		const text = pass(`lifetime %3\n${INIT}${READ}%7 = load i32 size=2 %4\n%8 = add i32 %6, %7\nret %8`);
		expect(text).toMatch(/^b0:\n%0 = global ptr @\.L__const\S*\n%1 = ptradd ptr %0, i64 76\n%2 = ptradd ptr %0, %3\n%4 = load i32 size=4 %2\n%5 = add i32 %4, i32 65534\nret %5$/);
		expect(pass(`${INIT}memcpy size=80 align=1 %0, %3\n%7 = memcmp i32 size=8 align=1 %3, %0\nret %7`)).not.toContain("alloca");
		expect(pass(`${INIT}jump b.9\nb.9:\n${READ}branch %6, b.9, c.10\nc.10:\nret %6`)).not.toContain("store");
	});
	it.each([
		["as large as a line of the cache", `memset size=64 align=8 %3, i32 0\n${READ}ret %6`, 64],
		["written at a place that is only known at run time", `${INIT}%5 = ptradd ptr %3, %1\nstore size=4 %5, i32 1\n%6 = load i32 size=4 %3\nret %6`],
		["written by a call", `${INIT}call helper h#1 %3\n${READ}ret %6`],
		["given something that is not a constant", `${INIT}store size=8 %3, %1\n${READ}ret %6`],
		["read before it is written", `${READ}${INIT}ret %6`],
		["read in between", `memset size=80 align=8 %3, i32 0\n${READ}store size=4 %3, i32 1\nret %6`],
		["written in two places", `${INIT}jump b.9\nb.9:\n${READ}store size=4 %3, i32 1\nbranch %6, b.9, c.10\nc.10:\nret %6`],
		["written on one way only", `branch %1, b.9, c.10\nb.9:\n${INIT}jump c.10\nc.10:\n${READ}ret %6`],
		["volatile", `${INIT}${READ.replace("load i32 size=4", "load i32 size=4 volatile")}ret %6`],
		["copied from elsewhere", `memcpy size=80 align=8 %3, %0\n${READ}ret %6`],
		["stored somewhere", `${INIT}store size=8 %0, %3\n${READ}ret %6`],
	])("but not one that is %s", (_what, body, size = 80) => {
		expect(pass(body, size)).toContain("alloca");
	});
});
