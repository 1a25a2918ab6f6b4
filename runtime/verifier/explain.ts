/**
 * A rejection in words for the one who wrote the program: the C line with a caret, what must hold, what is known and since where,
 * the branches that led there, what to change.
 *
 *     prog.c:7:5: error[V0101]: R0 invalid mem access 'map_value_or_null'
 *         7 |     *v += 1;
 *           |     ^
 *       needed: a pointer that cannot be null
 *       known:  v: map_value_or_null
 *       from:   prog.c:6: result of bpf_map_lookup_elem
 *       path:
 *               prog.c:6: long *v = bpf_map_lookup_elem(&m, &k);
 *       try:    check it first: if (!v) return 0;
 */
import { printInsn } from "../../assembler/text/print.ts";
import { lineAt } from "../fault.ts";
import type { LineRecord, ProgramImage } from "../image.ts";
import { adviceFor } from "./advice.ts";
import type { Rejection } from "./facts.ts";

export interface Explanation {
	readonly program: string;
	readonly code: string;
	/** The kernel's. */
	readonly message: string;
	readonly insn: number;
	/** The instruction as text; empty when the program as a whole is meant. */
	readonly instruction: string;
	readonly line: LineRecord | null;
	/** C variable concerned, guessed from the line that gave it its value. */
	readonly variable: string | null;
	readonly needed: string | null;
	readonly known: string | null;
	readonly origin: { readonly insn: number; readonly line: LineRecord | null; readonly why: string } | null;
	/** Branches on the way, one per C line, oldest first. */
	readonly path: readonly LineRecord[];
	readonly suggestion: string | null;
}

/** Lines of the path that are shown. */
const SHOWN = 8;

export function explain(image: ProgramImage, rejection: Rejection): Explanation {
	const { insn, message } = rejection;
	const insnAt = image.insns[insn];
	const line = insn >= 0 ? lineAt(image, insn) : null;
	const origin = rejection.origin === undefined ? null : { ...rejection.origin, line: lineAt(image, rejection.origin.insn) };
	const variable = origin?.line ? assignedIn(origin.line.text) : null;
	const advice = adviceFor(message);
	const edit = rejection.suggestion ?? advice?.edit ?? null;
	return {
		program: image.name,
		code: rejection.code,
		message,
		insn,
		instruction: insnAt === undefined ? "" : (printInsn(insnAt, image.insns[insn + 1]) ?? ""),
		line,
		variable,
		needed: rejection.needed ?? advice?.needed ?? null,
		known: rejection.known ?? null,
		origin,
		path: linesOf(image, rejection.path),
		suggestion: edit === null ? null : withVariable(edit, variable),
	};
}

function withVariable(edit: string, variable: string | null): string {
	return edit.replaceAll("$v", variable ?? "ptr");
}

/** `struct x *v = f();`, `a->b = …`, `v += …`: the name before the first assignment. */
function assignedIn(text: string): string | null {
	const match = /([A-Za-z_]\w*(?:\s*(?:->|\.)\s*\w+|\[[^\]]*\])*)\s*(?:[-+*/%&|^]|<<|>>)?=(?!=)/.exec(text);
	return match === null ? null : match[1].replace(/\s+/g, "");
}

function linesOf(image: ProgramImage, slots: readonly number[]): LineRecord[] {
	const out: LineRecord[] = [];
	for (const slot of slots) {
		const line = lineAt(image, slot);
		const last = out[out.length - 1];
		if (line !== null && (last === undefined || last.line !== line.line || last.file !== line.file)) out.push(line);
	}
	return out;
}

export function renderExplanation(e: Explanation, color = false): string {
	const paint = (style: string, text: string): string => (color ? `\x1b[${style}m${text}\x1b[0m` : text);
	const where = e.line === null ? `${e.program}${e.insn >= 0 ? `: instruction ${e.insn}` : ""}` : `${e.line.file}:${e.line.line}:${e.line.column}`;
	const out = [`${paint("1", `${where}:`)} ${paint("1;31", `error[${e.code}]:`)} ${paint("1", e.message)}`];
	if (e.line !== null) {
		const number = String(e.line.line).padStart(6);
		const text = e.line.text.replaceAll("\t", " ");
		out.push(`${number} | ${text}`, `${" ".repeat(6)} | ${" ".repeat(Math.max(0, e.line.column - 1))}${paint("1;32", "^")}`);
	}
	if (e.instruction !== "") out.push(`  at:     instruction ${e.insn} of ${e.program}: ${e.instruction}`);
	if (e.needed !== null) out.push(`  needed: ${e.needed}`);
	if (e.known !== null) out.push(`  known:  ${e.variable === null ? "" : `${e.variable}: `}${e.known}`);
	if (e.origin !== null) out.push(`  from:   ${e.origin.line === null ? `instruction ${e.origin.insn}` : `${e.origin.line.file}:${e.origin.line.line}`}: ${e.origin.why}`);
	if (e.path.length > 0) {
		out.push("  path:");
		if (e.path.length > SHOWN) out.push(`          … ${e.path.length - SHOWN} more`);
		for (const line of e.path.slice(-SHOWN)) out.push(`          ${line.file}:${line.line}: ${line.text.trim()}`);
	}
	if (e.suggestion !== null) out.push(`  try:    ${e.suggestion}`);
	return `${out.join("\n")}\n`;
}
