/**
 * `ObjectFile` to ELF bytes, laid out as clang does: `.strtab` first, each section before its `.rel`, `.BTF` and `.BTF.ext` after them,
 * `.symtab` last. One string table serves sections and symbols. The result depends on the object alone.
 */
import { encodeUtf8, StringTable, Writer } from "../bytes.ts";
import { writeBtf } from "../btf/write.ts";
import type { ObjectFile, ObjectSymbol } from "../object.ts";
import { EM_BPF, ET_REL, SHF, SHN, SHT, SYMBOL_BINDINGS, SYMBOL_TYPES, SYMBOL_VISIBILITIES } from "../spec/elf.ts";

interface Header {
	name: number;
	type: number;
	flags: number;
	offset: number;
	size: number;
	link: number;
	info: number;
	align: number;
	entsize: number;
}

export function writeElf(object: ObjectFile): Uint8Array {
	const little = object.endian === "little";
	const out = new Writer(little);
	const strings = new StringTable();
	const headers: Header[] = [
		{ name: 0, type: 0, flags: 0, offset: 0, size: 0, link: 0, info: 0, align: 0, entsize: 0 },
	];
	const header = (name: string, fields: Partial<Header>): Header => {
		const made = {
			name: strings.add(name),
			type: SHT.progbits,
			flags: 0,
			offset: 0,
			size: 0,
			link: 0,
			info: 0,
			align: 1,
			entsize: 0,
			...fields,
		} as Header;
		headers.push(made);
		return made;
	};

	// Local symbols come first, as the format wants; the order is otherwise kept.
	const order = object.symbols
		.map((_, i) => i)
		.sort((a, b) => localFirst(object.symbols[a]) - localFirst(object.symbols[b]));
	const symbolIndex: number[] = new Array(order.length);
	order.forEach((old, i) => {
		symbolIndex[old] = i + 1;
	});
	const reordered = order.some((old, i) => old !== i);

	const strtab = header(".strtab", { type: SHT.strtab });
	out.put(encodeUtf8("\x7fELF"));
	out.put(Uint8Array.of(2, little ? 1 : 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0));
	out.u16(ET_REL);
	out.u16(EM_BPF);
	out.u32(1);
	for (let i = 24; i < 64; i++) out.u8(0);

	const put = (h: Header, data: Uint8Array): void => {
		out.align(h.align);
		h.offset = out.length;
		h.size = data.length;
		out.put(data);
	};

	const elfIndex: number[] = [];
	const relocations: { header: Header; relocs: ObjectFile["sections"][number]["relocs"] }[] = [];
	const linked: Header[] = [];
	for (const section of object.sections) {
		const h = header(section.name, {
			type: section.type,
			flags: section.flags,
			align: section.align,
			entsize: section.entsize,
		});
		elfIndex.push(headers.length - 1);
		if (section.type === SHT.nobits) {
			out.align(Math.min(section.align, 4096));
			h.offset = out.length;
			h.size = section.size;
		} else put(h, section.type === SHT.llvm_addrsig && reordered ? new Uint8Array(0) : section.data);
		if (section.type === SHT.llvm_addrsig) linked.push(h);
		if (section.relocs.length === 0) continue;
		relocations.push({
			header: header(`.rel${section.name}`, {
				type: SHT.rel,
				flags: SHF.infoLink,
				info: headers.length - 1,
				align: 8,
				entsize: 16,
			}),
			relocs: section.relocs,
		});
	}
	if (object.btf !== undefined) {
		const { btf, ext } = writeBtf(object.btf, { endian: object.endian, ext: object.btfExt });
		put(header(".BTF", { align: 4 }), btf);
		if (ext !== undefined) put(header(".BTF.ext", { align: 4 }), ext);
	}
	for (const { header: h, relocs } of relocations) {
		const data = new Writer(little);
		for (const { offset, type, symbol } of relocs) {
			data.u64(offset);
			// r_info: the symbol is the upper half.
			data.u32(little ? type : symbolIndex[symbol]);
			data.u32(little ? symbolIndex[symbol] : type);
		}
		put(h, data.bytes());
	}

	const symtab = header(".symtab", {
		type: SHT.symtab,
		align: 8,
		entsize: 24,
		info: 1 + object.symbols.filter((s) => s.binding === "local").length,
	});
	const symbols = new Writer(little);
	for (let i = 0; i < 24; i++) symbols.u8(0);
	for (const i of order) {
		const symbol = object.symbols[i];
		symbols.u32(strings.add(symbol.name));
		symbols.u8((SYMBOL_BINDINGS.indexOf(symbol.binding) << 4) | SYMBOL_TYPES.indexOf(symbol.type));
		symbols.u8(SYMBOL_VISIBILITIES.indexOf(symbol.visibility));
		symbols.u16(typeof symbol.section === "number" ? elfIndex[symbol.section] : SHN[symbol.section]);
		symbols.u64(symbol.value);
		symbols.u64(symbol.size);
	}
	const symtabIndex = headers.length - 1;
	symtab.link = 1;
	for (const { header: h } of relocations) h.link = symtabIndex;
	for (const h of linked) h.link = symtabIndex;
	put(symtab, symbols.bytes());
	put(strtab, strings.bytes());

	out.align(8);
	out.patchU64(40, out.length);
	out.patch(52, (w) => {
		w.u16(64);
		w.u16(0);
		w.u16(0);
		w.u16(64);
		w.u16(headers.length);
		w.u16(1);
	});
	for (const h of headers) {
		out.u32(h.name);
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
	return out.bytes();
}

function localFirst(symbol: ObjectSymbol): number {
	return symbol.binding === "local" ? 0 : 1;
}
