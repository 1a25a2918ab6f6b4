import type { Btf, BtfType } from "../../assembler/btf/types.ts";

/**
 * BTF types as lines that do not depend on their numbers, so that two compilers' output can be compared: each type with what it
 * refers to spelled out, named records and what lies deep only by name.
 */
export function btfShapes(btf: Btf): string[] {
	const show = (id: number, depth: number): string => {
		const type: BtfType = btf.types[id];
		const deeper = (next: number): string => show(next, depth + 1);
		switch (type.kind) {
			case "void":
				return "void";
			case "int":
				return `int ${type.name}:${type.size}.${type.bits}.${type.offset}.${type.encoding}`;
			case "float":
				return `float ${type.name}:${type.size}`;
			case "ptr":
			case "const":
			case "volatile":
			case "restrict":
				return depth > 4 ? type.kind : `${type.kind}(${deeper(type.type)})`;
			case "typedef":
			case "type_tag":
				return depth > 4 ? `${type.kind} ${type.name}` : `${type.kind} ${type.name}(${deeper(type.type)})`;
			case "array":
				return `[${type.length}]${deeper(type.type)} by ${btf.types[type.indexType].kind}`;
			case "struct":
			case "union": {
				if (depth > 0 && (type.name !== "" || depth > 3)) return `${type.kind} ${type.name}`;
				const members = type.members.map(
					(member) => `${member.name}@${member.bitOffset}.${member.bitSize} ${deeper(member.type)}`,
				);
				return `${type.kind} ${type.name}:${type.size}{${members.join("; ")}}`;
			}
			case "enum":
			case "enum64":
				return `${type.kind} ${type.name}:${type.size}${type.signed ? "s" : "u"}{${type.values.map(({ name, value }) => `${name}=${value}`).join(",")}}`;
			case "fwd":
				return `fwd ${type.union ? "union" : "struct"} ${type.name}`;
			case "func_proto":
				return `(${type.params.map(({ name, type: param }) => `${name} ${deeper(param)}`).join(", ")}) -> ${deeper(type.result)}`;
			case "func":
				return `func ${type.linkage} ${type.name} ${depth > 0 ? "" : deeper(type.type)}`;
			case "var":
				return `var ${type.linkage} ${type.name} ${deeper(type.type)}`;
			case "datasec":
				return `datasec ${type.name}:${type.size}{${type.vars
					.map(({ type: of, size }) => `${deeper(of)}.${size}`)
					.sort()
					.join("; ")}}`;
			case "decl_tag":
				return `decl_tag ${type.name}@${type.componentIndex} ${deeper(type.type)}`;
			default:
				return type satisfies never;
		}
	};
	return btf.types.map((_, id) => show(id, 0)).sort();
}
