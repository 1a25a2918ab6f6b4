/** `Btf` and `BtfExt` to bytes: the inverse of `view.ts` and `ext-read.ts`. Both share the string section of `.BTF`. */
import { StringTable, Writer } from "../bytes.ts";
import { BTF_EXT_HEADER_SIZE, BTF_HEADER_SIZE, BTF_KINDS, BTF_LINKAGES, BTF_MAGIC, BTF_VERSION } from "../spec/btf.ts";
import type { BtfExt, SectionRecords } from "./ext.ts";
import type { Btf, BtfType } from "./types.ts";

/** Byte order (little unless said), and what goes along with the types. */
export interface BtfWriteOptions {
	readonly endian?: "little" | "big";
	readonly ext?: BtfExt;
	/** Strings to write first, as far as they are needed, in this order. */
	readonly stringOrder?: readonly string[];
	/** Of the base, when `btf` is a split one: only its own types are written. */
	readonly baseStringLength?: number;
}

/** Where numbers stand that a linker of ELF files would have to change. */
export interface BtfPlaces {
	/** Offsets of variables and functions in DATASECs: byte in `.BTF`, name, number. */
	readonly variables: readonly { readonly at: number; readonly name: string; readonly value: number }[];
	/** Offsets of instructions: byte in `.BTF.ext`, section. */
	readonly instructions: readonly { readonly at: number; readonly section: string }[];
}

/** The bytes of `.BTF`, and of `.BTF.ext` where there is one. */
export interface WrittenBtf {
	readonly btf: Uint8Array;
	readonly ext?: Uint8Array;
	readonly places: BtfPlaces;
}

/** Types, and the records that share their strings, to bytes. */
export function writeBtf(btf: Btf, options: BtfWriteOptions = {}): WrittenBtf {
	const little = options.endian !== "big";
	const shift = options.baseStringLength ?? 0;
	const strings = new StringTable("");
	for (const text of usedFirst(btf, options)) strings.add(text);
	const string = (text: string): number => (text === "" ? 0 : strings.add(text) + shift);

	const variables: BtfPlaces["variables"][number][] = [];
	const types = new Writer(little);
	for (let id = btf.baseCount || 1; id < btf.types.length; id++) {
		const type = btf.types[id];
		writeType(types, type, string);
		if (type.kind !== "datasec") continue;
		const start = BTF_HEADER_SIZE + types.length - type.vars.length * 12;
		type.vars.forEach((entry, i) => {
			const named = btf.types[entry.type];
			if (named !== undefined && "name" in named) variables.push({ at: start + i * 12 + 4, name: named.name, value: entry.offset });
		});
	}
	const instructions: BtfPlaces["instructions"][number][] = [];
	const ext = options.ext && writeExt(options.ext, little, string, instructions);

	const out = new Writer(little);
	const stringBytes = strings.bytes();
	out.u16(BTF_MAGIC);
	out.u8(BTF_VERSION);
	out.u8(0);
	out.u32(BTF_HEADER_SIZE);
	out.u32(0);
	out.u32(types.length);
	out.u32(types.length);
	out.u32(stringBytes.length);
	out.put(types.bytes());
	out.put(stringBytes);
	return { btf: out.bytes(), ...(ext === undefined ? {} : { ext }), places: { variables, instructions } };
}

/** The strings of `stringOrder` that something uses. */
function usedFirst(btf: Btf, { stringOrder, ext }: BtfWriteOptions): readonly string[] {
	if (stringOrder === undefined) return [];
	const used = new Set<string>();
	const note = (text: string): number => {
		used.add(text);
		return 0;
	};
	const nowhere = new Writer(true);
	for (let id = btf.baseCount || 1; id < btf.types.length; id++) writeType(nowhere, btf.types[id], note);
	if (ext !== undefined) writeExt(ext, true, note, []);
	return stringOrder.filter((text) => text !== "" && used.has(text));
}

/** The three words that every type begins with, and what its kind has behind them. */
function writeType(out: Writer, type: BtfType, string: (text: string) => number): void {
	const { name = "", sizeOrType = 0, vlen = 0, kflag = false } = headOf(type);
	out.u32(string(name));
	out.u32(((kflag ? 1 << 31 : 0) | (BTF_KINDS.indexOf(type.kind) << 24) | vlen) >>> 0);
	out.u32(sizeOrType);
	writeTail(out, type, string);
}

interface Head {
	readonly name?: string;
	readonly sizeOrType?: number;
	readonly vlen?: number;
	readonly kflag?: boolean;
}

function headOf(type: BtfType): Head {
	switch (type.kind) {
		case "void":
		case "array":
			return {};
		case "int":
		case "float":
			return { name: type.name, sizeOrType: type.size };
		case "ptr":
		case "volatile":
		case "const":
		case "restrict":
			return { sizeOrType: type.type };
		case "struct":
		case "union":
			return { name: type.name, sizeOrType: type.size, vlen: type.members.length, kflag: hasBitFields(type) };
		case "enum":
		case "enum64":
			return { name: type.name, sizeOrType: type.size, vlen: type.values.length, kflag: type.signed };
		case "fwd":
			return { name: type.name, kflag: type.union };
		case "typedef":
		case "var":
			return { name: type.name, sizeOrType: type.type };
		case "func":
			return { name: type.name, sizeOrType: type.type, vlen: BTF_LINKAGES.indexOf(type.linkage) };
		case "func_proto":
			return { sizeOrType: type.result, vlen: type.params.length };
		case "datasec":
			return { name: type.name, sizeOrType: type.size, vlen: type.vars.length };
		case "decl_tag":
		case "type_tag":
			return { name: type.name, sizeOrType: type.type, ...(type.kflag === undefined ? {} : { kflag: type.kflag }) };
		default:
			return type satisfies never;
	}
}

const hasBitFields = ({ members }: BtfType & { kind: "struct" | "union" }): boolean => members.some((m) => m.bitSize !== 0);

function writeTail(out: Writer, type: BtfType, string: (text: string) => number): void {
	switch (type.kind) {
		case "int":
			out.u32(((type.encoding << 24) | (type.offset << 16) | type.bits) >>> 0);
			return;
		case "array":
			out.u32(type.type);
			out.u32(type.indexType);
			out.u32(type.length);
			return;
		case "struct":
		case "union": {
			// With the flag set, the upper 8 bits of every offset are the width of a bit-field.
			const kflag = hasBitFields(type);
			for (const m of type.members) {
				out.u32(string(m.name));
				out.u32(m.type);
				out.u32(kflag ? ((m.bitSize << 24) | m.bitOffset) >>> 0 : m.bitOffset);
			}
			return;
		}
		case "enum":
			for (const v of type.values) {
				out.u32(string(v.name));
				out.u32(v.value >>> 0);
			}
			return;
		case "enum64":
			for (const v of type.values) {
				out.u32(string(v.name));
				out.u32(Number(v.value & 0xffff_ffffn));
				out.u32(Number((v.value >> 32n) & 0xffff_ffffn));
			}
			return;
		case "func_proto":
			for (const p of type.params) {
				out.u32(string(p.name));
				out.u32(p.type);
			}
			return;
		case "var":
			out.u32(BTF_LINKAGES.indexOf(type.linkage));
			return;
		case "datasec":
			for (const v of type.vars) {
				out.u32(v.type);
				out.u32(v.offset);
				out.u32(v.size);
			}
			return;
		case "decl_tag":
			out.u32(type.componentIndex >>> 0);
	}
}

function writeExt(
	ext: BtfExt,
	little: boolean,
	string: (text: string) => number,
	instructions: { at: number; section: string }[],
): Uint8Array {
	const body = new Writer(little);
	const parts: { at: number; length: number }[] = [];
	const part = <T extends { readonly insnOffset: number }>(
		sections: readonly SectionRecords<T>[],
		size: number,
		one: (record: T) => void,
	): void => {
		const at = body.length;
		const used = sections.filter((s) => s.records.length > 0);
		if (used.length > 0) {
			body.u32(size);
			for (const { section, records } of used) {
				body.u32(string(section));
				body.u32(records.length);
				for (const record of records) {
					instructions.push({ at: BTF_EXT_HEADER_SIZE + body.length, section });
					one(record);
				}
			}
		}
		parts.push({ at, length: body.length - at });
	};
	part(ext.funcInfo, 8, (f) => {
		body.u32(f.insnOffset);
		body.u32(f.typeId);
	});
	part(ext.lineInfo, 16, (l) => {
		body.u32(l.insnOffset);
		body.u32(string(l.file));
		body.u32(string(l.text));
		// 22 bits of line, 10 of column; a column that does not fit is not worth a wrong line.
		body.u32(((Math.min(l.line, 0x3fffff) << 10) | Math.min(l.column, 0x3ff)) >>> 0);
	});
	part(ext.coreRelos, 16, (c) => {
		body.u32(c.insnOffset);
		body.u32(c.typeId);
		body.u32(string(c.access));
		body.u32(c.kind);
	});
	const out = new Writer(little);
	out.u16(BTF_MAGIC);
	out.u8(BTF_VERSION);
	out.u8(0);
	out.u32(BTF_EXT_HEADER_SIZE);
	for (const { at, length } of parts) {
		out.u32(at);
		out.u32(length);
	}
	out.put(body.bytes());
	return out.bytes();
}
