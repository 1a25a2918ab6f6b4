import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { type Case, clustersOf, isSet, maskOf, rangesOf } from "./case-sets.ts";
import { combine } from "../scalar/combine.ts";
import { ifChains } from "./if-chains.ts";
import { lowerSwitches } from "../legal/lower-switches.ts";

const clusters = (text: string): string[] => {
	const cases = text.split(" ").map((one): Case<string> => ({ from: BigInt(one.slice(1)), to: BigInt(one.slice(1)), target: one[0] }));
	return clustersOf(rangesOf(cases)).map((one) => (isSet(one) ? `{${[...one.members].map(([target, of]) => `${target}:${maskOf(of, "i64").toString(16)}`).join(" ")}}` : `${one.target}${one.from}..${one.to}`));
};

describe("sets of cases", () => {
	it.each([
		["a0 a43 a60", "{a:1000080000000001}"],
		["a60 a0 a43", "{a:1000080000000001}"],
		["a1 a2 a4 a5", "{a:36}"],
		["a1 a3 a6 b2 b9", "{a:4a b:204}"],
		["a1 a4 b2 b9 c6 c12", "{a:12 b:204 c:1040}"],
		["a1000 a1003 a1007", "{a:890000000000}"],
		["a-5 a-3 a7", "{a:2800000000000080}"],
		["a1 a3 a6 b90 b93 b97", "{a:4a} {b:224000000}"],
		["a1 a3 a6 b300 a400", "{a:4a} b300..300 a400..400"],
	])("%s are %s", (text, wanted) => {
		expect(clusters(text)).toEqual(wanted.split(/ (?![^{]*\})/));
	});
	it.each(["a1 a3", "a1 a2 a3", "a1 a43 a100", "a1 a3 b6 b9", "a1 a3 b6 b8 c10", "a1 b3 c5 d7 a9 b11 c13 d15"])("%s are none", (text) => {
		expect(clusters(text).join()).not.toContain("{");
	});
});

describe("a switch over a set", () => {
	const over = (cases: string, otherwise = "ret i32 3", head = ""): string => functionOf(`a.2:\n${head}switch %${head === "" ? 1 : 9}, d.3, ${cases}\nb.4:\nret i32 1\nc.5:\nret i32 2\nd.3:\n${otherwise}`);
	it("asks for its end and for a bit", () => {
		expect(passed(over("9: b.4, 13: b.4, 32: c.5, 10: b.4"), [lowerSwitches])).toContain("icmp.ugt i32 %1, i32 13\n");
		const result = passed(over("9: b.4, 20: b.4, 12: b.4"), [lowerSwitches, combine]);
		expect(result).toMatch(/icmp\.ugt i32 %1, i32 20\nbranch %\d, b\d, b\d\nb\d:\n%\d = lshr i32 i32 1053184, %1\n%\d = and i32 %\d, i32 1\n/);
	});
	it("shifts a word where numbers are over 31, and knows the value from both sides where they are over 63", () => {
		expect(passed(over("0: b.4, 43: b.4, 60: b.4"), [lowerSwitches])).toMatch(/%\d = zext i64 %\d\n%\d = lshr i64 i64 1152930300699869185, %\d\n/);
		const result = passed(over("1000: b.4, 1003: b.4, 1007: b.4"), [lowerSwitches]);
		expect(result).toMatch(/icmp\.slt i32 %1, i32 1000\n/);
		expect(result).toMatch(/icmp\.sgt i32 %1, i32 1007\n/);
		expect(result).toContain("lshr i64 i64 150633093005312");
	});
	it("asks several masks for one bit", () => {
		const result = passed(over("1: b.4, 3: b.4, 6: b.4, 2: c.5, 9: c.5"), [lowerSwitches]);
		expect(result).toMatch(/shl i32 i32 1, %1\n%\d = and i32 %\d, i32 74\n/);
		expect(result).toMatch(/and i32 %\d, i32 516\n/);
	});
	it("asks for no bounds that the value keeps", () => {
		expect(passed(over("0: b.4, 3: b.4, 6: b.4", "ret i32 3", "%9 = and i32 %1, i32 31\n"), [lowerSwitches])).not.toContain("icmp.ugt");
		expect(passed(over("0: b.4, 3: b.4, 6: b.4", "ret i32 3", "%9 = and i32 %1, i32 63\n"), [lowerSwitches])).toContain("icmp.ugt");
		expect(passed(over("0: b.4, 3: b.4, 6: b.4, 4: c.5, 9: c.5, 2: c.5, 7: c.5, 100: c.5", "unreachable"), [lowerSwitches])).toMatch(/icmp\.ugt/);
		expect(passed(over("0: b.4, 3: b.4, 6: b.4, 2: c.5, 4: c.5, 1: c.5", "unreachable"), [lowerSwitches])).not.toContain("icmp.ugt");
	});
});

describe("a chain of comparisons", () => {
	const chain = (numbers: readonly number[], hit = "yes.3"): string =>
		functionOf(`${numbers.map((number, i) => `l.${10 + i}:\n%${30 + i} = icmp.eq i32 %1, i32 ${number}\nbranch %${30 + i}, ${hit}, ${i + 1 < numbers.length ? `l.${11 + i}` : "no.4"}`).join("\n")}\nyes.3:\nret i32 1\nno.4:\nret i32 2`);
	it("is a switch where three numbers are in a word", () => {
		// Numbers from 0 on are one question, wherever they are asked; others side by side are two.
		for (const numbers of [[0, 1], [1, 0]]) expect(passed(chain(numbers), [ifChains, lowerSwitches])).toContain("icmp.ule i32 %1, i32 1\n");
		expect(passed(chain([5, 6]), [ifChains])).not.toContain("switch");
		expect(passed(chain([0, 43, 60]), [ifChains])).toContain("switch %1, b1, 0: b2, 43: b2, 60: b2");
	});
	it.each([[[0, 43]], [[0, 43, 100]], [[5, 6, 7]]])("is none for %j", (numbers) => {
		expect(passed(chain(numbers), [ifChains])).not.toContain("switch");
	});
});
