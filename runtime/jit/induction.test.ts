/** What loops add up, and what unverified accesses need: small programs, and what is known of them. */
import { describe, expect, it } from "vitest";
import type { Insn } from "../../assembler/spec/insn.ts";
import type { JitFunction } from "./program.ts";
import { liftProgram } from "./program.ts";
import { FLAG } from "./representation.ts";

const insn = (opcode: number, dst: number, src: number, off: number, imm: number): Insn => ({ opcode, dst, src, off, imm });
const EXIT = insn(0x95, 0, 0, 0, 0);

function lift(insns: readonly Insn[], checked = false): JitFunction {
	const program = liftProgram(insns, { facts: null, checked, guarded: checked, shape: () => ({ args: 0, wide: 0, result: "wide" }) });
	if ("why" in program) throw new Error(program.why);
	return program.functions[0];
}

/** r0 = 0; for (r2 = 0; r2 < limit; r2 += step) r0 += *(u8 *)(r1 + r2) */
const sum = (limit: number, step: number): Insn[] => [
	insn(0xb7, 0, 0, 0, 0),
	insn(0xb7, 2, 0, 0, 0),
	insn(0xbf, 3, 1, 0, 0),
	insn(0x0f, 3, 2, 0, 0),
	insn(0x71, 3, 3, 0, 0),
	insn(0x0f, 0, 3, 0, 0),
	insn(0x07, 2, 0, 0, step),
	insn(0xa5, 2, 0, -6, limit),
	EXIT,
];

describe("a loop that counts to a constant", () => {
	it("passes a known number of times", () => {
		expect([...lift(sum(100, 1)).analysis.counted.values()].map(({ passes }) => passes)).toEqual([100]);
		expect([...lift(sum(100, 7)).analysis.counted.values()].map(({ passes }) => passes)).toEqual([15]);
	});

	it("bounds what it adds up: the sum's high half is not kept", () => {
		const { analysis } = lift(sum(1000, 1));
		expect(analysis.flags[5] & FLAG.resZero).not.toBe(0);
		expect(analysis.flags[5] & FLAG.resWide).toBe(0);
	});

	it("bounds nothing where the sum may leave 64 bits, or where the count is not known", () => {
		const doubling = sum(100, 1).map((one, at) => (at === 5 ? insn(0x0f, 0, 0, 0, 0) : one));
		expect(lift([insn(0xbf, 0, 2, 0, 0), ...doubling.slice(1)]).analysis.flags[5] & FLAG.resZero).toBe(0);
		// The counter starts at r2, whatever it is.
		const open = sum(100, 1).map((one, at) => (at === 1 ? insn(0xbf, 4, 4, 0, 0) : one));
		expect(lift(open).analysis.counted.size).toBe(0);
	});

	it("sees a counter that a second way round the loop leaves alone", () => {
		// if (r0 & 1) skip the increment: no known number of passes, no bound.
		const skipping = [...sum(100, 1).slice(0, 6), insn(0x45, 0, 0, 1, 1), insn(0x07, 2, 0, 0, 1), insn(0xa5, 2, 0, -7, 100), EXIT];
		const { analysis } = lift(skipping);
		expect(analysis.counted.size).toBe(0);
		expect(analysis.flags[5] & FLAG.resZero).toBe(0);
	});

	it("bounds a register of the outer loop by the passes of both", () => {
		// for (r3 = 0; r3 != 10; r3++) for (r2 = 0; r2 != 20; r2++) r0 += 3
		const nested = [insn(0xb7, 0, 0, 0, 0), insn(0xb7, 3, 0, 0, 0), insn(0xb7, 2, 0, 0, 0), insn(0x07, 0, 0, 0, 3), insn(0x07, 2, 0, 0, 1), insn(0x55, 2, 0, -3, 20), insn(0x07, 3, 0, 0, 1), insn(0x55, 3, 0, -6, 10), EXIT];
		const { analysis } = lift(nested);
		expect([...analysis.counted.values()].map(({ passes }) => passes).sort()).toEqual([10, 20]);
		expect(analysis.flags[3] & FLAG.resSmall).not.toBe(0);
	});
});

describe("an unverified program", () => {
	it("has one guard for what it reaches through r1, and none of those accesses is checked", () => {
		const fast = lift(sum(100, 1), true);
		expect(fast.plan?.guard).toEqual({ low: 0, high: 100, store: false });
		expect(fast.analysis.flags[4] & FLAG.proved).not.toBe(0);
		expect(fast.slow!.analysis.flags[4] & FLAG.proved).toBe(0);
	});

	it("has windows for the rest, one by origin and size", () => {
		// r2 = *(u64 *)r1; three loads through r2, of two sizes, at unknown places
		const { plan } = lift([insn(0x79, 2, 1, 0, 0), insn(0x61, 0, 2, 0, 0), insn(0x61, 3, 2, 8, 0), insn(0x79, 4, 2, 16, 0), EXIT], true);
		expect(plan!.guard).toEqual({ low: 0, high: 8, store: false });
		expect([...plan!.window.subarray(1, 4)].map((w) => plan!.windows[w].size)).toEqual([4, 4, 8]);
		expect(plan!.window[1]).toBe(plan!.window[2]);
	});

	it("needs no check on its stack, whichever way the address was made, and one beyond it", () => {
		// r2 = r10 − 64 + (r1 & 56); *(u64 *)r2 = 0; *(u64 *)(r2 + 8) may lie above
		const fn = lift([insn(0xbf, 2, 1, 0, 0), insn(0x57, 2, 0, 0, 56), insn(0x0f, 2, 10, 0, 0), insn(0x7a, 2, 0, -64, 0), insn(0x7a, 2, 0, -56, 0), insn(0xb7, 0, 0, 0, 0), EXIT], true);
		expect(fn.analysis.flags[3] & FLAG.proved).not.toBe(0);
		expect(fn.analysis.flags[4] & FLAG.proved).toBe(0);
	});
});
