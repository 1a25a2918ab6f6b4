import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { dce } from "../scalar/dce.ts";
import { dse } from "./dse.ts";
import { gvn } from "../scalar/gvn.ts";
import { mergeSlots } from "./merge-slots.ts";
import { mergeStores } from "./merge-stores.ts";
import { simplifyCfg } from "../control/simplify-cfg.ts";
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
	it("drops what every way from it writes again, in any memory, and keeps it where one way ends, reads or goes round", () => {
		const ways = (left: string, right: string, end = "store size=4 %0, i32 2\nret i32 0"): string =>
			functionOf(`a.2:\nstore size=4 %0, i32 1\nbranch %1, b.4, c.5\nb.4:\n${left}\nc.5:\n${right}\nd.6:\n${end}`);
		expect(passed(ways("jump d.6", "jump d.6"), [dse])).not.toContain("i32 1");
		expect(passed(ways("store size=4 %0, i32 3\njump d.6", "store size=4 %0, i32 4\njump d.6", "ret i32 0"), [dse])).not.toContain("i32 1");
		expect(passed(ways("ret i32 0", "jump d.6"), [dse])).toContain("i32 1");
		expect(passed(ways("%7 = load i32 size=4 %0\njump d.6", "jump d.6"), [dse])).toContain("i32 1");
		expect(passed(ways("call helper h#1 %0\njump d.6", "jump d.6"), [dse])).toContain("i32 1");
		expect(passed(ways("jump b.4", "jump d.6"), [dse])).toContain("i32 1");
		expect(passed(ways("jump d.6", "jump d.6", "store size=2 %0, i32 2\nret i32 0"), [dse])).toContain("i32 1");
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
	it("but leaves zeros beside other numbers where a slot is read in parts at a place that is only known at run time", () => {
		const read = (step: string, size: number): string => functionOf(`a.2:\n%3 = alloca ptr size=16 align=8\n%4 = ptradd ptr %3, i64 1\n%5 = ptradd ptr %3, i64 8\nstore size=8 %3, i64 0\nstore size=8 %5, i64 0\nstore size=1 %3, i32 7\n%6 = zext i64 %1\n%7 = ${step}\n%8 = ptradd ptr %4, %7\n%9 = load i32 size=${size} %8\nret %9`);
		// The byte at 1 is zero and is read: the number below it comes last.
		expect(passed(read("and i64 %6, i64 8", 1), [mergeStores]).match(/store size=\d/g)).toEqual(["store size=8", "store size=4", "store size=2", "store size=1", "store size=1"]);
		// Bytes anywhere.
		expect(passed(read("and i64 %6, i64 12", 1), [mergeStores]).match(/store size=\d/g)).toHaveLength(5);
		// What is read has the other number in it, or is the word.
		expect(passed(read("and i64 %6, i64 8", 1).replaceAll("i64 1\n", "i64 0\n"), [mergeStores]).match(/store size=8/g)).toHaveLength(2);
		expect(passed(read("and i64 %6, i64 8", 8).replace("i64 1\n", "i64 0\n").replace("load i32", "load i64").replace("ret %9", "ret i32 0"), [mergeStores]).match(/store size=8/g)).toHaveLength(2);
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
	it("takes along copies of a record of which one way knows a field", () => {
		const copy = (at: number, second: string, between = ""): string => `%${at} = load i32 size=4 %0\nstore size=4 %2, %${at}\n${between}%${at + 1} = ptradd ptr %2, i64 4\n%${at + 2} = ptradd ptr %0, i64 4\n${second}`;
		const both = (between = ""): string =>
			functionOf(`a.3:\n%2 = alloca ptr size=8 align=4\nbranch %1, b.4, c.5\nb.4:\n${copy(10, "store size=4 %11, %1")}\njump d.6\nc.5:\n${copy(20, "%23 = load i32 size=4 %22\nstore size=4 %21, %23", between)}\njump d.6\nd.6:\ncall helper h#1 %2\nret i32 0`);
		expect(passed(both(), [sink]).match(/store/g)).toHaveLength(2);
		expect(passed(both("call helper h#2\n"), [sink]).match(/store/g)).toHaveLength(3);
	});
	it("leaves stores to two addresses", () => {
		expect(passed(two("store size=4 %0, i32 1", "%6 = ptradd ptr %0, i64 4\nstore size=4 %6, i32 1"), [sink]).match(/store/g)).toHaveLength(2);
	});
	const data = (left: string, right: string): string => `global @x section ".bss" size 16 align 8 global\nglobal @y section ".data" size 16 align 8 global\n${two(left, right)}`;
	const object = (at: number, name: string, then: string): string => `%${at} = global ptr @${name} offset=0\n${then}`;
	it("stores, counts and calls once for one of two objects", () => {
		for (const then of ["store size=4 %#, i32 1", "atomic.add size=4 %#, i32 1", "call helper h#1 %#"]) {
			const result = passed(data(object(6, "x", then.replace("%#", "%6")), object(7, "y", then.replace("%#", "%7"))), [sink]);
			expect(result.match(/store|atomic|call/g)).toHaveLength(1);
			expect(result).toMatch(/phi ptr \[%\d, b\d\], \[%\d, b\d\]/);
		}
	});
	it("counts in memory once, at one address", () => {
		const side = (at: number, name: string): string => object(at, name, `%${at + 1} = ptradd ptr %${at}, i64 8\n%${at + 2} = load i32 size=4 %${at + 1}\n%${at + 3} = add i32 %${at + 2}, i32 1\nstore size=4 %${at + 1}, %${at + 3}`);
		const result = passed(data(side(10, "x"), side(20, "y")), [sink, simplifyCfg, gvn, dce]);
		expect(result.match(/load|add i32|store/g)).toEqual(["load", "add i32", "store"]);
		expect(result.match(/phi/g)).toHaveLength(1);
	});
	it("leaves two places of one object, and places that are none of this object's data", () => {
		const side = (at: number, offset: number): string => object(at, "x", `%${at + 1} = ptradd ptr %${at}, i64 ${offset}\nstore size=4 %${at + 1}, i32 1`);
		expect(passed(data(side(10, 4), side(20, 8)), [sink]).match(/store/g)).toHaveLength(2);
		const maps = data(object(6, "x", "call helper h#1 %6"), object(7, "y", "call helper h#1 %7")).replace(/"\.(bss|data)"/g, '".maps"');
		expect(passed(maps, [sink]).match(/call/g)).toHaveLength(2);
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

describe("what is probed", () => {
	const either = (lines: (offset: number) => string): string => functionOf(`a.2:\n%3 = alloca ptr size=8 align=8\nbranch %1, b.4, c.5\nb.4:\n%6 = ptradd ptr %0, i64 8\n${lines(6)}\njump d.8\nc.5:\n%7 = ptradd ptr %0, i64 16\n${lines(7)}\njump d.8\nd.8:\nret i32 0`);
	it("may be at two addresses", () => {
		expect(passed(either((at) => `call helper bpf_probe_read_kernel#113 %3, i32 8, %${at}`), [sink])).toMatch(/phi ptr[^\n]*\ncall helper bpf_probe_read_kernel#113 %\d, i32 8, %\d\n/);
	});
	it("is written to one place, and no other helper takes two", () => {
		expect(passed(either((at) => `call helper bpf_probe_read_kernel#113 %${at}, i32 8, %3`), [sink])).not.toContain("phi");
		expect(passed(either((at) => `call helper bpf_map_delete_elem#3 %3, %${at}`), [sink])).not.toContain("phi");
	});
});

describe("a slot that is handed to a helper", () => {
	/** %3 is a slot, %4 a pointer from elsewhere, %5 what is read through it first. */
	const handed = (lines: string, call = "call helper h#2 %3"): string => slot(8, `%4 = call ptr helper h#1\n%5 = load i32 size=4 %4\n${lines}\n${call}\nret %7`);
	it("is written by no pointer that comes from elsewhere, and does not hold what that one reads", () => {
		expect(passed(handed("store size=4 %3, i32 1\n%7 = load i32 size=4 %4"), [gvn]).match(/load/g)).toHaveLength(1);
		expect(passed(handed("store size=4 %3, i32 1\nstore size=4 %4, i32 2\n%7 = load i32 size=4 %3"), [gvn])).toMatch(/ret i32 1$/);
	});
	it("is what that one may point to, once its address was stored or given to a function of the program", () => {
		for (const text of [handed("store size=8 %0, %3\nstore size=4 %3, i32 1\n%7 = load i32 size=4 %4"), handed("store size=4 %3, i32 1\n%7 = load i32 size=4 %4", "%9 = call i32 @f %3, %1")])
			expect(passed(text, [gvn]).match(/load/g)).toHaveLength(2);
	});
	it("is not touched by calls that did not get it", () => {
		const before = slot(4, "store size=4 %3, %1\ncall helper h#1\n%4 = load i32 size=4 %3\ncall helper h#2 %3\nret %4");
		expect(passed(before, [gvn])).not.toContain("load");
		expect(passed(before.replace("h#1", "h#1 %3"), [gvn])).toContain("load");
		const apart = slot(8, "store size=4 %3, i32 1\ncall helper h#1\n%4 = ptradd ptr %3, i64 4\nstore size=4 %4, i32 2\ncall helper h#2 %3\nret i32 0");
		expect(passed(apart, [mergeStores]).match(/store/g)).toHaveLength(1);
		expect(passed(apart.replace("h#1", "h#1 %3"), [mergeStores]).match(/store/g)).toHaveLength(2);
	});
});

describe("a slot that nothing was stored in", () => {
	const bits = (before: string): string => slot(8, `${before}%4 = ptradd ptr %3, i64 4\n%5 = load i32 size=1 %4\n%6 = and i32 %5, i32 254\nstore size=1 %4, %6\ncall helper h#1 %3\nret i32 0`);
	it("holds nothing that needs to be read", () => {
		expect(passed(bits(""), [gvn])).not.toContain("load");
		expect(passed(bits("store size=4 %3, i32 1\n"), [gvn])).not.toContain("load");
		expect(passed(bits("lifetime %3\n"), [gvn])).not.toContain("load");
	});
	it("holds something once it was written there", () => {
		expect(passed(bits("call helper h#1 %3\n"), [gvn])).toContain("load");
		expect(passed(bits("%7 = zext i64 %1\n%8 = ptradd ptr %3, %7\nstore size=1 %8, i32 1\n"), [gvn])).toContain("load");
	});
});
