import { describe, expect, it } from "vitest";
import { checkIr } from "../ir/check.ts";
import { parseModule } from "../ir/parse.ts";
import { printFunction } from "../ir/print.ts";
import { combine } from "./scalar/combine.ts";
import { foldConstGlobals } from "./memory/const-globals.ts";
import { resolveCalls } from "./calls/resolve-calls.ts";
import { dce } from "./scalar/dce.ts";
import { dse } from "./memory/dse.ts";
import { callGraph, inlineCalls, stripUnused } from "./calls/inline.ts";
import { expandSignedDivision } from "./legal/signed-division.ts";
import { lowerSwitches } from "./legal/lower-switches.ts";
import { mem2reg } from "./memory/mem2reg.ts";
import { simplifyCfg } from "./control/simplify-cfg.ts";
import { sroa } from "./memory/sroa.ts";
import { tailRecursion } from "./calls/tail-recursion.ts";
import { threadJumps } from "./control/thread.ts";
import { unreadBits } from "./scalar/unread-bits.ts";
import { unroll } from "./loops/unroll.ts";
import { narrowPhis } from "./scalar/narrow-phi.ts";
import { widenLoads } from "./scalar/widen-loads.ts";
import { functionOf, passed } from "../../test/support/passed.ts";

describe("mem2reg", () => {
	it("joins the values of two branches in a phi", () => {
		const text = functionOf("a.2:\n%3 = alloca ptr size=4 align=4\nbranch %1, b.4, c.5\nb.4:\nstore size=4 %3, i32 1\njump d.6\nc.5:\nstore size=4 %3, i32 2\njump d.6\nd.6:\n%7 = load i32 size=4 %3\nret %7");
		expect(passed(text, [mem2reg])).toMatch(/%1 = phi i32 (\[i32 1, b1\], \[i32 2, b2\]|\[i32 2, b2\], \[i32 1, b1\])\nret %1/);
	});
	it("extends what a narrow slot gives back", () => {
		const text = functionOf("a.2:\n%3 = alloca ptr size=1 align=1\nstore size=1 %3, %1\n%4 = load i32 size=1 signed %3\nret %4");
		expect(passed(text, [mem2reg])).toBe("b0:\n%0 = sextfrom.8 i32 %1\nret %0");
	});
	it("leaves a slot whose address is passed on", () => {
		const text = functionOf("a.2:\n%3 = alloca ptr size=4 align=4\nstore size=4 %3, i32 1\ncall helper h#1 %3\n%4 = load i32 size=4 %3\nret %4");
		expect(passed(text, [mem2reg])).toContain("alloca");
	});
	it("forgets the value at a lifetime mark", () => {
		const text = functionOf("a.2:\n%3 = alloca ptr size=4 align=4\nstore size=4 %3, i32 1\nlifetime %3\n%4 = load i32 size=4 %3\nret %4");
		expect(passed(text, [mem2reg])).toBe("b0:\nret i32 undef");
	});
});

describe("sroa", () => {
	it("cuts a record into its members and the copy along", () => {
		const text = functionOf("a.2:\n%3 = alloca ptr size=8 align=4\nmemcpy size=8 align=4 %3, %0\n%4 = ptradd ptr %3, i64 4\n%5 = load i32 size=4 %4\nret %5");
		expect(passed(text, [sroa, mem2reg, dce])).toBe("b0:\n%0 = ptradd ptr %1, i64 4\n%2 = load i32 size=4 %0\nret %2");
	});
	it("reads a byte of a word by a shift", () => {
		const text = functionOf("a.2:\n%3 = alloca ptr size=4 align=4\nstore size=4 %3, %1\n%4 = ptradd ptr %3, i64 2\n%5 = load i32 size=1 %4\nret %5");
		expect(passed(text, [sroa, mem2reg, dce])).toBe("b0:\n%0 = lshr i32 %1, i32 16\n%2 = and i32 %0, i32 255\nret %2");
	});
	it("fills pieces with a byte known at run time", () => {
		const text = functionOf("a.2:\n%3 = alloca ptr size=4 align=4\nmemset size=4 align=4 %3, %1\n%4 = load i32 size=1 %3\nret %4");
		expect(passed(text, [sroa, mem2reg, combine, dce])).not.toContain("alloca");
	});
});

describe("combine", () => {
	it("extends a small number once, to all the width that is asked for", () => {
		const wide = (made: string): string => passed(functionOf(`a.2:\n%3 = load i32 size=4 %0\n${made}\nstore size=8 %0, %9\nret i32 0`), [combine, dce]);
		expect(wide("%4 = sextfrom.8 i32 %3\n%9 = sext i64 %4")).toMatch(/(%\d) = zext i64 %\d\n(%\d) = sextfrom\.8 i64 \1\nstore size=8 %\d, \2/);
		expect(wide("%4 = sextfrom.16 i32 %3\n%5 = ashr i32 %4, i32 3\n%9 = sext i64 %5")).toMatch(/(%\d) = sextfrom\.16 i64 %\d\n(%\d) = ashr i64 \1, i64 3\nstore/);
		// Somebody else asks for the narrow one.
		expect(wide("%4 = sextfrom.8 i32 %3\nstore size=4 %0, %4\n%9 = sext i64 %4")).toContain("sext i64");
	});
	it("shifts what was shifted and compared, not what it was made of", () => {
		const text = (made: string): string => `function @f(ptr %0, i64 %1) -> i64 static {\na.2:\n${made}\n%5 = icmp.ult i32 %4, i64 16\nbranch %5, b.6, c.7\nb.6:\n%8 = shl i64 %4, i64 1\n%9 = ptradd ptr %0, %8\n%10 = load i64 size=8 %9\nret %10\nc.7:\nret i64 0\n}\n`;
		expect(passed(text("%4 = shl i64 %1, i64 3"), [combine, dce])).toMatch(/(%\d) = shl i64 %\d, i64 3\n[\s\S]*shl i64 \1, i64 1/);
		expect(passed(text("%3 = add i64 %1, i64 1\n%4 = shl i64 %3, i64 3"), [combine, dce])).toMatch(/(%\d) = add i64 %\d, i64 8\n[\s\S]*shl i64 \1, i64 1/);
		expect(passed("function @f(ptr %0, i64 %1) -> i64 static {\na.2:\n%4 = shl i64 %1, i64 3\n%8 = shl i64 %4, i64 1\nret %8\n}\n", [combine, dce])).toContain("i64 4");
	});
	it.each([
		["x + 1 + 2", "%3 = add i32 %1, i32 1\n%4 = add i32 %3, i32 2\nret %4", "add i32 %1, i32 3"],
		["x · 8", "%3 = mul i32 %1, i32 8\nret %3", "shl i32 %1, i32 3"],
		["x / 10 / 100 without sign", "%3 = udiv i32 %1, i32 10\n%4 = udiv i32 %3, i32 100\nret %4", "udiv i32 %1, i32 1000"],
		["(2x + [x < 0]) >> 1 with sign", "%3 = shl i32 %1, i32 1\n%4 = lshr i32 %1, i32 31\n%5 = add i32 %3, %4\n%6 = ashr i32 %5, i32 1\nret %6", "ashr i32 %3, i32 1"],
		["2x / 2 with sign", "%3 = shl i32 %1, i32 1\n%4 = sdiv i32 %3, i32 2\nret %4", "ashr i32 %3, i32 1"],
		["x / 16 without sign", "%3 = udiv i32 %1, i32 16\nret %3", "lshr i32 %1, i32 4"],
		["(x << 24) >> 24 with sign", "%3 = shl i32 %1, i32 24\n%4 = ashr i32 %3, i32 24\nret %4", "sextfrom.8 i32 %1"],
		["(byte) & 255", "%3 = load i32 size=1 %0\n%4 = and i32 %3, i32 255\nret %4", "load i32 size=1 %1"],
		["((x & 0xff0f) | 0x110) & 0xfff0", "%3 = and i32 %1, i32 65295\n%4 = or i32 %3, i32 272\n%5 = and i32 %4, i32 65520\nret %5", "%1 = and i32 %0, i32 65024\n%2 = or i32 %1, i32 272\nret %2"],
		["((x >> 3) & 5) << 3", "%3 = lshr i32 %1, i32 3\n%4 = and i32 %3, i32 5\n%5 = shl i32 %4, i32 3\nret %5", "b0:\n%1 = and i32 %0, i32 40\nret %1"],
		["((x >> 5) & 6) << 2", "%3 = lshr i32 %1, i32 5\n%4 = and i32 %3, i32 6\n%5 = shl i32 %4, i32 2\nret %5", "b0:\n%1 = lshr i32 %0, i32 3\n%2 = and i32 %1, i32 24\nret %2"],
		["((x >> 2) & 6) << 5", "%3 = lshr i32 %1, i32 2\n%4 = and i32 %3, i32 6\n%5 = shl i32 %4, i32 5\nret %5", "b0:\n%1 = shl i32 %0, i32 3\n%2 = and i32 %1, i32 192\nret %2"],
		["((x >> 28) & 63) << 28", "%3 = lshr i32 %1, i32 28\n%4 = and i32 %3, i32 63\n%5 = shl i32 %4, i32 28\nret %5", "b0:\n%1 = and i32 %0, i32 -268435456\nret %1"],
		["((x >> 24) & 255) << 24 of 64 bits", "%3 = zext i64 %1\n%4 = mul i64 %3, %3\n%5 = lshr i64 %4, i64 24\n%6 = and i64 %5, i64 255\n%7 = shl i64 %6, i64 24\nstore size=8 %0, %7\nret i32 0", "i64 255\n%5 = shl"],
		["fields that keep their places", "%3 = and i32 %1, i32 1\n%4 = lshr i32 %1, i32 1\n%5 = and i32 %4, i32 1\n%6 = shl i32 %5, i32 1\n%7 = or i32 %3, %6\n%8 = lshr i32 %1, i32 2\n%9 = and i32 %8, i32 3\n%10 = shl i32 %9, i32 2\n%11 = or i32 %7, %10\nret %11", "b0:\n%1 = and i32 %0, i32 15\nret %1"],
		["x << 32", "%3 = shl i32 %1, i32 32\n%4 = or i32 %3, %1\nret %4", "b0:\nret %0"],
		["the lowest bit of −x", "%3 = neg i32 %1\n%4 = and i32 %3, i32 1\nret %4", "b0:\n%1 = and i32 %0, i32 1\nret %1"],
		["−(x < 5) & 8", "%3 = icmp.ult i32 %1, i32 5\n%4 = neg i32 %3\n%5 = and i32 %4, i32 8\nret %5", "shl i32 %1, i32 3"],
		["−x & 8", "%3 = neg i32 %1\n%4 = and i32 %3, i32 8\nret %4", "neg i32"],
		["bswap16(x) = 0x0800", "%3 = load i32 size=2 %0\n%4 = bswap.16 i32 %3\n%5 = icmp.eq i32 %4, i32 2048\nret %5", "icmp.eq i32 %0, i32 8"],
		["ntohl(x) >> 16 = ntohs(x)", "%3 = load i32 size=4 %0\n%4 = bswap.32 i32 %3\n%5 = lshr i32 %4, i32 16\nret %5", "bswap.16 i32"],
		["(x < 5) = 0", "%3 = icmp.ult i32 %1, i32 5\n%4 = icmp.eq i32 %3, i32 0\nret %4", "icmp.uge i32 %1, i32 5"],
		["7 − (x & 7)", "%3 = and i32 %1, i32 7\n%4 = sub i32 i32 7, %3\nret %4", "xor i32 %2, i32 7"],
		["64 − ((x & 7) + 1)", "%3 = and i32 %1, i32 7\n%4 = add i32 %3, i32 1\n%5 = sub i32 i32 64, %4\nret %5", "xor i32 %2, i32 63"],
		["8 − (x & 7)", "%3 = and i32 %1, i32 7\n%4 = sub i32 i32 8, %3\nret %4", "sub i32 i32 8, %2"],
		["64 − (x + 1)", "%3 = add i32 %1, i32 1\n%4 = sub i32 i32 64, %3\nret %4", "sub i32 i32 63, %1"],
		["p + 8 − (p + 4)", "%3 = ptradd ptr %0, i64 8\n%4 = ptrtoint i64 %3\n%5 = ptradd ptr %0, i64 4\n%6 = ptrtoint i64 %5\n%7 = sub i64 %4, %6\n%8 = trunc i32 %7\nret %8", "ret i32 4"],
		["p − 4 < p + 8", "%3 = ptradd ptr %0, i64 -4\n%4 = ptradd ptr %0, i64 8\n%5 = icmp.ult i32 %3, %4\nret %5", "ret i32 1"],
		["the low bits of a slot's address", "%3 = alloca ptr size=64 align=4\n%4 = ptradd ptr %3, i64 20\n%5 = ptrtoint i64 %4\n%6 = trunc i32 %5\n%7 = and i32 %6, i32 3\nret %7", "ret i32 0"],
		["p + offsetof(s, member)", '%3 = coreoffset ptr core=["struct s","0:1",0,"8"] ptr 0\n%4 = ptrtoint i64 %3\n%5 = ptradd ptr %0, %4\n%6 = load i32 size=4 %5\nret %6', 'coreoffset ptr core=["struct s","0:1",0,"8"] %1\n%2 = load i32 size=4 %0'],
		["p + the offset of a member of a pointer's", '%3 = coreoffset ptr core=["struct s","0:1",0,"8"] %0\n%4 = ptrtoint i64 %3\n%5 = ptradd ptr %0, %4\n%6 = load i32 size=4 %5\nret %6', "ptradd"],
		["a signed comparison of a byte", "%3 = load i32 size=1 %0\n%4 = icmp.slt i32 %3, i32 7\nret %4", "icmp.ult i32 %0, i32 7"],
	])("simplifies %s", (_, lines, wanted) => {
		const law = passed(functionOf(`a.2:\n${lines}`), [combine, dce]).replace(/%\d+/g, "%");
		expect(law).toContain(wanted.replace(/%\d+/g, "%"));
	});
	it("moves constants out of an address", () => {
		const text = functionOf("a.2:\n%3 = zext i64 %1\n%4 = ptradd ptr %0, i64 14\n%5 = ptradd ptr %4, %3\n%6 = load i32 size=1 %5\nret %6");
		expect(passed(text, [combine, dce])).toMatch(/ptradd ptr %3, %0\n%4 = ptradd ptr %2, i64 14\n/);
	});
	it("keeps an index that somebody compares as it is", () => {
		const text = functionOf("a.2:\n%3 = zext i64 %1\n%4 = add i64 %3, i64 1\n%5 = icmp.ult i32 %4, i64 10\n%6 = ptradd ptr %0, %4\n%7 = load i32 size=1 %6\n%8 = add i32 %7, %5\nret %8");
		expect(passed(text, [combine, dce])).toMatch(/%(\d+) = add i64 .*\n%\d+ = icmp\.ult i32 %\1, i64 10\n%\d+ = ptradd ptr %\d+, %\1/);
	});
});

describe("widen-loads", () => {
	it("makes the context's packet pointer out of one load", () => {
		const text = functionOf("a.2:\n%3 = load i32 size=4 %0\n%4 = zext i64 %3\n%5 = inttoptr ptr %4\n%6 = icmp.eq i32 %3, i32 0\n%7 = load i32 size=1 %5\n%8 = add i32 %7, %6\nret %8");
		expect(passed(text, [widenLoads, combine, dce])).toBe("b0:\n%0 = load i64 size=4 %1\n%2 = inttoptr ptr %0\n%3 = icmp.eq i32 %0, i64 0\n%4 = load i32 size=1 %2\n%5 = add i32 %4, %3\nret %5");
	});
});

describe("laws", () => {
	it("computes in half the width what is cut there and was extended before", () => {
		const cut = (op: string): string => passed(functionOf(`a.2:\n%3 = load i64 size=8 %0\n%4 = zext i64 %1\n%5 = ${op} i64 %4, %3\n%6 = trunc i32 %5\nret %6`), [combine, dce]);
		expect(cut("xor")).toMatch(/trunc i32 %0\n%\d = xor i32/);
		expect(cut("lshr")).toContain("lshr i64");
		// What others extend as well is extended anyway: the verifier knows nothing of the difference of two ends of a packet in 32 bits.
		const both = "a.2:\n%3 = load i32 size=4 %0\n%4 = zext i64 %1\n%5 = zext i64 %3\n%6 = sub i64 %4, %5\n%7 = trunc i32 %6\n";
		expect(passed(functionOf(`${both}ret %7`), [combine, dce])).toContain("sub i32");
		expect(passed(functionOf(`${both}store size=8 %0, %4\nstore size=8 %0, %5\nret %7`), [combine, dce])).toContain("sub i64");
	});
});

describe("compare-laws", () => {
	it("bounds the value itself when nothing may stand above a bit", () => {
		expect(passed(functionOf("a.2:\n%3 = lshr i32 %1, i32 16\n%4 = icmp.ne i32 %3, i32 0\n%5 = add i32 %3, %4\nret %5"), [combine])).toContain("icmp.uge i32 %1, i32 65536");
		expect(passed(functionOf("a.2:\n%3 = lshr i32 %1, i32 16\nbranch %3, b.4, c.5\nb.4:\nret %3\nc.5:\nret i32 7"), [combine])).toContain("icmp.uge i32 %1, i32 65536");
		expect(passed(functionOf("a.2:\n%3 = and i32 %1, i32 -256\n%4 = icmp.eq i32 %3, i32 0\nret %4"), [combine])).toMatch(/icmp.ult i32 %\d, i32 256/);
		expect(passed(functionOf("a.2:\n%3 = and i32 %1, i32 768\n%4 = icmp.eq i32 %3, i32 0\nret %4"), [combine])).toContain("icmp.eq");
	});
	it("knows what no number with these bits equals", () => {
		const equals = (lines: string, number: number): string => passed(functionOf(`a.2:\n${lines}\n%4 = icmp.eq i32 %3, i32 ${number}\nret %4`), [combine]);
		expect(equals("%3 = shl i32 %1, i32 4", 100)).toMatch(/ret i32 0$/);
		expect(equals("%3 = or i32 %1, i32 15", 32)).toMatch(/ret i32 0$/);
		expect(equals("%6 = or i32 %1, i32 1\n%3 = xor i32 %6, i32 -1", 33)).toMatch(/ret i32 0$/);
		expect(equals("%3 = or i32 %1, i32 15", 47)).toContain("icmp");
	});
});

describe("narrow-phi", () => {
	const choice = (last: string): string => functionOf(`a.2:\n%3 = sext i64 %1\n%4 = icmp.ugt i32 %1, i32 8192\nbranch %4, c.5, b.6\nb.6:\njump c.5\nc.5:\n%7 = phi i64 [%3, b.6], [i64 8192, a.2]\n${last}`);
	it("joins the value that was compared when only the low half is read", () => {
		const text = passed(choice("%8 = trunc i32 %7\nret %8"), [narrowPhis, dce]);
		expect(text).toMatch(/phi i32 \[%1, b\d\], \[i32 8192, b\d\]/);
		expect(text).not.toMatch(/sext|trunc/);
	});
	it("leaves a phi whose high half is read", () => {
		expect(passed(choice("%8 = lshr i64 %7, i64 1\n%9 = trunc i32 %8\nret %9"), [narrowPhis])).toContain("phi i64");
	});
});

describe("simplify-cfg and thread-jumps", () => {
	it("drops what cannot be reached and joins what follows", () => {
		const text = functionOf("a.2:\nbranch i32 1, b.3, c.4\nb.3:\njump d.5\nc.4:\ncall helper h#1\njump d.5\nd.5:\n%6 = phi i32 [i32 3, b.3], [i32 4, c.4]\nret %6");
		expect(passed(text, [simplifyCfg])).toBe("b0:\nret i32 3");
	});
	it("asks a value that was just asked no more", () => {
		const text = functionOf("a.2:\n%3 = load i32 size=1 %0\nbranch %3, b.4, d.6\nb.4:\n%5 = load ptr size=8 %0\njump d.6\nd.6:\n%7 = phi ptr [%5, b.4], [%0, a.2]\nbranch %3, e.8, f.9\ne.8:\n%10 = load i32 size=4 %7\nret %10\nf.9:\n%11 = load i32 size=2 %7\nret %11");
		const result = passed(text, [threadJumps, simplifyCfg]);
		expect(result.match(/branch/g)).toHaveLength(1);
		expect(result).not.toContain("phi");
	});
	it("goes straight where a phi of constants leads", () => {
		const text = functionOf("a.2:\nbranch %1, b.3, c.4\nb.3:\ncall helper one#1\njump d.5\nc.4:\ncall helper two#2\njump d.5\nd.5:\n%6 = phi i32 [i32 1, b.3], [i32 0, c.4]\nbranch %6, e.7, g.8\ne.7:\nret i32 10\ng.8:\nret i32 20");
		const result = passed(text, [threadJumps, simplifyCfg]);
		expect(result).not.toContain("phi");
		expect(result).toContain("call helper one#1\nret i32 10");
	});
	const readBack = (between: string): string =>
		functionOf(`a.2:\nbranch %1, b.3, c.4\nb.3:\nstore size=4 %0, i32 90\n${between}jump d.5\nc.4:\ncall helper two#2\njump d.5\nd.5:\n%6 = load i32 size=4 %0\n%7 = add i32 %6, i32 -20\n%8 = icmp.slt i32 %7, i32 0\nbranch %8, e.9, g.10\ne.9:\nret i32 10\ng.10:\nret i32 20`);
	it("goes straight where a constant leads that was stored on the way", () => {
		expect(passed(readBack(""), [threadJumps, dce])).toMatch(/store size=4 %1, i32 90\njump b3\n(.*\n)*b3:\njump b5\n(.*\n)*b5:\nret i32 20/);
	});
	const reported = (first: string, second: string): string =>
		functionOf(`a.2:\n%3 = load ptr size=8 %0\n${first}\nbranch %4, b.5, c.6\nb.5:\ncall helper one#1\njump c.6\nc.6:\n${second}\nbranch %7, d.8, e.9\nd.8:\nret i32 10\ne.9:\ncall helper two#2\nret i32 20`);
	it("goes straight where the branch before has answered", () => {
		for (const [first, second] of [["%4 = icmp.eq i32 %3, ptr 0", "%7 = icmp.eq i32 %3, ptr 0"], ["%4 = icmp.slt i32 %1, i32 0", "%7 = icmp.sge i32 %1, i32 0"], ["%4 = icmp.ugt i32 %1, i32 5", "%7 = icmp.ugt i32 %1, i32 5"], ["%4 = icmp.eq i32 %1, i32 47", "%7 = icmp.ne i32 %1, i32 47"]])
			expect(passed(reported(first, second), [threadJumps, simplifyCfg, dce]).match(/branch/g)).toHaveLength(1);
		// What is above 5 may be above 7.
		expect(passed(reported("%4 = icmp.ugt i32 %1, i32 5", "%7 = icmp.ugt i32 %1, i32 7"), [threadJumps, simplifyCfg, dce]).match(/branch/g)).toHaveLength(2);
	});
	it("ends a chain of limits with the first that is not reached", () => {
		const chain = (between: string): string =>
			functionOf(`a.2:\n%3 = icmp.ugt i32 %1, i32 5\nbranch %3, b.4, c.5\nb.4:\ncall helper one#1\njump c.5\nc.5:\n${between}%6 = icmp.ugt i32 %1, i32 6\nbranch %6, d.7, e.8\nd.7:\ncall helper two#2\njump e.8\ne.8:\nret i32 0`);
		expect(passed(chain(""), [threadJumps, dce, simplifyCfg])).toMatch(/^b0:\n[^\n]*\nbranch %\d, b1, (b\d)\nb1:\ncall helper one#1\n[^\n]*\nbranch %\d, b\d, \1\n/);
		// Nothing is copied for it.
		const more = chain("store size=4 %0, %1\n");
		expect(passed(more, [threadJumps, simplifyCfg])).toBe(passed(more, [simplifyCfg]));
	});
	it("asks no more which number it is where it is known to be one, whatever was done since", () => {
		const word = (first: string): string =>
			functionOf(`a.2:\n%3 = icmp.${first}\nbranch %3, b.4, d.8\nb.4:\ncall helper one#1\n%5 = load i32 size=1 %0\n%6 = icmp.eq i32 %5, i32 101\nbranch %6, c.7, d.8\nc.7:\nret i32 1\nd.8:\n%9 = icmp.eq i32 %1, i32 101\nbranch %9, e.10, f.11\ne.10:\ncall helper two#2\nret i32 2\nf.11:\nret i32 3`);
		const asked = (text: string): string => passed(text, [threadJumps, simplifyCfg, dce]);
		const straight = /call helper one#1\n(?:.*\n){2}branch %\d, b\d, (b\d)\n(?:.*\n)*\1:\njump (b\d)\n(?:.*\n)*\2:\nret i32 3/;
		expect(asked(word("eq i32 %1, i32 99"))).toMatch(straight);
		// Only a number settles every question: what a limit says of another one would be a way of its own.
		expect(asked(word("ult i32 %1, i32 99"))).not.toMatch(straight);
	});
	it("goes straight where it asks for the same two values, whichever of them comes first", () => {
		const lesser = (second: string): string =>
			functionOf(`a.2:\n%3 = load i32 size=4 %0\n%4 = icmp.ult i32 %1, %3\nbranch %4, c.6, b.5\nb.5:\njump c.6\nc.6:\n%14 = phi i32 [%1, a.2], [%3, b.5]\n${second}\nbranch %7, d.8, e.9\nd.8:\nret i32 10\ne.9:\ncall helper two#2\nret i32 20`);
		for (const [second, end] of [["%7 = icmp.ule i32 %14, %1", 10], ["%7 = icmp.ule i32 %14, %3", 10], ["%7 = icmp.ugt i32 %14, %1", 20], ["%7 = icmp.ult i32 %3, %14", 20]] as const)
			expect(passed(lesser(second), [threadJumps, simplifyCfg, dce]).match(/ret i32 \d+/g)).toEqual([`ret i32 ${end}`]);
		expect(passed(lesser("%7 = icmp.sle i32 %14, %1"), [threadJumps, simplifyCfg, dce])).toMatch(/ret i32 10.*ret i32 20/s);
	});
	it("asks when something else may have been stored", () => {
		for (const between of ["call helper one#1\n", "%12 = ptradd ptr %0, i64 2\nstore size=4 %12, i32 1\n", "store size=2 %0, i32 1\n"]) expect(passed(readBack(between), [threadJumps])).toBe(passed(readBack(between), []));
	});
});

describe("dce and dse", () => {
	it("drops a cycle of phis that nothing else uses", () => {
		const text = functionOf("a.2:\njump b.3\nb.3:\n%4 = phi i32 [i32 0, a.2], [%5, b.3]\n%5 = add i32 %4, i32 1\nbranch %1, b.3, c.6\nc.6:\nret i32 0");
		expect(passed(text, [dce])).not.toContain("phi");
	});
	it("does not fetch what nobody wants", () => {
		expect(passed(functionOf("a.2:\n%3 = atomic.add i32 size=4 fetch %0, i32 1\nret i32 0"), [dce])).toContain("atomic.add size=4 %");
	});
	it("drops a store that another one covers", () => {
		const text = functionOf("a.2:\nstore size=4 %0, i32 1\nstore size=4 %0, i32 2\nret i32 0");
		expect(passed(text, [dse])).toBe("b0:\nstore size=4 %0, i32 2\nret i32 0");
	});
	it("keeps a store that is read in between", () => {
		const text = functionOf("a.2:\nstore size=4 %0, i32 1\n%3 = load i32 size=4 %0\nstore size=4 %0, i32 2\nret %3");
		expect(passed(text, [dse]).match(/store/g)).toHaveLength(2);
	});
});

describe("tail-recursion", () => {
	const recursive = (locals: string, rest: string): string =>
		functionOf(`a.2:\n${locals}branch %1, b.4, c.5\nb.4:\n%6 = add i32 %1, i32 -1\n%7 = ptradd ptr %0, i64 4\n%8 = call i32 @f %7, %6\n${rest}c.5:\n%11 = load i32 size=4 %0\njump d.9\nd.9:\n%12 = phi i32 [%10, b.4], [%11, c.5]\nret %12`);
	const tail = "jump d.9\n";
	it("starts again instead of calling itself", () => {
		const text = passed(recursive("", tail).replace("[%10,", "[%8,"), [tailRecursion, simplifyCfg]);
		expect(text).not.toContain("call");
		expect(text).toMatch(/phi i32 \[%\d, b2\], \[%\d, b0\]/);
	});
	it("leaves a call that is not the last thing done, and one that has locals of its own", () => {
		expect(passed(recursive("", `%10 = add i32 %8, i32 1\n${tail}`), [tailRecursion])).toContain("call");
		expect(passed(recursive("%3 = alloca ptr size=4 align=4\n", tail).replace("[%10,", "[%8,"), [tailRecursion])).toContain("call");
	});
});

describe("unread-bits", () => {
	it("drops what a narrow store does not read, through arithmetic and phis", () => {
		const text = functionOf("a.2:\n%3 = load i32 size=1 signed %0\n%4 = add i32 signed %3, %1\n%5 = and i32 %4, i32 255\nbranch %1, b.6, c.7\nb.6:\n%8 = sextfrom.8 i32 %1\njump c.7\nc.7:\n%9 = phi i32 [%5, a.2], [%8, b.6]\nstore size=1 %0, %9\nret i32 0");
		const now = passed(text, [unreadBits, dce]);
		expect(now).not.toMatch(/and|sextfrom|signed/);
		expect(now).toContain("store size=1");
	});
	it("a sign that is shifted away is not asked for", () => {
		const shifted = (by: number): string => passed(functionOf(`a.2:\n%3 = load i32 size=2 signed %0\n%4 = lshr i32 %3, i32 ${by}\n%5 = and i32 %4, i32 8\nret %5`), [unreadBits]);
		expect(shifted(10)).not.toContain("signed");
		expect(shifted(13)).toContain("signed");
	});
	it("compares a character with a letter as it is in memory", () => {
		const text = passed(functionOf("a.2:\n%3 = load i32 size=1 signed %0\n%4 = icmp.eq i32 %3, i32 -1\n%5 = icmp.ne i32 %3, i32 7\n%6 = add i32 %4, %5\nret %6"), [unreadBits]);
		expect(text).not.toContain("signed");
		expect(text).toMatch(/icmp.eq i32 %\d, i32 255/);
		expect(text).toMatch(/icmp.ne i32 %\d, i32 7/);
		const two = (use: string): string => passed(functionOf(`a.2:\n%3 = load i32 size=1 signed %0\n%4 = ptradd ptr %0, i64 1\n%5 = load i32 size=1 signed %4\n%6 = icmp.ne i32 %3, %5\n${use}`), [unreadBits]);
		expect(two("ret %6")).not.toContain("signed");
		expect(two("%7 = add i32 %6, %5\nret %7").match(/signed/g)).toHaveLength(2);
		expect(passed(functionOf("a.2:\n%3 = load i32 size=1 signed %0\n%4 = icmp.slt i32 %3, i32 7\n%5 = icmp.eq i32 %3, i32 200\n%6 = add i32 %4, %5\nret %6"), [unreadBits])).toContain("signed");
	});
	it("reads a signed character as it is in memory where it is masked, and where a branch asks whether it is none", () => {
		expect(passed(functionOf("a.2:\n%3 = load i32 size=1 signed %0\n%4 = and i32 %3, i32 255\n%5 = icmp.ult i32 %4, %1\n%6 = add i32 %5, %4\nret %6"), [unreadBits, dce])).toBe("b0:\n%0 = load i32 size=1 %1\n%2 = icmp.ult i32 %0, %3\n%4 = add i32 %2, %0\nret %4");
		expect(passed(functionOf("a.2:\n%3 = load i32 size=1 signed %0\n%4 = and i32 %3, i32 127\nret %4"), [unreadBits, dce])).toContain("and i32 %0, i32 127");
		expect(passed(functionOf("a.2:\n%3 = load i32 size=1 signed %0\nbranch %3, b.4, c.5\nb.4:\nret i32 1\nc.5:\nret i32 0"), [unreadBits])).not.toContain("signed");
		expect(passed(functionOf("a.2:\n%3 = load i32 size=1 signed %0\nbranch %3, b.4, c.5\nb.4:\nret %3\nc.5:\nret i32 0"), [unreadBits])).toContain("signed");
	});
	it("keeps what somebody reads, what a shift brings down, and the bounds of what is on the stack", () => {
		expect(passed(functionOf("a.2:\n%3 = and i32 %1, i32 255\nstore size=1 %0, %3\nret %3"), [unreadBits, dce])).toContain("and");
		expect(passed(functionOf("a.2:\n%3 = and i32 %1, i32 4095\n%4 = lshr i32 %3, i32 8\nstore size=1 %0, %4\nret i32 0"), [unreadBits, dce])).toContain("and");
		expect(passed(functionOf("a.2:\n%3 = alloca ptr size=8 align=8\n%4 = and i32 %1, i32 255\nstore size=1 %3, %4\n%5 = call i32 @f %3, i32 0\nret %5"), [unreadBits, dce])).toContain("and");
	});
});

describe("unroll", () => {
	const loop = (step: string, mark = ""): string =>
		functionOf(`a.2:\njump b.3\nb.3:\n%4 = phi i32 [i32 0, a.2], [%5, c.6]\n%7 = phi i32 [i32 0, a.2], [%8, c.6]\n%9 = icmp.ult i32 %4, i32 4\nbranch %9, c.6, d.10\nc.6:${mark}\n%8 = add i32 %7, %4\n%5 = add i32 %4, i32 ${step}\njump b.3\nd.10:\nret %7`);
	it("computes a small loop", () => {
		expect(passed(loop("1"), [unroll, combine, simplifyCfg])).toBe("b0:\nret i32 6");
	});
	it("counts nothing as known that only starts as a constant", () => {
		// Eight rounds of a step that is read: as one that is known in each round it would be worth its length.
		const steps = (step: string): string =>
			functionOf(`a.2:\njump b.3\nb.3:\n%4 = phi i32 [i32 0, a.2], [%5, c.6]\n%7 = phi i32 [i32 0, a.2], [%30, c.6]\n%9 = icmp.ult i32 %4, i32 8\nbranch %9, c.6, d.10\nc.6:\n%20 = load i32 size=4 %0\n${Array.from({ length: 24 }, (_, i) => `%${100 + i} = mul i32 ${i === 0 ? "%7" : `%${99 + i}`}, %7`).join("\n")}\nstore size=4 %0, %123\n%30 = add i32 %7, ${step}\n%5 = add i32 %4, i32 1\njump b.3\nd.10:\nret %7`);
		expect(passed(steps("%20"), [unroll]).match(/load/g)).toHaveLength(1);
		expect(passed(steps("i32 3"), [unroll]).match(/load/g)!.length).toBeGreaterThan(7);
	});
	it("leaves a loop that must not be unrolled", () => {
		expect(passed(loop("1", " unroll 1"), [unroll])).toContain("phi");
	});
	it("counts the rounds of a pointer that walks to a constant distance from where it began", () => {
		const walk = (end: string): string =>
			functionOf(`a.2:\n%11 = ptradd ptr %0, i64 4\n%12 = ptradd ptr %0, i64 ${end}\njump b.3\nb.3:\n%4 = phi ptr [%11, a.2], [%5, b.3]\n%7 = phi i32 [i32 0, a.2], [%8, b.3]\n%6 = load i32 size=4 %4\n%8 = add i32 %7, %6\n%5 = ptradd ptr %4, i64 4\n%9 = icmp.ult i32 %5, %12\nbranch %9, b.3, d.10\nd.10:\nret %8`);
		expect(passed(walk("16"), [unroll, combine, simplifyCfg]).match(/load/g)).toHaveLength(3);
		expect(passed(walk("4096"), [unroll])).toContain("phi");
		expect(passed(walk("17"), [unroll, combine, simplifyCfg]).match(/load/g)).toHaveLength(4);
	});
	/** Goes over a literal of 49 characters. */
	const literal = (inLoop: string, end: string): string =>
		`global @t section ".rodata.str1.1" size 50 align 1 static readonly bytes ${"61".repeat(49)}00\n${functionOf(`a.2:\n%11 = global ptr @t\njump b.3\nb.3:\n%4 = phi ptr [%11, a.2], [%5, c.16]\n%6 = load i32 size=1 signed %4\nbranch %6, c.16, d.10\nc.16:\n%5 = ptradd ptr %4, i64 1\n${inLoop}jump b.3\nd.10:\n${end}`)}`;
	const length = "%7 = ptrtoint i64 %4\n%12 = global ptr @t\n%8 = ptrtoint i64 %12\n%9 = sub i64 %7, %8\n%20 = trunc i32 %9\nret %20";
	it("counts the characters of a literal", () => {
		expect(passed(literal("", length), [unroll, foldConstGlobals, combine, simplifyCfg, combine, dce])).toBe("b0:\nret i32 49");
		expect(passed(literal("store size=1 %0, %6\n", length), [unroll])).toContain("phi ptr");
		expect(passed(literal("", length).replace("static readonly", "readonly").replace(".rodata.str1.1", ".kconfig"), [unroll])).toContain("phi ptr");
	});
	it("leaves a loop that does not end", () => {
		expect(passed(loop("0"), [unroll])).toContain("phi");
	});
	it("repeats a loop with another one in it for who asks for it", () => {
		const nested = (mark: string): string =>
			functionOf(`a.2:\njump b.3\nb.3:\n%4 = phi i32 [i32 0, a.2], [%5, c.6]\n%9 = icmp.ult i32 %4, i32 3\nbranch %9, e.7, d.10\ne.7:\n%8 = load i32 size=4 volatile %0\nbranch %8, e.7, c.6\nc.6:${mark}\n%5 = add i32 %4, i32 1\njump b.3\nd.10:\nret %4`);
		expect(passed(nested(""), [unroll]).match(/load/g)).toHaveLength(1);
		expect(passed(nested(" unroll 0"), [unroll, combine, simplifyCfg]).match(/load/g)).toHaveLength(3);
	});
});

describe("what the machine lacks", () => {
	it("compares its way through a switch", () => {
		const text = functionOf("a.2:\nswitch %1, d.3, 1: b.4, 2: b.4, 9: c.5\nb.4:\nret i32 1\nc.5:\nret i32 2\nd.3:\nret i32 3");
		const result = passed(text, [lowerSwitches]);
		expect(result).not.toContain("switch ");
		expect(result).toContain("icmp.sge i32 %1, i32 1");
	});
	it("gives the place of a default that nothing reaches to the target of most cases", () => {
		const text = functionOf("a.2:\nswitch %1, d.3, 0: b.4, 43: b.4, 44: c.5, 51: e.6, 60: b.4\nb.4:\nret i32 1\nc.5:\nret i32 2\ne.6:\nret i32 4\nd.3:\nunreachable");
		const result = passed(text, [lowerSwitches]);
		expect(result.match(/icmp/g)).toHaveLength(2);
		expect(result).toContain("icmp.eq i32 %1, i32 44");
		expect(result).toContain("icmp.eq i32 %1, i32 51");
	});
	it("divides magnitudes and puts the sign on before v4", () => {
		expect(passed(functionOf("a.2:\n%3 = sdiv i32 %1, i32 7\nret %3"), [expandSignedDivision])).toContain("udiv i32");
	});
});

describe("objects and calls", () => {
	it("folds loads of constants, not of const volatile", () => {
		const text = `global @t section ".rodata" size 8 align 4 static readonly bytes 0100000002000000\n${functionOf("a.2:\n%3 = global ptr @t offset=4\n%4 = load i32 size=4 %3\nret %4")}`;
		expect(passed(text, [foldConstGlobals, dce])).toBe("b0:\nret i32 2");
		expect(passed(text.replace("load i32 size=4", "load i32 size=4 volatile"), [foldConstGlobals, dce])).toContain("load");
	});
	it("knows what stands anywhere in an object of equal bytes", () => {
		const text = (bytes: string, section = ".rodata"): string => `global @t section "${section}" size 8 align 4 static readonly bytes ${bytes}\n${functionOf("a.2:\n%3 = global ptr @t\n%5 = zext i64 %1\n%6 = ptradd ptr %3, %5\n%4 = load i32 size=2 %6\nret %4")}`;
		expect(passed(text("0000000000000000"), [foldConstGlobals, dce])).toBe("b0:\nret i32 0");
		expect(passed(text("ffffffffffffffff"), [foldConstGlobals, dce])).toBe("b0:\nret i32 65535");
		expect(passed(text("0000000000000001"), [foldConstGlobals, dce])).toContain("load");
		expect(passed(text("0000000000000000", ".kconfig"), [foldConstGlobals, dce])).toContain("load");
	});
	it("finds out what a pointer calls", () => {
		const text = `${functionOf("a.2:\n%3 = global ptr @g\n%4 = call i32 indirect %3, i32 5\nret %4")}function @g(i32 %0) -> i32 static {\na.1:\nret %0\n}\n`;
		expect(passed(text, [resolveCalls])).toContain("call i32 @g i32 5");
	});
	it("copies a callee and drops it when nobody else needs it", () => {
		const module = parseModule(`${functionOf("a.2:\n%3 = call i32 @g %1\n%4 = add i32 %3, i32 1\nret %4", "function @f(ptr %0, i32 %1) -> i32 global")}function @g(i32 %0) -> i32 static inline-always {\na.1:\nbranch %0, b.2, c.3\nb.2:\nret i32 1\nc.3:\nret i32 2\n}\n`);
		for (const fn of module.functions) fn.symbol.used = false;
		const [fn] = module.functions;
		expect(inlineCalls(fn, callGraph(module), false)).toBe(true);
		expect(checkIr(fn)).toEqual([]);
		expect(printFunction(fn)).not.toContain("call");
		stripUnused(module);
		expect(module.functions.map(({ name }) => name)).toEqual(["f"]);
	});
	it("counts a call in an always_inline function wherever that one is called", () => {
		const text = `${functionOf("a.2:\n%3 = call i32 @g %1\n%4 = call i32 @g %3\nret %4", "function @f(ptr %0, i32 %1) -> i32 global")}function @g(i32 %0) -> i32 static inline-always {\na.1:\n%2 = call i32 @h %0\nret %2\n}\nfunction @h(i32 %0) -> i32 static {\na.1:\nret %0\n}\n`;
		const module = parseModule(text);
		const { callers } = callGraph(module);
		expect(module.functions.map(({ symbol }) => callers.get(symbol) ?? 0)).toEqual([0, 2, 2]);
	});
});
