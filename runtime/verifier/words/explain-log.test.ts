/** A kernel's log in the forms in which people paste it. */
import { describe, expect, it } from "vitest";
import { bareImage } from "../../../test/support/image.ts";
import { explainLog } from "./explain-log.ts";

const at = (insn: number, line: number, text: string) => ({ insn, file: "p.c", line, column: 1 + text.length - text.trimStart().length, text });
const image = bareImage("count", [
	{ opcode: 0x61, dst: 2, src: 1, off: 12, imm: 0 }, { opcode: 0x15, dst: 2, src: 0, off: 7, imm: 0 }, { opcode: 0xbf, dst: 2, src: 10, off: 0, imm: 0 }, { opcode: 0x07, dst: 2, src: 0, off: 0, imm: -4 },
	{ opcode: 0x18, dst: 1, src: 1, off: 0, imm: 0 }, { opcode: 0, dst: 0, src: 0, off: 0, imm: 0 }, { opcode: 0x85, dst: 0, src: 0, off: 0, imm: 1 }, { opcode: 0x79, dst: 1, src: 0, off: 0, imm: 0 },
	{ opcode: 0xb7, dst: 0, src: 0, off: 0, imm: 1 }, { opcode: 0x95, dst: 0, src: 0, off: 0, imm: 0 },
], { type: 6, section: "xdp", lineInfo: [at(0, 3, "\tif (ctx->ingress_ifindex == 0)"), at(2, 5, "\tlong *v = bpf_map_lookup_elem(&m, &k);"), at(7, 6, "\treturn *v;")] });
const other = bareImage("other", [{ opcode: 0xb7, dst: 0, src: 0, off: 0, imm: 1 }, { opcode: 0x95, dst: 0, src: 0, off: 0, imm: 0 }], { type: 6 });

const body = [
	"0: R1=ctx() R10=fp0", "; if (ctx->ingress_ifindex == 0) @ p.c:3", "0: (61) r2 = *(u32 *)(r1 +12)         ; R1=ctx() R2=scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))",
	"1: (15) if r2 == 0x0 goto pc+7        ; R2=scalar(umin=1)", "; long *v = bpf_map_lookup_elem(&m, &k); @ p.c:5", "2: (bf) r2 = r10                      ; R2=fp0 R10=fp0", "3: (07) r2 += -4                      ; R2=fp-4",
	"4: (18) r1 = 0xffff888249e00400       ; R1=map_ptr(map=m,ks=4,vs=8)", "6: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=m,ks=4,vs=8)", "; return *v; @ p.c:6", "7: (79) r1 = *(u64 *)(r0 +0)",
];
const end = ["R0 invalid mem access 'map_value_or_null'", "processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0"];
const whole = [...body, ...end];
const old = whole.map((line) => line.replace(/(R\d+)=/g, "$1_w=").replaceAll("scalar(", "inv(id=0,").replace(/ @ p\.c:\d+/, ""));
const detailed = ["func#0 @0", "Live regs before insn:", "      0: .1........ (61) r2 = *(u32 *)(r1 +12)", ...body.slice(0, 4), "mark_precise: frame0: regs=r2 stack= before 0: (61) r2 = *(u32 *)(r1 +12)", "9: (95) exit", "", "from 1 to 2: R1=ctx() R2=scalar(umin=1) R10=fp0", ...body.slice(4), ...end];

const FORMS: Readonly<Record<string, string>> = {
	"bare": whole.join("\n"),
	"libbpf's": ["libbpf: prog 'count': BPF program load failed: Permission denied", "libbpf: prog 'count': -- BEGIN PROG LOAD LOG --", ...whole, "-- END PROG LOAD LOG --", "libbpf: prog 'count': failed to load: -13"].join("\n"),
	"cilium's": ["program count: load program: permission denied:", ...whole.map((line) => `\t${line}`)].join("\n"),
	"dmesg's": whole.map((line, i) => `[  12.${i + 100}] ${line}`).join("\r\n"),
	"an older kernel's": old.join("\n"),
	"level 2": detailed.join("\n"),
	"Linux 7.3's, with its report": [...body, end[0], "", "Verification failed: Register Type Safety: Nullable pointer", "", "Reason:", "  R0 may be NULL.", "", "At:", "  p.c:6:2", "  Instruction context:", "  >>> 7 | (79) r1 = *(u64 *)(r0 +0)", "", "Causal path:", "  R1=ctx()", "", "Suggestion:", "  Compare it.", "", end[1]].join("\n"),
};

describe("a pasted log", () => {
	it.each(Object.keys(FORMS))("is understood: %s", (form) => {
		const answers = explainLog([other, image], FORMS[form]);
		expect(answers).toHaveLength(1);
		expect(answers[0].explanation).toMatchObject({ program: "count", code: "V0101", insn: 7, line: { line: 6 }, variable: "v", origin: { line: { line: 5 } }, suggestion: "after line 5: if (!v) return XDP_PASS;", path: [{ line: { line: 3 }, to: { line: 5 } }] });
		expect(answers[0].remarks.some((remark) => remark.includes("names no program"))).toBe(!FORMS[form].includes("count"));
	});

	it("may speak of several programs", () => {
		const accepted = ["libbpf: prog 'other': -- BEGIN PROG LOAD LOG --", "0: (b7) r0 = 1", "1: (95) exit", "processed 2 insns (limit 1000000)", "-- END PROG LOAD LOG --"].join("\n");
		expect(explainLog([other, image], `${accepted}\n${FORMS["libbpf's"]}`).map(({ program, accepted: good }) => [program, good])).toEqual([["other", true], ["count", false]]);
	});

	it("may be cut off", () => {
		const [answer] = explainLog([image], body.join("\n"));
		expect(answer).toMatchObject({ explanation: null, accepted: false });
		expect(answer.remarks.join()).toContain("the log is cut off");
		expect(explainLog([image], [...body, end[0]].join("\n"))[0].explanation?.code).toBe("V0101");
	});

	it("gives its lines to an object without, or is explained by instruction", () => {
		const bare = { ...image, lineInfo: [] };
		expect(explainLog([bare], whole.join("\n"))[0]).toMatchObject({ explanation: { line: { file: "p.c", line: 6 } }, remarks: ["the object has no line information; these are the lines that the log quotes"] });
		const [answer] = explainLog([bare], whole.filter((line) => !line.startsWith(";")).join("\n"));
		expect(answer.explanation).toMatchObject({ line: null, insn: 7, instruction: "r1 = *(u64 *)(r0 + 0)" });
		expect(answer.remarks.join()).toContain("compile with -g");
	});

	it("of another build is said to be one", () => {
		const wrong = bareImage("count", image.insns.map((insn, i) => (i % 2 === 0 ? { ...insn, opcode: 0xb7 } : insn)), { type: 6, lineInfo: image.lineInfo });
		expect(explainLog([wrong], whole.join("\n"))[0].remarks.join()).toContain("another build");
	});

	it("that is none gives nothing", () => {
		expect(explainLog([image], "hello\nworld\n")).toEqual([]);
	});
});
