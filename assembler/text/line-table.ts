/**
 * `.file` and `.loc` to DWARF's line table, as LLVM's assembler encodes it. In: the files and rows that directives named, with the places of their
 * labels. Out: the bytes of `.debug_line` and `.debug_line_str`, and the places in them that need relocations.
 *
 * A `.loc` waits for the next instruction; another one before that makes a row of its own. Version 5 where there is a file 0, else 4.
 * Source: DWARF 5, section 6.2; the choice among encodings is that of LLVM's MCDwarf.cpp.
 */
import { encodeUtf8, StringTable, Writer } from "../bytes.ts";
import type { Label, SectionBuilder } from "./section.ts";

export interface LineFile {
	readonly directory: string;
	readonly name: string;
	readonly md5: string | undefined;
}

export interface Loc {
	readonly file: number;
	readonly line: number;
	readonly column: number;
	readonly statement: boolean;
	readonly basicBlock: boolean;
	readonly prologueEnd: boolean;
	readonly epilogueBegin: boolean;
	readonly isa: number;
	readonly discriminator: number;
}

interface Row {
	/** Nothing: a sequence ends here. */
	readonly loc: Loc | undefined;
	readonly label: Label;
}

/** What directives collect. */
export class LineRecorder {
	root: LineFile | undefined;
	readonly files = new Map<number, LineFile>();
	readonly rows = new Map<SectionBuilder, Row[]>();
	/** Stays on from one `.loc` to the next. */
	statement = true;
	private waiting: Loc | undefined;

	loc(loc: Loc, current: SectionBuilder): void {
		this.flush(current);
		this.statement = loc.statement;
		this.waiting = loc;
	}
	/** Before something is put into a section. */
	flush(current: SectionBuilder): void {
		if (this.waiting === undefined) return;
		const rows = this.rows.get(current) ?? [];
		this.rows.set(current, rows);
		rows.push({ loc: this.waiting, label: current.here() });
		this.waiting = undefined;
	}
	/** Where code goes on in another section: clang ends a sequence there, though the section may be taken up again. */
	end(label: Label): void {
		this.rows.get(label.section)?.push({ loc: undefined, label });
	}
	get used(): boolean {
		return this.rows.size > 0 || this.root !== undefined;
	}
}

export interface LineTable {
	readonly line: Uint8Array;
	readonly strings: Uint8Array;
	/** 8 bytes: an address in a section; 4 bytes: an offset in `.debug_line_str`. The addend is in place. */
	readonly relocs: readonly { readonly offset: number; readonly section: SectionBuilder | "strings" }[];
}

const INSN_BYTES = 8;
const LINE_BASE = -5;
const LINE_RANGE = 14;
const OPERANDS = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];
const OPCODE_BASE = OPERANDS.length + 1;
/** How far the greatest special opcode goes. */
const LONGEST = Math.floor((255 - OPCODE_BASE) / LINE_RANGE);

const LNS = {
	copy: 1,
	advancePc: 2,
	advanceLine: 3,
	setFile: 4,
	setColumn: 5,
	negateStatement: 6,
	setBasicBlock: 7,
	constAddPc: 8,
	setPrologueEnd: 10,
	setEpilogueBegin: 11,
	setIsa: 12,
} as const;
const LNE = { endSequence: 1, setAddress: 2, setDiscriminator: 4 } as const;
const LNCT = { path: 1, directoryIndex: 2, md5: 5 } as const;
const FORM = { udata: 0x0f, data16: 0x1e, lineStrp: 0x1f } as const;

export function lineTable(
	recorder: LineRecorder,
	little: boolean,
	sizeOf: (section: SectionBuilder) => number,
	addressOf: (label: Label) => number,
): LineTable {
	const out = new Writer(little);
	const strings = new StringTable();
	const relocs: { offset: number; section: SectionBuilder | "strings" }[] = [];
	const string = (text: string): void => {
		relocs.push({ offset: out.length, section: "strings" });
		out.u32(strings.add(text));
	};
	out.u32(0);
	out.u16(recorder.root === undefined ? 4 : 5);
	if (recorder.root !== undefined) {
		out.u8(8);
		out.u8(0);
	}
	const header = out.length;
	out.u32(0);
	for (const byte of [INSN_BYTES, 1, 1, LINE_BASE & 0xff, LINE_RANGE, OPCODE_BASE, ...OPERANDS]) out.u8(byte);
	if (recorder.root === undefined) filesOf4(recorder, out);
	else filesOf5(recorder, recorder.root, out, string);
	out.patchU32(header, out.length - header - 4);
	for (const [section, rows] of recorder.rows) program(rows, section, out, little, sizeOf(section), addressOf, relocs);
	out.patchU32(0, out.length - 4);
	return { line: out.bytes(), strings: strings.bytes(), relocs };
}

interface FileEntry {
	readonly name: string;
	readonly directory: number;
	readonly md5: string | undefined;
}

/** Directories without the compilation directory, which is number 0; files by number, those between given ones empty. */
function tables({ files, root }: LineRecorder): { readonly directories: readonly string[]; readonly entries: readonly FileEntry[] } {
	const directories: string[] = [];
	const entries: FileEntry[] = [];
	for (let number = 1; number <= Math.max(0, ...files.keys()); number++) {
		const file = files.get(number);
		if (file === undefined) {
			entries.push({ name: "", directory: 0, md5: undefined });
			continue;
		}
		let { directory, name } = file;
		if (directory === root?.directory) directory = "";
		if (directory === "") {
			const slash = name.lastIndexOf("/");
			if (slash > 0 && slash < name.length - 1) [directory, name] = [name.slice(0, slash), name.slice(slash + 1)];
		}
		let index = 0;
		if (directory !== "") {
			index = directories.indexOf(directory) + 1;
			if (index === 0) index = directories.push(directory);
		}
		entries.push({ name, directory: index, md5: file.md5 });
	}
	return { directories, entries };
}

function filesOf4(recorder: LineRecorder, out: Writer): void {
	const { directories, entries } = tables(recorder);
	const text = (value: string): void => {
		out.put(encodeUtf8(value));
		out.u8(0);
	};
	for (const directory of directories) text(directory);
	out.u8(0);
	for (const { name, directory } of entries) {
		text(name);
		uleb(out, directory);
		out.u8(0);
		out.u8(0);
	}
	out.u8(0);
}

function filesOf5(recorder: LineRecorder, root: LineFile, out: Writer, string: (text: string) => void): void {
	const { directories, entries } = tables(recorder);
	out.u8(1);
	uleb(out, LNCT.path);
	uleb(out, FORM.lineStrp);
	uleb(out, directories.length + 1);
	for (const directory of [root.directory, ...directories]) string(directory);
	const all: FileEntry[] = [{ name: root.name, directory: 0, md5: root.md5 }, ...entries];
	// Checksums are for all files or for none.
	const summed = all.every(({ md5 }) => md5 !== undefined);
	out.u8(summed ? 3 : 2);
	uleb(out, LNCT.path);
	uleb(out, FORM.lineStrp);
	uleb(out, LNCT.directoryIndex);
	uleb(out, FORM.udata);
	if (summed) {
		uleb(out, LNCT.md5);
		uleb(out, FORM.data16);
	}
	uleb(out, all.length);
	for (const { name, directory, md5 } of all) {
		string(name);
		uleb(out, directory);
		if (summed) for (let i = 0; i < 32; i += 2) out.u8(Number.parseInt(md5!.slice(i, i + 2), 16));
	}
}

function program(
	rows: readonly Row[],
	section: SectionBuilder,
	out: Writer,
	little: boolean,
	size: number,
	addressOf: (label: Label) => number,
	relocs: { offset: number; section: SectionBuilder | "strings" }[],
): void {
	let [file, line, column, isa, statement] = [1, 1, 0, 0, true];
	let last: number | undefined;
	let ended = false;
	for (const { loc, label } of rows) {
		const address = addressOf(label);
		ended = loc === undefined;
		if (loc === undefined) {
			endSequence(out, (address - (last ?? address)) / INSN_BYTES);
			[file, line, column, isa, statement] = [1, 1, 0, 0, true];
			last = undefined;
			continue;
		}
		const change = (value: number, now: number, opcode: number): number => {
			if (value !== now) {
				out.u8(opcode);
				uleb(out, value);
			}
			return value;
		};
		file = change(loc.file, file, LNS.setFile);
		column = change(loc.column, column, LNS.setColumn);
		if (loc.discriminator !== 0) {
			const bytes = new Writer(little);
			uleb(bytes, loc.discriminator);
			out.u8(0);
			uleb(out, bytes.length + 1);
			out.u8(LNE.setDiscriminator);
			out.put(bytes.bytes());
		}
		isa = change(loc.isa, isa, LNS.setIsa);
		if (loc.statement !== statement) out.u8(LNS.negateStatement);
		statement = loc.statement;
		if (loc.basicBlock) out.u8(LNS.setBasicBlock);
		if (loc.prologueEnd) out.u8(LNS.setPrologueEnd);
		if (loc.epilogueBegin) out.u8(LNS.setEpilogueBegin);
		if (last === undefined) {
			out.u8(0);
			uleb(out, 9);
			out.u8(LNE.setAddress);
			relocs.push({ offset: out.length, section });
			out.u64(address);
		}
		advance(out, loc.line - line, last === undefined ? 0 : (address - last) / INSN_BYTES);
		line = loc.line;
		last = address;
	}
	if (!ended) endSequence(out, (size - (last ?? 0)) / INSN_BYTES);
}

function endSequence(out: Writer, rest: number): void {
	if (rest === LONGEST) out.u8(LNS.constAddPc);
	else if (rest !== 0) {
		out.u8(LNS.advancePc);
		uleb(out, rest);
	}
	out.u8(0);
	out.u8(1);
	out.u8(LNE.endSequence);
}

/** A row `lines` further down and `insns` further on: one special opcode where that is possible. */
function advance(out: Writer, lines: number, insns: number): void {
	let special = lines - LINE_BASE;
	let copy = false;
	if (special < 0 || special >= LINE_RANGE || special + OPCODE_BASE > 255) {
		out.u8(LNS.advanceLine);
		sleb(out, lines);
		lines = 0;
		special = -LINE_BASE;
		copy = true;
	}
	if (lines === 0 && insns === 0) {
		out.u8(LNS.copy);
		return;
	}
	special += OPCODE_BASE;
	if (insns >= 0 && insns < 256 + LONGEST) {
		const opcode = special + insns * LINE_RANGE;
		if (opcode <= 255) {
			out.u8(opcode);
			return;
		}
		const further = special + (insns - LONGEST) * LINE_RANGE;
		if (further >= 0 && further <= 255) {
			out.u8(LNS.constAddPc);
			out.u8(further);
			return;
		}
	}
	out.u8(LNS.advancePc);
	uleb(out, insns);
	out.u8(copy ? LNS.copy : special);
}

function uleb(out: Writer, value: number): void {
	for (let rest = BigInt.asUintN(64, BigInt(Math.trunc(value))); ; ) {
		const byte = Number(rest & 0x7fn);
		rest >>= 7n;
		out.u8(rest === 0n ? byte : byte | 0x80);
		if (rest === 0n) return;
	}
}

function sleb(out: Writer, value: number): void {
	for (let rest = value; ; ) {
		const byte = rest & 0x7f;
		rest >>= 7;
		const done = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
		out.u8(done ? byte : byte | 0x80);
		if (done) return;
	}
}
