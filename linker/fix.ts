/**
 * Completes a compiler's BTF: clang leaves the sizes of DATASECs and the offsets of their global variables to whoever knows the final
 * place of symbols. In: an object. Out: the same object with both filled in from its sections and symbols.
 */
import type { BtfType } from "../assembler/btf/types.ts";
import type { ObjectFile } from "../assembler/object.ts";

/** The object itself where there is nothing to fill in. */
export function completeDatasecs(object: ObjectFile): ObjectFile {
	const { btf } = object;
	if (btf === undefined || !btf.types.some((type) => type.kind === "datasec")) return object;
	const types = btf.types.map((type): BtfType => {
		if (type.kind !== "datasec") return type;
		const index = object.sections.findIndex(({ name }) => name === type.name);
		if (index < 0) return type;
		const places = new Map<string, number>();
		for (const symbol of object.symbols)
			if (symbol.section === index && symbol.type !== "section" && symbol.binding !== "local") places.set(symbol.name, symbol.value);
		const vars = type.vars.map((variable) => {
			const target = btf.types[variable.type];
			const place = target.kind === "var" && target.linkage !== "static" ? places.get(target.name) : undefined;
			return place === undefined ? variable : { ...variable, offset: place };
		});
		return { ...type, size: object.sections[index].size, vars: [...vars].sort((a, b) => a.offset - b.offset) };
	});
	return { ...object, btf: { ...btf, types } };
}
