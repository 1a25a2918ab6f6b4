import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { hoistAddresses, hoistLimits } from "./hoist.ts";

describe("hoist", () => {
	/** A loop, ended by `next`, that makes an address in `table` of the number %1. */
	const loop = (next: string, body = ""): string =>
		functionOf(`a.2:\njump b.3\nb.3:\n%4 = call ptr ${next} %0\n%5 = icmp.ne i32 %4, ptr 0\nbranch %5, c.6, d.7\nc.6:\n${body}%8 = zext i64 %1\n%9 = mul i64 %8, i64 20\n%10 = global ptr @table\n%11 = ptradd ptr %10, %9\nstore size=4 %11, i32 1\njump b.3\nd.7:\nret i32 0`);
	/** The part in front of the loop. */
	const front = (text: string): string => passed(text, [hoistAddresses]).split("\nb1:")[0];

	it("makes an address in front of a loop that an iterator runs", () => {
		expect(front(loop("@bpf_iter_num_next"))).toBe("b0:\n%0 = global ptr @table\n%1 = zext i64 %2\n%3 = mul i64 %1, i64 20\n%4 = ptradd ptr %0, %3\njump b1");
	});
	it("leaves it in a loop whose numbers the verifier keeps", () => {
		expect(front(loop("@next"))).toBe("b0:\njump b1");
	});
	it("leaves it below a comparison that bounds the number", () => {
		expect(front(loop("@bpf_iter_num_next", "%12 = icmp.ult i32 %1, i32 4\nbranch %12, e.13, d.7\ne.13:\n"))).toBe("b0:\njump b1");
	});
	it("leaves what is another number in each round", () => {
		expect(front(loop("@bpf_iter_num_next").replace("zext i64 %1", "load i64 size=4 %4"))).toBe("b0:\njump b1");
	});
});

describe("a limit that a loop asks for in each round", () => {
	/** `i < 10 && i < (x & 31)`; `limit` makes %9. */
	const loop = (limit: string): string =>
		functionOf(`a.2:\njump b.3\nb.3:\n%4 = phi i32 [i32 0, a.2], [%8, d.7]\n%5 = icmp.ult i32 %4, i32 10\nbranch %5, c.6, e.10\nc.6:\n${limit}%11 = icmp.ult i32 %4, %9\nbranch %11, d.7, e.10\nd.7:\nstore size=4 volatile %0, %4\n%8 = add i32 %4, i32 1\njump b.3\ne.10:\nret i32 0`);
	const front = (text: string): string => passed(text, [hoistLimits]).split("\nb1:")[0];
	it("is computed in front", () => {
		expect(front(loop("%9 = and i32 %1, i32 31\n"))).toMatch(/^b0:\n%\d = and i32 %\d, i32 31\njump b1$/);
	});
	it("stays where it is another one each time", () => {
		for (const limit of ["%9 = load i32 size=4 %0\n", "%9 = lshr i32 %4, i32 1\n"]) expect(front(loop(limit))).toBe("b0:\njump b1");
	});
});
