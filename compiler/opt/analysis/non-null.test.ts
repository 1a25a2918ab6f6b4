import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { parseModule } from "../../ir/parse.ts";
import { printFunction } from "../../ir/print.ts";
import { threadJumps } from "../control/thread.ts";
import { simplifyCfg } from "../control/simplify-cfg.ts";
import { dce } from "../scalar/dce.ts";
import { correlate } from "../scalar/correlate.ts";

describe("an address is not null", () => {
	/** The answer that the pass finds, or the question. */
	const asked = (before: string, address: string): string => {
		const text = passed(functionOf(`a.2:\n${before}\n%20 = icmp.eq i32 ${address}, ptr 0\nret %20`), [correlate]);
		return /ret i32 0$/.test(text) ? "no" : "open";
	};
	it.each([
		["behind the beginning of something", "%3 = ptradd ptr %0, i64 14", "%3", "no"],
		["but in front of it it may be", "%3 = ptradd ptr %0, i64 -8", "%3", "open"],
		["where it was read", "%3 = load i32 size=4 %0", "%0", "no"],
		["where a member was written", "%3 = ptradd ptr %0, i64 8\nstore size=4 %3, i32 1", "%0", "no"],
		["where a block was copied from it", "%3 = alloca ptr size=8 align=8\nmemcpy size=8 %3, %0", "%0", "no"],
		["but not where it was stored", "%3 = alloca ptr size=8 align=8\nstore size=8 %3, %0", "%0", "open"],
		["nor where it was given away", "call helper one#1 %0", "%0", "open"],
		["and of an arena nothing is said", "%3 = addrspace ptr from=1 to=0 %0\n%4 = load i32 size=4 %3", "%3", "open"],
	])("%s", (_, before, address, answer) => {
		expect(asked(before, address)).toBe(answer);
	});
	it("but a check in front of the access stays, and one that only some ways have passed says nothing", () => {
		expect(passed(functionOf("a.2:\n%3 = icmp.eq i32 %0, ptr 0\nbranch %3, b.4, c.5\nb.4:\nret i32 1\nc.5:\n%6 = load i32 size=4 %0\nret %6"), [correlate])).toContain("icmp");
		expect(passed(functionOf("a.2:\n%3 = icmp.eq i32 %1, i32 0\nbranch %3, b.4, c.5\nb.4:\n%6 = load i32 size=4 %0\ncall helper one#1 %6\njump c.5\nc.5:\n%7 = icmp.eq i32 %0, ptr 0\nret %7"), [correlate])).toMatch(/icmp.eq i32 %\d, ptr 0/);
	});
	const either = (other: string): string => functionOf(`a.2:\n%3 = ptradd ptr %0, i64 14\n%4 = icmp.ugt i32 %1, i32 9\nbranch %4, b.5, c.6\nb.5:\njump c.6\nc.6:\n%7 = phi ptr [%3, a.2], [${other}, b.5]\n%8 = icmp.eq i32 %7, ptr 0\nbranch %8, d.9, e.10\nd.9:\nret i32 1\ne.10:\n%11 = load i32 size=1 %7\nret %11`);
	it("when nothing that it may be is", () => {
		expect(passed(either("%3"), [correlate])).toContain("branch i32 0");
		expect(passed(either("%0"), [correlate])).not.toContain("branch i32 0");
	});
	it("on one way into a block, which then goes past the question", () => {
		expect(passed(either("ptr 0"), [threadJumps, simplifyCfg, dce])).toContain("branch %2, b1, b2\nb1:\nret i32 1\nb2:\n%4 = load");
	});
	it("unless something may lie at address 0", () => {
		const module = parseModule("function @f(ptr %0, i32 %1) -> i32 static null-is-address {\na.2:\n%3 = load i32 size=4 %0\n%4 = icmp.eq i32 %0, ptr 0\nret %4\n}\n");
		const [fn] = module.functions;
		correlate.run(fn, { level: 2, cpu: 3, module, diagnostics: { report: () => {} } });
		expect(printFunction(fn)).toContain("null-is-address {");
		expect(printFunction(fn)).toContain("icmp");
	});
});
