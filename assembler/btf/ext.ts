/** The contents of `.BTF.ext` (Documentation/bpf/btf.rst, section 4), by section name. Offsets are in bytes from the section's start. */
export interface BtfExt {
	readonly funcInfo: readonly SectionRecords<FuncInfo>[];
	readonly lineInfo: readonly SectionRecords<LineInfo>[];
	readonly coreRelos: readonly SectionRecords<CoreRelo>[];
}

/** No records at all. libbpf takes an empty section for a damaged one, so a compiler leaves it out. */
export const isEmpty = ({ funcInfo, lineInfo, coreRelos }: BtfExt): boolean => funcInfo.length + lineInfo.length + coreRelos.length === 0;

/** The records of one section of code, by rising offset. */
export interface SectionRecords<T> {
	readonly section: string;
	readonly records: readonly T[];
}

/** A function begins here. */
export interface FuncInfo {
	readonly insnOffset: number;
	/** A BTF FUNC. */
	readonly typeId: number;
}

/** A line of C begins here; lines and columns from 1 on. */
export interface LineInfo {
	readonly insnOffset: number;
	readonly file: string;
	/** The text of the source line, as clang puts it into the string section. */
	readonly text: string;
	readonly line: number;
	readonly column: number;
}

/** A CO-RE relocation: `struct bpf_core_relo` of include/uapi/linux/bpf.h. */
export interface CoreRelo {
	readonly insnOffset: number;
	readonly typeId: number;
	/** Such as "0:1:2"; for enum values "N"; for types "0". */
	readonly access: string;
	/** enum bpf_core_relo_kind: 0 FIELD_BYTE_OFFSET … 12 TYPE_MATCHES. */
	readonly kind: number;
}
