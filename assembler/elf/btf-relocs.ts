/**
 * Relocations of `.BTF` and `.BTF.ext`, which clang writes so that a linker of ELF files could move what they describe: places of variables in
 * DATASECs, and of instructions. In: an object and where its numbers stand. Out: relocations against its symbols, and sections that need a symbol.
 *
 * The numbers themselves stay right without them, and nobody reads them back: an object has its BTF as types. A number that is 0 refers to a global
 * variable by its name, another one to its section, as BPF's relocations have their addend in place. Source: LLVM's BTFDebug and BPFELFObjectWriter.
 */
import type { BtfPlaces } from "../btf/write.ts";
import type { ObjectFile, ObjectSymbol } from "../object.ts";
import { R_BPF_64_ABS32, R_BPF_64_NODYLD32, SHF } from "../spec/elf.ts";

export interface DerivedReloc {
	readonly offset: number;
	readonly type: number;
	/** An index into the object's symbols, or the section whose symbol is meant. */
	readonly target: { readonly symbol: number } | { readonly section: number };
}

export interface DerivedRelocs {
	readonly btf: readonly DerivedReloc[];
	readonly ext: readonly DerivedReloc[];
}

export function btfRelocs(object: ObjectFile, { variables, instructions }: BtfPlaces): DerivedRelocs {
	const sections = new Map<string, number>();
	object.sections.forEach(({ name }, i) => {
		if (!sections.has(name)) sections.set(name, i);
	});
	const symbols = new Map<string, number>();
	object.symbols.forEach(({ name, type }, i) => {
		if (name !== "" && type !== "section" && type !== "file" && !symbols.has(name)) symbols.set(name, i);
	});
	const btf = variables.flatMap(({ at, name, value }): DerivedReloc[] => {
		const index = symbols.get(name);
		if (index === undefined) return [];
		const symbol = object.symbols[index];
		const type = movable(object, symbol) ? R_BPF_64_NODYLD32 : R_BPF_64_ABS32;
		if (symbol.binding !== "local" && value === 0) return [{ offset: at, type, target: { symbol: index } }];
		return typeof symbol.section === "number" ? [{ offset: at, type, target: { section: symbol.section } }] : [];
	});
	const ext = instructions.flatMap(({ at, section }): DerivedReloc[] => {
		const index = sections.get(section);
		return index === undefined ? [] : [{ offset: at, type: R_BPF_64_NODYLD32, target: { section: index } }];
	});
	return { btf, ext };
}

function movable(object: ObjectFile, { section }: ObjectSymbol): boolean {
	if (typeof section !== "number") return false;
	const wanted = SHF.alloc | SHF.write;
	return (object.sections[section].flags & wanted) === wanted;
}
