/**
 * An object's BTF as the kernel takes it: what is extern in it becomes int variables at made-up places, and parameters of kernel functions get names
 * (libbpf: bpf_object__collect_externs). Ids stay as they are.
 */
import type { Btf, BtfType } from "../../assembler/btf/types.ts";
import { alignOf, sizeOf, typeSource } from "../../assembler/btf/type-source.ts";

const EXTERN_SECTIONS = [".ksyms", ".kconfig"];

export function loadableBtf(btf: Btf): Btf {
	const source = typeSource(btf);
	const types: BtfType[] = [...btf.types];
	const int = types.length;
	const variable = int + 1;
	types.push({ kind: "int", name: "int", size: 4, bits: 32, offset: 0, encoding: 1 }, { kind: "var", name: "dummy_ksym", type: int, linkage: "global" });
	for (const [id, section] of btf.types.entries()) {
		if (section.kind !== "datasec" || !EXTERN_SECTIONS.includes(section.name)) continue;
		const kernelSymbols = section.name === ".ksyms";
		const fields = section.vars.map((entry) => {
			const type = btf.types[entry.type];
			if (type.kind === "func") {
				types[entry.type] = { ...type, linkage: "global" };
				const proto = types[type.type];
				if (proto.kind === "func_proto") types[type.type] = { ...proto, params: proto.params.map((param) => (param.type !== 0 && param.name === "" ? { ...param, name: "dummy_ksym" } : param)) };
				return { type: variable, size: 4, align: 4 };
			}
			if (type.kind !== "var") throw new Error(`bug: a ${type.kind} in ${section.name}`);
			types[entry.type] = { ...type, linkage: "global", ...(kernelSymbols ? { type: int } : {}) };
			return { type: entry.type, size: kernelSymbols ? 4 : sizeOf(source, type.type) ?? 0, align: kernelSymbols ? 4 : alignOf(source, type.type) };
		}).sort((a, b) => b.align - a.align || a.size - b.size);
		let end = 0;
		const vars = fields.map(({ type, size, align }) => {
			const offset = Math.ceil(end / align) * align;
			end = offset + size;
			return { type, offset, size };
		});
		types[id] = { ...section, size: end, vars };
	}
	return { ...btf, types };
}
