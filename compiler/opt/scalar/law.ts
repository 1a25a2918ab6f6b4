import type { Attr, Inst, IrFunction, Op, Ty, Value } from "../../ir/types.ts";

/** What a law may do beside looking at its instruction. */
export interface Rewriter {
	readonly fn: IrFunction;
	/** A new instruction before the present one, folded and simplified like any other. */
	make(op: Op, ty: Ty, args: Value[], attr?: Attr): Value;
	/** How often the value is used in the function. */
	uses(value: Inst): number;
}

/** A rule of local simplification: a replacement, or null where it does not apply. It looks at operands only, never at who uses the value, except where it says so. */
export type Law = (inst: Inst, rw: Rewriter) => Value | null;
