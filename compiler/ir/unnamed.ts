import type { CType } from "../types/types.ts";
import type { IrGlobal } from "./types.ts";

/** An object of constant bytes that has no name in the program: a literal, the table that an initialiser was. */
export function unnamedObject(name: string, section: string, element: CType, align: number, bytes: Uint8Array): IrGlobal {
	return {
		symbol: {
			kind: "object",
			name,
			span: { from: 0, to: 0 },
			linkage: "static",
			weak: false,
			visibility: "default",
			section: null,
			used: false,
			declTags: [],
			type: { kind: "array", element, length: bytes.length },
			storage: "static",
			align,
			init: { bytes, relocs: [] },
			addressTaken: true,
		},
		name,
		section,
		size: bytes.length,
		align,
		bytes,
		relocs: [],
		readonly: true,
	};
}
