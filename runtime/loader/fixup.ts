/**
 * Compilers leave two things in an object's BTF to whoever loads it: sizes of data sections and places of variables in them are only in the ELF symbols,
 * and functions with hidden visibility are static to the kernel (libbpf: btf_fixup_datasec, bpf_object__sanitize_and_load_btf).
 */
import type { Btf, BtfType } from "../../assembler/btf/types.ts";
import type { ObjectFile } from "../../assembler/object.ts";

export function fixBtf(object: ObjectFile): Btf | null {
	const { btf } = object;
	if (btf === undefined) return null;
	const hidden = new Set(
		object.symbols.filter((s) => s.type === "function" && (s.visibility === "hidden" || s.visibility === "internal")).map((s) => s.name),
	);
	return {
		...btf,
		types: btf.types.map(
			(type): BtfType =>
				type.kind === "datasec"
					? fixSection(object, btf, type)
					: type.kind === "func" && type.linkage === "global" && hidden.has(type.name)
						? { ...type, linkage: "static" }
						: type,
		),
	};
}

function fixSection(object: ObjectFile, btf: Btf, type: BtfType & { kind: "datasec" }): BtfType {
	const index = object.sections.findIndex((section) => section.name === type.name);
	if (index < 0) return type;
	const vars = type.vars.map((entry) => {
		const target = btf.types[entry.type];
		if (target === undefined || target.kind !== "var") return entry;
		const symbol = object.symbols.find((s) => s.section === index && s.name === target.name && s.type !== "section");
		return symbol === undefined ? entry : { ...entry, offset: symbol.value };
	});
	return { ...type, size: object.sections[index].size, vars: vars.sort((a, b) => a.offset - b.offset) };
}
