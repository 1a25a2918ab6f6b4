import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../test/support/passed.ts";
import { equalPhis } from "./equal-phis.ts";
import { simplifyCfg } from "./simplify-cfg.ts";

describe("equal-phis", () => {
	const chosen = (question: string, constant: string, then = "b.4", otherwise = "c.5"): string =>
		functionOf(`a.2:\n%3 = load i32 size=4 %0\n${question}\nbranch %6, ${then}, ${otherwise}\nb.4:\ncall helper h#1\njump d.7\nc.5:\njump d.7\nd.7:\n%8 = phi i32 [%3, b.4], [i32 ${constant}, c.5]\nret %8`);

	it("are the value where it was found to be the constant", () => {
		expect(passed(chosen("%6 = icmp.ne i32 %3, i32 0", "0"), [equalPhis])).toMatch(/ret %0$/);
		expect(passed(chosen("%6 = icmp.ne i32 %3, i32 -5", "-5"), [equalPhis])).toMatch(/ret %0$/);
	});
	it("are two values where it was found to be something else", () => {
		expect(passed(chosen("%6 = icmp.ne i32 %3, i32 1", "0"), [equalPhis])).toContain("phi");
		expect(passed(chosen("%6 = icmp.eq i32 %3, i32 0", "0"), [equalPhis])).toContain("phi");
		expect(passed(chosen("%6 = icmp.ult i32 %3, i32 1", "1"), [equalPhis])).toContain("phi");
	});
	it("take the branch with them when nothing else is on it", () => {
		const text = functionOf("a.2:\n%3 = load i32 size=4 %0\nbranch %3, b.4, c.5\nb.4:\nret %3\nc.5:\nret i32 0");
		expect(passed(text, [equalPhis, simplifyCfg])).toBe("b0:\n%0 = load i32 size=4 %1\nret %0");
		expect(passed(text.replace("i32 0", "i32 1"), [equalPhis])).toBe(passed(text.replace("i32 0", "i32 1"), []));
		const joined = functionOf("a.2:\n%3 = load i32 size=4 %0\nbranch %3, b.4, c.5\nb.4:\njump d.6\nc.5:\njump d.6\nd.6:\n%7 = phi i32 [%3, b.4], [i32 0, c.5]\nret %7");
		expect(passed(joined, [equalPhis, simplifyCfg])).toBe("b0:\n%0 = load i32 size=4 %1\nret %0");
	});
});
