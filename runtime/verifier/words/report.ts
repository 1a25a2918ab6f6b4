/**
 * An explanation in the sections in which Linux 7.3 reports a rejection, below its log: what failed, the reason, the place in source and
 * instructions, the path that led there, a suggestion. The layout is the kernel's, for tools that read it; the words are ours.
 *
 * In: the program, an explanation, and the log of level 1 if there is one. Out: text.
 *
 *     Verification failed: Register Type Safety: R0 !read_ok
 *
 *     Reason: … At: … Causal path: … Suggestion: …
 *
 * Source: kernel/bpf/diagnostics.c, Linux 7.3; cilium/ebpf pull request 2111.
 */
import { type KernelNames, printKernelInsn } from "../../../assembler/text/print-kernel.ts";
import type { LineRecord, ProgramImage } from "../../image.ts";
import type { Explanation } from "./explain.ts";
import { calleeName } from "./trace.ts";

/** Columns of a line. */
const WIDTH = 100;
/** Lines and instructions shown before and after the one that is meant. */
const AROUND = 2;

/** By the code of the diagnosis; the first that matches counts. */
const CATEGORIES: readonly (readonly [codes: RegExp, name: string])[] = [
	[/^V0(?:998|999)/, "Verifier Internal Error"],
	[/^V0(?:12[0-3]|50[12]|22[04])/, "Policy"],
	[/^V0(?:4\d\d|024)/, "Verifier Limit"],
	[/^V0(?:60[16]|61[0156]|631)/, "Resource Lifetime Safety"],
	[/^V0(?:61[1-9]|62[2-6]|70[156]|641)/, "Execution Context Safety"],
	[/^V0(?:100|101|102|103|200|25\d|26\d|504|658)/, "Register Type Safety"],
	[/^V0(?:11\d|12\d|23\d|27\d|60\d|62\d|63\d|64\d|65\d|72\d|730)/, "Call Type Safety"],
	[/^V0(?:2|3|5|8)/, "Memory Safety"],
	[/./, "Program Structure"],
];

export function renderReport(image: ProgramImage, explanation: Explanation, log = ""): string {
	const { code, message, title, needed, known, path, suggestion, variable } = explanation;
	const category = CATEGORIES.find(([codes]) => codes.test(code))?.[1] ?? "Program Structure";
	const shown = variable !== null && title.startsWith(variable) ? title : title.charAt(0).toUpperCase() + title.slice(1);
	const reason = [needed === null ? null : `Needed is ${needed}.`, known === null ? null : `Known is: ${known}.`]
		.filter((part) => part !== null)
		.join(" ");
	const steps = path.flatMap(({ line, to, times }) => [
		`  ${line.file}:${line.line}: ${line.text.trim()}${to === null ? "" : ` -> line ${to.line}`}${times > 1 ? ` (${times} times)` : ""}`,
	]);
	const report = [
		"",
		`Verification failed: ${category}: ${shown}`,
		"",
		"Reason:",
		...wrapped(reason === "" ? message : reason, "  "),
		"",
		"At:",
		...placeOf(image, explanation),
		"",
		"Causal path:",
		...(steps.length === 0 ? ["  no branch on this path"] : steps),
		"",
		"Suggestion:",
		...wrapped(suggestion ?? "Nothing that holds in general.", "  "),
		"",
	];
	// The figures with which a log ends come after the report.
	const lines = log === "" ? [] : log.trimEnd().split("\n");
	const figures = lines.findIndex((line) => /^(?:verification time|stack depth|processed \d+ insns)/.test(line));
	const body = figures < 0 ? lines : lines.slice(0, figures);
	return `${[...body, ...report, ...(figures < 0 ? [] : lines.slice(figures))].join("\n")}\n`;
}

function placeOf(image: ProgramImage, { line, insn, function: name, message }: Explanation): string[] {
	if (insn < 0) return ["  the program as a whole", ...annotation(0, 0, message)];
	if (line === null) return [`  insn ${insn}`, ...annotation(0, 0, message), ...instructions(image, insn)];
	const where = `${line.file}:${line.line}:${line.column}`;
	return [
		`  ${name === null ? where : `${name} @ ${where}`}`,
		"  Source context:",
		...source(image, line, message),
		...instructions(image, insn),
	];
}

/** Lines of the same file that belong to instructions: no others are in an object. */
function source(image: ProgramImage, line: LineRecord, message: string): string[] {
	const texts = new Map<number, string>();
	for (const other of image.lineInfo)
		if (other.file === line.file && Math.abs(other.line - line.line) <= AROUND && !texts.has(other.line)) texts.set(other.line, other.text);
	const width = String(line.line + AROUND).length;
	return [...texts.keys()]
		.sort((a, b) => a - b)
		.flatMap((at) => {
			const text = (texts.get(at) ?? "").replaceAll("\t", "        ");
			const row = `  ${at === line.line ? ">>> " : "    "}${String(at).padStart(width)} | ${text}`;
			return at === line.line ? [row, ...annotation(width, text.length - text.trimStart().length, message)] : [row];
		});
}

const annotation = (width: number, indent: number, message: string): string[] =>
	wrapped(
		`error: ${message}`,
		`  ${" ".repeat(width + 4)} | ${" ".repeat(indent)}^-- `,
		`  ${" ".repeat(width + 4)} | ${" ".repeat(indent)}    `,
	);

function instructions(image: ProgramImage, insn: number): string[] {
	const width = String(Math.max(0, image.insns.length - 1)).length;
	const out = ["  Instruction context:"];
	const names: KernelNames = {
		call: (call) => calleeName(image, image.insns.indexOf(call)),
		constant: (load, next) => (BigInt(next?.imm ?? 0) << 32n) | BigInt(load.imm >>> 0),
	};
	for (let at = Math.max(0, insn - AROUND); at <= Math.min(image.insns.length - 1, insn + AROUND); at++) {
		// The second half of a 64-bit load is no instruction.
		if (at > 0 && image.insns[at - 1].opcode === 0x18) continue;
		out.push(
			`  ${at === insn ? ">>> " : "    "}${String(at).padStart(width)} | ${printKernelInsn(image.insns[at], image.insns[at + 1], names)}`,
		);
	}
	return out;
}

function wrapped(text: string, first: string, next = first): string[] {
	const out: string[] = [];
	let line = "";
	for (const word of text.split(/\s+/)) {
		if (line !== "" && line.length + 1 + word.length > WIDTH - first.length) {
			out.push(line);
			line = word;
		} else line = line === "" ? word : `${line} ${word}`;
	}
	out.push(line);
	return out.map((part, i) => (i === 0 ? first : next) + part);
}
