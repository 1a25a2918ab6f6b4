/** An image becomes a runnable program in a machine: its maps are made, its kernel variables get memory, an engine compiles it. */
import type { ProgramImage } from "./image.ts";
import type { Machine } from "./machine.ts";
import { createMap } from "./maps/index.ts";
import type { BpfMap } from "./maps/map.ts";
import { specialFields } from "./maps/special-fields.ts";
import type { BoundProgram, Engine, LoadedProgram } from "./program.ts";
import type { Facts } from "./verifier/facts.ts";

/** The image's maps; a string names the one that cannot be made, and why. */
export function createMaps(machine: Machine, image: Pick<ProgramImage, "maps">): readonly BpfMap[] | string {
	const made: BpfMap[] = [];
	for (const def of image.maps) {
		const map = createMap(machine, def);
		if (typeof map === "string") return `map ${def.name}: ${map}`;
		map.specialFields = specialFields(def);
		made.push(map);
	}
	return made;
}

/** Each kernel variable gets zeroed memory of its size; programs of a machine share it. */
function kernelSymbols(machine: Machine, image: ProgramImage): Map<number, number> {
	const out = new Map<number, number>();
	for (const { insn, name } of image.ksyms) {
		let address = machine.kernelSymbols.get(name);
		if (address === undefined) {
			const type = image.btf?.types.find((one) => one.kind === "var" && one.name === name);
			const record = type?.kind === "var" ? image.btf?.types[type.type] : undefined;
			address = machine.memory.alloc(
				record !== undefined && "size" in record ? Math.max(8, record.size) : 64,
				8,
				`kernel variable ${name}`,
				false,
			);
			machine.kernelSymbols.set(name, address);
		}
		out.set(insn, address);
	}
	return out;
}

export function bindProgram(
	machine: Machine,
	image: ProgramImage,
	maps: readonly BpfMap[],
	facts: Facts | null,
	engine: Engine,
): LoadedProgram {
	const bound: BoundProgram = { image, machine, maps, ksyms: kernelSymbols(machine, image), facts };
	return { ...bound, entry: engine.prepare(bound) };
}
