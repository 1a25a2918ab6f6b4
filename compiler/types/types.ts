import type { TokenSpan } from "../diagnostics/diagnostic.ts";

/**
 * C types. Sugar (typedefs, qualifiers, tags) stays, because BTF and messages want it; `canonical()` strips it.
 * Records and enums are compared by identity; everything else by structure.
 */
export type CType =
	| VoidType
	| IntType
	| FloatType
	| PointerType
	| ArrayType
	| FunctionType
	| RecordType
	| EnumType
	| TypedefType
	| QualifiedType
	| TagType;

export interface VoidType {
	readonly kind: "void";
}

export interface IntType {
	readonly kind: "int";
	/** clang's spelling, as BTF has it: "unsigned int", "long long", "_Bool", "char". */
	readonly name: string;
	readonly size: 1 | 2 | 4 | 8 | 16;
	readonly signed: boolean;
	/** Conversion rank (C11 6.3.1.1): _Bool 0, char 1, short 2, int 3, long 4, long long 5, __int128 6. */
	readonly rank: number;
}

/** Known so that declarations parse and BTF can name them; arithmetic on them is refused. */
export interface FloatType {
	readonly kind: "float";
	readonly name: string;
	readonly size: number;
}

export interface PointerType {
	readonly kind: "pointer";
	readonly target: CType;
}

export interface ArrayType {
	readonly kind: "array";
	readonly element: CType;
	/** null: incomplete, `[]`. */
	readonly length: number | null;
}

export interface FunctionType {
	readonly kind: "function";
	readonly result: CType;
	readonly params: readonly { readonly name?: string; readonly type: CType; readonly declTags?: readonly string[] }[];
	readonly variadic: boolean;
	/** `f()` before C23. */
	readonly unprototyped: boolean;
}

export interface RecordType {
	readonly kind: "record";
	readonly union: boolean;
	/** null: anonymous. */
	readonly name: string | null;
	/**
	 * null: incomplete. May be a getter that parses or decodes the definition the first time somebody asks,
	 * so that `vmlinux.h` costs only what a program uses.
	 */
	readonly body: RecordBody | null;
	/** `__attribute__((preserve_access_index))`: each access becomes a CO-RE relocation. */
	readonly preserveAccessIndex: boolean;
	/** `__attribute__((preserve_static_offset))`: a context, whose accesses are relocated by the kernel instead. */
	readonly preserveStaticOffset?: boolean;
	readonly declTags: readonly string[];
	readonly span: TokenSpan | null;
}

export interface RecordBody {
	readonly members: readonly Member[];
	/** In bytes. */
	readonly size: number;
	readonly align: number;
}

export interface Member {
	/** null: anonymous struct or union (its members are reachable through it), or unnamed bit-field. */
	readonly name: string | null;
	readonly type: CType;
	/** From the start of the record, in bits. */
	readonly bitOffset: number;
	/** Width of a bit-field, else null. */
	readonly bitWidth: number | null;
	readonly declTags: readonly string[];
	/** It, or the whole record, is `__attribute__((packed))`. */
	readonly packed?: boolean;
}

export interface EnumType {
	readonly kind: "enum";
	readonly name: string | null;
	/** null: incomplete. */
	readonly body: {
		readonly underlying: IntType;
		readonly enumerators: readonly { readonly name: string; readonly value: bigint }[];
	} | null;
	readonly preserveAccessIndex: boolean;
	readonly span: TokenSpan | null;
}

export interface TypedefType {
	readonly kind: "typedef";
	readonly name: string;
	readonly target: CType;
	readonly declTags: readonly string[];
	/** `typedef int T __attribute__((aligned(n)))`: in bytes, instead of the target's alignment. */
	readonly align?: number;
	/** `__attribute__((may_alias))`: an access of this type may be of any object. */
	readonly mayAlias?: boolean;
}

export interface QualifiedType {
	readonly kind: "qualified";
	readonly const: boolean;
	readonly volatile: boolean;
	readonly restrict: boolean;
	readonly atomic: boolean;
	/** `__attribute__((address_space(n)))`, 0 when none. 1 is the arena. */
	readonly addressSpace: number;
	readonly target: CType;
}

/** `__attribute__((btf_type_tag("user")))`. */
export interface TagType {
	readonly kind: "tagged";
	readonly tag: string;
	readonly target: CType;
}
