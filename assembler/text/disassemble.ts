/**
 * An object's code as `llvm-objdump -d` prints it, byte for byte (LLVM 19), and with `-r` its relocations in between.
 *
 * In: an object. Out: text. Each executable section is cut at its symbols; within, every instruction is a line, runs of zero bytes
 * are `...`, and a jump names the nearest symbol before its target.
 */
import { FormatError } from "../bytes.ts";
import { decode } from "../decode.ts";
import { CORE_KINDS } from "../spec/btf.ts";
import type { Btf } from "../btf/types.ts";
import type { CoreRelo } from "../btf/ext.ts";
import type { ObjectFile, ObjectSymbol, Section } from "../object.ts";
import type { Insn } from "../spec/insn.ts";
import { relocationName, SHF, SHT } from "../spec/elf.ts";
import { CLASS, LD_IMM64_OPCODE } from "../spec/isa.ts";
import { OBJDUMP_STYLE, type PrintStyle, printInsn } from "./print.ts";

/** llvm-objdump's options. */
export interface DisassembleOptions {
	/** `-r`: relocations, CO-RE's too, after their instruction. */
	readonly relocations?: boolean;
	/** Only these sections. */
	readonly sections?: readonly string[];
	/** Written before the instruction at a byte offset of a section: source lines. */
	readonly before?: (section: Section, offset: number) => string;
	/** `-mcpu=v3` and up: 32-bit register names in memory instructions. */
	readonly alu32?: boolean;
	readonly hex?: boolean;
	/** All sections with contents, `-D`. */
	readonly all?: boolean;
	/** `--no-show-raw-insn`. */
	readonly raw?: boolean;
}

interface Label {
	readonly address: number;
	readonly name: string;
	readonly type: ObjectSymbol["type"];
	/** Names the section for want of a symbol. */
	readonly dummy?: boolean;
}

/** The text; every line ends in a newline. */
export function disassemble(object: ObjectFile, options: DisassembleOptions = {}): string {
	const out: string[] = [];
	object.sections.forEach((section, index) => {
		if (options.sections ? !options.sections.includes(section.name) : !options.all && (section.flags & SHF.execinstr) === 0) return;
		if (section.type === SHT.nobits || section.size === 0) return;
		out.push(`\nDisassembly of section ${section.name}:\n`);
		disassembleSection(object, section, labelsOf(object, index, section), options, out);
	});
	return out.join("");
}

function labelsOf(object: ObjectFile, index: number, section: Section): Label[] {
	const labels: Label[] = [];
	for (const symbol of object.symbols)
		if (symbol.section === index && symbol.type !== "section" && symbol.name !== "")
			labels.push({ address: symbol.value, name: symbol.name, type: symbol.type });
	labels.sort((a, b) => a.address - b.address || compareText(a.name, b.name));
	if (labels.length === 0 || labels[0].address !== 0) labels.unshift({ address: 0, name: section.name, type: "function", dummy: true });
	return labels;
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function disassembleSection(
	object: ObjectFile,
	section: Section,
	labels: readonly Label[],
	options: DisassembleOptions,
	out: string[],
): void {
	const style: PrintStyle = { ...OBJDUMP_STYLE, alu32: options.alu32 ?? false, hex: options.hex ?? true };
	const { data } = section;
	const notes = options.relocations ? relocationNotes(object, section) : [];
	let nextNote = 0;
	for (let i = 0; i < labels.length; ) {
		// One of the symbols of an address is shown: the last.
		let last = i;
		while (last + 1 < labels.length && labels[last + 1].address === labels[i].address) last++;
		const start = labels[i].address;
		const end = Math.min(last + 1 < labels.length ? labels[last + 1].address : data.length, data.length);
		const shown = labels[last];
		i = last + 1;
		if (start >= end) continue;
		out.push(`\n${start.toString(16).padStart(16, "0")} <${shown.name}>:\n`);
		const whole = Math.floor((end - start) / 8);
		const insns = decode(data.subarray(start, start + whole * 8), object.endian);
		for (let at = start; at < end; ) {
			// Skipped zeros stop at the next relocation.
			const limit = nextNote < notes.length ? Math.min(end, Math.max(notes[nextNote].offset, at)) : end;
			const zeros = skippableZeros(data, at, limit);
			if (zeros > 0) {
				out.push("\t\t...\n");
				at += zeros;
				continue;
			}
			if (options.before) out.push(options.before(section, at));
			const slot = (at - start) / 8;
			const insn: Insn | undefined = Number.isInteger(slot) ? insns[slot] : decodeOne(data, at, end, object.endian);
			const next = Number.isInteger(slot) ? insns[slot + 1] : decodeOne(data, at + 8, end, object.endian);
			const text = insn && printInsn(insn, next, style);
			const length = insn === undefined ? end - at : text !== undefined && insn.opcode === LD_IMM64_OPCODE ? 16 : 8;
			out.push(`${String(Math.floor(at / 8)).padStart(8)}:`);
			if (options.raw !== false) out.push("\t", hexBytes(data, at, Math.min(at + length, end)));
			out.push("\t", text ?? "<unknown>", text !== undefined ? targetNote(insn!, at, labels) : "", "\n");
			at += length;
			for (; nextNote < notes.length && notes[nextNote].offset < at; nextNote++) out.push(notes[nextNote].text);
		}
	}
}

function decodeOne(data: Uint8Array, at: number, end: number, endian: "little" | "big"): Insn | undefined {
	return at + 8 <= end ? decode(data.subarray(at, at + 8), endian)[0] : undefined;
}

/** At least 8 zero bytes in a row are skipped, in multiples of 4. */
function skippableZeros(data: Uint8Array, at: number, end: number): number {
	let p = at;
	while (p < end && data[p] === 0) p++;
	return p - at < 8 ? 0 : (p - at) & ~3;
}

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

function hexBytes(data: Uint8Array, at: number, end: number): string {
	let text = "";
	for (let i = at; i < end; i++) text += i === at ? HEX[data[i]] : ` ${HEX[data[i]]}`;
	return text;
}

/** ` <name+0x10>` behind a jump. LLVM reads every jump's distance as 16 bits. */
function targetNote(insn: Insn, at: number, labels: readonly Label[]): string {
	const cls = insn.opcode & 7;
	const code = insn.opcode & 0xf0;
	if ((cls !== CLASS.jmp && cls !== CLASS.jmp32) || code === 0x80 || code === 0x90) return "";
	const distance = cls === CLASS.jmp32 && code === 0 ? insn.imm : insn.off;
	// Addresses wrap around at 2^64, so that a target before the section lies beyond every symbol.
	const target = at + 8 + distance * 8;
	let found = labels.length - 1;
	if (target >= 0) while (found >= 0 && labels[found].address > target) found--;
	if (found < 0) return "";
	const { address, name } = labels[found];
	const beyond = target - address;
	return ` <${name}${beyond === 0 ? "" : `+0x${beyond < 0 ? BigInt.asUintN(64, BigInt(beyond)).toString(16) : beyond.toString(16)}`}>`;
}

interface Note {
	readonly offset: number;
	readonly text: string;
}

function relocationNotes(object: ObjectFile, section: Section): Note[] {
	const notes: Note[] = section.relocs.map(({ offset, type, symbol }) => {
		const target = object.symbols[symbol];
		const name = target.type === "section" && typeof target.section === "number" ? object.sections[target.section].name : target.name;
		return {
			offset,
			text: `\t\t${offset.toString(16).padStart(16, "0")}:  ${relocationName(type) ?? "Unknown"}\t${name}\n`,
		};
	});
	const { btf, btfExt } = object;
	if (btf && btfExt)
		for (const { section: name, records } of btfExt.coreRelos)
			if (name === section.name)
				for (const record of records)
					notes.push({
						offset: record.insnOffset,
						text: `\t\t${record.insnOffset.toString(16).padStart(16, "0")}:  CO-RE ${describeCoreRelo(btf, record)}\n`,
					});
	return notes.sort((a, b) => a.offset - b.offset);
}

/** `<byte_off> [5] struct sk_buff::len (0:1)`, as LLVM and libbpf word it. */
function describeCoreRelo(btf: Btf, relo: CoreRelo): string {
	const kind = CORE_KINDS[relo.kind] ?? `unknown kind ${relo.kind}`;
	const head = `<${kind}> [${relo.typeId}]`;
	const strip = (id: number): number => {
		for (let i = 0; i < 32; i++) {
			const type = btf.types[id];
			if (
				type.kind !== "const" &&
				type.kind !== "volatile" &&
				type.kind !== "restrict" &&
				type.kind !== "typedef" &&
				type.kind !== "type_tag"
			)
				break;
			id = type.type;
		}
		return id;
	};
	let title = head;
	let id = relo.typeId;
	let type = btf.types[id];
	for (let i = 0; i < 32 && (type.kind === "const" || type.kind === "volatile" || type.kind === "restrict"); i++) {
		title += ` ${type.kind}`;
		type = btf.types[(id = type.type)];
	}
	// Pointers, arrays and functions have no word of their own.
	const word =
		type.kind === "enum64"
			? "enum"
			: type.kind === "fwd"
				? `fwd ${type.union ? "union" : "struct"}`
				: type.kind === "struct" || type.kind === "union" || type.kind === "enum" || type.kind === "typedef"
					? type.kind
					: "";
	title += `${word === "" ? "" : ` ${word}`} ${"name" in type && type.name !== "" ? type.name : `<anon ${id}>`}`;
	if (relo.kind >= 6 && relo.kind !== 10 && relo.kind !== 11) return title;
	const path = relo.access.split(":").map(Number);
	if (path.some((step) => !Number.isInteger(step) || step < 0))
		throw new FormatError(`bad access string ${JSON.stringify(relo.access)}`, relo.insnOffset);
	if (relo.kind === 10 || relo.kind === 11) {
		const target = btf.types[strip(relo.typeId)];
		const value = target.kind === "enum" || target.kind === "enum64" ? target.values[path[0]] : undefined;
		return value === undefined ? title : `${title}::${value.name} = ${value.value}`;
	}
	let text = path[0] === 0 ? "" : `[${path[0]}]`;
	let at = strip(relo.typeId);
	for (const step of path.slice(1)) {
		const current = btf.types[at];
		if (current.kind === "struct" || current.kind === "union") {
			const member = current.members[step];
			if (member === undefined) break;
			text += `${text === "" || text.endsWith(".") ? "" : "."}${member.name === "" ? `<anon ${step}>` : member.name}`;
			at = strip(member.type);
		} else if (current.kind === "array") {
			text += `[${step}]`;
			at = strip(current.type);
		} else break;
	}
	return `${title}::${text} (${relo.access})`;
}
