/** What the arguments of a call say that its later steps need. */
import type { Field } from "../fields.ts";
import type { MapInfo } from "../maps.ts";
import type { Reg } from "../state.ts";
import type { RawMode } from "../stack-read.ts";

export interface CallFacts {
	map: MapInfo | null;
	mapUid: number;
	raw: RawMode;
	rawMode: boolean;
	releaseRegno: number;
	refObjId: number;
	memSize: number;
	/** The largest the size argument can be. */
	maxSize: bigint;
	subprog: number;
	percpu: Reg | null;
	kptr: Field | null;
	constKey: bigint;
	dynptrId: number;
}

export function newCallFacts(): CallFacts {
	return {
		map: null,
		mapUid: 0,
		raw: { size: 0, regno: 0 },
		rawMode: false,
		releaseRegno: 0,
		refObjId: 0,
		memSize: 0,
		maxSize: 0n,
		subprog: 0,
		percpu: null,
		kptr: null,
		constKey: -1n,
		dynptrId: 0,
	};
}
