import { expect, it } from "vitest";
import { encode } from "../../assembler/encode.ts";
import { parseInsns } from "../../assembler/text/parse.ts";
import type { RecordedCase } from "../support/case-image.ts";
import { SPLICES } from "./splice.ts";

const bytesOf = (text: string): string => {
	const { insns, errors } = parseInsns(text);
	if (errors.length > 0) throw new Error(errors[0].message);
	return Buffer.from(encode(insns)).toString("hex");
};
const caseOf = (text: string, more: Partial<RecordedCase>): RecordedCase => ({ id: "x", suite: "", name: "", prog_type: 1, kernel: {}, insns: bytesOf(text), ...more });

const PROGRAM = caseOf("r0 = 1\ncall pc+1\nexit\nr0 = 2\nexit", { func_info: [[0, 1], [3, 2]], kfuncs: [{ insn: 3, name: "own" }] });
const DONOR = caseOf("if r1 == 0 goto +2\ncall pc+3\nexit\nr0 = 7\nexit\nr0 = 8\nexit", { func_info: [[0, 1], [5, 3]], kfuncs: [{ insn: 3, name: "first" }, { insn: 5, name: "second" }] });
const first = (): number => 0;

it("another program comes first: its exits go to this one's beginning, its functions to the end", () => {
	const made = SPLICES.before(PROGRAM, DONOR, first);
	expect(made?.insns).toBe(bytesOf("*(u64 *)(r10 - 104) = r1\nif r1 == 0 goto +2\ncall pc+9\ngoto +2\nr0 = 7\ngoto +0\nr1 = *(u64 *)(r10 - 104)\nr0 = 1\ncall pc+1\nexit\nr0 = 2\nexit\nr0 = 8\nexit"));
	expect(made?.func_info).toEqual([[0, 1], [10, 2], [12, 3]]);
	expect(made?.kfuncs).toEqual([{ insn: 10, name: "own" }, { insn: 4, name: "first" }, { insn: 12, name: "second" }]);
});

it("another program is a loop that time or a counter ends", () => {
	const short = caseOf("r0 = 7\nexit", { func_info: [[0, 1]] });
	const counted = SPLICES.looped(caseOf("exit", { func_info: [[0, 1]] }), short, first);
	expect(counted?.insns).toBe(bytesOf("*(u64 *)(r10 - 104) = r1\n*(u64 *)(r10 - 112) = 0\nr1 = *(u64 *)(r10 - 104)\nr0 = 7\ngoto +0\nr2 = *(u64 *)(r10 - 112)\nr2 += 1\n*(u64 *)(r10 - 112) = r2\nif r2 < 1 goto -7\nr1 = *(u64 *)(r10 - 104)\nexit"));
	const timed = SPLICES.looped(caseOf("exit", { func_info: [[0, 1]] }), short, (limit) => (limit === 2 ? 1 : 0));
	expect(timed?.insns).toBe(bytesOf("*(u64 *)(r10 - 104) = r1\nmay_goto +4\nr1 = *(u64 *)(r10 - 104)\nr0 = 7\ngoto +0\ngoto -5\nr1 = *(u64 *)(r10 - 104)\nexit"));
});

it("another program is a function that is called", () => {
	const made = SPLICES.called(PROGRAM, DONOR, (limit) => (limit === 3 ? 2 : 0));
	expect(made?.insns).toBe(bytesOf("*(u64 *)(r10 - 256) = r1\ncall pc+6\nr1 = *(u64 *)(r10 - 256)\nr0 = 1\ncall pc+1\nexit\nr0 = 2\nexit\nif r1 == 0 goto +2\ncall pc+3\nexit\nr0 = 7\nexit\nr0 = 8\nexit"));
	expect(made?.func_info).toEqual([[0, 1], [6, 2], [8, 1], [13, 3]]);
});
