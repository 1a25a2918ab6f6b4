/** BTF's numbers (Documentation/bpf/btf.rst, include/uapi/linux/btf.h). Facts only. */
import type { BtfType } from "../btf/types.ts";

export const BTF_MAGIC = 0xeb9f;
export const BTF_VERSION = 1;
export const BTF_HEADER_SIZE = 24;

/** Index is the kind's number. */
// biome-ignore format: a list of words
export const BTF_KINDS = [
	"void", "int", "ptr", "array", "struct", "union", "enum", "fwd", "typedef", "volatile", "const", "restrict", "func",
	"func_proto", "var", "datasec", "float", "decl_tag", "type_tag", "enum64",
] as const satisfies readonly BtfType["kind"][];
/** Kinds of types by name. */
export type BtfKind = (typeof BTF_KINDS)[number];

/** Bytes that follow the 12 of every type: `fixed`, and `each` times vlen. */
export const BTF_TAIL = {
	void: { fixed: 0, each: 0 },
	int: { fixed: 4, each: 0 },
	ptr: { fixed: 0, each: 0 },
	array: { fixed: 12, each: 0 },
	struct: { fixed: 0, each: 12 },
	union: { fixed: 0, each: 12 },
	enum: { fixed: 0, each: 8 },
	fwd: { fixed: 0, each: 0 },
	typedef: { fixed: 0, each: 0 },
	volatile: { fixed: 0, each: 0 },
	const: { fixed: 0, each: 0 },
	restrict: { fixed: 0, each: 0 },
	func: { fixed: 0, each: 0 },
	func_proto: { fixed: 0, each: 8 },
	var: { fixed: 4, each: 0 },
	datasec: { fixed: 0, each: 12 },
	float: { fixed: 0, each: 0 },
	decl_tag: { fixed: 4, each: 0 },
	type_tag: { fixed: 0, each: 0 },
	enum64: { fixed: 0, each: 12 },
} as const satisfies Record<BtfKind, { fixed: number; each: number }>;

/** BTF_INT_* bits of an int's encoding. */
export const INT_ENCODING = { signed: 1, char: 2, bool: 4 } as const;
/** Of functions and variables; index is the number. */
export const BTF_LINKAGES = ["static", "global", "extern"] as const;

/** Index is `enum bpf_core_relo_kind`; the texts are those of libbpf's messages and llvm-objdump. */
// biome-ignore format: a list of words
export const CORE_KINDS = [
	"byte_off", "byte_sz", "field_exists", "signed", "lshift_u64", "rshift_u64", "local_type_id", "target_type_id",
	"type_exists", "type_size", "enumval_exists", "enumval_value", "type_matches",
] as const;
/** Kinds of CO-RE relocations by name. */
export type CoreKind = (typeof CORE_KINDS)[number];

export const BTF_EXT_HEADER_SIZE = 32;
