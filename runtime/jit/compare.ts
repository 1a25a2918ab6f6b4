/** Comparisons as both emitters need them: opposites, and which 64-bit comparisons the low words decide. */
import { FLAG } from "./representation.ts";
import type { CompareName, Op } from "./decode.ts";

export type Relation = Exclude<CompareName, "set">;

export const OPPOSITE: Readonly<Record<Relation, Relation>> = { eq: "ne", ne: "eq", gt: "le", ge: "lt", lt: "ge", le: "gt", sgt: "sle", sge: "slt", slt: "sge", sle: "sgt" };
const UNSIGNED: Readonly<Partial<Record<CompareName, Relation>>> = { sgt: "gt", sge: "ge", slt: "lt", sle: "le" };

/** How a comparison can be made on the low words of its operands; null: it cannot. */
export function lowComparison(op: Extract<Op, { kind: "branch" }>, flags: number): Relation | null {
	if (op.op === "set") return null;
	if (op.width === 32) return op.op;
	const zero = (flags & FLAG.dstZero) !== 0 && (flags & FLAG.srcZero) !== 0;
	const sign = (flags & FLAG.dstSign) !== 0 && (flags & FLAG.srcSign) !== 0;
	if (sign) return op.op; // Sign extension keeps both orders.
	return zero ? (UNSIGNED[op.op] ?? op.op) : null;
}
