/**
 * An object's global variables as properties: those of .data, .bss and .rodata by name, read and written in the programs' own memory.
 * Constants can only be set before loading, because the verifier counts on their values.
 */
import type { Btf } from "../assembler/btf/types.ts";
import type { MapDef } from "./image.ts";
import { typeSource } from "../assembler/btf/type-source.ts";
import type { Value } from "./maps/codec.ts";
import { typeCodec } from "./maps/codec.ts";
import type { BpfMap } from "./maps/map.ts";

interface Variable {
	readonly name: string;
	readonly offset: number;
	readonly type: number;
}

/** The variables of a data section's map. */
function variablesOf(def: MapDef, btf: Btf): Variable[] {
	const datasec = btf.types[def.valueTypeId];
	if (datasec?.kind !== "datasec") return [];
	return datasec.vars.flatMap((entry) => {
		const variable = btf.types[entry.type];
		return variable?.kind === "var" ? [{ name: variable.name, offset: entry.offset, type: variable.type }] : [];
	});
}

/** The maps with some variables' initial values replaced. A string names a variable that does not exist. */
export function presetGlobals(maps: readonly MapDef[], values: Readonly<Record<string, Value>>): readonly MapDef[] | string {
	const left = new Set(Object.keys(values));
	const out = maps.map((def) => {
		if (def.btf === null || left.size === 0) return def;
		const { btf } = def;
		const wanted = variablesOf(def, btf).filter((variable) => left.has(variable.name));
		if (wanted.length === 0) return def;
		const initial = new Uint8Array(Math.max(def.valueSize, def.initial?.length ?? 0));
		initial.set(def.initial ?? new Uint8Array(0));
		for (const { name, offset, type } of wanted) {
			initial.set(typeCodec(typeSource(btf), type, name).encode(values[name]), offset);
			left.delete(name);
		}
		return { ...def, initial };
	});
	const [unknown] = left;
	return unknown === undefined ? out : unknown;
}

export type Globals = Record<string, Value>;

export function globalsOf(maps: readonly BpfMap[]): Globals {
	const globals: Globals = {};
	for (const map of maps) {
		const { def, machine } = map;
		if (def.btf === null) continue;
		for (const { name, offset, type } of variablesOf(def, def.btf)) {
			// Static ones of several files that were linked: the first has the name.
			if (Object.hasOwn(globals, name)) continue;
			const codec = typeCodec(typeSource(def.btf), type, name);
			Object.defineProperty(globals, name, {
				enumerable: true,
				get: () => codec.decode(machine.memory.u8.subarray(map.valueBase() + offset, map.valueBase() + offset + codec.size)),
				set: (value: Value) => {
					if (def.frozen) throw new TypeError(`${name} is constant: give it a value in the globals option of load`);
					machine.memory.u8.set(codec.encode(value), map.valueBase() + offset);
				},
			});
		}
	}
	// A name misspelt would be a property that no program sees.
	return Object.preventExtensions(globals);
}
