import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { combine } from "./combine.ts";
import { copiedBits, countedBits } from "./copied-bits.ts";
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
	it("are moved when all go as far", () => {
		expect(passed(two("8", "16"), [copiedBits, simplifyCfg, combine, gvn, combine, dce])).toMatch(/shl i32 %\d, i32 1\n%\d = and i32 %\d, i32 24\n%\d = or i32/);
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

describe("counted-bits", () => {
	const asked = (mask: number, step: string, ty = "i32", head = ""): string =>
		functionOf(`a.2:\n${head}%3 = load ${ty} size=${ty === "i32" ? 4 : 8} %0\n%4 = and i32 %1, i32 ${mask}\nbranch %4, b.5, c.6\nb.5:\n%7 = ${step}\njump c.6\nc.6:\n%8 = phi ${ty} [%3, a.2], [%7, b.5]\nstore size=${ty === "i32" ? 4 : 8} %0, %8\nret i32 0`);
	it.each([
		[asked(1, "add i32 %3, i32 1"), /and i32 %\d, i32 1\n%\d = add i32 %\d, %\d\n/],
		[asked(4, "add i32 %3, i32 1"), /lshr i32 %\d, i32 2\n%\d = and i32 %\d, i32 1\n%\d = add i32 %\d, %\d\n/],
		[asked(4, "add i32 %3, i32 -1"), /lshr i32 %\d, i32 2\n%\d = and i32 %\d, i32 1\n%\d = sub i32 %0, %\d\n/],
		[asked(1, "xor i32 %3, i32 8"), /shl i32 %\d, i32 3\n%\d = and i32 %\d, i32 8\n%\d = xor i32 %\d, %\d\n/],
		[asked(1, "add i64 %3, i64 1", "i64"), /and i32 %\d, i32 1\n%\d = zext i64 %\d\n%\d = add i64 %\d, %\d\n/],
	])("are added, taken away or turned without a jump: %#", (text, wanted) => {
		expect(passed(text, [countedBits])).toMatch(wanted);
		expect(passed(text, [countedBits])).not.toContain("branch");
	});
	it.each([[asked(3, "add i32 %3, i32 1")], [asked(1, "add i32 %3, i32 3")], [asked(1, "mul i32 %3, i32 2")], [asked(1, "add i32 %3, i32 1").replace("b.5, c.6", "c.6, b.5")]])("are asked for where that is no single bit, and where the machine jumps over it: %#", (text) => {
		expect(passed(text, [countedBits])).toBe(passed(text, []));
	});
	it("are asked for where a shift would need a copy, but for a loop", () => {
		const again = (lines: string, end: string): string => functionOf(`a.2:\njump l.9\nl.9:\n${lines}%3 = load i32 size=4 %0\n%10 = load i32 size=4 %0\n%4 = and i32 %10, i32 4\nbranch %4, b.5, c.6\nb.5:\n%7 = add i32 %3, i32 1\njump c.6\nc.6:\n%8 = phi i32 [%3, l.9], [%7, b.5]\nstore size=4 %0, %8\nstore size=4 %0, %10\n${end}`);
		expect(passed(again("", "ret i32 0"), [countedBits])).toBe(passed(again("", "ret i32 0"), []));
		expect(passed(again("", "branch %1, l.9, d.11\nd.11:\nret i32 0"), [countedBits])).toContain("lshr");
	});
	const chosen = (mask: number, yes: number, no: number): string => functionOf(`a.2:\n%3 = and i32 %1, i32 ${mask}\nbranch %3, b.4, c.5\nb.4:\njump c.5\nc.5:\n%6 = phi i32 [i32 ${no}, a.2], [i32 ${yes}, b.4]\nret %6`);
	it("choose between a bit and nothing, and two numbers that differ in the bit", () => {
		expect(passed(chosen(4, 16, 0), [countedBits, combine, dce])).toMatch(/shl i32 %\d, i32 2\n%\d = and i32 %\d, i32 16\n/);
		expect(passed(chosen(4, 7, 3), [countedBits])).not.toContain("phi");
		expect(passed(chosen(4, 5, 3), [countedBits])).toContain("phi");
	});
});

describe("bits that are set one by one", () => {
	/** `u16 r = 0; if (x & 1) r |= 2; …`, with a mask before each. */
	const chain = (links: number, start = "i32 0"): string => {
		const lines = ["a.2:", "jump q0.100"];
		let value = start;
		let from = "a.2";
		for (let i = 0; i < links; i++) {
			lines.push(`q${i}.${100 + 2 * i}:`);
			if (i > 0) lines.push(`%${200 + i} = phi i32 [${value}, ${from}], [%${400 + i}, s.${99 + 2 * i}]`);
			const before = i === 0 ? start : `%${200 + i}`;
			lines.push(`%${300 + i} = and i32 %1, i32 ${1 << i}`, `branch %${300 + i}, s.${101 + 2 * i}, q${i + 1}.${102 + 2 * i}`);
			lines.push(`s.${101 + 2 * i}:`, `%${500 + i} = and i32 ${before}, i32 65535`, `%${401 + i} = or i32 %${500 + i}, i32 ${2 << i}`, `jump q${i + 1}.${102 + 2 * i}`);
			value = before;
			from = `q${i}.${100 + 2 * i}`;
		}
		lines.push(`q${links}.${100 + 2 * links}:`, `%600 = phi i32 [${value}, ${from}], [%${400 + links}, s.${99 + 2 * links}]`, "ret %600");
		return functionOf(lines.join("\n"));
	};
	it("keep the other bits zero through a long chain", () => {
		expect(passed(chain(11), [combine, dce])).not.toContain("65535");
		expect(passed(chain(11), [combine, dce, copiedBits, simplifyCfg, combine, dce])).not.toContain("branch");
	});
	it("keep nothing of a number that is not small", () => {
		expect(passed(chain(11, "%1"), [combine, dce])).toContain("65535");
	});
});
