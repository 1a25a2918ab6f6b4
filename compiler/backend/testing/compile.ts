import { decode } from "../../../assembler/decode.ts";
import type { ObjectFile } from "../../../assembler/object.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { checkIr } from "../../ir/check.ts";
import { parseModule } from "../../ir/parse.ts";
import { type CpuName, emit } from "../index.ts";
import { nowhere } from "../places.ts";
import { printInsn } from "../../../assembler/text/print.ts";

/** For tests of the back end: IR text to an object and to its instructions as text. */
export interface Compiled {
	readonly object: ObjectFile;
	readonly asm: string;
	readonly diagnostics: readonly Diagnostic[];
	/** The instructions of a section, one line each. */
	code(section?: string): string[];
}

export function compileIr(text: string, cpu: CpuName = "v3"): Compiled {
	const module = parseModule(text);
	const faults = module.functions.flatMap(checkIr);
	if (faults.length > 0) throw new Error(faults.join("\n"));
	const diagnostics: Diagnostic[] = [];
	const { object, asm } = emit(module, { functions: [], objects: [], extraTypes: [], fileAsm: [] }, nowhere, {
		cpu,
		debug: false,
		fileName: "test.c",
		asm: true,
		diagnostics: { report: (diagnostic) => diagnostics.push(diagnostic) },
	});
	const code = (name = ".text"): string[] => {
		const section = object.sections.find((candidate) => candidate.name === name)!;
		const insns = decode(section.data);
		const relocs = new Map(
			section.relocs.map(({ offset, symbol }) => [
				offset / 8,
				object.symbols[symbol].name || object.sections[Number(object.symbols[symbol].section)].name,
			]),
		);
		const lines: string[] = [];
		for (let slot = 0; slot < insns.length; slot++) {
			const wide = insns[slot].opcode === 0x18;
			lines.push(`${printInsn(insns[slot], insns[slot + 1])}${relocs.has(slot) ? ` {${relocs.get(slot)}}` : ""}`);
			if (wide) slot++;
		}
		return lines;
	};
	return { object, asm: asm!, diagnostics, code };
}

/** A function with the given body; parameters %0 (ptr), %1 (i32), %2 (i64). */
export const body = (lines: string, result = "i64"): string =>
	`function @f(ptr %0, i32 %1, i64 %2) -> ${result} global {\nentry.3:\n${lines}\n}\n`;
