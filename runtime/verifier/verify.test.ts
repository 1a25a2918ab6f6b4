/** Verdicts against Linux 6.18's own on a sample of the recorded cases, words for people, and bytes that make no sense. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadKernelTypes } from "../../test/cases/verify.ts";
import { type RecordedCase, caseImage } from "../../test/support/case-image.ts";
import { bareImage } from "../../test/support/image.ts";
import { shared } from "../../test/support/shared.ts";
import type { MapDef } from "../image.ts";
import { explain, needs, oldestKernel, renderExplanation, verify } from "./index.ts";

/** One case in so many. */
const STEP = 9;
/** False rejects that stand: bugs of 6.18 that later kernels' own tests expect to be rejected. */
const KERNEL_BUGS = ["stack_ptr_arith_preserves_frameno", "caller_stack_write_tail_call", "dynptr_slice_commuted_invalidate", "trusted_btf_field_to_writable_mem"];

describe("verdicts", () => {
	for (const name of ["classic", "modern", "mutants"]) {
		it(`are the kernel's on every ${STEP}th of ${name}`, () => {
			const file = shared(`verify/${name}.jsonl`);
			if (file === null) return;
			const folder = dirname(file);
			const kernel = loadKernelTypes(join(folder, "btf", "vmlinux.btf.gz"));
			const wrong: string[] = [];
			const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
			for (let i = 0; i < lines.length; i += STEP) {
				const one = JSON.parse(lines[i]) as RecordedCase & { readonly verdict?: string };
				const expected = one.verdict;
				if (expected !== "accept" && expected !== "reject") continue;
				const { verdict } = verify(caseImage(one, folder), { kernel });
				if (verdict !== expected && !KERNEL_BUGS.some((bug) => one.id.includes(bug))) wrong.push(`${one.id}: ${verdict}`);
			}
			expect(wrong).toEqual([]);
		}, 300_000);
	}
});

const map: MapDef = { name: "m", type: 1, keySize: 4, valueSize: 8, maxEntries: 1, flags: 0, extra: 0n, keyTypeId: 0, valueTypeId: 0, btf: null, inner: null, initial: null, frozen: false, pinning: 0, slots: [] };
const at = (insn: number, line: number, text: string) => ({ insn, file: "p.c", line, column: 1 + text.length - text.trimStart().length, text });

describe("words", () => {
	const image = bareImage("p", [
		{ opcode: 0x62, dst: 10, src: 0, off: -4, imm: 0 },
		{ opcode: 0xbf, dst: 2, src: 10, off: 0, imm: 0 },
		{ opcode: 0x07, dst: 2, src: 0, off: 0, imm: -4 },
		{ opcode: 0x18, dst: 1, src: 1, off: 0, imm: 0 },
		{ opcode: 0, dst: 0, src: 0, off: 0, imm: 0 },
		{ opcode: 0x85, dst: 0, src: 0, off: 0, imm: 1 },
		{ opcode: 0xbf, dst: 6, src: 0, off: 0, imm: 0 },
		{ opcode: 0x79, dst: 0, src: 6, off: 0, imm: 0 },
		{ opcode: 0x95, dst: 0, src: 0, off: 0, imm: 0 },
	], { maps: [map], lineInfo: [at(0, 3, "int k = 0;"), at(1, 4, "long *v = bpf_map_lookup_elem(&m, &k);"), at(7, 5, "return *v;")] });

	it("name the line, the variable, its origin and an edit", () => {
		const verdict = verify(image);
		if (verdict.verdict !== "reject") throw new Error(verdict.verdict);
		const words = explain(image, verdict.rejection);
		expect(words).toMatchObject({ message: "R6 invalid mem access 'map_value_or_null'", variable: "v", line: { line: 5 }, origin: { insn: 5, why: "result of bpf_map_lookup_elem" }, suggestion: "after line 4: if (!v) return 0;" });
		expect(renderExplanation(words)).toContain("p.c:5:8: error: v may be NULL here [V0101]\n     5 | return *v;\n       |        ^~\n  kernel: R6 invalid mem access 'map_value_or_null'");
	});

	it("come in the kernel's style too", () => {
		expect(verify(image, { logLevel: 1 }).log).toMatch(/^0: R1=ctx\(\) R10=fp0\n; int k = 0; @ p\.c:3\n0: \(62\) [\s\S]*R6=map_value_or_null\(id=1,map=m,ks=4,vs=8\)[\s\S]*\nR6 invalid mem access 'map_value_or_null'\nprocessed 7 insns \(limit 1000000\)/);
	});

	it("say which kernels have what a program uses", () => {
		expect(oldestKernel(needs(image))).toBe("3.19");
		expect(needs(bareImage("p", [{ opcode: 0x1e, dst: 0, src: 1, off: 0, imm: 0 }], { type: 6 })).map(({ since }) => since)).toEqual(["5.1", "4.8"]);
	});
});

describe("bytes that make no sense", () => {
	it("get a verdict, never an exception", () => {
		const field = fc.record({ opcode: fc.integer({ min: 0, max: 255 }), dst: fc.integer({ min: 0, max: 15 }), src: fc.integer({ min: 0, max: 15 }), off: fc.integer({ min: -32768, max: 32767 }), imm: fc.integer({ min: -0x80000000, max: 0x7fffffff }) });
		const near = fc.record({ opcode: fc.constantFrom(0x05, 0x07, 0x0f, 0x15, 0x18, 0x1d, 0x55, 0x61, 0x63, 0x79, 0x7b, 0x85, 0x95, 0xb7, 0xbf, 0xdb, 0xe5), dst: fc.integer({ min: 0, max: 10 }), src: fc.integer({ min: 0, max: 10 }), off: fc.integer({ min: -16, max: 16 }), imm: fc.integer({ min: -8, max: 220 }) });
		fc.assert(fc.property(fc.array(fc.oneof(field, near, near), { minLength: 1, maxLength: 24 }), fc.integer({ min: 0, max: 33 }), (insns, type) => {
			const verdict = verify(bareImage("p", [...insns, { opcode: 0xb7, dst: 0, src: 0, off: 0, imm: 0 }, { opcode: 0x95, dst: 0, src: 0, off: 0, imm: 0 }], { type, maps: [map] }));
			return verdict.verdict === "accept" || verdict.rejection.code !== "V0998";
		}), { numRuns: 3000 });
	});
});
