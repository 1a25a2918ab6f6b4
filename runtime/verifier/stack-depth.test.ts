/** Spills around calls that the kernel's JIT inlines take no stack, in the program types whose helper is the one that it inlines. Linux 6.18 was asked. */
import { expect, it } from "vitest";
import { bareImage } from "../../test/support/image.ts";
import { verify } from "./verify.ts";

const store = (src: number, off: number) => ({ opcode: 0x7b, dst: 10, src, off, imm: 0 });
const exit = { opcode: 0x95, dst: 0, src: 0, off: 0, imm: 0 };
const call = (src: number, imm: number) => ({ opcode: 0x85, dst: 0, src, off: 0, imm });
const GET_SMP_PROCESSOR_ID = 8;

/** 512 bytes above a function that keeps r1 over the call. */
const insns = [
	{ opcode: 0xb7, dst: 1, src: 0, off: 0, imm: 42 }, store(1, -512), call(1, 1), exit,
	store(1, -8), call(0, GET_SMP_PROCESSOR_ID), { opcode: 0x79, dst: 1, src: 10, off: -8, imm: 0 }, exit,
];

it.each([
	[3, "accept"], [4, "accept"], [6, "accept"], [24, "accept"], [1, "reject"], [14, "reject"], [16, "reject"], [22, "reject"],
])("program type %d: %s", (type, verdict) => {
	const answer = verify(bareImage("deep", insns, { type }));
	expect(answer.verdict, answer.verdict === "accept" ? "" : answer.rejection.message).toBe(verdict);
});

it.each([["get_current_task", 35], ["get_current_task_btf", 158]])("%s is inlined by later kernels only: its spills take stack", (_, helper) => {
	const answer = verify(bareImage("deep", insns.map((insn) => (insn.opcode === 0x85 && insn.src === 0 ? call(0, helper) : insn)), { type: 3 }));
	expect(answer.verdict === "accept" ? "" : answer.rejection.message).toBe("combined stack size of 2 calls is 528. Too large");
});
