/** BPF_MAP_TYPE_PROG_ARRAY: programs by index, for tail calls. Values are programs and not bytes, so user space sets them by `setProgram`. */
import { errno } from "../errno.ts";
import type { LoadedProgram } from "../program.ts";
import { BpfMap } from "./map.ts";

export class ProgArray extends BpfMap {
	readonly #programs = new Map<number, LoadedProgram>();

	override programAt(index: number): LoadedProgram | undefined {
		return index < this.def.maxEntries ? this.#programs.get(index) : undefined;
	}

	setProgram(index: number, program: LoadedProgram | null): number {
		if (index >= this.def.maxEntries) return -errno.E2BIG;
		if (program === null) return this.#programs.delete(index) ? 0 : -errno.ENOENT;
		this.#programs.set(index, program);
		return 0;
	}
}
