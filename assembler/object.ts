import type { BtfExt } from "./btf/ext.ts";
import type { Btf } from "./btf/types.ts";

/**
 * An eBPF object in memory: what the compiler makes, the linker joins, the ELF reader reads and the loader opens.
 * Plain data; `elf/write.ts` turns it into bytes, `elf/read.ts` back.
 */
export interface ObjectFile {
	readonly endian: "little" | "big";
	/** In file order, without the ELF null section, string tables, symbol table, `.rel*`, `.BTF` and `.BTF.ext`: those derive. */
	readonly sections: readonly Section[];
	readonly symbols: readonly ObjectSymbol[];
	readonly btf?: Btf;
	readonly btfExt?: BtfExt;
	/** The strings of `.BTF` in the order they were found in, which writing keeps. */
	readonly btfStrings?: readonly string[];
}

/** Bytes with a name, as the file has them. */
export interface Section {
	readonly name: string;
	/** ELF `sh_type`: 1 PROGBITS, 8 NOBITS, 0x6fff4c03 LLVM_ADDRSIG … */
	readonly type: number;
	/** ELF `sh_flags`: 1 WRITE, 2 ALLOC, 4 EXECINSTR, 0x10 MERGE, 0x20 STRINGS. */
	readonly flags: number;
	readonly align: number;
	readonly entsize: number;
	/** Bytes in memory; `data.length`, except for NOBITS whose data is empty. */
	readonly size: number;
	readonly data: Uint8Array;
	/** Sorted by offset. */
	readonly relocs: readonly Reloc[];
}

/** A name for a place in a section. */
export interface ObjectSymbol {
	readonly name: string;
	/** Index into `sections`, or where it is if it is in none. */
	readonly section: number | "undefined" | "absolute" | "common";
	/** Offset in bytes in its section. */
	readonly value: number;
	readonly size: number;
	readonly binding: "local" | "global" | "weak";
	readonly type: "none" | "object" | "function" | "section" | "file";
	readonly visibility: "default" | "internal" | "hidden" | "protected";
}

/** A place in a section that refers to a symbol. */
export interface Reloc {
	/** Byte offset in the section. */
	readonly offset: number;
	/** R_BPF_*: 1 64_64, 2 64_ABS64, 3 64_ABS32, 4 64_NODYLD32, 10 64_32. BPF uses REL: the addend is in the section's bytes. */
	readonly type: number;
	/** Index into `symbols`. */
	readonly symbol: number;
}
