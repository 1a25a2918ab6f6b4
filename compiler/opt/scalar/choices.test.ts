import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { dce } from "./dce.ts";
import { gvn } from "./gvn.ts";
import { idleBranches } from "../control/idle-branches.ts";
import { simplifyCfg } from "../control/simplify-cfg.ts";

/** %8 is `%1 < 7 ? yes : no`; %16 is chosen by `question` in the same way, further down. */
const twice = (question: string, yes = "%1", no = "i32 7"): string =>
	functionOf(`a.2:
%3 = icmp.ult i32 %1, i32 7
branch %3, b.4, c.5
b.4:
jump d.6
c.5:
jump d.6
d.6:
%8 = phi i32 [%1, b.4], [i32 7, c.5]
store size=4 %0, %8
%9 = ${question}
branch %9, e.10, f.11
e.10:
jump g.12
f.11:
jump g.12
g.12:
%16 = phi i32 [${yes}, e.10], [${no}, f.11]
%17 = add i32 %8, %16
ret %17`);

const branches = (text: string): number => passed(text, [gvn, dce, idleBranches, simplifyCfg]).match(/branch/g)?.length ?? 0;

describe("a choice that was made before", () => {
	it("is not made again, asked in the same words or the other way round", () => {
		expect(branches(twice("icmp.ult i32 %1, i32 7"))).toBe(1);
		expect(branches(twice("icmp.uge i32 %1, i32 7", "i32 7", "%1"))).toBe(1);
	});
	it("but one between other values is, or by another question", () => {
		expect(branches(twice("icmp.ult i32 %1, i32 7", "i32 7", "%1"))).toBe(2);
		expect(branches(twice("icmp.ult i32 %1, i32 8"))).toBe(2);
		expect(branches(twice("icmp.ult i32 %1, i32 7", "%8", "i32 9"))).toBe(2);
	});
	it("is known by what each way computes", () => {
		const ways = (shift: number): string =>
			functionOf(`a.2:\n%3 = icmp.ult i32 %1, i32 7\nbranch %3, b.4, c.5\nb.4:\n%20 = shl i32 %1, i32 3\njump d.6\nc.5:\njump d.6\nd.6:\n%8 = phi i32 [%20, b.4], [i32 7, c.5]\nstore size=4 %0, %8\n%9 = icmp.ult i32 %1, i32 7\nbranch %9, e.10, f.11\ne.10:\n%21 = shl i32 %1, i32 ${shift}\njump g.12\nf.11:\njump g.12\ng.12:\n%16 = phi i32 [%21, e.10], [i32 7, f.11]\n%17 = add i32 %8, %16\nret %17`);
		expect(branches(ways(3))).toBe(1);
		expect(branches(ways(4))).toBe(2);
	});
	it("is another one where a way leads over to the other side", () => {
		const crossing = functionOf(`a.2:\n%3 = icmp.ult i32 %1, i32 7\nbranch %3, b.4, c.5\nb.4:\n%13 = load i32 size=4 %0\nbranch %13, d.6, c.5\nc.5:\njump d.6\nd.6:\n%8 = phi i32 [i32 1, b.4], [i32 2, c.5]\nstore size=4 %0, %8\n%9 = icmp.ult i32 %1, i32 7\nbranch %9, e.10, f.11\ne.10:\njump g.12\nf.11:\njump g.12\ng.12:\n%16 = phi i32 [i32 1, e.10], [i32 2, f.11]\n%17 = add i32 %8, %16\nret %17`);
		expect(passed(crossing, [gvn, dce]).match(/phi/g)).toHaveLength(2);
	});
});
