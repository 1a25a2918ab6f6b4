import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { loadPhis } from "./load-phis.ts";

describe("load-phis", () => {
	/** Both arms of a branch leave an address in memory; below it is read again. */
	const arms = (left: string, right: string, below = "%9 = load ptr size=8 %0"): string =>
		functionOf(`a.2:\n%3 = ptradd ptr %0, i64 8\n%4 = ptradd ptr %0, i64 16\nbranch %1, b.5, c.6\nb.5:\n${left}\njump d.7\nc.6:\n${right}\njump d.7\nd.7:\n${below}\n%10 = load i32 size=4 %9\nret %10`);
	it("take what each way stored", () => {
		expect(passed(arms("store size=8 %0, %3", "store size=8 %0, %4"), [loadPhis])).toMatch(/phi ptr \[%0, b1\], \[%2, b2\]\n%\d = load i32/);
	});
	it("take what one way only read", () => {
		expect(passed(arms("store size=8 %0, %3", "%8 = load ptr size=8 %0"), [loadPhis]).match(/load ptr/g)).toHaveLength(1);
	});
	it("read again what one way does not say", () => {
		expect(passed(arms("store size=8 %0, %3", "store size=8 %3, %4"), [loadPhis])).not.toContain("phi");
		expect(passed(arms("store size=8 %0, %3", "store size=8 %0, %4\ncall helper h#1"), [loadPhis])).not.toContain("phi");
		expect(passed(arms("store size=8 %0, %3", "store size=8 %0, %4\nstore size=4 %0, i32 1"), [loadPhis])).not.toContain("phi");
		expect(passed(arms("store size=8 %0, %3", "store size=8 %0, %4", "store size=4 %0, i32 1\n%9 = load ptr size=8 %0"), [loadPhis])).not.toContain("phi");
	});
	it("take numbers that are small on each way, and leave others in memory", () => {
		const numbers = (left: string, right: string): string => passed(functionOf(`a.2:\nbranch %1, b.5, c.6\nb.5:\nstore size=2 %0, ${left}\njump d.7\nc.6:\nstore size=2 %0, ${right}\njump d.7\nd.7:\n%10 = load i32 size=2 %0\nret %10`), [loadPhis]);
		expect(numbers("i32 14", "i32 18")).toMatch(/phi i32 \[i32 14, b1\], \[i32 18, b2\]\nret/);
		expect(numbers("i32 14", "%1")).toContain("load");
		expect(numbers("i32 14", "i32 -1")).toContain("load");
	});
	it("take offsets in a packet, which long chains of sums may come to and which are larger", () => {
		/** l4 = 14 or 18, + 40, and for each of the ways on as much as 8 × 255 more. */
		const chain = (count: number, step = 8): string => {
			const rounds = Array.from({ length: count }, (_, i) => {
				const at = 100 + 10 * i;
				return `branch %1, b.${at}, c.${at + 1}\nb.${at}:\n%${at + 2} = load i32 size=1 %0\n%${at + 3} = mul i32 %${at + 2}, i32 ${step}\n%${at + 4} = add i32 %${i === 0 ? 9 : at - 5}, %${at + 3}\njump c.${at + 1}\nc.${at + 1}:\n%${at + 5} = phi i32 [%${at + 4}, b.${at}], [%${i === 0 ? 9 : at - 5}, ${i === 0 ? "a.2" : `c.${at - 9}`}]`;
			}).join("\n");
			const last = 100 + 10 * (count - 1);
			return passed(functionOf(`a.2:\n%8 = load i32 size=1 %0\n%9 = add i32 %8, i32 40\n${rounds}\nbranch %1, d.5, e.6\nd.5:\nstore size=2 %0, i32 54\njump f.7\ne.6:\nstore size=2 %0, %${last + 5}\njump f.7\nf.7:\n%10 = load i32 size=2 %0\nret %10`), [loadPhis]);
		};
		expect(chain(6)).not.toContain("load i32 size=2");
		expect(chain(6, 32)).toContain("load i32 size=2");
	});
	it("go round a loop that stores it anew", () => {
		const loop = (latch: string): string =>
			functionOf(`a.2:\n%3 = ptradd ptr %0, i64 64\nstore size=8 %0, %3\njump b.5\nb.5:\n%9 = load ptr size=8 %0\n%10 = load i32 size=1 %9\n%11 = icmp.eq i32 %10, i32 0\nbranch %11, d.7, c.6\nc.6:\n%12 = ptradd ptr %9, i64 1\n${latch}\njump b.5\nd.7:\nret %10`);
		expect(passed(loop("store size=8 %0, %12"), [loadPhis])).toMatch(/%\d = phi ptr \[%\d, b0\], \[%\d, b\d\]\n%\d = load i32/);
		expect(passed(loop("store size=8 %0, %12\ncall helper h#1"), [loadPhis])).toContain("load ptr");
	});
	it("have nothing from a way on which nothing was stored in a local variable, and mind no call before its address is handed out", () => {
		const text = (between: string, behind = "call helper h#2 %3"): string =>
			functionOf(`a.2:\n%3 = alloca ptr size=8 align=8\n${between}\nbranch %1, b.5, c.6\nb.5:\n%7 = ptradd ptr %0, i64 8\nstore size=8 %3, %7\ncall helper h#1\njump c.6\nc.6:\n%9 = load ptr size=8 %3\n%10 = load i32 size=4 %9\n${behind}\nret %10`);
		expect(passed(text("%4 = call i32 helper h#1"), [loadPhis])).toMatch(/phi ptr \[ptr undef, b0\], \[%\d, b1\]/);
		expect(passed(text("%4 = ptradd ptr %3, i64 0\ncall helper h#1 %4"), [loadPhis])).toContain("load ptr");
		expect(passed(text("store size=8 %0, %3"), [loadPhis])).toContain("load ptr");
		expect(passed(text("%4 = call i32 helper h#1", "call helper h#2 %3\nbranch %1, c.6, d.11\nd.11:").replace("c.6:\n%9", "c.6:\ncall helper h#3\n%9"), [loadPhis])).toContain("load ptr");
		expect(passed(functionOf("a.2:\n%3 = alloca ptr size=8 align=8\n%9 = load ptr size=8 %3\n%10 = load i32 size=4 %9\nret %10"), [loadPhis])).toContain("load ptr");
	});
});
