/**
 * A rejection in words for the one who wrote the program.
 *
 *     prog.c:7:2: error: value may be NULL here [V0101]
 *         7 |     *value += 1;
 *           |     ^~~~~~
 *       kernel: R0 invalid mem access 'map_value_or_null'
 *       at:     instruction 7 of count: r1 = *(u64 *)(r0 + 0)
 *       needed: a pointer that was compared with NULL on this path
 *       known:  value is a value of map m, or NULL, since prog.c:6 (result of bpf_map_lookup_elem)
 *       path:   prog.c:5: if (ctx->ingress_ifindex == 0) return 1;  → line 6
 *       try:    after line 6: if (!value) return XDP_PASS;
 */
import { printInsn } from "../../../assembler/text/print.ts";
import { lineAt } from "../../fault.ts";
import type { LineRecord, ProgramImage } from "../../image.ts";
import type { Rejection } from "../facts.ts";
import { tokenAt } from "./c-text.ts";
import { type Clues, type Origin, gather } from "./clues.ts";
import { specOf } from "../programs/table.ts";
import { diagnose } from "./diagnoses.ts";
import { calleeName } from "./trace.ts";
import { describe, rangeWords } from "./known.ts";
import { wordSet } from "../../../assembler/words.ts";

/** Stable: `ebpfcc verify --json` prints it (docs/internals/verifier.md). */
export interface Explanation {
	readonly program: string;
	/** The function within it, when BTF names it. */
	readonly function: string | null;
	readonly code: string;
	/** One line in plain words. */
	readonly title: string;
	/** The kernel's. */
	readonly message: string;
	readonly insn: number;
	/** The instruction as text; empty when the program as a whole is meant. */
	readonly instruction: string;
	readonly line: LineRecord | null;
	/** Part of the line that is meant: first column, from 1, and length. */
	readonly caret: { readonly column: number; readonly length: number } | null;
	/** C variable concerned. */
	readonly variable: string | null;
	readonly needed: string | null;
	readonly known: string | null;
	readonly origin: { readonly insn: number; readonly line: LineRecord | null; readonly why: string } | null;
	/** Branches on the way, oldest first: a condition's line, and the line that came next. */
	readonly path: readonly PathStep[];
	readonly suggestion: string | null;
	/** Which kernels say otherwise. */
	readonly note: string | null;
}

export interface PathStep {
	readonly line: LineRecord;
	readonly to: LineRecord | null;
	readonly times: number;
}

/** Steps of the path that are shown. */
const SHOWN = 8;

export function explain(image: ProgramImage, rejection: Rejection): Explanation {
	const { message } = rejection;
	const insn = rejection.loop?.insn ?? rejection.insn;
	const diagnosis = diagnose(message, rejection.notes, rejection.state, rejection.loop);
	const clues = gather(image, rejection, diagnosis?.groups ?? []);
	const insnAt = image.insns[insn];
	const fill = (text: string): string => filled(text, clues);
	const row = diagnosis?.row;
	const edit =
		row === undefined || row.edit === null ? (rejection.suggestion ?? null) : typeof row.edit === "string" ? row.edit : row.edit(clues);
	const origin = clues.acquired === null ? clues.origin : { ...clues.acquired, why: `acquired by ${clues.acquired.callee}` };
	return {
		program: image.name,
		function: functionAt(image, insn),
		code: row?.code ?? rejection.code,
		title: row === undefined ? message : fill(row.title),
		message,
		insn,
		instruction: insnAt === undefined ? "" : (printInsn(insnAt, image.insns[insn + 1]) ?? "") + calledName(image, insn),
		line: clues.line,
		caret: caretOf(clues),
		variable: clues.acquired?.name ?? clues.name,
		needed: row === undefined ? (rejection.needed ?? null) : row.needed === "" ? null : fill(row.needed),
		known: knownWords(clues, rejection),
		origin: origin === null ? null : { insn: origin.insn, line: origin.line, why: origin.why },
		path: pathOf(image, rejection),
		suggestion: wrongContext(image, clues) ?? (edit === null || edit === undefined ? null : fill(edit)),
		note: rejection.unseenBy618 === true ? "Linux 6.18 misses this path, by a fault of its own, and accepts the program" : null,
	};
}

/** " (bpf_ktime_get_ns)" after the number of what is called. */
function calledName(image: ProgramImage, insn: number): string {
	const { opcode, src, imm } = image.insns[insn];
	if (opcode !== 0x85) return "";
	const name = src === 1 ? functionAt(image, insn + imm + 1) : calleeName(image, insn);
	return name === null || /^(?:helper|kernel function) -?\d+$/.test(name) ? "" : ` (${name})`;
}

/** The entry declares the context of another program type: what is read there are other fields. */
function wrongContext(image: ProgramImage, { origin, known, insn }: Clues): string | null {
	const spec = specOf(image.type);
	const types = image.btf?.types;
	if (!spec || !types || image.funcInfo.length === 0 || (image.funcInfo[1] !== undefined && insn >= image.funcInfo[1][0])) return null;
	if (!(known?.type === "ctx" || (known?.type === "scalar" && origin?.kind === "load"))) return null;
	const main = types[image.funcInfo[0][1]];
	const proto = main?.kind === "func" ? types[main.type] : undefined;
	const first = proto?.kind === "func_proto" ? types[proto.params[0]?.type ?? 0] : undefined;
	const target = first?.kind === "ptr" ? types[first.type] : undefined;
	if (target?.kind !== "struct" || !CONTEXTS.has(target.name) || spec.contextType === "" || target.name === spec.contextType) return null;
	return `the context of ${spec.name} programs is struct ${spec.contextType}, not struct ${target.name}: declare the argument so, or choose another SEC()`;
}

/** Contexts that are often taken for each other. */
const CONTEXTS = wordSet(`
	xdp_md __sk_buff pt_regs bpf_sock bpf_sock_addr bpf_sock_ops sk_msg_md bpf_perf_event_data sk_reuseport_md
	bpf_sk_lookup bpf_sockopt bpf_sysctl
`);

function filled(text: string, clues: Clues): string {
	const { groups, argument } = clues;
	const words: Readonly<Record<string, string>> = {
		v: clues.name ?? (argument?.text ? argument.text : "this value"),
		f: clues.callee === null ? "the call" : `${clues.callee}()`,
		n: String(argument?.number ?? groups[1] ?? ""),
		a: argument?.text ?? "the argument",
		k: clues.known === null ? "of another kind" : describe(clues.known),
		e: isAnyMemory(groups[3] ?? "")
			? ANY_MEMORY
			: (groups[3] ?? "")
					.split(", ")
					.map((type) =>
						describe({ type, attributes: new Map(), low: 0n, high: 0n }).replace(
							/,? (?:of map|\(\? bytes\)|of \? bytes|never compared with data_end).*$/,
							"",
						),
					)
					.filter((type, i, all) => all.indexOf(type) === i)
					.join(", "),
		r: clues.acquired?.name ?? (clues.acquired === null ? "a reference" : `what ${clues.acquired.callee} gave`),
		w: clues.write ? "written" : "read",
		x: clues.exit,
		q: clues.image.poisoned.get(clues.insn) || "field, type or value that is relocated here",
		u: unsetWords(clues),
		o: /callback/.test(groups[1] ?? "") ? "the callback" : "the program",
		i: groups[4] === groups[5] ? `the value ${groups[4] ?? ""}` : `a value from ${groups[4] ?? ""} to ${groups[5] ?? ""}`,
		t: specOf(clues.image.type)?.name ?? String(clues.image.type),
		c: clues.access?.text ?? `the context at offset ${groups[1] ?? "?"} (${groups[2] ?? "?"} bytes)`,
	};
	return text.replace(/\$([a-z]|\d)/g, (whole, key: string) => words[key] ?? groups[Number(key)] ?? whole);
}

/** What helpers take that read or fill memory: nearly everything that is memory. */
const isAnyMemory = (types: string): boolean => /\bfp\b/.test(types) && /\bmap_value\b/.test(types) && /\bmem\b/.test(types);
const ANY_MEMORY = "the address of memory: of a variable, of a map's value, of bytes in the packet";

function unsetWords({ name, argument, callee, insn, image }: Clues): string {
	if (image.insns[insn]?.opcode === 0x95) return "the return value";
	return name ?? (argument === null ? "this value" : `argument ${argument.number} of ${callee ?? "the call"}()`);
}

const since = (line: LineRecord | null, insn: number): string => (line === null ? `instruction ${insn}` : `${line.file}:${line.line}`);

function knownWords(clues: Clues, rejection: Rejection): string | null {
	const { known, index, origin, acquired } = clues;
	if (acquired !== null) return `acquired at ${since(acquired.line, acquired.insn)} by ${acquired.callee}, still held here`;
	const out: string[] = [];
	const from =
		origin === null || origin.kind === "argument" || origin.why === "an address on the stack"
			? ""
			: `, since ${since(origin.line, origin.insn)} (${origin.why})${comparedWords(origin, known)}`;
	// One number in the offset is what the compiler made of it, not what the index is.
	if (index !== null && known !== null && known.type !== "scalar" && (index.low !== index.high || index.origin !== null)) {
		const made =
			index.origin === null
				? ""
				: `, since ${since(index.origin.line, index.origin.insn)} (${index.origin.why})${comparedWords(index.origin, index)}`;
		out.push(
			`${index.name ?? "the index"} is ${rangeWords(index.low, index.high)}${index.scale > 1 ? `, times ${index.scale} bytes` : ""}${made}`,
		);
	}
	if (clues.size !== null && clues.size.text !== null && !/^\d+$/.test(clues.size.text))
		out.push(`${clues.size.text} is ${rangeWords(clues.size.low, clues.size.high)}`);
	if (known !== null)
		out.push(
			`${clues.name ?? clues.argument?.text ?? (rejection.register === 0 ? "the result" : "it")} is ${describe(known)}${from}${lostWords(clues)}`,
		);
	else if (rejection.known !== undefined) out.push(rejection.known + from);
	else if (origin !== null) out.push(`${clues.name ?? "it"} was ${origin.why} at ${since(origin.line, origin.insn)}`);
	return out.length === 0 ? null : out.join("; ");
}

/** A comparison of 32 bits says nothing of a number of 64. */
function comparedWords({ compared, half }: Origin, of: { readonly low: bigint | null } | null): string {
	return compared === null ? "" : `, compared at line ${compared.line}${half && of?.low === null ? " (only its lower 32 bits)" : ""}`;
}

function lostWords({ lost }: Clues): string {
	return lost === null ? "" : `, lost at ${since(lost.line, lost.insn)} (${lost.callee})`;
}

function caretOf({ line, access, callee }: Clues): Explanation["caret"] {
	if (line === null || line.column < 1) return null;
	if (access !== null) return { column: access.at + 1, length: access.text.length };
	const call = callee === null ? -1 : line.text.indexOf(callee);
	const column = call >= 0 ? call + 1 : line.column;
	return { column, length: tokenAt(line.text, column) };
}

function functionAt(image: ProgramImage, insn: number): string | null {
	if (insn < 0 || image.btf === null) return null;
	const found = image.funcInfo.findLast(([start]) => start <= insn);
	const type = found === undefined ? undefined : image.btf.types[found[1]];
	return type !== undefined && "name" in type && typeof type.name === "string" ? type.name : null;
}

/** Conditions passed on the way to the instruction, each with the line that came next. */
function pathOf(image: ProgramImage, { insn, executed = [] }: Rejection): PathStep[] {
	const out: { line: LineRecord; to: LineRecord | null; times: number }[] = [];
	const lines = new Map<number, LineRecord | null>();
	const lineOf = (slot: number): LineRecord | null => {
		let line = lines.get(slot);
		if (line === undefined) lines.set(slot, (line = lineAt(image, slot)));
		return line;
	};
	// From each place on, where the next line is that is another one (−1: the refused instruction's). A loop may stand on one line a million times.
	const next = new Int32Array(executed.length);
	for (let i = 0; i < executed.length; i++) next[i] = i > 0 && sameLine(lineOf(executed[i - 1]), lineOf(executed[i])) ? next[i - 1] : i - 1;
	for (let i = executed.length - 1; i >= 0; i--) {
		const at = executed[i];
		const { opcode } = image.insns[at];
		if (((opcode & 7) !== 5 && (opcode & 7) !== 6) || [0x00, 0x80, 0x90].includes(opcode & 0xf0)) continue;
		const line = lineOf(at);
		if (line === null) continue;
		const to = lineOf(next[i] >= 0 ? executed[next[i]] : insn);
		const shown = sameLine(to, line) ? null : to;
		// A loop comes by again: count it where it was.
		const before = out.slice(-3).find((step) => sameLine(step.line, line) && sameLine(step.to, shown));
		if (before !== undefined) before.times++;
		else out.push({ line, to: shown, times: 1 });
	}
	return out;
}

const sameLine = (a: LineRecord | null, b: LineRecord | null): boolean =>
	a === b || (a !== null && b !== null && a.line === b.line && a.file === b.file);

export function renderExplanation(e: Explanation, color = false): string {
	const paint = (style: string, text: string): string => (color ? `\x1b[${style}m${text}\x1b[0m` : text);
	const where =
		e.line === null
			? `${e.program}${e.insn >= 0 ? `: instruction ${e.insn}` : ""}`
			: `${e.line.file}:${e.line.line}:${e.caret?.column ?? e.line.column}`;
	const out = [`${paint("1", `${where}:`)} ${paint("1;31", "error:")} ${paint("1", e.title)} [${e.code}]`];
	if (e.line !== null) {
		const number = String(e.line.line).padStart(6);
		out.push(`${number} | ${e.line.text.replaceAll("\t", " ")}`);
		if (e.caret !== null)
			out.push(`       | ${" ".repeat(e.caret.column - 1)}${paint("1;32", `^${"~".repeat(Math.max(0, e.caret.length - 1))}`)}`);
	}
	if (e.title !== e.message) out.push(`  kernel: ${e.message.replaceAll("\n", " ")}`);
	if (e.instruction !== "")
		out.push(
			`  at:     instruction ${e.insn} of ${e.program}${e.function === null || e.function === e.program ? "" : ` (in ${e.function})`}: ${e.instruction}`,
		);
	if (e.needed !== null) out.push(`  needed: ${e.needed}`);
	if (e.known !== null) out.push(`  known:  ${e.known}`);
	const steps = e.path
		.slice(-SHOWN)
		.map(
			(step) =>
				`${step.line.file}:${step.line.line}: ${step.line.text.trim()}${step.to === null ? "" : `  → line ${step.to.line}`}${step.times > 1 ? ` (${step.times} times)` : ""}`,
		);
	if (e.path.length > SHOWN) steps.unshift(`… ${e.path.length - SHOWN} branches before`);
	for (const [i, step] of steps.entries()) out.push(`${i === 0 ? "  path:   " : "          "}${step}`);
	if (e.suggestion !== null) out.push(`  try:    ${e.suggestion}`);
	if (e.note !== null) out.push(`  note:   ${e.note}`);
	return `${out.join("\n")}\n`;
}
