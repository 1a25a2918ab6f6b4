/** Where Linux 6.18 leaves out paths, and is followed by a walk that does not. Numbers of instructions are those of 6.18.44. */
import { describe, expect, it } from "vitest";
import { parseInsns } from "../../assembler/text/parse.ts";
import { bareImage, functionTypes } from "../../test/support/image.ts";
import { emptyMap } from "../loader/placed-map.ts";
import type { ProgramImage } from "../image.ts";
import { verify } from "./index.ts";
import { explain, renderExplanation } from "./words/explain.ts";

const TEST_STATE_FREQ = 8;
const STEP = 11;

/** bpf_loop over the function `step`, which gets the address of the caller's fp-8 in r2. */
function looping(step: string, flags = 0): ProgramImage {
	const { insns, errors } = parseInsns(`
		*(u64 *)(r10 - 8) = 0
		r1 = 10
		r2 = func(8) ll
		r3 = r10
		r3 += -8
		r4 = 0
		call 181
		r0 = *(u64 *)(r10 - 8)
		r0 = 0
		exit
		${step}`);
	if (errors.length > 0) throw new Error(errors[0].message);
	return bareImage("loop", insns, { flags, btf: { types: functionTypes } as NonNullable<ProgramImage["btf"]>, funcInfo: [[0, 3], [STEP, 3]] });
}

/** Another way through the step makes the number 100; `use` reads it as r1, a step later, on a way that 6.18 walks first when it is 0. */
const setsAndUses = (use: string): string => `
	r6 = r2
	*(u64 *)(r10 - 8) = 0
	call 7
	if r0 > 5 goto +10
	call 7
	r7 = r0
	r7 = r0
	r7 = r0
	r7 = r0
	if r7 > 5 goto +2
	r0 = 0
	exit
	*(u64 *)(r6 + 0) = 100
	goto -4
	r1 = *(u64 *)(r6 + 0)
	r3 = r10
	${use}
	goto -10`;

describe("a step whose marks of precision come too late for 6.18", () => {
	it("is walked again, and accepted with 6.18's figures when nothing is wrong", () => {
		const answer = verify(looping(setsAndUses("if r1 > 200 goto +2\nr3 = 1\nr3 = 2"), TEST_STATE_FREQ));
		expect([answer.verdict, answer.stats.insnsProcessed]).toEqual(["accept", 33]);
	});

	it("is refused when the way that 6.18 left out is wrong", () => {
		const image = looping(setsAndUses("r3 += -8\nr3 += r1\nr0 = *(u8 *)(r3 + 0)"), TEST_STATE_FREQ);
		const answer = verify(image);
		if (answer.verdict === "accept") throw new Error("accepted");
		expect(answer.rejection).toMatchObject({ unseenBy618: true, message: "math between fp pointer and register with unbounded min value is not allowed" });
		expect(renderExplanation(explain(image, answer.rejection))).toContain("note:   Linux 6.18 misses this path");
	});
});

it("a loop of may_goto that only the callback closes is one that 6.18 does not know", () => {
	const answer = verify(looping(`
		*(u64 *)(r2 + 0) = 1
		may_goto +1
		*(u8 *)(r2 + 1) = 7
		r0 = 0
		exit`));
	expect([answer.verdict === "accept" ? "" : answer.rejection.message, answer.stats.insnsProcessed]).toEqual(["verifier bug: add backedge: no SCC in verification path, insn_idx 12", 32]);
});

it("a number of which a sign-extended copy is negative is not negative itself, as 6.18 believes", () => {
	const { insns } = parseInsns(`
		call 7
		w0 = w0
		*(u64 *)(r10 - 8) = r0
		r1 = *(s32 *)(r10 - 8)
		if r1 s> -1 goto +3
		r2 = *(u64 *)(r10 - 8)
		if r2 s< 0 goto +1
		r0 = *(u64 *)(r10 - 600)
		r0 = 0
		exit`);
	const answer = verify(bareImage("sign", insns));
	expect(answer.verdict === "accept" ? null : answer.rejection).toMatchObject({ unseenBy618: true, message: "invalid read from stack R10 off=-600 size=8" });
});

describe("a load of the packet that leaves a function", () => {
	const calling = (text: string, sub: number): ProgramImage => {
		const { insns, errors } = parseInsns(text);
		if (errors.length > 0) throw new Error(errors[0].message);
		return bareImage("load", insns, { flags: TEST_STATE_FREQ, btf: { types: functionTypes } as NonNullable<ProgramImage["btf"]>, funcInfo: [[0, 3], [sub, 3]] });
	};

	it("reaches what 6.18 takes for written by then", () => {
		const image = calling(`
			r6 = r1
			*(u64 *)(r10 - 8) = r6
			call 7
			if r0 != 0 goto +1
			goto +1
			*(u64 *)(r10 - 8) = 5
			r1 = r6
			r2 = r10
			r2 += -8
			call pc+3
			r1 = *(u64 *)(r10 - 8)
			r0 = *(u32 *)(r1 + 0)
			exit
			r6 = r1
			r7 = r2
			r0 = *(u8 *)skb[0]
			*(u64 *)(r7 + 0) = r6
			r0 = 0
			exit`, 13);
		const answer = verify(image);
		expect(answer.verdict === "accept" ? null : answer.rejection).toMatchObject({ unseenBy618: true, message: "R1 invalid mem access 'scalar'" });
	});

	it("does so as a tail call that ends the function", () => {
		const image = calling(`
			r6 = r1
			*(u64 *)(r10 - 8) = r6
			call 7
			if r0 != 0 goto +1
			goto +1
			*(u64 *)(r10 - 8) = 5
			r1 = r6
			r2 = r10
			r2 += -8
			call pc+3
			r1 = *(u64 *)(r10 - 8)
			r0 = *(u32 *)(r1 + 0)
			exit
			r6 = r1
			r7 = r2
			r2 = map_fd(0, 0) ll
			r3 = 0
			call 12
			*(u64 *)(r7 + 0) = r6
			r0 = 0
			exit`, 13);
		const answer = verify({ ...image, maps: [{ ...emptyMap("progs", null), type: 3, keySize: 4, valueSize: 4, maxEntries: 1 }] });
		expect(answer.verdict === "accept" ? null : answer.rejection).toMatchObject({ unseenBy618: true, message: "R1 invalid mem access 'scalar'" });
	});

	it("confuses 6.18's way back, which takes the caller's slots for the function's", () => {
		const answer = verify(calling(`
			r6 = r1
			*(u64 *)(r10 - 8) = 1
			call 7
			r1 = r6
			call pc+6
			r1 = *(u64 *)(r10 - 8)
			r2 = r10
			r2 += r1
			r0 = *(u8 *)(r2 - 16)
			r0 = 0
			exit
			r6 = r1
			r0 = *(u8 *)skb[0]
			r0 = 0
			exit`, 11));
		expect([answer.verdict === "accept" ? "" : answer.rejection.message, answer.stats.insnsProcessed]).toEqual(["verifier bug: static subprog leftover stack slots 1", 10]);
	});
});
