import type { Attr, Inst, IrFunction, Op, Ty, Value } from "../../ir/types.ts";
import { constant, exponentOf, isConst, isInst, unsigned } from "../../ir/values.ts";

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

/** Of a constant: its value. */
export const c = (value: Value): bigint | null => (isConst(value) ? value.value : null);

export const is = (value: Value, op: Op): value is Inst => isInst(value) && value.op === op;

/** k for 2ᵏ, else null. */
export const log2 = (ty: Ty, value: bigint): number | null => exponentOf(unsigned(ty, value));

/** (x op c1) op c2 = x op (c1 op c2), for associative ones. */
export const gather: Law = (inst, rw) => {
	const [a, b] = inst.args;
	const outer = c(b);
	if (outer === null || !is(a, inst.op)) return null;
	const inner = c(a.args[1]);
	if (inner === null) return null;
	return rw.make(inst.op, inst.ty!, [a.args[0], rw.make(inst.op, inst.ty!, [constant(inst.ty!, inner), constant(inst.ty!, outer)])]);
};

/** x op 0 = x. */
export const zeroRight: Law = (inst) => (c(inst.args[1]) === 0n ? inst.args[0] : null);
