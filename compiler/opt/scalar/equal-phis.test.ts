import { describe, expect, it } from "vitest";
import { functionOf, passed, renumbered } from "../../../test/support/passed.ts";
import { checkIr } from "../../ir/check.ts";
import { parseModule } from "../../ir/parse.ts";
import { equalPhis } from "./equal-phis.ts";
import { simplifyCfg } from "../control/simplify-cfg.ts";

describe("equal-phis", () => {
	const chosen = (question: string, constant: string, then = "b.4", otherwise = "c.5"): string =>
		functionOf(`a.2:\n%3 = load i32 size=4 %0\n${question}\nbranch %6, ${then}, ${otherwise}\nb.4:\ncall helper h#1\njump d.7\nc.5:\njump d.7\nd.7:\n%8 = phi i32 [%3, b.4], [i32 ${constant}, c.5]\nret %8`);

	it("are the value where it was found to be the constant", () => {
		expect(passed(chosen("%6 = icmp.ne i32 %3, i32 0", "0"), [equalPhis])).toMatch(/ret %0$/);
		expect(passed(chosen("%6 = icmp.ne i32 %3, i32 -5", "-5"), [equalPhis])).toMatch(/ret %0$/);
	});
	it("are one of two numbers where they were found to be the same", () => {
		const either = (pred: string): string => passed(functionOf(`a.2:\n%3 = load i32 size=4 %0\n%6 = icmp.${pred} i32 %1, %3\nbranch %6, b.4, c.5\nb.4:\ncall helper h#1\njump d.7\nc.5:\njump d.7\nd.7:\n%8 = phi i32 [%1, b.4], [%3, c.5]\nret %8`), [equalPhis]);
		for (const pred of ["eq", "ne"]) expect(either(pred)).not.toContain("phi");
		expect(either("ule")).toContain("phi");
	});
	it("are two values where it was found to be something else", () => {
		expect(passed(chosen("%6 = icmp.ne i32 %3, i32 1", "0"), [equalPhis])).toContain("phi");
		expect(passed(chosen("%6 = icmp.eq i32 %3, i32 0", "0"), [equalPhis])).toContain("phi");
		expect(passed(chosen("%6 = icmp.ult i32 %3, i32 1", "1"), [equalPhis])).toContain("phi");
	});
	it("take the branch with them when nothing else is on it", () => {
		const text = functionOf("a.2:\n%3 = load i32 size=4 %0\nbranch %3, b.4, c.5\nb.4:\nret %3\nc.5:\nret i32 0");
		expect(passed(text, [equalPhis, simplifyCfg])).toBe("b0:\n%0 = load i32 size=4 %1\nret %0");
		expect(passed(text.replace("i32 0", "i32 1"), [equalPhis])).toBe(passed(text.replace("i32 0", "i32 1"), []));
		const joined = functionOf("a.2:\n%3 = load i32 size=4 %0\nbranch %3, b.4, c.5\nb.4:\njump d.6\nc.5:\njump d.6\nd.6:\n%7 = phi i32 [%3, b.4], [i32 0, c.5]\nret %7");
		expect(passed(joined, [equalPhis, simplifyCfg])).toBe("b0:\n%0 = load i32 size=4 %1\nret %0");
	});
	it("make a field's address once more where each way made it, and leave those of two fields", () => {
		const ways = (access: string): string =>
			functionOf(`a.2:\nbranch %1, b.5, c.6\nb.5:\n%3 = coreoffset ptr core=["struct s","0:1",0,"16"] %0\njump d.7\nc.6:\n%4 = coreoffset ptr core=["struct s","${access}",0,"16"] %0\njump d.7\nd.7:\n%8 = phi ptr [%3, b.5], [%4, c.6]\n%10 = load i32 size=4 %8\nret %10`);
		const asOne = (text: string): string => {
			const module = parseModule(text);
			const [fn] = module.functions;
			const fields = fn.blocks.flatMap((block) => block.insts).filter((inst) => inst.op === "coreoffset");
			// The text has a type for each of them, the front end one for both.
			for (const field of fields) field.attr = { ...field.attr, core: { ...field.attr!.core!, root: fields[0].attr!.core!.root } };
			equalPhis.run(fn, { level: 2, cpu: 3, module, diagnostics: { report: () => {} } });
			expect(checkIr(fn)).toEqual([]);
			return renumbered(fn);
		};
		expect(asOne(ways("0:1"))).toMatch(/b\d:\n%\d = coreoffset ptr core=\["struct s","0:1",0,"16"\] %\d\n%\d = load i32 size=4 %\d\nret %\d$/);
		expect(asOne(ways("0:2"))).toContain("phi ptr");
	});
	it("make an address in an object once more, too", () => {
		const ways = (offset: number): string => functionOf(`a.2:\nbranch %1, b.4, c.5\nb.4:\n%6 = ptradd ptr %0, i64 8\nstore size=4 %6, i32 1\njump d.7\nc.5:\n%8 = ptradd ptr %0, i64 ${offset}\n%9 = load i32 size=4 %8\njump d.7\nd.7:\n%10 = phi ptr [%6, b.4], [%8, c.5]\nstore size=4 %10, i32 2\nret i32 0`);
		expect(passed(ways(8), [equalPhis])).not.toContain("phi");
		expect(passed(ways(16), [equalPhis])).toContain("phi");
	});
});
