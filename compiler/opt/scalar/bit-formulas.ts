import type { Inst, Ty, Value } from "../../ir/types.ts";
import { allOnes, constant, isConst, isImmediate, isInst, unsigned } from "../../ir/values.ts";
import { knownZeros } from "../analysis/known.ts";
import type { Law, Rewriter } from "./law.ts";
import { ALWAYS, NEVER, shortest, VALUES } from "./truth-tables.ts";

/**
 * Formulas in `and`, `or`, `xor` of up to three values and any constants become the shortest that computes the same: z ^ (2 ^ z) = 2,
 * (x & y) | (x & ~y) = x. What they compute is found out by computing it, on words of zeros and of ones; a sum of what has no bit in common counts as `or`, a
 * difference from what has all the bits as `xor`: (x | y) − (x & y) = x ^ y.
 */
export const bitFormula: Law = (inst, rw) => {
	if (inst.op !== "and" && inst.op !== "or" && inst.op !== "xor" && inst.op !== "add" && inst.op !== "sub") return null;
	if (!inst.args.some((arg) => isInst(arg) && OPS.has(arg.op))) return null;
	const formula = read(inst, rw);
	if (formula === null) return null;
	return ofOne(inst, formula, rw) ?? ofSeveral(inst, formula, rw);
};

const OPS = new Set(["and", "or", "xor", "add", "sub"]);
const MOST_VALUES = 3;
const MOST_OPERATIONS = 8;

interface Formula {
	readonly values: readonly Value[];
	/** The result where value j is all ones or all zeros, as bit j of the index says. */
	readonly results: readonly bigint[];
	/** Instructions that go when the result is computed in another way, constants that need one counted. */
	readonly saved: number;
}

/** An operand that no instruction holds takes two more. */
const constantCost = (ty: Ty, value: bigint): number => (isImmediate(ty, value) ? 0 : 2);

/** Computes an instruction and what it is made of; null: it is too large, or nothing in it is said twice. */
function read(root: Inst, rw: Rewriter): Formula | null {
	const ty = root.ty!;
	const ones = allOnes(ty);
	const values: Value[] = [];
	let operations = 0;
	let saved = 0;
	let mentions = 0;
	/** Results by assignment of the values found so far: grows as they are found. */
	const compute = (value: Value, goes: boolean): ((assignment: number) => bigint) | null => {
		if (isConst(value)) {
			if (goes) saved += constantCost(ty, value.value);
			const word = unsigned(ty, value.value);
			return () => word;
		}
		if (isInst(value) && OPS.has(value.op) && operations < MOST_OPERATIONS) {
			const before = { values: values.length, operations, saved, mentions };
			operations++;
			const dies = goes && (value === root || rw.uses(value) <= 1);
			if (dies) saved++;
			const left = compute(value.args[0], dies);
			const right = left === null ? null : compute(value.args[1], dies);
			const result = left === null || right === null ? null : combined(value.op, left, right, values.length, ones);
			if (result !== null) return result;
			if (value === root) return null;
			values.length = before.values;
			({ operations, saved, mentions } = before);
		}
		mentions++;
		let at = values.indexOf(value);
		if (at < 0) {
			if (values.length === MOST_VALUES) return null;
			at = values.push(value) - 1;
		}
		return (assignment) => (assignment & (1 << at) ? ones : 0n);
	};
	const result = compute(root, true);
	if (result === null || values.length === 0 || (mentions === values.length && values.length > 1 && saved < 3)) return null;
	return { values, results: Array.from({ length: 1 << values.length }, (_, assignment) => result(assignment)), saved };
}

/** Null: a sum in which bits meet, a difference that borrows. */
function combined(
	op: string,
	left: (assignment: number) => bigint,
	right: (assignment: number) => bigint,
	values: number,
	ones: bigint,
): ((assignment: number) => bigint) | null {
	const always = (holds: (a: bigint, b: bigint) => boolean): boolean => {
		for (let assignment = 0; assignment < 1 << values; assignment++) if (!holds(left(assignment), right(assignment))) return false;
		return true;
	};
	switch (op) {
		case "and":
			return (assignment) => left(assignment) & right(assignment);
		case "or":
			return (assignment) => left(assignment) | right(assignment);
		case "add":
			return always((a, b) => (a & b) === 0n) ? (assignment) => left(assignment) | right(assignment) : null;
		case "sub":
			return always((a, b) => (b & ~a & ones) === 0n) ? (assignment) => left(assignment) ^ right(assignment) : null;
		default:
			return (assignment) => left(assignment) ^ right(assignment);
	}
}

/** Of one value: (x & some) ^ others. */
function ofOne(inst: Inst, { values, results, saved }: Formula, rw: Rewriter): Value | null {
	if (values.length !== 1) return null;
	const ty = inst.ty!;
	const [x] = values;
	const ones = allOnes(ty);
	const possible = ones & ~knownZeros(x);
	const [others] = results;
	const kept = (others ^ results[1]) & possible;
	const word = (value: bigint): Value => constant(ty, value);
	if (kept === 0n) return word(others);
	const inverted = kept & others;
	const set = others & ~kept;
	const isWhole = kept === possible;
	const cost = (isWhole ? 0 : 1 + constantCost(ty, kept)) + (others === 0n ? 0 : 1 + constantCost(ty, others));
	const isOr = inverted === 0n && (possible & ~kept & ~set) === 0n;
	if (isOr && set !== 0n) return 1 + constantCost(ty, set) < saved ? rw.make("or", ty, [x, word(set)]) : null;
	if (cost >= saved) return null;
	const left = isWhole ? x : rw.make("and", ty, [x, word(kept)]);
	if (others === 0n) return left;
	return rw.make(inverted === 0n ? "or" : "xor", ty, [left, word(others)]);
}

/** Of several: the shortest formula for all bits, perhaps under one mask. */
function ofSeveral(inst: Inst, { values, results, saved }: Formula, rw: Rewriter): Value | null {
	if (values.length === 1) return null;
	const ty = inst.ty!;
	const mask = results.find((result) => result !== 0n) ?? 0n;
	if (results.some((result) => result !== 0n && result !== mask)) return null;
	let table = 0;
	for (let i = 0; i < 8; i++) if (results[i & (results.length - 1)] !== 0n) table |= 1 << i;
	const masked = mask !== 0n && mask !== allOnes(ty);
	const cost = shortest(table).cost + (masked ? 1 + constantCost(ty, mask) : 0);
	if (cost >= saved) return null;
	const make = (part: number): Value => {
		const { op, left, right } = shortest(part);
		if (op !== null) return rw.make(op, ty, [make(left), make(right)]);
		if (part === ALWAYS || part === NEVER) return constant(ty, part === ALWAYS ? -1 : 0);
		return values[VALUES.indexOf(part)];
	};
	const result = make(table);
	return masked ? rw.make("and", ty, [result, constant(ty, mask)]) : result;
}
