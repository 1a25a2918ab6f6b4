import type { Inst, Ty, Value } from "../../ir/types.ts";
import { constant, exponentOf, isConst, isImmediate, isInst, unsigned, widthOf } from "../../ir/values.ts";
import type { Law, Rewriter } from "./law.ts";

/**
 * Sums of values times constants become the shortest that come to the same: x + y + z − y = x + z, 3x + 5x = x << 3, ~(~x + 5) = x − 5.
 * Numbers wrap around, so a factor is one modulo 2³² or 2⁶⁴.
 */
export const sumFormula: Law = (inst, rw) => {
	if (!isSum(inst) || !inst.args.some((arg) => isInst(arg) && isSum(arg))) return null;
	const ty = inst.ty!;
	const sum: Sum = { factors: new Map(), rest: 0n, saved: 0, operations: 0 };
	read(inst, 1n, true, inst, sum, rw);
	for (const [value, factor] of sum.factors) if (wrapped(ty, factor) === 0n) sum.factors.delete(value);
	const terms = [...sum.factors].map(([value, factor]) => ({ value, factor: wrapped(ty, factor) }));
	const rest = wrapped(ty, sum.rest);
	const shared = sharedShift(terms.map(({ factor }) => factor));
	const plain = { terms, rest, shift: 0 };
	const shifted =
		shared === 0 || rest !== 0n
			? plain
			: { terms: terms.map((term) => ({ ...term, factor: term.factor >> BigInt(shared) })), rest, shift: shared };
	const best = costOf(ty, shifted) < costOf(ty, plain) ? shifted : plain;
	return costOf(ty, best) < sum.saved && isAllowed(terms) ? build(ty, best, rw) : null;
};

/** What is a number here may be a pointer to the verifier, which takes `(end − data) + x` and not `end + x − data`: differences keep their order. */
const isAllowed = (terms: Terms["terms"]): boolean => terms.length < 2 || terms.every(({ factor }) => factor > 0n);

const MOST_OPERATIONS = 8;
const MOST_TERMS = 4;

interface Sum {
	readonly factors: Map<Value, bigint>;
	rest: bigint;
	/** Instructions that go when it is computed in another way. */
	saved: number;
	operations: number;
}

interface Terms {
	readonly terms: readonly { readonly value: Value; readonly factor: bigint }[];
	readonly rest: bigint;
	/** Places that the sum is shifted by at the end. */
	readonly shift: number;
}

/** As a signed number. */
const wrapped = (ty: Ty, factor: bigint): bigint => BigInt.asIntN(widthOf(ty), factor);

function isSum({ op, args: [, b] }: Inst): boolean {
	switch (op) {
		case "add":
		case "sub":
		case "neg":
			return true;
		case "xor":
			return isConst(b) && b.value === -1n;
		case "mul":
		case "shl":
			return isConst(b);
		default:
			return false;
	}
}

/** Adds `factor` times a value. */
function read(value: Value, factor: bigint, goes: boolean, root: Inst, sum: Sum, rw: Rewriter): void {
	if (isConst(value)) {
		sum.rest += factor * value.value;
		return;
	}
	const count = sum.factors.size;
	if (!isInst(value) || !isSum(value) || sum.operations >= MOST_OPERATIONS || count >= MOST_TERMS) {
		sum.factors.set(value, (sum.factors.get(value) ?? 0n) + factor);
		return;
	}
	sum.operations++;
	const dies = goes && (value === root || rw.uses(value) <= 1);
	if (dies) sum.saved++;
	const [a, b] = value.args;
	const part = (operand: Value, times: bigint): void => read(operand, times, dies, root, sum, rw);
	switch (value.op) {
		case "add":
			part(a, factor);
			return part(b, factor);
		case "sub":
			part(a, factor);
			return part(b, -factor);
		case "neg":
			return part(a, -factor);
		case "xor":
			sum.rest -= factor;
			return part(a, -factor);
		case "mul":
			return part(a, isConst(b) ? factor * b.value : factor);
		default:
			return part(a, isConst(b) ? factor << (unsigned(value.ty!, b.value) & BigInt(widthOf(value.ty!) - 1)) : factor);
	}
}

/** How many low bits are zero in all factors. */
function sharedShift(factors: readonly bigint[]): number {
	if (factors.length < 2) return 0;
	let shift = 0;
	while (shift < 32 && factors.every((factor) => (factor >> BigInt(shift)) % 2n === 0n)) shift++;
	return shift;
}

const size = (factor: bigint): bigint => (factor < 0n ? -factor : factor);

function costOf(ty: Ty, { terms, rest, shift }: Terms): number {
	let cost = shift > 0 ? 1 : 0;
	for (const { factor } of terms) {
		const times = size(factor);
		cost += times === 1n ? 1 : exponentOf(times) === null && !isImmediate(ty, times) ? 4 : 2;
	}
	// The first one needs no addition, unless there is nothing that it could be taken from.
	const isTaken = terms.length > 0 && terms.every(({ factor }) => factor < 0n);
	if (terms.length > 0 && !isTaken) cost--;
	// A constant that it is taken from need not be copied before, as a value is that somebody else wants.
	if (rest !== 0n && terms.length > 0) cost += (isImmediate(ty, rest) ? 1 : 3) - (isTaken ? 0.5 : 0);
	return cost;
}

function build(ty: Ty, { terms, rest, shift }: Terms, rw: Rewriter): Value {
	const ordered = [...terms].sort((a, b) => Number(a.factor < 0n) - Number(b.factor < 0n));
	let sum: Value | null = null;
	for (const { value, factor } of ordered) {
		const times = size(factor);
		const part = times === 1n ? value : rw.make("mul", ty, [value, constant(ty, times)]);
		if (sum !== null) sum = rw.make(factor < 0n ? "sub" : "add", ty, [sum, part]);
		else if (factor >= 0n) sum = part;
		else if (rest === 0n) sum = rw.make("neg", ty, [part]);
		else sum = rw.make("sub", ty, [constant(ty, rest), part]);
	}
	const isBegun = rest !== 0n && ordered.length > 0 && ordered[0].factor < 0n;
	if (sum === null) return constant(ty, rest);
	if (rest !== 0n && !isBegun) sum = rw.make("add", ty, [sum, constant(ty, rest)]);
	return shift === 0 ? sum : rw.make("shl", ty, [sum, constant(ty, shift)]);
}
