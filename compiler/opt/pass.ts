import type { DiagnosticSink } from "../diagnostics/diagnostic.ts";
import type { IrFunction, IrModule } from "../ir/types.ts";
import type { Kept } from "./analysis/analyses.ts";

/** What a pass is. `run` changes the function in place and says whether it did. */
export interface Pass {
	readonly name: string;
	run(fn: IrFunction, context: OptContext): boolean;
}

export interface OptContext {
	readonly level: 0 | 1 | 2 | 3;
	readonly diagnostics: DiagnosticSink;
	/** `-mcpu=v1` … `v4`: what the machine has. */
	readonly cpu: 1 | 2 | 3 | 4;
	readonly module: IrModule;
	/** Absent: each pass computes its analyses anew. */
	readonly kept?: Kept;
}
