/**
 * An object's maps, in the order in which libbpf numbers them: BTF-defined maps of `.maps`, old `maps` sections, then the global data sections
 * (.data*, .rodata*, .bss*) as arrays of one value, .kconfig, and struct_ops variables.
 *
 * In a BTF-defined map each member of the struct is an attribute: `__uint(type, N)` is a pointer to an array of N elements, `__type(key, T)` a pointer to T,
 * `__ulong(map_extra, N)` an enum64 or enum value, `__array(values, …)` an array whose initialiser is relocations.
 */
import type { Btf, BtfRecord } from "../../assembler/btf/types.ts";
import type { ObjectFile, Section } from "../../assembler/object.ts";
import { mapFlags, mapTypeId } from "../../assembler/spec/map-types.ts";
import type { MapDef } from "../image.ts";
import type { LoadError } from "./error.ts";
import type { TypeSource } from "../../assembler/btf/type-source.ts";
import { resolved, sizeOf, typeSource } from "../../assembler/btf/type-source.ts";

/** A map with its place in the object, which relocations refer to. */
export interface PlacedMap {
	readonly def: MapDef;
	readonly section: number;
	/** Offset of its variable; for a data section, 0. */
	readonly offset: number;
	/** Instructions reach into the value (data sections) and not for the map. */
	readonly isData: boolean;
}

type Mutable = { -readonly [K in keyof MapDef]: MapDef[K] };

export function openMaps(object: ObjectFile, btf: Btf | null, errors: LoadError[]): PlacedMap[] {
	return [...btfMaps(object, btf, errors), ...legacyMaps(object, errors), ...dataMaps(object, btf), ...structOpsMaps(object, btf)];
}

export function emptyMap(name: string, btf: Btf | null): Mutable {
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

function btfMaps(object: ObjectFile, btf: Btf | null, errors: LoadError[]): PlacedMap[] {
	const section = object.sections.findIndex((s) => s.name === ".maps");
	if (section < 0) return [];
	const fail = (symbol: string, offset: number, message: string): void => {
		errors.push({ section: ".maps", offset, symbol, message });
	};
	if (btf === null) {
		fail("", -1, "the object has no BTF, which defines its maps (compile with -g)");
		return [];
	}
	const source = typeSource(btf);
	const datasec = btf.types.find((type) => type.kind === "datasec" && type.name === ".maps");
	if (datasec === undefined || datasec.kind !== "datasec") {
		fail("", -1, "the BTF does not describe this section");
		return [];
	}
	const maps: PlacedMap[] = [];
	for (const entry of datasec.vars) {
		const variable = btf.types[entry.type];
		if (variable === undefined || variable.kind !== "var") continue;
		const struct = resolved(source, variable.type);
		if (struct.kind !== "struct") {
			fail(variable.name, entry.offset, "is not a struct with map attributes");
			continue;
		}
		const def = emptyMap(variable.name, btf);
		const slots = readAttributes(source, struct, def, (message) => fail(variable.name, entry.offset, message), 0);
		if (slots !== null) def.slots = slotInitialisers(object, object.sections[section], entry.offset + slots, entry.offset + struct.size, entry.offset + slots);
		maps.push({ def: normalise(def), section, offset: entry.offset, isData: false });
	}
	return maps;
}

/** Fills the definition; the result is the byte offset of the `values` array, null when there is none. */
function readAttributes(source: TypeSource, struct: BtfRecord, def: Mutable, fail: (message: string) => void, depth: number): number | null {
	let values: number | null = null;
	for (const member of struct.members) {
		const number = (): number => {
			const value = attributeNumber(source, member.type);
			if (value === null) fail(`attribute ${member.name} is not written with __uint`);
			return value ?? 0;
		};
		const pointee = (): number => {
			const type = resolved(source, member.type);
			if (type.kind === "ptr") return type.type;
			fail(`attribute ${member.name} is not written with __type`);
			return 0;
		};
		switch (member.name) {
			case "type":
				def.type = number();
				break;
			case "max_entries":
				def.maxEntries = number();
				break;
			case "map_flags":
				def.flags = number() | 0;
				break;
			case "numa_node":
				break;
			case "key_size":
				def.keySize = number();
				break;
			case "value_size":
				def.valueSize = number();
				break;
			case "key":
				def.keyTypeId = pointee();
				def.keySize = sizeOf(source, def.keyTypeId);
				break;
			case "value":
				def.valueTypeId = pointee();
				def.valueSize = sizeOf(source, def.valueTypeId);
				break;
			case "pinning":
				def.pinning = number();
				break;
			case "map_extra":
				def.extra = attributeWide(source, member.type) ?? 0n;
				break;
			case "values": {
				values = member.bitOffset / 8;
				if (depth > 0) {
					fail("maps nest only one deep");
					break;
				}
				const array = resolved(source, member.type);
				if (array.kind !== "array") {
					fail("attribute values is not written with __array");
					break;
				}
				const element = resolved(source, array.type);
				const target = element.kind === "ptr" ? resolved(source, element.type) : element;
				if (def.type === mapTypeId("PROG_ARRAY")) break;
				if (target.kind !== "struct") {
					fail("attribute values holds neither maps nor programs");
					break;
				}
				const inner = emptyMap(`${def.name}.inner`, def.btf);
				readAttributes(source, target, inner, fail, depth + 1);
				def.inner = normalise(inner);
				break;
			}
			default:
				fail(`unknown map attribute ${member.name}`);
		}
	}
	return values;
}

/** `__uint(name, N)`: a pointer to an int array of N elements. */
function attributeNumber(source: TypeSource, id: number): number | null {
	const pointer = resolved(source, id);
	if (pointer.kind !== "ptr") return null;
	const array = resolved(source, pointer.type);
	return array.kind === "array" ? array.length : null;
}

/** `__ulong(name, N)`: an enum with the value; `__uint` works too. */
function attributeWide(source: TypeSource, id: number): bigint | null {
	const type = resolved(source, id);
	if (type.kind === "enum" || type.kind === "enum64") return type.values[0] === undefined ? null : BigInt.asUintN(64, BigInt(type.values[0].value));
	const number = attributeNumber(source, id);
	return number === null ? null : BigInt(number);
}

/** What libbpf fills in for the programmer. */
function normalise(def: Mutable): MapDef {
	const out: Mutable = { ...def };
	if (def.type === mapTypeId("ARRAY_OF_MAPS") || def.type === mapTypeId("HASH_OF_MAPS") || def.type === mapTypeId("PROG_ARRAY") || def.type === mapTypeId("PERF_EVENT_ARRAY")) {
		if (out.keySize === 0 && def.type !== mapTypeId("HASH_OF_MAPS")) out.keySize = 4;
		if (out.valueSize === 0 || out.valueSize === 8) out.valueSize = 4;
	}
	if (def.type === mapTypeId("RINGBUF") || def.type === mapTypeId("USER_RINGBUF")) {
		// Rounded up to a power of two of pages, as adjust_ringbuf_sz() does.
		let size = 4096;
		while (size < def.maxEntries) size *= 2;
		if (def.maxEntries > 0) out.maxEntries = size;
	}
	if ((def.type === mapTypeId("QUEUE") || def.type === mapTypeId("STACK") || def.type === mapTypeId("BLOOM_FILTER")) && def.keyTypeId !== 0) out.keySize = 0;
	return out;
}

/** Relocations over the `values` array: which map or program goes into which slot. */
function slotInitialisers(object: ObjectFile, section: Section, from: number, to: number, base: number): MapDef["slots"] {
	return section.relocs.flatMap((reloc) => {
		// A flexible array may lie behind the end of the struct's size.
		if (reloc.offset < from) return [];
		const next = nextVariable(object, section, base);
		if (reloc.offset >= Math.max(to, next)) return [];
		const symbol = object.symbols[reloc.symbol];
		if (symbol === undefined) return [];
		const index = (reloc.offset - base) / 8;
		return [symbol.type === "function" ? { index, program: symbol.name } : { index, map: symbol.name }];
	});
}

/** Where the variable after the one at `offset` starts. */
function nextVariable(object: ObjectFile, section: Section, offset: number): number {
	const index = object.sections.indexOf(section);
	const later = object.symbols.filter((s) => s.section === index && s.type === "object" && s.value > offset).map((s) => s.value);
	return later.length === 0 ? section.size : Math.min(...later);
}

/** `struct bpf_map_def`: type, key_size, value_size, max_entries, map_flags; libbpf 1.0 dropped it, old objects still have it. */
function legacyMaps(object: ObjectFile, errors: LoadError[]): PlacedMap[] {
	const section = object.sections.findIndex((s) => s.name === "maps");
	if (section < 0) return [];
	const { data } = object.sections[section];
	const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
	const symbols = object.symbols.filter((s) => s.section === section && s.type !== "section").sort((a, b) => a.value - b.value);
	return symbols.flatMap((symbol) => {
		if (symbol.value + 16 > data.length) {
			errors.push({ section: "maps", offset: symbol.value, symbol: symbol.name, message: "the definition is cut off" });
			return [];
		}
		const word = (n: number): number => (symbol.value + 4 * n + 4 <= data.length && (symbol.size === 0 || 4 * n < symbol.size) ? view.getUint32(symbol.value + 4 * n, true) : 0);
		const def = { ...emptyMap(symbol.name, null), type: word(0), keySize: word(1), valueSize: word(2), maxEntries: word(3), flags: word(4) | 0 };
		return [{ def, section, offset: symbol.value, isData: false }];
	});
}

const dataSection = /^\.(data|rodata|bss)(\.|$)/;

function dataMaps(object: ObjectFile, btf: Btf | null): PlacedMap[] {
	return object.sections.flatMap((section, index) => {
		if (!dataSection.test(section.name) || section.size === 0) return [];
		const readOnly = section.name.startsWith(".rodata");
		const valueTypeId = btf?.types.findIndex((type) => type.kind === "datasec" && type.name === section.name) ?? 0;
		const def: MapDef = {
			...emptyMap(section.name, btf),
			type: mapTypeId("ARRAY"),
			keySize: 4,
			valueSize: section.size,
			maxEntries: 1,
			flags: mapFlags.MMAPABLE | (readOnly ? mapFlags.RDONLY_PROG : 0),
			valueTypeId: Math.max(0, valueTypeId),
			initial: section.data,
			frozen: readOnly,
		};
		return [{ def, section: index, offset: 0, isData: true }];
	});
}

/** Each variable of a `.struct_ops` section is a map of one value: the struct with its function pointers. */
function structOpsMaps(object: ObjectFile, btf: Btf | null): PlacedMap[] {
	if (btf === null) return [];
	return object.sections.flatMap((section, index) => {
		if (!/^\??\.struct_ops(\.|$)/.test(section.name)) return [];
		const datasec = btf.types.find((type) => type.kind === "datasec" && type.name === section.name);
		if (datasec === undefined || datasec.kind !== "datasec") return [];
		return datasec.vars.flatMap((entry) => {
			const variable = btf.types[entry.type];
			if (variable === undefined || variable.kind !== "var") return [];
			const size = sizeOf(typeSource(btf), variable.type);
			const def: MapDef = {
				...emptyMap(variable.name, btf),
				type: mapTypeId("STRUCT_OPS"),
				keySize: 4,
				valueSize: size,
				maxEntries: 1,
				valueTypeId: variable.type,
				initial: section.data.subarray(entry.offset, entry.offset + size),
				slots: slotInitialisers(object, section, entry.offset, entry.offset + size, entry.offset),
			};
			return [{ def, section: index, offset: entry.offset, isData: false }];
		});
	});
}
