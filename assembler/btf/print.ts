/** BTF as text, a type a line, as `bpftool btf dump` prints it. */
import { INT_ENCODING } from "../spec/btf.ts";
import type { Btf, BtfType } from "./types.ts";

const ENCODINGS: ReadonlyMap<number, string> = new Map([
	[0, "(none)"],
	[INT_ENCODING.signed, "SIGNED"],
	[INT_ENCODING.char, "CHAR"],
	[INT_ENCODING.bool, "BOOL"],
]);

const quoted = (name: string): string => `'${name === "" ? "(anon)" : name}'`;

export function printBtf(btf: Btf): string {
	let text = "";
	for (let id = btf.baseCount || 1; id < btf.types.length; id++) text += `[${id}] ${printType(btf, btf.types[id])}\n`;
	return text;
}

function printType(btf: Btf, type: BtfType): string {
	const head = `${type.kind.toUpperCase()} ${quoted("name" in type ? type.name : "")}`;
	switch (type.kind) {
		case "void":
			return "VOID";
		case "int": {
			// gcc's `char` is both signed and a character: bpftool has no word for that.
			const encoding = ENCODINGS.get(type.encoding) ?? "UNKN";
			return `${head} size=${type.size} bits_offset=${type.offset} nr_bits=${type.bits} encoding=${encoding}`;
		}
		case "ptr":
		case "volatile":
		case "const":
		case "restrict":
		case "typedef":
		case "type_tag":
			return `${head} type_id=${type.type}`;
		case "array":
			return `${head} type_id=${type.type} index_type_id=${type.indexType} nr_elems=${type.length}`;
		case "struct":
		case "union":
			return `${head} size=${type.size} vlen=${type.members.length}${type.members.map((m) => `\n\t${quoted(m.name)} type_id=${m.type} bits_offset=${m.bitOffset}${m.bitSize === 0 ? "" : ` bitfield_size=${m.bitSize}`}`).join("")}`;
		case "enum":
		case "enum64": {
			const suffix = type.kind === "enum64" ? (type.signed ? "LL" : "ULL") : "";
			return `${head} encoding=${type.signed ? "SIGNED" : "UNSIGNED"} size=${type.size} vlen=${type.values.length}${type.values.map((v) => `\n\t${quoted(v.name)} val=${v.value}${suffix}`).join("")}`;
		}
		case "fwd":
			return `${head} fwd_kind=${type.union ? "union" : "struct"}`;
		case "func":
			return `${head} type_id=${type.type} linkage=${type.linkage}`;
		case "func_proto":
			return `${head} ret_type_id=${type.result} vlen=${type.params.length}${type.params.map((p) => `\n\t${quoted(p.name)} type_id=${p.type}`).join("")}`;
		case "var":
			return `${head} type_id=${type.type}, linkage=${type.linkage}`;
		case "datasec":
			return `${head} size=${type.size} vlen=${type.vars.length}${type.vars
				.map((v) => {
					const target = btf.types[v.type];
					return `\n\ttype_id=${v.type} offset=${v.offset} size=${v.size}${"name" in target ? ` (${target.kind.toUpperCase()} ${quoted(target.name)})` : ""}`;
				})
				.join("")}`;
		case "float":
			return `${head} size=${type.size}`;
		case "decl_tag":
			return `${head} type_id=${type.type} component_idx=${type.componentIndex}`;
		default:
			return type satisfies never;
	}
}
