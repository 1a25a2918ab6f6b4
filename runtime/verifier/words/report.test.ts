/** The sections of Linux 7.3's report, with our words in them. */
import { describe, expect, it } from "vitest";
import { bareImage } from "../../../test/support/image.ts";
import { verify } from "../verify.ts";
import { explain } from "./explain.ts";
import { explainLog } from "./explain-log.ts";
import { renderReport } from "./report.ts";

const exit = { opcode: 0x95, dst: 0, src: 0, off: 0, imm: 0 };
const line = { insn: 0, file: "p.c", line: 12, column: 9, text: "\treturn x;" };

function report(lineInfo: readonly (typeof line)[]) {
	const image = bareImage("end", [exit], { type: 6, section: "xdp", lineInfo: [...lineInfo] });
	const verdict = verify(image, { logLevel: 1 });
	if (verdict.verdict === "accept") throw new Error("accepted");
	return { image, text: renderReport(image, explain(image, verdict.rejection), verdict.log) };
}

describe("a report", () => {
	it("stands between the log and its figures", () => {
		const { text } = report([]);
		const parts = ["0: R1=ctx() R10=fp0\n0: (95) exit\nR0 !read_ok\n\n", "Verification failed: Register Type Safety: ", "\nReason:\n  Needed is ", "\nAt:\n  insn 0\n       | ^-- error: R0 !read_ok\n", "  Instruction context:\n  >>> 0 | (95) exit\n", "\nCausal path:\n  no branch on this path\n", "\nSuggestion:\n  return a value", "\nprocessed 1 insns"];
		let at = -1;
		for (const part of parts) {
			expect(text.indexOf(part), `${part} in\n${text}`).toBeGreaterThan(at);
			at = text.indexOf(part);
		}
	});

	it("shows the C line where there is one", () => {
		expect(report([line]).text).toContain("p.c:12:9\n  Source context:\n  >>> 12 |         return x;\n         |         ^-- error: R0 !read_ok\n");
	});

	it("is no longer than a terminal is wide, and is read again as a log", () => {
		const { image, text } = report([line]);
		expect(Math.max(...text.split("\n").map((row) => row.length))).toBeLessThanOrEqual(100);
		expect(explainLog([image], text)[0].explanation?.code).toBe("V0100");
	});
});
