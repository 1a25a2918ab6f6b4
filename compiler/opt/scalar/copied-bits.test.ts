import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { combine } from "./combine.ts";
import { copiedBits } from "./copied-bits.ts";
import { dce } from "./dce.ts";
import { gvn } from "./gvn.ts";
import { simplifyCfg } from "../control/simplify-cfg.ts";

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
	it("are copied by questions for one or nothing", () => {
		const bit = (mask: number, i: number): string => `at${i}.${10 + i}:\n%${20 + i} = and i32 %6, i32 ${mask}\nbranch %${20 + i}, at${i + 1}.${10 + i + 1}, no${i}.${60 + i}\nno${i}.${60 + i}:\njump at${i + 1}.${10 + i + 1}\n`;
		const phi = (mask: number, i: number): string => `%${40 + i} = phi i32 [i32 ${mask}, at${i}.${10 + i}], [i32 0, no${i}.${60 + i}]\n`;
		const three = functionOf(`a.2:\n%6 = load i32 size=1 %0\njump at0.10\n${bit(1, 0)}${bit(64, 1).replace(":\n", `:\n${phi(1, 0)}`)}at2.12:\n${phi(64, 1)}%50 = or i32 %40, %41\n%22 = icmp.uge i32 %6, i32 128\nbranch %22, at3.13, no2.62\nno2.62:\njump at3.13\nat3.13:\n${phi(128, 2)}%51 = or i32 %50, %42\nret %51`);
		expect(passed(three, [...passes, simplifyCfg, combine, combine, dce])).toMatch(/^b0:\n%0 = load i32 size=1 %1\n%2 = and i32 %0, i32 193\nret %2$/);
	});
	it("are moved where there are many", () => {
		const chain = (ty: string, sets: readonly string[]): string => {
			const links = sets.map((set, i) => `at${i}.${10 + i}:\n%${20 + i} = phi ${ty} [${i === 0 ? `${ty} 0, a.2` : `%${20 + i - 1}, at${i - 1}.${10 + i - 1}], [%${40 + i - 1}, yes${i - 1}.${60 + i - 1}`}]\n%${70 + i} = and i32 %1, i32 ${1 << (i + 1)}\nbranch %${70 + i}, yes${i}.${60 + i}, at${i + 1}.${10 + i + 1}\nyes${i}.${60 + i}:\n%${40 + i} = or ${ty} %${20 + i}, ${ty} ${set}\njump at${i + 1}.${10 + i + 1}`);
			const last = sets.length;
			return functionOf(`a.2:\njump at0.10\n${links.join("\n")}\nat${last}.${10 + last}:\n%${20 + last} = phi ${ty} [%${20 + last - 1}, at${last - 1}.${10 + last - 1}], [%${40 + last - 1}, yes${last - 1}.${60 + last - 1}]\nstore size=${ty === "i64" ? 8 : 4} %0, %${20 + last}\nret i32 0`);
		};
		expect(passed(chain("i32", ["1", "16", "2", "64"]), passes)).not.toContain("branch");
		// By as many places: one shift.
		expect(passed(chain("i32", ["4", "8", "16", "32"]), [...passes, gvn, ...passes]).match(/shl/g)).toHaveLength(1);
		expect(passed(chain("i32", ["1", "16", "2"]), passes)).toContain("branch");
		expect(passed(chain("i32", ["1", "16", "3", "64"]), passes)).toContain("branch");
		expect(passed(chain("i64", ["1", "16", "2", "4294967296"]), passes)).toMatch(/zext i64[^\n]*\n[^\n]*shl i64 [^\n]*i64 28/);
	});
});
