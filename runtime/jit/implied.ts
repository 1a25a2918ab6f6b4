/**
 * What low words say: of the high ones beside them, and of comparisons and quotients that they decide alone. Read from the flags of a slot
 * (representation.ts), by both back ends.
 */
import { unsignedOrder } from "./compare.ts";
import type { Relation } from "./compare.ts";
import type { Op } from "./op.ts";
import type { Analysis } from "./representation.ts";
import { FLAG } from "./representation.ts";

/** Two bits: the high word is 0; it repeats bit 31. None: the low word says nothing of it. */
export const IMPLIED = { nothing: 0, zero: FLAG.dstZero, sign: FLAG.dstSign } as const;

/** Of the left operand (dst or base), of the right one, of an argument of a call. */
export const ofLeft = (flags: number): number => flags & (IMPLIED.zero | IMPLIED.sign);
export const ofRight = (flags: number): number => ofLeft(flags >> 4);
export const ofArgument = ({ argZero, argSign }: Analysis, at: number, r: number): number =>
	((argZero[at] >> r) & 1) * IMPLIED.zero + ((argSign[at] >> r) & 1) * IMPLIED.sign;

/** Somebody reads the result. */
export const isNeeded = (flags: number): boolean => (flags & (FLAG.needLow | FLAG.needHigh)) !== 0;

/** The low word of the result implies the high one. */
export const impliesResult = (flags: number): boolean => (flags & (FLAG.resZero | FLAG.resSign)) !== 0;

/** The high word of the result has to be computed. */
export const computesHigh = (flags: number): boolean => (flags & FLAG.needHigh) !== 0 && !impliesResult(flags);

/** How a comparison can be made on the low words of its operands; null: it cannot. */
export function lowComparison(op: Extract<Op, { kind: "branch" }>, flags: number): Relation | null {
	if (op.op === "set") return null;
	if (op.width === 32) return op.op;
	const both = ofLeft(flags) & ofRight(flags);
	if (both & IMPLIED.sign) return op.op; // Sign extension keeps both orders.
	return both & IMPLIED.zero ? unsignedOrder(op.op) : null;
}

/** Whether a quotient or remainder is that of the low words. */
export function lowDivision(op: Extract<Op, { kind: "alu" }>, flags: number): boolean {
	if (op.width === 32) return true;
	const fits = op.op === "sdiv" || op.op === "smod" ? FLAG.dstSmall | FLAG.srcSmall : FLAG.dstZero | FLAG.srcZero;
	return (flags & fits) === fits;
}
