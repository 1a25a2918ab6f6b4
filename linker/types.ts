/**
 * The BTF of several objects side by side, before equal types are made one. In: objects. Out: one list of types, each input's ids
 * shifted, DATASECs kept apart (they are made anew for the joined sections), and the type of each global name.
 */
import { mapReferences } from "../assembler/btf/dedup.ts";
import type { BtfType } from "../assembler/btf/types.ts";
import type { LinkInput } from "./input.ts";

export interface MergedTypes {
	readonly types: readonly BtfType[];
	/** By input: new id by old. */
	readonly shift: readonly ((id: number) => number)[];
	/** By input: the VAR or FUNC of a global name. */
	readonly typeOfSymbol: readonly ReadonlyMap<string, number>[];
	/** VARs that are map definitions. */
	readonly maps: ReadonlySet<number>;
	readonly datasecs: readonly {
		readonly input: number;
		readonly name: string;
		readonly vars: readonly { readonly type: number; readonly offset: number; readonly size: number }[];
	}[];
}

export function mergeTypes(inputs: readonly LinkInput[]): MergedTypes {
	const types: BtfType[] = [{ kind: "void" }];
	const shift: ((id: number) => number)[] = [];
	const typeOfSymbol: Map<string, number>[] = [];
	const maps = new Set<number>();
	const datasecs: MergedTypes["datasecs"][number][] = [];
	inputs.forEach(({ object }, input) => {
		const names = new Map<string, number>();
		typeOfSymbol.push(names);
		const own = object.btf?.types ?? [{ kind: "void" }];
		// DATASECs leave no gap.
		const ids = new Uint32Array(own.length);
		let next = types.length;
		for (let id = 1; id < own.length; id++) if (own[id].kind !== "datasec") ids[id] = next++;
		const map = (id: number): number => ids[id];
		shift.push(map);
		for (let id = 1; id < own.length; id++) {
			const type = own[id];
			if (type.kind === "datasec") {
				datasecs.push({
					input,
					name: type.name,
					vars: type.vars.map((variable) => ({ ...variable, type: map(variable.type) })),
				});
				if (type.name === ".maps") for (const variable of type.vars) maps.add(map(variable.type));
				continue;
			}
			types.push(mapReferences(type, map));
			if ((type.kind === "var" || type.kind === "func") && type.linkage !== "static") names.set(type.name, ids[id]);
		}
	});
	return { types, shift, typeOfSymbol, maps, datasecs };
}
