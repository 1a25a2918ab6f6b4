/**
 * The line table of DWARF, versions 2 to 5 (section 6.2 of the standard): which line of which file made the instruction at an address.
 *
 * In: an object with `.debug_line`. Out: for each section of code the rows of its sequences, by address. A sequence begins at an address
 * that a relocation gives: its symbol says in which section. What is malformed throws `FormatError` with the offset in `.debug_line`.
 */
import { FormatError, Reader } from "../bytes.ts";
import type { ObjectFile, Section } from "../object.ts";

export interface LineRow {
	readonly address: number;
	readonly file: string;
	/** 0: code of no line. */
	readonly line: number;
	/** No code from here on. */
	readonly end: boolean;
}

const OPCODES = {
	copy: 1,
	advancePc: 2,
	advanceLine: 3,
	setFile: 4,
	setColumn: 5,
	negateStatement: 6,
	basicBlock: 7,
	constAddPc: 8,
	fixedAdvancePc: 9,
	prologueEnd: 10,
	epilogueBegin: 11,
	setIsa: 12,
} as const;
const EXTENDED = { endSequence: 1, setAddress: 2, defineFile: 3 } as const;
const FORMS = {
	data2: 0x05,
	data4: 0x06,
	data8: 0x07,
	string: 0x08,
	block: 0x09,
	data1: 0x0b,
	strp: 0x0e,
	udata: 0x0f,
	data16: 0x1e,
	lineStrp: 0x1f,
} as const;
const CONTENT = { path: 1, directory: 2 } as const;

/** Rows by section name, in ascending order; nothing when there is no line table. */
export function dwarfLines(object: ObjectFile): ReadonlyMap<string, readonly LineRow[]> | undefined {
	const section = object.sections.find(({ name }) => name === ".debug_line");
	if (section === undefined || section.data.length === 0) return undefined;
	const table = new LineTable(object, section);
	while (!table.atEnd()) table.unit();
	for (const rows of table.rows.values()) rows.sort((a, b) => a.address - b.address || Number(b.end) - Number(a.end));
	return table.rows;
}

interface FileName {
	readonly name: string;
	readonly directory: number;
}

class LineTable {
	readonly rows = new Map<string, LineRow[]>();
	private readonly object: ObjectFile;
	private readonly section: Section;
	private readonly r: Reader;
	private readonly bases: ReadonlyMap<number, string>;
	private at = 0;

	constructor(object: ObjectFile, section: Section) {
		this.object = object;
		this.section = section;
		this.r = new Reader(section.data, object.endian === "little");
		this.bases = new Map(
			section.relocs.flatMap(({ offset, symbol }) => {
				const target = object.symbols[symbol].section;
				return typeof target === "number" ? [[offset, object.sections[target].name] as const] : [];
			}),
		);
	}

	atEnd(): boolean {
		return this.at >= this.section.data.length;
	}

	private u8(): number {
		return this.r.u8(this.at++);
	}

	private u16(): number {
		this.at += 2;
		return this.r.u16(this.at - 2);
	}

	private u32(): number {
		this.at += 4;
		return this.r.u32(this.at - 4);
	}

	private offset(wide: boolean): number {
		if (!wide) return this.u32();
		this.at += 8;
		return this.r.u64(this.at - 8);
	}

	private leb(signed: boolean): number {
		let value = 0;
		for (let scale = 1; ; scale *= 128) {
			const byte = this.u8();
			value += (byte & 0x7f) * scale;
			if (scale > 2 ** 49) throw new FormatError("a LEB128 number is too long", this.at);
			if ((byte & 0x80) === 0) return signed && (byte & 0x40) !== 0 ? value - scale * 128 : value;
		}
	}

	private text(bytes: Uint8Array, at: number): string {
		const end = bytes.indexOf(0, at);
		if (at > bytes.length || end < 0 || end - at > 4096) throw new FormatError("a name has no end", this.at);
		return new TextDecoder().decode(bytes.subarray(at, end));
	}

	private string(): string {
		const text = this.text(this.section.data, this.at);
		this.at = this.section.data.indexOf(0, this.at) + 1;
		return text;
	}

	unit(): void {
		let length = this.u32();
		const wide = length === 0xffff_ffff;
		if (wide) length = this.offset(true);
		const end = this.at + length;
		this.r.need(this.at, length, "a unit of the line table");
		const version = this.u16();
		if (version < 2 || version > 5) throw new FormatError(`line table of version ${version}`, this.at - 2);
		if (version >= 5) this.at += 2;
		const headerLength = this.offset(wide);
		const program = this.at + headerLength;
		if (program > end) throw new FormatError("the header of a line table is longer than the table", this.at);
		const least = this.u8();
		if (version >= 4) this.u8();
		this.u8();
		const lineBase = (this.u8() << 24) >> 24;
		const lineRange = this.u8();
		if (lineRange === 0) throw new FormatError("line_range is 0", this.at - 1);
		const opcodeBase = this.u8();
		const operands = [0];
		for (let i = 1; i < opcodeBase; i++) operands.push(this.u8());
		const files = version >= 5 ? this.names5(wide) : this.names();
		this.at = program;
		this.run(end, { least, lineBase, lineRange, opcodeBase, operands }, files);
		this.at = end;
	}

	/** Versions 2 to 4: directories and files count from 1; directory 0 is the compiler's own. */
	private names(): string[] {
		const directories = [""];
		for (let name = this.string(); name !== ""; name = this.string()) directories.push(name);
		const files = [""];
		for (let name = this.string(); name !== ""; name = this.string()) {
			const directory = this.leb(false);
			this.leb(false);
			this.leb(false);
			files.push(join(directories[directory] ?? "", name));
		}
		return files;
	}

	/** Version 5: both tables say what their columns are, and count from 0. */
	private names5(wide: boolean): string[] {
		const directories = this.table(wide).map(({ name }) => name);
		return this.table(wide).map(({ name, directory }) => {
			const folder = directories[directory] ?? "";
			return join(folder.startsWith("/") ? folder : join(directories[0] ?? "", folder), name);
		});
	}

	private table(wide: boolean): FileName[] {
		const columns: { content: number; form: number }[] = [];
		for (let count = this.u8(); count > 0; count--) columns.push({ content: this.leb(false), form: this.leb(false) });
		const out: FileName[] = [];
		const count = this.leb(false);
		// Each entry takes a byte at least.
		if (count > this.section.data.length || (columns.length === 0 && count > 0))
			throw new FormatError(`${count} names in a line table`, this.at);
		for (let i = 0; i < count; i++) {
			let [name, directory] = ["", 0];
			for (const { content, form } of columns) {
				const value = this.form(form, wide);
				if (content === CONTENT.path && typeof value === "string") name = value;
				else if (content === CONTENT.directory && typeof value === "number") directory = value;
			}
			out.push({ name, directory });
		}
		return out;
	}

	private form(form: number, wide: boolean): string | number {
		switch (form) {
			case FORMS.string:
				return this.string();
			case FORMS.lineStrp:
			case FORMS.strp: {
				const name = form === FORMS.strp ? ".debug_str" : ".debug_line_str";
				const at = this.offset(wide);
				return this.text(this.object.sections.find((section) => section.name === name)?.data ?? new Uint8Array(0), at);
			}
			case FORMS.udata:
				return this.leb(false);
			case FORMS.data1:
				return this.u8();
			case FORMS.data2:
				return this.u16();
			case FORMS.data4:
				return this.u32();
			case FORMS.data8:
			case FORMS.data16:
				this.at += form === FORMS.data8 ? 8 : 16;
				return 0;
			case FORMS.block:
				this.at += this.leb(false);
				return 0;
			default:
				throw new FormatError(`a name in a line table has form 0x${form.toString(16)}`, this.at);
		}
	}

	/** The line number program: a small machine with registers address, file and line. */
	private run(
		end: number,
		header: { least: number; lineBase: number; lineRange: number; opcodeBase: number; operands: readonly number[] },
		files: readonly string[],
	): void {
		const { least, lineBase, lineRange, opcodeBase, operands } = header;
		let [address, file, line, section] = [0, 1, 1, ""];
		const row = (isEnd: boolean): void => {
			// Code that the linker dropped, or the absolute addresses of a linked program: nobody asks for them.
			if (section === "") return;
			const list = this.rows.get(section) ?? [];
			this.rows.set(section, list);
			list.push({ address, file: files[file] ?? "", line, end: isEnd });
		};
		while (this.at < end) {
			const opcode = this.u8();
			if (opcode >= opcodeBase) {
				const special = opcode - opcodeBase;
				address += Math.floor(special / lineRange) * least;
				line += lineBase + (special % lineRange);
				row(false);
				continue;
			}
			switch (opcode) {
				case 0: {
					const length = this.leb(false);
					const next = this.at + length;
					const extended = length > 0 ? this.u8() : 0;
					if (extended === EXTENDED.endSequence) {
						row(true);
						[address, file, line, section] = [0, 1, 1, ""];
					} else if (extended === EXTENDED.setAddress) {
						section = this.bases.get(this.at) ?? "";
						address = this.offset(true);
					}
					this.at = next;
					break;
				}
				case OPCODES.copy:
					row(false);
					break;
				case OPCODES.advancePc:
					address += this.leb(false) * least;
					break;
				case OPCODES.advanceLine:
					line += this.leb(true);
					break;
				case OPCODES.setFile:
					file = this.leb(false);
					break;
				case OPCODES.constAddPc:
					address += Math.floor((255 - opcodeBase) / lineRange) * least;
					break;
				case OPCODES.fixedAdvancePc:
					address += this.u16();
					break;
				default:
					// Columns, statements, and opcodes of later versions: so many numbers.
					for (let i = operands[opcode]; i > 0; i--) this.leb(false);
			}
		}
	}
}

const join = (folder: string, name: string): string => (folder === "" || name.startsWith("/") ? name : `${folder}/${name}`);
