/**
 * ELF bytes to `ObjectFile` (System V gABI, chapter 4): the objects of clang, gcc, bpftool and our own writer, of either endianness.
 *
 * The section header table is read whole and checked against the file, then the symbol table, then relocations. Sections keep their
 * order but lose their ELF numbers: the tables that the format itself needs are left out, and indexes are rewritten to match.
 * Nothing is copied: a section's data is a view of the file. Anything malformed throws `FormatError` with the offset in the file.
 */
import { FormatError, Reader, StringPool } from "../bytes.ts";
import { readBtfExt } from "../btf/ext-read.ts";
import { readBtf } from "../btf/read.ts";
import { BtfView } from "../btf/view.ts";
import type { ObjectFile, ObjectSymbol, Reloc, Section } from "../object.ts";
import { ELF_MAGIC, EM_BPF, EM_NONE, ET_REL, SHN, SHT, SYMBOL_BINDINGS, SYMBOL_TYPES, SYMBOL_VISIBILITIES } from "../spec/elf.ts";

export interface SectionHeader {
	readonly name: string;
	readonly type: number;
	readonly flags: number;
	readonly offset: number;
	readonly size: number;
	readonly link: number;
	readonly info: number;
	readonly align: number;
	readonly entsize: number;
	/** Where the header itself is in the file. */
	readonly at: number;
}

/** The file's own view of its sections, for dumps: ELF numbers are indexes. */
export interface ElfLayout {
	readonly endian: "little" | "big";
	readonly machine: number;
	readonly headers: readonly SectionHeader[];
	readonly reader: Reader;
}

/** Pages are the most that anything in an object is aligned to. */
const MAX_ALIGN = 0x10000;

/** Whether bytes start as an ELF file does. */
export function isElf(bytes: Uint8Array): boolean {
	return bytes.length >= 4 && ((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]) >>> 0 === ELF_MAGIC;
}

export function readLayout(bytes: Uint8Array): ElfLayout {
	if (!isElf(bytes)) throw new FormatError(bytes.length < 4 ? "the file is too short for an ELF file" : "not an ELF file", 0);
	if (bytes.length < 64) throw new FormatError("the ELF header is cut off", bytes.length);
	if (bytes[4] !== 2) throw new FormatError("not a 64-bit ELF file", 4);
	if (bytes[5] !== 1 && bytes[5] !== 2) throw new FormatError("unknown byte order", 5);
	const r: Reader = new Reader(bytes, bytes[5] === 1);
	if (r.u16(16) !== ET_REL) r.fail(`not a relocatable object (e_type ${r.u16(16)})`, 16);
	const machine = r.u16(18);
	if (machine !== EM_BPF && machine !== EM_NONE) r.fail(`wrong machine: expected none or BPF, got ${machine}`, 18);
	const shoff = r.u64(40, "e_shoff");
	if (shoff === 0) r.fail("no section header table", 40);
	const entsize = r.u16(58);
	if (entsize !== 64) r.fail(`section headers of ${entsize} bytes instead of 64`, 58);
	r.need(shoff, 64, "the section header table");
	// Counts that do not fit 16 bits are in the first header.
	const count = r.u16(60) || r.u64(shoff + 32, "the number of sections");
	r.need(shoff, count * 64, "the section header table");
	const nameIndex = r.u16(62) === SHN.xindex ? r.u32(shoff + 40) : r.u16(62);
	if (nameIndex >= count) r.fail(`the section names are in section ${nameIndex} of ${count}`, 62);

	let total = 0;
	const raw: (Omit<SectionHeader, "name"> & { nameOffset: number })[] = [];
	for (let i = 0; i < count; i++) {
		const at = shoff + i * 64;
		const type = r.u32(at + 4);
		// Only the low half of the flags is used by anyone.
		const flags = r.u64(at + 8, "sh_flags") >>> 0;
		const header = {
			at,
			nameOffset: r.u32(at),
			type,
			flags,
			offset: r.u64(at + 24, "sh_offset"),
			size: r.u64(at + 32, "sh_size"),
			link: r.u32(at + 40),
			info: r.u32(at + 44),
			align: r.u64(at + 48, "sh_addralign"),
			entsize: r.u64(at + 56, "sh_entsize"),
		};
		if (i > 0 && type !== SHT.null && type !== SHT.nobits && header.offset + header.size > bytes.length)
			r.fail(`section ${i} lies at ${header.offset}…${header.offset + header.size}, the file ends at ${bytes.length}`, at + 24);
		if (header.align > MAX_ALIGN || (header.align & (header.align - 1)) !== 0)
			r.fail(`section ${i} is aligned to ${header.align} bytes`, at + 48);
		// Contents do not overlap: together they fit into the file, with some room for tools that share string tables.
		if (type !== SHT.null && type !== SHT.nobits && (total += header.size) > 2 * bytes.length)
			r.fail(`section ${i} overlaps others`, at + 24);
		raw.push(header);
	}
	const names = raw[nameIndex];
	if (names.type !== SHT.strtab) r.fail(`section ${nameIndex} holds no strings`, names.at + 4);
	const pool = new StringPool(bytes.subarray(names.offset, names.offset + names.size));
	const headers = raw.map(({ nameOffset, ...header }, i): SectionHeader => {
		const name = i === 0 ? "" : pool.get(nameOffset);
		if (name === null) r.fail(`the name of section ${i} is outside the string table`, header.at);
		return { ...header, name };
	});
	return { endian: r.little ? "little" : "big", machine, headers, reader: r };
}

/** The bytes of an ELF file to an object. @throws FormatError for what is no relocatable ELF file of 64 bits, for BPF or no machine, with the offset in the file */
export function readElf(input: Uint8Array): ObjectFile {
	// A view of the same memory without a subclass's methods (Node's Buffer).
	const bytes = new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
	const layout = readLayout(bytes);
	const { headers } = layout;
	const { symtab, btf: btfIndex, ext: extIndex, derived } = ownTables(layout);
	let kept = 0;
	const newIndex = headers.map((_, i) => (derived.has(i) ? -1 : kept++));
	const tables: Tables = { ...layout, bytes, newIndex, budget: bytes.length };
	const symbols = symtab < 0 ? [] : readSymbols(tables, headers[symtab]);
	const relocs = readRelocs(tables, symtab, symbols.length);
	const sections = headers.flatMap((h, i): Section[] => {
		if (newIndex[i] < 0) return [];
		const { name, type, flags, align, entsize, size } = h;
		const own = relocs.get(i) ?? [];
		return [{ name, type, flags, align, entsize, size, data: dataOf(bytes, h), relocs: own.sort((a, b) => a.offset - b.offset) }];
	});

	const object: ObjectFile = { endian: layout.endian, sections, symbols };
	if (btfIndex < 0) return object;
	const view = new BtfView(dataOf(bytes, headers[btfIndex]), { fileOffset: headers[btfIndex].offset });
	const btf = readBtf(view);
	let strings: readonly string[] | null = null;
	return {
		...object,
		btf,
		// Only writing the object again asks for them.
		get btfStrings() {
			return (strings ??= view.strings.all());
		},
		...(extIndex < 0 ? {} : { btfExt: readBtfExt(dataOf(bytes, headers[extIndex]), view, headers[extIndex].offset) }),
	};
}

/** What its tables are read with. */
interface Tables extends ElfLayout {
	readonly bytes: Uint8Array;
	/** By ELF number: the section's index in the object, −1 for what is no section there. */
	readonly newIndex: readonly number[];
	/** Bytes that tables may still take. Well-formed ones do not overlap: together they fit into the file. This bounds what a hostile file can make us allocate. */
	budget: number;
}

function dataOf(bytes: Uint8Array, h: SectionHeader): Uint8Array {
	return h.type === SHT.nobits ? bytes.subarray(0, 0) : bytes.subarray(h.offset, h.offset + h.size);
}

/** The sections that the format itself needs, and BTF's: the object holds what is in them as symbols, relocations, types. −1: there is none. */
function ownTables({ headers, reader: r }: ElfLayout): { symtab: number; btf: number; ext: number; derived: ReadonlySet<number> } {
	const symtab = headers.findIndex((h) => h.type === SHT.symtab);
	const derived = new Set<number>([0]);
	let btf = -1;
	let ext = -1;
	headers.forEach((h, i) => {
		if (h.type === SHT.rela) r.fail(`section ${h.name} holds RELA relocations; BPF has REL only`, h.at + 4);
		if (h.type === SHT.null || h.type === SHT.symtab || h.type === SHT.strtab || h.type === SHT.rel) derived.add(i);
		if (h.type === SHT.symtab && i !== symtab) r.fail("a second symbol table", h.at);
		if (h.type === SHT.progbits && h.name === ".BTF") {
			if (btf >= 0) r.fail("a second .BTF section", h.at);
			derived.add((btf = i));
		}
		if (h.type === SHT.progbits && h.name === ".BTF.ext") {
			if (ext >= 0) r.fail("a second .BTF.ext section", h.at);
			derived.add((ext = i));
		}
	});
	return { symtab, btf, ext, derived };
}

/** How many entries the table has. */
function countEntries(tables: Tables, h: SectionHeader, entry: number): number {
	const r: Reader = tables.reader;
	if (h.size % entry !== 0) r.fail(`the size of section ${h.name} is not a multiple of ${entry}`, h.at + 32);
	if ((tables.budget -= h.size) < 0) r.fail(`section ${h.name} overlaps another table`, h.at + 24);
	return h.size / entry;
}

function readSymbols(tables: Tables, table: SectionHeader): ObjectSymbol[] {
	const r: Reader = tables.reader;
	const count = countEntries(tables, table, 24);
	const strings = tables.headers[table.link];
	if (strings === undefined || strings.type !== SHT.strtab) r.fail("the symbol table has no string table", table.at + 40);
	const pool = new StringPool(dataOf(tables.bytes, strings));
	const symbols: ObjectSymbol[] = [];
	for (let i = 1; i < count; i++) {
		const at = table.offset + i * 24;
		const name = pool.get(r.u32(at));
		if (name === null) r.fail(`the name of symbol ${i} is outside the string table`, at);
		const info = r.u8(at + 4);
		const binding = SYMBOL_BINDINGS[info >> 4];
		const type = SYMBOL_TYPES[info & 15];
		if (binding === undefined || type === undefined)
			r.fail(`symbol ${i} has unknown binding or type (st_info 0x${info.toString(16)})`, at + 4);
		symbols.push({
			name,
			section: sectionOfSymbol(tables, i, at + 6),
			value: r.u64(at + 8, "st_value"),
			size: r.u64(at + 16, "st_size"),
			binding,
			type,
			visibility: SYMBOL_VISIBILITIES[r.u8(at + 5) & 3],
		});
	}
	return symbols;
}

function sectionOfSymbol({ reader: r, headers, newIndex }: Tables, symbol: number, at: number): ObjectSymbol["section"] {
	const shndx = r.u16(at);
	if (shndx === SHN.undefined) return "undefined";
	if (shndx === SHN.absolute) return "absolute";
	if (shndx === SHN.common) return "common";
	if (shndx >= headers.length) r.fail(`symbol ${symbol} is in section ${shndx} of ${headers.length}`, at);
	// A section symbol of .BTF or the like: nothing can use it.
	return newIndex[shndx] >= 0 ? newIndex[shndx] : "absolute";
}

/** By the ELF number of the section that they are in. */
function readRelocs(tables: Tables, symtab: number, symbolCount: number): Map<number, Reloc[]> {
	const { headers, newIndex } = tables;
	const r: Reader = tables.reader;
	const relocs = new Map<number, Reloc[]>();
	for (const h of headers) {
		if (h.type !== SHT.rel) continue;
		const target = headers[h.info];
		if (target === undefined || h.info === 0) r.fail(`${h.name} relocates section ${h.info} of ${headers.length}`, h.at + 44);
		if (h.link !== symtab) r.fail(`${h.name} uses section ${h.link} as its symbol table`, h.at + 40);
		const count = countEntries(tables, h, 16);
		// .BTF and .BTF.ext hold plain numbers already; their relocations are for debuggers.
		if (newIndex[h.info] < 0) continue;
		const list = relocs.get(h.info) ?? [];
		relocs.set(h.info, list);
		for (let i = 0; i < count; i++) {
			const at = h.offset + i * 16;
			const offset = r.u64(at, "r_offset");
			const type = r.u32(r.little ? at + 8 : at + 12);
			const symbol = r.u32(r.little ? at + 12 : at + 8) - 1;
			if (symbol >= symbolCount) r.fail(`a relocation of ${target.name} names symbol ${symbol + 1} of ${symbolCount + 1}`, at + 8);
			if (offset >= target.size) r.fail(`a relocation at ${offset} lies outside ${target.name} (${target.size} bytes)`, at);
			// Type 0 does nothing; a type without symbol would have nothing to add.
			if (type === 0) continue;
			if (symbol < 0) r.fail(`a relocation of ${target.name} names no symbol`, at + 8);
			list.push({ offset, type, symbol });
		}
	}
	return relocs;
}
