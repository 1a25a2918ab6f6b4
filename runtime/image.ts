import type { Insn } from "../assembler/spec/insn.ts";
import type { Btf } from "../assembler/btf/types.ts";

/**
 * One program as the kernel's BPF_PROG_LOAD would get it: relocated, subprograms appended, CO-RE applied.
 * The loader makes it from an object; the verifier, the interpreter and the JITs read it.
 */
export interface ProgramImage {
	readonly name: string;
	/** ELF section, "xdp"; empty for raw instructions. */
	readonly section: string;
	/** enum bpf_prog_type, or a custom type's name. */
	readonly type: number | string;
	/** enum bpf_attach_type. */
	readonly expectedAttachType: number;
	/** BPF_F_* of BPF_PROG_LOAD. */
	readonly flags: number;
	readonly license: string;
	/**
	 * `ld_imm64` with src 1 (map) or 2 (map value; offset in the second slot's imm) has an index into `maps` in imm.
	 * src 3 (BTF variable), src 4 (function, relative) and calls with src 1 (subprogram, relative) or 2 (kfunc, BTF id) are as in the kernel.
	 */
	readonly insns: readonly Insn[];
	readonly maps: readonly MapDef[];
	/** The program's own BTF. */
	readonly btf: Btf | null;
	/** [instruction slot, FUNC id in btf], one per subprogram, sorted. */
	readonly funcInfo: readonly (readonly [insn: number, typeId: number])[];
	readonly lineInfo: readonly LineRecord[];
	/** Kernel functions and variables by name: slot → name and id in the kernel's BTF (0 when unknown). */
	readonly kfuncs: readonly { readonly insn: number; readonly name: string; readonly btfId: number }[];
	readonly ksyms: readonly { readonly insn: number; readonly name: string; readonly btfId: number }[];
	/** Calls in the place of what the kernel's types do not have (CO-RE): slot → what was asked for, in C's words. */
	readonly poisoned: ReadonlyMap<number, string>;
	/** Function or type that a tracing, LSM, struct_ops or ext program attaches to. */
	readonly attach: { readonly btfId: number; readonly name: string } | null;
}

/** A line of C, from the slot on where its code begins. */
export interface LineRecord {
	/** First slot. */
	readonly insn: number;
	readonly file: string;
	readonly line: number;
	readonly column: number;
	readonly text: string;
}

/** A map as BPF_MAP_CREATE gets it, and what else libbpf knows of it. Sizes in bytes. */
export interface MapDef {
	readonly name: string;
	/** enum bpf_map_type. */
	readonly type: number;
	readonly keySize: number;
	readonly valueSize: number;
	readonly maxEntries: number;
	readonly flags: number;
	/** map_extra of BPF_MAP_CREATE. */
	readonly extra: bigint;
	/** In the program's BTF; 0 when unknown. */
	readonly keyTypeId: number;
	readonly valueTypeId: number;
	/** BTF that the two ids belong to; null: none. */
	readonly btf: Btf | null;
	readonly inner: MapDef | null;
	/** Value of key 0 (global data sections); shorter than valueSize: the rest is zero. */
	readonly initial: Uint8Array | null;
	/** Read-only for programs and user space: .rodata after load. */
	readonly frozen: boolean;
	/** LIBBPF_PIN_BY_NAME 1. */
	readonly pinning: number;
	/** Values that the object declares: slot → map index (map in map) or program name (prog array). */
	readonly slots: readonly { readonly index: number; readonly map?: string; readonly program?: string }[];
}
