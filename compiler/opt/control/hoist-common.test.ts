/** What both sides of a branch begin with. */
import { describe, expect, it } from "vitest";
import { passed } from "../../../test/support/passed.ts";
import { dce } from "../scalar/dce.ts";
import { hoistCalls, hoistCommon } from "./hoist-common.ts";

const GLOBALS = 'global @x section ".bss" size 4 align 4 global\nglobal @y section ".bss" size 4 align 4 global\n';

/** Two sides of a branch that asks `asked`; a line a string. */
function sides(one: string, other: string, asked = "%3 = icmp.ne i32 %1, i32 0"): string {
	const text = `${GLOBALS}function @f(ptr %0, i32 %1) -> i32 static {\na.2:\n%50 = load i32 size=4 %0\n${asked}\nbranch %3, b.4, c.5\nb.4:\n${one}\nret i32 1\nc.5:\n${other}\nret i32 2\n}\n`;
	return passed(text, [hoistCommon, dce]);
}

const count = (text: string, what: RegExp): number => (text.match(what) ?? []).length;

describe("hoist-common", () => {
	it("loads once what both sides load, an address made anew", () => {
		const side = (at: number, helper: number): string => `%${at} = global ptr @x offset=0\n%${at + 1} = load i32 size=4 %${at}\ncall helper h#${helper} %${at + 1}`;
		const result = sides(side(10, 1), side(20, 2));
		expect(count(result, /load/g)).toBe(1);
		expect(result).toMatch(/global ptr @x.*\n(%\d) = load i32 size=4 %\d\nbranch .*\nb1:\ncall helper h#1 \1\nret i32 1\nb2:\ncall helper h#2 \1/);
	});
	it("computes once what both compute of that", () => {
		const side = (at: number, helper: number): string => `%${at} = load i32 size=4 %0\n%${at + 1} = add i32 %${at}, i32 7\ncall helper h#${helper} %${at + 1}`;
		expect(count(sides(side(10, 1), side(20, 2)), /add/g)).toBe(1);
	});
	it("leaves what is another object, another width, or behind a call", () => {
		const side = (at: number, load: string, before = ""): string => `${before}%${at} = global ptr @x offset=0\n%${at + 1} = ${load} %${at}\ncall helper h#1 %${at + 1}`;
		expect(count(sides(side(10, "load i32 size=4"), side(20, "load i32 size=4").replace("@x", "@y")), /load i32/g)).toBe(2);
		expect(count(sides(side(10, "load i32 size=4"), side(20, "load i32 size=2")), /load i32/g)).toBe(2);
		expect(count(sides(side(10, "load i32 size=4"), side(20, "load i32 size=4", "call helper h#5\n")), /load i32/g)).toBe(2);
		expect(count(sides(side(10, "load i32 size=4 volatile"), side(20, "load i32 size=4 volatile")), /load i32/g)).toBe(2);
	});
	it("leaves what stands in a loop and behind it", () => {
		const text = `function @f(ptr %0, i32 %1) -> i32 static {\na.2:\njump b.3\nb.3:\n%4 = load i32 size=4 volatile %0\n%5 = icmp.ult i32 %4, i32 9\nbranch %5, c.6, d.7\nc.6:\n%8 = load i32 size=4 %0\ncall helper h#1 %8\njump b.3\nd.7:\n%9 = load i32 size=4 %0\nret %9\n}\n`;
		expect(count(passed(text, [hoistCommon]), /load/g)).toBe(3);
	});
	it("leaves what depends on the question", () => {
		const side = (at: number, helper: number): string => `%${at} = shl i32 %50, i32 2\ncall helper h#${helper} %${at}`;
		expect(count(sides(side(10, 1), side(20, 2)), /shl/g)).toBe(1);
		expect(count(sides(side(10, 1), side(20, 2), "%3 = icmp.ult i32 %50, i32 8"), /shl/g)).toBe(2);
		expect(count(sides(side(10, 1), side(20, 2), "%51 = and i32 %50, i32 15\n%3 = icmp.ult i32 %51, i32 8"), /shl/g)).toBe(2);
	});
});

describe("hoist-calls", () => {
	const GET = 'function @get(i32 %0) -> i32 static {\na.1:\nret %0\n}\n';
	/** Both sides of a branch call with what they load; `between` stands in front of the second call. */
	const both = (asked = "%3 = icmp.ne i32 %1, i32 0", between = "", second = "%0"): string => {
		const side = (at: number, from: string, before = ""): string => `${before}%${at} = load i32 size=4 ${from}\n%${at + 1} = call i32 @get %${at}`;
		const text = `function @f(ptr %0, i32 %1) -> i32 static {\na.2:\n%50 = load i32 size=4 %0\n%51 = ptradd ptr %0, i64 8\n${asked}\nbranch %3, b.4, c.5\nb.4:\n${side(10, "%0")}\nret %11\nc.5:\n${side(20, second, between)}\n%30 = add i32 %21, i32 1\nret %30\n}\n${GET}`;
		return passed(text, [hoistCalls, dce]);
	};
	it("calls once what both sides call before anything else", () => {
		const text = both();
		expect(count(text, /call i32 @get/g)).toBe(1);
		expect(text).toMatch(/(%\d+) = call i32 @get %\d+\nbranch .*\nb1:\nret \1\nb2:\n%\d+ = add i32 \1, i32 1/);
	});
	it("leaves calls with other arguments, behind what others see, and of what the branch asks", () => {
		expect(count(both(undefined, "", "%51"), /call i32 @get/g)).toBe(2);
		expect(count(both(undefined, "store size=4 %51, i32 1\n"), /call i32 @get/g)).toBe(2);
		expect(count(both("%3 = icmp.ne i32 %0, ptr 0"), /call i32 @get/g)).toBe(2);
	});
});
