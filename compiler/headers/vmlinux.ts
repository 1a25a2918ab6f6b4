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
	const btf = new BtfView(bytes);
	const types = new Map<number, CType>();
	let enumerators: Map<string, { readonly value: bigint; readonly type: EnumType }> | null = null;

	function typeOf(id: number): CType {
		if (id === 0) return VOID;
		let type = types.get(id);
		if (type === undefined) {
			type = make(id, btf.type(id));
			types.set(id, type);
		}
		return type;
	}

	function make(id: number, type: BtfType): CType {
		switch (type.kind) {
			case "int":
				return integer(type.name, type.size, type.encoding);
			case "float":
				return type.size === 4 ? FLOAT : type.size === 8 ? DOUBLE : LONG_DOUBLE;
			case "ptr":
				return lazyPointer(type.type);
			case "array":
				return arrayOf(typeOf(type.type), type.length);
			case "struct":
			case "union":
				return lazyRecord(type);
			case "fwd":
				return { kind: "record", union: type.union, name: type.name, body: null, preserveAccessIndex: true, declTags: [], span: null };
			case "enum":
			case "enum64": {
				const underlying =
					type.size === 8
						? type.signed
							? LONG
							: ULONG
						: type.size === 4
							? type.signed
								? INT
								: UINT
							: type.size === 2
								? type.signed
									? SHORT
									: USHORT
								: type.signed
									? SCHAR
									: UCHAR;
				const values = type.values.map(({ name, value }) => ({ name, value: BigInt(value) }));
				return {
					kind: "enum",
					name: type.name === "" ? null : type.name,
					body: values.length === 0 ? null : { underlying, enumerators: values },
					preserveAccessIndex: true,
					span: null,
				};
			}
			case "typedef":
				return lazyTypedef(type.name, type.type);
			case "const":
			case "volatile":
			case "restrict":
				return qualify(typeOf(type.type), { [type.kind]: true });
			case "type_tag":
				// address_space(n) and other attributes that are no tags come with kflag; only tags are C sugar here.
				return type.kflag === true ? typeOf(type.type) : { kind: "tagged", tag: type.name, target: typeOf(type.type) };
			case "func_proto":
				return prototype(type);
			case "func":
				return typeOf(type.type);
			default:
				throw new TypeError(`BTF type ${id} is a ${type.kind}, not a C type`);
		}
	}

	/** What a pointer points to is looked at when somebody looks through it: types are a graph with cycles. */
	function lazyPointer(target: number): CType {
		return {
			kind: "pointer",
			get target() {
				return typeOf(target);
			},
		};
	}

	function lazyTypedef(name: string, target: number): CType {
		return {
			kind: "typedef",
			name,
			declTags: [],
			get target() {
				return typeOf(target);
			},
		};
	}

	function lazyRecord(record: BtfRecord): RecordType {
		let body: RecordBody | null = null;
		return {
			kind: "record",
			union: record.kind === "union",
			name: record.name === "" ? null : record.name,
			preserveAccessIndex: true,
			declTags: [],
			span: null,
			get body() {
				body ??= recordBody(record);
				return body;
			},
		};
	}

	function recordBody(record: BtfRecord): RecordBody {
		const members = record.members.map((m): Member => {
			const width = m.bitSize > 0 ? m.bitSize : narrowInt(m.type);
			return { name: m.name === "" ? null : m.name, type: typeOf(m.type), bitOffset: m.bitOffset, bitWidth: width, declTags: [] };
		});
		// BTF has no alignments: natural unless something stands or ends where natural alignment would not put it.
		let align = 1;
		let packed = false;
		for (const member of members) {
			if (member.bitWidth !== null) continue;
			const natural = alignOf(member.type);
			if (member.bitOffset % (natural * 8) !== 0) packed = true;
			align = Math.max(align, natural);
		}
		if (packed || record.size % align !== 0) align = 1;
		return { members, size: record.size, align };
	}

	/** Old BTF writes a bit-field as an int of fewer bits than its bytes hold. */
	function narrowInt(id: number): number | null {
		const type = btf.type(id);
		return type.kind === "int" && type.bits !== 0 && type.bits < type.size * 8 && type.name !== "_Bool" ? type.bits : null;
	}

	function prototype(type: BtfType & { kind: "func_proto" }): FunctionType {
		const last = type.params[type.params.length - 1];
		const variadic = last !== undefined && last.type === 0 && last.name === "";
		const params = variadic ? type.params.slice(0, -1) : type.params;
		return {
			kind: "function",
			result: typeOf(type.result),
			params: params.map((p) => ({ ...(p.name === "" ? {} : { name: p.name }), type: typeOf(p.type) })),
			variadic,
			unprototyped: false,
		};
	}

	function first(name: string, ...kinds: readonly Parameters<BtfView["find"]>[1][]): number | null {
		for (const kind of kinds) {
			const ids = btf.find(name, kind);
			if (ids.length > 0) return ids[0];
		}
		return null;
	}

	return {
		tag(kind, name) {
			let id = kind === "enum" ? first(name, "enum", "enum64") : first(name, kind);
			id ??=
				kind === "enum"
					? null
					: (btf.find(name, "fwd").find((fwd) => (btf.type(fwd) as { union: boolean }).union === (kind === "union")) ?? null);
			return id === null ? null : (typeOf(id) as RecordType | EnumType);
		},
		typedef(name) {
			const id = first(name, "typedef");
			return id === null ? null : typeOf(id);
		},
		enumerator(name) {
			enumerators ??= indexEnumerators();
			return enumerators.get(name) ?? null;
		},
		func(name) {
			const id = first(name, "func");
			if (id === null) return null;
			const type = typeOf(id);
			return type.kind === "function" ? type : null;
		},
	};

	function indexEnumerators(): Map<string, { readonly value: bigint; readonly type: EnumType }> {
		const map = new Map<string, { readonly value: bigint; readonly type: EnumType }>();
		for (let id = btf.firstId; id < btf.count; id++) {
			const kind = btf.kindOf(id);
			if (kind !== "enum" && kind !== "enum64") continue;
			const type = typeOf(id) as EnumType;
			for (const { name, value } of type.body?.enumerators ?? []) if (!map.has(name)) map.set(name, { value, type });
		}
		return map;
	}
}

const SIGNED = 1;
const CHARACTER = 2;
const BOOLEAN = 4;

/** By size and sign; `long` and `long long` are told by the name. */
function integer(name: string, size: number, encoding: number): IntType {
	if ((encoding & BOOLEAN) !== 0 || name === "_Bool") return BOOL;
	const signed = (encoding & SIGNED) !== 0;
	switch (size) {
		case 1:
			if (name === "char" || (encoding & CHARACTER) !== 0) return CHAR;
			return signed ? (name === "signed char" ? SCHAR : CHAR) : UCHAR;
		case 2:
			return signed ? SHORT : USHORT;
		case 4:
			return signed ? INT : UINT;
		case 8:
			return name.includes("long long") ? (signed ? LLONG : ULLONG) : signed ? LONG : ULONG;
		default:
			return signed ? INT128 : UINT128;
	}
}
