import type { Pred } from "./types.ts";

/** The predicates of comparisons: each one's opposite, and one for two. */
export const negated: Record<Pred, Pred> = {
	eq: "ne",
	ne: "eq",
	ult: "uge",
	ule: "ugt",
	ugt: "ule",
	uge: "ult",
	slt: "sge",
	sle: "sgt",
	sgt: "sle",
	sge: "slt",
};

/** The predicate with its operands the other way round. */
export const swapped: Record<Pred, Pred> = {
	eq: "eq",
	ne: "ne",
	ult: "ugt",
	ule: "uge",
	ugt: "ult",
	uge: "ule",
	slt: "sgt",
	sle: "sge",
	sgt: "slt",
	sge: "sle",
};

/** What a comparison of two numbers lets pass: the left one is less, the same, greater. */
const LESS = 1;
const SAME = 2;
const GREATER = 4;
const ORDERS: Readonly<Record<string, number>> = { lt: LESS, le: LESS | SAME, gt: GREATER, ge: GREATER | SAME };
const EQUALITIES: Readonly<Partial<Record<Pred, number>>> = { eq: SAME, ne: LESS | GREATER };

/**
 * One comparison for two of the same numbers, of which either may hold: a < b or a = b is a ≤ b, a < b or a > b is a ≠ b. True: one of them always
 * does. Null: there is none, since one counts with a sign and the other without.
 */
export function either(one: Pred, other: Pred): Pred | true | null {
	const signs = [one, other].filter((pred) => EQUALITIES[pred] === undefined).map((pred) => pred[0]);
	if (signs.length === 2 && signs[0] !== signs[1]) return null;
	const passes = (pred: Pred): number => EQUALITIES[pred] ?? ORDERS[pred.slice(1)];
	const union = passes(one) | passes(other);
	if (union === (LESS | SAME | GREATER)) return true;
	const equality = (Object.keys(EQUALITIES) as Pred[]).find((pred) => EQUALITIES[pred] === union);
	if (equality !== undefined) return equality;
	const order = Object.keys(ORDERS).find((name) => ORDERS[name] === union)!;
	return `${signs[0]}${order}` as Pred;
}

/** The same of two that must both hold. False: they never do. */
export function both(one: Pred, other: Pred): Pred | false | null {
	const fails = either(negated[one], negated[other]);
	return fails === null ? null : fails === true ? false : negated[fails];
}

/** What one comparison says of another of the same numbers; null: it leaves that open. */
export function implies(one: Pred, other: Pred): boolean | null {
	if (either(negated[one], other) === true) return true;
	return both(one, other) === false ? false : null;
}
