/** What a round does only for one number stands aside. */
import { describe, expect, it } from "vitest";
import { body, compileIr } from "./testing/compile.ts";

const order = (question: string, limit: number, more = "", latch = "end.12"): string =>
	compileIr(
		body(
			`jump head.9\nhead.9:\n%10 = phi i64 [i64 0, entry.3], [%11, ${latch}]\n%20 = load i64 size=8 volatile %0\n%21 = ${question}\nbranch %21, once.13, end.12\nonce.13:\n%22 = call i64 helper h#3 i64 1\n%23 = icmp.eq i32 %22, i64 0\nbranch %23, out.14, end.12\nend.12:\n${more}%11 = add i64 %10, i64 1\n%15 = icmp.ult i32 %11, i64 ${limit}\nbranch %15, head.9, out.14\nout.14:\nret i64 0`,
		),
	)
		.code()
		.filter((line) => /call|if|goto|exit/.test(line))
		.join("; ");

describe("a round that most numbers skip", () => {
	it("is skipped first", () => {
		expect(order("icmp.eq i32 %20, %10", 256)).toMatch(/^if r\d == r\d goto [^;]*; if r\d < 256 goto [^;]*;.*exit;.*call 3/);
	});
	it("is so for a constant", () => {
		expect(order("icmp.eq i32 %20, i64 0", 256)).toMatch(/^if r\d == 0 goto.*exit;.*call 3/);
	});
	it("is done first where there are few rounds, for more than one number, or where the round does not end there", () => {
		expect(order("icmp.eq i32 %20, %10", 16)).toMatch(/call 3.*exit/);
		expect(order("icmp.ult i32 %20, %10", 256)).toMatch(/call 3.*exit/);
		expect(order("icmp.eq i32 %20, %10", 256, "call helper h#4 i64 2\n%30 = load i64 size=8 volatile %0\n%31 = icmp.eq i32 %30, i64 0\nbranch %31, out.14, later.32\nlater.32:\n", "later.32")).toMatch(/call 3.*call 4.*exit/);
	});
});
