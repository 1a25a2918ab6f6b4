import { describe, expect, it } from "vitest";
import type { CpuName } from "./index.ts";
import { body, compileIr } from "./testing/compile.ts";

/** IR → instructions on each machine, one rule at a time. */
const rules: readonly [what: string, ir: string, code: Partial<Record<CpuName, string>>][] = [
	[
		"constants of an address go into the offset",
		"%4 = ptradd ptr %0, i64 8\n%5 = ptradd ptr %4, i64 4\n%6 = load i64 size=4 %5\nret %6",
		{ v3: "w0 = *(u32 *)(r1 + 12); exit" },
	],
	[
		"offsets beyond 16 bits are added",
		"%4 = ptradd ptr %0, i64 40000\n%6 = load i64 size=8 %4\nret %6",
		{ v3: "r1 += 40000; r0 = *(u64 *)(r1 + 0); exit" },
	],
	[
		"signed loads",
		"%4 = load i64 size=1 signed %0\nret %4",
		{ v3: "w0 = *(u8 *)(r1 + 0); r0 <<= 56; r0 s>>= 56; exit", v4: "r0 = *(s8 *)(r1 + 0); exit" },
	],
	[
		"zero extension of a load is free",
		"%4 = load i32 size=2 %0\n%5 = zext i64 %4\nret %5",
		{ v1: "w0 = *(u16 *)(r1 + 0); exit", v3: "w0 = *(u16 *)(r1 + 0); exit" },
	],
	[
		"zero extension of a parameter is not",
		"%5 = zext i64 %1\nret %5",
		{ v1: "r0 = r2; r0 <<= 32; r0 >>= 32; exit", v3: "w0 = w2; exit", v4: "w0 = w2; exit" },
	],
	[
		"sign extension",
		"%5 = sext i64 %1\nret %5",
		{ v1: "r0 = r2; r0 <<= 32; r0 s>>= 32; exit", v4: "r0 = (s32)r2; exit" },
	],
	[
		"32-bit arithmetic on a packet pointer takes a copy of its low half, even of one that nobody needs any more",
		"%4 = load i64 size=4 %0\n%5 = inttoptr ptr %4\n%6 = load i32 size=1 volatile %5\n%7 = trunc i32 %4\n%8 = mul i32 %7, i32 3\n%9 = add i32 %8, %6\n%10 = zext i64 %9\nret %10",
		{ v3: "w1 = *(u32 *)(r1 + 0); w2 = *(u8 *)(r1 + 0); w0 = w1; w0 *= 3; w0 += w2; exit" },
	],
	[
		"32-bit arithmetic",
		"%5 = add i32 %1, i32 5\n%6 = zext i64 %5\nret %6",
		{ v1: "r0 = r2; r0 += 5; r0 <<= 32; r0 >>= 32; exit", v3: "r0 = r2; w0 += 5; exit" },
	],
	[
		"32-bit right shifts clear the upper half on the way",
		"%5 = lshr i32 %1, i32 3\n%6 = zext i64 %5\nret %6",
		{ v2: "r0 = r2; r0 <<= 32; r0 >>= 35; exit", v3: "r0 = r2; w0 >>= 3; exit" },
	],
	[
		"stores of constants",
		"store size=4 %0, i32 7\nret i64 0",
		{ v3: "r2 = 7; *(u32 *)(r1 + 0) = w2; r0 = 0; exit", v4: "*(u32 *)(r1 + 0) = 7; r0 = 0; exit" },
	],
	["constants beyond 32 bits", "ret i64 81985529216486895", { v3: "r0 = 81985529216486895 ll; exit" }],
	[
		"unsigned 32-bit constants need no second slot",
		"ret i64 4294967295",
		{ v2: "r0 = 4294967295 ll; exit", v3: "w0 = -1; exit" },
	],
	[
		"the lower half alone is a 32-bit copy",
		"%5 = and i64 %2, i64 4294967295\nret %5",
		{ v2: "r0 = r3; r0 <<= 32; r0 >>= 32; exit", v3: "w0 = w3; exit" },
	],
	[
		"byte swaps",
		"%5 = bswap.16 i32 %1\n%6 = zext i64 %5\nret %6",
		{ v3: "r0 = r2; r0 = be16 r0; exit", v4: "r0 = r2; r0 = bswap16 r0; exit" },
	],
	[
		"atomics without the old value",
		"%5 = atomic.add i64 size=8 fetch %0, %2\nret i64 1",
		{ v1: "lock *(u64 *)(r1 + 0) += r3; r0 = 1; exit" },
	],
	[
		"atomics with the old value",
		"%5 = atomic.or i64 size=8 fetch %0, %2\nret %5",
		{ v3: "r0 = r3; r0 = atomic_fetch_or((u64 *)(r1 + 0), r0); exit" },
	],
	[
		"subtraction is addition of the opposite",
		"%5 = atomic.sub i64 size=8 fetch %0, %2\nret i64 0",
		{ v3: "r3 = -r3; lock *(u64 *)(r1 + 0) += r3; r0 = 0; exit" },
	],
	[
		"compare and exchange goes through r0",
		"%5 = cmpxchg i64 size=8 %0, i64 1, %2\nret %5",
		{ v3: "r0 = 1; r0 = cmpxchg_64(r1 + 0, r0, r3); exit" },
	],
	[
		"arguments and results",
		"%5 = call i64 helper h#35\n%6 = call i64 helper g#9 %5, i64 3\nret %6",
		{ v3: "call 35; r1 = r0; r2 = 3; call 9; exit" },
	],
	[
		"what lives over a call",
		"%5 = call i64 helper h#35\n%6 = add i64 %5, %2\nret %6",
		{ v3: "r6 = r3; call 35; r0 += r6; exit" },
	],
	[
		"addresses in the frame",
		"%4 = alloca ptr size=4 align=4\n%5 = call i64 helper h#1 %4\nret %5",
		{ v3: "r1 = r10; r1 += -8; call 1; exit" },
	],
	[
		"casts between address spaces",
		"%4 = addrspace ptr from=1 to=0 %0\n%5 = load i64 size=8 %4\nret %5",
		{ v3: "r1 = addr_space_cast(r1, 0, 1); r0 = *(u64 *)(r1 + 0); exit" },
	],
];

describe("selection", () => {
	for (const [what, ir, codes] of rules) {
		for (const [cpu, code] of Object.entries(codes) as [CpuName, string][]) {
			it(`${what} (${cpu})`, () => {
				const { code: lines, diagnostics } = compileIr(body(ir), cpu);
				expect(diagnostics).toEqual([]);
				expect(lines().join("; ")).toBe(code);
			});
		}
	}
});

describe("conditions", () => {
	const branch = (lines: string): string =>
		body(`${lines}, then.4, else.5\nthen.4:\n  ret i64 1\nelse.5:\n  %9 = call i64 helper h#1\n  ret %9`);
	const first = (ir: string, cpu: CpuName): string => compileIr(branch(ir), cpu).code()[0];
	it("are part of the jump", () => {
		expect(first("%6 = icmp.ult i32 %2, i64 5\nbranch %6", "v3")).toBe("if r3 >= 5 goto +2");
		expect(first("%6 = icmp.ult i32 %2, i64 5\nbranch %6", "v1")).toBe("if r3 >= 5 goto +2");
	});
	it("of 32 bits ask the lower half, or extend it", () => {
		expect(first("%6 = icmp.slt i32 %1, i32 5\nbranch %6", "v3")).toBe("if w2 s>= 5 goto +2");
		expect(compileIr(branch("%6 = icmp.slt i32 %1, i32 5\nbranch %6"), "v1").code().slice(0, 3)).toEqual([
			"r2 <<= 32",
			"r2 s>>= 32",
			"if r2 s>= 5 goto +2",
		]);
	});
	it("of masks are one jump", () => {
		expect(first("%6 = and i64 %2, i64 8\n%7 = icmp.ne i32 %6, i64 0\nbranch %7", "v3")).toMatch(/^if r3 & 8 goto/);
	});
	it("takes a bit as a number without asking", () => {
		expect(compileIr(body("%6 = and i32 %1, i32 8\n%7 = icmp.ne i32 %6, i32 0\n%8 = zext i64 %7\nret %8")).code()).toEqual(["r0 = r2", "r0 >>= 3", "r0 &= 1", "exit"]);
		expect(compileIr(body("%6 = and i32 %1, i32 1\n%7 = icmp.eq i32 %6, i32 0\n%8 = zext i64 %7\nret %8")).code()).toEqual(["r0 = r2", "r0 ^= 1", "r0 &= 1", "exit"]);
	});
	it("as values are a jump around", () => {
		expect(compileIr(body("%6 = icmp.eq i32 %2, i64 5\n%7 = zext i64 %6\nret %7")).code()).toEqual([
			"r0 = 1",
			"if r3 == 5 goto +1",
			"r0 = 0",
			"exit",
		]);
	});
	it("of loops keep the counter in one register", () => {
		const loop = `function @f(i64 %0) -> i64 global {
entry.1:
  jump head.2
head.2:
  %5 = phi i64 [i64 0, entry.1], [%7, head.2]
  %6 = phi i64 [i64 0, entry.1], [%8, head.2]
  %7 = add i64 %5, i64 1
  %8 = add i64 %6, %7
  %9 = icmp.ult i32 %7, %0
  branch %9, head.2, exit.3
exit.3:
  ret %8
}
`;
		expect(compileIr(loop).code()).toEqual(["r2 = 0", "r0 = 0", "r2 += 1", "r0 += r2", "if r2 < r1 goto -3", "exit"]);
	});
});

describe("scalars on the stack", () => {
	const counting = (last: string): string => `function @f(i64 %0) -> i64 global {
entry.1:
  %4 = alloca ptr size=4 align=4 variable="count"
  store size=4 %4, i32 0
  jump head.2
head.2:
  %5 = call i64 helper h#1 %4
  %6 = load i32 size=4 %4
  %7 = add i32 %6, i32 1
  store size=4 %4, %7
  %8 = icmp.ne ${last}
  branch %8, head.2, exit.3
exit.3:
  ret i64 0
}
`;
	it("lie where the verifier remembers them, when a loop ends by them", () => {
		expect(compileIr(counting("i32 %7, i32 100")).code().join("; ")).toContain("*(u32 *)(r10 - 8) =");
	});
	it("lie where it does not, when a loop only counts them up", () => {
		expect(compileIr(counting("i32 %5, i64 0")).code().join("; ")).toContain("*(u32 *)(r10 - 4) =");
	});
	/** A key that is another constant on each of the ways, for a helper. */
	const found = (value: string, { ways = 16, more = "" } = {}): string => {
		const each = Array.from({ length: ways }, (_, k) => k);
		const asked = each.map((k) => `q.${100 + k}:\n  %${200 + k} = icmp.eq i32 %0, i64 ${k}\n  branch %${200 + k}, w.${300 + k}, q.${101 + k}\nw.${300 + k}:\n  jump on.3\n`);
		const phi = each.map((k) => `[i32 ${3 * k}, w.${300 + k}]`).join(", ");
		return `function @f(i64 %0) -> i64 global {\nentry.1:\n  %4 = alloca ptr size=4 align=4 variable="key"\n  %7 = trunc i32 %0\n  jump q.100\n${asked.join("")}q.${100 + ways}:\n  ret i64 0\non.3:\n  %6 = phi i32 ${phi}\n  %8 = add i32 %6, %7\n  store size=4 %4, ${value}\n  %9 = call i64 helper h#1 %4\n${more}  ret %9\n}\n`;
	};
	it("lie where it does not, when each way leaves another constant for a helper", () => {
		expect(compileIr(found("%8")).code().join("; ")).toContain("*(u32 *)(r10 - 4) =");
	});
	it("lie where it does, when it is one constant, one of a few, none, or read again", () => {
		const again = "  %10 = load i32 size=4 %4\n  store size=4 %4, %10\n  call helper h#1 %4\n";
		for (const text of [found("i32 7"), found("%7"), found("%8", { ways: 4 }), found("%8", { more: again })])
			expect(compileIr(text).code().join("; ")).toMatch(/\*\(u32 \*\)\(r10 - 8\) =/);
	});
});

describe("what eBPF cannot do", () => {
	const refused = (ir: string, cpu: CpuName = "v3"): string[] =>
		compileIr(body(ir), cpu).diagnostics.map(({ code, message }) => `${code} ${message}`);
	it("is refused by name", () => {
		expect(refused("%5 = call i64 helper h#1 i64 1, i64 2, i64 3, i64 4, i64 5, i64 6\nret %5")).toEqual([
			"E0705 too many arguments: a call can pass 5, this one has 6",
		]);
		expect(refused("%5 = sdiv i64 %2, i64 3\nret %5")).toEqual([
			"E0701 unsupported signed division, please convert to unsigned div/mod",
		]);
		for (const op of ["atomic.xchg i32 size=4 fetch %0, %1", "atomic.add i32 size=4 fetch %0, %1", "cmpxchg i32 size=4 %0, %1, i32 3"])
			expect(refused(`%5 = ${op}\nret i64 %5`.replace("ret i64 %5", "%6 = zext i64 %5\nret %6"), "v2")).toEqual(["E0702 this atomic operation on 32 bits needs -mcpu=v3, the target is v2"]);
	});
	it("is nothing atomic on 64 bits, at any level", () => {
		for (const op of ["atomic.xchg i64 size=8 fetch %0, %2", "atomic.or i64 size=8 fetch %0, %2", "cmpxchg i64 size=8 %0, %2, i64 3"]) expect(refused(`%5 = ${op}\nret %5`, "v1")).toEqual([]);
		expect(compileIr(body("%5 = atomic.or i64 size=8 fetch %0, %2\nret i64 0"), "v1").code()).toContain("lock *(u64 *)(r1 + 0) |= r3");
	});
	it("a frame beyond 512 bytes comes with a bill", () => {
		const { diagnostics } = compileIr(
			body('%4 = alloca ptr size=600 align=8 variable="big"\n%5 = call i64 helper h#1 %4\nret %5'),
		);
		expect(diagnostics[0].message).toBe('stack of 600 bytes in function "f" exceeds the limit of 512');
		expect(diagnostics[0].notes![0].message).toBe('"big" takes 600 bytes');
	});
});
