/**
 * Text to instructions, for a run of instructions without sections: inline assembly, tests, snippets.
 *
 * In: text, the dialect, names of labels that are defined elsewhere. Out: instructions, labels, and the references that are left to
 * others; mistakes as values. Symbols that are labels of this text are resolved; the rest stays in `refs`.
 */
import type { Insn } from "../spec/insn.ts";
import { Cursor } from "./cursor.ts";
import { parseInstruction } from "./kernel.ts";
import { type TextError, TextFault, type Token, tokenize } from "./lex.ts";
import { parseUbpfInstruction } from "./ubpf.ts";
import { make, type Parsed, type RefKind } from "./operands.ts";

/** The kernel's and LLVM's spelling, or uBPF's. */
export type Dialect = "kernel" | "ubpf";

/** What the text is written in, and what it may leave open. */
export interface ParseOptions {
	/** `kernel` (LLVM's too) by default. */
	readonly dialect?: Dialect;
	/** Labels outside of the text that jumps may name, as in `asm goto`: they come back as refs. */
	readonly labels?: ReadonlySet<string>;
	/** Whether other unknown symbols are allowed (calls and constants always are, in the kernel dialect). */
	readonly externs?: boolean;
}

/** A symbol that the text leaves to others. */
export interface TextRef {
	/** Index of the instruction's first slot. */
	readonly slot: number;
	readonly kind: RefKind;
	readonly symbol: string;
	readonly addend: number;
	readonly line: number;
	readonly column: number;
}

/** What was read; with errors, as far as it could be. */
export interface ParsedText {
	readonly insns: readonly Insn[];
	/** Slot indexes; `insns.length` for a label at the end. Numeric labels (`1:`) are not listed. */
	readonly labels: ReadonlyMap<string, number>;
	readonly refs: readonly TextRef[];
	readonly errors: readonly TextError[];
	/** The source line of each slot. */
	readonly lines: readonly number[];
}

/** Text of instructions and labels alone, without sections, to instructions, or what is wrong with it. @example parseInsns("r0 = 2\nexit").insns // two slots */
export function parseInsns(text: string, options: ParseOptions = {}): ParsedText {
	const ubpf = options.dialect === "ubpf";
	const insns: Insn[] = [];
	const lines: number[] = [];
	const labels = new Map<string, number>();
	const numeric = new Map<string, number[]>();
	const pending: (NonNullable<Parsed["ref"]> & { slot: number })[] = [];
	const errors: TextError[] = [];
	let c: Cursor;
	try {
		c = new Cursor(tokenize(text));
	} catch (error) {
		if (!(error instanceof TextFault)) throw error;
		return { insns, labels, refs: [], errors: [asError(error)], lines };
	}
	while (c.at < c.tokens.length) {
		if (c.atEnd()) {
			c.at++;
			continue;
		}
		try {
			if (label(c, insns.length, labels, numeric)) continue;
			const { line } = c.token;
			const parsed = ubpf ? parseUbpfInstruction(c) : c.token.text.startsWith(".") ? { insns: rawData(c) } : parseInstruction(c);
			if (!c.atEnd()) c.fail("expected the end of the instruction");
			if (parsed.ref) pending.push({ ...parsed.ref, slot: insns.length });
			for (const insn of parsed.insns) {
				insns.push(insn);
				lines.push(line);
			}
		} catch (error) {
			if (!(error instanceof TextFault)) throw error;
			errors.push(asError(error));
			c.skipStatement();
		}
	}

	if (ubpf && !labels.has("exit")) {
		const first = insns.findIndex((insn) => insn.opcode === make("exit").opcode);
		if (first >= 0) labels.set("exit", first);
	}
	const refs: TextRef[] = [];
	for (const { kind, symbol, addend, at, slot } of pending) {
		const place = labels.get(symbol) ?? numericLabel(symbol, slot, numeric);
		const ref = { slot, kind, symbol, addend: Number(addend), line: at.line, column: at.column };
		if (place === undefined || kind === "imm64" || kind === "imm") {
			const jump = kind === "off" || kind === "imm_jump";
			if (jump && !options.labels?.has(symbol) && !options.externs)
				errors.push({ message: `label "${symbol}" is not defined`, line: at.line, column: at.column });
			else refs.push(ref);
			continue;
		}
		const distance = place + Number(addend) - slot - 1;
		if (kind === "off" && (distance < -0x8000 || distance > 0x7fff))
			errors.push({
				message: `"${symbol}" is ${distance} instructions away: too far for 16 bits`,
				line: at.line,
				column: at.column,
			});
		else insns[slot] = kind === "off" ? { ...insns[slot], off: distance } : { ...insns[slot], imm: distance };
	}
	return { insns, labels, refs, errors, lines };
}

function asError({ message, line, column }: TextFault): TextError {
	return { message, line, column };
}

/** Takes `name:` or `1:`; whether there was one. */
function label(c: Cursor, slot: number, labels: Map<string, number>, numeric: Map<string, number[]>): boolean {
	const { token } = c;
	if (c.peek().kind !== "punct" || c.peek().text !== ":") return false;
	if (token.kind === "number") {
		const list = numeric.get(token.text) ?? [];
		numeric.set(token.text, list);
		list.push(slot);
	} else if (token.kind === "name" || token.kind === "string") {
		if (labels.has(token.text)) throw new TextFault(`label "${token.text}" is defined twice`, token);
		labels.set(token.text, slot);
	} else return false;
	c.at += 2;
	return true;
}

/** `1b` is the last `1:` at or before the reference, `1f` the first after it. */
function numericLabel(symbol: string, slot: number, numeric: ReadonlyMap<string, readonly number[]>): number | undefined {
	const match = /^(\d+)([bf])$/.exec(symbol);
	const places = match && numeric.get(match[1]);
	if (!match || !places) return undefined;
	return match[2] === "b" ? places.findLast((place) => place <= slot) : places.find((place) => place > slot);
}

const DATA_BYTES: Readonly<Record<string, number>> = {
	".byte": 1,
	".short": 2,
	".2byte": 2,
	".hword": 2,
	".long": 4,
	".4byte": 4,
	".int": 4,
	".word": 4,
	".quad": 8,
	".8byte": 8,
};

/** Instructions written as numbers: `.8byte 0x95`, `.long a, b`. Little-endian, whole slots within one statement or the next ones. */
function rawData(c: Cursor): Insn[] {
	const first = c.token;
	const bytes: number[] = [];
	do {
		while (c.token.kind === "end") c.at++;
		const size = Object.hasOwn(DATA_BYTES, c.token.text) ? DATA_BYTES[c.token.text] : undefined;
		if (size === undefined) c.fail(bytes.length > 0 ? "expected more data: instructions are 8 bytes" : "unknown directive");
		c.at++;
		do {
			const at: Token = c.token;
			const value = c.constant();
			if (value < -(1n << BigInt(8 * size - 1)) || value >= 1n << BigInt(8 * size))
				throw new TextFault(`${value} does not fit ${size * 8} bits`, at);
			for (let i = 0; i < size; i++) bytes.push(Number((value >> BigInt(8 * i)) & 0xffn));
		} while (c.accept(","));
		if (bytes.length > 1 << 20) throw new TextFault("too much data", first);
	} while (bytes.length % 8 !== 0);
	const insns: Insn[] = [];
	const view = new DataView(Uint8Array.from(bytes).buffer);
	for (let i = 0; i < bytes.length; i += 8)
		insns.push({
			opcode: bytes[i],
			dst: bytes[i + 1] & 15,
			src: bytes[i + 1] >> 4,
			off: view.getInt16(i + 2, true),
			imm: view.getInt32(i + 4, true),
		});
	return insns;
}
