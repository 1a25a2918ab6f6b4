import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { dce } from "../scalar/dce.ts";
import { dse } from "./dse.ts";
import { gvn } from "../scalar/gvn.ts";
import { mergeSlots } from "./merge-slots.ts";
import { mergeStores } from "./merge-stores.ts";
import { sink } from "../control/sink.ts";

const slot = (size: number, lines: string): string => functionOf(`a.2:\n%3 = alloca ptr size=${size} align=4\n${lines}`);

describe("dse", () => {
	it("drops bytes that are written again on every way to their reader", () => {
		const text = slot(4, "store size=4 %3, i32 1\nbranch %1, b.4, c.5\nb.4:\nstore size=4 %3, i32 2\njump d.6\nc.5:\nstore size=4 %3, i32 3\njump d.6\nd.6:\ncall helper h#1 %3\nret i32 0");
		expect(passed(text, [dse])).not.toContain("i32 1");
	});
	it("keeps them when one way reads them", () => {
		const text = slot(4, "store size=4 %3, i32 1\nbranch %1, b.4, c.5\nb.4:\nstore size=4 %3, i32 2\njump d.6\nc.5:\njump d.6\nd.6:\ncall helper h#1 %3\nret i32 0");
		expect(passed(text, [dse])).toContain("store size=4 %0, i32 1");
	});
	it("drops what two smaller stores cover, and what comes after the last reader", () => {
		const text = slot(8, "store size=8 %3, i64 0\n%4 = ptradd ptr %3, i64 4\nstore size=4 %3, %1\nstore size=4 %4, %1\ncall helper h#1 %3\nstore size=4 %3, i32 9\nret i32 0");
		const result = passed(text, [dse]);
		expect(result).not.toContain("i64 0\n");
		expect(result).not.toContain("i32 9");
	});
	it("keeps what a copy onto itself reads", () => {
		expect(passed(slot(4, "store size=4 %3, i32 1\nmemcpy size=4 %3, %3\n%4 = load i32 size=4 %3\nret %4"), [dse])).toContain("i32 1");
		expect(passed(functionOf("a.2:\nstore size=4 %0, i32 1\nmemcpy size=4 %0, %0\nret i32 0"), [dse])).toContain("i32 1");
	});
	it("keeps a slot whose address is kept", () => {
		const text = slot(4, "store size=8 %0, %3\nstore size=4 %3, i32 1\ncall helper h#1 %0\nret i32 0");
		expect(passed(text, [dse])).toContain("i32 1");
	});
	it("keeps what is read at an index known at run time", () => {
		const text = slot(8, "store size=4 %3, i32 1\n%4 = zext i64 %1\n%5 = ptradd ptr %3, %4\n%6 = load i32 size=4 %5\nret %6");
		expect(passed(text, [dse])).toContain("store");
	});
	it("drops an array that is only written", () => {
		const text = slot(64, "%4 = zext i64 %1\n%5 = ptradd ptr %3, %4\nstore size=4 %5, i32 1\nret i32 0");
		expect(passed(text, [dse, dce])).toBe("b0:\nret i32 0");
	});
});

describe("elements at an index known at run time", () => {
	const text = slot(64, "%4 = zext i64 %1\n%5 = ptradd ptr %3, %4\n%6 = ptradd ptr %5, i64 8\nstore size=8 %5, %0\nstore size=8 %6, i64 1\n%9 = call i64 helper h#1\n%7 = load i64 size=8 %5\n%8 = trunc i32 %7\nret %8");
	it("are remembered over calls and stores beside them", () => {
		expect(passed(text, [gvn])).not.toContain("load");
	});
});

describe("merge-stores", () => {
	it("stores a cleared record with its members as words", () => {
		const text = slot(8, "store size=4 %3, i32 0\n%4 = ptradd ptr %3, i64 4\nstore size=4 %4, i32 0\n%5 = ptradd ptr %3, i64 2\nstore size=1 %5, i32 7\ncall helper h#1 %3\nret i32 0");
		expect(passed(text, [mergeStores, dce])).toBe(`b0:\n%0 = alloca ptr size=8 align=8\nstore size=8 %0, i64 ${7 << 16}\ncall helper h#1 %0\nret i32 0`);
	});
	it("not over a load of the bytes", () => {
		const text = slot(4, "store size=2 %3, i32 1\n%4 = load i32 size=4 %3\n%5 = ptradd ptr %3, i64 2\nstore size=2 %5, i32 2\ncall helper h#1 %3\nret %4");
		expect(passed(text, [mergeStores]).match(/store/g)).toHaveLength(2);
	});
	it("not through pointers whose alignment nobody knows", () => {
		const text = functionOf("a.2:\nstore size=1 %0, i32 1\n%5 = ptradd ptr %0, i64 1\nstore size=1 %5, i32 2\nret i32 0");
		expect(passed(text, [mergeStores]).match(/store/g)).toHaveLength(2);
	});
});

describe("sink", () => {
	const two = (left: string, right: string): string => functionOf(`a.2:\nbranch %1, b.3, c.4\nb.3:\n${left}\njump d.5\nc.4:\n${right}\njump d.5\nd.5:\nret i32 0`);
	it("stores one of two numbers once", () => {
		const result = passed(two("store size=4 %0, i32 1", "store size=4 %0, i32 2"), [sink]);
		expect(result.match(/store/g)).toHaveLength(1);
		expect(result).toMatch(/phi i32 \[i32 1, b1\], \[i32 2, b2\]/);
	});
	it("takes along what computes the number", () => {
		const result = passed(two("%6 = load i32 size=4 %0\n%7 = add i32 %6, i32 1\nstore size=4 %0, %7", "%8 = load i32 size=4 %0\n%9 = add i32 %8, i32 1\nstore size=4 %0, %9"), [sink]);
		expect(result.match(/load/g)).toHaveLength(1);
		expect(result.match(/add/g)).toHaveLength(1);
	});
	it("does once what is done before returning, and past an address that is made again", () => {
		const side = (n: number, at: number): string => `store size=4 %0, i32 ${n}\n%${at} = ptradd ptr %0, i64 8\n%${at + 1} = load i32 size=4 %0\nstore size=4 %${at}, %${at + 1}\n%${at + 2} = ptradd ptr %0, i64 16\nstore size=4 %${at + 2}, i32 5\nret i32 ${n + 1}`;
		const result = passed(functionOf(`a.2:\nbranch %1, b.3, c.4\nb.3:\n${side(1, 10)}\nc.4:\n${side(2, 20)}`), [sink]);
		expect(result.match(/store|load|ret/g)).toEqual(["store", "load", "store", "store", "ret"]);
		expect(result).toMatch(/phi i32 \[i32 2, b\d\], \[i32 3, b\d\]/);
		const returned = (op: string, at: number): string => `%${at} = load i32 size=4 %0\n%${at + 1} = ${op} i32 %${at}, i32 1\nret %${at + 1}`;
		expect(passed(functionOf(`a.2:\nbranch %1, b.3, c.4\nb.3:\n${returned("add", 10)}\nc.4:\n${returned("add", 20)}`), [sink]).match(/load|add|ret/g)).toEqual(["load", "add", "ret"]);
		expect(passed(functionOf(`a.2:\nbranch %1, b.3, c.4\nb.3:\n${returned("add", 10)}\nc.4:\n${returned("xor", 20)}`), [sink]).match(/ret/g)).toHaveLength(2);
	});
	it("leaves stores to two addresses", () => {
		expect(passed(two("store size=4 %0, i32 1", "%6 = ptradd ptr %0, i64 4\nstore size=4 %6, i32 1"), [sink]).match(/store/g)).toHaveLength(2);
	});
	it("leaves calls of two pointers", () => {
		expect(passed(two("call helper h#1 %0", "%6 = load ptr size=8 %0\ncall helper h#1 %6"), [sink]).match(/call/g)).toHaveLength(2);
	});
});

describe("merge-slots", () => {
	it("ends a slot whose address is kept at its mark", () => {
		const lines = (mark: string): string => functionOf(`a.2:\n%3 = alloca ptr size=64 align=8\n%4 = alloca ptr size=64 align=8\n%5 = alloca ptr size=8 align=8\nlifetime %3\nlifetime %5\nstore size=8 %5, %3\ncall helper h#1 %5\n${mark}\nlifetime %4\ncall helper h#1 %4\nret i32 0`);
		expect(passed(lines("lifetime %3"), [mergeSlots]).match(/alloca ptr size=64/g)).toHaveLength(1);
		expect(passed(lines("lifetime %5"), [mergeSlots]).match(/alloca ptr size=64/g)).toHaveLength(2);
	});
	it("ends a slot whose address is kept where nothing may follow it any more", () => {
		const ways = (after: string): string => {
			const way = (slot: number, note: number): string => `store size=8 %${note}, %${slot}\ncall helper h#1 %${note}\njump d.12`;
			return functionOf(`a.2:\n%3 = alloca ptr size=64 align=8\n%4 = alloca ptr size=64 align=8\n%5 = alloca ptr size=8 align=8\n%6 = alloca ptr size=8 align=8\nbranch %1, b.10, c.11\nb.10:\n${way(3, 5)}\nc.11:\n${way(4, 6)}\nd.12:\n${after}\nret i32 0`);
		};
		expect(passed(ways("store size=4 %0, i32 1"), [mergeSlots]).match(/alloca ptr size=64/g)).toHaveLength(2);
		expect(passed(ways("%13 = add i32 %1, i32 1"), [mergeSlots]).match(/alloca ptr size=64/g)).toHaveLength(1);
		expect(passed(ways("call helper h#2"), [mergeSlots]).match(/alloca ptr size=64/g)).toHaveLength(2);
	});
	it("keeps apart what a function of ours may hand back", () => {
		const text = functionOf("a.2:\n%3 = alloca ptr size=64 align=8\n%4 = alloca ptr size=64 align=8\nlifetime %3\nlifetime %4\n%5 = call ptr @f %3, %1\n%6 = call ptr @f %4, %1\n%7 = load i32 size=4 %5\n%8 = load i32 size=4 %6\n%9 = add i32 %7, %8\nret %9");
		expect(passed(text, [mergeSlots]).match(/alloca/g)).toHaveLength(2);
	});
});
