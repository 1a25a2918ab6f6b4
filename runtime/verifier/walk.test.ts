import { expect, it } from "vitest";
import { parseInsns } from "../../assembler/text/parse.ts";
import { bareImage } from "../../test/support/image.ts";
import { Env } from "./env.ts";
import { specOf } from "./programs/table.ts";
import { unsignedBelow32 } from "./range.ts";
import { Frame, type Reg, scalar, State, unknownScalar } from "./state.ts";
import { verify } from "./verify.ts";
import { widen } from "./walk.ts";

const bounded = (id: number): Reg => {
	const reg = scalar(unsignedBelow32).copy();
	reg.id = id;
	return reg;
};

function stateWith(reg: Reg): State {
	const state = new State([new Frame(-1, 0, 0)]);
	state.frames[0].regs[6] = reg;
	return state;
}

it.each([
	["as before: kept", 0, 0, false],
	["linked as before, under another id: kept", 7, 9, false],
	["linked before and not any more: unknown", 7, 0, true],
	["linked since: unknown", 0, 9, true],
])("a scalar in a loop, %s", (_, before, after, widened) => {
	const spec = specOf(1, []);
	if (spec === null) throw new Error("no socket filters");
	const env = new Env(bareImage("widen", []), spec, null, null, [], { perfmon: true, jit: true, cpus: 2 });
	const now = stateWith(bounded(after));
	widen(env, stateWith(bounded(before)), now);
	expect(now.frames[0].regs[6] === unknownScalar).toBe(widened);
});

it("a scalar widened on the stack has no link to what is filled from it: 1,205 instructions, as in Linux 6.18.44", () => {
	const { insns } = parseInsns(`
		r6 = r1
		call 7
		*(u64 *)(r10 - 16) = r0
		*(u64 *)(r10 - 24) = 0
		may_goto +9
		r7 = *(u64 *)(r10 - 16)
		if r7 == 1 goto +2
		r0 = 0
		exit
		r7 = *(u64 *)(r10 - 24)
		r7 += 1
		*(u64 *)(r10 - 24) = r7
		if r7 == 100 goto +1
		goto -10
		r0 = 0
		exit`);
	const { verdict, stats } = verify(bareImage("widened", insns));
	expect([verdict, stats.insnsProcessed]).toEqual(["accept", 1205]);
});

it.each([
	["le64", "accept"],
	["le32", "reject"],
	["be64", "reject"],
	["bswap64", "reject"],
])("a number is still what it was copied from after %s: %s, as in Linux 6.18.44", (order, expected) => {
	const { insns } = parseInsns(`
		r6 = r1
		call 7
		r2 = r0
		r2 = ${order} r2
		if r2 > 7 goto +4
		r1 = r10
		r1 += r0
		*(u8 *)(r10 - 8) = 0
		*(u8 *)(r1 - 8) = 0
		r0 = 0
		exit`);
	expect(verify(bareImage("ordered", insns)).verdict).toBe(expected);
});
