/** What the arguments of one call of a kernel function tell those who release, call back and make its result. */
import type { TypeSource } from "../btf.ts";
import type { Field } from "../fields.ts";
import type { MapInfo } from "../maps.ts";
import type { Kfunc } from "./kfuncs.ts";

export interface KfuncCall {
	readonly kfunc: Kfunc;
	refObjId: number;
	releaseRegno: number;
	subprog: number;
	/** The __k or __szk argument. */
	constant: bigint | null;
	resultSize: number;
	resultReadonly: boolean;
	resultId: number;
	argBtf: TypeSource | null;
	argBtfId: number;
	owningRef: boolean;
	graphField: Field | null;
	dynptr: { readonly type: number; readonly id: number; readonly refObjId: number } | null;
	iterFrame: number;
	iterSlot: number;
	map: MapInfo | null;
	mapUid: number;
}

export function newKfuncCall(kfunc: Kfunc): KfuncCall {
	return {
		kfunc,
		refObjId: 0,
		releaseRegno: 0,
		subprog: 0,
		constant: null,
		resultSize: 0,
		resultReadonly: false,
		resultId: 0,
		argBtf: null,
		argBtfId: 0,
		owningRef: false,
		graphField: null,
		dynptr: null,
		iterFrame: 0,
		iterSlot: 0,
		map: null,
		mapUid: 0,
	};
}
