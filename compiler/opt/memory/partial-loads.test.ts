import { describe, expect, it } from "vitest";
import { passed } from "../../../test/support/passed.ts";
import { partialLoads } from "./partial-loads.ts";

const moved = (text: string): string => passed(`global @pid section ".bss" size 4 align 4 global\nglobal @other section ".bss" size 4 align 4 global\nfunction @f(ptr %0, i32 %1) -> i32 static {\n${text}\n}\n`, [partialLoads]);

const READ = "%7 = global ptr @pid offset=0\n%8 = load i32 size=4 %7\n%17 = icmp.eq i32 %8, i32 4\nret %17";
const FIRST = "%4 = load i32 size=4 %3\n";
const CALL = "call helper h#1\n";
/** read pid; if (…) { between } read pid */
const met = (between: string, { first = FIRST, read = READ, leave = "jump c.6" } = {}): string => `a.2:\n%3 = global ptr @pid offset=0\n${first}branch %1, b.5, c.6\nb.5:\n${between}${leave}\nc.6:\n${read}`;

describe("a variable that was read on one way", () => {
	it("is read on the other, and a phi has it", () => {
		expect(moved(met(CALL))).toMatch(/b1:\ncall helper h#1\n%\d = global ptr @pid offset=0\n%(\d) = load i32 size=4 %\d\njump b2\nb2:\n%\d = phi i32 \[%\d, b0\], \[%\1, b1\]\n/);
		expect(moved(met(CALL, { first: "store size=4 %3, i32 5\n" }))).toMatch(/phi i32 \[i32 5, b0\], /);
	});
	it("is read on the edge where the way leads elsewhere too", () => {
		expect(moved(met(`${CALL}%12 = icmp.eq i32 %1, i32 3\n`, { leave: "branch %12, c.6, e.13\ne.13:\nret i32 0" }))).toMatch(/branch %\d, b3, b4\n[\s\S]*b3:\n%\d = global ptr @pid offset=0\n%\d = load i32 size=4 %\d\njump b2\n/);
	});
	it("is read once for both sides of a branch", () => {
		const sides = "%9 = load i32 size=4 %0\nbranch %9, s.10, t.11\ns.10:\n%12 = global ptr @pid offset=0\n%13 = load i32 size=4 %12\n%17 = icmp.eq i32 %13, i32 4\nret %17\nt.11:\n%14 = global ptr @pid offset=0\n%15 = load i32 size=4 %14\n%16 = add i32 %15, i32 1\nret %16";
		expect(moved(met(CALL, { read: sides })).match(/load i32 size=4 %\d+\n(?=jump)/g)).toHaveLength(1);
		expect(moved(met(CALL, { read: sides.replace("%13 = load i32", `${CALL}%13 = load i32`) }))).not.toContain("phi");
		expect(moved(met(CALL, { read: sides.replace("branch %9", `${CALL}branch %9`) }))).not.toContain("phi");
	});
	it.each([
		["not read before", met(CALL, { first: "" })],
		["written where the ways meet", met(CALL, { read: CALL + READ })],
		["of another width", met(CALL, { first: "%4 = load i32 size=2 %3\n" })],
		["another one", met(CALL, { read: READ.replace("@pid", "@other") })],
		["what a pointer leads to", met(CALL, { first: "%4 = load i32 size=4 %0\n", read: READ.replace("size=4 %7", "size=4 %0") })],
		["not asked for anything", met(CALL, { read: READ.replace("ret %17", "ret %8").replace("%17 = icmp.eq i32 %8, i32 4\n", "") })],
		["volatile", met(CALL, { read: READ.replace("size=4", "size=4 volatile") })],
		["read round a loop", "a.2:\n%3 = global ptr @pid offset=0\n%4 = load i32 size=4 %3\njump b.5\nb.5:\n%7 = load i32 size=4 %3\ncall helper h#1\nbranch %7, b.5, c.6\nc.6:\nret %4"],
	])("but not if it is %s", (_what, text) => {
		expect(moved(text)).not.toContain("phi");
	});
});
