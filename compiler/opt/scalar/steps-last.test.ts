import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { stepsLast } from "./steps-last.ts";

/** A loop that puts a number at a place and steps on. */
const loop = (inside: string, behind = "ret i32 0", next = "%5"): string =>
	functionOf(`a.2:\njump b.3\nb.3:\n%4 = phi i32 [i32 0, a.2], [${next}, b.3]\n${inside}%9 = load i32 size=4 volatile %0\nbranch %9, b.3, c.10\nc.10:\n${behind}`);
const STORE = "%6 = zext i64 %4\n%7 = ptradd ptr %0, %6\nstore size=1 %7, %1\n";
const STEP = "%5 = add i32 %4, i32 1\n";

describe("steps-last", () => {
	it("takes the step when nobody needs the value that it overwrites", () => {
		expect(passed(loop(STEP + STORE), [stepsLast])).toMatch(/zext[^\n]*\n[^\n]*ptradd[^\n]*\nstore[^\n]*\n%\d = load[^\n]*\n%\d = add i32/);
	});
	it("takes that of a pointer too", () => {
		const text = functionOf("a.2:\njump b.3\nb.3:\n%4 = phi ptr [%0, a.2], [%5, b.3]\n%5 = ptradd ptr %4, i64 1\n%6 = load i32 size=1 %4\nbranch %6, b.3, c.10\nc.10:\nret i32 0");
		expect(passed(text, [stepsLast])).toMatch(/phi[^\n]*\n%\d = load[^\n]*\n%\d = ptradd[^\n]*\nbranch/);
	});
	it("takes it before what needs what it makes", () => {
		expect(passed(loop(`${STEP + STORE}store size=4 %0, %5\n${STORE.replaceAll("%6", "%11").replaceAll("%7", "%12")}`), [stepsLast])).toMatch(/phi[^\n]*\n%\d = add i32/);
		expect(passed(loop(`${STEP + STORE}store size=4 %0, %5\n`), [stepsLast])).toMatch(/store size=1[^\n]*\n%\d = add i32[^\n]*\nstore size=4/);
	});
	it("leaves it where the value is needed behind the block, and where nothing else needs it", () => {
		for (const text of [loop(STEP + STORE, "ret %4"), loop(STEP), loop(STEP + STORE, "ret i32 0", "%4").replace("store size=1 %7, %1", "store size=1 %7, %5")])
			expect(passed(text, [stepsLast])).toMatch(/phi[^\n]*\n%\d = add i32/);
	});
	it("asks what is needed no further than to where the value is made anew", () => {
		const text = functionOf(`a.2:\njump h.3\nh.3:\n%4 = phi i32 [i32 0, a.2], [%5, b.8]\n%11 = icmp.ult i32 %4, i32 9\nbranch %11, b.8, c.10\nb.8:\n${STEP + STORE}jump h.3\nc.10:\nret i32 0`);
		expect(passed(text, [stepsLast])).toMatch(/store size=1[^\n]*\n%\d = add i32[^\n]*\njump/);
	});
});
