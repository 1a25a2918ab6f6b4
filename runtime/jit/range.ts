/**
 * The value domain of the JITs' own analysis: what is known of each register, as six doubles.
 *
 *     +0 umin  +1 umax   unsigned 64-bit bounds; 2^64 stands for "unknown" (bounds above 2^53 are not kept)
 *     +2 smin  +3 smax   signed bounds, ±2^63 for "unknown"
 *     +4 kind            NaN: a number; POINTER; below 2^20 in size: that offset from r10; DERIVED: somewhere from r10;
 *                        MAP + i: the address of map i; WORDS + i: the number that the 64-bit immediate at slot i says, beyond 2^53
 *     +5 zeros           this many low bits are 0
 *
 * Sound for any program, verified or not, with one exception that the caller chooses: `pointers` says that arithmetic on an
 * address stays an address (what the verifier ensures), that is, below 2^32.
 */
import { holdsLow, OPPOSITE } from "./compare.ts";
import type { AluName, CompareName, Width } from "./decode.ts";

export const STRIDE = 6;
export const POINTER = Number.POSITIVE_INFINITY;
export const MAP = 2 ** 24;
/** Comes from r10 and may point into the frame: within its bounds, since r10 is a constant. */
export const DERIVED = 2 ** 22;
export const WORDS = 2 ** 23;
const U32 = 0xffffffff;
const TOP_U = 2 ** 64;
const TOP_S = 2 ** 63;
const EXACT = 2 ** 53;

export type State = Float64Array;

export const isStackOffset = (kind: number): boolean => kind < 2 ** 20 && kind > -(2 ** 20);
export const isOfStack = (kind: number): boolean => kind === DERIVED || isStackOffset(kind);
export const isWords = (kind: number): boolean => kind >= WORDS && kind < MAP;
const isNumber = (kind: number): boolean => Number.isNaN(kind) || isWords(kind);
/** The high word is zero. */
export const zeroExtended = (s: State, r: number): boolean => s[r * STRIDE + 1] <= U32;
/** The one number that the register can be, or null. */
export const constantOf = (s: State, r: number): number | null => (s[r * STRIDE + 2] === s[r * STRIDE + 3] ? s[r * STRIDE + 2] : null);
/** The high word repeats bit 31. */
export const signExtended = (s: State, r: number): boolean => s[r * STRIDE + 2] >= -0x80000000 && s[r * STRIDE + 3] <= 0x7fffffff;

/** Writes a value, each half of the bounds tightened by the other. */
export function assign(
	s: State,
	r: number,
	umin: number,
	umax: number,
	smin: number,
	smax: number,
	zeros: number,
	kind = Number.NaN,
): void {
	if (umax > EXACT) umax = TOP_U;
	if (umin > EXACT) umin = EXACT;
	if (smin < -EXACT) smin = -TOP_S;
	if (smax > EXACT) smax = TOP_S;
	if (umax !== TOP_U) {
		if (smin < umin) smin = umin;
		if (smax > umax) smax = umax;
	} else if (smin >= 0) {
		if (umin < smin) umin = smin;
		if (smax !== TOP_S) umax = smax;
	}
	if (zeros > 0 && zeros < 53) {
		const unit = power(zeros);
		if (umax !== TOP_U) umax = Math.floor(umax / unit) * unit;
		if (smax !== TOP_S) smax = Math.floor(smax / unit) * unit;
		if (smin !== -TOP_S) smin = Math.ceil(smin / unit) * unit;
	}
	const at = r * STRIDE;
	s[at] = umin;
	s[at + 1] = umax;
	s[at + 2] = smin;
	s[at + 3] = smax;
	s[at + 4] = kind;
	s[at + 5] = zeros;
}

export const assignUnknown = (s: State, r: number): void => assign(s, r, 0, TOP_U, -TOP_S, TOP_S, 0);
export const assignUnsigned = (s: State, r: number, umin: number, umax: number, zeros = 0): void =>
	assign(s, r, umin, umax, -TOP_S, TOP_S, zeros);
export const assignSigned = (s: State, r: number, smin: number, smax: number): void => assign(s, r, 0, TOP_U, smin, smax, 0);
export const assignPointer = (s: State, r: number, kind: number = POINTER, zeros = 0): void => assign(s, r, 0, U32, 0, U32, zeros, kind);

export function assignConstant(s: State, r: number, value: number): void {
	const zeros = value === 0 ? 64 : Math.abs(value) < 2 ** 32 ? trailingZeros(value) : 0;
	if (value >= 0) assign(s, r, value, value, value, value, zeros);
	else assign(s, r, 0, TOP_U, value, value, zeros);
}

/** A constant of two words; beyond 2⁵³ only `slot` is kept of it, the first of the immediates that say so. */
export function assignWords(s: State, r: number, low: number, high: number, slot: number): void {
	const value = high * 2 ** 32 + (low >>> 0);
	if (Math.abs(value) <= EXACT) assignConstant(s, r, value);
	else assign(s, r, 0, TOP_U, -TOP_S, TOP_S, 0, WORDS + slot);
}

function trailingZeros(value: number): number {
	const low = value | 0;
	return low === 0 ? 32 : 31 - Math.clz32(low & -low);
}

export function copy(s: State, to: number, from: number): void {
	const t = to * STRIDE;
	const f = from * STRIDE;
	s[t] = s[f];
	s[t + 1] = s[f + 1];
	s[t + 2] = s[f + 2];
	s[t + 3] = s[f + 3];
	s[t + 4] = s[f + 4];
	s[t + 5] = s[f + 5];
}

const POWERS = Float64Array.from({ length: 65 }, (_, n) => 2 ** n);

/** 2ⁿ for whole n up to 64: a power is a call into the C library. */
export const power = (n: number): number => POWERS[n];

/** `to` := truncation of `from` to 32 bits. */
function assignLow(s: State, to: number, from: number): void {
	const at = from * STRIDE;
	if (s[at + 1] <= U32) copy(s, to, from);
	else assignUnsigned(s, to, 0, U32, Math.min(32, s[at + 5]));
}

export function assignSignExtended(s: State, to: number, from: number, bits: number, width: Width): void {
	const half = power(bits - 1);
	const at = from * STRIDE;
	if (s[at + 1] < half) copy(s, to, from);
	else if (width === 32) assignUnsigned(s, to, 0, U32);
	else if (s[at + 2] >= -half && s[at + 3] < half) copy(s, to, from);
	else assignSigned(s, to, -half, half - 1);
}

/** `state[to]` ⊔= `from`; true when it grew. */
export function join(to: State, from: State): boolean {
	let grew = false;
	for (let at = 0; at < to.length; at += STRIDE) {
		if (from[at] < to[at]) (to[at] = from[at]), (grew = true);
		if (from[at + 1] > to[at + 1]) (to[at + 1] = from[at + 1]), (grew = true);
		if (from[at + 2] < to[at + 2]) (to[at + 2] = from[at + 2]), (grew = true);
		if (from[at + 3] > to[at + 3]) (to[at + 3] = from[at + 3]), (grew = true);
		if (from[at + 5] < to[at + 5]) (to[at + 5] = from[at + 5]), (grew = true);
		const kind = to[at + 4];
		const next = joinKinds(kind, from[at + 4], to, from, at);
		if (!Object.is(kind, next)) (to[at + 4] = next), (grew = true);
	}
	return grew;
}

/** Two different addresses are an address still; an address or null too; what may come from r10 stays so; else a number. */
function joinKinds(a: number, b: number, to: State, from: State, at: number): number {
	if (Object.is(a, b)) return a;
	if (isOfStack(a) || isOfStack(b)) return DERIVED;
	if (isNumber(a)) return to[at + 1] === 0 ? POINTER : Number.NaN;
	if (isNumber(b)) return from[at + 1] === 0 ? POINTER : Number.NaN;
	return POINTER;
}

/** At loop heads: what still grows jumps to the next threshold (rising list), so that the walk ends. */
export function widen(to: State, before: State, thresholds: readonly number[]): void {
	for (let at = 0; at < to.length; at += STRIDE) {
		if (to[at] < before[at]) to[at] = 0;
		if (to[at + 1] > before[at + 1]) to[at + 1] = thresholds.find((t) => t >= to[at + 1]) ?? TOP_U;
		if (to[at + 2] < before[at + 2]) to[at + 2] = to[at + 2] >= 0 ? 0 : -(thresholds.find((t) => t >= -to[at + 2]) ?? TOP_S);
		if (to[at + 3] > before[at + 3]) to[at + 3] = thresholds.find((t) => t >= to[at + 3]) ?? TOP_S;
	}
}

/** r[dst] := r[dst] op r[src] in `width` bits. `src` may be a scratch register that holds the constant. */
export function arithmetic(s: State, op: AluName, width: Width, dst: number, src: number, pointers: boolean): void {
	const d = dst * STRIDE;
	const b = src * STRIDE;
	if (op === "mov") return width === 64 ? copy(s, dst, src) : assignLow(s, dst, src);
	const kind = s[d + 4];
	const otherKind = s[b + 4];
	let derived = false;
	if (width === 64 && (op === "add" || op === "sub") && !(isNumber(kind) && isNumber(otherKind))) {
		const constant = s[b + 2] === s[b + 3] ? s[b + 2] : Number.NaN;
		const change = op === "add" ? constant : -constant;
		if (isNumber(otherKind) && isStackOffset(kind) && Number.isInteger(constant) && isStackOffset(kind + change)) {
			const at = s[d] + change;
			return assign(s, dst, at, at, at, at, trailingZeros(at), kind + change);
		}
		const oneAddress = op === "add" ? isNumber(kind) !== isNumber(otherKind) : !isNumber(kind) && isNumber(otherKind);
		derived = oneAddress && (isOfStack(kind) || isOfStack(otherKind));
		if (pointers && oneAddress && !derived) return assignPointer(s, dst, POINTER, Math.min(s[d + 5], s[b + 5]));
	}
	const narrow = width === 32;
	let umin = s[d];
	let umax = s[d + 1];
	let smin = s[d + 2];
	let smax = s[d + 3];
	let bumin = s[b];
	let bumax = s[b + 1];
	let bsmin = s[b + 2];
	let bsmax = s[b + 3];
	if (narrow) {
		if (umax > U32) (umin = 0), (umax = U32);
		if (bumax > U32) {
			// A negative immediate is one number; its low word counts.
			const constant = bsmin === bsmax && bsmin < 0 && bsmin >= -0x80000000;
			bumin = constant ? bsmin + 2 ** 32 : 0;
			bumax = constant ? bsmin + 2 ** 32 : U32;
		}
		smin = umin;
		smax = umax;
		bsmin = bumin;
		bsmax = bumax;
	}
	const zeros = Math.min(s[d + 5], s[b + 5]);
	switch (op) {
		case "add":
			setBoth(s, dst, narrow, umin + bumin, umax + bumax, smin + bsmin, smax + bsmax, zeros);
			return derived ? markDerived(s, dst, pointers) : undefined;
		case "sub":
			setBoth(s, dst, narrow, umin - bumax, umax - bumin, smin - bsmax, smax - bsmin, zeros);
			return derived ? markDerived(s, dst, pointers) : undefined;
		case "mul": {
			const p = smin * bsmin;
			const q = smin * bsmax;
			const t = smax * bsmin;
			const u = smax * bsmax;
			return setBoth(
				s,
				dst,
				narrow,
				umin * bumin,
				umax * bumax,
				Math.min(p, q, t, u),
				Math.max(p, q, t, u),
				Math.min(64, s[d + 5] + s[b + 5]),
			);
		}
		case "div":
			return setUnsigned(s, dst, narrow, 0, bumin > 0 ? Math.floor(umax / bumin) : umax);
		case "mod":
			return setUnsigned(s, dst, narrow, 0, bumin > 0 ? Math.min(umax, bumax - 1) : umax);
		case "sdiv":
		case "smod":
			if (!narrow && smin >= 0 && bsmin > 0)
				return setUnsigned(s, dst, narrow, 0, op === "sdiv" ? Math.floor(smax / bsmin) : Math.min(smax, bsmax - 1));
			return narrow
				? assignUnsigned(s, dst, 0, U32)
				: op === "smod" && smin >= -EXACT && smax <= EXACT
					? assignSigned(s, dst, Math.min(smin, 0), Math.max(smax, 0))
					: assignUnknown(s, dst);
		case "and": {
			const z = Math.max(s[d + 5], s[b + 5]);
			if (Math.min(umax, bumax) <= (narrow ? U32 : EXACT)) return setUnsigned(s, dst, narrow, 0, Math.min(umax, bumax), z);
			return signed32(smin, smax, bsmin, bsmax)
				? assignSigned(s, dst, -0x80000000, 0x7fffffff)
				: assign(s, dst, 0, TOP_U, -TOP_S, TOP_S, z);
		}
		case "or":
		case "xor": {
			if (Math.max(umax, bumax) <= (narrow ? U32 : EXACT)) {
				const high = power(bitLength(Math.max(umax, bumax))) - 1;
				return setUnsigned(s, dst, narrow, op === "or" ? Math.max(umin, bumin) : 0, high, zeros);
			}
			return signed32(smin, smax, bsmin, bsmax)
				? assignSigned(s, dst, -0x80000000, 0x7fffffff)
				: assign(s, dst, op === "or" ? Math.max(umin, bumin) : 0, TOP_U, -TOP_S, TOP_S, zeros);
		}
		case "lsh": {
			if (bumax >= width) return narrow ? assignUnsigned(s, dst, 0, U32) : assignUnknown(s, dst);
			return setBoth(
				s,
				dst,
				narrow,
				umin * power(bumin),
				umax * power(bumax),
				smin * power(smin < 0 ? bumax : bumin),
				smax * power(smax < 0 ? bumin : bumax),
				Math.min(width, s[d + 5] + bumin),
			);
		}
		case "rsh": {
			const least = bumax < width ? bumin : 0;
			if (umax === TOP_U) return least > 0 ? assignUnsigned(s, dst, 0, power(64 - least) - 1) : assignUnknown(s, dst);
			return setUnsigned(s, dst, narrow, bumax < width ? Math.floor(umin / power(bumax)) : 0, Math.floor(umax / power(least)));
		}
		case "arsh": {
			if (narrow)
				return umax < 2 ** 31 && bumax < width
					? setUnsigned(s, dst, narrow, 0, Math.floor(umax / power(bumin)))
					: assignUnsigned(s, dst, 0, U32);
			const least = bumax < width ? bumin : 0;
			return assignSigned(s, dst, Math.min(0, Math.floor(smin / power(least))), Math.max(-1, Math.floor(smax / power(least))));
		}
		default:
			op satisfies never;
	}
}

/** An unsigned result; beyond the exact bounds nothing is known but the low zeros. */
function setUnsigned(s: State, dst: number, narrow: boolean, low: number, high: number, zeros = 0): void {
	if (high <= (narrow ? U32 : EXACT)) assign(s, dst, low, high, low, high, zeros);
	else if (narrow) assignUnsigned(s, dst, 0, U32, Math.min(zeros, 32));
	else assign(s, dst, 0, TOP_U, -TOP_S, TOP_S, zeros);
}

/** A result with unsigned and signed bounds, each dropped where it may have wrapped. */
function setBoth(s: State, dst: number, narrow: boolean, low: number, high: number, slow: number, shigh: number, zeros: number): void {
	if (narrow) return setUnsigned(s, dst, true, Math.max(low, 0), low >= 0 ? high : Number.POSITIVE_INFINITY, zeros);
	const u = low >= 0 && high <= EXACT;
	const v = slow >= -EXACT && shigh <= EXACT;
	assign(s, dst, u ? low : 0, u ? high : TOP_U, v ? slow : -TOP_S, v ? shigh : TOP_S, zeros);
}

function markDerived(s: State, r: number, pointers: boolean): void {
	const at = r * STRIDE;
	if (pointers && s[at + 1] > U32) assignPointer(s, r, DERIVED, s[at + 5]);
	else s[at + 4] = DERIVED;
}

const signed32 = (smin: number, smax: number, bsmin: number, bsmax: number): boolean =>
	smin >= -0x80000000 && bsmin >= -0x80000000 && smax <= 0x7fffffff && bsmax <= 0x7fffffff;
const bitLength = (value: number): number => (value < 2 ** 32 ? 32 - Math.clz32(value) : 64 - Math.clz32(value / 2 ** 32));

/** Narrows both sides by a comparison that held (`taken`) or not. False: no value passes, the edge is dead. */
export function refine(s: State, op: CompareName, width: Width, a: number, b: number, taken: boolean): boolean {
	if (op === "set") return true;
	const relation = taken ? op : OPPOSITE[op];
	const x = a * STRIDE;
	const y = b * STRIDE;
	const signed = relation[0] === "s";
	if (width === 32) {
		if (s[x + 2] === s[x + 3] && s[y + 2] === s[y + 3]) return holdsLow(relation, s[x + 2] | 0, s[y + 2] | 0);
		const most = signed ? 0x7fffffff : U32;
		if (s[x + 1] > most || s[y + 1] > most) return true;
	}
	switch (relation) {
		case "eq":
			for (let i = 0; i < 4; i += 2) {
				s[x + i] = s[y + i] = Math.max(s[x + i], s[y + i]);
				s[x + i + 1] = s[y + i + 1] = Math.min(s[x + i + 1], s[y + i + 1]);
			}
			break;
		case "ne":
			trimEnds(s, x, y);
			trimEnds(s, y, x);
			break;
		case "lt":
		case "slt":
			order(s, x, y, signed ? 2 : 0, 1);
			break;
		case "le":
		case "sle":
			order(s, x, y, signed ? 2 : 0, 0);
			break;
		case "gt":
		case "sgt":
			order(s, y, x, signed ? 2 : 0, 1);
			break;
		case "ge":
		case "sge":
			order(s, y, x, signed ? 2 : 0, 0);
			break;
		default:
			relation satisfies never;
	}
	if (s[x] > s[x + 1] || s[y] > s[y + 1] || s[x + 2] > s[x + 3] || s[y + 2] > s[y + 3]) return false;
	assign(s, a, s[x], s[x + 1], s[x + 2], s[x + 3], s[x + 5], s[x + 4]);
	assign(s, b, s[y], s[y + 1], s[y + 2], s[y + 3], s[y + 5], s[y + 4]);
	return true;
}

/** Register r ≡ register q of `from` + something between `low` and `high`, modulo 2^64: where that does not wrap, it bounds r. */
export function boundByOffset(s: State, r: number, from: State, q: number, low: number, high: number): void {
	const t = r * STRIDE;
	const f = q * STRIDE;
	const umin = from[f] + low;
	const umax = from[f + 1] + high;
	const smin = from[f + 2] + low;
	const smax = from[f + 3] + high;
	const u = umin >= 0 && umax <= EXACT;
	const v = smin >= -EXACT && smax <= EXACT;
	if (!u && !v) return;
	const least = u ? Math.max(s[t], umin) : s[t];
	const most = u ? Math.min(s[t + 1], umax) : s[t + 1];
	const sleast = v ? Math.max(s[t + 2], smin) : s[t + 2];
	const smost = v ? Math.min(s[t + 3], smax) : s[t + 3];
	if (least <= most && sleast <= smost) assign(s, r, least, most, sleast, smost, s[t + 5], s[t + 4]);
}

/** left + gap ≤ right, in the bounds at `field`. Bounds beyond 2^53 are not exact and are left alone. */
function order(s: State, left: number, right: number, field: number, gap: number): void {
	const high = s[right + field + 1] - gap;
	if (Math.abs(high) <= EXACT && high < s[left + field + 1]) s[left + field + 1] = high;
	const low = s[left + field] + gap;
	if (Math.abs(low) <= EXACT && low > s[right + field]) s[right + field] = low;
}

/** The value at `x` differs from the constant at `y`. */
function trimEnds(s: State, x: number, y: number): void {
	if (s[y] === s[y + 1]) {
		if (s[x] === s[y]) s[x]++;
		if (s[x + 1] === s[y]) s[x + 1]--;
	}
	if (s[y + 2] === s[y + 3]) {
		if (s[x + 2] === s[y + 2]) s[x + 2]++;
		if (s[x + 3] === s[y + 2]) s[x + 3]--;
	}
}
