/** What comparisons mean: their opposites, and whether they hold of two numbers. */
import type { CompareName, Width } from "./decode.ts";

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
const UNSIGNED: Readonly<Partial<Record<Relation, Relation>>> = { sgt: "gt", sge: "ge", slt: "lt", sle: "le" };

/** The same order of unsigned numbers. */
export const unsignedOrder = (relation: Relation): Relation => UNSIGNED[relation] ?? relation;

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
