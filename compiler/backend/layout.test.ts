/** Which side of a branch comes next: what the kernel's verifier walks first. */
import { describe, expect, it } from "vitest";
import { body, compileIr } from "./testing/compile.ts";

const code = (text: string): string => compileIr(body(text)).code().join("; ");

describe("the side that is walked first", () => {
	const chosen = (question: string, sides = "a.10, b.11"): string =>
		code(`%20 = load i64 size=8 volatile %0\n%21 = ${question}\nbranch %21, ${sides}\na.10:\ncall helper h#3 i64 1\njump end.12\nb.11:\ncall helper h#4 i64 2\njump end.12\nend.12:\nret i64 0`);
	it("is the one on which a number is not known", () => {
		expect(chosen("icmp.eq i32 %20, i64 44")).toMatch(/== 44 goto.*call 4.*call 3/);
		expect(chosen("icmp.ne i32 %20, i64 44", "b.11, a.10")).toMatch(/== 44 goto.*call 4.*call 3/);
	});
	it("is the one in the order of the text where both are known alike", () => {
		expect(chosen("icmp.ult i32 %20, i64 44")).toMatch(/call 3.*call 4/);
		expect(chosen("icmp.eq i32 %20, i64 0")).toMatch(/call 3.*call 4/);
	});
	it("is the one in the order of the text where others lead to it as well, unless it compares two values", () => {
		const chain = (other: string, first = "jump end.13"): string =>
			code(`%20 = load i64 size=8 volatile %0\n%21 = icmp.eq i32 %20, i64 44\nbranch %21, a.10, b.11\nb.11:\n%22 = icmp.eq i32 %20, i64 45\nbranch %22, ${other}, c.12\na.10:\ncall helper h#3 i64 1\n${first}\nc.12:\ncall helper h#4 i64 2\njump end.13\nend.13:\nret i64 0`);
		expect(chain("a.10")).toMatch(/call 3.*call 4/);
		expect(chain("end.13")).toMatch(/call 4.*call 3/);
		expect(chain("a.10", "%30 = load i64 size=8 volatile %0\n%31 = load i64 size=8 volatile %0\n%32 = icmp.ugt i32 %30, %31\nbranch %32, end.13, d.14\nd.14:\ncall helper h#5 i64 3\njump end.13")).toMatch(/call 4.*call 3/);
	});
	it("is the one that does something, where two pointers are compared", () => {
		const text = (limit: string): string =>
			code(`%20 = load i64 size=8 volatile %0\n%21 = load i64 size=8 volatile %0\n%22 = icmp.ugt i32 %20, ${limit}\nbranch %22, out.10, in.11\nout.10:\njump end.12\nin.11:\n%23 = call i64 helper h#3 %20\njump end.12\nend.12:\n%24 = phi i64 [i64 7, out.10], [%23, in.11]\n%25 = phi i64 [i64 9, out.10], [%20, in.11]\ncall helper h#4 i64 5\n%26 = xor i64 %24, %25\nret %26`);
		expect(text("%21")).toMatch(/call 3.*= 7.*call 4/);
		expect(text("i64 9")).toMatch(/= 7.*call 3.*call 4/);
	});
	it("is the one on which a number is that, where the other side has nothing but constants for what follows", () => {
		const brought = (other: string, value: string): string =>
			code(`%20 = load i64 size=8 volatile %0\n%21 = icmp.eq i32 %20, i64 44\nbranch %21, a.10, b.11\na.10:\n%23 = call i64 helper h#3 i64 1\njump end.12\nb.11:\n${other}jump end.12\nend.12:\n%24 = phi i64 [%23, a.10], [${value}, b.11]\n%25 = phi i64 [%20, a.10], [i64 9, b.11]\ncall helper h#4 i64 5\n%26 = xor i64 %24, %25\nret %26`);
		expect(brought("", "i64 7")).toMatch(/call 3.*= 7.*call 4/);
		expect(brought("%22 = load i64 size=8 volatile %0\n", "%22")).toMatch(/= 9.*call 3.*call 4/);
	});
	it("is, in a loop, the one with fewer ways out: each waits till the last round has been walked", () => {
		const rounds = (inside: string): string =>
			code(`jump head.9\nhead.9:\n%20 = load i64 size=8 volatile %0\n%21 = icmp.eq i32 %20, i64 44\nbranch %21, a.10, b.11\na.10:\ncall helper h#3 i64 1\njump end.12\nb.11:\ncall helper h#4 i64 2\n${inside}jump end.12\nend.12:\n%25 = load i64 size=8 volatile %0\n%26 = icmp.eq i32 %25, i64 0\nbranch %26, out.13, head.9\nout.13:\nret i64 0`);
		expect(rounds("")).toMatch(/call 4.*call 3/);
		expect(rounds("%22 = load i64 size=8 volatile %0\n%23 = icmp.eq i32 %22, i64 7\nbranch %23, out.13, c.14\nc.14:\n")).toMatch(/call 3.*call 4/);
	});
	it("is again the one that knows less where few rounds keep few waiting", () => {
		const counted = (limit: number): string =>
			code(`jump head.9\nhead.9:\n%19 = phi i64 [i64 0, entry.3], [%24, end.12]\n%20 = load i64 size=8 volatile %0\n%21 = icmp.eq i32 %20, i64 44\nbranch %21, a.10, b.11\na.10:\ncall helper h#3 i64 1\njump end.12\nb.11:\ncall helper h#4 i64 2\n%22 = load i64 size=8 volatile %0\n%23 = icmp.eq i32 %22, i64 7\nbranch %23, out.13, c.14\nc.14:\njump end.12\nend.12:\n%24 = add i64 %19, i64 1\n%26 = icmp.eq i32 %24, i64 ${limit}\nbranch %26, out.13, head.9\nout.13:\nret i64 0`);
		expect(counted(8)).toMatch(/call 4.*call 3/);
		expect(counted(8192)).toMatch(/call 3.*call 4/);
	});
});
