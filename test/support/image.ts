/** A program image from bare instructions, for tests and cases that have no object. */
import type { Insn } from "../../assembler/spec/insn.ts";
import type { ProgramImage } from "../../runtime/image.ts";

export function bareImage(name: string, insns: readonly Insn[], extra: Partial<ProgramImage> = {}): ProgramImage {
	return {
		name,
		section: "",
		type: 1,
		expectedAttachType: 0,
		flags: 0,
		license: "GPL",
		insns,
		maps: [],
		btf: null,
		funcInfo: [],
		lineInfo: [],
		kfuncs: [],
		ksyms: [],
		poisoned: new Map(),
		attach: null,
		...extra,
	};
}
