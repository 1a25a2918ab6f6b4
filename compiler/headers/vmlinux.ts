/**
 * `#include "vmlinux.h"` without a file: C types made of BTF, one when it is asked for. No text is written or parsed.
 * Records carry preserve_access_index, as those of a real vmlinux.h do. Where several BTF types share a name (the kernel's own
 * duplicates) the first is meant; bpftool's dump calls the others name___2.
 */
import type { BtfRecord, BtfType } from "../../assembler/btf/types.ts";
import { BtfView } from "../../assembler/btf/view.ts";
import type { ExternalTypes } from "../grammar/unit.ts";
import {
	arrayOf,
	BOOL,
	CHAR,
	DOUBLE,
	FLOAT,
	INT,
	INT128,
	LLONG,
	LONG,
	LONG_DOUBLE,
	qualify,
	SCHAR,
	SHORT,
	UCHAR,
	UINT,
	UINT128,
	ULLONG,
	ULONG,
	USHORT,
	VOID,
} from "../types/basic.ts";
import { alignOf } from "../types/layout.ts";
import type { CType, EnumType, FunctionType, IntType, Member, RecordBody, RecordType } from "../types/types.ts";

export function vmlinuxTypes(bytes: Uint8Array): ExternalTypes {
	return new KernelTypes(new BtfView(bytes));
}

interface Enumerator {
	readonly value: bigint;
	readonly type: EnumType;
}

type Kind = Parameters<BtfView["find"]>[1];

class KernelTypes implements ExternalTypes {
	readonly #btf: BtfView;
	readonly #types = new Map<number, CType>();
	#enumerators: ReadonlyMap<string, Enumerator> | null = null;

	constructor(btf: BtfView) {
		this.#btf = btf;
	}

	tag(kind: "struct" | "union" | "enum", name: string): RecordType | EnumType | null {
		const id = kind === "enum" ? this.#first(name, "enum", "enum64") : (this.#first(name, kind) ?? this.#forward(kind, name));
		return id === null ? null : (this.#typeOf(id) as RecordType | EnumType);
	}

	typedef(name: string): CType | null {
		const id = this.#first(name, "typedef");
		return id === null ? null : this.#typeOf(id);
	}

	enumerator(name: string): Enumerator | null {
		this.#enumerators ??= this.#indexEnumerators();
		return this.#enumerators.get(name) ?? null;
	}

	func(name: string): FunctionType | null {
		const id = this.#first(name, "func");
		if (id === null) return null;
		const type = this.#typeOf(id);
		return type.kind === "function" ? type : null;
	}

	#first(name: string, ...kinds: readonly Kind[]): number | null {
		for (const kind of kinds) {
			const ids = this.#btf.find(name, kind);
			if (ids.length > 0) return ids[0];
		}
		return null;
	}

	#forward(kind: "struct" | "union", name: string): number | null {
		return this.#btf.find(name, "fwd").find((id) => (this.#btf.type(id) as { union: boolean }).union === (kind === "union")) ?? null;
	}

	#indexEnumerators(): Map<string, Enumerator> {
		const map = new Map<string, Enumerator>();
		for (let id = this.#btf.firstId; id < this.#btf.count; id++) {
			const kind = this.#btf.kindOf(id);
			if (kind !== "enum" && kind !== "enum64") continue;
			const type = this.#typeOf(id) as EnumType;
			for (const { name, value } of type.body?.enumerators ?? []) if (!map.has(name)) map.set(name, { value, type });
		}
		return map;
	}

	#typeOf(id: number): CType {
		if (id === 0) return VOID;
		let type = this.#types.get(id);
		if (type === undefined) {
			type = this.#make(id, this.#btf.type(id));
			this.#types.set(id, type);
		}
		return type;
	}

	#make(id: number, type: BtfType): CType {
		switch (type.kind) {
			case "int":
				return integer(type.name, type.size, type.encoding);
			case "float":
				return type.size === 4 ? FLOAT : type.size === 8 ? DOUBLE : LONG_DOUBLE;
			case "ptr":
				return pointerTo(() => this.#typeOf(type.type));
			case "array":
				return arrayOf(this.#typeOf(type.type), type.length);
			case "struct":
			case "union":
				return recordOf(type, () => this.#recordBody(type));
			case "fwd":
				return { kind: "record", union: type.union, name: type.name, body: null, preserveAccessIndex: true, declTags: [], span: null };
			case "enum":
			case "enum64":
				return enumOf(type);
			case "typedef":
				return typedefOf(type.name, () => this.#typeOf(type.type));
			case "const":
			case "volatile":
			case "restrict":
				return qualify(this.#typeOf(type.type), { [type.kind]: true });
			case "type_tag":
				// address_space(n) and other attributes that are no tags come with kflag; only tags are C sugar here.
				return type.kflag === true ? this.#typeOf(type.type) : { kind: "tagged", tag: type.name, target: this.#typeOf(type.type) };
			case "func_proto":
				return this.#prototype(type);
			case "func":
				return this.#typeOf(type.type);
			default:
				throw new TypeError(`BTF type ${id} is a ${type.kind}, not a C type`);
		}
	}

	#recordBody(record: BtfRecord): RecordBody {
		const members = record.members.map((m): Member => {
			const width = m.bitSize > 0 ? m.bitSize : this.#narrowInt(m.type);
			return { name: m.name === "" ? null : m.name, type: this.#typeOf(m.type), bitOffset: m.bitOffset, bitWidth: width, declTags: [] };
		});
		return { members, size: record.size, align: alignmentOf(members, record.size) };
	}

	/** Old BTF writes a bit-field as an int of fewer bits than its bytes hold. */
	#narrowInt(id: number): number | null {
		const type = this.#btf.type(id);
		return type.kind === "int" && type.bits !== 0 && type.bits < type.size * 8 && type.name !== "_Bool" ? type.bits : null;
	}

	#prototype(type: BtfType & { kind: "func_proto" }): FunctionType {
		const last = type.params[type.params.length - 1];
		const variadic = last !== undefined && last.type === 0 && last.name === "";
		const params = variadic ? type.params.slice(0, -1) : type.params;
		return {
			kind: "function",
			result: this.#typeOf(type.result),
			params: params.map((p) => ({ ...(p.name === "" ? {} : { name: p.name }), type: this.#typeOf(p.type) })),
			variadic,
			unprototyped: false,
		};
	}
}

/** What a pointer points to is looked at when somebody looks through it: types are a graph with cycles. */
function pointerTo(target: () => CType): CType {
	return {
		kind: "pointer",
		get target() {
			return target();
		},
	};
}

function typedefOf(name: string, target: () => CType): CType {
	return {
		kind: "typedef",
		name,
		declTags: [],
		get target() {
			return target();
		},
	};
}

function recordOf(record: BtfRecord, makeBody: () => RecordBody): RecordType {
	let body: RecordBody | null = null;
	return {
		kind: "record",
		union: record.kind === "union",
		name: record.name === "" ? null : record.name,
		preserveAccessIndex: true,
		declTags: [],
		span: null,
		get body() {
			body ??= makeBody();
			return body;
		},
	};
}

/** BTF has no alignments: natural unless something stands or ends where natural alignment would not put it. */
function alignmentOf(members: readonly Member[], size: number): number {
	let align = 1;
	for (const member of members) {
		if (member.bitWidth !== null) continue;
		const natural = alignOf(member.type);
		if (member.bitOffset % (natural * 8) !== 0) return 1;
		align = Math.max(align, natural);
	}
	return size % align === 0 ? align : 1;
}

function enumOf(type: BtfType & { kind: "enum" | "enum64" }): EnumType {
	const underlying = integerOf(type.size, type.signed);
	const enumerators = type.values.map(({ name, value }) => ({ name, value: BigInt(value) }));
	return {
		kind: "enum",
		name: type.name === "" ? null : type.name,
		body: enumerators.length === 0 ? null : { underlying, enumerators },
		preserveAccessIndex: true,
		span: null,
	};
}

const SIGNED = 1;
const CHARACTER = 2;
const BOOLEAN = 4;

/** By size and sign; `long` and `long long`, `char` and `signed char` are told by the name. */
function integer(name: string, size: number, encoding: number): IntType {
	if ((encoding & BOOLEAN) !== 0 || name === "_Bool") return BOOL;
	const signed = (encoding & SIGNED) !== 0;
	if (size === 1 && (name === "char" || (encoding & CHARACTER) !== 0 || (signed && name !== "signed char"))) return CHAR;
	if (size === 8 && name.includes("long long")) return signed ? LLONG : ULLONG;
	return integerOf(size, signed);
}

function integerOf(size: number, signed: boolean): IntType {
	switch (size) {
		case 1:
			return signed ? SCHAR : UCHAR;
		case 2:
			return signed ? SHORT : USHORT;
		case 4:
			return signed ? INT : UINT;
		case 8:
			return signed ? LONG : ULONG;
		default:
			return signed ? INT128 : UINT128;
	}
}
