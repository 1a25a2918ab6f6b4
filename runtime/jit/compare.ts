/** What comparisons mean: their opposites, whether they hold of two numbers, and which 64-bit ones the low words decide. */
import { FLAG } from "./representation.ts";
import type { CompareName, Op, Width } from "./decode.ts";

export type Relation = Exclude<CompareName, "set">;

export const OPPOSITE: Readonly<Record<Relation, Relation>> = {
	eq: "ne",
	ne: "eq",
	gt: "le",
	ge: "lt",
	lt: "ge",
	le: "gt",
	sgt: "sle",
	sge: "slt",
	slt: "sge",
	sle: "sgt",
};
const UNSIGNED: Readonly<Partial<Record<CompareName, Relation>>> = { sgt: "gt", sge: "ge", slt: "lt", sle: "le" };

/** Whether it holds of two operands, each given as its unsigned and as its signed number. */
function related<T extends number | bigint>(relation: Relation, a: T, b: T, signedA: T, signedB: T): boolean {
	switch (relation) {
		case "eq":
			return a === b;
		case "ne":
			return a !== b;
		case "gt":
			return a > b;
		case "ge":
			return a >= b;
		case "lt":
			return a < b;
		case "le":
			return a <= b;
		case "sgt":
			return signedA > signedB;
		case "sge":
			return signedA >= signedB;
		case "slt":
			return signedA < signedB;
		case "sle":
			return signedA <= signedB;
	}
}

/** Whether it holds of two words. */
export const holdsLow = (relation: Relation, a: number, b: number): boolean => related(relation, a >>> 0, b >>> 0, a | 0, b | 0);

/** Whether it holds of the low `width` bits of two numbers. */
export function holds(op: CompareName, width: Width, a: bigint, b: bigint): boolean {
	const x = BigInt.asUintN(width, a);
	const y = BigInt.asUintN(width, b);
	return op === "set" ? (x & y) !== 0n : related(op, x, y, BigInt.asIntN(width, a), BigInt.asIntN(width, b));
}

/** How a comparison can be made on the low words of its operands; null: it cannot. */
export function lowComparison(op: Extract<Op, { kind: "branch" }>, flags: number): Relation | null {
	if (op.op === "set") return null;
	if (op.width === 32) return op.op;
	const zero = (flags & FLAG.dstZero) !== 0 && (flags & FLAG.srcZero) !== 0;
	const sign = (flags & FLAG.dstSign) !== 0 && (flags & FLAG.srcSign) !== 0;
	if (sign) return op.op; // Sign extension keeps both orders.
	return zero ? (UNSIGNED[op.op] ?? op.op) : null;
}
