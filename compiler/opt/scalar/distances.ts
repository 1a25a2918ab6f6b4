import type { Pred, Value } from "../../ir/types.ts";
import type { Rewriter } from "./law.ts";
import { swapped } from "../../ir/preds.ts";
import { constant, isConst, isInst, sameValue, unsigned } from "../../ir/values.ts";
import { maxUnsigned } from "../analysis/known.ts";

/** Where the walk of a pointer began. */
export const startOf = (pointer: Value): unknown =>
	!isInst(pointer)
		? pointer
		: pointer.op === "ptradd"
			? startOf(pointer.args[0])
			: pointer.op === "global"
				? pointer.attr!.global
				: pointer;

/** What was added on the way: numbers that are not known, the first one first, and the sum of those that are. */
interface Walk {
	readonly steps: readonly Value[];
	readonly offset: bigint;
}

function walkOf(pointer: Value): Walk {
	if (!isInst(pointer) || pointer.op !== "ptradd")
		return { steps: [], offset: isInst(pointer) && pointer.op === "global" ? BigInt(pointer.attr!.offset ?? 0) : 0n };
	const { steps, offset } = walkOf(pointer.args[0]);
	const by = pointer.args[1];
	return isConst(by) ? { steps, offset: offset + by.value } : { steps: [...steps, by], offset };
}

/** Within an object addresses do not wrap, and so distances have signs. */
export const betweenDistances = (pred: Pred): Pred => (pred.startsWith("u") ? (`s${pred.slice(1)}` as Pred) : pred);

/**
 * p + x < p + y is x < y: of numbers the verifier learns a bound, of addresses it learns none. `next = &list->items[list->used];
 * if (next >= &list->items[64]) return;` asks whether 64 are used.
 */
export function ofOnePointer(a: Value, b: Value, pred: Pred, rw: Rewriter): Value | null {
	if (a.ty !== "ptr" || startOf(a) !== startOf(b)) return null;
	const [left, right] = [walkOf(a), walkOf(b)];
	const shared = left.steps.findIndex((step, i) => i >= right.steps.length || !sameValue(step, right.steps[i]));
	const together = shared === -1 ? left.steps.length : shared;
	const [x, y] = [left.steps.slice(together), right.steps.slice(together)];
	const asked = betweenDistances(pred);
	if (x.length > 1 || y.length > 1) return null;
	if (y.length === 0 && x.length === 1) return ofStep(x[0], right.offset - left.offset, asked, rw);
	if (x.length === 0 && y.length === 1) return ofStep(y[0], left.offset - right.offset, swapped[asked], rw);
	if (x.length === 0) return rw.make("icmp", "i32", [constant("i64", left.offset), constant("i64", right.offset)], { pred: asked });
	return left.offset === right.offset ? rw.make("icmp", "i32", [x[0], y[0]], { pred: asked }) : null;
}

/** i · 8 < c is i < ⌈c / 8⌉ where the product is exact: it is the index that the program goes on with. */
function ofStep(step: Value, distance: bigint, pred: Pred, rw: Rewriter): Value {
	const [index, size] = factors(step);
	const ask = (limit: bigint): Value => rw.make("icmp", "i32", [index, constant("i64", limit)], { pred });
	if (pred === "slt" || pred === "sge") return ask(-floor(-distance, size));
	if (pred === "sle" || pred === "sgt") return ask(floor(distance, size));
	return distance % size === 0n ? ask(distance / size) : constant("i32", pred === "ne" ? 1 : 0);
}

const floor = (a: bigint, b: bigint): bigint => (a < 0n && a % b !== 0n ? a / b - 1n : a / b);

/** A product of an index and a size that nothing is lost of; else the number itself. */
function factors(step: Value): readonly [Value, bigint] {
	if (!isInst(step) || !(step.op === "shl" || step.op === "mul") || !isConst(step.args[1])) return [step, 1n];
	const [index, by] = [step.args[0], unsigned("i64", step.args[1].value)];
	const size = step.op === "mul" ? by : by < 63n ? 1n << by : 0n;
	return size > 0n && maxUnsigned(index) * size < 1n << 63n ? [index, size] : [step, 1n];
}
