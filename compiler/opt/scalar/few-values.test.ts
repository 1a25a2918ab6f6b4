import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { dce } from "./dce.ts";
import { fewValues } from "./few-values.ts";
import { idleBranches } from "../control/idle-branches.ts";
import { simplifyCfg } from "../control/simplify-cfg.ts";

/** %8 is 3 or 9; `rest` may use it, from block d.7 on. */
const threeOrNine = (rest: string, three = "i32 3"): string => functionOf(`a.2:\nbranch %1, b.4, c.5\nb.4:\ncall helper h#1\njump d.7\nc.5:\njump d.7\nd.7:\n%8 = phi i32 [${three}, b.4], [i32 9, c.5]\n${rest}`);
const passes = [fewValues, dce, simplifyCfg];

describe("few-values", () => {
	it("is what comes out the same for each of them", () => {
		expect(passed(threeOrNine("%9 = and i32 %8, i32 1\nret %9"), passes)).toMatch(/ret i32 1$/);
		expect(passed(threeOrNine("%9 = icmp.ugt i32 %8, i32 9\n%10 = zext i64 %9\n%11 = trunc i32 %10\nret %11"), passes)).toMatch(/ret i32 0$/);
		expect(passed(threeOrNine("%9 = sub i32 %8, i32 3\n%10 = lshr i32 i32 65, %9\n%11 = and i32 %10, i32 1\nret %11"), passes)).toMatch(/ret i32 1$/);
	});
	it("is not what differs, nor what may be anything", () => {
		for (const text of [threeOrNine("%9 = and i32 %8, i32 2\nret %9"), threeOrNine("%9 = and i32 %8, i32 1\nret %9", "%1")]) expect(passed(text, [fewValues])).toBe(passed(text, []));
	});
	it("has no other cases, and asks once less", () => {
		const text = threeOrNine("switch %8, e.9, 1: f.10, 3: g.11, 9: h.12\ne.9:\nret i32 100\nf.10:\nret i32 101\ng.11:\nret i32 102\nh.12:\nret i32 103");
		expect(passed(text, [fewValues])).toContain("3: b");
		expect(passed(text, [fewValues])).not.toMatch(/1: b|9: b/);
		const out = passed(text, passes);
		for (const gone of ["i32 100", "i32 101"]) expect(out).not.toContain(gone);
		for (const kept of ["i32 102", "i32 103"]) expect(out).toContain(kept);
		const same = threeOrNine("switch %8, e.9, 3: f.10, 9: f.10\ne.9:\nret i32 100\nf.10:\nret i32 101");
		expect(passed(same, passes)).toMatch(/ret i32 101$/);
		expect(passed(same, passes)).not.toContain("switch");
	});
	it("keeps the default where the value may be none of the cases", () => {
		const text = threeOrNine("switch %8, e.9, 3: f.10, 4: f.10\ne.9:\nret i32 100\nf.10:\nret i32 101");
		expect(passed(text, [fewValues])).toMatch(/switch %\d, b\d, 3: b\d\n/);
	});
	it("gives up on what a loop carries", () => {
		const text = functionOf("a.2:\njump b.4\nb.4:\n%5 = phi i32 [i32 3, a.2], [%6, b.4]\n%6 = add i32 %5, i32 2\n%7 = icmp.ult i32 %6, %1\nbranch %7, b.4, c.8\nc.8:\nret %6");
		expect(passed(text, [fewValues])).toBe(passed(text, []));
	});
	it("meets as the answer where one question is all that is asked", () => {
		const nested = (question: string): string =>
			functionOf(`a.2:\n%3 = load i32 size=4 %0\nbranch %1, b.4, c.5\nb.4:\n%14 = icmp.ult i32 %3, i32 50\nbranch %14, g.15, h.16\ng.15:\njump i.17\nh.16:\njump i.17\ni.17:\n%18 = phi i32 [i32 -1, g.15], [i32 1, h.16]\njump d.7\nc.5:\ncall helper h#1\njump d.7\nd.7:\n%8 = phi i32 [%18, i.17], [i32 0, c.5]\n%9 = ${question}\nbranch %9, e.10, f.11\ne.10:\nret i32 100\nf.11:\nret i32 101`);
		expect(passed(nested("icmp.eq i32 %8, i32 0"), [fewValues, dce])).toContain("phi i32 [i32 0, b");
		expect(passed(nested("icmp.eq i32 %8, i32 0"), [fewValues, dce, idleBranches])).not.toContain("i32 50");
		expect(passed(nested("icmp.slt i32 %8, i32 0"), [fewValues, dce, idleBranches])).toContain("i32 50");
	});
	it("knows that an answer is 0 or 1, and what is computed from one asks for it", () => {
		const asked = (lines: string): string => passed(functionOf(`a.2:\n%3 = icmp.eq i32 %1, i32 31\n${lines}\nret %9`), [fewValues, dce]);
		expect(asked("%4 = shl i32 %3, i32 5\n%9 = icmp.eq i32 %4, i32 0")).toMatch(/icmp.ne i32 %\d, i32 31\nret/);
		expect(asked("%4 = xor i32 %3, i32 255\n%9 = icmp.eq i32 %4, i32 254")).toMatch(/icmp.eq i32 %\d, i32 31\nret/);
		expect(asked("%4 = sub i32 i32 0, %3\n%9 = icmp.sgt i32 %4, i32 256")).toBe("b0:\nret i32 0");
		expect(asked("%4 = add i32 %3, %1\n%9 = icmp.eq i32 %4, i32 0")).toContain("add");
	});
});
