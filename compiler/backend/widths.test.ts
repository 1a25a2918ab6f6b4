/** How much of a register a number fills. */
import { describe, expect, it } from "vitest";
import { body, compileIr } from "./testing/compile.ts";

describe("the bits of a number", () => {
	it("are few where a loop puts it together of masked and shifted parts of itself: without 32-bit arithmetic it is not extended", () => {
		const folded = (low: string): string =>
			compileIr(
				body(
					`%20 = load i32 size=4 volatile %0\njump l.9\nl.9:\n%21 = phi i32 [%20, entry.3], [%25, m.10]\n%22 = icmp.uge i32 %21, i32 65536\nbranch %22, m.10, o.11\nm.10:\n%23 = ${low}\n%24 = lshr i32 %21, i32 16\n%25 = add i32 %23, %24\njump l.9\no.11:\n%30 = zext i64 %21\nret %30`,
				),
				"v1",
			)
				.code()
				.join("; ");
		expect(folded("and i32 %21, i32 65535")).not.toContain("<<= 32");
		expect(folded("add i32 %21, i32 65535")).toContain("<<= 32");
	});
});
