/**
 * BTF types as plain data (Documentation/bpf/btf.rst). Ids are indexes: `types[0]` is always `{ kind: "void" }`.
 * For the kernel's own BTF (200,000 types) use the lazy `BtfView` of `view.ts`, which decodes one type at a time.
 */
export interface Btf {
	readonly types: readonly BtfType[];
	/** Ids below this belong to a base BTF (split BTF); 0 for a whole one. */
	readonly baseCount?: number;
}

/** A type by its kind; ids are places in the list of all types, 0 is void. */
export type BtfType =
	| { readonly kind: "void" }
	| {
			readonly kind: "int";
			readonly name: string;
			readonly size: number;
			readonly bits: number;
			readonly offset: number;
			readonly encoding: number;
	  }
	| { readonly kind: "ptr"; readonly type: number }
	| { readonly kind: "array"; readonly type: number; readonly indexType: number; readonly length: number }
	| BtfRecord
	| {
			readonly kind: "enum";
			readonly name: string;
			readonly size: number;
			readonly signed: boolean;
			readonly values: readonly { readonly name: string; readonly value: number }[];
	  }
	| {
			readonly kind: "enum64";
			readonly name: string;
			readonly size: number;
			readonly signed: boolean;
			readonly values: readonly { readonly name: string; readonly value: bigint }[];
	  }
	| { readonly kind: "fwd"; readonly name: string; readonly union: boolean }
	| { readonly kind: "typedef"; readonly name: string; readonly type: number }
	| { readonly kind: "volatile" | "const" | "restrict"; readonly type: number }
	| {
			readonly kind: "func";
			readonly name: string;
			readonly type: number;
			readonly linkage: "static" | "global" | "extern";
	  }
	| {
			readonly kind: "func_proto";
			readonly result: number;
			readonly params: readonly { readonly name: string; readonly type: number }[];
	  }
	| {
			readonly kind: "var";
			readonly name: string;
			readonly type: number;
			readonly linkage: "static" | "global" | "extern";
	  }
	| {
			readonly kind: "datasec";
			readonly name: string;
			readonly size: number;
			readonly vars: readonly { readonly type: number; readonly offset: number; readonly size: number }[];
	  }
	| { readonly kind: "float"; readonly name: string; readonly size: number }
	/** `componentIndex` −1: the type itself, else the member or parameter. `kflag` marks an attribute that is no btf_decl_tag (kernel 6.14). */
	| {
			readonly kind: "decl_tag";
			readonly name: string;
			readonly type: number;
			readonly componentIndex: number;
			readonly kflag?: boolean;
	  }
	| { readonly kind: "type_tag"; readonly name: string; readonly type: number; readonly kflag?: boolean };

/** A struct or union. */
export interface BtfRecord {
	readonly kind: "struct" | "union";
	readonly name: string;
	readonly size: number;
	readonly members: readonly BtfMember[];
}

/** A member of one. */
export interface BtfMember {
	readonly name: string;
	readonly type: number;
	/** From the start of the record, in bits. */
	readonly bitOffset: number;
	/** 0 for an ordinary member. */
	readonly bitSize: number;
}

/** A type that only says more of another one: typedefs, qualifiers, type tags. */
export function isModifier(type: BtfType): type is Extract<BtfType, { kind: "typedef" | "volatile" | "const" | "restrict" | "type_tag" }> {
	switch (type.kind) {
		case "typedef":
		case "volatile":
		case "const":
		case "restrict":
		case "type_tag":
			return true;
		default:
			return false;
	}
}

/** Types that a type names. */
export function referencesOf(type: BtfType): readonly number[] {
	switch (type.kind) {
		case "array":
			return [type.type, type.indexType];
		case "struct":
		case "union":
			return type.members.map((member) => member.type);
		case "func_proto":
			return [type.result, ...type.params.map((param) => param.type)];
		case "datasec":
			return type.vars.map((variable) => variable.type);
		default:
			return "type" in type ? [type.type] : [];
	}
}
