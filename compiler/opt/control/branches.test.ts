import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { combine } from "../scalar/combine.ts";
import { correlate } from "../scalar/correlate.ts";
import { delay } from "../scalar/delay.ts";
import { keepNarrow } from "../scalar/keep-narrow.ts";
import { dce } from "../scalar/dce.ts";
import { foldBranches } from "./fold-branches.ts";
import { forwardSwitch } from "./forward-switch.ts";
import { idleBranches } from "./idle-branches.ts";
import { ifChains } from "./if-chains.ts";
import { needlessBranches } from "./needless-branches.ts";
import { sink } from "./sink.ts";
import { simplifyCfg } from "./simplify-cfg.ts";

describe("sink", () => {
	const twice = (between: string, beside = ""): string => functionOf(`a.2:\nstore size=4 %0, i32 5\n${between}%3 = icmp.sgt i32 %1, i32 3\nbranch %3, b.4, c.5\nb.4:\n${beside}store size=4 %0, i32 7\njump c.5\nc.5:\nret i32 0`);
	it("stores behind a branch what one side stores again", () => {
		expect(passed(twice(""), [sink])).toMatch(/phi i32 \[i32 5, b0\], \[i32 7, b\d\]\nstore size=4 %\d, %\d\nret/);
	});
	it("leaves both where the first may be read in between, or the second is elsewhere", () => {
		for (const text of [twice("%9 = load i32 size=1 %0\n"), twice("", "%9 = load i32 size=2 %0\n"), twice("call helper one#1\n"), twice("", "call helper one#1\n"), twice("").replace("store size=4 %0, i32 7", "store size=2 %0, i32 7")])
			expect(passed(text, [sink]).match(/store/g)).toHaveLength(2);
	});
	const returned = (side: string): string => functionOf(`a.2:\n%3 = icmp.sgt i32 %1, i32 3\nbranch %3, b.4, c.5\nb.4:\nstore size=4 %0, i32 7\ncall helper one#1 %0\nret i32 0\nc.5:\n%6 = icmp.sgt i32 %1, i32 1\nbranch %6, d.7, e.8\nd.7:\nstore size=4 %0, i32 9\n${side}\njump f.9\ne.8:\n%10 = load i32 size=4 %0\njump f.9\nf.9:\n%11 = phi i32 [i32 0, d.7], [%10, e.8]\nret %11`);
	it("does once what is done before a return, at once or by way of another one's", () => {
		const result = passed(returned("call helper one#1 %0"), [sink]);
		expect(result.match(/store|call/g)).toHaveLength(2);
		expect(result).toMatch(/phi i32 \[i32 \d, b\d\], \[i32 \d, b\d\]\nstore/);
		expect(passed(returned("call helper two#2 %0"), [sink]).match(/store|call/g)).toHaveLength(4);
	});
});

describe("correlate", () => {
	it("knows along an edge what the branch asked", () => {
		const text = functionOf("a.2:\n%3 = icmp.ne i32 %1, i32 264\nbranch %3, b.4, c.5\nb.4:\njump c.5\nc.5:\n%6 = phi i32 [%3, a.2], [i32 -22, b.4]\nret %6");
		expect(passed(text, [correlate])).toContain("phi i32 [i32 0, b0]");
	});
	const below = (limit: number, then: string): string => functionOf(`a.2:\n%3 = icmp.ult i32 %1, i32 ${limit}\nbranch %3, b.4, c.5\nb.4:\n${then}\nc.5:\nret i32 7`);
	it("moves a constant out of an extended multiple that stays below 2³²", () => {
		const member = (made: string): string => passed(below(64, `${made}\n%7 = add i32 %6, i32 9\n%8 = zext i64 %7\n%9 = ptradd ptr %0, %8\n%10 = load i32 size=1 %9\nret %10`), [correlate]);
		for (const made of ["%6 = shl i32 %1, i32 3", "%6 = mul i32 %1, i32 24"]) expect(member(made)).toMatch(/(%\d) = zext i64 %\d\n(%\d) = add i64 \1, i64 9/);
		for (const made of ["%6 = mul i32 %1, i32 100000000", "%6 = shl i32 %1, %1"]) expect(member(made)).not.toContain("add i64");
	});
	it("knows in a loop what held on the way into it", () => {
		const loop = (limit: number): string =>
			passed(functionOf(`a.2:\n%3 = icmp.ult i32 %1, i32 ${limit}\nbranch %3, b.4, c.5\nb.4:\n%6 = phi i32 [i32 0, a.2], [%7, b.4]\n%7 = add i32 %6, i32 1\n%8 = icmp.ult i32 %1, i32 20\ncall helper one#1 %8\n%9 = icmp.ne i32 %7, i32 9\nbranch %9, b.4, c.5\nc.5:\nret i32 7`), [correlate]);
		expect(loop(10)).toContain("one#1 i32 1");
		expect(loop(30)).not.toContain("one#1 i32 1");
	});
	it("decides a comparison that a wider one settled", () => {
		expect(passed(below(10, "%6 = icmp.ult i32 %1, i32 20\nret %6"), [correlate])).toContain("ret i32 1");
	});
	it("leaves one that is still open", () => {
		expect(passed(below(10, "%6 = icmp.ult i32 %1, i32 5\nret %6"), [correlate])).toContain("icmp.ult i32 %1, i32 5");
	});
	it("extends what is not negative without its sign", () => {
		expect(passed(below(10, "%6 = sext i64 %1\n%7 = ptradd ptr %0, %6\n%8 = load i32 size=1 %7\nret %8"), [correlate])).toContain("zext i64");
	});
	it("keeps the sign where the number may be negative", () => {
		expect(passed(functionOf("a.2:\n%6 = sext i64 %1\n%7 = ptradd ptr %0, %6\n%8 = load i32 size=1 %7\nret %8"), [correlate])).toContain("sext i64");
	});
	it("moves a constant out of an index that cannot wrap", () => {
		expect(passed(below(10, "%6 = add i32 %1, i32 1\n%7 = zext i64 %6\n%8 = ptradd ptr %0, %7\n%9 = load i32 size=1 %8\nret %9"), [correlate, dce])).toContain("%2 = zext i64 %1\n%3 = add i64 %2, i64 1");
	});
	it("moves one out of an index that may be less than nothing", () => {
		const less = (limit: number): string => below(limit, "%6 = add i32 %1, i32 -1\n%7 = sext i64 %6\n%8 = ptradd ptr %0, %7\n%9 = load i32 size=1 %8\nret %9");
		expect(passed(less(10), [correlate, dce])).toContain("%2 = zext i64 %1\n%3 = add i64 %2, i64 -1");
		expect(passed(functionOf("a.2:\n%6 = add i32 %1, i32 -1\n%7 = sext i64 %6\n%8 = ptradd ptr %0, %7\n%9 = load i32 size=1 %8\nret %9"), [correlate, dce])).toContain("sext i64");
	});
	it("but not out of one that is compared", () => {
		const text = below(10, "%6 = add i32 %1, i32 1\n%7 = zext i64 %6\n%8 = ptradd ptr %0, %7\n%9 = load i32 size=1 %8\n%10 = icmp.eq i32 %6, %9\nret %10");
		expect(passed(text, [correlate, dce])).not.toContain("add i64");
	});
	it("nor out of one that is compared by another extension of it", () => {
		const text = below(10, "%6 = add i32 %1, i32 1\n%11 = zext i64 %6\n%10 = icmp.ugt i32 %11, i64 5\nbranch %10, c.5, d.12\nd.12:\n%7 = zext i64 %6\n%8 = ptradd ptr %0, %7\n%9 = load i32 size=1 %8\nret %9");
		expect(passed(text, [correlate, dce])).not.toContain("add i64");
	});
});

describe("a bound that the verifier does not find out", () => {
	const indexed = (value: string): string => functionOf(`a.2:\n${value}\n%9 = icmp.ult i32 %8, i32 16\nbranch %9, b.4, c.5\nb.4:\n%6 = zext i64 %8\n%7 = ptradd ptr %0, %6\n%10 = load i32 size=1 %7\nret %10\nc.5:\nret i32 7`);
	it.each(["%8 = umod i32 %1, i32 10", "%17 = and i32 %1, i32 3\n%8 = udiv i32 %17, i32 3", "%17 = and i32 %1, i32 3\n%8 = lshr i32 %17, %1"])("keeps its comparison: %s", (value) => {
		expect(passed(indexed(value), [combine, correlate])).toContain("icmp.ult");
	});
	it("and its mask", () => {
		expect(passed(functionOf("a.2:\n%3 = umod i32 %1, i32 10\n%4 = and i32 %3, i32 15\nret %4"), [combine])).toContain("and i32");
		expect(passed(functionOf("a.2:\n%3 = and i32 %1, i32 7\n%4 = and i32 %3, i32 15\nret %4"), [combine])).not.toContain("i32 15");
	});
});

describe("idle branches", () => {
	const gone = (text: string): string => passed(functionOf(text), [idleBranches, simplifyCfg, dce]);
	it("go with loops and chains of them of which nothing is used", () => {
		expect(gone("a.2:\njump h.3\nh.3:\n%4 = phi i32 [i32 0, a.2], [%9, l.8]\n%5 = icmp.ult i32 %4, %1\nbranch %5, b.6, out.10\nb.6:\n%7 = load i32 size=1 %0\n%11 = icmp.eq i32 %7, %4\nbranch %11, out.10, l.8\nl.8:\n%9 = add i32 %4, %7\njump h.3\nout.10:\nret %1")).toBe("b0:\nret %0");
	});
	const choice = (side: string, end: string): string => `a.2:\n%3 = icmp.eq i32 %1, i32 3\nbranch %3, b.4, c.5\nb.4:\n${side}jump c.5\nc.5:\n${end}`;
	it.each([
		["an effect", choice("call helper h#1\n", "ret i32 0")],
		["a value", choice("", "%6 = phi i32 [i32 1, a.2], [i32 2, b.4]\nret %6")],
		["a store", choice("store size=4 %0, i32 1\n", "ret i32 0")],
		["where it ends", "a.2:\n%3 = icmp.eq i32 %1, i32 3\nbranch %3, b.4, c.5\nb.4:\nret i32 1\nc.5:\nret i32 2"],
		["a loop's rounds, of which one is counted", "a.2:\njump h.3\nh.3:\n%4 = phi i32 [i32 0, a.2], [%9, b.6]\n%5 = icmp.ult i32 %4, %1\nbranch %5, b.6, out.10\nb.6:\n%9 = add i32 %4, i32 3\njump h.3\nout.10:\nret %4"],
		["whether it ends", "a.2:\njump h.3\nh.3:\n%5 = icmp.ult i32 %1, i32 4\nbranch %5, b.6, c.7\nb.6:\njump h.3\nc.7:\njump h.3"],
	])("stay for %s", (_what, text) => {
		expect(passed(functionOf(text), [idleBranches])).toBe(passed(functionOf(text), []));
	});
	it("and what only they asked for goes", () => {
		expect(gone(choice("%7 = add i32 %1, i32 2\n", "%6 = phi i32 [i32 1, a.2], [%7, b.4]\nret i32 0"))).toBe("b0:\nret i32 0");
	});
	const loop = (early: string, late: string): string => `a.2:\n%3 = icmp.eq i32 %1, i32 3\nbranch %3, out.10, h.4\nh.4:\n%5 = phi i32 [i32 0, a.2], [%9, l.8]\n%6 = icmp.ult i32 %5, %1\nbranch %6, b.7, out.10\nb.7:\n%11 = load i32 size=1 %0\n%12 = icmp.eq i32 %11, %5\nbranch %12, out.10, l.8\nl.8:\n%9 = add i32 %5, %11\njump h.4\nout.10:\n%13 = phi i32 [i32 1, a.2], [${late}, h.4], [${early}, b.7]\nret %13`;
	it("go with a loop that is left with one value on every way", () => {
		expect(gone(loop("i32 8", "i32 8"))).toBe("b0:\n%0 = icmp.eq i32 %1, i32 3\nbranch %0, b1, b2\nb2:\njump b1\nb1:\n%2 = phi i32 [i32 1, b0], [i32 8, b2]\nret %2");
	});
	it.each([["i32 8", "i32 9"], ["i32 1", "i32 8"]])("but not with %s and %s", (early, late) => {
		expect(passed(functionOf(loop(early, late)), [idleBranches])).toBe(passed(functionOf(loop(early, late)), []));
	});
});

describe("a comparison that is carried on", () => {
	const carried = (between: string, last: string): string => functionOf(`a.2:\n%3 = load i32 size=4 %0\n%4 = icmp.eq i32 %3, %1\nbranch %4, c.6, b.5\nb.5:\ncall helper h#1\n${between}jump c.6\nc.6:\n%7 = phi i32 [%4, a.2], [%4, ${last}]\nret %7`);
	it("is known where the way was taken for it", () => {
		expect(passed(carried("", "b.5"), [correlate])).toMatch(/phi i32 \[i32 1, b0\], \[i32 0, b\d\]/);
		expect(passed(carried("jump d.8\nd.8:\ncall helper h#2\n", "d.8"), [correlate])).toMatch(/phi i32 \[i32 1, b0\], \[i32 0, b\d\]/);
	});
	it("is not where other ways lead there too", () => {
		const text = functionOf("a.2:\n%3 = load i32 size=4 %0\n%4 = icmp.eq i32 %3, %1\nbranch %4, b.5, b2.6\nb.5:\njump c.7\nb2.6:\njump c.7\nc.7:\ncall helper h#1\njump d.8\nd.8:\n%9 = phi i32 [%4, c.7]\nret %9");
		expect(passed(text, [correlate])).toMatch(/phi i32 \[%\d+, /);
	});
});

describe("delay", () => {
	const guarded = (between: string, then: string): string => functionOf(`a.2:\n%3 = load i32 size=1 %0\n%4 = shl i32 %3, i32 2\n${between}%5 = icmp.ult i32 %1, i32 20\nbranch %5, b.6, c.7\nb.6:\nret i32 0\nc.7:\n${then}`);
	it("reads what only one side of a branch needs there", () => {
		expect(passed(guarded("", "ret %4"), [delay])).toBe("b0:\n%0 = icmp.ult i32 %1, i32 20\nbranch %0, b1, b2\nb1:\nret i32 0\nb2:\n%2 = load i32 size=1 %3\n%4 = shl i32 %2, i32 2\nret %4");
	});
	it("goes on to the branch below", () => {
		const text = guarded("", "%8 = icmp.ult i32 %1, i32 30\nbranch %8, d.9, e.10\nd.9:\nret i32 1\ne.10:\nret %4");
		expect(passed(text, [delay])).toMatch(/ret i32 1\nb\d:\n%\d = load/);
	});
	it("reads before what may write", () => {
		expect(passed(guarded("store size=4 %0, i32 1\n", "ret %4"), [delay])).toMatch(/^b0:\n%0 = load/);
	});
	it("reads behind where another slot begins to be, not the slot that is read", () => {
		const marked = (from: string): string => functionOf(`a.2:\n%3 = alloca ptr size=4 align=4\n%4 = alloca ptr size=4 align=4\ncall helper one#1 %3\n%9 = load i32 size=4 ${from}\nlifetime %4\n%5 = icmp.ult i32 %1, i32 20\nbranch %5, b.6, c.7\nb.6:\nret i32 0\nc.7:\ncall helper one#1 %4\nret %9`);
		for (const from of ["%0", "%3"]) expect(passed(marked(from), [delay])).toMatch(/ret i32 0\nb2:\n%\d = load/);
		expect(passed(marked("%4"), [delay])).toMatch(/load[^\n]*\nlifetime/);
	});
	it("leaves what both sides need", () => {
		const text = functionOf("a.2:\n%3 = load i32 size=1 %0\n%5 = icmp.ult i32 %1, i32 20\nbranch %5, b.6, c.7\nb.6:\nret %3\nc.7:\n%8 = add i32 %3, i32 1\nret %8");
		expect(passed(text, [delay])).toMatch(/^b0:\n%0 = load/);
	});
	it("reads a word that is put together of bytes there as well", () => {
		const text = functionOf("a.2:\n%3 = load i32 size=1 %0\n%4 = ptradd ptr %0, i64 1\n%6 = load i32 size=1 %4\n%7 = shl i32 %6, i32 8\n%8 = or i32 %3, %7\n%5 = icmp.ult i32 %1, i32 20\nbranch %5, b.9, c.10\nb.9:\nret i32 0\nc.10:\nret %8");
		expect(passed(text, [delay])).toMatch(/^b0:\n%0 = icmp[^\n]*\nbranch[^\n]*\nb1:\nret i32 0\nb2:\n(?:.*\n)*%\d = load/);
	});
	it("keeps one value over a branch, not the two that it is made of", () => {
		const text = functionOf("a.2:\n%3 = load i32 size=1 %0\n%4 = load i32 size=4 %0\nstore size=4 %0, i32 1\n%6 = xor i32 %3, %4\n%5 = icmp.ult i32 %1, i32 20\nbranch %5, b.7, c.8\nb.7:\nret i32 0\nc.8:\nret %6");
		expect(passed(text, [delay])).toMatch(/xor i32[^\n]*\n[^\n]*icmp/);
	});
});

describe("keep-narrow", () => {
	const parted = (more: string): string =>
		functionOf(`a.2:\n%3 = load i32 size=4 %0\n%5 = icmp.ult i32 %1, i32 20\nbranch %5, b.6, d.8\nb.6:\n%7 = and i32 %3, i32 32\nstore size=4 %0, %7\njump d.8\nd.8:\n%9 = icmp.ult i32 %1, i32 10\nbranch %9, e.10, f.11\ne.10:\nret i32 1\nf.11:\n%12 = and i32 %3, i32 32\n${more}ret %12`);

	it("cuts a value to the bits that are still asked before the ways part", () => {
		expect(passed(parted(""), [keepNarrow])).toMatch(/^b0:\n%0 = load[^\n]*\n%2 = icmp[^\n]*\n%4 = and[^\n]*\nbranch/);
		expect(passed(parted(""), [keepNarrow]).match(/ and /g)).toHaveLength(1);
	});
	it("leaves a value alone that is still asked as a whole", () => {
		expect(passed(parted("store size=4 %0, %3\n"), [keepNarrow]).match(/ and /g)).toHaveLength(2);
	});
	it("does not cut in every round what is asked after the loop", () => {
		const text = functionOf("a.2:\n%3 = load i32 size=4 %0\njump l.4\nl.4:\n%5 = load i32 size=4 volatile %0\nswitch %5, l.4, 1: b.6, 2: c.7\nb.6:\n%8 = and i32 %3, i32 32\nret %8\nc.7:\n%9 = and i32 %3, i32 32\nret %9");
		expect(passed(text, [keepNarrow]).match(/ and /g)).toHaveLength(2);
	});
});

describe("fold-branches", () => {
	const twice = (first: string, second: string): string =>
		functionOf(`a.2:\n${first}\nbranch %10, out.3, b.4\nb.4:\n${second}\nbranch %20, out.3, in.5\nout.3:\nret i32 1\nin.5:\nret i32 2`);
	it("asks once whether a number is below zero or too large", () => {
		expect(passed(twice("%10 = icmp.slt i32 %1, i32 0", "%20 = icmp.sge i32 %1, i32 16"), [foldBranches, dce])).toBe("b0:\n%0 = icmp.uge i32 %1, i32 16\nbranch %0, b1, b2\nb1:\nret i32 1\nb2:\nret i32 2");
	});
	it("asks once how two numbers compare", () => {
		const asked = (first: string, second: string): string => passed(twice(`%7 = load i32 size=4 %0\n%10 = icmp.${first} i32 %1, %7`, `%20 = icmp.${second} i32 %1, %7`), [foldBranches, dce]);
		for (const [first, second, both] of [["ugt", "ult", "ne"], ["sgt", "slt", "ne"], ["eq", "ult", "ule"], ["sgt", "eq", "sge"], ["ult", "ne", "ne"]]) expect(asked(first, second)).toMatch(new RegExp(`icmp.${both} i32 %\\d, %\\d\nbranch[^]*ret i32 1[^]*ret i32 2$`));
		expect(asked("ugt", "slt")).toContain("icmp.slt");
	});
	it("asks for several bits under one mask", () => {
		const text = twice("%6 = and i32 %1, i32 1\n%10 = icmp.ne i32 %6, i32 0", "%7 = and i32 %1, i32 4\n%20 = icmp.eq i32 %7, i32 0");
		expect(passed(text, [foldBranches, dce])).toContain("and i32 %1, i32 5\n%2 = icmp.ne i32 %0, i32 4");
	});
	it("keeps apart what is asked of two values", () => {
		expect(passed(twice("%10 = icmp.slt i32 %1, i32 0", "%11 = load i32 size=4 %0\n%20 = icmp.sge i32 %11, i32 16"), [foldBranches, dce])).toContain("icmp.slt");
	});
	it("keeps apart what brings two values to one place", () => {
		const text = functionOf("a.2:\n%10 = icmp.slt i32 %1, i32 0\nbranch %10, out.3, b.4\nb.4:\n%20 = icmp.sge i32 %1, i32 16\nbranch %20, out.3, in.5\nout.3:\n%30 = phi i32 [i32 5, a.2], [i32 6, b.4]\nret %30\nin.5:\nret i32 2");
		expect(passed(text, [foldBranches])).toContain("icmp.slt");
	});
});

describe("if-chains and forward-switch", () => {
	const chain = (results: readonly number[]): string => {
		const links = results.map((_, i) => `t${i}.${10 + i}:\n%${40 + i} = icmp.eq i32 %1, i32 ${i}\nbranch %${40 + i}, r${i}.${70 + i}, ${i + 1 < results.length ? `t${i + 1}.${11 + i}` : "else.90"}`);
		const cases = results.map((_, i) => `r${i}.${70 + i}:\njump end.99`);
		const phi = results.map((result, i) => `[i32 ${result}, r${i}.${70 + i}]`).join(", ");
		return functionOf(`${links.join("\n")}\n${cases.join("\n")}\nelse.90:\njump end.99\nend.99:\n%100 = phi i32 ${phi}, [i32 -1, else.90]\nret %100`);
	};
	it("make one range of numbers that are their own results", () => {
		const result = passed(chain([0, 1, 2, 3, 4]), [ifChains, forwardSwitch, simplifyCfg]);
		expect(result).toMatch(/switch %1/);
		expect(result).toMatch(/phi i32 (\[i32 -1, b\d\], \[%1, b\d\]|\[%1, b\d\], \[i32 -1, b\d\])/);
	});
	it("leave a chain whose numbers have nothing in common", () => {
		expect(passed(chain([9, 4, 7, 1, 8]), [ifChains])).not.toContain("switch");
	});
	it("keep the first of two equal questions", () => {
		const text = functionOf("a.2:\n%3 = icmp.eq i32 %1, i32 1\nbranch %3, x.10, b.4\nb.4:\n%5 = icmp.eq i32 %1, i32 2\nbranch %5, x.10, c.6\nc.6:\n%7 = icmp.eq i32 %1, i32 3\nbranch %7, x.10, d.8\nd.8:\n%9 = icmp.eq i32 %1, i32 2\nbranch %9, y.11, e.13\ne.13:\n%14 = icmp.eq i32 %1, i32 4\nbranch %14, x.10, z.12\nx.10:\nret i32 1\ny.11:\nret i32 2\nz.12:\nret i32 3");
		expect(passed(text, [ifChains, simplifyCfg])).not.toContain("ret i32 2");
	});
	it("ask for bits where they are", () => {
		expect(passed(functionOf("a.2:\n%3 = lshr i32 %1, i32 4\n%4 = and i32 %3, i32 1\n%5 = icmp.ne i32 %4, i32 0\nret %5"), [combine, dce])).toContain("and i32 %1, i32 16");
	});
});

describe("a branch that leads where the next one would lead anyway", () => {
	const two = (first: string, then: string, back = "i32 0", other = "i32 0"): string =>
		passed(functionOf(`a.2:\n%3 = ${first}\nbranch %3, c.5, b.4\nb.4:\n${then}\nbranch %7, c.5, d.8\nd.8:\njump c.5\nc.5:\n%9 = phi i32 [${back}, a.2], [${other}, b.4], [i32 5, d.8]\nret %9`), [needlessBranches]);
	it("goes where its bounds, or its number, decide the next one", () => {
		for (const text of [two("icmp.eq i32 %1, i32 0", "%7 = icmp.ult i32 %1, i32 4"), two("icmp.ult i32 %1, i32 2", "%7 = icmp.ult i32 %1, i32 4"), two("icmp.eq i32 %1, i32 -1", "%6 = add i32 %1, i32 -8\n%7 = icmp.uge i32 %6, i32 512"), two("icmp.eq i32 %1, i32 3", "%7 = icmp.ult i32 %1, i32 4", "i32 3", "%1")])
			expect(text.match(/icmp/g), text).toHaveLength(2);
		expect(two("icmp.eq i32 %1, i32 0", "%7 = icmp.ult i32 %1, i32 4")).toMatch(/jump b\d\nb\d:\n%\d = icmp.ult/);
	});
	it("stays where it does not, where other values come along, or something is done in between", () => {
		for (const text of [two("icmp.eq i32 %1, i32 4", "%7 = icmp.ult i32 %1, i32 4"), two("icmp.ult i32 %1, i32 6", "%7 = icmp.ult i32 %1, i32 4"), two("icmp.eq i32 %1, i32 0", "%7 = icmp.ult i32 %1, i32 4", "i32 1"), two("icmp.eq i32 %1, i32 0", "call helper one#1\n%7 = icmp.ult i32 %1, i32 4")]) expect(text.match(/branch/g), text).toHaveLength(2);
	});
});
