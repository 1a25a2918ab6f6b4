/** Spills around calls that the kernel's JIT inlines take no stack, in the program types whose helper is the one that it inlines. Linux 6.18 was asked. */
import { expect, it } from "vitest";
import type { Insn } from "../../assembler/spec/insn.ts";
import { bareImage, functionTypes } from "../../test/support/image.ts";
import type { ProgramImage } from "../image.ts";
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

/** Bytes of stack of each function, as the kernel's log says them. */
function depths(...program: (readonly Insn[])[]): readonly number[] {
	const insns = program.flat();
	const starts = program.map((_, i) => program.slice(0, i).flat().length);
	const answer = verify(bareImage("depths", insns, { type: 6, btf, funcInfo: starts.map((start) => [start, 3]) }));
	expect(answer.verdict, answer.verdict === "accept" ? "" : answer.rejection.message).toBe("accept");
	return answer.stats.stackDepth;
}

const btf = { types: functionTypes } as NonNullable<ProgramImage["btf"]>;
const set = (dst: number, imm: number) => ({ opcode: 0xb7, dst, src: 0, off: 0, imm });
const LOOP = 181;
/** bpf_loop(3, callback, NULL, flags), whose callback is `distance` slots below the beginning. */
const loop = (distance: number, flags: readonly Insn[]): Insn[] => [
	set(1, 3), { opcode: 0x18, dst: 2, src: 4, off: 0, imm: distance - 2 }, { opcode: 0, dst: 0, src: 0, off: 0, imm: 0 }, set(3, 0), ...flags, call(0, LOOP),
];
const end = [set(0, 0), exit];
const byte = (off: number) => ({ opcode: 0x72, dst: 10, src: 0, off, imm: 1 });
const mayGoto = (off: number) => ({ opcode: 0xe5, dst: 0, src: 0, off, imm: 0 });

it("stack is counted in slots of eight bytes", () => {
	expect(depths([byte(-1), ...end])).toEqual([8]);
	expect(depths([byte(-9), ...end])).toEqual([16]);
});

it("bpf_loop that becomes a loop takes three registers' room, once in a function", () => {
	const zero = [set(4, 0)];
	expect(depths([...loop(8, zero), ...end], end)).toEqual([24, 0]);
	expect(depths([byte(-1), ...loop(14, zero), ...loop(8, zero), ...end], end)).toEqual([32, 0]);
});

it("may_goto takes two slots, unless it leads to the next instruction", () => {
	expect(depths([byte(-1), mayGoto(1), { opcode: 5, dst: 0, src: 0, off: -2, imm: 0 }, ...end])).toEqual([24]);
	expect(depths([mayGoto(0), ...end])).toEqual([0]);
});

it("a function that nothing enters is none of the list", () => {
	const enter = { opcode: 0x55, dst: 0, src: 0, off: 1, imm: 0 };
	expect(depths([set(0, 0), enter, { opcode: 5, dst: 0, src: 0, off: 1, imm: 0 }, call(1, 2), ...end], [byte(-17), ...end])).toEqual([0]);
});
