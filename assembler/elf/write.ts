/**
 * `ObjectFile` to ELF bytes, laid out as clang does, so that what clang wrote is the same file again: headers with `.strtab` first, each section
 * before its `.rel`, `.BTF` and `.BTF.ext` after the code and data, `.symtab` last; in the file sections, then symbols, then what refers to symbols.
 * One string table serves sections and symbols. The result depends on the object alone.
 */
import { encodeUtf8, Writer } from "../bytes.ts";
import { writeBtf } from "../btf/write.ts";
import type { ObjectFile, ObjectSymbol } from "../object.ts";
import { EM_BPF, ET_REL, SHF, SHN, SHT, SYMBOL_BINDINGS, SYMBOL_TYPES, SYMBOL_VISIBILITIES } from "../spec/elf.ts";
import { btfRelocs, type DerivedReloc } from "./btf-relocs.ts";
import { TailMergedStrings } from "./string-table.ts";

interface Header {
	readonly name: string;
	type: number;
	flags: number;
	offset: number;
	size: number;
	link: number;
	info: number;
	align: number;
	entsize: number;
}

/** As the format has it: the symbol is ELF's number. */
interface ElfReloc {
	readonly offset: number;
	readonly type: number;
	readonly symbol: number;
}

/** What LLVM makes when all else is written; BTF stands before them. */
const LAST = new Set([".debug_frame", ".debug_line", ".debug_line_str", ".llvm_addrsig"]);

/** The file's bytes. */
export function writeElf(object: ObjectFile): Uint8Array {
	const written = object.btf && writeBtf(object.btf, { endian: object.endian, ext: object.btfExt, stringOrder: object.btfStrings });
	const derived = written === undefined ? { btf: [], ext: [] } : btfRelocs(object, written.places);
	const { symbols, indexOf, indexOfSection, kept } = orderSymbols(object, [...derived.btf, ...derived.ext]);
	const resolve = (relocs: readonly DerivedReloc[]): ElfReloc[] =>
		relocs.map(({ offset, type, target }) => ({
			offset,
			type,
			symbol: "symbol" in target ? indexOf[target.symbol] : indexOfSection.get(target.section)!,
		}));
	const file = new ElfFile(object.endian === "little");
	const putBtf = (): void => {
		if (written === undefined) return;
		file.put(file.header(".BTF", { align: 4 }), written.btf);
		file.relocate(".BTF", resolve(derived.btf));
		if (written.ext === undefined) return;
		file.put(file.header(".BTF.ext", { align: 4 }), written.ext);
		file.relocate(".BTF.ext", resolve(derived.ext));
	};

	const elfIndex: number[] = [];
	const beforeLast = object.sections.findLastIndex(({ name }) => !LAST.has(name)) + 1;
	object.sections.forEach((section, i) => {
		if (i === beforeLast) putBtf();
		const h = file.header(section.name, { type: section.type, flags: section.flags, align: section.align, entsize: section.entsize });
		elfIndex.push(file.lastIndex);
		if (section.type === SHT.nobits) file.reserve(h, section.size);
		// Numbers of symbols: right only as long as those are.
		else if (section.type === SHT.llvm_addrsig) file.putBehind(h, kept ? section.data : new Uint8Array(0));
		else file.put(h, section.data);
		file.relocate(
			section.name,
			section.relocs.map(({ offset, type, symbol }) => ({ offset, type, symbol: indexOf[symbol] })),
		);
	});
	if (beforeLast >= object.sections.length) putBtf();
	return file.finish(symbols, elfIndex);
}

/** Offsets in the ELF header: where the section headers begin, and from its own size on the sizes and counts of tables. */
const E_SHOFF = 40;
const E_EHSIZE = 52;

/** The file as far as it is written: the ELF header and the sections put so far. */
class ElfFile {
	readonly #little: boolean;
	readonly #out: Writer;
	readonly #headers: Header[] = [];
	readonly #strtab: Header;
	/** What is written behind the symbol table: it refers to symbols. */
	readonly #behind: { readonly header: Header; readonly data: Uint8Array }[] = [];

	constructor(little: boolean) {
		this.#little = little;
		const out = new Writer(little);
		this.#out = out;
		this.header("", { type: SHT.null, align: 0 });
		this.#strtab = this.header(".strtab", { type: SHT.strtab });
		out.put(encodeUtf8("\x7fELF"));
		out.put(Uint8Array.of(2, little ? 1 : 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0));
		out.u16(ET_REL);
		out.u16(EM_BPF);
		out.u32(1);
		for (let i = 24; i < 64; i++) out.u8(0);
	}

	header(name: string, fields: Partial<Header>): Header {
		const made: Header = { name, type: SHT.progbits, flags: 0, offset: 0, size: 0, link: 0, info: 0, align: 1, entsize: 0, ...fields };
		this.#headers.push(made);
		return made;
	}

	/** ELF's number of the section whose header was made last. */
	get lastIndex(): number {
		return this.#headers.length - 1;
	}

	put(h: Header, data: Uint8Array): void {
		this.#out.align(h.align);
		h.offset = this.#out.length;
		h.size = data.length;
		this.#out.put(data);
	}

	/** A section without bytes in the file. */
	reserve(h: Header, size: number): void {
		this.#out.align(Math.min(h.align, 4096));
		h.offset = this.#out.length;
		h.size = size;
	}

	putBehind(header: Header, data: Uint8Array): void {
		this.#behind.push({ header, data });
	}

	/** Relocations of the section whose header was made last. */
	relocate(name: string, relocs: readonly ElfReloc[]): void {
		if (relocs.length === 0) return;
		const data = new Writer(this.#little);
		for (const { offset, type, symbol } of relocs) {
			data.u64(offset);
			// r_info: the symbol is the upper half.
			data.u32(this.#little ? type : symbol);
			data.u32(this.#little ? symbol : type);
		}
		const target = this.lastIndex;
		const header = this.header(`.rel${name}`, { type: SHT.rel, flags: SHF.infoLink, info: target, align: 8, entsize: 16 });
		this.putBehind(header, data.bytes());
	}

	finish(symbols: readonly ObjectSymbol[], elfIndex: readonly number[]): Uint8Array {
		const locals = symbols.filter((s) => s.binding === "local").length;
		const symtab = this.header(".symtab", { type: SHT.symtab, align: 8, entsize: 24, link: 1, info: 1 + locals });
		for (const { header } of this.#behind) header.link = this.lastIndex;
		const strings = new TailMergedStrings([...this.#headers, ...symbols].map(({ name }) => name));
		this.put(symtab, symbolTable(symbols, elfIndex, strings, this.#little));
		for (const { header, data } of this.#behind) this.put(header, data);
		this.put(this.#strtab, strings.bytes);
		this.#putHeaders(strings);
		return this.#out.bytes();
	}

	#putHeaders(strings: TailMergedStrings): void {
		const out = this.#out;
		out.align(8);
		out.patchU64(E_SHOFF, out.length);
		out.patch(E_EHSIZE, (w) => {
			w.u16(64);
			w.u16(0);
			w.u16(0);
			w.u16(64);
			w.u16(this.#headers.length);
			w.u16(1);
		});
		for (const h of this.#headers) {
			out.u32(strings.at(h.name));
			out.u32(h.type);
			out.u64(h.flags);
			out.u64(0);
			out.u64(h.offset);
			out.u64(h.size);
			out.u32(h.link);
			out.u32(h.info);
			out.u64(h.align);
			out.u64(h.entsize);
		}
	}
}

function symbolTable(
	symbols: readonly ObjectSymbol[],
	elfIndex: readonly number[],
	strings: TailMergedStrings,
	little: boolean,
): Uint8Array {
	const table = new Writer(little);
	for (let i = 0; i < 24; i++) table.u8(0);
	for (const symbol of symbols) {
		table.u32(strings.at(symbol.name));
		table.u8((SYMBOL_BINDINGS.indexOf(symbol.binding) << 4) | SYMBOL_TYPES.indexOf(symbol.type));
		table.u8(SYMBOL_VISIBILITIES.indexOf(symbol.visibility));
		table.u16(typeof symbol.section === "number" ? elfIndex[symbol.section] : SHN[symbol.section]);
		table.u64(symbol.value);
		table.u64(symbol.size);
	}
	return table.bytes();
}

/**
 * Local symbols come first, as the format wants; the order is otherwise kept. Sections that BTF's relocations need get a symbol, behind the other local
 * ones. `indexOf` gives ELF's numbers (0 is the null symbol), `kept` whether they are those that the object's order gives.
 */
function orderSymbols(
	object: ObjectFile,
	derived: readonly DerivedReloc[],
): { symbols: readonly ObjectSymbol[]; indexOf: readonly number[]; indexOfSection: ReadonlyMap<number, number>; kept: boolean } {
	const order = object.symbols.map((_, i) => i).sort((a, b) => localFirst(object.symbols[a]) - localFirst(object.symbols[b]));
	const locals = order.filter((i) => object.symbols[i].binding === "local");
	const indexOfSection = new Map<number, number>();
	locals.forEach((old, i) => {
		const { type, section } = object.symbols[old];
		if (type === "section" && typeof section === "number" && !indexOfSection.has(section)) indexOfSection.set(section, i + 1);
	});
	const made: ObjectSymbol[] = [];
	for (const { target } of derived) {
		if ("symbol" in target || indexOfSection.has(target.section)) continue;
		made.push({ name: "", section: target.section, value: 0, size: 0, binding: "local", type: "section", visibility: "default" });
		indexOfSection.set(target.section, locals.length + made.length);
	}
	const indexOf: number[] = [];
	order.forEach((old, i) => {
		indexOf[old] = i + 1 + (i < locals.length ? 0 : made.length);
	});
	return {
		symbols: [...locals.map((i) => object.symbols[i]), ...made, ...order.slice(locals.length).map((i) => object.symbols[i])],
		indexOf,
		indexOfSection,
		kept: made.length === 0 && order.every((old, i) => old === i),
	};
}

function localFirst(symbol: ObjectSymbol): number {
	return symbol.binding === "local" ? 0 : 1;
}
