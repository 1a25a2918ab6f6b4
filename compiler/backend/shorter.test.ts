import { describe, expect, it } from "vitest";
import { body, compileIr } from "./testing/compile.ts";

const code = (text: string): string[] => compileIr(text).code();
const count = (lines: readonly string[], what: string): number => lines.filter((line) => line.includes(what)).length;

describe("constants and addresses", () => {
	const stores = (calls: number): string =>
		body(Array.from({ length: calls }, (_, i) => `%${10 + i} = alloca ptr size=4 align=4`).concat(Array.from({ length: calls }, (_, i) => `store size=4 %${10 + i}, i32 7\ncall helper h#1 %${10 + i}`)).concat("ret i64 0").join("\n"));
	it("are kept over calls in a register that is free", () => {
		expect(count(code(stores(4)), "= 7")).toBe(1);
	});
	it("are made anew when no register is free", () => {
		const values = Array.from({ length: 6 }, (_, i) => `%${40 + i} = load i64 size=8 %0`);
		const wide = values.map((line, i) => line.replace("%0", `%${30 + i}`));
		const addresses = wide.map((_, i) => `%${30 + i} = ptradd ptr %0, i64 ${8 * i}`);
		const sum = wide.map((_, i) => `%${60 + i} = xor i64 ${i === 0 ? "%2" : `%${59 + i}`}, %${40 + i}`);
		const slot = "%20 = alloca ptr size=4 align=4\n%21 = alloca ptr size=4 align=4";
		const text = body([slot, ...addresses, ...wide, "store size=4 %20, i32 7", "call helper h#1 %20", "store size=4 %21, i32 7", "call helper h#1 %21", ...sum, "ret %65"].join("\n"));
		expect(count(code(text), "= 7")).toBe(2);
	});
});

describe("a returned sum of two calls' results", () => {
	const lines = (operands: string): string[] => code(body(`%10 = call i64 helper h#1\n%11 = call i64 helper h#2\n%12 = add i64 ${operands}\nret %12`));
	it.each(["%10, %11", "%11, %10"])("is made in r0, where the second is: %s", (operands) => {
		expect(lines(operands).filter((line) => / = r/.test(line))).toHaveLength(1);
	});
	it("is not, where a later call needs r0", () => {
		const text = body("%10 = call i64 helper h#1\n%11 = call i64 helper h#2\n%12 = add i64 %10, %11\n%13 = call i64 helper h#3\n%14 = add i64 %12, %13\nret %14");
		expect(code(text).filter((line) => / = r/.test(line))).toHaveLength(1);
	});
});

describe("an address within a slot", () => {
	it("is made in one step, wherever it is used", () => {
		const text = body("%10 = alloca ptr size=64 align=8\n%11 = ptradd ptr %10, i64 16\ncall helper h#1 %11\ncall helper h#2 %11\ncall helper h#3 %0, %11\nret i64 0");
		expect(code(text).filter((line) => line.includes("r10"))).toHaveLength(1);
		expect(count(code(text), "+= -48")).toBe(1);
		expect(count(code(text), "+= 16")).toBe(0);
	});
});

describe("common tails", () => {
	const branches = (left: string, right: string): string =>
		body(`branch %1, a.10, b.11\na.10:\n${left}\njump end.12\nb.11:\n${right}\njump end.12\nend.12:\nret i64 0`);
	it("of blocks that go to one place are one", () => {
		const text = branches("%20 = call i64 helper h#2 i64 1\n%21 = call i64 helper h#3 i64 5\n%22 = call i64 helper h#4 i64 6", "%30 = call i64 helper h#5 i64 1\n%31 = call i64 helper h#3 i64 5\n%32 = call i64 helper h#4 i64 6");
		expect(count(code(text), "call 3")).toBe(1);
		expect(count(code(text), "call 4")).toBe(1);
	});
	it("do not access memory through pointers from two places", () => {
		const text = branches("%20 = call ptr helper h#2\nstore size=8 %20, i64 1\nstore size=8 %0, i64 1", "%30 = call ptr helper h#3\n%33 = load ptr size=8 %30\nstore size=8 %33, i64 1\nstore size=8 %0, i64 1");
		const lines = code(text);
		expect(count(lines, "*(u64 *)(r0 + 0) =") + count(lines, "*(u64 *)(r2 + 0) =") + count(lines, "*(u64 *)(r1 + 0) =")).toBeGreaterThanOrEqual(2);
	});
});

describe("the stack", () => {
	it("does not remember what a volatile variable holds", () => {
		const text = body("%10 = alloca ptr size=4 align=4\nstore size=4 volatile %10, i32 0\n%11 = load i32 size=4 volatile %10\n%12 = zext i64 %11\nret %12");
		expect(code(text).join("; ")).toContain("*(u32 *)(r10 - 4) =");
	});
});

describe("by how many places is shifted", () => {
	const shifted = (before: string): string[] => code(body(`%10 = load i64 size=8 %0\n%11 = trunc i32 %10\n${before}\n%14 = load i64 size=8 %0\n%12 = zext i64 %11\n%13 = shl i64 %14, %12\nret %13`));
	it("is not extended: only the lowest bits count", () => {
		expect(shifted("call helper h#1").join("; ")).toMatch(/r0 <<= r\d/);
		expect(count(shifted("call helper h#1"), "w")).toBe(0);
	});
	it("is extended where a comparison tells the verifier its bounds", () => {
		expect(count(shifted("%20 = icmp.ugt i32 %11, i32 9\nbranch %20, no.5, yes.6\nno.5:\nret i64 0\nyes.6:"), "w1 = w")).toBe(1);
	});
});

describe("one of two addresses", () => {
	it("is made in front of the branch, and the other one instead where it is that", () => {
		const globals = 'global @x section ".bss" size 4 align 4 global\nglobal @y section ".bss" size 4 align 4 global\n';
		const side = (block: string, at: number, name: string): string => `${block}:\n%${at} = global ptr @${name} offset=0\njump end.12\n`;
		const text = `${globals}${body(`%20 = icmp.ne i32 %1, i32 0\nbranch %20, a.10, b.11\n${side("a.10", 21, "x")}${side("b.11", 22, "y")}end.12:\n%23 = phi ptr [%21, a.10], [%22, b.11]\nstore size=4 %23, i32 1\nret i64 0`)}`;
		const lines = code(text);
		expect(count(lines, "goto")).toBe(1);
		expect(lines.findIndex((line) => line.includes("goto"))).toBeGreaterThan(lines.findIndex((line) => line.includes("ll")));
	});
});
