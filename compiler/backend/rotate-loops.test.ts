import { describe, expect, it } from "vitest";
import { body, compileIr } from "./testing/compile.ts";

const loop = (start: string, end: string, last = "jump head.4"): string =>
	compileIr(
		body(
			`jump head.4\nhead.4:\n%5 = phi i64 [${start}, entry.3], [%8, again.7]\n%6 = icmp.ult i32 %5, ${end}\nbranch %6, again.7, out.9\nagain.7:\nstore size=8 volatile %0, %5\n%8 = add i64 %5, i64 1\n${last}\nout.9:\nret i64 0`,
		),
	)
		.code()
		.join("; ");

describe("loops", () => {
	it("ask at their end, once a round", () => {
		const code = loop("i64 0", "i64 16");
		expect(code.match(/goto/g)).toHaveLength(1);
		expect(code).toMatch(/\+= 1; if \w+ < 16 goto -\d+; \w0 = 0; exit/);
	});
	it("ask in front as well where the answer is not known", () => {
		const code = loop("%2", "i64 16");
		expect(code.match(/if /g)).toHaveLength(2);
		expect(code).toMatch(/\+= 1; if \w+ < 16 goto -\d+; \w0 = 0; exit/);
	});
	it("and where they never start", () => {
		expect(loop("i64 20", "i64 16").match(/if /g)).toHaveLength(2);
	});
	it("with a limit that is a variable", () => {
		expect(loop("i64 0", "%2").match(/if /g)).toHaveLength(2);
	});
	it("two questions in their order, the second last: where it ends the verifier goes on first, with the fewest rounds behind it", () => {
		const code = compileIr(
			body("jump head.4\nhead.4:\n%5 = phi i64 [i64 0, entry.3], [%8, again.7]\n%6 = icmp.ult i32 %5, i64 16\nbranch %6, more.10, out.9\nmore.10:\n%11 = icmp.ult i32 %5, %2\nbranch %11, again.7, out.9\nagain.7:\nstore size=8 volatile %0, %5\n%8 = add i64 %5, i64 1\njump head.4\nout.9:\nret i64 0"),
		)
			.code()
			.join("; ");
		expect(code).toMatch(/\+= 1; if \w+ >= 16 goto \+1; if \w+ < \w+ goto -\d+; \w0 = 0; exit/);
		expect(code.match(/if /g)).toHaveLength(3);
	});
	it("where what follows stands elsewhere too, if that costs nothing", () => {
		const code = compileIr(
			body("%12 = load i64 size=8 volatile %0\n%13 = icmp.eq i32 %12, i64 7\nbranch %13, other.14, start.15\nstart.15:\njump head.4\nhead.4:\n%5 = phi i64 [i64 0, start.15], [%8, again.7]\n%6 = icmp.ult i32 %5, i64 16\nbranch %6, again.7, out.9\nagain.7:\nstore size=8 volatile %0, %5\n%8 = add i64 %5, i64 1\njump head.4\nother.14:\ncall helper h#3 i64 1\njump out.9\nout.9:\nstore size=8 volatile %0, i64 3\ncall helper h#4 i64 2\nret i64 0"),
		)
			.code()
			.join("; ");
		expect(code).toMatch(/\+= 1; if \w+ < 16 goto -\d+; (?!if)/);
		expect(code.match(/if \w+ \S+ 16/g)).toHaveLength(1);
	});
	it("inside each other, both", () => {
		const code = compileIr(
			body("jump head.4\nhead.4:\n%5 = phi i64 [i64 0, entry.3], [%12, end.11]\n%6 = icmp.ult i32 %5, i64 16\nbranch %6, inner.7, out.9\ninner.7:\n%8 = phi i64 [i64 0, head.4], [%10, again.13]\n%14 = icmp.ult i32 %8, i64 4\nbranch %14, again.13, end.11\nagain.13:\nstore size=8 volatile %0, %8\nstore size=8 volatile %0, %5\n%10 = add i64 %8, i64 1\njump inner.7\nend.11:\n%12 = add i64 %5, i64 1\njump head.4\nout.9:\nret i64 0"),
		)
			.code()
			.join("; ");
		expect(code).toMatch(/\+= 1; if \w+ < 4 goto -\d+; \w+ \+= 1; if \w+ < 16 goto -\d+; \w0 = 0; exit/);
		expect(code.match(/if /g)).toHaveLength(2);
	});
	it("have what follows their last question in front of them, and the way out behind it, where the verifier goes on first", () => {
		const search = (start: string): string =>
			compileIr(
				body(`jump head.4\nhead.4:\n%5 = phi i64 [${start}, entry.3], [%8, again.7]\n%6 = icmp.ult i32 %5, i64 16\nbranch %6, look.10, late.11\nlook.10:\n%12 = load i64 size=8 volatile %0\n%13 = icmp.ult i32 %12, i64 7\nbranch %13, again.7, out.9\nagain.7:\n%8 = add i64 %5, i64 1\njump head.4\nout.9:\ncall helper h#3 i64 1\nret i64 0\nlate.11:\ncall helper h#4 i64 2\nret i64 0`),
			)
				.code()
				.join("; ");
		const code = search("%2");
		expect(code).toMatch(/goto \+1; \w+ \+= 1; if \w+ >= 16 goto \+\d+; [^;]+; if \w+ < 7 goto -4; .*call 3.*call 4/);
		expect(code.match(/goto/g)).toHaveLength(4);
		// Where it asks at its end no jump is left to be saved.
		expect(search("i64 0")).toMatch(/\+= 1; if \w+ < 16 goto -\d+/);
	});
});
