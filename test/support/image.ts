/** A program image from bare instructions, for tests and cases that have no object. */
import type { Insn } from "../../assembler/spec/insn.ts";
import type { BtfType } from "../../assembler/btf/types.ts";
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

/** The types of a static `int f()`, whose id is 3: what `funcInfo` of a program of several functions names. */
export const functionTypes: BtfType[] = [
	{ kind: "void" },
	{ kind: "int", name: "int", size: 4, bits: 32, offset: 0, encoding: 1 },
	{ kind: "func_proto", result: 1, params: [] },
	{ kind: "func", name: "f", type: 2, linkage: "static" },
];
