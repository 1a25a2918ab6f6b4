import { describe, expect, it } from "vitest";
import { combine } from "./combine.ts";
import { gvn } from "./gvn.ts";
import { functionOf, passed } from "../../../test/support/passed.ts";

describe("gvn", () => {
	it("knows what is left of a number that was written over in part", () => {
		const text = (write: string, read: string): string => functionOf(`a.2:\n%3 = alloca ptr size=8 align=8\n%4 = ptradd ptr %3, i64 1\n%5 = ptradd ptr %3, i64 4\nstore size=8 %3, i64 0x1122334455667788\n${write}\n%6 = load i32 ${read}\ncall helper h#1 %3\nret %6`.replace("0x1122334455667788", String(0x1122334455667788n)));
		expect(passed(text("store size=1 %3, i32 14", "size=1 %4"), [gvn, combine])).toContain("ret i32 119");
		expect(passed(text("store size=2 %5, i32 14", "size=1 %4"), [gvn, combine])).toContain("ret i32 119");
		expect(passed(text("store size=1 %4, i32 14", "size=2 %5"), [gvn, combine])).toContain(`ret i32 ${0x3344}`);
		expect(passed(text("store size=1 %4, %1", "size=4 signed %5"), [gvn, combine])).toContain(`ret i32 ${0x11223344}`);
		expect(passed(text("store size=1 %4, i32 14", "size=2 %3"), [gvn, combine])).toContain("load");
		expect(passed(text("store size=1 %3, i32 14\ncall helper h#1 %3", "size=1 %4"), [gvn, combine])).toContain("load");
		expect(passed(text("%11 = zext i64 %1\n%10 = ptradd ptr %3, %11\nstore size=1 %10, i32 14", "size=1 %4"), [gvn, combine])).toContain("load");
	});
	const meeting = (write: string): string => functionOf(`a.2:\n%3 = ptradd ptr %0, i64 8\n%4 = load i32 size=4 %0\nbranch %1, b.5, c.6\nb.5:\n${write}\njump c.6\nc.6:\n%7 = load i32 size=4 %0\n%8 = add i32 %4, %7\nret %8`);
	it("knows where ways meet what none of them wrote to", () => {
		expect(passed(meeting("store size=4 %3, i32 1"), [gvn]).match(/load/g)).toHaveLength(1);
	});
	it("forgets there what one of them wrote to", () => {
		expect(passed(meeting("store size=4 %0, i32 1"), [gvn]).match(/load/g)).toHaveLength(2);
		expect(passed(meeting("call helper h#1"), [gvn]).match(/load/g)).toHaveLength(2);
	});
	it("knows on one side of a branch nothing of what the other one stores", () => {
		const text = functionOf("a.2:\n%3 = ptradd ptr %0, i64 8\n%4 = ptradd ptr %0, i64 16\n%5 = load i32 size=4 %0\nbranch %1, b.6, c.7\nb.6:\nstore size=4 %3, i32 1\n%8 = load i32 size=4 %4\nret %8\nc.7:\nstore size=4 %4, i32 2\n%9 = load i32 size=4 %3\n%10 = add i32 %9, %5\nret %10");
		expect(passed(text, [gvn]).match(/load/g)).toHaveLength(3);
	});
	it("forgets in a loop what the loop writes to", () => {
		const loop = (to: string): string => functionOf(`a.2:\n%3 = ptradd ptr %0, i64 8\n%4 = load i32 size=4 %0\njump c.6\nc.6:\n%9 = phi i32 [%4, a.2], [%8, c.6]\n%7 = load i32 size=4 %0\n%8 = add i32 %9, %7\nstore size=4 ${to}, %8\n%10 = icmp.ult i32 %8, i32 99\nbranch %10, c.6, d.11\nd.11:\nret %8`);
		expect(passed(loop("%3"), [gvn]).match(/load/g)).toHaveLength(1);
		expect(passed(loop("%0"), [gvn]).match(/load/g)).toHaveLength(2);
	});
	it("makes an address in the program's data once where only the run knows the place, else where it is needed", () => {
		const data = (place: string): string =>
			`global @t section ".data" size 64 align 4 static bytes ${"00".repeat(64)}\n${functionOf(`a.2:\n%3 = zext i64 %1\n%4 = global ptr @t\n%5 = ptradd ptr %4, ${place}\n%6 = load i32 size=4 volatile %5\nbranch %6, b.7, c.8\nb.7:\n%9 = global ptr @t\n%10 = ptradd ptr %9, ${place}\nstore size=4 %10, %1\njump c.8\nc.8:\nret i32 0`)}`;
		expect(passed(data("%3"), [gvn]).match(/ptradd/g)).toHaveLength(1);
		expect(passed(data("i64 8"), [gvn]).match(/ptradd/g)).toHaveLength(2);
	});
	it("loads once, and again after a call", () => {
		const text = functionOf("a.2:\n%3 = load i32 size=4 %0\n%4 = load i32 size=4 %0\n%5 = add i32 %3, %4\ncall helper h#1\n%6 = load i32 size=4 %0\n%7 = add i32 %5, %6\nret %7");
		expect(passed(text, [gvn]).match(/load/g)).toHaveLength(2);
	});
	it("gives back what was stored, cut as the load cuts it", () => {
		const text = functionOf("a.2:\nstore size=1 %0, %1\n%3 = load i32 size=1 %0\nret %3");
		expect(passed(text, [gvn])).toBe("b0:\nstore size=1 %0, %1\n%2 = and i32 %1, i32 255\nret %2");
	});
	it("reads a part of what was stored", () => {
		const text = functionOf("a.2:\nstore size=4 %0, i32 16909060\n%3 = ptradd ptr %0, i64 1\n%4 = load i32 size=1 %3\n%5 = ptradd ptr %0, i64 2\nstore size=2 %5, %1\n%6 = load i32 size=1 %5\n%7 = ptradd ptr %0, i64 3\n%8 = load i32 size=1 %7\n%9 = add i32 %6, %8\n%10 = add i32 %4, %9\nret %10");
		const result = passed(text, [gvn]);
		expect(result).not.toContain("load");
		expect(result).toContain("and i32 i32 66051, i32 255");
		expect(result).toMatch(/lshr i32 %\d, i32 8/);
	});
	it("but not what reaches beyond, or lies in front", () => {
		const text = functionOf("a.2:\n%3 = ptradd ptr %0, i64 1\nstore size=2 %3, %1\n%4 = load i32 size=4 %0\n%5 = load i32 size=1 %0\n%6 = ptradd ptr %0, i64 2\n%7 = load i32 size=2 %6\n%8 = add i32 %4, %5\n%9 = add i32 %8, %7\nret %9");
		expect(passed(text, [gvn]).match(/load/g)).toHaveLength(3);
	});
	it("does not merge volatile loads", () => {
		const text = functionOf("a.2:\n%3 = load i32 size=4 volatile %0\n%4 = load i32 size=4 volatile %0\n%5 = add i32 %3, %4\nret %5");
		expect(passed(text, [gvn]).match(/load/g)).toHaveLength(2);
	});
	const asked = (flavor: { readonly volatile?: boolean; readonly memory?: boolean }, between: string): string => {
		const asm = JSON.stringify({ template: "%0 = 1", volatile: flavor.volatile ?? false, outputs: [{ constraint: "r", inout: false, earlyClobber: false, memory: false, wide: true }], inputs: [{ constraint: "m", memory: flavor.memory ?? false, wide: true }], clobbers: [], labels: [] });
		return passed(functionOf(`a.2:\n%3 = asm i64 asm=${asm} %0\n${between}\n%4 = asm i64 asm=${asm} %0\n%5 = add i64 %3, %4\n%6 = trunc i32 %5\nret %6`), [gvn]);
	};
	it("asks assembly that answers alike once", () => {
		expect(asked({}, "store size=4 %0, i32 1").match(/asm=/g)).toHaveLength(1);
		expect(asked({ memory: true }, "call helper h#1\n".slice(0, 0)).match(/asm=/g)).toHaveLength(1);
	});
	it("but not volatile assembly, or what reads an object that is written to", () => {
		expect(asked({ volatile: true }, "").match(/asm=/g)).toHaveLength(2);
		expect(asked({ memory: true }, "store size=4 %0, i32 1").match(/asm=/g)).toHaveLength(2);
		expect(asked({ memory: true }, "call helper h#1").match(/asm=/g)).toHaveLength(2);
	});
	it("knows the condition below its branch", () => {
		const text = functionOf("a.2:\n%3 = icmp.ult i32 %1, i32 5\nbranch %3, b.4, c.5\nb.4:\n%6 = icmp.uge i32 %1, i32 5\nret %6\nc.5:\nret i32 7");
		expect(passed(text, [gvn])).toContain("ret i32 0");
	});
});
