import { expect, it } from "vitest";
import { encode } from "../../assembler/encode.ts";
import { parseInsns } from "../../assembler/text/parse.ts";
import type { RecordedCase } from "../support/case-image.ts";
import { insert } from "./insert.ts";

const bytesOf = (text: string): Buffer => {
	const { insns, errors } = parseInsns(text);
	if (errors.length > 0) throw new Error(errors[0].message);
	return Buffer.from(encode(insns));
};

const PROGRAM = `
	r1 = func(6) ll
	if r0 == 0 goto +2
	call pc+3
	if r0 == 1 goto -2
	r0 = 0
	exit
	r0 = 1
	exit`;
const one = { id: "x", suite: "", name: "", prog_type: 1, kernel: {}, kfuncs: [{ insn: 3, name: "f" }], func_info: [[0, 1], [7, 2]] } as RecordedCase;
const added = bytesOf("r9 = 9");

it.each([
	["goes round a jump, which then reaches further", 3, false, "if r0 == 0 goto +3", "r9 = 9", "call pc+3", "if r0 == 1 goto -2", 7, 8],
	["is met by the jump back that went to the place", 3, true, "if r0 == 0 goto +3", "r9 = 9", "call pc+3", "if r0 == 1 goto -3", 7, 8],
])("an instruction put in %s", (_, at, entered, first, second, third, fourth, address, callback) => {
	const made = insert(one, bytesOf(PROGRAM), at, added, entered);
	expect(made?.bytes).toEqual(bytesOf(`r1 = func(${address}) ll\n${first}\n${second}\n${third}\n${fourth}\nr0 = 0\nexit\nr0 = 1\nexit`));
	expect(made?.one.kfuncs?.[0].insn).toBe(4);
	expect(made?.one.func_info).toEqual([[0, 1], [callback, 2]]);
});

it("an instruction put before a function is its first", () => {
	const made = insert(one, bytesOf(PROGRAM), 7, added, false);
	expect(made?.bytes).toEqual(bytesOf(PROGRAM.replace("r0 = 1\n", "r9 = 9\n\tr0 = 1\n")));
	expect(made?.one.func_info).toEqual([[0, 1], [7, 2]]);
});

it("a jump that no longer reaches is none", () => {
	const far = Buffer.concat([bytesOf("goto +32767"), ...Array.from({ length: 32767 }, () => bytesOf("r0 = 0")), bytesOf("exit")]);
	expect(insert(one, far, 5, added, false)).toBeNull();
});
