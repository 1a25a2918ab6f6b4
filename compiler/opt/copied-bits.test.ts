import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../test/support/passed.ts";
import { combine } from "./combine.ts";
import { copiedBits } from "./copied-bits.ts";
import { dce } from "./dce.ts";
import { simplifyCfg } from "./simplify-cfg.ts";

describe("copied-bits", () => {
	const two = (first: string, second: string): string =>
		functionOf(`a.2:\n%3 = load i32 size=4 %0\n%4 = and i32 %1, i32 4\n%5 = icmp.ne i32 %4, i32 0\nbranch %5, b.6, c.7\nb.6:\n%8 = or i32 %3, i32 ${first}\njump c.7\nc.7:\n%9 = phi i32 [%3, a.2], [%8, b.6]\n%10 = and i32 %1, i32 8\n%11 = icmp.eq i32 %10, i32 0\nbranch %11, e.13, d.12\nd.12:\n%14 = or i32 %9, i32 ${second}\njump e.13\ne.13:\n%15 = phi i32 [%9, c.7], [%14, d.12]\nret %15`);
	const passes = [copiedBits, simplifyCfg, combine, combine, dce];

	it("are copied at once", () => {
		expect(passed(two("4", "8"), passes)).toBe("b0:\n%0 = load i32 size=4 %1\n%2 = and i32 %3, i32 12\n%4 = or i32 %2, %0\nret %4");
	});
	it("are asked for when they go elsewhere", () => {
		expect(passed(two("4", "16"), [copiedBits])).toBe(passed(two("4", "16"), []));
		expect(passed(two("2", "8"), [copiedBits])).toBe(passed(two("2", "8"), []));
	});
	it("are asked for when something else is done with them", () => {
		const called = two("4", "8").replace("d.12:\n", "d.12:\ncall helper h#1\n");
		expect(passed(called, [copiedBits])).toBe(passed(called, []));
	});
});
