/**
 * What an object shows to its users: maps, global variables, and the C types that these are made of.
 *
 * In: an object. Out: a plain description, from which the TypeScript and C generators write. Each C type becomes a shape with byte
 * offsets; anonymous records are flattened into their parent; what no field covers is padding.
 */
import { sizeOf, stripModifiers } from "../../assembler/btf/layout.ts";
import type { Btf, BtfRecord } from "../../assembler/btf/types.ts";
import type { ObjectFile } from "../../assembler/object.ts";
import { INT_ENCODING } from "../../assembler/spec/btf.ts";
import { completeDatasecs } from "../fix.ts";
import { identifier } from "../../assembler/btf/c-names.ts";

export type Shape =
	| { readonly kind: "int"; readonly size: number; readonly signed: boolean; readonly bool: boolean }
	| { readonly kind: "float"; readonly size: number }
	/** `char name[16]`: text up to its NUL. */
	| { readonly kind: "text"; readonly size: number }
	/** `u8 bytes[6]`. */
	| { readonly kind: "bytes"; readonly size: number }
	| { readonly kind: "array"; readonly size: number; readonly length: number; readonly element: Shape }
	/** By name: a record or an enum of the model. */
	| { readonly kind: "record"; readonly size: number; readonly name: string }
	| { readonly kind: "enum"; readonly size: number; readonly signed: boolean; readonly name: string }
	/** Pointers are numbers to us. */
	| { readonly kind: "pointer"; readonly size: number };

export interface Field {
	readonly name: string;
	readonly offset: number;
	readonly shape: Shape;
	/** Bit-fields: the lowest bit from the start of the record, and how many. */
	readonly bits?: { readonly offset: number; readonly size: number };
	/** Shares its bytes with others: only one of them is written. */
	readonly overlaps: boolean;
}

export interface RecordModel {
	readonly name: string;
	readonly union: boolean;
	readonly size: number;
	readonly fields: readonly Field[];
	/** Runs of bytes that no field covers. */
	readonly padding: readonly { readonly offset: number; readonly size: number }[];
}

export interface EnumModel {
	readonly name: string;
	readonly size: number;
	readonly values: readonly { readonly name: string; readonly value: number | bigint }[];
}

export interface MapModel {
	readonly name: string;
	readonly type: number | undefined;
	readonly maxEntries: number | undefined;
	readonly key: Shape | undefined;
	readonly value: Shape | undefined;
}

export interface GlobalModel {
	readonly name: string;
	readonly section: string;
	readonly offset: number;
	readonly shape: Shape;
}

export interface ProgramModel {
	readonly name: string;
	readonly section: string;
}

/** An object's maps, globals, programs and their types. Sizes and offsets in bytes. */
export interface ObjectModel {
	readonly records: readonly RecordModel[];
	readonly enums: readonly EnumModel[];
	readonly maps: readonly MapModel[];
	readonly globals: readonly GlobalModel[];
	readonly sections: readonly { readonly name: string; readonly size: number }[];
	readonly programs: readonly ProgramModel[];
}

/** Functions that others see and that lie in a section of their own kind: what `.text` holds is called by those. */
export function programsOf(object: ObjectFile): ProgramModel[] {
	const programs: ProgramModel[] = [];
	for (const { name, type, binding, section } of object.symbols) {
		if (type !== "function" || binding === "local" || typeof section !== "number") continue;
		const { name: within } = object.sections[section];
		if (within !== ".text") programs.push({ name, section: within });
	}
	return programs;
}

/** What bindings of any language need of an object: its programs, maps and variables with their types. @example describeObject(readElf(bytes)).maps.map(({ name }) => name) */
export function describeObject(object: ObjectFile): ObjectModel {
	const complete = completeDatasecs(object);
	const programs = programsOf(object);
	const btf: Btf = complete.btf ?? { types: [{ kind: "void" }] };
	const types = new TypeModel(btf);
	const maps: MapModel[] = [];
	const globals: GlobalModel[] = [];
	const sections: { name: string; size: number }[] = [];
	for (const section of btf.types) {
		if (section.kind !== "datasec") continue;
		const isMaps = section.name === ".maps";
		if (!isMaps && !/^\.(data|rodata|bss)(\.|$)/.test(section.name)) continue;
		if (!isMaps) sections.push({ name: section.name, size: section.size });
		for (const { type, offset } of section.vars) {
			const variable = btf.types[type];
			if (variable.kind !== "var") continue;
			if (isMaps) maps.push(types.map(variable.name, variable.type));
			else if (variable.linkage !== "static")
				globals.push({ name: variable.name, section: section.name, offset, shape: types.shape(variable.type) });
		}
	}
	return { records: [...types.records.values()], enums: [...types.enums.values()], maps, globals, sections, programs };
}

class TypeModel {
	readonly records = new Map<number, RecordModel>();
	readonly enums = new Map<number, EnumModel>();
	private readonly btf: Btf;
	private readonly names = new Map<string, number>();
	constructor(btf: Btf) {
		this.btf = btf;
	}

	/** A name for a type: its own, else that of the typedef or member that led here; numbered if taken. */
	private fresh(name: string, hint: string): string {
		const plain = identifier(name) || identifier(hint) || "anonymous";
		const count = (this.names.get(plain) ?? 0) + 1;
		this.names.set(plain, count);
		return count === 1 ? plain : `${plain}_${count}`;
	}

	shape(id: number, hint = "", depth = 0): Shape {
		const { types } = this.btf;
		const outer = types[id];
		const named = outer.kind === "typedef" ? outer.name : hint;
		const base = stripModifiers(types, id);
		const type = types[base];
		const size = sizeOf(types, base) ?? 0;
		if (depth > 32) return { kind: "bytes", size };
		switch (type.kind) {
			case "int":
				return {
					kind: "int",
					size: type.size,
					signed: (type.encoding & INT_ENCODING.signed) !== 0,
					bool: (type.encoding & INT_ENCODING.bool) !== 0,
				};
			case "float":
				return { kind: "float", size };
			case "ptr":
				return { kind: "pointer", size };
			case "enum":
			case "enum64": {
				let found = this.enums.get(base);
				if (found === undefined) this.enums.set(base, (found = { name: this.fresh(type.name, named), size, values: type.values }));
				return { kind: "enum", size, signed: type.signed, name: found.name };
			}
			case "struct":
			case "union": {
				let found = this.records.get(base);
				if (found === undefined) {
					const name = this.fresh(type.name, named);
					// A record cannot hold itself; a hostile one finds its placeholder.
					this.records.set(base, { name, union: type.kind === "union", size, fields: [], padding: [] });
					found = { name, union: type.kind === "union", size, ...this.fields(type, name, depth) };
					this.records.set(base, found);
				}
				return { kind: "record", size, name: found.name };
			}
			case "array": {
				const element = stripModifiers(types, type.type);
				const item = types[element];
				if (item.kind === "int" && item.size === 1 && (item.encoding & INT_ENCODING.bool) === 0)
					return { kind: item.name === "char" ? "text" : "bytes", size };
				return { kind: "array", size, length: type.length, element: this.shape(type.type, hint, depth + 1) };
			}
			default:
				return { kind: "bytes", size };
		}
	}

	private fields(record: BtfRecord, name: string, depth: number): Pick<RecordModel, "fields" | "padding"> {
		const fields: Field[] = [];
		const covered = new Set<number>();
		const visit = (from: BtfRecord, base: number, inUnion: boolean, level: number): void => {
			for (const member of from.members) {
				const inner = this.btf.types[stripModifiers(this.btf.types, member.type)];
				const overlaps = inUnion || from.kind === "union";
				if (member.name === "" && (inner.kind === "struct" || inner.kind === "union") && level < 16) {
					visit(inner, base + member.bitOffset, overlaps, level + 1);
					continue;
				}
				// An unnamed bit-field is padding.
				if (member.name === "") continue;
				const bit = base + member.bitOffset;
				const shape = this.shape(member.type, `${name}_${member.name}`, depth + 1);
				const bits = member.bitSize > 0 ? { offset: bit, size: member.bitSize } : undefined;
				fields.push({ name: member.name, offset: Math.floor(bit / 8), shape, overlaps, ...(bits ? { bits } : {}) });
				const end = bits ? bit + member.bitSize : bit + shape.size * 8;
				for (let byte = Math.floor(bit / 8); byte * 8 < end && covered.size < 1 << 16; byte++) covered.add(byte);
			}
		};
		visit(record, 0, false, 0);
		const padding: { offset: number; size: number }[] = [];
		for (let at = 0; at < Math.min(record.size, 1 << 16); at++) {
			if (covered.has(at)) continue;
			const last = padding[padding.length - 1];
			if (last && last.offset + last.size === at) padding[padding.length - 1] = { offset: last.offset, size: last.size + 1 };
			else padding.push({ offset: at, size: 1 });
		}
		return { fields, padding };
	}

	/** A `.maps` variable: the fields of its struct are numbers and types in disguise. */
	map(name: string, id: number): MapModel {
		const { types } = this.btf;
		const definition = types[stripModifiers(types, id)];
		const field = (wanted: string): number | undefined => {
			const member = definition.kind === "struct" ? definition.members.find((m) => m.name === wanted) : undefined;
			const pointer = member && types[stripModifiers(types, member.type)];
			return pointer?.kind === "ptr" ? pointer.type : undefined;
		};
		const number = (wanted: string): number | undefined => {
			const target = field(wanted);
			const array = target === undefined ? undefined : types[stripModifiers(types, target)];
			return array?.kind === "array" ? array.length : undefined;
		};
		const shape = (wanted: string): Shape | undefined => {
			const target = field(wanted);
			if (target !== undefined) return this.shape(target, `${name}_${wanted}`);
			const size = number(`${wanted}_size`);
			return size === undefined ? undefined : { kind: "bytes", size };
		};
		return { name, type: number("type"), maxEntries: number("max_entries"), key: shape("key"), value: shape("value") };
	}
}
