import type { Const, Pred, Value } from "../../ir/types.ts";
import { negated } from "../../ir/preds.ts";
import { unsigned, widthOf } from "../../ir/values.ts";

/** Between which numbers an integer lies, as an unsigned and as a signed one. */
export interface Range {
	readonly umin: bigint;
	readonly umax: bigint;
	readonly smin: bigint;
	readonly smax: bigint;
}

export const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);

export const only = ({ ty, value }: Const): Range => ({ umin: unsigned(ty, value), umax: unsigned(ty, value), smin: value, smax: value });

const EVERYTHING = {
	32: { umin: 0n, umax: 0xffff_ffffn, smin: -0x8000_0000n, smax: 0x7fff_ffffn },
	64: { umin: 0n, umax: 0xffff_ffff_ffff_ffffn, smin: -0x8000_0000_0000_0000n, smax: 0x7fff_ffff_ffff_ffffn },
} as const satisfies Record<number, Range>;

export const everything = (value: Value): Range => EVERYTHING[widthOf(value.ty!)];

/** An empty meeting is a place that is never reached: anything is true there, so the old knowledge stays. */
export function meet(a: Range, b: Range): Range {
	const range = { umin: most(a.umin, b.umin), umax: least(a.umax, b.umax), smin: most(a.smin, b.smin), smax: least(a.smax, b.smax) };
	return range.umin > range.umax || range.smin > range.smax ? a : range;
}

/** Of what is not negative, what is known of one reading holds for the other. */
export function settled(range: Range, value: Value): Range {
	const { smax } = everything(value);
	if (range.smin < 0n && range.umax > smax) return range;
	const [min, max] = [most(range.smin, range.umin), least(range.smax, range.umax)];
	return min > max ? range : { umin: min, umax: max, smin: min, smax: max };
}

export function fromUnsigned(range: Range, value: Value): Range {
	const limits = everything(value);
	const { umin, umax } = range;
	if (umax <= limits.smax) return meet({ ...limits, umin, umax }, { ...limits, smin: umin, smax: umax });
	if (umin > limits.smax) return { umin, umax, smin: umin - limits.umax - 1n, smax: umax - limits.umax - 1n };
	return { ...limits, umin, umax };
}

export function fromSigned(range: Range, value: Value): Range {
	const limits = everything(value);
	const { smin, smax } = range;
	if (smin >= 0n) return meet({ ...limits, smin, smax }, { ...limits, umin: smin, umax: smax });
	if (smax < 0n) return { umin: smin + limits.umax + 1n, umax: smax + limits.umax + 1n, smin, smax };
	return { ...limits, smin, smax };
}

/** What x may be when `x pred other`. */
export function allowed(pred: Pred, other: Range, x: Value): Range {
	const limits = everything(x);
	switch (pred) {
		case "eq":
			return other;
		case "ult":
			return fromUnsigned({ ...limits, umax: most(other.umax - 1n, 0n) }, x);
		case "ule":
			return fromUnsigned({ ...limits, umax: other.umax }, x);
		case "ugt":
			return fromUnsigned({ ...limits, umin: least(other.umin + 1n, limits.umax) }, x);
		case "uge":
			return fromUnsigned({ ...limits, umin: other.umin }, x);
		case "slt":
			return fromSigned({ ...limits, smax: most(other.smax - 1n, limits.smin) }, x);
		case "sle":
			return fromSigned({ ...limits, smax: other.smax }, x);
		case "sgt":
			return fromSigned({ ...limits, smin: least(other.smin + 1n, limits.smax) }, x);
		case "sge":
			return fromSigned({ ...limits, smin: other.smin }, x);
		case "ne":
			return other.umin === 0n && other.umax === 0n ? { ...limits, umin: 1n } : limits;
		default:
			return pred satisfies never;
	}
}

/** What two ranges say of a comparison; null when it is open. */
export function decide(pred: Pred, a: Range, b: Range): boolean | null {
	switch (pred) {
		case "eq":
		case "ne": {
			if (a.umax < b.umin || b.umax < a.umin || a.smax < b.smin || b.smax < a.smin) return pred === "ne";
			return a.umin === a.umax && b.umin === b.umax && a.umin === b.umin ? pred === "eq" : null;
		}
		case "ult":
			return a.umax < b.umin ? true : a.umin >= b.umax ? false : null;
		case "ule":
			return a.umax <= b.umin ? true : a.umin > b.umax ? false : null;
		case "slt":
			return a.smax < b.smin ? true : a.smin >= b.smax ? false : null;
		case "sle":
			return a.smax <= b.smin ? true : a.smin > b.smax ? false : null;
		default: {
			const other = decide(negated[pred], a, b);
			return other === null ? null : !other;
		}
	}
}
