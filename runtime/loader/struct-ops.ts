/**
 * struct_ops: a variable in `.struct_ops*` is a kernel struct of function pointers, some of them set to programs. In: the object. Out: a map for each
 * variable, and for each program the kernel's struct and the number of its member there, which is what a struct_ops program attaches to.
 *
 * Members are matched by name (the kernel's struct may be newer or older), structs by name without a `___flavour`. Source: libbpf's init_struct_ops_maps,
 * bpf_object__collect_st_ops_relos, bpf_map__init_kern_struct_ops.
 */
import { resolved, sizeOf, type TypeSource, typeSource } from "../../assembler/btf/type-source.ts";
import type { Btf, BtfRecord } from "../../assembler/btf/types.ts";
import type { ObjectFile } from "../../assembler/object.ts";
import { mapTypeId } from "../../assembler/spec/map-types.ts";
import type { MapDef } from "../image.ts";
import { emptyMap, type PlacedMap, slotInitialisers } from "./placed-map.ts";

/** BPF_F_LINK */
const LINK = 1 << 13;

export function structOpsMaps(object: ObjectFile, btf: Btf | null): PlacedMap[] {
	if (btf === null) return [];
	const source = typeSource(btf);
	return object.sections.flatMap((section, index) => {
		if (!/^\??\.struct_ops(\.|$)/.test(section.name)) return [];
		const datasec = btf.types.find((type) => type.kind === "datasec" && type.name === section.name);
		if (datasec === undefined || datasec.kind !== "datasec") return [];
		return datasec.vars.flatMap((entry) => {
			const variable = btf.types[entry.type];
			if (variable === undefined || variable.kind !== "var") return [];
			const size = sizeOf(source, variable.type);
			const def: MapDef = {
				...emptyMap(variable.name, btf),
				type: mapTypeId("STRUCT_OPS"),
				keySize: 4,
				valueSize: size,
				maxEntries: 1,
				flags: section.name.endsWith(".struct_ops.link") ? LINK : 0,
				valueTypeId: variable.type,
				initial: section.data.subarray(entry.offset, entry.offset + size),
				slots: slotInitialisers(object, section, entry.offset, entry.offset + size, entry.offset),
			};
			return [{ def, section: index, offset: entry.offset, isData: false, autocreate: !section.name.startsWith("?") }];
		});
	});
}

/** What a program implements. */
export interface StructOpsMember {
	/** "tcp_congestion_ops.ssthresh" */
	readonly name: string;
	/** The struct in the kernel's BTF; 0: unknown. */
	readonly btfId: number;
	/** Number of the member in the kernel's struct, in the object's when the kernel's types are not at hand. */
	readonly index: number;
	readonly autoload: boolean;
	/** What is wrong with it. */
	readonly problem: string | null;
}

/** By program name. */
export function structOpsMembers(
	maps: readonly PlacedMap[],
	btf: Btf | null,
	kernelBtf: TypeSource | undefined,
): ReadonlyMap<string, StructOpsMember> {
	const members = new Map<string, StructOpsMember>();
	if (btf === null) return members;
	const source = typeSource(btf);
	for (const { def, autocreate } of maps) {
		if (def.type !== mapTypeId("STRUCT_OPS")) continue;
		const own = resolved(source, def.valueTypeId);
		if (own.kind !== "struct") continue;
		const kernel = kernelBtf === undefined ? undefined : kernelStruct(kernelBtf, own);
		for (const slot of def.slots) {
			if (slot.program === undefined) continue;
			const found = memberOf(own, slot.index * 64, kernel);
			const before = members.get(slot.program);
			const problem =
				before !== undefined && before.name !== found.name
					? `implements ${before.name} in one struct and ${found.name} in another`
					: kernelBtf !== undefined && kernel === undefined
						? `the kernel has no struct_ops ${own.name}`
						: found.problem;
			members.set(slot.program, {
				...found,
				autoload: (autocreate ?? true) || (before?.autoload ?? false),
				problem: before?.problem ?? problem,
			});
		}
	}
	return members;
}

interface KernelStruct {
	readonly id: number;
	readonly type: BtfRecord;
}

function kernelStruct(kernelBtf: TypeSource, own: BtfRecord): KernelStruct | undefined {
	const name = own.name.replace(/___.*$/, "");
	for (const id of kernelBtf.find(name)) {
		const type = kernelBtf.type(id);
		if (type.kind === "struct") return { id, type };
	}
	return undefined;
}

function memberOf(own: BtfRecord, bitOffset: number, kernel: KernelStruct | undefined): Omit<StructOpsMember, "autoload"> {
	const struct = own.name.replace(/___.*$/, "");
	const index = own.members.findIndex((member) => member.bitOffset === bitOffset);
	const member = own.members[index]?.name ?? String(bitOffset / 64);
	const name = `${struct}.${member}`;
	if (index < 0) return { name, btfId: 0, index: 0, problem: `struct ${own.name} has no member at byte ${bitOffset / 8}` };
	if (kernel === undefined) return { name, btfId: 0, index, problem: null };
	const there = kernel.type.members.findIndex((one) => one.name === member);
	return there < 0
		? { name, btfId: kernel.id, index: 0, problem: `the kernel's struct ${struct} has no member ${member}` }
		: { name, btfId: kernel.id, index: there, problem: null };
}
