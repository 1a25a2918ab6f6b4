/**
 * What an assembly file built up, to an object: places everything (`addresses.ts`), resolves what is known, leaves relocations for the rest (`fixups.ts`),
 * orders symbols and sections as LLVM does, and makes the debug sections that directives only describe.
 *
 * Source: LLVM's ELF object writer for the rules.
 */
import { Writer } from "../bytes.ts";
import { readBtfExt } from "../btf/ext-read.ts";
import { readBtf } from "../btf/read.ts";
import { BtfView } from "../btf/view.ts";
import type { ObjectFile, ObjectSymbol, Reloc, Section } from "../object.ts";
import { R_BPF_64_ABS32, R_BPF_64_ABS64, SHF, SHT } from "../spec/elf.ts";
import { Addresses } from "./addresses.ts";
import type { ObjectBuilder, SymbolBuilder } from "./builder.ts";
import { applyFixup } from "./fixups.ts";
import { debugFrame } from "./frames.ts";
import { lineTable } from "./line-table.ts";
import { type Label, SectionBuilder } from "./section.ts";

/** Labels of the compiler's own: LLVM's for BPF are `.L…` and, for blocks, `LBB0_1`. */
const TEMPORARY = /^(\.L|LBB\d+_\d+$)/;

export function finish(o: ObjectBuilder): ObjectFile {
	const addresses = new Addresses(o);
	addresses.settle();
	const pending = debugSections(o);
	const contents = fillSections(o, addresses, pending);
	// .BTF and .BTF.ext are read back: an object holds them as types, not as bytes.
	const kept = o.sections.filter((section) => section.name !== ".BTF" && section.name !== ".BTF.ext");
	const { symbols, indexOf } = numberSymbols(o, addresses, kept, pending);
	const sections = kept.map((section): Section => {
		const { name, type, flags, align, entsize, size } = section;
		const relocs: Reloc[] = pending
			.filter((p) => p.section === section)
			.map(({ offset, type, target }) => ({ offset, type, symbol: indexOf.get(target)! }));
		return { name, type, flags, align, entsize, size, data: contents.get(section)!, relocs: relocs.sort((a, b) => a.offset - b.offset) };
	});
	if (o.significant !== undefined) sections.push(addressSignificant(o.significant, indexOf));
	const object: ObjectFile = { endian: o.little ? "little" : "big", sections, symbols };
	const btf = o.known(".BTF");
	if (btf === undefined) return object;
	const view = new BtfView(contents.get(btf)!);
	const ext = o.known(".BTF.ext");
	return {
		...object,
		btf: readBtf(view),
		btfStrings: view.strings.all(),
		...(ext ? { btfExt: readBtfExt(contents.get(ext)!, view) } : {}),
	};
}

/** A relocation, before symbols have numbers. */
interface Pending {
	readonly section: SectionBuilder;
	readonly offset: number;
	readonly type: number;
	readonly target: SymbolBuilder | SectionBuilder;
}

/** Each section's bytes with all numbers that are known; relocations for the others are added to `pending`. */
function fillSections(o: ObjectBuilder, addresses: Addresses, pending: Pending[]): Map<SectionBuilder, Uint8Array> {
	const contents = new Map<SectionBuilder, Uint8Array>();
	for (const section of o.sections) {
		const bytes = section.contents((value) => addresses.difference(value));
		contents.set(section, bytes);
		for (const fixup of section.fixups) {
			const reloc = applyFixup(o, fixup, bytes, addresses);
			if (reloc !== undefined) pending.push({ section, ...reloc });
		}
	}
	return contents;
}

interface Numbered {
	readonly symbols: readonly ObjectSymbol[];
	readonly indexOf: ReadonlyMap<SymbolBuilder | SectionBuilder, number>;
}

/** The file's name, what is local, what is not; each in the order in which it was first named (a section is when it is begun). */
function numberSymbols(o: ObjectBuilder, addresses: Addresses, kept: readonly SectionBuilder[], pending: readonly Pending[]): Numbered {
	const used = new Set(pending.map(({ target }) => target));
	const sectionIndex = new Map(kept.map((section, i) => [section, i]));
	const symbols: ObjectSymbol[] = [];
	const indexOf = new Map<SymbolBuilder | SectionBuilder, number>();
	const own = { value: 0, size: 0, binding: "local", visibility: "default" } as const;
	if (o.fileName !== undefined) symbols.push({ ...own, name: o.fileName, section: "absolute", type: "file" });
	const named = [...o.symbols.values()].filter((symbol) => used.has(symbol) || isKept(symbol));
	const inOrder = [...named, ...kept.filter((section) => used.has(section))].sort((a, b) => a.rank - b.rank);
	for (const local of [true, false])
		for (const symbol of inOrder) {
			const isSection = symbol instanceof SectionBuilder;
			if ((isSection || bindingOf(symbol) === "local") !== local) continue;
			indexOf.set(symbol, symbols.length);
			symbols.push(
				isSection
					? { ...own, name: "", section: sectionIndex.get(symbol)!, type: "section" }
					: objectSymbol(symbol, addresses, sectionIndex),
			);
		}
	return { symbols, indexOf };
}

/** Symbols that nothing refers to stay when they are no temporary labels and say something. */
function isKept(symbol: SymbolBuilder): boolean {
	const temporary = TEMPORARY.test(symbol.name) && !(symbol.inlineAsm && !symbol.name.startsWith(".L"));
	return !temporary && Boolean(symbol.label || symbol.equals || symbol.common || symbol.binding !== undefined);
}

function bindingOf(symbol: SymbolBuilder): ObjectSymbol["binding"] {
	return symbol.binding ?? (symbol.label || symbol.equals ? "local" : "global");
}

function objectSymbol(symbol: SymbolBuilder, addresses: Addresses, sectionIndex: ReadonlyMap<SectionBuilder, number>): ObjectSymbol {
	const { name, type, visibility, common } = symbol;
	const rest = { binding: bindingOf(symbol), type, visibility, size: symbol.size ? Number(addresses.difference(symbol.size)) : 0 };
	if (common) return { name, section: "common", value: common.align, ...rest };
	const place = addresses.locate(name, undefined);
	if (place === undefined) return { name, section: "undefined", value: 0, ...rest };
	if (typeof place === "bigint") return { name, section: "absolute", value: Number(place), ...rest };
	return { name, section: sectionIndex.get(place.section)!, value: place.address, ...rest };
}

/** Line table and call frames, behind what their sections hold; the relocations that they need. */
function debugSections(o: ObjectBuilder): Pending[] {
	const addressOf = (label: Label): number => label.section.addressOf(label);
	const pending: Pending[] = [];
	const fill = (
		section: SectionBuilder,
		bytes: Uint8Array,
		relocs: readonly { readonly offset: number; readonly target: SectionBuilder; readonly wide: boolean }[],
	): void => {
		const base = section.size;
		section.put(bytes);
		section.place(() => 0n);
		for (const { offset, target, wide } of relocs)
			pending.push({ section, offset: base + offset, type: wide ? R_BPF_64_ABS64 : R_BPF_64_ABS32, target });
	};
	if (o.frames.length > 0 && o.frameSection) {
		const section = o.sectionBefore(".debug_frame", ".debug_line", 8);
		const { bytes, relocs } = debugFrame(o.frames, o.little, addressOf);
		fill(
			section,
			bytes,
			relocs.map((reloc) =>
				reloc.section === "itself" ? { ...reloc, target: section, wide: false } : { ...reloc, target: reloc.section, wide: true },
			),
		);
	}
	if (o.lines.used) {
		const { line, strings, relocs } = lineTable(o.lines, o.little, (section) => section.size, addressOf);
		const section = o.section(".debug_line", SHT.progbits, 0, 0);
		// Version 4 has its names in the table itself.
		const text = o.lines.root === undefined ? section : o.section(".debug_line_str", SHT.progbits, SHF.merge | SHF.strings, 1);
		fill(
			section,
			line,
			relocs.map((reloc) =>
				reloc.section === "strings" ? { ...reloc, target: text, wide: false } : { ...reloc, target: reloc.section, wide: true },
			),
		);
		if (text !== section) fill(text, strings, []);
	}
	return pending;
}

/** `.llvm_addrsig`: the numbers of symbols whose addresses matter. */
function addressSignificant(names: readonly SymbolBuilder[], indexOf: Numbered["indexOf"]): Section {
	const out = new Writer(true);
	for (const symbol of names) {
		const at = indexOf.get(symbol);
		if (at === undefined) continue;
		let rest = at + 1;
		for (; rest > 0x7f; rest >>>= 7) out.u8((rest & 0x7f) | 0x80);
		out.u8(rest);
	}
	const data = out.bytes();
	return { name: ".llvm_addrsig", type: SHT.llvm_addrsig, flags: SHF.exclude, align: 1, entsize: 0, size: data.length, data, relocs: [] };
}
