/**
 * Objects to one object, as `bpftool gen object` does it.
 *
 * In: named objects. Out: an object, or what is wrong with the places of both sides. Nothing is laid out for a loader here: the result
 * is relocatable like its inputs. Source: the behaviour of libbpf's static linker (Documentation/bpf/libbpf).
 */
import { dedupTypes } from "../assembler/btf/dedup.ts";
import type { BtfExt, SectionRecords } from "../assembler/btf/ext.ts";
import type { BtfType } from "../assembler/btf/types.ts";
import type { ObjectFile, Reloc, Section } from "../assembler/object.ts";
import { R_BPF_64_32, R_BPF_64_64, R_BPF_64_ABS32, R_BPF_64_ABS64, R_BPF_64_NODYLD32, SHT } from "../assembler/spec/elf.ts";
import { completeDatasecs } from "./fix.ts";
import { contents, joinSections, type Joined } from "./sections.ts";
import { type ResolvedSymbols, resolveSymbols } from "./symbols.ts";
import { type MergedTypes, mergeTypes } from "./types.ts";
import type { LinkError, LinkInput } from "./input.ts";

/** An object, or all that is wrong. */
export interface Linked {
	/** Nothing if there are errors. */
	readonly object?: ObjectFile;
	readonly errors: readonly LinkError[];
}

/** Joins objects of one byte order. The inputs stay as they are. */
export function link(files: readonly LinkInput[]): Linked {
	const errors: LinkError[] = [];
	if (files.length === 0) return { errors: [{ message: "nothing to link", places: [] }] };
	for (const { name, object } of files)
		if (object.endian !== files[0].object.endian)
			errors.push({ message: "objects of different byte orders", places: [files[0].name, name] });
	if (errors.length > 0) return { errors };

	// Compilers leave the places of variables in BTF to us.
	const inputs = files.map(({ name, object }) => ({ name, object: completeDatasecs(object) }));

	// Sections of one name become one.
	const joined = joinSections(inputs, errors);

	// All types side by side, so that those of two objects can be compared.
	const merged = mergeTypes(inputs);

	// One symbol of each global name. Beyond this point no symbols are added.
	const resolved = resolveSymbols(inputs, joined, merged, errors);

	// Relocations follow their sections and symbols; an addend in the code follows the section that it counts from.
	const sections = relocate(inputs, joined, resolved, errors);
	if (errors.length > 0) return { errors };

	// DATASECs describe the joined sections; then equal types become one, and BTF.ext follows.
	return {
		object: {
			endian: files[0].object.endian,
			sections,
			symbols: resolved.symbols,
			...describeTypes(inputs, joined, resolved, merged),
		},
		errors,
	};
}

function relocate(inputs: readonly LinkInput[], joined: Joined, resolved: ResolvedSymbols, errors: LinkError[]): Section[] {
	const data = joined.sections.map(contents);
	const relocs: Reloc[][] = joined.sections.map(() => []);
	inputs.forEach(({ name, object }, input) => {
		object.sections.forEach((section, index) => {
			const placement = joined.placements[input][index];
			if (placement === undefined) return;
			const bytes = data[placement.section];
			const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
			const little = object.endian === "little";
			for (const reloc of section.relocs) {
				const offset = reloc.offset + placement.offset;
				const symbol = object.symbols[reloc.symbol];
				const target = resolved.indexes[input][reloc.symbol];
				const wrong = (what: string): void =>
					void errors.push({ message: `relocation of ${section.name}+${reloc.offset} ${what}`, places: [name] });
				if (target < 0) {
					wrong(`refers to "${symbol.name}", which is not linked`);
					continue;
				}
				relocs[placement.section].push({ offset, type: reloc.type, symbol: target });
				// Against a section the addend counts from the start of its part.
				const delta =
					symbol.type === "section" && typeof symbol.section === "number" ? joined.placements[input][symbol.section]!.offset : 0;
				const width = (
					{
						[R_BPF_64_64]: 16,
						[R_BPF_64_ABS64]: 8,
						[R_BPF_64_ABS32]: 4,
						[R_BPF_64_NODYLD32]: 4,
						[R_BPF_64_32]: 8,
					} as Record<number, number>
				)[reloc.type];
				if (width === undefined) wrong(`has unknown type ${reloc.type}`);
				else if (offset + width > bytes.length) wrong("does not fit into the section");
				else if (delta !== 0) {
					const at = reloc.type === R_BPF_64_64 || reloc.type === R_BPF_64_32 ? offset + 4 : offset;
					if (reloc.type === R_BPF_64_ABS64) view.setBigUint64(at, view.getBigUint64(at, little) + BigInt(delta), little);
					else view.setInt32(at, view.getInt32(at, little) + (reloc.type === R_BPF_64_32 ? delta / 8 : delta), little);
				}
			}
		});
	});
	return joined.sections.map(({ name, type, flags, align, entsize, size }, i) => ({
		name,
		type,
		flags,
		align,
		entsize,
		size,
		data: type === SHT.nobits ? new Uint8Array(0) : data[i],
		relocs: relocs[i].sort((a, b) => a.offset - b.offset),
	}));
}

function describeTypes(
	inputs: readonly LinkInput[],
	joined: Joined,
	{ owners, replaced }: ResolvedSymbols,
	merged: MergedTypes,
): Pick<ObjectFile, "btf" | "btfExt"> {
	if (inputs.every(({ object }) => object.btf === undefined)) return {};
	const types: BtfType[] = [...merged.types];
	const bySection = new Map<string, { type: number; offset: number; size: number }[]>();
	for (const { input, name, vars } of merged.datasecs) {
		const list = bySection.get(name) ?? [];
		bySection.set(name, list);
		const index = inputs[input].object.sections.findIndex((section) => section.name === name);
		const placement = index < 0 ? undefined : joined.placements[input][index];
		if (placement?.duplicate) continue;
		for (const variable of vars) {
			const type = types[variable.type];
			if (type.kind !== "var" && type.kind !== "func") continue;
			const owner = type.linkage === "static" ? input : owners.get(type.name);
			// Of an extern there is one entry, the first one's, as long as nobody defines it; of a definition, the one that counts.
			if (owner === undefined ? replaced.has(variable.type) : owner !== input) continue;
			list.push({ ...variable, offset: variable.offset + (placement?.offset ?? 0) });
		}
	}
	for (const [name, vars] of bySection) {
		if (vars.length === 0) continue;
		const section = joined.sections.find((candidate) => candidate.name === name);
		// .ksyms and .kconfig have no section: their variables exist when the object is loaded.
		types.push({ kind: "datasec", name, size: section?.size ?? 0, vars: vars.sort((a, b) => a.offset - b.offset) });
	}

	const { types: unique, ids } = dedupTypes(types, replaced);
	const newId = (input: number, id: number): number => ids[merged.shift[input](id)];

	const ext = <T extends { readonly insnOffset: number; readonly typeId?: number }>(
		pick: (ext: BtfExt) => readonly SectionRecords<T>[],
	): SectionRecords<T>[] => {
		const out = new Map<string, T[]>();
		inputs.forEach(({ object }, input) => {
			for (const { section, records } of object.btfExt ? pick(object.btfExt) : []) {
				const placement = joined.placements[input][object.sections.findIndex(({ name }) => name === section)];
				if (placement === undefined) continue;
				const list = out.get(section) ?? [];
				out.set(section, list);
				for (const record of records)
					list.push({
						...record,
						insnOffset: record.insnOffset + placement.offset,
						...(record.typeId === undefined ? {} : { typeId: newId(input, record.typeId) }),
					});
			}
		});
		return [...out].map(([section, records]) => ({ section, records }));
	};
	const btfExt = inputs.some(({ object }) => object.btfExt)
		? { funcInfo: ext((e) => e.funcInfo), lineInfo: ext((e) => e.lineInfo), coreRelos: ext((e) => e.coreRelos) }
		: undefined;
	return { btf: { types: unique }, ...(btfExt ? { btfExt } : {}) };
}
