import { describe, expect, it } from "vitest";
import { decode } from "../../assembler/decode.ts";
import { printInsn } from "../../assembler/text/print.ts";
import { compile } from "../driver/compile.ts";
import { defaultOptions } from "../driver/options.ts";

function build(source: string): { code: string[]; errors: string[] } {
	const result = compile("test.c", source, defaultOptions({ read: () => null }));
	const errors = result.diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);
	const section = result.object?.sections.find(({ name }) => name === "s") ?? null;
	const insns = section === null ? [] : decode(section.data);
	return { code: insns.map((insn, i) => printInsn(insn, insns[i + 1]) ?? "?"), errors };
}

const program = (body: string, params = "long a, long *p"): string =>
	`__attribute__((section("s"))) long f(${params}) { ${body} }`;

/** The instructions of a function with the given body. */
const code = (body: string, params?: string): string => {
	const { code: lines, errors } = build(program(body, params));
	expect(errors).toEqual([]);
	return lines.join("; ");
};

describe("operands of inline assembly", () => {
	it("are numbered, outputs first", () => {
		expect(code('long r; asm volatile("%0 = %1; %0 += %2" : "=&r"(r) : "r"(a), "i"(7)); return r;')).toBe(
			"r0 = r1; r0 += 7; exit",
		);
	});
	it("are named", () => {
		expect(code('asm volatile("%[x] += %[y]" : [x] "+r"(a) : [y] "ri"(3)); return a;')).toBe("r0 = r1; r0 += 3; exit");
	});
	it("share a register when a digit says so", () => {
		expect(code('long r; asm volatile("%0 *= 2" : "=r"(r) : "0"(a)); return r;')).toBe("r0 = r1; r0 *= 2; exit");
	});
	it("of 32 bits are w registers by constraint or modifier", () => {
		expect(code('int r; asm volatile("%0 = 1" : "=w"(r)); asm volatile("%w0 += 1" : "+r"(r)); return r;')).toMatch(
			/^w(\d) = 1; w(\d) = w\1; w\2 \+= 1;/,
		);
	});
	it("in memory are written as addresses", () => {
		expect(code('asm volatile("lock *(u64 *)%0 += %1" :: "m"(p[2]), "r"(a)); return 0;')).toBe(
			"lock *(u64 *)(r2 + 16) += r1; r0 = 0; exit",
		);
	});
	it("that are register variables stay where they are", () => {
		expect(code('register long x asm("r8") = a; asm volatile("%0 += 1" : "+r"(x)); return x;')).toBe(
			"r8 = r1; r8 += 1; r0 = r8; exit",
		);
	});
	it("keep away from clobbered registers", () => {
		expect(code('asm volatile("r1 = 0; r2 = %0" :: "r"(a) : "r1", "r2", "r3", "r4", "r5"); return 0;')).toMatch(
			/^r([06-9]) = r1; r1 = 0; r2 = r\1;/,
		);
	});
	it("must be constants where the constraint says so", () => {
		expect(build(program('asm volatile("r0 = %0" :: "i"(a)); return 0;')).errors[0]).toMatch(
			/needs a constant|constant/,
		);
	});
});

describe("text of inline assembly", () => {
	it("may jump within, with labels unique by %=", () => {
		expect(
			code(
				'asm volatile("if %0 == 0 goto l_%=; %0 += 1; l_%=: %0 += 2" : "+r"(a)); asm volatile("goto l_%=; l_%=:" ::); return a;',
			),
		).toBe("r0 = r1; if r0 == 0 goto +1; r0 += 1; r0 += 2; goto +0; exit");
	});
	it("may jump to labels of C", () => {
		expect(code('asm goto("if %0 s> 5 goto %l[out]" :: "r"(a) :: out); return 1; out: return 2;')).toBe(
			"if r1 s> 5 goto +2; r0 = 1; exit; r0 = 2; exit",
		);
	});
	it("may be data, chosen and repeated by directives", () => {
		expect(
			code(
				'register long x asm("r1") = a; asm volatile(".ifc %0, r1; .byte 0x07, 0x01; .else; .byte 0x07, 0x02; .endif; .short 0; .long 9; .rept 2; %0 += 1; .endr" : "+r"(x)); return x;',
			),
		).toBe("r1 += 9; r1 += 1; r1 += 1; r0 = r1; exit");
	});
	it("compares the register of a value that is converted to less", () => {
		const { code: lines } = build(
			'__attribute__((section("s"))) int f(long *p) { long n = *p; asm goto("if %0 s< %1 goto %l[out]" :: "r"((short)n), "i"(7) :: out); return 1; out: return (int)n; }',
		);
		expect(lines.slice(0, 2)).toEqual(["r0 = *(u64 *)(r1 + 0)", expect.stringMatching(/^if r0 s< 7 goto/)]);
	});
	it("knows may_goto written as data", () => {
		expect(
			code(
				'asm goto("1:.byte 0xe5; .byte 0; .long ((%l[out] - 1b - 8) / 8) & 0xffff; .short 0" :::: out); return 1; out: return 2;',
			),
		).toBe("may_goto +2; r0 = 1; exit; r0 = 2; exit");
	});
	it.each(["f", "main"])("is the whole of a naked function: %s", (name) => {
		const { code: lines } = build(
			`__attribute__((section("s"), naked)) int ${name}(void) { asm volatile("r0 = 7; exit" ::); }`,
		);
		expect(lines).toEqual(["r0 = 7", "exit"]);
	});
	it.each([
		["frobnicate", /inline assembly/],
		["r1 = %3", /invalid operand number 3/],
		["r1 = %[nobody]", /unknown symbolic operand name "nobody"|nobody/],
	])("that is wrong is an error: %s", (text, message) => {
		expect(build(program(`asm volatile("${text}" ::); return 0;`)).errors[0]).toMatch(message);
	});
});

describe("functions named after LLVM's intrinsics", () => {
	const half = 'unsigned long long load_half(void *skb, unsigned long long off) asm("llvm.bpf.load.half");\n';
	it("are the packet access of classic BPF, through r6", () => {
		const { code: lines } = build(half + program("return load_half(p, 12);"));
		expect(lines).toEqual(["r6 = r2", "r0 = *(u16 *)skb[12]", "exit"]);
	});
	it("go where nobody wants what they read, and take an offset that turns out to be constant as an immediate", () => {
		const at = "static inline __attribute__((always_inline)) unsigned long long at(void *p, int base, int wanted) { unsigned long long a = load_half(p, base), b = load_half(p, base + 2); return wanted ? a : b; }\n";
		const { code: lines } = build(half + at + program("return at(p, 14, 0);"));
		expect(lines).toEqual(["r6 = r2", "r0 = *(u16 *)skb[16]", "exit"]);
	});
	it("that are unknown are refused by name", () => {
		const { errors } = build(half.replace("load.half", "load.bit") + program("return load_half(p, 12);"));
		expect(errors).toEqual(['unknown intrinsic function "llvm.bpf.load.bit"']);
	});
});
