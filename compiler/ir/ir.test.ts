import { describe, expect, it } from "vitest";
import { checkIr } from "./check.ts";
import { dominators, loops } from "./cfg.ts";
import { parseModule } from "./parse.ts";
import { printModule } from "./print.ts";

const LOOP = `global @counts section ".bss" size 8 align 8 static
global @.L.str section ".rodata.str1.1" size 3 align 1 static readonly bytes 686900
global @table section ".data" size 8 align 8 global bytes 0000000000000000 reloc 0 @sum+4

function @sum(ptr %0, i32 %1) -> i32 global section "xdp" {
entry.2:
  %3 = alloca ptr size=8 align=8 variable="x"
  %4 = global ptr @counts offset=4
  store size=8 %3, i64 -1
  %5 = load i32 size=1 signed volatile %0
  jump head.6
head.6: unroll 4
  %7 = phi i32 [i32 0, entry.2], [%9, body.8]
  %10 = icmp.ult i32 %7, %1
  branch %10, body.8, exit.11
body.8:
  %9 = add i32 %7, i32 1
  %12 = call i64 helper bpf_map_lookup_elem#1 %4, %3
  call @other i32 undef
  %13 = coreoffset ptr core=["struct task_struct","0:1",0,"16"] %0
  %14 = asm i64 asm={"template":"%0 = {1} ; \\"x\\"","volatile":true,"outputs":[],"inputs":[],"clobbers":["r1"],"labels":[]} %12
  %15 = atomic.add i64 size=8 fetch %3, i64 1
  %16 = bswap.16 i32 %5
  jump head.6
exit.11:
  switch %7, a.17, 1: b.18, 2: b.18, -3: a.17
a.17:
  ret i32 0
b.18:
  ret %5
}
`;

describe("the text form", () => {
	it("prints what it parsed", () => {
		expect(printModule(parseModule(LOOP))).toBe(LOOP);
	});
	it("names the line of a syntax error", () => {
		expect(() => parseModule("function @f() -> void static {\nentry.1:\n  frobnicate\n}")).toThrow(/line 3|line 4/);
	});
});

describe("the checker", () => {
	const faults = (text: string): string[] => parseModule(text).functions.flatMap(checkIr);
	it("accepts a good function", () => {
		expect(faults(LOOP)).toEqual([]);
	});
	const body = (lines: string): string => `function @f(i32 %0) -> i32 static {\nentry.1:\n${lines}\n}\n`;
	it.each([
		["a use before its definition", "%2 = add i32 %3, i32 1\n%3 = add i32 %0, i32 1\nret %2", "does not dominate"],
		["operands of the wrong type", "%2 = add i32 %0, i64 1\nret %2", "operand 2 is i64"],
		["a block that does not end", "%2 = add i32 %0, i32 1", "does not end"],
		["a phi without its predecessors", "%2 = phi i32 [i32 1, entry.1]\nret %2", "does not have the predecessors"],
		["a missing attribute", "%2 = icmp i32 %0, i32 1\nret %2", "lacks pred"],
		["the wrong return type", "ret", "returns i32"],
		["a value defined in a branch and used after it", "branch %0, a.2, b.3\na.2:\n%4 = add i32 %0, i32 1\njump b.3\nb.3:\nret %4", "does not dominate"],
	])("finds %s", (_, lines, message) => {
		expect(faults(body(lines)).join("\n")).toContain(message);
	});
});

describe("shape", () => {
	it("finds dominators and the loop", () => {
		const fn = parseModule(LOOP).functions[0];
		const dom = dominators(fn);
		const [entry, head, block, exit] = fn.blocks;
		expect(dom.idom.get(exit)).toBe(head);
		expect(dom.dominates(entry, block)).toBe(true);
		expect(dom.dominates(block, exit)).toBe(false);
		const [loop] = loops(fn, dom);
		expect(loop.header).toBe(head);
		expect([...loop.blocks]).toEqual([head, block]);
	});
});
