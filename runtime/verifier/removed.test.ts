/** What a program refers to and what is left of it after the walk. */
import { describe, expect, it } from "vitest";
import type { Insn } from "../../assembler/spec/insn.ts";
import { bareImage, functionTypes } from "../../test/support/image.ts";
import type { MapDef, ProgramImage } from "../image.ts";
import { mapInfo } from "./maps.ts";
import { verify } from "./index.ts";

const i = (opcode: number, dst = 0, src = 0, off = 0, imm = 0): Insn => ({ opcode, dst, src, off, imm });
const end = [i(0xb7), i(0x95)];
const btf = { types: functionTypes } as NonNullable<ProgramImage["btf"]>;

describe("functions that are never entered", () => {
	const address = (to: number): Insn[] => [i(0x18, 1, 4, 0, to), i(0)];

	it("may have their address taken by a program that is then a single function", () => {
		expect(verify(bareImage("p", [...address(3), ...end, ...end], { type: 5, btf, funcInfo: [[0, 3], [4, 3]] })).verdict).toBe("accept");
	});

	it("or by one in which another function takes their place", () => {
		expect(verify(bareImage("p", [i(0x85, 0, 1, 0, 6), ...address(3), ...end, ...end, ...end], { type: 5, btf, funcInfo: [[0, 3], [5, 3], [7, 3]] })).verdict).toBe("accept");
	});

	it("and by no other", () => {
		const answer = verify(bareImage("p", [i(0x85, 0, 1, 0, 4), ...address(5), ...end, ...end, ...end], { type: 5, btf, funcInfo: [[0, 3], [5, 3], [7, 3]] }));
		expect(answer.verdict === "accept" ? "" : answer.rejection.message).toContain("No program to jit at insn 7");
	});
});

describe("maps", () => {
	it("of other types than maps of maps have no inner one, whatever was given", () => {
		const inner: MapDef = { name: "in", type: 2, keySize: 4, valueSize: 4, maxEntries: 1, flags: 0, extra: 0n, keyTypeId: 0, valueTypeId: 0, btf: null, inner: null, initial: null, frozen: false, pinning: 0, slots: [] };
		expect([9, 12, 13].map((type) => mapInfo({ ...inner, type, inner }, 0, null).inner !== null)).toEqual([false, true, true]);
	});
});
