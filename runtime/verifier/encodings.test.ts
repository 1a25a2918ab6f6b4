/** Which of two wrong fields an instruction is refused for, as Linux 6.18.44 says it. */
import { expect, it } from "vitest";
import type { Insn } from "../../assembler/spec/insn.ts";
import { bareImage } from "../../test/support/image.ts";
import { verify } from "./index.ts";

const i = (opcode: number, dst = 0, src = 0, off = 0, imm = 0): Insn => ({ opcode, dst, src, off, imm });
const message = (...insns: readonly Insn[]): string => {
	const answer = verify(bareImage("p", [...insns, i(0xb7), i(0x95)]));
	return answer.verdict === "accept" ? "accepted" : answer.rejection.message;
};

it.each([
	["a jump beyond 2³¹ is a negative place", [i(0x06, 0, 0, 0, 0x7fffffff)], "jump out of range from insn 0 to -2147483648"],
	["a wide load's offset comes before its register", [i(0x18, 11, 0, 2, 7), i(0)], "BPF_LD_IMM64 uses reserved fields"],
	["a wide load into no register", [i(0x18, 11, 0, 0, 7), i(0)], "R11 is invalid"],
	["a map's index in a list with a second half", [i(0x18, 1, 5, 0, 0), i(0, 0, 0, 0, 1)], "unrecognized bpf_ld_imm64 insn"],
	["a map's index in a list that is not there", [i(0x18, 1, 5, 0, 0), i(0)], "fd_idx without fd_array is invalid"],
] as const)("%s", (_, insns, said) => expect(message(...insns)).toBe(said));
