/** What branches that cannot be taken leave behind, as Linux 6.18 has it: small programs whose verdict the kernel gave. */
import { describe, expect, it } from "vitest";
import type { Insn } from "../../assembler/spec/insn.ts";
import { bareImage } from "../../test/support/image.ts";
import type { MapDef } from "../image.ts";
import { verify } from "./index.ts";

const i = (opcode: number, dst = 0, src = 0, off = 0, imm = 0): Insn => ({ opcode, dst, src, off, imm });
const values: MapDef = { name: "values", type: 2, keySize: 4, valueSize: 64, maxEntries: 1, flags: 0, extra: 0n, keyTypeId: 0, valueTypeId: 0, btf: null, inner: null, initial: null, frozen: false, pinning: 0, slots: [] };
const random = i(0x85, 0, 0, 0, 7);
const exit = [i(0xb7), i(0x95)];
const value = [i(0x18, 6, 2), i(0)];

function verdictOf(insns: readonly Insn[], capBpfOnly = false): string {
	const answer = verify(bareImage("p", insns, { type: capBpfOnly ? 1 : 5, maps: [values] }), { capBpfOnly });
	return answer.verdict === "accept" ? "accept" : answer.rejection.message;
}

describe("branches that cannot be taken", () => {
	it("leave a number that its known bits alone decide: r5 is a multiple of 2^18, not 0, at most 60", () => {
		expect(verdictOf([i(0x7a, 10, 0, -64, 31), random, i(0xbc, 5), i(0x64, 5, 0, 0, 18), i(0x15, 5, 0, 5), i(0x25, 5, 0, 4, 60), i(0xbf, 4, 10), i(0x0f, 4, 5), i(0x61, 9, 4, -64), ...exit])).toBe("accept");
	});

	it("narrow a register that is compared with itself", () => {
		// Where r0 < r0 it is 1 … 62: one more is still an offset in the value.
		expect(verdictOf([...value, random, i(0x57, 0, 0, 0, 63), i(0xad, 0, 0, 1), i(0xb7), i(0x07, 0, 0, 0, 1), i(0x0f, 6), i(0x71, 1, 6), ...exit])).toBe("accept");
	});
});

describe("copies", () => {
	it("of the low half keep no distance from the number that they came from", () => {
		expect(verdictOf([...value, i(0x79, 2, 6), i(0xbf, 3, 2), i(0x07, 2, 0, 0, 0x20000000), i(0xbc, 2, 2), i(0x25, 2, 0, 2, 55), i(0x0f, 6, 2), i(0x71, 0, 6), ...exit])).toBe("accept");
	});

	it("of the whole keep it", () => {
		expect(verdictOf([...value, i(0x79, 2, 6), i(0xbf, 3, 2), i(0x07, 2, 0, 0, 0x20000000), i(0x25, 2, 0, 2, 55), i(0x0f, 6, 2), i(0x71, 0, 6), ...exit])).toContain("pointer offset 536870912 is not allowed");
	});
});

describe("pruning", () => {
	it("does not take a pointer past the packet's end for one about which nothing is known", () => {
		// Two ways lead to slot 7: with r7 compared (there, what slot 8 loads cannot be reached), and not.
		const insns = [i(0x61, 7, 1), i(0x61, 8, 1, 4), random, i(0x15, 0, 0, 2), i(0xbd, 7, 8, 1), i(0x05, 0, 0, 1), i(0xb7), i(0x2d, 7, 8, 1), i(0x71, 0, 7), ...exit];
		const answer = verify(bareImage("p", insns, { type: 6, flags: 8 }));
		expect(answer.verdict === "accept" ? "" : answer.rejection.message).toBe("R7 offset is outside of the packet");
	});
});

it("what is wrong with an address is said before that it leaves its object, also where only speculation gets", () => {
	const logOf = (...insns: readonly Insn[]): string => verify(bareImage("p", insns, { type: 1, maps: [values] }), { capBpfOnly: true, logLevel: 2 }).log;
	expect(logOf(...value, i(0x61, 2, 6), i(0x57, 2, 0, 0, 0x7f), i(0x0f, 6, 2), ...exit)).toContain("R6 max value is outside of the allowed memory range\nR6 pointer arithmetic of map value goes out of range, prohibited for !root\n");
	// The branch is never taken, and may be speculated.
	expect(logOf(i(0xb7, 3, 0, 0, 1), i(0x15, 3, 0, 2), ...exit, i(0x79, 0, 3), ...exit)).toContain("R3 invalid mem access 'scalar'\n");
});
