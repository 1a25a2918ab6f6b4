import { expect, it } from "vitest";
import type { IrFunction } from "../../ir/types.ts";
import type { Analyses, Kept } from "./analyses.ts";
import { parseModule } from "../../ir/parse.ts";
import { constant, terminator } from "../../ir/values.ts";
import { mem2reg } from "../memory/mem2reg.ts";
import { analysesOf, forget } from "./analyses.ts";

/** A slot, written on one side of a branch and read behind it. */
const function_ = (): IrFunction =>
	parseModule("function @f(ptr %0, i32 %1) -> i32 static {\na.2:\n%3 = alloca ptr size=4 align=4\nbranch %1, b.4, c.5\nb.4:\nstore size=4 %3, i32 1\njump c.5\nc.5:\n%6 = load i32 size=4 %3\nret %6\n}\n").functions[0];

it("keeps what was asked until it is told to forget, of one function at a time", () => {
	const kept: Kept = { analyses: null };
	const [fn, other] = [function_(), function_()];
	const first = analysesOf(fn, { kept });
	expect(analysesOf(fn, { kept })).toBe(first);
	expect(first.users).toBe(first.users);
	forget({ kept });
	const second = analysesOf(fn, { kept });
	expect(second).not.toBe(first);
	analysesOf(other, { kept });
	expect(analysesOf(fn, { kept })).not.toBe(second);
});

it("is asked nothing where no slot can become a value", () => {
	const module = parseModule("function @f(ptr %0, i32 %1) -> i32 static {\na.2:\n%3 = alloca ptr size=4 align=4\ncall helper h#1 %3\n%4 = load i32 size=4 %3\nret %4\n}\n");
	const kept: Kept = { analyses: null };
	expect(mem2reg.run(module.functions[0], { level: 2, cpu: 3, module, diagnostics: { report: () => {} }, kept })).toBe(false);
	expect(kept.analyses).toBe(null);
});

it("keeps nothing for a pass that is run alone", () => {
	const fn = function_();
	expect(analysesOf(fn, {})).not.toBe(analysesOf(fn, {}));
});

const turnIntoJump = (fn: IrFunction): void => {
	const end = terminator(fn.blocks[0]);
	Object.assign(end, { op: "jump", args: [], blocks: [fn.blocks[2]] });
};
const dropStore = (fn: IrFunction): void => void fn.blocks[1].insts.shift();
const storeElsewhere = (fn: IrFunction): void => void (fn.blocks[1].insts[0].args[0] = constant("ptr", 0));

it.each<[what: string, ask: (known: Analyses) => unknown, change: (fn: IrFunction) => void]>([
	["predecessors", (known) => known.predecessors, turnIntoJump],
	["order", (known) => known.order, turnIntoJump],
	["dominators", (known) => known.dominators, turnIntoJump],
	["users", (known) => known.users, storeElsewhere],
	["home", (known) => known.home, dropStore],
])("finds that its %s no longer hold", (what, ask, change) => {
	const fn = function_();
	const known = analysesOf(fn, {});
	ask(known);
	expect(known.stale()).toBeNull();
	change(fn);
	expect(known.stale()).toBe(what);
});

it("finds that a slot is used in another way", () => {
	const fn = function_();
	const known = analysesOf(fn, {});
	expect(known.slots).toHaveLength(1);
	fn.blocks[1].insts[0].attr = { size: 2 };
	expect(known.stale()).toBe("slots");
});
