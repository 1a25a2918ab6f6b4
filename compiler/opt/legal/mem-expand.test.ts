import { describe, expect, it } from "vitest";
import { combine } from "../scalar/combine.ts";
import { dce } from "../scalar/dce.ts";
import { splitUnaligned } from "./unaligned.ts";
import { expandMemory } from "./mem-expand.ts";
import { mem2reg } from "../memory/mem2reg.ts";
import { mergeSlots } from "../memory/merge-slots.ts";
import { sroa } from "../memory/sroa.ts";
import { functionOf, passed } from "../../../test/support/passed.ts";

describe("memory operations", () => {
	it("copies in words that the alignment allows", () => {
		const text = functionOf("a.2:\n%3 = alloca ptr size=8 align=8\nmemcpy size=6 align=2 %3, %0\n%4 = load i32 size=4 %3\nret %4");
		expect(passed(text, [expandMemory]).match(/load i32 size=2/g)).toHaveLength(3);
	});
	it("aligns an object of this object's data that is copied, but no literal and none that another object may hold", () => {
		const copied = (section: string, size = 16): string =>
			passed(`global @t section "${section}" size ${size} align 1 global\n${functionOf("a.2:\n%3 = global ptr @t\n%4 = load ptr size=8 %0\nmemcpy size=8 align=1 sourceAlign=8 %3, %4\nret i32 0")}`, [expandMemory, dce]);
		expect(copied(".bss").match(/load i\d+ size=\d/g)).toEqual(["load i64 size=8"]);
		expect(copied(".rodata.str1.1").match(/load i32 size=1/g)).toHaveLength(8);
		expect(copied(".ksyms").match(/load i32 size=1/g)).toHaveLength(8);
	});
	it("moves by a known distance from the end that the rest does not overlap", () => {
		/** Offsets that are read, and "store", in their order. */
		const moved = (by: number): string[] => {
			const text = passed(functionOf(`a.2:\n%3 = ptradd ptr %0, i64 8\n%4 = ptradd ptr %0, i64 ${8 + by}\nmemmove size=8 align=4 %4, %3\nret i32 0`), [expandMemory]);
			const steps = new Map([...text.matchAll(/(%\d+) = ptradd ptr %\d+, i64 (\d+)/g)].map(([, name, by]) => [name, by]));
			return [...text.matchAll(/load i32 size=4 (%\d+)|store/g)].map(([all, from]) => (all === "store" ? all : steps.get(from)!));
		};
		expect(moved(4)).toEqual(["4", "store", "8", "store"]);
		expect(moved(-4)).toEqual(["8", "store", "4", "store"]);
		expect(passed(functionOf("a.2:\n%3 = load ptr size=8 %0\nmemmove size=8 align=4 %0, %3\nret i32 0"), [expandMemory, dce]).match(/load i|store/g)).toEqual(["load i", "load i", "store", "store"]);
	});
	it("copies a constant object as the target is aligned, and zeros for what follows its end", () => {
		const text = `global @t section ".rodata.str1.1" size 3 align 1 static readonly bytes 616200\n${functionOf("a.2:\n%3 = global ptr @t\nmemcpy size=10 align=1 targetAlign=4 %0, %3\nret i32 0")}`;
		expect(passed(text, [expandMemory, dce])).toBe("b0:\nstore size=4 %0, i32 25185\n%1 = ptradd ptr %0, i64 4\nstore size=4 %1, i32 0\n%2 = ptradd ptr %0, i64 8\nstore size=2 %2, i32 0\nret i32 0");
		expect(passed(text.replace(".rodata.str1.1", ".kconfig"), [expandMemory]).match(/load i32 size=1/g)).toHaveLength(10);
	});
	it("keeps a word that goes to where words are aligned, in parts or not", () => {
		const text = functionOf("a.2:\n%3 = alloca ptr size=4 align=1\nmemcpy size=4 align=1 sourceAlign=4 %3, %0\nstore size=1 %3, i32 3\nmemcpy size=4 align=1 targetAlign=4 %0, %3\nret i32 0");
		expect(passed(text, [sroa, mem2reg, combine, dce])).toMatch(/load i32 size=4 %1\n(.*\n)*store size=4 %1, %\d\nret/);
	});
	it("writes a word to what the function was given at once", () => {
		const text = functionOf("a.2:\n%3 = load ptr size=8 %0\nmemcpy size=4 align=1 targetAlign=4 %0, %3\nmemcpy size=4 align=1 targetAlign=4 %3, %0\nret i32 0");
		expect(passed(text, [expandMemory, splitUnaligned]).match(/store size=\d/g)).toEqual(["store size=4", ...Array(4).fill("store size=1")]);
	});
	it("copies from a context in words that both sides claim, though the slot is aligned for more", () => {
		const copied = (attr: string): string => passed(functionOf(`a.2:\n%3 = alloca ptr size=16 align=4\n%4 = ptradd ptr %0, i64 32\nmemcpy size=16 ${attr} %3, %4\ncall helper h#1 %3\nret i32 0`), [expandMemory]);
		expect(copied("align=4 sourceAlign=8").match(/size=4/g)).toHaveLength(8);
		expect(copied("align=8").match(/size=8/g)).toHaveLength(4);
	});
	it("compares with a constant as wide as the other side is aligned", () => {
		const text = `global @t section ".rodata.str1.1" size 7 align 1 static readonly bytes 61626364656600\n${functionOf("a.2:\n%3 = global ptr @t\n%4 = memcmp i32 size=6 align=1 sourceAlign=4 %3, %0\n%5 = icmp.eq i32 %4, i32 0\nret %5")}`;
		const result = passed(text, [expandMemory, dce]);
		expect(result.match(/load i32 size=\d/g)).toEqual(["load i32 size=4", "load i32 size=2"]);
		expect(result).toContain("i32 1684234849");
	});
	it("stores of a constant in parts only what the part is", () => {
		const text = functionOf("a.2:\nstore size=8 align=2 %0, i64 0x61006200630061\nret i32 0").replace("0x61006200630061", String(0x61006200630061n));
		expect([...passed(text, [splitUnaligned]).matchAll(/i64 (\d+)$/gm)].map(([, value]) => Number(value))).toEqual(expect.arrayContaining([0x61, 0x63, 0x62]));
	});
	it("refuses a size that is known only at run time", () => {
		const text = functionOf("a.2:\n%3 = zext i64 %1\nmemcpy align=1 %0, %0, %3\nret i32 0");
		expect(passed(text, [expandMemory])).toContain("known only at run time");
	});
	it("loops over what is too long to write out", () => {
		const text = functionOf("a.2:\nmemset size=4096 align=8 %0, i32 0\nret i32 0");
		expect(passed(text, [expandMemory])).toContain("phi i64");
	});
	it("splits an access that may not be aligned", () => {
		const text = functionOf("a.2:\n%3 = load i32 size=4 align=2 %0\nret %3");
		expect(passed(text, [splitUnaligned]).match(/load i32 size=2/g)).toHaveLength(2);
	});
	it("knows that what a map or the ring buffer gives begins with a word, whatever is packed there", () => {
		/** The widths of what is stored `offset` bytes into what the lines make of %3. */
		const stored = (lines: string, offset: number, what = "store size=8 align=1 %9, %5", map = ""): number[] =>
			[
				...passed(`${map}${functionOf(`a.2:\n${lines}\n%5 = zext i64 %1\n%9 = ptradd ptr %3, i64 ${offset}\n${what}\nret i32 0`)}`, [
					expandMemory,
					expandMemory,
					splitUnaligned,
				]).matchAll(/store size=(\d)/g),
			].map(([, size]) => Number(size));
		const bytes = (count: number): number[] => Array(count).fill(1);
		const reserved = "%3 = call ptr helper bpf_ringbuf_reserve#131 %0, i64 64, i64 0";
		expect(stored(reserved, 8)).toEqual([8]);
		expect(stored(reserved, 12)).toEqual([4, 4]);
		expect(stored(reserved, 3)).toEqual([1, 4, 2, 1]);
		expect(stored(reserved, 6, "memset size=16 align=2 %9, i32 0")).toEqual([2, 8, 4, 2]);
		expect(stored(reserved, 6, "memset size=2002 align=2 %9, i32 0")).toEqual([2, 8]);
		expect(stored(reserved, 3, "memcpy size=6 align=1 %9, %3")).toEqual(bytes(6));
		expect(stored(reserved, 8, "memcpy size=6 align=1 %9, %3")).toEqual([4, 2]);
		// Of an inner map nothing is known, and not every map's values begin with a word: a trie's follow the key, a device's a number.
		const found = (map: string): string => `%7 = ${map}\n%3 = call ptr helper bpf_map_lookup_elem#1 %7, %0`;
		const legacy = (type: string): string => `global @m section "maps" size 4 align 4 global bytes ${type}000000\n`;
		expect(stored(found("load ptr size=8 %0"), 8)).toEqual(bytes(8));
		expect(stored(found("global ptr @m"), 8, undefined, legacy("01"))).toEqual([8]);
		for (const type of ["0b", "0e"]) expect(stored(found("global ptr @m"), 8, undefined, legacy(type))).toEqual(bytes(8));
		// Looked up, or made and looked up again.
		const again = (other: string): string => `branch %1, b.4, c.6\nb.4:\n%7 = call ptr helper bpf_sk_storage_get#107 %0, %0, %0, i64 0\njump c.6\nc.6:\n%3 = phi ptr [${other}, a.2], [%7, b.4]`;
		expect(stored(`%8 = call ptr helper bpf_sk_storage_get#107 %0, %0, %0, i64 1\n${again("%8")}`, 8)).toEqual([8]);
		expect(stored(again("%0"), 8)).toEqual(bytes(8));
		// One of two places in objects: none begins with a word where they lie otherwise between words.
		const oneOf = (offsets: readonly [number, number]): string => `branch %1, b.4, c.6\nb.4:\n%7 = global ptr @g offset=${offsets[0]}\njump d.8\nc.6:\n%10 = global ptr @g offset=${offsets[1]}\njump d.8\nd.8:\n%3 = phi ptr [%7, b.4], [%10, c.6]`;
		const object = 'global @g section ".bss" size 64 align 8 global\n';
		expect(stored(oneOf([8, 32]), 8, undefined, object)).toEqual([8]);
		expect(stored(oneOf([1, 9]), 0, undefined, object)).toEqual([1, 2, 4, 1]);
		expect(stored(oneOf([2, 12]), 0, undefined, object)).toEqual([2, 2, 2, 2]);
		expect(stored(oneOf([1, 6]), 0, undefined, object)).toEqual(bytes(8));
	});
	it("aligns an object of this object's data whose members are read in bytes", () => {
		const read = (section: string, size = 16): string =>
			passed(`global @t section "${section}" size ${size} align 1 global\n${functionOf("a.2:\n%3 = global ptr @t\n%4 = ptradd ptr %3, i64 1\n%5 = load i32 size=4 align=1 %4\nret %5")}`, [splitUnaligned, dce]);
		const widths = (text: string): number[] => [...text.matchAll(/load i32 size=(\d)/g)].map(([, size]) => Number(size));
		expect(widths(read(".bss"))).toEqual([1, 2, 1]);
		expect(widths(read(".bss", 5))).toEqual([1, 2, 1]);
		expect(widths(read(".rodata.str1.1"))).toEqual([1, 1, 1, 1]);
	});
	it("splits an access that lies across words of a slot, whatever its type claims", () => {
		const text = (offset: number): string => functionOf(`a.2:\n%3 = alloca ptr size=16 align=8\n%4 = ptradd ptr %3, i64 ${offset}\ncall helper h#1 %3\n%5 = load i32 size=4 %4\nstore size=4 %4, i32 65537\ncall helper h#1 %3\nret %5`);
		expect(passed(text(6), [splitUnaligned]).match(/(load i32|store) size=2/g)).toHaveLength(4);
		expect(passed(text(8), [splitUnaligned])).not.toContain("size=2");
	});
	it("lets slots share bytes when their lives are apart", () => {
		const text = functionOf("a.2:\n%3 = alloca ptr size=64 align=8\n%4 = alloca ptr size=32 align=8\nlifetime %3\ncall helper h#1 %3\nlifetime %4\ncall helper h#1 %4\nret i32 0");
		expect(passed(text, [mergeSlots]).match(/alloca/g)).toHaveLength(1);
	});
	it("copies nothing onto itself where two slots became one, and all of it where something is stored in between", () => {
		const copy = (between = ""): string =>
			passed(functionOf(`a.2:\n%3 = alloca ptr size=16 align=8\n%4 = alloca ptr size=16 align=8\nlifetime %3\ncall helper h#1 %3\n%5 = load i64 size=8 %3\n%6 = ptradd ptr %3, i64 8\n%7 = load i64 size=8 %6\nlifetime %4\n%8 = ptradd ptr %4, i64 8\n${between}store size=8 %4, %5\nstore size=8 %8, %7\ncall helper h#1 %4\nret i32 0`), [mergeSlots]);
		expect(copy()).not.toMatch(/load|store/);
		expect(copy("store size=8 %8, i64 1\n").match(/store/g)).toHaveLength(2);
		expect(copy("call helper h#2\n").match(/store/g)).toHaveLength(2);
	});
	it("leaves a key alone that is another constant on each way", () => {
		const text = (ways: number): string => {
			const each = Array.from({ length: ways }, (_, k) => k);
			const asked = each.map((k) => `q.${100 + k}:\n%${200 + k} = icmp.eq i32 %1, i32 ${k}\nbranch %${200 + k}, w.${300 + k}, q.${101 + k}\nw.${300 + k}:\njump on.9\n`);
			const phi = each.map((k) => `[i32 ${3 * k}, w.${300 + k}]`).join(", ");
			return functionOf(`a.2:\n%3 = alloca ptr size=8 align=8\n%4 = alloca ptr size=4 align=4\nlifetime %3\nstore size=8 %3, i64 1\n%5 = call ptr helper h#1 %3\njump q.100\n${asked.join("")}q.${100 + ways}:\nret i32 0\non.9:\n%6 = phi i32 ${phi}\nlifetime %4\nstore size=4 %4, %6\n%7 = call ptr helper h#1 %4\nret i32 0`);
		};
		expect(passed(text(16), [mergeSlots]).match(/alloca/g)).toHaveLength(2);
		expect(passed(text(4), [mergeSlots]).match(/alloca/g)).toHaveLength(1);
	});
	it("keeps slots apart that are both in use", () => {
		const text = functionOf("a.2:\n%3 = alloca ptr size=64 align=8\n%4 = alloca ptr size=32 align=8\nlifetime %3\nlifetime %4\ncall helper h#1 %3\ncall helper h#1 %4\ncall helper h#1 %3\nret i32 0");
		expect(passed(text, [mergeSlots]).match(/alloca/g)).toHaveLength(2);
	});
});
