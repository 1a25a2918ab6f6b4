import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { dce } from "../scalar/dce.ts";
import { impossibleWays } from "./impossible-ways.ts";
import { simplifyCfg } from "./simplify-cfg.ts";

/** %9 has an address from two ways, and on the third what is given. */
const text = (third: string, then: string, between = "", head?: string): string =>
	passed(
		functionOf(
			`a.2:\nbranch %1, b.3, c.4\nb.3:\n%5 = load ptr size=8 %0\njump f.8\nc.4:\n%6 = icmp.eq i32 %1, i32 10\nbranch %6, d.7, e.10\nd.7:\n%11 = ptradd ptr %0, i64 8\njump f.8\ne.10:\n${between}jump f.8\nf.8:\n%9 = phi ptr [%5, b.3], [%11, d.7], [${third}, e.10]\n${then}\nret i32 0`,
			head,
		),
		[impossibleWays, simplifyCfg, dce],
	);
const STORE = "store size=4 %9, i32 1";

describe("a way that brings no address to an access", () => {
	it("is never taken", () => {
		for (const third of ["ptr undef", "ptr 0"]) {
			for (const then of [STORE, "%12 = ptradd ptr %9, i64 40\n%13 = load i32 size=4 %12\nstore size=4 %0, %13"]) {
				expect(text(third, then)).not.toContain("icmp");
				expect(text(third, then)).toMatch(/phi ptr \[%\d, b\d\], \[%\d, b\d\]\n/);
			}
		}
	});
	it("is left where a call comes first, on either side", () => {
		expect(text("ptr undef", `call helper h#1\n${STORE}`)).toContain("icmp");
		expect(text("ptr undef", STORE, "call helper h#1\n")).toContain("icmp");
	});
	it("is left where it brings an address, where null is one, and where nothing is accessed", () => {
		expect(text("%0", STORE)).toContain("icmp");
		expect(text("ptr 0", STORE, "", "function @f(ptr %0, i32 %1) -> i32 static null-is-address")).toContain("icmp");
		expect(text("ptr 0", "store size=8 %0, %9")).toContain("icmp");
		expect(text("ptr 0", "store size=4 volatile %9, i32 1")).toContain("icmp");
	});
});
