import { describe, expect, it } from "vitest";
import { checkIr } from "../../ir/check.ts";
import { parseModule } from "../../ir/parse.ts";
import { printFunction } from "../../ir/print.ts";
import { sinkCalls } from "../control/sink.ts";
import { passUnread, settleArguments } from "./arguments.ts";
import { callGraph } from "./inline.ts";

/** A callee and two calls of it; what became of each function's instructions. */
function settled(callee: string, calls: readonly [string, string], extra = ""): { readonly callee: string; readonly caller: string } {
	const text = `function @f(ptr %0, i32 %1) -> i32 global {\na.2:\n%3 = call i32 @g ${calls[0]}\n%4 = call i32 @g ${calls[1]}\n%5 = add i32 %3, %4\n${extra}ret %5\n}\n${callee}`;
	const module = parseModule(text);
	for (const { symbol } of module.functions) Object.assign(symbol, { used: false });
	settleArguments(module);
	for (const fn of module.functions) expect(checkIr(fn)).toEqual([]);
	const [caller, called] = module.functions.map((fn) => printFunction(fn));
	return { callee: called, caller };
}

const G = "function @g(ptr %0, i32 %1) -> i32 static {\na.2:\n%3 = load i32 size=4 %0\n%4 = add i32 %3, %1\nret %4\n}\n";

describe("arguments", () => {
	it("takes what every call passes", () => {
		const { callee, caller } = settled(G, ["%0, i32 12", "%0, i32 12"]);
		expect(callee).toContain("add i32 %3, i32 12");
		expect(caller).toContain("call i32 @g %0, i32 undef");
	});
	it("keeps what calls pass differently", () => {
		const { callee, caller } = settled(G, ["%0, i32 12", "%0, i32 13"]);
		expect(callee).toContain("add i32 %3, %1");
		expect(caller).toContain("call i32 @g %0, i32 12");
	});
	it("keeps what a global function may be called with", () => {
		expect(settled(G.replace("static", "global"), ["%0, i32 12", "%0, i32 12"]).callee).toContain("add i32 %3, %1");
	});
	it("keeps what somebody may call by address", () => {
		expect(settled(G, ["%0, i32 12", "%0, i32 12"], "%6 = global ptr @g\ncall helper h#1 %6\n").callee).toContain("add i32 %3, %1");
	});
	it("knows a result that is always the same", () => {
		expect(settled(G.replace("ret %4", "store size=4 %0, %4\nret i32 7"), ["%0, i32 1", "%0, i32 2"]).caller).toContain("add i32 i32 7, i32 7");
	});
	it("goes through calls of the function by itself", () => {
		const down = "function @g(ptr %0, i32 %1) -> i32 static {\na.2:\n%3 = load i32 size=4 %0\nbranch %3, b.4, c.5\nb.4:\n%6 = call i32 @g %0, %1\nret %6\nc.5:\nret %1\n}\n";
		expect(settled(down, ["%0, i32 3", "%0, i32 3"]).callee).toContain("ret i32 3");
	});
});

describe("what is not passed before a function is copied", () => {
	const module = (callee: string): string =>
		`function @f(ptr %0, i32 %1) -> i32 global {\na.2:\nbranch %1, b.3, c.4\nb.3:\n%5 = load i32 size=4 %0\n%6 = call i32 @g %0, %5\nret %6\nc.4:\n%7 = load i32 size=2 %0\n%8 = call i32 @g %0, %7\nret %8\n}\n${callee}`;
	const caller = (callee: string): string => {
		const parsed = parseModule(module(callee));
		const [fn] = parsed.functions;
		passUnread(fn, callGraph(parsed).functions);
		sinkCalls.run(fn, { level: 2, cpu: 3, module: parsed, diagnostics: { report: () => {} } });
		expect(checkIr(fn)).toEqual([]);
		return printFunction(fn);
	};
	it("is what the function does not read: two calls are one", () => {
		expect(caller(G.replace("%4 = add i32 %3, %1", "%4 = add i32 %3, i32 1")).match(/call i32 @g %0, i32 undef/g)).toHaveLength(1);
	});
	it("is nothing where it reads all, or may be replaced", () => {
		expect(caller(G).match(/call i32 @g %0, %\d/g)).toHaveLength(2);
		expect(caller(G.replace("%4 = add i32 %3, %1", "%4 = add i32 %3, i32 1").replace("static", "global")).match(/call i32 @g %0, %\d/g)).toHaveLength(2);
	});
});
