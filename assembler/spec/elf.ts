/**
 * ELF and BPF relocation numbers (System V gABI chapters 4–5; LLVM `BPF.def`; Documentation/bpf/llvm_reloc.rst). Facts only.
 */
export const ELF_MAGIC = 0x7f454c46;
/** No machine, which old objects say. */
export const EM_NONE = 0;
/** The machine of BPF objects. */
export const EM_BPF = 247;
/** A relocatable file, the only kind that BPF has. */
export const ET_REL = 1;

/** Types of sections. */
export const SHT = {
	null: 0,
	progbits: 1,
	symtab: 2,
	strtab: 3,
	rela: 4,
	nobits: 8,
	rel: 9,
	llvm_addrsig: 0x6fff4c03,
} as const;

/** Flags of sections. */
export const SHF = {
	write: 1,
	alloc: 2,
	execinstr: 4,
	merge: 0x10,
	strings: 0x20,
	infoLink: 0x40,
	exclude: 0x80000000,
} as const;

/** Numbers that are no section's. */
export const SHN = { undefined: 0, reserved: 0xff00, absolute: 0xfff1, common: 0xfff2, xindex: 0xffff } as const;

/** Index is the ELF number. */
export const SYMBOL_BINDINGS = ["local", "global", "weak"] as const;
/** Index is the ELF number. */
export const SYMBOL_TYPES = ["none", "object", "function", "section", "file"] as const;
/** Index is the ELF number. */
export const SYMBOL_VISIBILITIES = ["default", "internal", "hidden", "protected"] as const;

/** `bytes`: how wide the field is that holds the addend. */
export const RELOCATIONS = {
	R_BPF_NONE: { type: 0, bytes: 0 },
	/** `ld_imm64`: the two imm fields. */
	R_BPF_64_64: { type: 1, bytes: 8 },
	R_BPF_64_ABS64: { type: 2, bytes: 8 },
	R_BPF_64_ABS32: { type: 3, bytes: 4 },
	/** As ABS32, but libbpf must not act on it: .BTF and .BTF.ext. */
	R_BPF_64_NODYLD32: { type: 4, bytes: 4 },
	/** `call`: the imm field, in instructions, minus one. */
	R_BPF_64_32: { type: 10, bytes: 4 },
} as const satisfies Record<string, { type: number; bytes: number }>;
/** Relocation types by name. */
export type RelocationName = keyof typeof RELOCATIONS;

/** Type of relocations of `ld_imm64`. */
export const R_BPF_64_64 = RELOCATIONS.R_BPF_64_64.type;
/** Type of relocations of 8 bytes of data. */
export const R_BPF_64_ABS64 = RELOCATIONS.R_BPF_64_ABS64.type;
/** Type of relocations of 4 bytes of data. */
export const R_BPF_64_ABS32 = RELOCATIONS.R_BPF_64_ABS32.type;
/** Type of relocations of 4 bytes of data that only linkers act on. */
export const R_BPF_64_NODYLD32 = RELOCATIONS.R_BPF_64_NODYLD32.type;
/** Type of relocations of `call`. */
export const R_BPF_64_32 = RELOCATIONS.R_BPF_64_32.type;

/** The name of a relocation type; undefined: no such type. @example relocationName(10) // "R_BPF_64_32" */
export function relocationName(type: number): RelocationName | undefined {
	for (const [name, row] of Object.entries(RELOCATIONS)) if (row.type === type) return name as RelocationName;
	return undefined;
}
