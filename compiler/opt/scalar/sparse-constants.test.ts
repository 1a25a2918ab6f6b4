import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { sparseConstants } from "./sparse-constants.ts";

const searched = (text: string): string => passed(functionOf(text), [sparseConstants]);
/** A loop over %4, first `start`, left when `left` holds and else round with `next`. */
const loop = (start: string, left: string, next: string): string =>
	`a.2:\njump h.3\nh.3:\n%4 = phi i32 [${start}, a.2], [${next}, l.5]\n%6 = icmp.${left}\nbranch %6, out.7, l.5\nl.5:\n%8 = load i32 size=1 %0\n%9 = add i32 %4, i32 0\n%10 = add i32 %8, i32 1\njump h.3\nout.7:\nret %4`;

describe("constants and unreachable edges", () => {
	it("are found together: a loop that its first value leaves", () => {
		expect(searched(loop("i32 16", "ne i32 %4, i32 43", "%10"))).toBe("b0:\njump b1\nb1:\njump b2\nb2:\nret i32 16");
	});
	it("need no loop that keeps its value", () => {
		expect(searched(loop("i32 16", "eq i32 %1, i32 3", "%9"))).toContain("ret i32 16");
		expect(searched(loop("%1", "eq i32 %1, i32 3", "%4"))).toContain("ret %1");
	});
	it("are not what comes round the loop", () => {
		for (const text of [loop("i32 43", "ne i32 %4, i32 43", "%10"), loop("i32 16", "eq i32 %1, i32 3", "%10"), loop("i32 16", "eq i32 %4, i32 20", "%10")]) expect(searched(text)).toBe(passed(functionOf(text), []));
	});
	it("are what is undefined, or a value on every way, never both", () => {
		const two = (first: string, second: string): string => `a.2:\njump h.3\nh.3:\n%4 = phi i32 [i32 0, a.2], [%11, j.9]\n%12 = phi i32 [${first}, a.2], [%10, j.9]\n%6 = icmp.eq i32 %4, %1\nbranch %6, out.7, l.5\nl.5:\n%13 = icmp.eq i32 %12, %1\nbranch %13, j.9, k.8\nk.8:\njump j.9\nj.9:\n%10 = phi i32 [${second}, l.5], [%12, k.8]\n%11 = add i32 %4, i32 1\njump h.3\nout.7:\nret %12`;
		expect(searched(two("i32 5", "i32 undef"))).toContain("ret i32 5");
		expect(searched(two("i32 5", "i32 6"))).toBe(passed(functionOf(two("i32 5", "i32 6")), []));
		expect(searched(two("%1", "i32 undef"))).toContain("phi i32 [i32 undef");
	});
	it("follow a switch", () => {
		const text = (value: string): string => `a.2:\njump h.3\nh.3:\n%4 = phi i32 [i32 7, a.2], [${value}, c.5]\nswitch %4, d.6, 1: c.5, 7: e.8\nc.5:\n%9 = load i32 size=1 %0\njump h.3\ne.8:\nret %4\nd.6:\nret i32 2`;
		expect(searched(text("%9"))).toBe("b0:\njump b1\nb1:\njump b2\nb2:\nret i32 7");
	});
});
