/** `ebpfcc/assembler`: the instruction set, its text and its bytes, and the object file with its BTF. */
export { FormatError } from "./bytes.ts";
export { decode } from "./decode.ts";
export { encode } from "./encode.ts";
export * from "./spec/isa.ts";
export type { Insn } from "./spec/insn.ts";
export type { ObjectFile, ObjectSymbol, Reloc, Section } from "./object.ts";
export { isElf, readElf } from "./elf/read.ts";
export { writeElf } from "./elf/write.ts";
export * from "./spec/elf.ts";
export type * from "./btf/types.ts";
export type * from "./btf/ext.ts";
export { readBtf } from "./btf/read.ts";
export { readBtfExt } from "./btf/ext-read.ts";
export { writeBtf, type BtfWriteOptions } from "./btf/write.ts";
export { BtfView, type BtfViewOptions } from "./btf/view.ts";
export { BTF_KINDS, CORE_KINDS, type BtfKind, type CoreKind } from "./spec/btf.ts";
