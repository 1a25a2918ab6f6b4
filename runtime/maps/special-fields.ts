/** Fields of map values that the kernel owns, found by their struct's name in BTF (kernel/bpf/btf.c btf_parse_fields), also inside arrays and nested structs. */
import type { MapDef } from "../image.ts";
import type { TypeSource } from "../../assembler/btf/type-source.ts";
import { nameOf, resolved, sizeOf, typeSource } from "../../assembler/btf/type-source.ts";
import { wordSet } from "../../assembler/words.ts";

const owned = wordSet(`
	bpf_spin_lock bpf_res_spin_lock bpf_timer bpf_wq bpf_list_head bpf_list_node bpf_rb_root bpf_rb_node
	bpf_refcount bpf_task_work
`);

/** A field's place in the value, and its struct's name ("kptr" of a pointer). */
export type SpecialField = readonly [offset: number, size: number, name: string];

export function specialFields(def: MapDef): readonly SpecialField[] {
	if (def.btf === null || def.valueTypeId === 0) return [];
	const source = typeSource(def.btf);
	if (source.type(def.valueTypeId).kind === "datasec") return [];
	const found: SpecialField[] = [];
	collect(source, def.valueTypeId, 0, found, 0);
	return found.sort((a, b) => a[0] - b[0]);
}

function collect(source: TypeSource, typeId: number, at: number, found: SpecialField[], depth: number): void {
	const type = resolved(source, typeId);
	if (depth > 4) return;
	if (type.kind === "array") {
		const size = sizeOf(source, type.type);
		const element = resolved(source, type.type);
		if (element.kind === "struct" || element.kind === "ptr")
			for (let i = 0; i < Math.min(type.length, 64); i++) collect(source, type.type, at + i * size, found, depth + 1);
		return;
	}
	if (type.kind === "ptr") {
		// A pointer with the type tag "kptr" or a relative of it.
		const target = source.type(type.type);
		if (target.kind === "type_tag" && /kptr$/.test(target.name)) found.push([at, 8, "kptr"]);
		return;
	}
	if (type.kind !== "struct") return;
	if (owned.has(nameOf(type))) {
		found.push([at, type.size, nameOf(type)]);
		return;
	}
	for (const member of type.members) collect(source, member.type, at + Math.floor(member.bitOffset / 8), found, depth + 1);
}
