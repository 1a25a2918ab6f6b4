import { isEmpty } from "../../assembler/btf/ext.ts";
import type { ObjectFile } from "../../assembler/object.ts";
import type { DiagnosticSink } from "../diagnostics/diagnostic.ts";
import type { IrModule } from "../ir/types.ts";
import type { TypedUnit } from "../types/typed.ts";
import { printObject } from "./asm-text.ts";
import { type CpuName, cpus } from "./cpu.ts";
import { debugInfo } from "./debug-info.ts";
import { dwarf } from "./dwarf.ts";
import { encodeFunction } from "./encode.ts";
import { layOut } from "./layout.ts";
import type { MFunction } from "./machine.ts";
import { ObjectBuilder } from "./object-file.ts";
import { improve } from "./peephole.ts";
import type { Places } from "./places.ts";
import { allocateRegisters } from "./regalloc.ts";
import { select } from "./select.ts";
import { shareMade } from "./share-made.ts";
import { placeStack } from "./stack.ts";

export type { CpuName } from "./cpu.ts";
export type { Place, Places } from "./places.ts";

export interface EmitOptions {
	readonly cpu: CpuName;
	/** `-g`: BTF and BTF.ext. libbpf needs them for maps in `.maps`. */
	readonly debug: boolean;
	/** For debug information; the symbol of the file is its last part. */
	readonly fileName: string;
	readonly diagnostics: DiagnosticSink;
	/** Refused: layout and passes know little-endian memory only. */
	readonly bigEndian?: boolean;
	/** Also as assembly text. */
	readonly asm?: boolean;
}

export interface Emitted {
	readonly object: ObjectFile;
	readonly asm?: string;
}

/**
 * The back end: optimised IR in, an object out. Each function is selected, gets registers, is tidied and laid out, and encoded;
 * then sections, symbols and debug information are made of the whole. What eBPF cannot do is reported, with its place.
 */
export function emit(module: IrModule, unit: TypedUnit, places: Places, options: EmitOptions): Emitted {
	if (options.bigEndian === true)
		options.diagnostics.report({
			code: "E0712",
			severity: "error",
			message: "big-endian objects (bpfeb) are not supported",
			span: null,
		});
	for (const { span } of unit.fileAsm)
		options.diagnostics.report({
			code: "E0711",
			severity: "error",
			message: "assembly outside of functions is not supported",
			span,
		});
	const cpu = cpus[options.cpu];
	const object = new ObjectBuilder(module);
	const context = {
		cpu,
		diagnostics: options.diagnostics,
		nameOf: ({ symbol }: { symbol: Parameters<ObjectBuilder["nameOf"]>[0] }) => object.nameOf(symbol),
		unique: { next: 0 },
	};
	for (const ir of module.functions) {
		if (ir.params.length > 5) {
			options.diagnostics.report({
				code: "E0705",
				severity: "error",
				message: `function "${ir.name}" has ${ir.params.length} parameters, eBPF functions can have 5`,
				span: ir.symbol.span,
			});
			continue;
		}
		const fn = select(ir, { cpu, diagnostics: options.diagnostics });
		if (fn === null || !finishFunction(fn, options)) continue;
		object.placeFunction(ir.symbol, ir.name, encodeFunction(fn, context));
	}
	for (const global of module.globals) object.placeGlobal(global);
	const debug = options.debug ? debugInfo(module, object, places) : null;
	object.resolve(module.globals, debug?.coreIds ?? new Map());
	if (debug !== null) object.addDebugSections(dwarf(object.functions, places, options.fileName, "ebpfcc"));
	const made: ObjectFile = {
		...object.finish(options.fileName.slice(options.fileName.lastIndexOf("/") + 1)),
		...(debug === null ? {} : { btf: debug.btf, ...(isEmpty(debug.btfExt) ? {} : { btfExt: debug.btfExt }) }),
	};
	return options.asm === true ? { object: made, asm: printObject(made) } : { object: made };
}

/** Machine code over virtual registers to machine code in its final order; false if there are no registers for it. */
function finishFunction(fn: MFunction, options: Pick<EmitOptions, "cpu" | "diagnostics">): boolean {
	shareMade(fn);
	if (!allocateRegisters(fn, options.diagnostics)) return false;
	improve(fn);
	placeStack(fn, options.diagnostics);
	layOut(fn, cpus[options.cpu]);
	// Jumps that went away leave what they asked for.
	improve(fn);
	return true;
}
