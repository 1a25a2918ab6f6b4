/**
 * A map of an object while it is opened: its definition with the place that relocations name, and the initialisers of its slots, which are relocations
 * themselves. What the readers of the different kinds of map sections share.
 */
import type { Btf } from "../../assembler/btf/types.ts";
import type { ObjectFile, ObjectSymbol, Section } from "../../assembler/object.ts";
import type { MapDef } from "../image.ts";

/** A map with its place in the object, which relocations refer to. */
export interface PlacedMap {
	readonly def: MapDef;
	readonly section: number;
	/** Offset of its variable; for a data section, 0. */
	readonly offset: number;
	/** Instructions reach into the value (data sections) and not for the map. */
	readonly isData: boolean;
	/** False for what `?` in front of the section's name says not to make. */
	readonly autocreate?: boolean;
}

/** A definition in the making. */
export type MutableMap = { -readonly [K in keyof MapDef]: MapDef[K] };

export function emptyMap(name: string, btf: Btf | null): MutableMap {
	return {
		name,
		type: 0,
		keySize: 0,
		valueSize: 0,
		maxEntries: 0,
		flags: 0,
		extra: 0n,
		keyTypeId: 0,
		valueTypeId: 0,
		btf,
		inner: null,
		initial: null,
		frozen: false,
		pinning: 0,
		slots: [],
	};
}

/** Relocations over the `values` array: which map or program goes into which slot. */
export function slotInitialisers(object: ObjectFile, section: Section, from: number, to: number, base: number): MapDef["slots"] {
	return section.relocs.flatMap((reloc) => {
		// A flexible array may lie behind the end of the struct's size.
		if (reloc.offset < from) return [];
		const next = nextVariable(object, section, base);
		if (reloc.offset >= Math.max(to, next)) return [];
		const symbol = object.symbols[reloc.symbol];
		if (symbol === undefined) return [];
		const index = (reloc.offset - base) / 8;
		const target = symbol.type === "section" ? symbolIn(object, section, reloc.offset, symbol) : symbol;
		return target === undefined ? [] : [target.type === "function" ? { index, program: target.name } : { index, map: target.name }];
	});
}

/** What a relocation against a whole section means: the symbol at the offset that the bytes have. */
function symbolIn(object: ObjectFile, from: Section, offset: number, { section, value }: ObjectSymbol): ObjectSymbol | undefined {
	if (offset + 8 > from.data.length) return undefined;
	const at = value + new DataView(from.data.buffer, from.data.byteOffset).getUint32(offset, object.endian === "little");
	return object.symbols.find(
		(symbol) => symbol.section === section && symbol.value === at && (symbol.type === "function" || symbol.type === "object"),
	);
}

/** Where the variable after the one at `offset` starts. */
function nextVariable(object: ObjectFile, section: Section, offset: number): number {
	const index = object.sections.indexOf(section);
	const later = object.symbols.filter((s) => s.section === index && s.type === "object" && s.value > offset).map((s) => s.value);
	return later.length === 0 ? section.size : Math.min(...later);
}
