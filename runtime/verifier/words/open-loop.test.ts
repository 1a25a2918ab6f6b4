/** Loops that ask at their end, as clang writes them: the kernel calls every one "too large"; the words say which had no bound. */
import { describe, expect, it } from "vitest";
import { parseInsns } from "../../../assembler/text/parse.ts";
import { bareImage } from "../../../test/support/image.ts";
import { verify } from "../verify.ts";
import { explain } from "./explain.ts";

const KTIME = 5;
const RANDOM = 7;

function judged(text: string) {
	const { insns, errors } = parseInsns(text.replaceAll("; ", "\n"));
	expect(errors).toEqual([]);
	const image = bareImage("p", insns);
	const verdict = verify(image, { limit: 30_000 });
	if (verdict.verdict === "accept") throw new Error("accepted");
	const { rejection } = verdict;
	expect(rejection.message).toBe("BPF program is too large. Processed 30001 insn");
	const words = explain(image, rejection);
	expect(words.code).toBe(rejection.code);
	return { rejection, words };
}

describe("a program that is too large", () => {
	it("because of a loop up to a number that nothing bounds", () => {
		const { rejection, words } = judged(`call ${KTIME}; r6 = r0; r7 = 0; r7 += 1; call ${RANDOM}; if r7 < r6 goto -3; r0 = 0; exit`);
		expect(words).toMatchObject({ code: "V0402", insn: 5, title: expect.stringContaining("a loop without a bound") });
		expect(rejection.loop?.register).toBe(6);
		expect(rejection.loop?.rounds).toBeGreaterThan(5_000);
		// The path is the question's.
		expect(rejection.executed?.[0]).toBe(4);
	});

	it("because of a loop that counts such a number down", () => {
		const { rejection, words } = judged(`call ${KTIME}; r6 = r0; call ${RANDOM}; r6 += -1; if r6 != 0 goto -3; r0 = 0; exit`);
		expect(words).toMatchObject({ code: "V0402", insn: 4 });
		expect(rejection.loop?.register).toBe(6);
	});

	it("because of a loop that is too long, and has a bound", () => {
		const { rejection, words } = judged(`call ${KTIME}; r6 = r0; r7 = 0; r6 *= 31; r7 += 1; if r7 < 3000000 goto -3; r0 = 0; exit`);
		expect(words.code).toBe("V0400");
		expect(rejection.loop).toBeUndefined();
		// The question, not the slot before it that was walked as often.
		expect(rejection.busiest?.insn).toBe(5);
	});

	it("because of a loop that is too long and asks something else as well", () => {
		const { rejection } = judged(`call ${KTIME}; r6 = r0; r7 = 0; call ${RANDOM}; if r0 > r6 goto +1; r7 += 0; r7 += 1; if r7 < 3000000 goto -5; r0 = 0; exit`);
		expect(rejection).toMatchObject({ code: "V0400" });
	});

	it("because of a loop that compares a new number in each round", () => {
		const { rejection } = judged(`r7 = 0; r7 += 1; call ${RANDOM}; if r0 == 5 goto +1; if r7 < 3000000 goto -4; r0 = 0; exit`);
		expect(rejection).toMatchObject({ code: "V0400" });
	});
});
