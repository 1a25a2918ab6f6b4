/**
 * An object's maps, in the order in which libbpf numbers them: BTF-defined maps of `.maps`, old `maps` sections, then the global data sections
 * (.data*, .rodata*, .bss*) as arrays of one value, struct_ops variables, .kconfig. Variables of an arena (`.addr_space.1`) lie at its beginning.
 *
 * In a BTF-defined map each member of the struct is an attribute: `__uint(type, N)` is a pointer to an array of N elements, `__type(key, T)` a pointer to T,
 * `__ulong(map_extra, N)` an enum64 or enum value, `__array(values, …)` an array whose initialiser is relocations.
 */
import type { Btf, BtfRecord } from "../../assembler/btf/types.ts";
import type { ObjectFile } from "../../assembler/object.ts";
import { mapFlags, mapTypeId } from "../../assembler/spec/map-types.ts";
import type { MapDef } from "../image.ts";
import type { LoadError } from "./error.ts";
import type { TypeSource } from "../../assembler/btf/type-source.ts";
import { resolved, sizeOf, typeSource } from "../../assembler/btf/type-source.ts";
import { emptyMap, type MutableMap, type PlacedMap, slotInitialisers } from "./placed-map.ts";
import { structOpsMaps } from "./struct-ops.ts";

export function openMaps(object: ObjectFile, btf: Btf | null, errors: LoadError[]): PlacedMap[] {
	const maps = [...btfMaps(object, btf, errors), ...legacyMaps(object, errors), ...dataMaps(object, btf), ...structOpsMaps(object, btf)];
	return withArenaData(object, btf, maps, errors);
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
		if (slots !== null)
			def.slots = slotInitialisers(
				object,
				object.sections[section],
				entry.offset + slots,
				entry.offset + struct.size,
				entry.offset + slots,
			);
		maps.push({ def: normalise(def), section, offset: entry.offset, isData: false });
	}
	return maps;
}

/** Fills the definition; the result is the byte offset of the `values` array, null when there is none. */
function readAttributes(
	source: TypeSource,
	struct: BtfRecord,
	def: MutableMap,
	fail: (message: string) => void,
	depth: number,
): number | null {
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
		const size = (what: "key" | "value", bytes: number): number => {
			const before = what === "key" ? def.keySize : def.valueSize;
			if (before !== 0 && before !== bytes) fail(`its ${what}s have ${before} bytes and ${bytes}: say it once`);
			return bytes;
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
				def.keySize = size("key", number());
				break;
			case "value_size":
				def.valueSize = size("value", number());
				break;
			case "key":
				def.keyTypeId = pointee();
				def.keySize = size("key", sizeOf(source, def.keyTypeId));
				break;
			case "value":
				def.valueTypeId = pointee();
				def.valueSize = size("value", sizeOf(source, def.valueTypeId));
				break;
			case "pinning":
				def.pinning = number();
				break;
			case "map_extra":
				def.extra = attributeWide(source, member.type) ?? 0n;
				break;
			case "values":
				values = member.bitOffset / 8;
				def.valueSize = size("value", DESCRIPTOR);
				if (depth > 0) fail("maps nest only one deep");
				else readInnerMap(source, member.type, def, fail);
				break;
			default:
				fail(`unknown map attribute ${member.name}; there are ${ATTRIBUTES}`);
		}
	}
	if (def.type === 0) fail(`${depth === 0 ? "the map" : "the map within it"} has no type: __uint(type, BPF_MAP_TYPE_…);`);
	return values;
}

/** What `values` holds: maps of one definition, or programs. */
function readInnerMap(source: TypeSource, id: number, def: MutableMap, fail: (message: string) => void): void {
	const array = resolved(source, id);
	if (array.kind !== "array") return fail("attribute values is not written with __array");
	const element = resolved(source, array.type);
	const target = element.kind === "ptr" ? resolved(source, element.type) : element;
	if (def.type === mapTypeId("PROG_ARRAY")) return;
	if (target.kind !== "struct") return fail("attribute values holds neither maps nor programs");
	const inner = emptyMap(`${def.name}.inner`, def.btf);
	readAttributes(source, target, inner, fail, 1);
	def.inner = normalise(inner);
}

/** A map or a program, as user space names it to the kernel. */
const DESCRIPTOR = 4;

const ATTRIBUTES = "type, key, value, key_size, value_size, max_entries, map_flags, map_extra, numa_node, pinning and values";

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
	if (type.kind === "enum" || type.kind === "enum64")
		return type.values[0] === undefined ? null : BigInt.asUintN(64, BigInt(type.values[0].value));
	const number = attributeNumber(source, id);
	return number === null ? null : BigInt(number);
}

/** What libbpf fills in for the programmer. */
function normalise(def: MutableMap): MapDef {
	const out: MutableMap = { ...def };
	if (def.type === mapTypeId("RINGBUF") || def.type === mapTypeId("USER_RINGBUF")) {
		// Rounded up to a power of two of pages, as adjust_ringbuf_sz() does.
		let size = 4096;
		while (size < def.maxEntries) size *= 2;
		if (def.maxEntries > 0) out.maxEntries = size;
	}
	return out;
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
		const word = (n: number): number =>
			symbol.value + 4 * n + 4 <= data.length && (symbol.size === 0 || 4 * n < symbol.size)
				? view.getUint32(symbol.value + 4 * n, true)
				: 0;
		const def = {
			...emptyMap(symbol.name, null),
			type: word(0),
			keySize: word(1),
			valueSize: word(2),
			maxEntries: word(3),
			flags: word(4) | 0,
		};
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

const ARENA_SECTION = ".addr_space.1";

/** The variables of the one arena that a program can have: its first pages hold them, and instructions name them by section. */
function withArenaData(object: ObjectFile, btf: Btf | null, maps: readonly PlacedMap[], errors: LoadError[]): PlacedMap[] {
	const section = object.sections.findIndex(({ name, size }) => name === ARENA_SECTION && size > 0);
	if (section < 0) return [...maps];
	const arena = maps.findIndex(({ def }) => def.type === mapTypeId("ARENA"));
	if (arena < 0) {
		errors.push({ section: ARENA_SECTION, offset: 0, symbol: "", message: "there are variables of an arena, but no arena map" });
		return [...maps];
	}
	const { data, size } = object.sections[section];
	const { def } = maps[arena];
	if (size > def.maxEntries * 4096)
		errors.push({
			section: ARENA_SECTION,
			offset: 0,
			symbol: def.name,
			message: `${size} bytes of variables do not fit an arena of ${def.maxEntries} pages`,
		});
	const initial = new Uint8Array(size);
	initial.set(data);
	const valueTypeId = Math.max(0, btf?.types.findIndex((type) => type.kind === "datasec" && type.name === ARENA_SECTION) ?? 0);
	const filled: PlacedMap = { ...maps[arena], def: { ...def, initial, valueTypeId } };
	return [...maps.map((map, i) => (i === arena ? filled : map))];
}
