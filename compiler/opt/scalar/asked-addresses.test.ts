import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { askedAddresses } from "./asked-addresses.ts";

describe("asked-addresses", () => {
	/** `c = table[i]; if (i > LIMIT) return 0; return ACCESS;` of a table of 40 bytes. */
	const table = (limit: number, access: string, first = 38): string =>
		functionOf(`a.2:\n%3 = alloca ptr size=40 align=1\n%4 = zext i64 %1\n%5 = icmp.ugt i32 %4, i64 ${first}\nbranch %5, b.6, c.7\nb.6:\nret i32 0\nc.7:\n%8 = ptradd ptr %3, %4\n%9 = load i32 size=1 %8\n%10 = icmp.ugt i32 %4, i64 ${limit}\nbranch %10, b.6, d.11\nd.11:\n%12 = ptradd ptr %8, i64 2\n${access}`);
	const read = "%13 = load i32 size=1 %12\n%14 = add i32 %9, %13\nret %14";

	it("makes an address again where the index is asked about afterwards and only that keeps the access within", () => {
		const text = passed(table(36, read), [askedAddresses]);
		expect(text).toMatch(/(%\d+) = load i32 size=1(?:.|\n)*\nb3:\n(%\d+) = ptradd ptr %0, %1\n(?:.|\n)*(%\d+) = ptradd ptr \2, i64 2\n%\d+ = load i32 size=1 \3\n/);
	});
	it("once for all accesses that the question covers", () => {
		const text = passed(table(36, "%13 = load i32 size=1 %12\nstore size=1 %12, i32 0\njump e.15\ne.15:\n%16 = load i32 size=1 %12\n%14 = add i32 %16, %13\nret %14"), [askedAddresses]);
		expect(text.match(/ptradd ptr %0, %1/g)).toHaveLength(2);
	});
	it("leaves what was known to be within, and what is not known to be afterwards", () => {
		for (const text of [table(36, read, 36), table(38, read, 39)]) expect(passed(text, [askedAddresses]).match(/ptradd ptr %0, %1/g)).toHaveLength(1);
	});
});
