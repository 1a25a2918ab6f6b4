import { expect, it } from "vitest";
import { bareImage } from "../../test/support/image.ts";
import { Env } from "./env.ts";
import { specOf } from "./programs/table.ts";
import { unsignedBelow32 } from "./range.ts";
import { Frame, type Reg, scalar, State, unknownScalar } from "./state.ts";
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
