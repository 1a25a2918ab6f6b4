/**
 * What an assembly file built up, to an object: places everything, resolves what is known, leaves relocations for the rest (`fixups.ts`), orders
 * symbols and sections as LLVM does, and makes the debug sections that directives only describe.
 *
 * Source: LLVM's ELF object writer for the rules.
 */
import { FormatError, Writer } from "../bytes.ts";
import { readBtfExt } from "../btf/ext-read.ts";
import { readBtf } from "../btf/read.ts";
import { BtfView } from "../btf/view.ts";
import type { ObjectFile, ObjectSymbol, Reloc, Section } from "../object.ts";
import { R_BPF_64_ABS32, R_BPF_64_ABS64, SHF, SHT } from "../spec/elf.ts";
import type { ObjectBuilder, SymbolBuilder } from "./builder.ts";
import type { Value } from "./cursor.ts";
import { applyFixup, type Place } from "./fixups.ts";
import { debugFrame } from "./frames.ts";
import { lineTable } from "./line-table.ts";
import { type Label, SectionBuilder } from "./section.ts";

/** Labels of the compiler's own: LLVM's for BPF are `.L…` and, for blocks, `LBB0_1`. */
const TEMPORARY = /^(\.L|LBB\d+_\d+$)/;

export function finish(o: ObjectBuilder): ObjectFile {
	const absolute = (label: Label): number => label.section.addressOf(label);
	/** Where a symbol is, through `.set`. */
	const locate = (name: string, from: Label | undefined, depth = 0): Place | bigint | undefined => {
		const numeric = /^(\d+)([bf])$/.exec(name);
		if (numeric !== null) {
			const labels = (o.numeric.get(numeric[1]) ?? []).filter((label) => label.section === from?.section);
			const at = from ? absolute(from) : 0;
			const label = numeric[2] === "b" ? labels.findLast((l) => absolute(l) <= at) : labels.find((l) => absolute(l) > at);
			return label && { section: label.section, address: absolute(label) };
		}
		const symbol = o.symbols.get(name);
		if (symbol?.label) return { section: symbol.label.section, address: absolute(symbol.label) };
		if (symbol?.equals === undefined || depth > 20) {
			// A section's name is a symbol at its start.
			const section = symbol?.binding === undefined ? o.known(name) : undefined;
			return section && { section, address: 0 };
		}
		if (symbol.equals.symbol === undefined) return symbol.equals.constant;
		if (symbol.equals.minus !== undefined) return difference(symbol.equals);
		const base = locate(symbol.equals.symbol, from, depth + 1);
		if (base === undefined || typeof base === "bigint") return base;
		return { section: base.section, address: base.address + Number(symbol.equals.constant) };
	};
	/** A constant, or the difference of two labels of one section. */
	const difference = (value: Value): bigint => {
		if (value.symbol === undefined) return value.constant;
		const a = locate(value.symbol, undefined);
		const b = value.minus === undefined ? undefined : locate(value.minus, undefined);
		if (typeof a === "bigint" && value.minus === undefined) return a + value.constant;
		if (a === undefined || b === undefined || typeof a === "bigint" || typeof b === "bigint" || a.section !== b.section)
			throw new FormatError(`"${value.symbol}${value.minus === undefined ? "" : ` - ${value.minus}`}" is not known when assembling`, 0);
		return BigInt(a.address - b.address) + value.constant;
	};

	for (let round = 0; ; round++) {
		let changed = false;
		for (const section of o.sections) changed = section.place(round === 0 ? () => 0n : difference) || changed;
		if (!changed && round > 0) break;
		if (round > 50) throw new FormatError("the lengths of LEB128 values do not settle", 0);
	}

	const sectionSymbols = new Set<SectionBuilder>();
	const pending: Pending[] = debugSections(o);
	for (const { target } of pending) if (!("usedInRelocation" in target)) sectionSymbols.add(target);
	const contents = new Map<SectionBuilder, Uint8Array>();
	for (const section of o.sections) {
		const bytes = section.contents(difference);
		contents.set(section, bytes);
		for (const fixup of section.fixups) {
			const reloc = applyFixup(o, fixup, bytes, locate, difference);
			if (reloc === undefined) continue;
			pending.push({ section, ...reloc });
			if ("usedInRelocation" in reloc.target) reloc.target.usedInRelocation = true;
			else sectionSymbols.add(reloc.target);
		}
	}

	// .BTF and .BTF.ext are read back: an object holds them as types, not as bytes.
	const kept = o.sections.filter((section) => section.name !== ".BTF" && section.name !== ".BTF.ext");
	const indexOf = new Map(kept.map((section, i) => [section, i]));
	const symbols: ObjectSymbol[] = [];
	const symbolIndex = new Map<SymbolBuilder | SectionBuilder, number>();
	if (o.fileName !== undefined)
		symbols.push({
			name: o.fileName,
			section: "absolute",
			value: 0,
			size: 0,
			binding: "local",
			type: "file",
			visibility: "default",
		});
	const finished = [...o.symbols.values()].filter(
		(symbol) =>
			symbol.usedInRelocation ||
			((!TEMPORARY.test(symbol.name) || (symbol.inlineAsm && !symbol.name.startsWith(".L"))) &&
				(symbol.label || symbol.equals || symbol.common || symbol.binding !== undefined)),
	);
	const bindingOf = (symbol: SymbolBuilder): ObjectSymbol["binding"] =>
		symbol.binding ?? (symbol.label || symbol.equals ? "local" : "global");
	// In the order in which they were first named; a section is when it is begun.
	const inOrder = [...finished, ...kept.filter((section) => sectionSymbols.has(section))].sort((a, b) => a.rank - b.rank);
	for (const local of [true, false])
		for (const symbol of inOrder) {
			if (symbol instanceof SectionBuilder) {
				if (!local) continue;
				symbolIndex.set(symbol, symbols.length);
				symbols.push({
					name: "",
					section: indexOf.get(symbol)!,
					value: 0,
					size: 0,
					binding: "local",
					type: "section",
					visibility: "default",
				});
				continue;
			}
			const binding = bindingOf(symbol);
			if ((binding === "local") !== local) continue;
			const place = locate(symbol.name, undefined);
			symbolIndex.set(symbol, symbols.length);
			symbols.push({
				name: symbol.name,
				section: symbol.common
					? "common"
					: place === undefined
						? "undefined"
						: typeof place === "bigint"
							? "absolute"
							: indexOf.get(place.section)!,
				value: symbol.common ? symbol.common.align : place === undefined ? 0 : typeof place === "bigint" ? Number(place) : place.address,
				size: symbol.size ? Number(difference(symbol.size)) : 0,
				binding,
				type: symbol.type,
				visibility: symbol.visibility,
			});
		}

	const sections = kept.map((section): Section => {
		const relocs: Reloc[] = pending
			.filter((p) => p.section === section)
			.map(({ offset, type, target }) => ({ offset, type, symbol: symbolIndex.get(target)! }));
		return {
			name: section.name,
			type: section.type,
			flags: section.flags,
			align: section.align,
			entsize: section.entsize,
			size: section.size,
			data: contents.get(section)!,
			relocs: relocs.sort((a, b) => a.offset - b.offset),
		};
	});
	if (o.significant !== undefined) sections.push(addressSignificant(o.significant, (symbol) => symbolIndex.get(symbol)));
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

interface Pending {
	readonly section: SectionBuilder;
	readonly offset: number;
	readonly type: number;
	readonly target: SymbolBuilder | SectionBuilder;
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
function addressSignificant(names: readonly SymbolBuilder[], index: (symbol: SymbolBuilder) => number | undefined): Section {
	const out = new Writer(true);
	for (const symbol of names) {
		const at = index(symbol);
		if (at === undefined) continue;
		let rest = at + 1;
		for (; rest > 0x7f; rest >>>= 7) out.u8((rest & 0x7f) | 0x80);
		out.u8(rest);
	}
	const data = out.bytes();
	return { name: ".llvm_addrsig", type: SHT.llvm_addrsig, flags: SHF.exclude, align: 1, entsize: 0, size: data.length, data, relocs: [] };
}
