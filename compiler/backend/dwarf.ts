import { R_BPF_64_ABS32, R_BPF_64_ABS64 } from "../../assembler/spec/elf.ts";
import type { Places } from "./places.ts";
import type { DebugSection, PlacedFunction } from "./object-file.ts";

/**
 * As much DWARF as `llvm-objdump -S`, `llvm-symbolizer` and a debugger need to show source beside code: a compile unit, its
 * subprograms with their addresses, and the line table. Types are BTF's business. (DWARF 4, sections 2, 3.1, 6.2 and 7.)
 *
 * Addresses are relocations against the sections of the code, so that the object may be linked. Names of files are those of the
 * command line; no directory of the machine gets in, so that the same source gives the same bytes anywhere.
 */

const DW = {
	TAG_compile_unit: 0x11,
	TAG_subprogram: 0x2e,
	AT_name: 0x03,
	AT_stmt_list: 0x10,
	AT_low_pc: 0x11,
	AT_high_pc: 0x12,
	AT_language: 0x13,
	AT_producer: 0x25,
	AT_decl_file: 0x3a,
	AT_decl_line: 0x3b,
	AT_external: 0x3f,
	AT_ranges: 0x55,
	FORM_addr: 0x01,
	FORM_data2: 0x05,
	FORM_data8: 0x07,
	FORM_string: 0x08,
	FORM_flag: 0x0c,
	FORM_udata: 0x0f,
	FORM_sec_offset: 0x17,
	LANG_C11: 0x1d,
	LNS_copy: 1,
	LNS_advance_pc: 2,
	LNS_advance_line: 3,
	LNS_set_file: 4,
	LNS_set_column: 5,
	LNE_end_sequence: 1,
	LNE_set_address: 2,
} as const;

const VERSION = 4;
const INSN_BYTES = 8;

class Section {
	readonly bytes: number[] = [];
	readonly relocs: DebugSection["relocs"][number][] = [];

	u8(value: number): void {
		this.bytes.push(value & 0xff);
	}

	u16(value: number): void {
		this.u8(value);
		this.u8(value >>> 8);
	}

	u32(value: number): void {
		this.u16(value);
		this.u16(value >>> 16);
	}

	u64(value: number): void {
		this.u32(value >>> 0);
		this.u32(Math.floor(value / 2 ** 32));
	}

	uleb(value: number): void {
		for (; value >= 0x80; value = Math.floor(value / 128)) this.u8((value & 0x7f) | 0x80);
		this.u8(value);
	}

	sleb(value: number): void {
		for (;;) {
			const low = value & 0x7f;
			value >>= 7;
			if ((value === 0 && (low & 0x40) === 0) || (value === -1 && (low & 0x40) !== 0)) return this.u8(low);
			this.u8(low | 0x80);
		}
	}

	string(text: string): void {
		for (const byte of new TextEncoder().encode(text)) this.u8(byte);
		this.u8(0);
	}

	address(section: string, offset: number): void {
		this.relocs.push({ offset: this.bytes.length, type: R_BPF_64_ABS64, section });
		this.u64(offset);
	}

	offset(section: string): void {
		this.relocs.push({ offset: this.bytes.length, type: R_BPF_64_ABS32, section });
		this.u32(0);
	}

	/** Fills in a 32-bit length that counts from behind itself. */
	length(at: number): void {
		const length = this.bytes.length - at - 4;
		for (let i = 0; i < 4; i++) this.bytes[at + i] = (length >>> (8 * i)) & 0xff;
	}

	finish(name: string): DebugSection {
		return { name, bytes: Uint8Array.from(this.bytes), relocs: this.relocs };
	}
}

export function dwarf(functions: readonly PlacedFunction[], places: Places, fileName: string, producer: string): DebugSection[] {
	const files = new Map<string, number>();
	const fileIndex = (file: string): number => {
		const known = files.get(file);
		if (known !== undefined) return known;
		files.set(file, files.size + 1);
		return files.size;
	};
	fileIndex(fileName);
	const program = lineProgram(functions, places, fileIndex);
	const info = infoSection(functions, places, fileName, producer, fileIndex);
	const ranges = new Section();
	for (const fn of functions) {
		ranges.address(fn.section, fn.offset);
		ranges.address(fn.section, fn.offset + fn.code.insns.length * INSN_BYTES);
	}
	ranges.u64(0);
	ranges.u64(0);
	return [
		abbrevSection().finish(".debug_abbrev"),
		info.finish(".debug_info"),
		ranges.finish(".debug_ranges"),
		lineSection(program, files).finish(".debug_line"),
	];
}

const abbreviations = [
	{
		code: 1,
		tag: DW.TAG_compile_unit,
		children: true,
		attributes: [
			[DW.AT_producer, DW.FORM_string],
			[DW.AT_language, DW.FORM_data2],
			[DW.AT_name, DW.FORM_string],
			[DW.AT_stmt_list, DW.FORM_sec_offset],
			[DW.AT_low_pc, DW.FORM_addr],
			[DW.AT_ranges, DW.FORM_sec_offset],
		],
	},
	{
		code: 2,
		tag: DW.TAG_subprogram,
		children: false,
		attributes: [
			[DW.AT_low_pc, DW.FORM_addr],
			[DW.AT_high_pc, DW.FORM_data8],
			[DW.AT_name, DW.FORM_string],
			[DW.AT_decl_file, DW.FORM_udata],
			[DW.AT_decl_line, DW.FORM_udata],
			[DW.AT_external, DW.FORM_flag],
		],
	},
] as const;

function abbrevSection(): Section {
	const out = new Section();
	for (const { code, tag, children, attributes } of abbreviations) {
		out.uleb(code);
		out.uleb(tag);
		out.u8(children ? 1 : 0);
		for (const [attribute, form] of attributes) {
			out.uleb(attribute);
			out.uleb(form);
		}
		out.u16(0);
	}
	out.u8(0);
	return out;
}

function infoSection(
	functions: readonly PlacedFunction[],
	places: Places,
	fileName: string,
	producer: string,
	fileIndex: (file: string) => number,
): Section {
	const out = new Section();
	out.u32(0);
	out.u16(VERSION);
	out.offset(".debug_abbrev");
	out.u8(8);
	out.uleb(1);
	out.string(producer);
	out.u16(DW.LANG_C11);
	out.string(fileName);
	out.offset(".debug_line");
	out.u64(0);
	out.offset(".debug_ranges");
	for (const fn of functions) {
		const place = places.locate(fn.symbol.span);
		out.uleb(2);
		out.address(fn.section, fn.offset);
		out.u64(fn.code.insns.length * INSN_BYTES);
		out.string(fn.name);
		out.uleb(place === null ? 0 : fileIndex(place.file));
		out.uleb(place?.line ?? 0);
		out.u8(fn.symbol.linkage === "static" ? 0 : 1);
	}
	out.u8(0);
	out.length(0);
	return out;
}

/** One sequence for each function: it begins at an address of its own. */
function lineProgram(functions: readonly PlacedFunction[], places: Places, fileIndex: (file: string) => number): Section {
	const out = new Section();
	for (const fn of functions) {
		let slot = 0;
		let line = 1;
		let column = 0;
		let file = 1;
		let begun = false;
		for (const { slot: at, loc } of fn.code.locs) {
			const place = (loc === null ? null : places.locate(loc)) ?? (begun ? null : places.locate(fn.symbol.span));
			if (place === null) continue;
			const index = fileIndex(place.file);
			if (begun && index === file && place.line === line && place.column === column) continue;
			if (!begun) {
				out.u8(0);
				out.uleb(9);
				out.u8(DW.LNE_set_address);
				out.address(fn.section, fn.offset);
				begun = true;
			} else if (at !== slot) {
				out.u8(DW.LNS_advance_pc);
				out.uleb(at - slot);
				slot = at;
			}
			if (index !== file) {
				out.u8(DW.LNS_set_file);
				out.uleb(index);
				file = index;
			}
			if (place.column !== column) {
				out.u8(DW.LNS_set_column);
				out.uleb(place.column);
				column = place.column;
			}
			if (place.line !== line) {
				out.u8(DW.LNS_advance_line);
				out.sleb(place.line - line);
				line = place.line;
			}
			out.u8(DW.LNS_copy);
		}
		if (!begun) continue;
		out.u8(DW.LNS_advance_pc);
		out.uleb(fn.code.insns.length - slot);
		out.u8(0);
		out.uleb(1);
		out.u8(DW.LNE_end_sequence);
	}
	return out;
}

function lineSection(program: Section, files: ReadonlyMap<string, number>): Section {
	const out = new Section();
	out.u32(0);
	out.u16(VERSION);
	const header = out.bytes.length;
	out.u32(0);
	out.u8(INSN_BYTES); // minimum_instruction_length
	out.u8(1); // maximum_operations_per_instruction
	out.u8(1); // default_is_stmt
	out.u8(-5); // line_base
	out.u8(14); // line_range
	const operands = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];
	out.u8(operands.length + 1);
	for (const count of operands) out.u8(count);
	out.u8(0); // no include directories
	for (const file of files.keys()) {
		out.string(file);
		out.uleb(0);
		out.uleb(0);
		out.uleb(0);
	}
	out.u8(0);
	out.length(header);
	const start = out.bytes.length;
	for (const byte of program.bytes) out.u8(byte);
	for (const reloc of program.relocs) out.relocs.push({ ...reloc, offset: reloc.offset + start });
	out.length(0);
	return out;
}
